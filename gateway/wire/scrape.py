"""`POST /v1/scrape`: what to make of a page, and what was made of it."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.wire.actions import Action
from gateway.wire.changes import PageChanges
from gateway.wire.common import (
    DEFAULT_TOKENIZER,
    MAX_TIMEOUT_S,
    Answer,
    CacheReport,
    Notice,
    Selector,
    TokenReport,
    Url,
)

Format = Literal["markdown", "text", "html"]
Scope = Literal["main", "page"]
Include = Literal[
    "links",
    "images",
    "metadata",
    "structured",
    "outline",
    "chunks",
    "html",
    "raw_html",
    "hidden",
    "removed",
    "changes",
    "screenshot",
    "pdf",
]
LinkStyle = Literal["inline", "reference", "none"]
ImageStyle = Literal["none", "alt", "inline"]
TableStyle = Literal["gfm", "html"]
Renderer = Literal["native", "markdownify"]
RenderMode = Literal["never", "auto", "always"]


class ScrapeOptions(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What to make of a page, and how to get it; the source is named elsewhere."""

    format: Annotated[Format, Meta(description="Format of `content`.")] = "markdown"
    scope: Annotated[
        Scope, Meta(description="`main`: the main content alone; `page`: everything visible.")
    ] = "main"
    include: Annotated[
        list[Include],
        Meta(
            max_length=20,
            description="Further parts of the page to return. `links`, `images`, `structured`, `chunks`, "
            "`html` and `raw_html` are absent unless named, `outline` is empty; `metadata` is always there. `hidden` "
            "adds samples of the hidden text to its warning: text by others, not to be shown to a "
            "model. `removed` is the whole page block by block, with why each that is not in the content was left out. "
            "`changes` compares the content with an earlier copy's. `screenshot` (PNG) and `pdf` show the whole page "
            "as a browser does.",
        ),
    ] = []
    select: Annotated[
        Selector | None, Meta(description="CSS selector; only what it matches is kept. null: the whole page.")
    ] = None
    remove: Annotated[
        list[Selector], Meta(max_length=50, description="CSS selectors; what they match is dropped first.")
    ] = []
    links: Annotated[LinkStyle, Meta(description="How links are written; `none` keeps their text.")] = (
        "inline"
    )
    images: Annotated[
        ImageStyle, Meta(description="How images are written; `alt` keeps their alternative text.")
    ] = "none"
    headline: Annotated[
        bool,
        Meta(
            description="Whether the main content begins with the page's headline: in markdown and HTML as the first "
            "heading, once. Plain text has it where the page has it among its content."
        ),
    ] = True
    tables: Annotated[
        TableStyle,
        Meta(
            description="How tables are written in markdown; `html` writes as HTML, without attributes but spans, "
            "those that a GFM table cannot say: with spans, or with lists, code or several paragraphs in a cell."
        ),
    ] = "gfm"
    renderer: Annotated[Renderer, Meta(description="What writes the markdown.")] = "native"
    tokenizer: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=100,
            description="Tokenizer of all counts: an encoding, a model of OpenAI's, or a local model that the gateway "
            "serves (`local`), by its own vocabulary.",
        ),
    ] = DEFAULT_TOKENIZER
    max_tokens: Annotated[
        Annotated[int, Meta(ge=1, le=10_000_000)] | None,
        Meta(description="Tokens of content to return at most, cut between blocks. null: all."),
    ] = None
    focus: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1000)] | None,
        Meta(
            description="A question or some words: of a page longer than `max_tokens`, the parts that share most with "
            "them are kept, below their headings, in the order of the page; `outline` names the sections left out. "
            "null: the page from its beginning."
        ),
    ] = None
    cursor: Annotated[
        Annotated[str, Meta(min_length=1, max_length=400)] | None,
        Meta(description="`next_cursor` of an earlier answer: continue there, over the same snapshot."),
    ] = None
    max_age_s: Annotated[
        float,
        Meta(
            ge=0,
            le=31_536_000,
            description="Seconds; a cached page up to this old will do. 0 asks the origin anew.",
        ),
    ] = 3600
    changes_age_s: Annotated[
        Annotated[float, Meta(ge=0, le=31_536_000)] | None,
        Meta(
            description="Seconds: how old the copy that `changes` compares with is at least; where none is, the oldest "
            "does. Copies are kept for 30 days at most. null: the copy before this one."
        ),
    ] = None
    store: Annotated[bool, Meta(description="Whether the page may be kept in the cache.")] = True
    timeout_s: Annotated[
        Annotated[float, Meta(gt=0, le=MAX_TIMEOUT_S)] | None,
        Meta(
            description="Seconds the fetch may take, redirects and body included; at most "
            f"{MAX_TIMEOUT_S:g}. null: the gateway's setting `FETCH_TIMEOUT_S`."
        ),
    ] = None
    headers: Annotated[
        dict[str, str],
        Meta(
            max_length=100, description="Headers for the origin; such a request has cache entries of its own."
        ),
    ] = {}
    render: Annotated[
        RenderMode,
        Meta(
            description="When to run the page's scripts in a browser, where one is installed. `auto`: when the page "
            "has no text without them, and when `wait_for`, `actions`, `screenshot` or `pdf` is asked for."
        ),
    ] = "auto"
    wait_for: Annotated[
        Selector | Annotated[int, Meta(ge=0, le=60_000)] | None,
        Meta(
            description="What the browser waits for before it reads the page: a CSS selector that matches, or "
            "milliseconds."
        ),
    ] = None
    actions: Annotated[
        list[Action],
        Meta(max_length=50, description="What is done in the browser, one after the other, before it reads."),
    ] = []


