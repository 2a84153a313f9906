"""`POST /v1/chat/completions` and `GET /v1/models`, in OpenAI's shapes: decode, call, encode."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody
from litestar.response.base import ASGIResponse

from backends.base import CompletionRequest, Route
from gateway.api.answering import check_operators_fields, respond
from gateway.api.context import hosts_in
from gateway.api.middleware import request_context
from gateway.api.openai.answers import ChatEvents, whole_body
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.completions.web_context import WebContext
from gateway.errors import InvalidRequest
from gateway.wire import ChatRequest, WebSource

_OURS = {"model", "messages", "stream", "stream_options", "web"}


@post(
    "/chat/completions",
    status_code=200,
    summary="Complete a conversation",
    tags=["models"],
    opt={"access": "chat", "work": True, "body": "messages"},
)
async def create_completion(
    request: Request[Any, Any, Any],
    body: RawBody,
    services: NamedDependency[Services],
) -> ASGIResponse:
    """OpenAI's chat completions over any configured model, streamed or whole.

    `web` puts cleaned pages into the prompt under a budget. `Cache-Control: no-cache` asks the model anew,
    `no-store` keeps nothing besides; `max-age=<seconds>` limits the age of a cached answer, and allows one even
    where chance decides: where the temperature is not 0, or not given, and there is no seed.
    """
    fields, data = await services.bodies.decode_fields(body, ChatRequest, receive=request.receive)
    asked = to_completion_request(data, fields)
    context = request_context(request)
    context.facts["host"] = hosts_in(*(data.web.urls if data.web else []))
    web_context: WebContext | None = None
    if data.web is not None:
        route = await services.completer.resolve(asked.model)
        async with cancelled_on_disconnect(request.receive):
            # before the pages, which take what is left of the context
            asked = await services.completer.readable(asked)
            web_context = await services.web_context_builder.ground(
                asked, data.web, route=route, tenant=context.key
            )
    sources = web_context.sources if web_context else []
    wants_usage = bool((data.stream_options or {}).get("include_usage"))
    return await respond(
        request,
        services,
        web_context.request if web_context else asked,
        events=lambda answer: ChatEvents(answer, with_usage=wants_usage, sources=sources),
        body=lambda finished: whole_body(finished, sources),
        identity=web_context.identity if web_context else None,
        headers=web_headers(sources),
    )


@get("/models", summary="List the models", tags=["models"], opt={"access": "chat"})
async def list_models(services: NamedDependency[Services]) -> dict[str, Any]:
    """Every model that can be asked for, by name and by alias; clients of OpenAI and of Anthropic read it alike."""
    served = await services.completer.models()
    entries = [_entry(name, route) for name, route in served.items()]
    return {
        "object": "list",
        "data": entries,
        "first_id": entries[0]["id"] if entries else None,
        "last_id": entries[-1]["id"] if entries else None,
        "has_more": False,
    }


@get("/models/{model:path}", summary="Show one model", tags=["models"], opt={"access": "chat"})
async def show_model(model: FromPath[str], services: NamedDependency[Services]) -> dict[str, Any]:
    """One model's entry."""
    name = model.removeprefix("/")
    return _entry(name, await services.completer.resolve(name))


def to_completion_request(data: ChatRequest, fields: dict[str, Any]) -> CompletionRequest:
    """What the backends take, from OpenAI's body.

    Args:
        data: the body's known fields.
        fields: the whole body.
    Raises:
        InvalidRequest: the body names an address or a key, which are the operator's to configure, or a
            `response_format` that is none.
    """
    check_operators_fields(fields)
    return CompletionRequest(
        model=data.model or "",
        messages=data.messages,
        max_output_tokens=data.max_completion_tokens or data.max_tokens,
        temperature=data.temperature,
        seed=data.seed,
        stop=[data.stop] if isinstance(data.stop, str) else data.stop or [],
        json_schema=_schema_of(data.response_format or {}),
        stream=bool(data.stream),
        parameters={name: value for name, value in fields.items() if name not in _OURS},
    )


def _schema_of(response_format: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON Schema that an answer is asked to follow, None where it is not."""
    if response_format.get("type") != "json_schema":
        return None
    field, wanted = "response_format.json_schema", response_format.get("json_schema")
    if isinstance(wanted, dict):
        field, wanted = f"{field}.schema", wanted.get("schema")
        if wanted is None:
            # any JSON will do
            return None
    if not isinstance(wanted, dict):
        raise InvalidRequest(f"{field}: is no object", field=field)
    return wanted


def web_headers(sources: list[WebSource]) -> dict[str, str]:
    """How much of each page is in the prompt, where a stream has no body to say it in."""
    if not sources:
        return {}
    return {"x-web-tokens": ", ".join(f"{source.tokens}/{source.page_tokens}" for source in sources)}


def _entry(name: str, route: Route) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": name,
        "object": "model",
        "type": "model",
        "display_name": name,
        "created": 0,
        "created_at": "1970-01-01T00:00:00Z",
        "owned_by": route.backend.name,
    }
    if route.context_tokens:
        entry["context_length"] = route.context_tokens
    if route.price:
        entry["price"] = {"input": route.price.input, "output": route.price.output}
    return entry
