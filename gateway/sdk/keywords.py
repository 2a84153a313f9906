"""The keyword arguments of the client's calls, as types: one definition for `Client`, `AsyncClient` and functions.

They are the fields of the wire's requests, and a test holds them to those. The docstrings below fields are written from
the wire's descriptions by `make api-docs`; an editor shows them where a keyword is used.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from gateway.wire import (
    Action,
    AnswerCacheOptions,
    ChatMessage,
    Format,
    ImageStyle,
    Include,
    LinkStyle,
    Renderer,
    RenderMode,
    Scope,
    ScrapeOptions,
    TableStyle,
)
from gateway.wire.jobs import JobEvent, PageQuestion, SitemapUse, Webhook, WebhookFormat
from gateway.wire.search import TimeRange


class PageKeywords(TypedDict, total=False):
    """Fields of `wire.ScrapeOptions`."""

    format: Format
    """Format of `content`. Default: `'markdown'`."""
    scope: Scope
    """`main`: the main content alone; `page`: everything visible. Default: `'main'`."""
    include: list[Include]
    """Further parts of the page to return. `links`, `images`, `structured`, `chunks`, `html` and
    `raw_html` are absent unless named, `outline` is empty; `metadata` is always there. `hidden` adds
    samples of the hidden text to its warning: text by others, not to be shown to a model. `removed` is the
    whole page block by block, with why each that is not in the content was left out. `changes` compares
    the content with an earlier copy's. `screenshot` (PNG) and `pdf` show the whole page as a browser does."""
    select: str | None
    """CSS selector; only what it matches is kept. None: the whole page."""
    remove: list[str]
    """CSS selectors; what they match is dropped first."""
    links: LinkStyle
    """How links are written; `none` keeps their text. Default: `'inline'`."""
    images: ImageStyle
    """How images are written; `alt` keeps their alternative text. Default: `'none'`."""
    headline: bool
    """Whether the main content begins with the page's headline: in markdown and HTML as the first heading,
    once. Plain text has it where the page has it among its content. Default: `True`."""
    tables: TableStyle
    """How tables are written in markdown; `html` writes as HTML, without attributes but spans, those that
    a GFM table cannot say: with spans, or with lists, code or several paragraphs in a cell. Default:
    `'gfm'`."""
    renderer: Renderer
    """What writes the markdown. Default: `'native'`."""
    tokenizer: str
    """Tokenizer of all counts: an encoding, a model of OpenAI's, or a local model that the gateway serves
    (`local`), by its own vocabulary. Default: `'o200k_base'`."""
    max_tokens: int | None
    """Tokens of content to return at most, cut between blocks. None: all."""
    focus: str | None
    """A question or some words: of a page longer than `max_tokens`, the parts that share most with them
    are kept, below their headings, in the order of the page; `outline` names the sections left out. None:
    the page from its beginning."""
    cursor: str | None
    """`next_cursor` of an earlier answer: continue there, over the same snapshot."""
    max_age_s: float
    """Seconds; a cached page up to this old will do. 0 asks the origin anew. Default: `3600`."""
    changes_age_s: float | None
    """Seconds: how old the copy that `changes` compares with is at least; where none is, the oldest does.
    Copies are kept for 30 days at most. None: the copy before this one."""
    store: bool
    """Whether the page may be kept in the cache. Default: `True`."""
    timeout_s: float | None
    """Seconds the fetch may take, redirects and body included; at most 300. None: the gateway's setting
    `FETCH_TIMEOUT_S`."""
    headers: dict[str, str]
    """Headers for the origin; such a request has cache entries of its own."""
    render: RenderMode
    """When to run the page's scripts in a browser, where one is installed. `auto`: when the page has no
    text without them, and when `wait_for`, `actions`, `screenshot` or `pdf` is asked for. Default:
    `'auto'`."""
    wait_for: str | int | None
    """What the browser waits for before it reads the page: a CSS selector that matches, or milliseconds."""
    actions: Sequence[Action | Mapping[str, Any]]
    """What is done in the browser, one after the other, before it reads."""


class ScrapeKeywords(PageKeywords, total=False):
    """Fields of `wire.ScrapeRequest` beside `url`."""

    html: str | None
    """The page itself, instead of fetching it."""


class TokensKeywords(TypedDict, total=False):
    """Fields of `wire.TokensRequest` beside `text`."""

    messages: Sequence[ChatMessage | Mapping[str, Any]] | None
    """The conversation to count, with what the chat format adds to each message: OpenAI's, or for a local
    model its template."""
    tokenizer: str
    """An encoding, a model of OpenAI's, or a local model that the gateway serves (`local`), by its own
    vocabulary. Default: `'o200k_base'`."""


class CacheKeywords(TypedDict, total=False):
    """Fields of `wire.AnswerCacheOptions`."""

    max_age_s: float
    """Seconds; an earlier answer up to this old will do. 0 asks the model anew. Default: `86400`."""
    store: bool
    """Whether the answer may be kept in the cache. Default: `True`."""


