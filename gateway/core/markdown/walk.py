"""The walk over the tree: which nodes are content, where a block of text ends, what the elements do.

Inline content gathers in a `Line`, which ends at every block-level boundary. What needs its content whole
before it can be written (a quote, a table cell) collects its blocks in a `Flow` of its own. The stack is
explicit: pages nest as deep as they like.
"""

from collections.abc import Callable, Collection, Mapping
from html import escape as escape_html

from selectolax.lexbor import LexborNode

from gateway.core.dom.descent import HAS_BREAK, HAS_STRONG, SIGNED, Bounds
from gateway.core.dom.embeds import CUSTOM_EMBEDS
from gateway.core.dom.layout import KNOWN, Gaps, is_inline
from gateway.core.dom.native import descend
from gateway.core.dom.tags import ID, TEXT
from gateway.core.markdown.actions import Actions, Close, as_known, end_block, lines_of, skip
from gateway.core.markdown.code import is_beside_code
from gateway.core.markdown.drafts import Draft
from gateway.core.markdown.escape import SIGNS, escape, escape_lines
from gateway.core.markdown.flow import Flow
from gateway.core.markdown.formulas import (
    fold,
    is_drawn_apart,
    is_lone_drawing,
    split_formulas,
    tex_of_drawing,
)
from gateway.core.markdown.inline import Style
from gateway.core.markdown.line import CLOSE, Atom, Line, Mark, drop_brackets
from gateway.core.markdown.links import Resolver
from gateway.core.markdown.notes import Note, Notes, to_draft
from gateway.core.model.page import CleanOptions, KeptNodes
from gateway.core.visibility.unicode import strip_invisible
from gateway.wire import Image

# characters of a reference to a footnote
MAX_LABEL = 12
# custom elements that are written as this tag is
_CUSTOM_VOIDS: dict[str | None, str] = {
    "mjx-container": "math",
    "amp-img": "img",
    **dict.fromkeys(CUSTOM_EMBEDS, "iframe"),
}


