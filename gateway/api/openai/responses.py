"""`POST /v1/responses` and `POST /v1/responses/input_tokens`, in OpenAI's shapes: decode, call, encode."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from gateway.api.answering import check_operators_fields, respond
from gateway.api.openai.response_answers import ResponseEvents, to_response
from gateway.api.openai.response_requests import to_completion_request
from gateway.api.openai.types import InputTokens, ResponsesRequest
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.wire import encode_json

_OPTIONS = {"access": "chat", "work": True, "body": "messages"}


@post("/responses", status_code=200, summary="Answer items with items", tags=["models"], opt=_OPTIONS)
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


@post(
    "/responses/input_tokens",
    status_code=200,
    summary="Count the tokens of items",
    tags=["models"],
    opt=_OPTIONS,
)
async def count_input_tokens(
    request: Request[Any, Any, Any],
    body: RawBody,
    services: NamedDependency[Services],
) -> ASGIResponse:
    """The tokens of instructions, input and tools, by the model's own tokenizer where its backend has it."""
    fields, data = await services.bodies.decode_fields(body, ResponsesRequest, receive=request.receive)
    async with cancelled_on_disconnect(request.receive):
        tokens = await services.completer.count(to_completion_request(data, fields))
    return ASGIResponse(body=encode_json(InputTokens(object="response.input_tokens", input_tokens=tokens)))
