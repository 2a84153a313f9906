"""What a scrape gives the use cases: a piece of a page's content, and the facts about it."""

from typing import Any

from msgspec import Struct

from gateway.core.tokens.tokenizer import Tokenizer
from gateway.scraping.page import LoadedPage
from gateway.wire import (
    CacheReport,
    Chunk,
    Image,
    JudgedBlock,
    Link,
    Metadata,
    Notice,
    PageChanges,
    RenderReport,
    ScrapeRequest,
    ScrapeTimings,
    Section,
    TokenReport,
)


class ScrapedPage(Struct, kw_only=True, frozen=True):
    """A piece of counted content. Parts that the request does not include are empty."""

    request: ScrapeRequest
    # what the content is of, as fetched or as rendered; without its body
    loaded: LoadedPage
    content: str
    title: str | None
    metadata: Metadata
    tokens: TokenReport
    # of `tokens`
    tokenizer: Tokenizer
    confidence: float | None
    next_cursor: str | None
    outline: list[Section]
    timings: ScrapeTimings
    warnings: list[Notice]
    links: list[Link]
    images: list[Image]
    structured: list[dict[str, Any]]
    chunks: list[Chunk]
    removed: list[JudgedBlock]
    html: str
    raw_html: str
    # compared with an earlier copy
    changes: PageChanges | None = None
    # where a browser was asked for
    render: RenderReport | None = None
    screenshot: bytes | None = None
    pdf: bytes | None = None

    @property
    def final_url(self) -> str | None:
        return self.loaded.entry.final_url

    @property
    def status(self) -> int | None:
        """The origin's; None for HTML that came in the request."""
        return self.loaded.entry.status

    @property
    def content_type(self) -> str:
        """Without parameters, in lower case."""
        return self.loaded.entry.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_continued(self) -> bool:
        """It goes on from a cursor: what the page has and saves was booked with its first piece."""
        return self.request.cursor is not None

    @property
    def cache(self) -> CacheReport:
        return self.loaded.cache
