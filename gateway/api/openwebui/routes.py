"""`POST /openwebui/load` and `POST /openwebui/search`: decode, call, encode."""

from typing import Annotated, Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from gateway.api.context import hosts_in, note_page
from gateway.api.middleware import request_context
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.errors import GatewayError
from gateway.scraping.scraped_page import ScrapedPage
from gateway.scraping.together import scrape_all
from gateway.wire import ScrapeRequest, encode_json
from gateway.wire.common import Url
from gateway.wire.search import MAX_RESULTS, SearchRequest

WORK = {"access": "scrape", "work": True}


class LoadBody(Struct, kw_only=True, frozen=True):
    """`POST /openwebui/load`: pages by their addresses. Other fields are ignored."""

    urls: Annotated[
        list[Url], Meta(min_length=1, max_length=100, description="Addresses of the pages, read at once.")
    ]


class LoadedDocument(Struct, kw_only=True, frozen=True):
    """A page."""

    page_content: Annotated[str, Meta(description="The content as markdown.")]
    metadata: Annotated[
        dict[str, str],
        Meta(description="`source`, and `title`, `description` and `language` where the page has them."),
    ]


class ExternalSearchBody(Struct, kw_only=True, frozen=True):
    """`POST /openwebui/search`: a query. Other fields are ignored."""

    query: Annotated[str, Meta(min_length=1, max_length=400, description="What to search for.")]
    count: Annotated[int, Meta(ge=1, description="Results at most; more than 20 are never given.")] = 5


class SearchHit(Struct, kw_only=True, frozen=True):
    """A page that was found."""

    link: Annotated[str, Meta(description="Its address.")]
    title: Annotated[str, Meta(description="Its title.")]
    snippet: Annotated[str, Meta(description="A passage of it.")]


@post(
    "/openwebui/load", status_code=200, summary="Read pages", tags=["openwebui"], opt=WORK | {"body": "page"}
)
async def load(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Open WebUI's external web loader. What cannot be read is left out; if nothing can, the error is the first's."""
    context = request_context(request)
    async with cancelled_on_disconnect(request.receive):
        data = await services.bodies.decode(body, LoadBody)
        context.facts["host"] = hosts_in(*data.urls)
        wanted = [ScrapeRequest(url=url) for url in data.urls]
        pages = await scrape_all(services.scraper, wanted, tenant=context.key)
    read = [page for page in pages if isinstance(page, ScrapedPage)]
    if not read:
        raise next(page for page in pages if isinstance(page, GatewayError))
    for page in read:
        note_page(context, page)
    return _json([_document(page) for page in read])


@post("/openwebui/search", status_code=200, summary="Search", tags=["openwebui"], opt=WORK)
async def search(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Open WebUI's external search, with the engine that this gateway is configured with."""
    async with cancelled_on_disconnect(request.receive):
        data = await services.bodies.decode(body, ExternalSearchBody)
        asked = SearchRequest(query=data.query, limit=min(data.count, MAX_RESULTS))
        found = await services.searcher.search(asked, tenant=request_context(request).key)
    return _json([SearchHit(link=each.url, title=each.title, snippet=each.snippet) for each in found.results])


def _document(page: ScrapedPage) -> LoadedDocument:
    known = {
        "source": page.request.url,
        "title": page.title,
        "description": page.metadata.description,
        "language": page.metadata.language,
    }
    metadata = {name: value for name, value in known.items() if value}
    return LoadedDocument(page_content=page.content, metadata=metadata)


def _json(value: Any) -> ASGIResponse:
    return ASGIResponse(body=encode_json(value), media_type="application/json")


handlers = [load, search]
