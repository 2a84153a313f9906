"""What `clean` takes and what it gives."""

from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

from gateway.wire import (
    Image,
    ImageStyle,
    JudgedBlock,
    Link,
    LinkStyle,
    Metadata,
    Notice,
    Renderer,
    Scope,
    TableStyle,
)

BlockKind = Literal[
    "heading", "paragraph", "item", "table", "code", "quote", "definition", "figure", "math", "rule"
]


class KeptNodes(NamedTuple):
    """The content as a set of Lexbor nodes, by `mem_id`; valid while the tree lives and is not changed."""

    # text nodes that are content
    texts: set[int]
    # elements with such a node below them; inline ones may be missing
    elements: set[int]


class CleanOptions(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How to turn a page into content.

    `select` keeps only what matches (and skips the main-content choice), `remove` drops what matches
    first. `max_depth` and `max_blocks` bound the work on hostile pages; passing either sets the
    `truncated` warning.
    """

    scope: Scope = "main"
    renderer: Renderer = "native"
    links: LinkStyle = "inline"
    images: ImageStyle = "none"
    tables: TableStyle = "gfm"
    select: str | None = None
    remove: tuple[str, ...] = ()
    # give samples of hidden text in its warning
    quote_hidden: bool = False
    # fill Page.judged too
    review: bool = False
    # fill Page.unselected too, where there is a `select`
    unselected: bool = False
    # markdown and HTML of the main content begin with it; False leaves it out
    headline: bool = True
    # fill Block.html too: serialising costs time nobody else should pay
    html: bool = False
    max_depth: Annotated[int, Meta(ge=1)] = 512
    max_blocks: Annotated[int, Meta(ge=1)] = 50_000


class Block(Struct, kw_only=True, frozen=True, array_like=True, gc=False):
    """One indivisible piece of content: a paragraph, heading, list item, table, fence …

    `gap` is the white space that separates it from the block before it (empty for the first), so a
    rendering is the concatenation of gap + piece. A cut may fall before any block.
    """

    kind: BlockKind
    # "", "\n" (inside a tight list) or "\n\n"
    gap: str
    markdown: str
    text: str
    html: str = ""
    # 1-6 for headings, nesting depth for items
    level: int = 0
    # plain text of a heading
    heading: str = ""


class Page(Struct, kw_only=True, frozen=True):
    """A cleaned page.

    `blocks` is the content in reading order; the other renderings are made from it. `confidence` is
    None for scope `page` and for `select`. `structured` holds the page's parsed JSON-LD, microdata and
    OpenGraph items.
    """

    blocks: list[Block]
    title: str | None
    metadata: Metadata
    confidence: float | None
    links: list[Link]
    images: list[Image]
    structured: list[dict[str, Any]]
    warnings: list[Notice]
    # reference-style link definitions, with the gap before them
    appendix: str = ""
    # what became of every part of the page, if the options ask for it
    judged: list[JudgedBlock] = []
    # the page by the same options without `select`, if they ask for it: its content differs, the rest is this page's
    unselected: "Page | None" = None

    @property
    def markdown(self) -> str:
        return (
            "".join([part for block in self.blocks for part in (block.gap, block.markdown)]) + self.appendix
        )

    @property
    def text(self) -> str:
        return "".join([part for gap, text in self.texts for part in (gap, text)])

    @property
    def texts(self) -> list[tuple[str, str]]:
        """The gap and the text of every block; one without text (an added headline, an embed) has no gap either."""
        found, started = [], False
        for block in self.blocks:
            found.append((block.gap if block.text and started else "", block.text))
            started = started or bool(block.text)
        return found

    @property
    def html(self) -> str:
        return "\n".join([block.html for block in self.blocks])

    @property
    def page_type(self) -> str | None:
        return self.metadata.page_type

    @property
    def outline(self) -> list[Block]:
        """The headings, in order."""
        return [block for block in self.blocks if block.kind == "heading"]
