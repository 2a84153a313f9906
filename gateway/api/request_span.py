"""A span for each request, from before the queue to the last byte; health probes have none."""

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from opentelemetry.trace import SpanKind, StatusCode

from gateway.api.context import RequestContext, route_of
from gateway.telemetry.spans import parent_in, span, without_empty


class RequestSpanMiddleware(ASGIMiddleware):
    """Continues the trace of a caller's `traceparent`; the span gets what the log says of the request."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["route_handler"].opt.get("open"):
            await next_app(scope, receive, send)
            return
        method, route = str(scope.get("method", "")), route_of(scope)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with span(
            f"{method} {route}",
            {"http.request.method": method, "http.route": route},
            kind=SpanKind.SERVER,
            parent=parent_in(headers),
        ) as current:
            try:
                await next_app(scope, receive, send)
            finally:
                context: RequestContext | None = scope["state"].get("context")
                if context is not None:
                    facts = {"request_id": context.name, "key": context.key} | context.log_fields
                    current.set_attributes(
                        without_empty({f"winnow.{name}": value for name, value in facts.items()})
                    )
                    current.set_attribute("http.response.status_code", context.status)
                    if context.status >= 500:
                        current.set_status(StatusCode.ERROR)
