"""`POST /v1/search`: decode, call, encode."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from gateway.api.middleware import request_context
from gateway.api.native.scrape import WORK
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.wire import encode_json
from gateway.wire.search import SearchRequest


@post("/v1/search", status_code=200, summary="Search, and read what is found", tags=["pages"], opt=WORK)
async def search(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Search with the engine that this gateway is configured with, and read the pages under one budget of tokens.

    A page that cannot be read is an error in its place.
    """
    async with cancelled_on_disconnect(request.receive):
        data = await services.bodies.decode(body, SearchRequest)
        answer = await services.searcher.search(data, tenant=request_context(request).key)
    return ASGIResponse(body=encode_json(answer), media_type="application/json")
