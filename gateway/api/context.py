"""The end of every response, refusals and unknown routes included: headers, metrics, one log line."""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from litestar.types import Message, Scope
from structlog.typing import FilteringBoundLogger

from gateway.api.problems import request_id
from gateway.errors import GatewayError
from gateway.scraping.scraped_page import ScrapedPage
from gateway.telemetry.metrics import Metrics

_HOST = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#\\]*@)?([^/?#\\@]*)", re.IGNORECASE)


class RequestContext:
    """What the log and metrics say of one request; the access middleware makes it, routes add to it."""

    def __init__(self, *, name: str) -> None:
        # the request's id
        self.name = name
        # the name of the caller's key
        self.key = ""
        self.scopes: tuple[str, ...] = ()
        self.began = time.perf_counter()
        self.status = 0
        # before the end of its answer
        self.client_left = False
        self.is_logged = False
        self.headers: list[tuple[bytes, bytes]] = [(b"x-request-id", name.encode())]
        self.facts: dict[str, Any] = {}
        self.tokens = 0
        # where the key has a budget
        self.book: Callable[[int], None] | None = None
        self._later: list[Callable[[], dict[str, Any]]] = []

    def add_facts(self, facts: Callable[[], dict[str, Any]]) -> None:
        """`facts()` is more to say, asked for when the response has gone out: a stream's is known only then."""
        self._later.append(facts)

    def spend(self, tokens: int) -> None:
        """Count tokens against the key's budget, at any time: the use of a cut stream is known after its request."""
        self.tokens += tokens
        if self.book is not None:
            self.book(tokens)

    @property
    def log_fields(self) -> dict[str, Any]:
        """The request's own fields, beside those that every line has."""
        log_fields = dict(self.facts)
        for facts in self._later:
            log_fields |= facts()
        return log_fields


def note_page(context: RequestContext, page: ScrapedPage) -> None:
    """A scrape's tokens on its key, and what the log says of it."""
    context.spend(page.tokens.content)
    context.facts |= {
        "host": hosts_in(page.final_url or ""),
        "origin_status": page.status,
        "cache": page.cache.status,
    }
    spent = page.timings
    # an answer from the cache took none
    if spent.fetch_ms or spent.clean_ms or spent.render_ms:
        context.facts |= stages(
            fetch_ms=spent.fetch_ms,
            render_ms=spent.render_ms,
            clean_ms=spent.clean_ms,
            count_ms=spent.count_ms,
        )


def stages(**times_ms: float | None) -> dict[str, float]:
    """The times of stages that ran, for the log."""
    return {name: round(time_ms, 2) for name, time_ms in times_ms.items() if time_ms}


def hosts_in(*addresses: str) -> str:
    """Hosts and ports only: the rest of an address may hold secrets, and the base of HTML is not checked."""
    hosts = [found[1] for address in addresses if (found := _HOST.match(address))]
    return ",".join(dict.fromkeys(hosts))


def route_of(scope: Scope) -> str:
    """The path as it is declared, which Litestar does not give for a mounted application."""
    if template := scope.get("path_template"):
        return str(template)
    handler = scope.get("route_handler")
    return min(handler.paths) if handler else "unknown"


def _unknown_context(headers: Iterable[tuple[bytes, bytes]]) -> RequestContext:
    """For a response that names its request already."""
    name = next((value.decode() for name, value in headers if name.lower() == b"x-request-id"), "")
    context = RequestContext(name=name)
    context.headers = []
    return context


class AccessLog:
    """Litestar's `before_send` and `after_exception` hooks."""

    def __init__(self, *, metrics: Metrics, log: FilteringBoundLogger | None) -> None:
        self._metrics = metrics
        self._log = log

    async def before_send(self, message: Message, scope: Scope) -> None:
        """Add the headers of the request's context; log the request with the last piece of the body."""
        context: RequestContext | None = scope["state"].get("context")
        if message["type"] == "http.response.start":
            if context is None:
                # no route took it, so the access middleware did not see it
                context = scope["state"]["context"] = _unknown_context(message["headers"])
            context.status = 499 if context.client_left else message["status"]
            message["headers"] = [*message["headers"], *context.headers]
        elif context and message["type"] == "http.response.body" and not message.get("more_body"):
            self._log_end(context, scope)

    def log_disconnect(self, context: RequestContext, scope: Scope) -> None:
        """Log a request whose client disconnected before the end of the response, unless it is logged already."""
        if not context.is_logged:
            context.status = 499
            self._log_end(context, scope)

    def _log_end(self, context: RequestContext, scope: Scope) -> None:
        context.is_logged = True
        took_s = time.perf_counter() - context.began
        route = route_of(scope)
        self._metrics.observe_request(route, context.status, took_s)
        if self._log is None or route.startswith("/health"):
            return
        self._log.info(
            "request",
            id=context.name,
            key=context.key,
            method=scope.get("method"),
            route=route,
            status=context.status,
            ms=round(took_s * 1e3, 2),
            tokens=context.tokens,
            **context.log_fields,
        )

    async def after_exception(self, exc: Exception, scope: Scope) -> None:
        """Note an error's code; log an unexpected one with its traceback, under the client's request id."""
        context: RequestContext | None = scope["state"].get("context")
        if context is not None and isinstance(exc, GatewayError):
            context.facts["code"] = exc.code
        expected = isinstance(exc, GatewayError) or getattr(exc, "status_code", 500) < 500
        # as in the middle of its body
        left = context is not None and context.client_left
        if self._log is not None and not expected and not left:
            self._log.error("unhandled_exception", id=request_id.get(), path=scope["path"], exc_info=exc)
