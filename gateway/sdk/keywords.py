"""The keyword arguments of the client's calls, as types: one definition for `Client`, `AsyncClient` and functions.

They are the fields of the wire's requests, and a test holds them to those; what a field means and its default
stand there alone.
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
    scope: Scope
    include: list[Include]
    select: str | None
    remove: list[str]
    links: LinkStyle
    images: ImageStyle
    headline: bool
    tables: TableStyle
    renderer: Renderer
    tokenizer: str
    max_tokens: int | None
    focus: str | None
    cursor: str | None
    max_age_s: float
    changes_age_s: float | None
    store: bool
    timeout_s: float | None
    headers: dict[str, str]
    render: RenderMode
    wait_for: str | int | None
    actions: Sequence[Action | Mapping[str, Any]]


class ScrapeKeywords(PageKeywords, total=False):
    """Fields of `wire.ScrapeRequest` beside `url`."""

    html: str | None


class TokensKeywords(TypedDict, total=False):
    """Fields of `wire.TokensRequest` beside `text`."""

    messages: Sequence[ChatMessage | Mapping[str, Any]] | None
    tokenizer: str


class CacheKeywords(TypedDict, total=False):
    """Fields of `wire.AnswerCacheOptions`."""

    max_age_s: float
    store: bool


class ExtractKeywords(TypedDict, total=False):
    """Fields of `wire.ExtractRequest` beside `url`, `schema` and `stream`."""

    urls: list[str] | None
    html: str | None
    content: str | None
    prompt: str | None
    model: str | None
    max_input_tokens: int | None
    max_output_tokens: int
    temperature: float
    seed: int | None
    evidence: bool
    dry_run: bool
    scrape: ScrapeOptions | PageKeywords
    cache: AnswerCacheOptions | CacheKeywords | None


class QuestionKeywords(TypedDict, total=False):
    """Fields of `wire.jobs.PageQuestion`; `schema` may also be a type, of which `data` is then an instance."""

    prompt: str | None
    schema: Any
    model: str | None
    max_input_tokens: int | None
    max_output_tokens: int
    temperature: float
    seed: int | None
    evidence: bool
    cache: AnswerCacheOptions | CacheKeywords | None


class WebhookKeywords(TypedDict, total=False):
    """Fields of `wire.jobs.Webhook`."""

    url: str
    events: list[JobEvent]
    secret: str | None
    headers: dict[str, str]
    metadata: dict[str, Any]
    format: WebhookFormat


class BatchKeywords(TypedDict, total=False):
    """Fields of `wire.jobs.BatchRequest` beside `urls`."""

    scrape: ScrapeOptions | PageKeywords
    extract: PageQuestion | QuestionKeywords | None
    webhook: Webhook | WebhookKeywords | None
    robots: bool
    delay_s: float


class CrawlKeywords(BatchKeywords, total=False):
    """Fields of `wire.jobs.CrawlRequest` beside `url`."""

    limit: int
    max_depth: int | None
    include: list[str]
    exclude: list[str]
    subdomains: bool
    external: bool
    sitemap: SitemapUse
    ignore_query: bool
    pattern_limit: int | None


class MapKeywords(TypedDict, total=False):
    """Fields of `wire.jobs.MapRequest` beside `url`."""

    limit: int
    search: str | None
    sitemap: SitemapUse
    subdomains: bool
    timeout_s: float


class SearchKeywords(TypedDict, total=False):
    """Fields of `wire.search.SearchRequest` beside `query`."""

    limit: int
    language: str | None
    time_range: TimeRange | None
    scrape: ScrapeOptions | PageKeywords | None
    max_tokens: int | None
