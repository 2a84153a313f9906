"""`POST /v1/responses`, in OpenAI's shapes: decode, call, encode."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from gateway.api.answering import check_operators_fields, respond
from gateway.api.openai.response_answers import ResponseEvents, to_response
from gateway.api.openai.response_requests import to_completion_request
from gateway.api.openai.types import ResponsesRequest
from gateway.api.services import Services


@post(
    "/v1/responses",
    status_code=200,
    summary="Answer items with items",
    tags=["models"],
    opt={"access": "chat", "work": True, "body": "messages"},
)
async def create_response(
    request: Request[Any, Any, Any],
    body: RawBody,
    services: NamedDependency[Services],
) -> ASGIResponse:
    """OpenAI's responses over any configured model, functions included, streamed or whole; none is kept."""
    fields, data = await services.bodies.decode_fields(body, ResponsesRequest, receive=request.receive)
    check_operators_fields(fields)
    return await respond(
        request,
        services,
        to_completion_request(data, fields),
        events=lambda answer: ResponseEvents(answer, data),
        body=lambda finished: to_response(finished, data),
    )
