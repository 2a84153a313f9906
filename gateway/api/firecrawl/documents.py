"""Scraped pages as Firecrawl's documents."""

import base64
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from msgspec import UNSET

from gateway.api.firecrawl.answers import ActionResults, ChangeTracking, Diff, Document, DocumentMetadata
from gateway.api.firecrawl.options import warning_of
from gateway.wire import ScrapeResponse
from gateway.wire.jobs import JobResult
from gateway.wire.scrape import ScrapeOptions

_CACHED = frozenset({"hit", "stale", "revalidated"})


def to_document(
    page: ScrapeResponse,
    *,
    options: ScrapeOptions,
    formats: frozenset[str],
    now: float,
    answers: dict[str, Any] | None = None,
    not_done: list[str] | None = None,
    failure: str | None = None,
) -> Document:
    """A page in the forms asked for.

    Args:
        options: how it was read.
        formats: Firecrawl's names.
        now: Unix seconds.
        answers: of the questions put to it, by name.
        not_done: what was asked for and is not done.
        failure: why a question has no answer.
    """
    is_html = options.format == "html"
    shot = None if page.screenshot is UNSET else _data_url(page.screenshot)
    messages = [*(notice.message for notice in page.warnings), *([failure] if failure else [])]
    return Document(
        metadata=_metadata(page, now),
        markdown=page.content if "markdown" in formats and not is_html else None,
        html=(page.content if is_html else page.html or "") if "html" in formats else None,
        raw_html=(page.raw_html or "") if "rawHtml" in formats else None,
        links=list(dict.fromkeys(link.url for link in page.links or [])) if "links" in formats else None,
        images=list(dict.fromkeys(image.url for image in page.images or [])) if "images" in formats else None,
        change_tracking=_changes(page) if "changeTracking" in formats else None,
        screenshot=shot if "screenshot" in formats else None,
        actions=ActionResults(screenshots=[shot]) if shot and "actions" in formats else None,
        warning=warning_of(not_done or [], *messages),
        **(answers or {}),
    )


def document_of_job(result: JobResult, *, options: ScrapeOptions, now: float, is_v1: bool) -> Document | None:
    """What a job made of an address, in all forms that it was read in; None where the page could not be read."""
    if result.page is UNSET:
        return None
    answers: dict[str, Any] = {}
    if result.data is not UNSET:
        answers["json"] = result.data
        if is_v1:
            # jobs do not keep which of its two names the form was asked for by
            answers["extract"] = result.data
    if result.text is not UNSET:
        answers["summary"] = result.text
    return to_document(
        result.page,
        options=options,
        formats=formats_of(options),
        now=now,
        answers=answers,
        failure=None if result.error is UNSET else result.error.detail,
    )


def formats_of(options: ScrapeOptions) -> frozenset[str]:
    """The forms that pages read with these options have."""
    names = {"html": "html", "raw_html": "rawHtml", "links": "links", "images": "images"}
    names["changes"] = "changeTracking"
    found = {names[part] for part in options.include if part in names}
    found |= {"screenshot"} & set(options.include)
    return frozenset(found | {"html" if options.format == "html" else "markdown"})


def iso(seconds: float) -> str:
    """Unix seconds as Firecrawl writes times."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _changes(page: ScrapeResponse) -> ChangeTracking | None:
    if page.changes is UNSET:
        return None
    lines = []
    for block in page.changes.blocks:
        for sign, text in (("-", block.old), ("+", block.new)):
            lines += [f"{sign}{line}" for line in (text or "").splitlines()]
    before = page.changes.compared_with
    return ChangeTracking(
        previous_scrape_at=None if before is None else iso(before),
        change_status=page.changes.status,
        visibility="visible",
        diff=Diff(text="\n".join(lines)) if lines else None,
    )


def _metadata(page: ScrapeResponse, now: float) -> DocumentMetadata:
    known = page.metadata
    is_cached = page.cache.status in _CACHED
    return DocumentMetadata(
        source_url=page.url,
        url=page.final_url,
        status_code=page.status,
        error=_error(page.status),
        content_type=page.content_type or None,
        title=page.title,
        description=known.description,
        language=known.language,
        author=known.author,
        keywords=", ".join(known.tags) or None,
        published_time=known.published,
        modified_time=known.modified,
        article_section=known.section,
        og_title=known.social_title,
        og_image=known.image,
        og_site_name=known.site_name,
        scrape_id=page.id,
        cache_state="hit" if is_cached else "miss",
        cached_at=iso(now - page.cache.age_s) if is_cached else None,
        credits_used=1,
    )


def _error(status: int | None) -> str | None:
    if status is None or status < 400:
        return None
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"


def _data_url(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"
