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
    cursor: str | None
    max_age_s: float
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
