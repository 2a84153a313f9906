"""The JSON that crosses the wire, as types: shared by the server, the SDK and the cache.

Requests refuse unknown keys; responses may gain fields, so clients ignore what they do not know.
Units are in the names. Imports: the standard library and msgspec only.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

DEFAULT_TOKENIZER = "o200k_base"
MAX_TIMEOUT_S = 300.0

Format = Literal["markdown", "text", "html"]
Scope = Literal["main", "page"]
Include = Literal["links", "images", "metadata", "structured", "outline", "chunks", "html", "hidden"]
LinkStyle = Literal["inline", "reference", "none"]
ImageStyle = Literal["none", "alt", "inline"]
Renderer = Literal["native", "markdownify"]
RenderMode = Literal["never", "auto", "always"]
CacheStatus = Literal["hit", "stale", "revalidated", "miss", "bypass"]

Selector = Annotated[str, Meta(min_length=1, max_length=1000)]
Url = Annotated[str, Meta(min_length=1, max_length=8192)]


class ScrapeOptions(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What to make of a page, and how to get it; the source is named elsewhere."""

    format: Format = "markdown"
    scope: Scope = "main"
    include: Annotated[list[Include], Meta(max_length=20)] = []
    select: Selector | None = None
    remove: Annotated[list[Selector], Meta(max_length=50)] = []
    links: LinkStyle = "inline"
    images: ImageStyle = "none"
    renderer: Renderer = "native"
    tokenizer: Annotated[str, Meta(min_length=1, max_length=100)] = DEFAULT_TOKENIZER
    max_tokens: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    cursor: Annotated[str, Meta(min_length=1, max_length=400)] | None = None
    max_age_s: Annotated[float, Meta(ge=0, le=31_536_000)] = 3600
    store: bool = True
    timeout_s: Annotated[float, Meta(gt=0, le=MAX_TIMEOUT_S)] | None = None
    headers: Annotated[dict[str, str], Meta(max_length=100)] = {}
    render: RenderMode = "auto"


