"""Spans of OpenTelemetry (extra `otel`), sent by OTLP over HTTP.

No attribute holds an address beyond its host, a prompt, a page or a secret; an error is told by its code, never in
words. A caller's `traceparent` is continued, and handed on to the servers of models.

Source: W3C Trace Context; OpenTelemetry semantic conventions (HTTP, GenAI).
"""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec.structs import replace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from backends.base import Completion, CompletionRequest, Delta, Route
from gateway import __version__
from gateway.api.context import route_of
from gateway.auth.limits import Admission
from gateway.cache.keys import namespace_of
from gateway.completions.completer import Routes
from gateway.core.tasks.base import R, Task, Workers
from gateway.core.tasks.page import Cleaned
from gateway.fetch.base import Fetched, Fetcher, FetchRequest
from gateway.telemetry.tracing import CacheT, NoopTracing

SERVICE = "winnow"
FLUSH_S = 2.0  # what a collector that does not answer may hold up the end
_PROPAGATOR = TraceContextTextMapPropagator()


def open_exporting(environ: Mapping[str, str]) -> "Tracing":
    """Traces to the collector that the environment names; the other OTEL_ variables are read by the SDK."""
    named = "OTEL_SERVICE_NAME" in environ or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    own = {"service.version": __version__} | ({} if named else {"service.name": SERVICE})
    provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


class Tracing(NoopTracing):
    """Wraps the parts of the service in spans.

    Args:
        provider: where spans go; shut down by `aclose`.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(SERVICE, __version__)

    def middleware(self) -> list[Any]:
        return [_Requests(self._tracer)]

    def admission(self, admission: Admission) -> Admission:
        return cast(Admission, _Admission(admission, self._tracer))

    def fetcher(self, fetcher: Fetcher) -> Fetcher:
        return cast(Fetcher, _Fetcher(fetcher, self._tracer))

    def workers(self, workers: Workers) -> Workers:
        return _Workers(workers, self._tracer)

    def cache(self, cache: CacheT) -> CacheT:
        return cast(CacheT, _Cache(cache, self._tracer))

    def routes(self, routes: Routes) -> Routes:
        return cast(Routes, _Routes(routes, self._tracer))

    async def aclose(self) -> None:
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, FLUSH_S)


class _Traced:
    """A part of the service, the same but for the methods that its kin put in front."""

    def __init__(self, part: Any, tracer: Tracer) -> None:
        self._part, self._tracer = part, tracer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)


class _Requests(ASGIMiddleware):
    """A span a request, from before the queue to the last byte; probes have none."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["route_handler"].opt.get("open"):
            await next_app(scope, receive, send)
            return
        method, route = str(scope.get("method", "")), route_of(scope)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with _span(
            self._tracer,
            f"{method} {route}",
            {"http.request.method": method, "http.route": route},
            kind=SpanKind.SERVER,
            context=_PROPAGATOR.extract(headers),
        ) as span:
            try:
                await next_app(scope, receive, send)
            finally:
                if (context := scope["state"].get("account")) is not None:
                    facts = {"request_id": context.name, "key": context.key} | context.log_fields
                    span.set_attributes(_given({f"winnow.{name}": value for name, value in facts.items()}))
                    span.set_attribute("http.response.status_code", context.status)
                    if context.status >= 500:
                        span.set_status(StatusCode.ERROR)


class _Admission(_Traced):
    async def acquire(self, who: str) -> None:
        with _span(self._tracer, "queue"):
            await self._part.acquire(who)


class _Fetcher(_Traced):
    async def fetch(self, request: FetchRequest) -> Fetched:
        host = urlsplit(request.url).hostname or ""
        with _span(self._tracer, "fetch", {"server.address": host}, kind=SpanKind.CLIENT) as span:
            fetched = cast(Fetched, await self._part.fetch(request))
            span.set_attribute("http.response.status_code", fetched.status)
            span.set_attribute("http.response.body.size", len(fetched.body))
            return fetched