class Walk:
    """The state of one walk, which the openers of elements read and change."""

    def __init__(
        self,
        hidden: Mapping[int, str],
        resolver: Resolver,
        options: CleanOptions,
        notes: Notes,
        callouts: Mapping[int, str],
    ) -> None:
        # what is kept; None for everything
        self.texts: set[int] | None = None
        self._elements: set[int] | None = None
        # mem_ids of elements without a tag for code that are blocks of it
        self._codes: Collection[int] = ()
        self.hidden = set(hidden)
        self.resolver = resolver
        self.options = options
        self.style = Style(options.links, html=options.html or options.tables == "html")
        self.line = Line()
        self.flow = Flow()
        self.notes = notes
        self.images: dict[Image, None] = {}
        # of the last block of code
        self.language = ""
        # no text has followed it yet
        self.follows_code = False
        # what stood between them was left out of the line
        self.empty_brackets = False
        self.invisible = 0
        self.truncated = False
        # kind by mem_id
        self.callouts = callouts
        # addresses of what was embedded
        self._embedded: set[str] = set()
        # abbreviations that were said in full
        self.expanded: set[str] = set()
        # mem_ids of what holds a footnote
        self._noted: set[int] = set()
        self._gaps = Gaps()
        self._room = options.max_blocks

    def run(
        self,
        root: LexborNode,
        *,
        kept: KeptNodes | None,
        actions: Actions,
        codes: Collection[int] = (),
    ) -> None:
        """Walk what is kept below `root`.

        Args:
            actions: of `actions_of`.
            codes: mem_ids of elements without a tag for code that are blocks of it: editors.
        """
        texts, elements = (kept.texts, kept.elements) if kept else (None, None)
        self.texts, self._elements, self._codes = texts, elements, codes
        line, starts, openers = self.line, actions.starts, actions.openers
        # of the open elements
        stack: list[Close | None] = []
        nodes = descend(
            root,
            Bounds(texts, elements, self.hidden, {*self.callouts, *codes}, self.options.max_depth),
            actions.table,
            SIGNS,
            self._gaps.is_before,
            lines_of(self.style, self.resolver, self.is_text, actions.marks),
        )
        for event in nodes:
            if isinstance(event, Draft):
                doubt = nodes.doubt
                if line.tokens or self.empty_brackets or (doubt and not self._settle(event, doubt)):
                    nodes.reject()
                else:
                    line.plain = True
                    self._add_run(event)
            elif event is None:
                close: Close | None = stack.pop()
                if close is end_block:
                    if line.tokens:
                        self.flush()
                elif close is not None:
                    close()
            elif event is True:
                line.space = True
            elif event is False:
                if line.tokens:
                    self.flush()
            elif isinstance(event, int):
                start = starts.get(event)
                if start is not None:
                    if line.tokens:
                        self.flush()
                    close = start(self)
                elif (opener := openers.get(event)) is not None:
                    close = opener(self, nodes.node)
                else:
                    close = self._open_other(nodes.node, actions)
                if close is skip:
                    nodes.skip(not line.tokens)
                else:
                    stack.append(close)
            elif isinstance(event, list):
                line.add_folded(event)
            elif isinstance(event, tuple):
                line.signed = True
                line.add_folded(event)
            elif isinstance(event, str):
                self.add_text(event)
        self.truncated |= nodes.truncated
        self.flush()
        self.flow.end_definition()

    def _settle(self, run: Draft, doubt: int) -> bool:
        """Escape a line that was written as a whole, where it must be; False where its tokens are needed for that."""
        flow = self.flow
        if (doubt & HAS_STRONG and not flow.bold) or (doubt & HAS_BREAK and flow.heading):
            return False
        if doubt & SIGNED:
            if not self.line.plain:
                return False
            alone = not (flow.cell or flow.defining or flow.headed)
            run.markdown = run.line = escape(run.text, alone=alone)
        return True

    def _open_other(self, node: LexborNode, actions: Actions) -> Close | None:
        """What to do at an element whose tag does not say it."""
        mem_id, elements = node.mem_id, self._elements
        if mem_id in self.hidden:
            if is_lone_drawing(node):
                self.add_formula(tex_of_drawing(node), display=is_drawn_apart(node))
            return skip
        if node.tag_id not in KNOWN:
            close = self._open_custom(node, actions)
            if close is not as_known:
                return close
            if elements is not None and mem_id not in elements:
                return skip
        if mem_id in self.callouts:
            return _do(actions, "blockquote", self, node)
        if mem_id in self._codes:
            return _do(actions, "pre", self, node)
        self.flush()
        return end_block

    def _open_custom(self, node: LexborNode, actions: Actions) -> Close | None:
        """What to do at an element that HTML does not know; `as_known` where that is the same as at those it knows."""
        if not node.is_element_node:
            return skip
        if void := _CUSTOM_VOIDS.get(node.tag):
            return _do(actions, void, self, node)
        if not is_inline(node):
            return as_known
        if self.line.tokens and not self.line.space and self._gaps.is_before(node):
            self.line.space = True
        return None

    def flush(self) -> None:
        """End the block of text that is being gathered."""
        line = self.line
        if not line.tokens:
            return
        flow = self.flow
        signed, line.signed = line.signed, False
        tokens, plain = line.take()
        if self.empty_brackets:
            self.empty_brackets = False
            drop_brackets(tokens)
        alone = not (flow.cell or flow.defining or flow.headed)
        run = self.style.finish(tokens, plain, signed=signed, bold=flow.bold, alone=alone, cell=flow.cell)
        if run is not None:
            self._add_run(run)

    def _add_run(self, run: Draft) -> None:
        """Add a line, unless it only says something of the code above it."""
        flow = self.flow
        if self.follows_code and self._is_beside_code(run):
            return
        if not flow.cell:
            self._room -= 1
        if self._room < 0:
            self.truncated = True
        else:
            flow.add_run(run, html=self.style.html)

    def _is_beside_code(self, run: Draft) -> bool:
        flow, self.follows_code = self.flow, False
        if flow.heading or flow.item or flow.defining or not flow.out or flow.out[-1].kind != "code":
            return False
        return is_beside_code(run.text, self.language)

    def end_heading(self) -> None:
        self.flush()
        flow = self.flow
        flow.heading, flow.headed, flow.bold = 0, None, True

    def end_item(self) -> None:
        self.flush()
        self.flow.end_item()

    def drop_label(self, language: str) -> None:
        """Take back a block of text that only names the language of the code that now follows."""
        flow = self.flow
        self.language, self.follows_code = language, True
        last = flow.out[-1] if flow.out and flow.item is None else None
        if last is not None and last.kind == "paragraph" and is_beside_code(last.text, language):
            flow.out.pop()

    def add_text(self, text: str) -> None:
        """Add a text that is not all white space, formulas between TeX delimiters included."""
        if not text.isascii():
            text = self.see(text)
        if ("\\" not in text and ("$" not in text or text.count("$") < 2)) or self.line.in_code:
            self.line.add_text(text)
            return
        pieces = split_formulas(text)
        for piece in pieces:
            if not piece.delimiter:
                if piece.text:
                    self.line.add_text(piece.text)
                continue
            is_alone = len(pieces) == 3 and not (
                self.line.tokens or pieces[0].text.strip() or pieces[2].text.strip()
            )
            is_environment = piece.delimiter.startswith("\\begin")
            doubled = is_environment or piece.delimiter in ("$$", "\\[")
            marks = "$$" if is_environment or piece.delimiter == "$$" else "$"
            self.add_formula(fold(piece.text), display=doubled and is_alone, marks=marks)

    def see(self, text: str) -> str:
        """The text without characters that nobody sees."""
        visible = strip_invisible(text)
        self.invisible += visible.removed
        return visible.text

    def add_formula(self, tex: str, *, display: bool, marks: str = "$") -> None:
        """Add a formula: a block of its own for `display`, else part of the line, between `marks`."""
        if not tex:
            return
        flow = self.flow
        if ("[" in tex or "]" in tex) and self.line.is_open("a"):
            # which it could end
            tex = tex.replace("[", "\\lbrack ").replace("]", "\\rbrack ").strip()
        html = escape_html(tex, quote=False) if self.style.html else ""
        if display and not (flow.heading or flow.defining or self.line.in_code):
            self.flush()
            block = f"$${tex}$$"
            flow.add(Draft("math", block, block, f"<p>$${html}$$</p>", f"${tex}$"))
        else:
            self.style.has_formula = True
            self.line.add_atom(Atom(f"{marks}{tex}{marks}", f"{marks}{tex}{marks}", f"{marks}{html}{marks}"))

    def add_link(self, title: str, url: str) -> None:
        """Write a link to what is embedded as a block of its own, once a page; plain text has no word for it."""
        if url in self._embedded:
            return
        self._embedded.add(url)
        self.flush()
        run = self.style.finish([Mark("a", url=url), title, CLOSE], False, bold=True, alone=False)
        if run is not None:
            self.flow.add(
                Draft("paragraph", escape_lines(run.markdown), "", f"<p>{run.html}</p>", run.markdown)
            )

    def is_kept(self, node: LexborNode) -> bool:
        """Whether the first text in an element is content."""
        texts = self.texts
        if texts is None:
            return True
        first: LexborNode | None = node
        while first is not None and first.tag_id != TEXT:
            first = first.first_child
        return first is not None and first.mem_id in texts

    def is_text(self, link: LexborNode) -> bool:
        """Whether a link within the page is no more than its text, which is too long for the label of a footnote."""
        if self.flow.heading or self.notes.inside is not None:
            return False
        return len(link.text(deep=True).strip()) > MAX_LABEL

    def refer(self, link: LexborNode, fragment: str) -> Note | None:
        """The footnote that a link refers to; from here on its text is left out where it stands."""
        note = self.notes.refer(link, fragment)
        if note is None or note.body.mem_id in self._noted:
            return note
        above: LexborNode | None = note.body
        while above is not None:
            if above.mem_id in self.hidden and above.mem_id not in self._noted:
                # what no reader sees is no note
                return None
            above = above.parent
        self.hidden.add(note.body.mem_id)
        before = note.body.prev
        while before is not None and before.tag_id == TEXT:
            before = before.prev
        if note.body.tag_id == ID["dd"] and before is not None and before.tag_id == ID["dt"]:
            # its label
            self.hidden.add(before.mem_id)
        self._noted.add(note.body.mem_id)
        return note

    def write_notes(self, actions: Actions) -> None:
        """Write the text of every footnote that was referred to, in the order of the references."""
        notes = self.notes
        at = 0
        while at < len(notes.found):
            # a note may refer to another
            note = notes.inside = notes.found[at]
            at += 1
            if note.body.mem_id in self._noted:
                _, end = self.open_flow(cell=False)
                self.run(note.body, kept=None, actions=actions)
                if draft := to_draft(note, end(), html=self.style.html):
                    self.flow.add(draft)
        notes.inside = None

    def open_flow(self, *, cell: bool) -> tuple[Flow, Callable[[], list[Draft]]]:
        """Collect what follows in a flow of its own; the second value ends it and gives its blocks."""
        self.flush()
        outer = self.flow
        self.flow = inner = Flow(nested=outer.nested + 1, cell=cell)

        def close() -> list[Draft]:
            self.flush()
            inner.end_definition()
            self.flow = outer
            return inner.out

        return inner, close


Opener = Callable[[Walk, LexborNode], Close | None]
# an opener for which the tag says it all
Start = Callable[[Walk], Close | None]


def _do(actions: Actions, tag: str, walk: Walk, node: LexborNode) -> Close | None:
    """Treat an element as if it had this tag, which has an opener."""
    return actions.openers[ID[tag]](walk, node)
