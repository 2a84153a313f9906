"""A tree and its content nodes in, `Rendered` out: what other packages call."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from selectolax.lexbor import LexborNode

from gateway.core.dom.native import find_each
from gateway.core.markdown.actions import actions_of
from gateway.core.markdown.drafts import to_blocks
from gateway.core.markdown.elements import BLOCKS, STARTS
from gateway.core.markdown.inlines import INLINES, MARKS, VOIDS
from gateway.core.markdown.links import Resolver
from gateway.core.markdown.notes import Notes
from gateway.core.markdown.walk import Walk
from gateway.core.model.page import Block, CleanOptions, KeptNodes
from gateway.wire import Image, Link, LinkStyle, Notice

ACTIONS = actions_of(voids=VOIDS, inlines=INLINES, blocks=BLOCKS, starts=STARTS, marks=MARKS)


class Rendered(Struct, frozen=True, kw_only=True):
    """A page's content as blocks, with the links and images in it."""

    blocks: list[Block]
    links: list[Link] = []
    images: list[Image] = []
    # definitions of reference-style links, with the gap before them
    appendix: str = ""
    # max_depth or max_blocks left something out
    truncated: bool = False
    # characters taken out that nobody sees
    invisible: int = 0
    notices: list[Notice] = []


def render(
    root: LexborNode,
    *,
    kept: KeptNodes | None,
    hidden: Mapping[int, str],
    base_url: str | None,
    options: CleanOptions,
    beside: Sequence[LexborNode] = (),
    codes: Collection[int] = (),
    callouts: Mapping[int, str] | None = None,
) -> Rendered:
    """Write the content below `root`.

    Args:
        root: usually the body.
        kept: the nodes to write; None for everything a reader sees.
        hidden: mem_ids of elements to leave out with all below them.
        base_url: the page's final address; a `<base>` in its head is resolved against it.
        options: renderer, links, images, html, and the bounds on depth and blocks.
        beside: roots of further trees, written whole after the first, as parts of the same page.
        codes: mem_ids of `<div>`s and the like that are blocks of code, of `find_editors`.
        callouts: kinds of the elements that are callouts, of `find_callouts`.

    Source: CommonMark 0.31, GitHub Flavored Markdown (tables, strikethrough, footnotes).
    """
    if options.renderer == "native":
        return _render(root, kept, hidden, base_url, options, beside, codes, callouts or {})
    # brings BeautifulSoup, which few need
    from gateway.core.markdown.markdownified import rewrite

    # it has no reference style
    links: LinkStyle = "none" if options.links == "none" else "inline"
    native = replace(options, renderer="native", html=True, links=links)
    rendered = _render(root, kept, hidden, base_url, native, beside, codes, callouts or {})
    blocks, left = rewrite(rendered.blocks)
    if not options.html:
        blocks = [replace(block, html="") for block in blocks]
    message = f"markdownify cannot nest as deep as {left} of the blocks do; the native renderer wrote them"
    notices = [Notice(code="renderer_fallback", message=message, count=left)] if left else []
    return replace(rendered, blocks=blocks, notices=notices)


def _render(
    root: LexborNode,
    kept: KeptNodes | None,
    hidden: Mapping[int, str],
    base_url: str | None,
    options: CleanOptions,
    beside: Sequence[LexborNode],
    codes: Collection[int],
    callouts: Mapping[int, str],
) -> Rendered:
    walk = Walk(hidden, Resolver(_base_of(root, base_url)), options, Notes(root), callouts)
    walk.run(root, kept=kept, actions=ACTIONS, codes=codes)
    drafts = walk.flow.out
    while drafts and drafts[-1].kind == "rule":
        drafts.pop()
    walk.write_notes(ACTIONS)
    for other in beside:
        walk.notes = Notes(other)
        walk.run(other, kept=None, actions=ACTIONS)
        walk.write_notes(ACTIONS)
    return Rendered(
        blocks=to_blocks(drafts, html=options.html),
        links=walk.style.found_links(),
        images=list(walk.images),
        appendix=_definitions(walk.style.references),
        truncated=walk.truncated,
        invisible=walk.invisible,
    )


def _base_of(root: LexborNode, base_url: str | None) -> str | None:
    head = root.parser.head
    for node in find_each(head, "base") if head is not None else ():
        parent, href = node.parent, node.attrs.get("href")
        if href and parent is not None and head is not None and parent.mem_id == head.mem_id:
            return Resolver(base_url).resolve(href) or base_url
    return base_url


def _definitions(references: Mapping[str, int]) -> str:
    lines = [f"[{number}]: {url}" for url, number in references.items()]
    return "\n\n" + "\n".join(lines) if lines else ""