class _Workers(_Traced):
    """A span for the time in a worker process, and below it those that the process measured itself."""

    async def run(self, task: Task[R]) -> R:
        with _span(self._tracer, "worker"):
            result = cast(R, await self._part.run(task))
            ended_ns = time.time_ns()
            if isinstance(result, Cleaned):
                counting_ns = ended_ns - round(result.count_ms * 1e6)
                self._stage("clean", counting_ns - round(result.clean_ms * 1e6), counting_ns)
                self._stage("count", counting_ns, ended_ns)
            return result

    def _stage(self, name: str, began_ns: int, ended_ns: int) -> None:
        self._tracer.start_span(name, start_time=began_ns).end(ended_ns)


class _Cache(_Traced):
    async def get(self, key: str) -> bytes | None:
        with _span(self._tracer, "cache get", {"winnow.cache.kind": namespace_of(key)}) as span:
            value = cast(bytes | None, await self._part.get(key))
            span.set_attribute("winnow.cache.hit", value is not None)
            return value

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        with _span(self._tracer, "cache set", {"winnow.cache.kind": namespace_of(key)}):
            return cast(bool, await self._part.set(key, value, ttl_s=ttl_s, fence=fence))


class _Routes(_Traced):
    async def resolve(self, model: str | None = None) -> Route:
        route = cast(Route, await self._part.resolve(model))
        return replace(route, backend=_Backend(route.backend, self._tracer))


class _Backend(_Traced):
    """A span for each answer of a model: its task outlives the request where others share the answer."""

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        asked: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self._part.name,
            "gen_ai.request.model": request.model,
            "gen_ai.request.max_tokens": request.max_output_tokens,
            "gen_ai.request.temperature": request.temperature,
            "gen_ai.request.seed": request.seed,
            "gen_ai.request.stream": request.stream,
        }
        name, began = f"chat {request.model}", time.perf_counter()
        # not the current span: a generator may be closed from another context
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=_given(asked))
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, set_span_in_context(span))
        waiting = True
        try:
            async with aclosing(self._part.stream(replace(request, headers=carrier))) as items:
                async for item in items:
                    if waiting and isinstance(item, Delta) and item.is_token:
                        waiting = False
                        first_s = time.perf_counter() - began
                        span.set_attribute("gen_ai.response.time_to_first_chunk", first_s)
                    elif isinstance(item, Completion):
                        span.set_attributes(_of_completion(item))
                    yield item
        except BaseException as exc:
            _fail(span, exc)
            raise
        finally:
            span.end()


def _of_completion(completion: Completion) -> dict[str, Any]:
    usage = completion.usage
    return _given(
        {
            "gen_ai.response.model": completion.model,
            "gen_ai.response.id": completion.raw.get("id"),
            "gen_ai.response.finish_reasons": [completion.finish_reason],
            "gen_ai.usage.input_tokens": usage and usage.input_tokens,
            "gen_ai.usage.output_tokens": usage and usage.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": usage and usage.cached_input_tokens,
        }
    )


@contextmanager
def _span(
    tracer: Tracer,
    name: str,
    attributes: dict[str, Any] | None = None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    context: Context | None = None,
) -> Iterator[Span]:
    """The current span while the block lasts; what it raises is told by its code."""
    with tracer.start_as_current_span(
        name,
        context=context,
        kind=kind,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as exc:
            _fail(span, exc)
            raise


def _fail(span: Span, exc: BaseException) -> None:
    """An exception's words may hold an address or a prompt: its code or class must do."""
    if isinstance(exc, asyncio.CancelledError | GeneratorExit):
        span.set_attribute("error.type", "cancelled")  # somebody left; nothing went wrong
        return
    span.set_attribute("error.type", getattr(exc, "code", None) or type(exc).__name__)
    if getattr(exc, "status", 500) >= 500:  # less is the caller's affair
        span.set_status(StatusCode.ERROR)


def _given(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None and value != ""}