class ScrapeRequest(ScrapeOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/scrape`: `url` alone is fetched; with `html`, which is taken as it is, `url` is its base address."""

    url: Annotated[
        Url | None,
        Meta(
            description="Absolute http(s) address of the page; with `html`, its base address, which is not "
            "fetched."
        ),
    ] = None
    html: Annotated[str | None, Meta(description="The page itself, instead of fetching it.")] = None


class Metadata(Struct, kw_only=True, frozen=True):
    """What the page says of itself; null where it says nothing."""

    social_title: Annotated[
        str | None,
        Meta(description="The title made for search engines and social networks, where it is not `title`."),
    ] = None
    description: Annotated[str | None, Meta(description="The page's summary of itself.")] = None
    author: Annotated[
        str | None,
        Meta(
            description="Who wrote it. Several names are joined by a comma, or by a semicolon where they stand family "
            "name first."
        ),
    ] = None
    published: Annotated[
        str | None,
        Meta(description="When: ISO 8601, date or date-time, with the time zone that the page gives."),
    ] = None
    modified: Annotated[
        str | None, Meta(description="When it was last changed, as the page says: as `published`.")
    ] = None
    language: Annotated[str | None, Meta(description="Language, BCP 47.")] = None
    text_direction: Annotated[
        Literal["ltr", "rtl"] | None,
        Meta(description="Which way the text runs, by the page's `dir` or its language."),
    ] = None
    site_name: Annotated[str | None, Meta(description="The site's name.")] = None
    section: Annotated[str | None, Meta(description="The part of the site it is filed under.")] = None
    tags: Annotated[list[str], Meta(description="What the page is tagged with, at most 50.")] = []
    canonical_url: Annotated[str | None, Meta(description="The address the page calls its own.")] = None
    image: Annotated[str | None, Meta(description="Address of the page's picture.")] = None
    page_type: Annotated[
        str | None, Meta(description="Kind of page, such as `article`, `product`, `forum` or `listing`.")
    ] = None


class Link(Struct, kw_only=True, frozen=True):
    """A link in the content: absolute http(s) address and visible text."""

    url: Annotated[str, Meta(description="Absolute address.")]
    text: Annotated[str, Meta(description="Visible text.")]


class Image(Struct, kw_only=True, frozen=True):
    """An image in the content: absolute http(s) address and alternative text."""

    url: Annotated[str, Meta(description="Absolute address.")]
    alt: Annotated[str, Meta(description="Alternative text.")]


class Section(Struct, kw_only=True, frozen=True):
    """One heading of the outline; `tokens` counts its section, sub-sections not included."""

    heading: Annotated[str, Meta(description="The heading's text.")]
    level: Annotated[int, Meta(description="1 to 6.")]
    tokens: Annotated[int, Meta(description="Tokens of the section, sub-sections not included.")]
    cursor: Annotated[str, Meta(description="Send it as `cursor` to start there.")]


class Chunk(Struct, kw_only=True, frozen=True):
    """A piece of the content of bounded size, with the headings above it, outermost first."""

    content: Annotated[str, Meta(description="The piece.")]
    headings: Annotated[list[str], Meta(description="The headings above it, outermost first.")]
    tokens: Annotated[int, Meta(description="Tokens of the piece.")]


DropReason = Literal[
    "not_main", "repeated", "leads_elsewhere", "heading_alone", "not_selected", "removed", "hidden"
]


class JudgedBlock(Struct, kw_only=True, frozen=True):
    """A block of the page as received, and what became of it."""

    text: Annotated[str, Meta(description="Its text, cut at 600 characters.")]
    reason: Annotated[
        DropReason | None,
        Meta(
            description="Why it was left out; null: it was kept. `not_main`: it is unlikely to be the main content; "
            "`repeated`: the page says the same elsewhere; `leads_elsewhere`: links to other pages around the "
            "text, and what stands behind an article (its author, comments, forms); "
            "`heading_alone`: a heading under which nothing was kept; `not_selected`: `select` does not match it; "
            "`removed`: `remove` matches it; `hidden`: no reader can see it."
        ),
    ]
    probability: Annotated[
        float | None,
        Meta(description="0 to 1: how likely it is main content; null where nothing was chosen by that."),
    ] = None
    hidden_by: Annotated[
        str | None, Meta(description="What hides it, such as `font-size` or `off-screen`; null otherwise.")
    ] = None


class ScrapeTimings(Struct, kw_only=True, frozen=True):
    """Wall-clock milliseconds of each stage; a stage that did not run is 0."""

    fetch_ms: Annotated[float, Meta(description="Milliseconds of the fetch.")] = 0
    clean_ms: Annotated[float, Meta(description="Milliseconds of cleaning.")] = 0
    count_ms: Annotated[float, Meta(description="Milliseconds of counting.")] = 0
    render_ms: Annotated[float, Meta(description="Milliseconds of rendering in a browser.")] = 0
    total_ms: Annotated[float, Meta(description="Milliseconds of the whole request.")] = 0


class RenderReport(Struct, kw_only=True, frozen=True):
    """What a browser had to do with a page."""

    used: Annotated[bool, Meta(description="Whether the content is of the rendered page.")]
    engine: Annotated[str | None, Meta(description="What rendered it.")] = None
    ms: Annotated[
        float, Meta(description="Milliseconds that took, also where the cache had the page rendered.")
    ] = 0
    requests: Annotated[int, Meta(description="Requests the page made.")] = 0


class ScrapeResponse(Answer, kw_only=True, frozen=True):
    """The answer of `POST /v1/scrape`. Optional parts are absent unless `include` names them."""

    id: Annotated[str, Meta(description="Identifier of this answer.")]
    url: Annotated[
        str | None, Meta(description="The address that was asked for; null when `html` came alone.")
    ]
    final_url: Annotated[str | None, Meta(description="The address after redirects.")]
    status: Annotated[
        int | None, Meta(description="HTTP status of the origin; null when nothing was fetched.")
    ]
    content_type: Annotated[str, Meta(description="Media type of the page as received.")]
    title: Annotated[str | None, Meta(description="The page's title.")]
    content: Annotated[str, Meta(description="The page in the format asked for.")]
    metadata: Annotated[Metadata, Meta(description="What the page says of itself.")]
    tokens: Annotated[TokenReport, Meta(description="Exact counts before and after.")]
    confidence: Annotated[
        float | None,
        Meta(description="0 to 1: how sure the choice of the main content is; null for scope `page`."),
    ]
    next_cursor: Annotated[str | None, Meta(description="Where to continue; null at the end.")]
    outline: Annotated[
        list[Section],
        Meta(
            description="The headings, with the tokens of each section; empty unless `include` names it, with `focus` "
            "those that were left out."
        ),
    ]
    cache: Annotated[CacheReport, Meta(description="Where the page came from.")]
    timings: Annotated[ScrapeTimings, Meta(description="Milliseconds of each stage.")]
    warnings: Annotated[list[Notice], Meta(description="What the caller should know of this result.")]
    links: Annotated[
        list[Link] | UnsetType, Meta(description="The content's links, if `include` names them.")
    ] = UNSET
    images: Annotated[
        list[Image] | UnsetType, Meta(description="The content's images, if `include` names them.")
    ] = UNSET
    structured: Annotated[
        list[dict[str, Any]] | UnsetType,
        Meta(description="JSON-LD, microdata and OpenGraph of the page, if `include` names them."),
    ] = UNSET
    chunks: Annotated[
        list[Chunk] | UnsetType,
        Meta(description="The content in pieces of bounded size, if `include` names them."),
    ] = UNSET
    removed: Annotated[
        list[JudgedBlock] | UnsetType,
        Meta(
            description="The page's blocks in order, at most 5,000, kept and left out, if `include` names them: text "
            "by others, some of it hidden, to be shown to people and to no model."
        ),
    ] = UNSET
    changes: Annotated[
        PageChanges | UnsetType,
        Meta(description="What changed since an earlier copy, if `include` names it."),
    ] = UNSET
    html: Annotated[
        str | UnsetType, Meta(description="`content` as HTML, the same piece of it, if `include` names it.")
    ] = UNSET
    raw_html: Annotated[
        str | UnsetType,
        Meta(
            description="The whole page as received, decoded, if `include` names it; of a file that is no text, such "
            "as a PDF, the text in it."
        ),
    ] = UNSET
    render: Annotated[
        RenderReport | UnsetType, Meta(description="What a browser did, where one was asked for.")
    ] = UNSET
    screenshot: Annotated[
        bytes | UnsetType,
        Meta(description="The whole page as a PNG image, in base64, if `include` names it."),
    ] = UNSET
    pdf: Annotated[
        bytes | UnsetType, Meta(description="The page printed as PDF, in base64, if `include` names it.")
    ] = UNSET

    def _repr_markdown_(self) -> str:
        """What a notebook shows."""
        return f"{self.content}\n\n---\n{self.tokens.in_words()} · {self.tokens.tokenizer}"