class ExtractKeywords(TypedDict, total=False):
    """Fields of `wire.ExtractRequest` beside `url`, `schema` and `stream`."""

    urls: list[str] | None
    """Addresses of several pages, read at once."""
    html: str | None
    """The page itself, instead of fetching it."""
    content: str | None
    """Markdown or plain text, taken as it is."""
    prompt: str | None
    """What to ask of the pages."""
    model: str | None
    """A model's name or alias. None: the gateway's default model."""
    max_input_tokens: int | None
    """Tokens that all calls together may send. None: what the model's context holds."""
    max_output_tokens: int
    """Tokens the model may answer with in one call. Default: `1024`."""
    temperature: float
    """Sampling temperature; 0 is the most repeatable. Default: `0`."""
    seed: int | None
    """Seed of the sampling, where the backend has one."""
    evidence: bool
    """Whether to look up where in the pages each value stands. Default: `True`."""
    dry_run: bool
    """Fetch, clean, count and price, but call no model. Default: `False`."""
    scrape: ScrapeOptions | PageKeywords
    """How to read the pages, as in `POST /v1/scrape`."""
    cache: AnswerCacheOptions | CacheKeywords | None
    """Use of earlier answers. None: only answers without randomness are kept. Given: answers are kept even
    where the temperature makes them random."""


class QuestionKeywords(TypedDict, total=False):
    """Fields of `wire.jobs.PageQuestion`; `schema` may also be a type, of which `data` is then an instance."""

    prompt: str | None
    """What to ask of each page."""
    schema: Any
    """JSON Schema 2020-12 that each page's `data` is to validate against."""
    model: str | None
    """A model's name or alias. None: the gateway's default model."""
    max_input_tokens: int | None
    """Tokens that the calls for one page may send."""
    max_output_tokens: int
    """Tokens the model may answer with in one call. Default: `1024`."""
    temperature: float
    """Sampling temperature. Default: `0`."""
    seed: int | None
    """Seed of the sampling, where the backend has one."""
    evidence: bool
    """Whether to look up where in the page each value stands. Default: `True`."""
    cache: AnswerCacheOptions | CacheKeywords | None
    """Use of earlier answers, as in `POST /v1/extract`."""


class WebhookKeywords(TypedDict, total=False):
    """Fields of `wire.jobs.Webhook`."""

    url: str
    """Address that the events are posted to; it has to be public."""
    events: list[JobEvent]
    """Which events are sent: `started`, `page`, `completed`, `failed`."""
    secret: str | None
    """Signs the events. None: the gateway's setting `WEBHOOK_SECRET`; without one they are unsigned."""
    headers: dict[str, str]
    """Headers of each request, such as Authorization; not those that the gateway sets."""
    metadata: dict[str, Any]
    """Comes back with each event as `metadata`; at most 16 KiB of JSON."""
    format: WebhookFormat
    """Whose words the events are in: the gateway's own, or Firecrawl's. Default: `'winnow'`."""


class BatchKeywords(TypedDict, total=False):
    """Fields of `wire.jobs.BatchRequest` beside `urls`."""

    scrape: ScrapeOptions | PageKeywords
    """How to read each page, as in `POST /v1/scrape`."""
    extract: PageQuestion | QuestionKeywords | None
    """What to extract from each page. None: nothing."""
    webhook: Webhook | WebhookKeywords | None
    """Where to send the job's events. None: nowhere."""
    robots: bool
    """Whether robots.txt is obeyed, its Crawl-delay too. Default: `True`."""
    delay_s: float
    """Seconds between two pages of one host, at least; the whole fleet keeps to it. Default: `0`."""


class CrawlKeywords(BatchKeywords, total=False):
    """Fields of `wire.jobs.CrawlRequest` beside `url`."""

    limit: int
    """Pages to read at most. Default: `100`."""
    max_depth: int | None
    """Links from the start at most; 0 is the start alone. None: no limit."""
    include: list[str]
    """RE2 patterns searched for in the path and in an app's route behind it, such as `^/blog/` or
    `#/users/`; one of them has to match."""
    exclude: list[str]
    """RE2 patterns searched for as those of `include`; none of them may match."""
    subdomains: bool
    """Whether subdomains of the start's host belong to the site. Default: `False`."""
    external: bool
    """Whether links to other sites are followed. Default: `False`."""
    sitemap: SitemapUse
    """`include`: sitemaps and links; `skip`: links alone; `only`: sitemaps alone. Default: `'include'`."""
    ignore_query: bool
    """Whether addresses that differ in their query alone are one page. Default: `False`."""
    pattern_limit: int | None
    """Pages at most whose addresses differ in numbers and query values alone: calendars and filters have
    them without end. None: no limit. Default: `1000`."""


class MapKeywords(TypedDict, total=False):
    """Fields of `wire.jobs.MapRequest` beside `url`."""

    limit: int
    """Addresses to return at most. Default: `5000`."""
    search: str | None
    """Words; addresses and titles that have all of them come back. None: all addresses."""
    sitemap: SitemapUse
    """`include`: sitemaps and links; `skip`: links alone; `only`: sitemaps alone. Default: `'include'`."""
    subdomains: bool
    """Whether subdomains of the page's host belong to the site. Default: `False`."""
    timeout_s: float
    """Seconds it may take; what was found by then is returned. Default: `30`."""


class SearchKeywords(TypedDict, total=False):
    """Fields of `wire.search.SearchRequest` beside `query`."""

    limit: int
    """Results at most. Default: `5`."""
    language: str | None
    """Language of the results, such as `de` or `pt-BR`, where the engine has it. None: any."""
    time_range: TimeRange | None
    """How old a page may be, where the engine has it. None: any age."""
    scrape: ScrapeOptions | PageKeywords | None
    """How to read the pages, as in `POST /v1/scrape`. None: not read."""
    max_tokens: int | None
    """Tokens of content of all pages together, shared among them; asks for reading them."""
