"""Kept nodes of a Lexbor tree in, blocks of markdown, text and HTML out, in one pass without recursion.

The walk gathers inline content into a `Line` and ends a block at every block-level boundary. What needs
to see its content whole before it can be written (a quote, a table cell) collects its blocks in a `Flow`
of its own; lists only put a marker or an indent before what is written, so an item deep in nested lists
costs no more than one at the top.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape as escape_html

from msgspec import Struct
from selectolax.lexbor import LexborNode

from gateway.core.code import fence, language_of, read_code
from gateway.core.drafts import Draft, indent, join
from gateway.core.escape import code_span, escape
from gateway.core.flow import Flow, Item, List
from gateway.core.inline import Style
from gateway.core.invisible import strip_invisible
from gateway.core.line import Atom, Line
from gateway.core.links import Resolver
from gateway.core.math import fold, tex_of
from gateway.core.page import Block, CleanOptions, Kept
from gateway.core.tables import Cell, Table
from gateway.core.tags import CELLS, HEADINGS, ID, PLAIN, SKIPPED, TEXT, ids
from gateway.wire import Image, Link

_MAX_NESTED = 8  # tables and quotes below this depth are read as plain blocks: each level is written anew
_QUOTE_CHARS = 4000  # a longer quote goes on in a second one, so that a budget can cut it
_PERMALINKS = frozenset(("¶", "#", "§", "🔗", "∞", "⚓"))
_BACKLINK = re.compile(r"[a-k]?|[↩↑^⏎⬆↵⇧]\ufe0e?")
_NOTE_REFERENCE = re.compile("\0([^\0]*)\0([^\0]*)\0")
_TEX_DELIMITER = re.compile(r"(\\[()\[\]])")
_TEX_PAIRS = ([r"\(", r"\)"], [r"\[", r"\]"])

_Close = Callable[[], None]
_Open = Callable[[LexborNode], _Close | None]


class Rendered(Struct, frozen=True, kw_only=True):
    """A page's content as blocks, with the links and images in it."""

    blocks: list[Block]
    links: list[Link] = []
    images: list[Image] = []
    appendix: str = ""  # definitions of reference-style links, with the gap before them
    truncated: bool = False  # max_depth or max_blocks left something out
    invisible: int = 0  # characters taken out that nobody sees


def render(
    root: LexborNode,
    *,
    kept: Kept | None,
    hidden: Mapping[int, str],
    base_url: str | None,
    options: CleanOptions,
) -> Rendered:
    """Write the content below `root`.

    Args:
        root: usually the body.
        kept: the nodes to write; None for everything a reader sees.
        hidden: mem_ids of elements to leave out with all below them.
        base_url: the page's final address; a `<base>` in its head is resolved against it.
        options: links, images, html, and the bounds on depth and blocks.

    Source: CommonMark 0.31, GitHub Flavored Markdown (tables, strikethrough, footnotes).
    """
    walk = _Walk(kept, hidden, Resolver(_base_of(root, base_url)), options)
    walk.run(root)
    return walk.result()


def _base_of(root: LexborNode, base_url: str | None) -> str | None:
    head = root.parser.head
    node = head.first_child if head is not None else None
    while node is not None:
        if node.tag_id == ID["base"] and (href := node.attrs.get("href")):
            return Resolver(base_url).resolve(href) or base_url
        node = node.next
    return base_url


def _skip() -> None:
    """What an opener returns when the walk shall not go below the element."""


