"""`POST /v1/messages` and `POST /v1/messages/count_tokens`, in Anthropic's shapes: decode, call, encode."""

from typing import Any

from litestar import Request, Router, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from gateway.api.answering import check_operators_fields, respond
from gateway.api.anthropic.answers import MessageEvents, to_message
from gateway.api.anthropic.requests import to_completion_request, to_prompt
from gateway.api.anthropic.types import MessagesPrompt, MessagesRequest, TokenCount
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.wire import encode_json

_OPTIONS = {"access": "chat", "work": True, "body": "messages"}


@post(
    "/v1/messages",
    status_code=200,
    summary="Complete a conversation (Anthropic)",
    tags=["models"],
    opt=_OPTIONS,
)
async def create_message(
    request: Request[Any, Any, Any],
    body: RawBody,
    services: NamedDependency[Services],
) -> ASGIResponse:
    """Anthropic's messages over any configured model, tools included, streamed or whole.

    `Cache-Control` is honoured as in `/v1/chat/completions`.
    """
    fields, data = await services.bodies.decode_fields(body, MessagesRequest, receive=request.receive)
    check_operators_fields(fields)
    stop = data.stop_sequences or []
    return await respond(
        request,
        services,
        to_completion_request(data, fields),
        events=lambda answer: MessageEvents(answer, stop_sequences=stop),
        body=lambda finished: to_message(finished, stop_sequences=stop),
    )


@post(
    "/v1/messages/count_tokens",
    status_code=200,
    summary="Count the tokens of a conversation (Anthropic)",
    tags=["models"],
    opt=_OPTIONS,
)
async def count_message_tokens(
    request: Request[Any, Any, Any],
    body: RawBody,
    services: NamedDependency[Services],
) -> ASGIResponse:
    """The tokens of system, turns and tools, by the model's own tokenizer where its backend has it."""
    async with cancelled_on_disconnect(request.receive):
        data = await services.bodies.decode(body, MessagesPrompt)
        tokens = await services.completer.count(to_prompt(data))
    return ASGIResponse(body=encode_json(TokenCount(input_tokens=tokens)))


router = Router("/", route_handlers=[create_message, count_message_tokens])
