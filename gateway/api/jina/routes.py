"""`GET` and `POST /jina/<url>`, `POST /jina`: decode, call, encode."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl

from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import ASGIApp
from msgspec import Meta, Struct

from gateway.api.allowed import allow
from gateway.api.bodies import to_kind
from gateway.api.context import hosts_in, note_page
from gateway.api.foreign import FOREIGN_HEADERS
from gateway.api.jina.answers import to_answer, to_page, to_text
from gateway.api.jina.errors import error_body
from gateway.api.middleware import request_context
from gateway.api.negotiation import preferred
from gateway.api.reader_headers import NAMES, ReaderOptions, read_headers
from gateway.api.request_body import SMALL_BYTES
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.api.target import target_of
from gateway.errors import GatewayError, InvalidRequest, TooLarge
from gateway.net import sse
from gateway.scraping.response import to_response
from gateway.scraping.scraped_page import ScrapedPage
from gateway.wire import ScrapeRequest, encode_json
from gateway.wire.common import Url

TEXT, JSON, EVENTS, PNG = "text/plain", "application/json", "text/event-stream", "image/png"
_WORK = {"access": "scrape", "work": True}
_BODY = _WORK | {"body": "page"}
MAX_OPTION_CHARS = 16 * 1024
# fields of a body that say which page
_NAMING = frozenset({"url", "html"})


def _field_of(header: str) -> str:
    """The field of a body that says the same: `targetSelector` for `x-target-selector`."""
    first, *others = header.removeprefix("x-").split("-")
    return first + "".join(map(str.capitalize, others))


_HEADERS = {_field_of(name): name for name in NAMES} | {"doNotTrack": "dnt", "setCookies": "x-set-cookie"}


class ReaderBody(Struct, kw_only=True, frozen=True, rename="camel"):
    """`POST /jina`. Further fields are the headers by other names, such as `targetSelector` or `noCache`."""

    url: Annotated[Url | None, Meta(description="Address of the page; with `html`, its base address.")] = None
    html: Annotated[str | None, Meta(description="The page itself, instead of fetching it.")] = None


@get("/jina/{target:path}", summary="Read a page", tags=["jina"], media_type=TEXT, opt=_WORK)
async def read(
    request: Request[Any, Any, Any], target: FromPath[str], services: NamedDependency[Services]
) -> ASGIApp:
    """Jina Reader: the page at the address after `/jina/`, as its headers ask for it.

    `Accept: application/json` answers with JSON, `text/event-stream` with one event `data`.
    """
    return await _answer(request, services, target_of(request, "/jina/"), {})


@post(
    "/jina/{target:path}",
    status_code=200,
    summary="Read a page, with options in the body",
    tags=["jina"],
    media_type=TEXT,
    opt=_BODY,
)
async def read_with_body(
    request: Request[Any, Any, Any],
    target: FromPath[str],
    body: RawBody,
    services: NamedDependency[Services],
) -> ASGIApp:
    """As `GET`; the fields of the body, a form or JSON, are headers by other names: `targetSelector`."""
    fields = await _fields(request, body, services)
    for name in _NAMING & fields.keys():
        raise InvalidRequest(f"`{name}`: the path names the page; leave it out, or POST to /jina", field=name)
    return await _answer(request, services, target_of(request, "/jina/"), fields)


@post(
    "/jina",
    status_code=200,
    summary="Read the page that the body names",
    tags=["jina"],
    media_type=TEXT,
    opt=_BODY,
)
async def read_named(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIApp:
    """As `GET`, of the address `url` of the body, a form or JSON; or of its `html`, with `url` as its base address."""
    fields = await _fields(request, body, services)
    named = to_kind({name: fields.pop(name) for name in _NAMING if name in fields}, ReaderBody)
    if named.url is None and named.html is None:
        raise InvalidRequest("`url`: name the page to read", field="url")
    return await _answer(request, services, named.url, fields, html=named.html)


async def _answer(
    request: Request[Any, Any, Any],
    services: Services,
    url: str | None,
    fields: dict[str, Any],
    *,
    html: str | None = None,
) -> ASGIApp:
    options = read_headers(_as_headers(request.headers, fields))
    data = ScrapeRequest(**{"images": "inline"} | options.fields, url=url, html=html)
    accepted = preferred(request, TEXT, JSON, EVENTS)
    context = request_context(request)
    context.facts["host"] = hosts_in(url or "")
    if accepted == EVENTS:
        return ASGIStreamingResponse(
            iterator=_events(request, services, data, options), media_type=EVENTS, headers=FOREIGN_HEADERS
        )
    async with cancelled_on_disconnect(request.receive):
        page = await _scrape(request, services, data, options)
    made = to_page(to_response(page), options)
    headers = FOREIGN_HEADERS | {"x-usage-tokens": str(page.tokens.content), "x-cache": page.cache.status}
    if accepted == JSON:
        return ASGIResponse(body=encode_json(to_answer(made)), media_type=JSON, headers=headers)
    if options.form == "screenshot":
        return ASGIResponse(body=page.screenshot or b"", media_type=PNG, headers=headers)
    return ASGIResponse(body=to_text(made).encode(), media_type=TEXT, headers=headers)


async def _scrape(
    request: Request[Any, Any, Any], services: Services, data: ScrapeRequest, options: ReaderOptions
) -> ScrapedPage:
    context = request_context(request)
    page = await services.scraper.scrape(data, tenant=context.key)
    options.check_budget(page.tokens.content)
    note_page(context, page)
    return page


async def _events(
    request: Request[Any, Any, Any], services: Services, data: ScrapeRequest, options: ReaderOptions
) -> AsyncIterator[bytes]:
    """The page as one event: it is complete when it comes."""
    try:
        page = await _scrape(request, services, data, options)
    except GatewayError as exc:
        yield sse.encode_json_event(error_body(exc), name="error")
        return
    yield sse.encode_json_event(to_page(to_response(page), options), name="data")


async def _fields(request: Request[Any, Any, Any], body: bytes, services: Services) -> dict[str, Any]:
    """The fields of a body, a form or JSON; options as texts."""
    given: dict[str, Any] = {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == JSON:
        given = await services.bodies.decode(body, dict[str, Any])
    elif len(body) > SMALL_BYTES:
        raise TooLarge(f"a form may have {SMALL_BYTES} bytes here; send JSON", limit_bytes=SMALL_BYTES)
    else:
        try:
            given |= parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
        except ValueError as exc:
            raise InvalidRequest("the body is no form: send url=https://…, or JSON") from exc
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _NAMING and name not in _HEADERS:
            raise InvalidRequest(
                f"`{name[:60]}`: this reader has no such option; leave it out", field=name[:60]
            )
        fields[name] = value if name in _NAMING else _as_text(name, value)
    return fields


def _as_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ", ".join(value)
    if not isinstance(value, str | int | float):
        raise InvalidRequest(f"`{name}`: has to be a text, a number or true", field=name)
    text = str(value)
    if len(text) > MAX_OPTION_CHARS:
        raise InvalidRequest(f"`{name}`: an option has at most {MAX_OPTION_CHARS} characters", field=name)
    return text


def _as_headers(headers: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, str]:
    """The request's headers, and the body's fields over them."""
    return {name: headers[name] for name in NAMES if name in headers} | {
        _HEADERS[name]: value for name, value in fields.items()
    }


router = Router(
    "/",
    route_handlers=[
        allow("/jina/{target:path}", methods="GET, OPTIONS, POST"),
        read,
        read_with_body,
        read_named,
    ],
)
