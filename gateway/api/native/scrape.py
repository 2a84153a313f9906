"""`POST /v1/scrape` and `GET /r/<url>`: decode, call, encode."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import ASGIApp

from gateway.api.context import RequestContext, hosts_in, note_page
from gateway.api.foreign import FOREIGN_HEADERS
from gateway.api.jina.answers import to_bare, to_page
from gateway.api.middleware import request_context
from gateway.api.negotiation import preferred
from gateway.api.problems import to_document
from gateway.api.reader_headers import read_headers
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.api.target import target_of
from gateway.core.tokens.formats import FORMATS
from gateway.errors import GatewayError
from gateway.net import sse
from gateway.scraping.content import PreparedScrape
from gateway.scraping.response import to_response
from gateway.scraping.scraped_page import ScrapedPage
from gateway.scraping.scraper import Scraper
from gateway.wire import Include, ScrapeRequest, ScrapeResponse, encode_json

JSON, MARKDOWN, EVENTS = "application/json", "text/markdown", "text/event-stream"
PNG, PDF = "image/png", "application/pdf"
# what is asked for by its media type alone, and the part of the answer that it is
_SHOWN: dict[str, Include] = {PNG: "screenshot", PDF: "pdf"}
WORK = {"access": "scrape", "work": True}


@post(
    "/v1/scrape",
    status_code=200,
    summary="Fetch and clean a page",
    tags=["pages"],
    opt=WORK | {"body": "page"},
)
async def scrape(
    request: Request[Any, Any, Any],
    body: RawBody,
    services: NamedDependency[Services],
) -> ASGIApp:
    """Fetch a page, or take its HTML, and return its content with exact token counts.

    `Accept: text/markdown` answers the bare content, `Accept: image/png` or `application/pdf` what the page looks
    like in a browser, `Accept: text/event-stream` the events `source`, `content` and `done`.
    """
    context = request_context(request)
    accepted = preferred(request, JSON, MARKDOWN, EVENTS, PNG, PDF)
    async with cancelled_on_disconnect(request.receive):
        data = _showing(await services.bodies.decode(body, ScrapeRequest), accepted)
        context.facts["host"] = hosts_in(data.url or "")
        prepared = await services.scraper.open(data, tenant=context.key)
        if accepted != EVENTS:
            page = await services.scraper.read(prepared)
    if accepted == EVENTS:
        # which watches its client itself
        return ASGIStreamingResponse(
            iterator=_events(context, services.scraper, prepared),
            media_type=EVENTS,
            headers={"cache-control": "no-store"},
        )
    note_page(context, page)
    if accepted == MARKDOWN:
        return _bare(page, page.content, media_type=FORMATS[data.format].media_type)
    if accepted in _SHOWN:
        return _picture(page, accepted)
    response = to_response(page)
    services.ready.keep(body, tenant=context.key, page=page, response=response)
    return _json(response)


@get("/r/{target:path}", summary="Read a page as markdown", tags=["pages"], media_type=MARKDOWN, opt=WORK)
async def read(
    request: Request[Any, Any, Any], target: FromPath[str], services: NamedDependency[Services]
) -> ASGIApp:
    """The page at the address after `/r/`, cleaned with the default options, as markdown.

    The address keeps its own query string. `Accept: application/json` answers as `POST /v1/scrape` does,
    `Accept: image/png` or `application/pdf` with what the page looks like in a browser. The headers of Jina Reader
    (`x-target-selector`, `x-max-output-tokens`, …) say how to read it.
    """
    accepted = preferred(request, MARKDOWN, JSON, PNG, PDF)
    options = read_headers(request.headers)
    accepted = PNG if options.form == "screenshot" and accepted == MARKDOWN else accepted
    data = _showing(ScrapeRequest(**options.fields, url=target_of(request, "/r/")), accepted)
    context = request_context(request)
    context.facts["host"] = hosts_in(data.url or "")
    async with cancelled_on_disconnect(request.receive):
        page = await services.scraper.scrape(data, tenant=context.key)
    options.check_budget(page.tokens.content)
    note_page(context, page)
    if accepted in _SHOWN:
        return _picture(page, accepted)
    if accepted == JSON:
        return _json(to_response(page), headers=FOREIGN_HEADERS)
    if data.include:
        shown = to_bare(to_page(to_response(page), options))
        return _bare(
            page, shown, media_type=FORMATS["html" if options.form == "html" else data.format].media_type
        )
    return _bare(page, page.content, media_type=FORMATS[data.format].media_type)


def _json(response: ScrapeResponse, headers: dict[str, str] | None = None) -> ASGIResponse:
    return ASGIResponse(body=encode_json(response), media_type=JSON, headers=headers)


def _showing(data: ScrapeRequest, accepted: str) -> ScrapeRequest:
    """The request, with the picture included that is accepted as the answer."""
    if accepted not in _SHOWN or _SHOWN[accepted] in data.include:
        return data
    return msgspec.structs.replace(data, include=[*data.include, _SHOWN[accepted]])


def _picture(page: ScrapedPage, accepted: str) -> ASGIResponse:
    body = page.screenshot if accepted == PNG else page.pdf
    assert body is not None
    return ASGIResponse(body=body, media_type=accepted, headers=_about(page))


def _bare(page: ScrapedPage, content: str, *, media_type: str) -> ASGIResponse:
    headers = _about(page) | {"x-markdown-tokens": str(page.tokens.content)}
    if page.next_cursor:
        headers["x-next-cursor"] = page.next_cursor
    return ASGIResponse(body=content.encode(), media_type=media_type, headers=headers)


def _about(page: ScrapedPage) -> dict[str, str]:
    """What stands beside an answer that has no place for it."""
    headers = FOREIGN_HEADERS | {"x-cache": page.cache.status}
    if page.status is not None:
        headers["x-origin-status"] = str(page.status)
    if page.warnings:
        headers["x-warnings"] = ", ".join(notice.code for notice in page.warnings)
    return headers


async def _events(
    context: RequestContext, scraper: Scraper, prepared: PreparedScrape
) -> AsyncIterator[bytes]:
    """`source` once the page is here, `content` when it is clean, `done` with all the rest; or `error`."""
    entry = prepared.page.entry
    source = {"url": prepared.request.url, "final_url": entry.final_url, "status": entry.status}
    yield sse.encode_json_event(source | {"cache": prepared.page.cache}, name="source")
    try:
        page = await scraper.read(prepared)
    except GatewayError as exc:
        yield sse.encode_json_event(to_document(exc), name="error")
        return
    note_page(context, page)
    yield sse.encode_json_event({"content": page.content}, name="content")
    yield sse.encode_json_event(to_response(page), name="done")
