"""The response of a scrape, from the page that the use case gives."""

from typing import Any

from msgspec import UNSET

from gateway.primitives.ids import new_id
from gateway.scraping.scraped_page import ScrapedPage
from gateway.wire import ScrapeResponse

OPTIONAL = (
    *("links", "images", "structured", "chunks", "removed", "html", "raw_html", "changes"),
    *("screenshot", "pdf"),
)


def to_response(page: ScrapedPage) -> ScrapeResponse:
    """The page as it goes over the wire, under a new id."""
    optional: dict[str, Any] = {
        name: getattr(page, name) if name in page.request.include else UNSET for name in OPTIONAL
    }
    if page.render is not None:
        optional["render"] = page.render
    return ScrapeResponse(
        id=new_id(),
        url=page.request.url,
        final_url=page.final_url,
        status=page.status,
        content_type=page.content_type,
        title=page.title,
        content=page.content,
        metadata=page.metadata,
        tokens=page.tokens,
        confidence=page.confidence,
        next_cursor=page.next_cursor,
        outline=page.outline,
        cache=page.cache,
        timings=page.timings,
        warnings=page.warnings,
        **optional,
    )
