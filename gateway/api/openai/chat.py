"""`POST /v1/chat/completions` and `GET /v1/models`, in OpenAI's shapes: decode, call, encode."""

from contextlib import ExitStack
from typing import Any

from litestar import Request, Router, get, post, route
from litestar.di import NamedDependency
from litestar.exceptions import MethodNotAllowedException
from litestar.params import FromPath, RawBody
from litestar.response.base import ASGIResponse

from backends.base import CompletionRequest, Route
from gateway.api.bodies import to_kind
from gateway.api.context import hosts_in, stages
from gateway.api.middleware import request_context
from gateway.api.openai.answers import ChatEvents, whole_body
from gateway.api.openai.errors import exception_handlers
from gateway.api.services import Services
from gateway.api.streaming import DisconnectWatcher, EventStream, cancelled_on_disconnect
from gateway.completions.broadcast import SubscriberClosed
from gateway.completions.completion_cache import CachePolicy
from gateway.completions.web_context import WebContext
from gateway.errors import InvalidRequest
from gateway.wire import CacheReport, ChatRequest, WebSource, encode_json

# where and as whom a request goes is the operator's to say
_OPERATORS = {"base_url", "api_base", "api_key", "api_type", "api_version", "extra_headers", "extra_query"}
_OURS = {"model", "messages", "stream", "stream_options", "web"}


@post(
    "/v1/chat/completions",
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
    async with cancelled_on_disconnect(request.receive):
        fields = await services.bodies.decode(body, dict[str, Any])
    data = to_kind(fields, ChatRequest)
    asked = to_completion_request(data, fields)
    policy = cache_policy(request.headers.get("cache-control", ""))
    context = request_context(request)
    context.facts["host"] = hosts_in(*(data.web.urls if data.web else []))
    web_context: WebContext | None = None
    if data.web is not None:
        route = await services.completer.resolve(asked.model)
        async with cancelled_on_disconnect(request.receive):
            web_context = await services.web_context_builder.ground(
                asked, data.web, route=route, tenant=context.key
            )
    with ExitStack() as unless_streamed:
        answer = await services.completer.begin(
            web_context.request if web_context else asked,
            tenant=context.key,
            cache=policy,
            identity=web_context.identity if web_context else None,
            spend=context.spend,
        )
        unless_streamed.callback(answer.close)
        context.facts["cache"] = answer.cache.status
        context.add_facts(lambda: stages(ttft_ms=answer.ttft_ms))
        disconnect = DisconnectWatcher(request.receive)
        unless_streamed.callback(disconnect.stop)
        disconnect.then(answer.close)
        sources = web_context.sources if web_context else []
        try:
            await answer.opened()
            if data.stream:
                unless_streamed.pop_all()
                wants_usage = bool((data.stream_options or {}).get("include_usage"))
                events = ChatEvents(answer, with_usage=wants_usage, sources=sources)
                headers = answer_headers(answer.cache, answer.ttft_ms) | web_headers(sources)
                return EventStream(events, disconnect, headers=headers)
            while answer.finished is None:
                await answer.batch()
        except SubscriberClosed:
            # the client has disconnected
            return ASGIResponse(status_code=499)
    finished = answer.finished
    headers = answer_headers(finished.cache, finished.timings.ttft_ms) | web_headers(sources)
    return ASGIResponse(body=encode_json(whole_body(finished, sources)), headers=headers)


@get("/v1/models", summary="List the models", tags=["models"], opt={"access": "chat"})
async def list_models(services: NamedDependency[Services]) -> dict[str, Any]:
    """Every model that can be asked for, by name and by alias."""
    served = await services.completer.models()
    return {"object": "list", "data": [_entry(name, route) for name, route in served.items()]}


@get("/v1/models/{model:path}", summary="Show one model", tags=["models"], opt={"access": "chat"})
async def show_model(model: FromPath[str], services: NamedDependency[Services]) -> dict[str, Any]:
    """One model's entry."""
    name = model.removeprefix("/")
    return _entry(name, await services.completer.resolve(name))


@route(
    "/v1/chat/completions",
    http_method=["GET", "PUT", "PATCH", "DELETE"],
    include_in_schema=False,
    opt={"access": "chat"},
)
async def refuse_method() -> None:
    """Litestar's own refusal would not have OpenAI's error format."""
    raise MethodNotAllowedException(headers={"allow": "POST"})


router = Router(
    "/",
    route_handlers=[create_completion, refuse_method, list_models, show_model],
    exception_handlers=exception_handlers,
)


def to_completion_request(data: ChatRequest, fields: dict[str, Any]) -> CompletionRequest:
    """What the backends take, from OpenAI's body.

    Args:
        data: the body's known fields.
        fields: the whole body.
    Raises:
        InvalidRequest: the body names an address or a key, which are the operator's to configure, or a
            `response_format` that is none.
    """
    for name in _OPERATORS & fields.keys():
        raise InvalidRequest(
            f"`{name}` cannot be set by a request: backends and their keys are configured on the server",
            field=name,
        )
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


def cache_policy(header: str) -> CachePolicy:
    """`Cache-Control` of a request (RFC 9111, 5.2.1) → what the cache may do."""
    directives = dict(part.strip().lower().partition("=")[::2] for part in header.split(","))
    if "no-store" in directives:
        return CachePolicy(read=False, write=False)
    if "no-cache" in directives:
        return CachePolicy(read=False)
    if (age := directives.get("max-age", "").strip('"')).isdigit():
        return CachePolicy(max_age_s=float(age), sampled=True)
    return CachePolicy()


def web_headers(sources: list[WebSource]) -> dict[str, str]:
    """How much of each page is in the prompt, where a stream has no body to say it in."""
    if not sources:
        return {}
    return {"x-web-tokens": ", ".join(f"{source.tokens}/{source.page_tokens}" for source in sources)}


def answer_headers(cache: CacheReport, ttft_ms: float | None) -> dict[str, str]:
    """`x-cache`, and `x-ttft-ms` where there is a token already."""
    headers: dict[str, str] = {"x-cache": cache.status}
    return headers if ttft_ms is None else headers | {"x-ttft-ms": f"{ttft_ms:.3f}"}


def _entry(name: str, route: Route) -> dict[str, Any]:
    entry = {"id": name, "object": "model", "created": 0, "owned_by": route.backend.name}
    return entry | ({"context_length": route.context_tokens} if route.context_tokens else {})