class _Walk:
    """The state of one walk: an opener a tag, each returns what to do when the element ends."""

    def __init__(
        self, kept: Kept | None, hidden: Mapping[int, str], resolver: Resolver, options: CleanOptions
    ) -> None:
        self.texts = kept.texts if kept else None
        self.elements = kept.elements if kept else None
        self.hidden = set(hidden)
        self.resolver = resolver
        self.options = options
        self.style = Style(options.links, html=options.html)
        self.line = Line()
        self.flow = Flow()
        self.images: dict[Image, None] = {}
        self.truncated = False
        self.invisible = 0
        self.room = options.max_blocks

    def run(self, root: LexborNode) -> None:
        line, texts, elements, hidden, flush = self.line, self.texts, self.elements, self.hidden, self.flush
        voids, inlines, blocks = self._voids(), self._inlines(), self._blocks()
        max_depth = self.options.max_depth
        stack: list[tuple[LexborNode | None, _Close | None]] = []
        close: _Close | None
        node = root.first_child
        while True:
            if node is None:
                if not stack:
                    break
                node, close = stack.pop()
                if close is not None and (close is not flush or line.tokens):
                    close()
                continue
            tag = node.tag_id
            close = None
            if tag == TEXT:
                if texts is None or node.mem_id in texts:
                    self.add_text(node.text_content or "")
                else:
                    line.space = True
            elif hidden and node.mem_id in hidden:
                close = _skip
            elif tag in PLAIN:
                pass
            elif tag in inlines:
                close = inlines[tag](node)
            elif tag in voids:
                voids[tag](node)
                close = _skip
            elif (
                tag in SKIPPED or not node.is_element_node
                if elements is None
                else node.mem_id not in elements and tag not in CELLS
            ):
                close = _skip
            else:
                close = blocks.get(tag, self.open_block)(node)
            if close is _skip or tag == TEXT:
                node = node.next
            elif len(stack) >= max_depth:
                self.truncated = True
                if close is not None:
                    close()
                node = node.next
            else:
                stack.append((node.next, close))
                node = node.first_child
        flush()
        self.flow.end_definition()

    def result(self) -> Rendered:
        drafts = self.flow.out
        while drafts and drafts[-1].kind == "rule":
            drafts.pop()
        self._resolve_notes(drafts)
        references = self.style.references
        return Rendered(
            blocks=[draft.to_block(draft.gap if index else "") for index, draft in enumerate(drafts)],
            links=self.style.found_links(),
            images=list(self.images),
            appendix="\n\n" + "\n".join([f"[{number}]: {url}" for url, number in references.items()])
            if references
            else "",
            truncated=self.truncated,
            invisible=self.invisible,
        )

    def _resolve_notes(self, drafts: list[Draft]) -> None:
        """References become `[^1]` where their footnote is in the content, and stay text where it is not."""
        if not self.style.notes:
            return
        defined = {draft.note for draft in drafts if draft.note}
        notes = self.style.notes

        def replace(match: re.Match[str]) -> str:
            return f"[^{notes[match[1]]}]" if match[1] in defined else match[2]

        for draft in drafts:
            if "\0" in draft.markdown:
                draft.markdown = _NOTE_REFERENCE.sub(replace, draft.markdown)

    def _voids(self) -> dict[int, Callable[[LexborNode], None]]:
        return {
            ID["br"]: self.add_break,
            ID["img"]: self.add_image,
            ID["hr"]: self.add_rule,
            ID["math"]: self.add_math,
            ID["script"]: self.add_script,
            ID["input"]: self.add_input,
        }

    def _inlines(self) -> dict[int, _Open]:
        table: dict[int, _Open] = {ID["a"]: self.open_link, ID["q"]: self.open_quotation}
        marks = {"strong": "strong b", "em": "em i var", "del": "del s strike", "sub": "sub", "sup": "sup"}
        for kind, names in marks.items():
            table |= dict.fromkeys(ids(names), self._opener_of(kind))
        return table | dict.fromkeys(ids("code kbd samp tt"), self.open_code)

    def _blocks(self) -> dict[int, _Open]:
        table: dict[int, _Open] = {
            ID["p"]: self.open_paragraph,
            ID["blockquote"]: self.open_quote,
            ID["table"]: self.open_table,
            ID["tr"]: self.open_row,
            ID["caption"]: self.open_table_caption,
            ID["summary"]: self.open_summary,
            ID["figure"]: self.open_figure,
            ID["figcaption"]: self.open_caption,
            ID["li"]: self.open_item,
            ID["dl"]: self.open_definitions,
            ID["dt"]: self.open_term,
            ID["dd"]: self.open_definition,
        }
        table |= dict.fromkeys(ids("ul ol menu dir"), self.open_list)
        table |= dict.fromkeys(ids("pre xmp listing plaintext"), self.open_code_block)
        table |= dict.fromkeys(CELLS, self.open_cell)
        return table | dict.fromkeys(HEADINGS, self.open_heading)

    # text

    def flush(self) -> None:
        """End the block of text that is being gathered."""
        if not self.line.tokens:
            return
        flow = self.flow
        alone = not (flow.cell or flow.defining)
        run = self.style.finish(*self.line.take(), bold=flow.bold, alone=alone)
        if run is None:
            return
        if not flow.cell:
            self.room -= 1
        if self.room < 0:
            self.truncated = True
        else:
            flow.add_run(run, html=self.style.html)

    def add_text(self, text: str) -> None:
        if text.isspace():
            self.line.space = True
            return
        if not text.isascii():
            visible = strip_invisible(text)
            text = visible.text
            self.invisible += visible.removed
        if "\\" not in text:
            self.line.add_text(text)
            return
        pieces = _TEX_DELIMITER.split(text)  # text, delimiter, text, …, delimiter, text
        plain, at = pieces[0], 1
        while at < len(pieces):
            if pieces[at : at + 3 : 2] in _TEX_PAIRS:
                self.line.add_text(plain)
                self._add_formula(fold(pieces[at + 1]), display=False)
                plain = pieces[at + 3]
                at += 4
            else:
                plain += pieces[at] + pieces[at + 1]
                at += 2
        self.line.add_text(plain)

    def add_break(self, node: LexborNode) -> None:
        if self.flow.heading or self.flow.cell:
            self.line.space = True
        elif not self.line.add_break():
            self.flush()

    def add_rule(self, node: LexborNode) -> None:
        self.flush()
        self.flow.add_rule()

    def add_image(self, node: LexborNode) -> None:
        attributes = node.attributes
        alt = " ".join((attributes.get("alt") or "").split())
        if alt and "math" in (attributes.get("class") or ""):
            self._add_formula(fold(alt), display=False)
            return
        url = self.resolver.resolve(_source(attributes))
        if url:
            self.images[Image(url=url, alt=alt)] = None
        if self.options.images == "inline" and url:
            html = f'<img src="{escape_html(url)}" alt="{escape_html(alt)}">'
            self.line.add_atom(Atom(f"![{escape(alt, in_link=True)}]({url})", alt, html))
        elif self.options.images == "alt" and alt:
            self.line.space = True
            self.line.add_atom(Atom(escape(alt, in_link=True), alt, escape_html(alt)))
            self.line.space = True
        else:
            self.line.space = True

    def add_input(self, node: LexborNode) -> None:
        item = self.flow.item
        if item is not None and item.draft is None and node.attrs.get("type") == "checkbox":
            item.task = "[x] " if "checked" in node.attributes else "[ ] "

    # formulas

    def add_math(self, node: LexborNode) -> None:
        display = node.attrs.get("display") == "block"
        wrapper = node.parent
        classes = wrapper.attrs.get("class") or "" if wrapper is not None else ""
        if wrapper is not None and "mathml" in classes:  # KaTeX, MediaWiki: the same again for the eye
            twin = wrapper.next
            while twin is not None:
                self.hidden.add(twin.mem_id)
                twin = twin.next
            outer = wrapper.parent.parent if wrapper.parent is not None else None
            display |= outer is not None and "katex-display" in (outer.attrs.get("class") or "")
        self._add_formula(tex_of(node), display=display)

    def add_script(self, node: LexborNode) -> None:
        kind = node.attrs.get("type") or ""
        if kind.startswith("math/tex"):
            self._add_formula(fold(node.text(deep=True)), display="display" in kind)

    def _add_formula(self, tex: str, *, display: bool) -> None:
        if not tex:
            return
        html = escape_html(tex, quote=False) if self.style.html else ""
        if display and not self.flow.cell:
            self.flush()
            line = f"$${tex}$$"
            self.flow.add(Draft("math", line, line, f"<p>$${html}$$</p>", line))
        else:
            self.line.add_atom(Atom(f"${tex}$", f"${tex}$", f"${html}$"))

    # inline elements

    def _opener_of(self, kind: str) -> _Open:
        line = self.line

        def open_mark(node: LexborNode) -> _Close | None:
            return line.close if line.open(kind) else None

        return open_mark

    def open_code(self, node: LexborNode) -> _Close:
        self.line.open_code()
        return self.line.close_code

    def open_quotation(self, node: LexborNode) -> _Close:
        self.line.add_glyph('"')
        return self.close_quotation

    def close_quotation(self) -> None:
        space, self.line.space = self.line.space, False
        self.line.add_glyph('"')
        self.line.space = space

    def open_link(self, node: LexborNode) -> _Close | None:
        href = node.attrs.get("href")
        if not href:
            return None
        if href[0] == "#":
            return self._open_fragment(node, href[1:])
        url = self.resolver.resolve(href)
        return self.line.close if url and self.line.open("a", url=url) else None

    def _open_fragment(self, node: LexborNode, target: str) -> _Close | None:
        """A link within the page says nothing outside it, unless it leads to a footnote."""
        text = node.text(deep=True).strip()
        item = self.flow.item
        if text in _PERMALINKS or (item is not None and item.note and _BACKLINK.fullmatch(text)):
            return _skip
        first = node.first_child
        if self.line.is_open("sup") or (first is not None and first.tag_id == ID["sup"]):
            return self.line.close if self.line.open("note", target=target) else None
        return None

    # block elements

    def open_block(self, node: LexborNode) -> _Close | None:
        if self.line.tokens and (node.tag or "").startswith("mjx-"):
            return None  # MathJax 3 wraps a formula in elements of its own
        self.flush()
        return self.flush

    def open_paragraph(self, node: LexborNode) -> _Close:
        self.flush()
        if self.flow.item is not None:
            self.flow.item.list.loose = True
        return self.flush

    def open_heading(self, node: LexborNode) -> _Close:
        self.flush()
        flow = self.flow
        flow.heading, flow.bold = HEADINGS[node.tag_id], False

        def close() -> None:
            self.flush()
            flow.heading, flow.bold = 0, True

        return close

    def open_summary(self, node: LexborNode) -> _Close:
        self.flush()
        opened = self.line.open("strong")

        def close() -> None:
            if opened:
                self.line.close()
            self.flush()

        return close

    def open_code_block(self, node: LexborNode) -> _Close:
        self.flush()
        texts, hidden = self.texts, self.hidden

        def skip(inner: LexborNode) -> bool:
            if inner.tag_id == TEXT:
                return texts is not None and inner.mem_id not in texts
            return inner.mem_id in hidden

        code = read_code(node, skip=skip)
        if code:
            language = language_of(node)
            html = ""
            if self.style.html:
                named = f' class="language-{language}"' if language else ""
                html = f"<pre><code{named}>{escape_html(code, quote=False)}</code></pre>"
            self.flow.add(Draft("code", fence(code, language), code, html, code_span(" ".join(code.split()))))
        return _skip

    def open_quote(self, node: LexborNode) -> _Close:
        self.flush()
        outer = self.flow
        if outer.nested >= _MAX_NESTED:
            return self.flush
        self.flow = inner = outer.nest(cell=outer.cell)

        def close() -> None:
            self.flush()
            inner.end_definition()
            self.flow = outer
            for drafts in _groups(inner.out):
                markdown, text, html = join(drafts)
                line = " ".join([draft.line for draft in drafts])
                outer.add(
                    Draft(
                        "quote", "> " + indent(markdown, "> "), text, f"<blockquote>{html}</blockquote>", line
                    )
                )

        return close

    def open_figure(self, node: LexborNode) -> _Close:
        self.flush()
        flow = self.flow
        start = len(flow.out)

        def close() -> None:
            self.flush()
            flow.join_figure(start)

        return close

    def open_caption(self, node: LexborNode) -> _Close:
        self.flush()
        flow = self.flow
        flow.kind = "figure"

        def close() -> None:
            self.flush()
            flow.kind = "paragraph"

        return close

    # lists and definitions

    def open_list(self, node: LexborNode) -> _Close:
        self.flush()
        flow = self.flow
        ordered = node.tag_id == ID["ol"]
        number = _number(node.attrs.get("start"), 1) if ordered else 0
        tag = "ol" if ordered else "ul"
        restore = flow.open_list(
            List(ordered=ordered, number=number), f'<ol start="{number}">' if number > 1 else f"<{tag}>"
        )

        def close() -> None:
            self.flush()
            restore(f"</{tag}>")

        return close

    def open_item(self, node: LexborNode) -> _Close:
        self.flush()
        flow = self.flow
        note = ""
        if self.style.notes and (name := node.attrs.get("id")) in self.style.notes:
            note = name or ""
        list_ = flow.list
        if list_ is not None and list_.ordered:
            list_.number = _number(node.attrs.get("value"), list_.number)
        item = Item(list_ or List(ordered=False, number=0))
        if note:
            item.note, item.label = note, self.style.notes[note]
        restore = flow.open_item(item)

        def close() -> None:
            self.flush()
            restore()

        return close

    def open_definitions(self, node: LexborNode) -> _Close:
        self.flush()
        flow = self.flow

        def close() -> None:
            self.flush()
            flow.end_definition()

        return close

    def open_term(self, node: LexborNode) -> _Close:
        return self._open_definition("dt")

    def open_definition(self, node: LexborNode) -> _Close:
        return self._open_definition("dd")

    def _open_definition(self, part: str) -> _Close:
        self.flush()
        flow = self.flow
        flow.defining = part

        def close() -> None:
            self.flush()
            flow.defining = ""

        return close

    # tables

    def open_table(self, node: LexborNode) -> _Close:
        self.flush()
        flow = self.flow
        if flow.nested >= _MAX_NESTED:
            return self.flush
        outer = flow.table
        flow.table = table = Table(presentational=node.attrs.get("role") in ("presentation", "none"))

        def close() -> None:
            self.flush()
            flow.table = outer
            for draft in table.to_drafts():
                flow.add(draft)

        return close

    def open_row(self, node: LexborNode) -> _Close:
        self.flush()
        if self.flow.table is not None:
            self.flow.table.rows.append([])
        return self.flush

    def open_cell(self, node: LexborNode) -> _Close:
        self.flush()
        outer = self.flow
        table = outer.table
        if table is None:
            return self.flush
        attributes = node.attributes
        is_header = node.tag_id == ID["th"]
        cell = Cell(is_header=is_header, columns=attributes.get("colspan"), rows=attributes.get("rowspan"))
        table.add_cell(cell)
        self.flow = inner = outer.nest(cell=True)
        inner.bold = not is_header

        def close() -> None:
            self.flush()
            inner.end_definition()
            cell.drafts = inner.out
            self.flow = outer

        return close

    def open_table_caption(self, node: LexborNode) -> _Close:
        self.flush()
        outer = self.flow
        table = outer.table
        if table is None:
            return self.flush
        self.flow = inner = outer.nest(cell=True)

        def close() -> None:
            self.flush()
            inner.end_definition()
            table.caption += inner.out
            self.flow = outer

        return close


def _source(attributes: Mapping[str, str | None]) -> str | None:
    """The address of an image, also of one that is loaded late."""
    for name in ("src", "data-src", "data-original", "data-lazy-src"):
        value = attributes.get(name)
        if value and value.lstrip()[:5].lower() != "data:":
            return value
    candidates = (attributes.get("srcset") or attributes.get("data-srcset") or "").split()
    return candidates[0].rstrip(",") if candidates else None


def _number(value: str | None, default: int) -> int:
    """The number of a list item: CommonMark takes up to nine digits and no sign."""
    if value and value.strip().isdecimal() and value.isascii():
        return int(value.strip()[:9])
    return default


def _groups(drafts: list[Draft]) -> Iterator[list[Draft]]:
    """The blocks of a quote, in as many quotes as its length asks for."""
    group: list[Draft] = []
    size = 0
    for draft in drafts:
        if group and size + len(draft.markdown) > _QUOTE_CHARS:
            yield group
            group, size = [], 0
        group.append(draft)
        size += len(draft.markdown)
    if group:
        yield group
