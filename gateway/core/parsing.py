"""A page parsed, walked once, and everything known of it before its content is chosen."""

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.classifier.features import PageHints
from gateway.core.documents.charset import decode, encode, notice_of_guess, to_utf8
from gateway.core.dom.blocks import Blocks
from gateway.core.dom.drawn_tables import draw_tables
from gateway.core.dom.landmarks import Landmarks, find_formulas
from gateway.core.dom.native import find_marks, read_blocks
from gateway.core.dom.nesting import limit_nesting
from gateway.core.dom.pictures import find_twins
from gateway.core.dom.rewriting import SOUGHT, rewrite
from gateway.core.dom.selection import DRAWN, find_removed, find_selected, keep_below
from gateway.core.metadata.bylines import MARKED
from gateway.core.metadata.page_metadata import Facts, read_metadata
from gateway.core.metadata.structured import Item, read_structured, types_of
from gateway.core.model.page import CleanOptions, KeptNodes
from gateway.core.recovery.recover import recover
from gateway.core.recovery.shell import judge_page
from gateway.core.visibility.hidden import find_hidden
from gateway.core.visibility.widgets import CONTROLS
from gateway.wire import Notice

# found in the walk that finds the landmarks
ALSO = (SOUGHT, MARKED, CONTROLS)


class ParsedPage(Struct, frozen=True):
    """What `read` finds. `tree` owns the nodes that `root`, `hidden` and `blocks` name."""

    tree: LexborHTMLParser
    root: LexborNode
    # what is left out, and why
    hidden: dict[int, str]
    blocks: Blocks
    # what the caller chose of it, where they did
    selected: KeptNodes | None
    # nothing is left to choose: it was recovered from data, not from a page
    is_content: bool
    # content that the page has outside its DOM
    beside: list[LexborHTMLParser]
    head: PageHints
    structured: list[Item]
    facts: Facts
    warnings: list[Notice]
    # something was left out for being nested too deep or coming too late
    truncated: bool


def read(html: str | bytes, *, url: str | None, options: CleanOptions) -> ParsedPage:
    """Parse a page; where its DOM is a shell, what stands behind it takes its place."""
    decoded = decode(html) if isinstance(html, bytes) else None
    markup = limit_nesting(encode(decoded.text) if decoded else to_utf8(str(html)))
    # a <noscript> is one text, as in browsers
    tree = LexborHTMLParser(markup.markup, scripting=True)
    marks = find_marks(tree, ALSO)
    if rewrite(tree, markup.markup, scripting=True, found=marks.also.get(SOUGHT)):
        marks = find_marks(tree, ALSO)
    structured = read_structured(tree, base_url=url, marks=marks)
    facts = read_metadata(tree, structured, url=url, marks=marks)
    cut: list[Notice] = []
    root, hidden, blocks, selected = _walk(tree, marks, options, cut)
    visible = "\n".join(blocks.texts)
    recovered = recover(tree, structured, visible=visible, marks=marks)
    page = next((piece for piece in recovered if piece.replaces), None)
    warnings = judge_page(tree, visible=visible, recovered=page is not None)
    if decoded and decoded.guessed:
        warnings.append(notice_of_guess(decoded.guessed))
    if page is not None:
        inner = limit_nesting(to_utf8(page.html)).markup
        tree = _parse(inner)
        cut = []
        root, hidden, blocks, selected = _walk(tree, find_marks(tree), options, cut)
    return ParsedPage(
        tree=tree,
        root=root,
        hidden=hidden,
        blocks=blocks,
        selected=selected,
        is_content=page is not None and not page.is_page,
        beside=[
            _parse(limit_nesting(to_utf8(piece.html)).markup) for piece in recovered if not piece.replaces
        ],
        head=_head_of(facts, structured, url),
        structured=structured,
        facts=facts,
        warnings=[*warnings, *cut],
        truncated=blocks.truncated or markup.dropped > 0,
    )


def _parse(markup: bytes) -> LexborHTMLParser:
    """A piece of the page from outside its DOM, where a `<noscript>` is what it holds."""
    tree = LexborHTMLParser(markup)
    rewrite(tree, markup, scripting=False)
    return tree


def _walk(
    tree: LexborHTMLParser, marks: Landmarks, options: CleanOptions, warnings: list[Notice]
) -> tuple[LexborNode, dict[int, str], Blocks, KeptNodes | None]:
    root = root_of(tree)
    said: list[Notice] = []
    hidden = find_hidden(tree, marks=marks, warnings=said)
    left_out = hidden | find_removed(tree, options.remove)
    matches = None if options.select is None else find_selected(tree, options.select)
    # all selectors, the page's and the caller's, are for the tree as it was
    has_drawn = draw_tables(tree, marks)
    formulas, drawn = find_formulas(marks)
    left_out |= dict.fromkeys(drawn, DRAWN)

    def walk() -> Blocks:
        return read_blocks(
            root,
            left_out=left_out,
            formulas=formulas,
            max_depth=options.max_depth,
            max_blocks=options.max_blocks,
        )

    blocks = walk()
    if not blocks.texts and "aria-hidden" in hidden.values() and not (options.remove or has_drawn):
        # only screen readers miss it, and nothing else is there
        said = []
        left_out = find_hidden(tree, marks=marks, warnings=said, aria_hidden=False)
        left_out |= dict.fromkeys(drawn, DRAWN)
        blocks = walk()
    left_out |= dict.fromkeys(find_twins(blocks), DRAWN)
    warnings += said
    return root, left_out, blocks, None if matches is None else keep_below(matches)


def root_of(tree: LexborHTMLParser) -> LexborNode:
    """The body; a page without one gives its root."""
    root = tree.body or tree.root
    # a parsed document always has one
    assert root is not None
    return root


def _head_of(facts: Facts, structured: list[Item], url: str | None) -> PageHints:
    graph = next((item for item in structured if item.get("@type") == "OpenGraph"), {})
    return PageHints(
        # what the weights were trained with: a headline may be a mere slogan
        title=facts.stated_title,
        description=facts.metadata.description or "",
        url=url or "",
        og_type=str(graph.get("type") or ""),
        schema_types=frozenset(name for item in structured for name in types_of(item)),
        author=facts.metadata.author or "",
    )