class ScrapeRequest(ScrapeOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/scrape`: `url` alone is fetched; with `html`, which is taken as it is, `url` is its base address."""

    url: Url | None = None
    html: str | None = None


class Notice(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Something the caller should know about a result that is a result all the same."""

    code: str
    message: str
    count: int | None = None
    samples: list[str] = []


class Metadata(Struct, kw_only=True, frozen=True):
    """What the page says of itself; null where it says nothing."""

    description: str | None = None
    author: str | None = None
    published: str | None = None  # ISO 8601, date or date-time
    language: str | None = None  # BCP 47
    site_name: str | None = None
    canonical_url: str | None = None
    image: str | None = None
    page_type: str | None = None


class Link(Struct, kw_only=True, frozen=True):
    """A link in the content: absolute http(s) address and visible text."""

    url: str
    text: str


class Image(Struct, kw_only=True, frozen=True):
    """An image in the content: absolute http(s) address and alternative text."""

    url: str
    alt: str


class Section(Struct, kw_only=True, frozen=True):
    """One heading of the outline; `tokens` counts its section, sub-sections not included."""

    heading: str
    level: int
    tokens: int
    cursor: str


class Chunk(Struct, kw_only=True, frozen=True):
    """A piece of the content of bounded size, with the headings above it, outermost first."""

    content: str
    headings: list[str]
    tokens: int


class TokenReport(Struct, kw_only=True, frozen=True):
    """Exact counts by `tokenizer`: the page's HTML as received, and the content returned."""

    tokenizer: str
    html: int
    content: int
    saved: int
    reduction: float  # saved / html, 0 when there was nothing to save

    @classmethod
    def of(cls, *, tokenizer: str, html: int, content: int) -> "TokenReport":
        """The report of two counts."""
        saved = max(0, html - content)
        reduction = round(saved / html, 4) if html else 0.0
        return cls(tokenizer=tokenizer, html=html, content=content, saved=saved, reduction=reduction)


class CacheReport(Struct, kw_only=True, frozen=True):
    """Where the page or answer came from, how old it is, and why it was not kept if it was not."""

    status: CacheStatus
    age_s: float = 0
    not_stored: str | None = None


class ScrapeTimings(Struct, kw_only=True, frozen=True):
    """Wall-clock milliseconds of each stage; a stage that did not run is 0."""

    fetch_ms: float = 0
    clean_ms: float = 0
    count_ms: float = 0
    total_ms: float = 0


class ScrapeResponse(Struct, kw_only=True, frozen=True):
    """The answer of `POST /v1/scrape`. Optional parts are absent unless `include` names them."""

    id: str
    url: str | None
    final_url: str | None
    status: int | None
    content_type: str
    title: str | None
    content: str
    metadata: Metadata
    tokens: TokenReport
    confidence: float | None
    next_cursor: str | None
    outline: list[Section]
    cache: CacheReport
    timings: ScrapeTimings
    warnings: list[Notice]
    links: list[Link] | UnsetType = UNSET
    images: list[Image] | UnsetType = UNSET
    structured: list[dict[str, Any]] | UnsetType = UNSET
    chunks: list[Chunk] | UnsetType = UNSET
    html: str | UnsetType = UNSET


class ContentPart(Struct, kw_only=True, frozen=True):
    """A part of a message's content; one of another type than `text` has no text and no count."""

    type: str = ""
    text: str | None = None


class ChatMessage(Struct, kw_only=True, frozen=True):
    """One message of a conversation, as far as counting needs it."""

    role: str
    content: str | list[ContentPart] | None = None
    name: str | None = None


class TokensRequest(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/tokens`: exactly one of `text` and `messages`."""

    text: str | None = None
    messages: Annotated[list[ChatMessage], Meta(max_length=10_000)] | None = None
    tokenizer: Annotated[str, Meta(min_length=1, max_length=100)] = DEFAULT_TOKENIZER


class TokensResponse(Struct, kw_only=True, frozen=True):
    """An exact count and the tokenizer it is true of."""

    tokenizer: str
    tokens: int


class AnswerCacheOptions(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Whether a model's earlier answer to the same request will do, and whether to keep this one."""

    max_age_s: Annotated[float, Meta(ge=0, le=31_536_000)] = 86_400
    store: bool = True


class ExtractRequest(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/extract`: one source, and a prompt, a schema, or both.

    The source is `url`, `urls`, `html` (with `url`, if given, as its base address) or `content`, which is
    markdown or plain text taken as it is. `max_input_tokens` bounds what all calls together may send.
    """

    url: Url | None = None
    urls: Annotated[list[Url], Meta(min_length=1, max_length=20)] | None = None
    html: str | None = None
    content: str | None = None
    prompt: Annotated[str, Meta(min_length=1, max_length=100_000)] | None = None
    schema: dict[str, Any] | None = None  # JSON Schema 2020-12
    model: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    max_input_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_output_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] = 1024
    temperature: Annotated[float, Meta(ge=0, le=2)] = 0
    seed: int | None = None
    stream: bool = False
    evidence: bool = True
    dry_run: bool = False
    scrape: ScrapeOptions = msgspec.field(default_factory=ScrapeOptions)
    cache: AnswerCacheOptions | None = None  # given: kept even where temperature makes it a matter of chance


class WebOptions(ScrapeOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`web` of a chat completion: pages to answer from; `max_tokens` is the budget of all together."""

    urls: Annotated[list[Url], Meta(min_length=1, max_length=20)]


class WebSource(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What became of one page: `tokens` were put into the prompt, of `page_tokens` it has."""

    url: str
    title: str | None
    tokens: int
    page_tokens: int
    cache: CacheReport | None = None
    status: int | None = None  # the origin's, where it says that this is no page but an error
    error: str | None = None  # the code of what kept it from being read


EvidenceStatus = Literal["supported", "unsupported", "not_found"]


class Evidence(Struct, kw_only=True, frozen=True):
    """Where a value stands: `quote` is `[start:end]` of the markdown of source number `source`.

    A quote without offsets is from the page's title, or from the structured data an answer was made of.
    """

    path: str  # JSON Pointer into `data`
    status: EvidenceStatus
    quote: str | None = None
    start: int | None = None
    end: int | None = None
    source: int | None = None


class ExtractSource(Struct, kw_only=True, frozen=True):
    """A page that was read, as it was sent."""

    url: str | None
    title: str | None
    tokens: TokenReport
    cache: CacheReport


class ExtractUsage(Struct, kw_only=True, frozen=True):
    """What the model reported, over all calls of the request; `input_tokens` includes the cached ones."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0


class ExtractCost(Struct, kw_only=True, frozen=True):
    """US dollars at the configured prices, 0 without one; `saved_usd`: by cleaning and by the cache."""

    usd: float = 0
    saved_usd: float = 0


class Gaps(Struct, kw_only=True, frozen=True):
    """Milliseconds between deltas; a delta may hold several tokens."""

    p50: float = 0
    p95: float = 0
    max: float = 0


class ExtractTimings(Struct, kw_only=True, frozen=True):
    """Wall-clock milliseconds; 0 for a stage that did not run.

    Of several pages the slowest counts, they are read at once; of several calls the first.
    """

    fetch_ms: float = 0
    clean_ms: float = 0
    queue_ms: float = 0
    ttft_ms: float = 0
    tpot_ms: float | None = None
    itl_ms: Gaps = Gaps()
    total_ms: float = 0


class Coverage(Struct, kw_only=True, frozen=True):
    """How much of the pages was read: `read` of `chunks`, each sent in a call of its own."""

    read: int
    chunks: int


class Estimate(Struct, kw_only=True, frozen=True):
    """What a dry run foresees, by our own count and with every answer at its limit."""

    calls: int
    input_tokens: int
    output_tokens: int
    tokenizer: str


class ExtractDone(Struct, kw_only=True, frozen=True):
    """The event `done`: the answer without its sources, which were events of their own."""

    id: str
    model: str | None
    backend: str | None
    data: Any
    text: str | None
    finish_reason: str | None
    evidence: list[Evidence]
    usage: ExtractUsage
    cost: ExtractCost
    cache: CacheReport
    timings: ExtractTimings
    warnings: list[Notice]
    coverage: Coverage
    estimate: Estimate | None = None  # of a dry run


class ExtractResponse(ExtractDone, kw_only=True, frozen=True):
    """The answer of `POST /v1/extract`: `data` with a schema, else `text`."""

    sources: list[ExtractSource]


class SourceEvent(ExtractSource, kw_only=True, frozen=True):
    """The event `source`: a page is here; all come before the first `delta`."""

    index: int


class DeltaEvent(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The event `delta`: the answer grew by `text`; a higher `attempt` starts it anew."""

    text: str
    attempt: int = 1


class EvidenceEvent(Struct, kw_only=True, frozen=True):
    """The event `evidence`: every value of `data` judged."""

    evidence: list[Evidence]


ExtractEvent = SourceEvent | DeltaEvent | EvidenceEvent | ExtractDone


def collect(events: Sequence[ExtractEvent]) -> ExtractResponse:
    """A whole stream of events as one answer; the last of them is `done`."""
    done = events[-1]
    assert isinstance(done, ExtractDone)
    sources = [
        ExtractSource(url=event.url, title=event.title, tokens=event.tokens, cache=event.cache)
        for event in events
        if isinstance(event, SourceEvent)
    ]
    told = {name: getattr(done, name) for name in done.__struct_fields__}
    return ExtractResponse(**told, sources=sources)


class Problem(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """RFC 9457 problem details, the body of every error outside the OpenAI routes."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    extra: dict[str, Any] = {}


encode_json = msgspec.json.Encoder().encode
