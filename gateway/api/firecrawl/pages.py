"""`POST /v2/scrape`, `/v2/search`, `/v2/extract` and `/v2/map`: decode, call, encode."""

import time
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody
from litestar.response.base import ASGIResponse

from gateway.api.bodies import checked
from gateway.api.context import RequestContext, hosts_in, note_page
from gateway.api.firecrawl.answers import ExtractAnswer, FoundPages, MapAnswer, ScrapeAnswer, SearchAnswer
from gateway.api.firecrawl.documents import iso, to_document
from gateway.api.firecrawl.options import (
    OF_A_MAP,
    OF_AN_EXTRACT,
    find_not_done,
    read_options,
    warning_of,
    with_scheme,
)
from gateway.api.firecrawl.requests import WORK, as_json, check_questions, decode, is_v1
from gateway.api.firecrawl.sites import (
    sources_of,
    to_extract,
    to_links,
    to_map,
    to_results,
    to_search,
    wanted_of_site,
)
from gateway.api.firecrawl.types import ExtractBody, MapBody, ScrapeBody, SearchBody
from gateway.api.middleware import request_context
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.cache.keys import answer_key
from gateway.cache.typed import load, save
from gateway.errors import NotFound
from gateway.extraction.extractor import scrape_options
from gateway.primitives.ids import new_id
from gateway.scraping.response import to_response
from gateway.scraping.scraped_page import ScrapedPage
from gateway.wire import ExtractRequest, ScrapeRequest, encode_json
from gateway.wire.jobs import PageQuestion

ANSWER_TTL_S = 86_400.0


@post("/scrape", status_code=200, summary="Read a page", tags=["firecrawl"], opt=WORK)
async def scrape(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Firecrawl's scrape. What is asked for and not done is named in `data.warning`."""
    context = request_context(request)
    async with cancelled_on_disconnect(request.receive):
        given, data = await decode(services, body, ScrapeBody)
        wanted = read_options(data, given)
        check_questions(context, wanted.questions)
        url = with_scheme(data.url)
        context.facts["host"] = hosts_in(url)
        options = wanted.options
        if any(question.schema is not None for question in wanted.questions.values()):
            options = scrape_options(options, schema={})
        page = await services.scraper.scrape(
            checked(ScrapeRequest(**_fields_of(options), url=url)), tenant=context.key
        )
        note_page(context, page)
        answers = {
            name: await _ask(services, context, page, question) for name, question in wanted.questions.items()
        }
    document = to_document(
        to_response(page),
        options=wanted.options,
        formats=wanted.formats,
        now=time.time(),
        answers=answers,
        not_done=wanted.not_done,
    )
    encoded = encode_json(ScrapeAnswer(success=True, data=document))
    if not wanted.questions:
        services.ready.keep_encoded(
            body,
            tenant=context.key,
            path=request.scope["path"],
            page=page,
            encoded=encoded,
            opening=b'"scrapeId":"',
        )
    return ASGIResponse(body=encoded, media_type="application/json")


@post("/map", status_code=200, summary="List the addresses of a site", tags=["firecrawl"], opt=WORK)
async def map_site(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Firecrawl's map."""
    async with cancelled_on_disconnect(request.receive):
        given, data = await decode(services, body, MapBody)
        wanted = to_map(data, is_v1=is_v1(request))
        request_context(request).facts["host"] = hosts_in(wanted.url)
        found = await services.jobs.map(wanted)
    ignore_query = data.ignore_query_parameters
    links = to_links(
        found,
        is_v1=is_v1(request),
        ignore_query=not is_v1(request) if ignore_query is None else ignore_query,
    )
    messages = [notice.message for notice in found.warnings]
    warning = warning_of(find_not_done(given, OF_A_MAP), *messages)
    return as_json(MapAnswer(success=True, links=links, warning=warning))


@post("/search", status_code=200, summary="Search, and read what is found", tags=["firecrawl"], opt=WORK)
async def search(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Firecrawl's search, with the engine that this gateway is configured with."""
    async with cancelled_on_disconnect(request.receive):
        given, data = await decode(services, body, SearchBody)
        asked, wanted = to_search(data, given)
        found = await services.searcher.search(asked, tenant=request_context(request).key)
    pages = to_results(found, wanted, now=time.time())
    warning = warning_of(wanted.not_done, *(notice.message for notice in found.warnings))
    answer = pages if is_v1(request) else FoundPages(web=pages)
    return as_json(SearchAnswer(success=True, data=answer, warning=warning))


@post(
    "/extract",
    status_code=200,
    summary="Ask about pages",
    tags=["firecrawl"],
    opt=WORK | {"access": "extract"},
)
async def extract(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Firecrawl's extract. The work is done when the answer comes; it is kept for who asks for it by its id.

    With `storeInCache: false` or `zeroDataRetention` it is not kept, and has no id.
    """
    context = request_context(request)
    async with cancelled_on_disconnect(request.receive):
        given, data = await decode(services, body, ExtractBody)
        wanted = wanted_of_site(data.scrape_options, given, names=OF_AN_EXTRACT)
        asked = to_extract(data, wanted)
        context.facts["host"] = hosts_in(*(asked.urls or []))
        done = await services.extractor.extract(asked, tenant=context.key, spend=context.spend)
        answer = ExtractAnswer(
            success=True,
            id=new_id() if wanted.options.store else None,
            status="completed",
            data=done.data,
            expires_at=iso(time.time() + ANSWER_TTL_S) if wanted.options.store else None,
            tokens_used=done.usage.input_tokens + done.usage.output_tokens,
            sources=sources_of(done) if data.show_sources else None,
            warning=warning_of(wanted.not_done, *(notice.message for notice in done.warnings)),
        )
        if answer.id is not None:
            key = answer_key(tenant=context.key, answer_id=answer.id)
            await save(services.cache, key, answer, ttl_s=ANSWER_TTL_S)
    return as_json(answer)


@get(
    "/extract/{answer_id:str}",
    summary="The answer of an extraction",
    tags=["firecrawl"],
    opt={"access": "extract"},
)
async def find_answer(
    request: Request[Any, Any, Any], answer_id: FromPath[str], services: NamedDependency[Services]
) -> ASGIResponse:
    """The answer of `POST /v2/extract` again."""
    key = answer_key(tenant=request_context(request).key, answer_id=answer_id)
    found = await load(services.cache, key, ExtractAnswer)
    if found is None:
        raise NotFound(
            f"no answer {answer_id[:64]}: it has expired, or was asked for with another key; ask again with POST "
            "/v2/extract"
        )
    return as_json(found)


def _fields_of(struct: Any) -> dict[str, Any]:
    """A struct's fields as they are, nested structs included."""
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


async def _ask(
    services: Services,
    context: RequestContext,
    page: ScrapedPage,
    question: PageQuestion,
) -> Any:
    """The answer to a question about a page that was read."""
    asked = ExtractRequest(url=page.request.url, **_fields_of(question))
    answer = await services.extractor.extract(asked, tenant=context.key, spend=context.spend, page=page)
    return answer.text if question.schema is None else answer.data


handlers = [map_site, search, extract, find_answer]
