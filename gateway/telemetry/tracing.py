"""Traces, off unless asked for: a span a request, and one for each stage below it.

Stages are seen from outside: `app` passes the parts it builds through `NoopTracing` or `otel.Tracing`. No use case
knows of tracing, and what is not traced is the part itself: off costs nothing.
"""

import importlib.util
import logging
from collections.abc import Mapping
from typing import Any, TypeVar

from gateway.auth.limits import Admission
from gateway.cache.base import Cache
from gateway.completions.completer import Routes
from gateway.core.tasks.base import Workers
from gateway.fetch.base import Fetcher

CacheT = TypeVar("CacheT", bound=Cache)
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_log = logging.getLogger("winnow.tracing")


class NoopTracing:
    """Leaves every part as it is."""

    def middleware(self) -> list[Any]:
        """What stands before all other middleware, for the span of a request."""
        return []

    def admission(self, admission: Admission) -> Admission:
        return admission

    def fetcher(self, fetcher: Fetcher) -> Fetcher:
        return fetcher

    def workers(self, workers: Workers) -> Workers:
        return workers

    def cache(self, cache: CacheT) -> CacheT:
        return cache

    def routes(self, routes: Routes) -> Routes:
        return routes

    async def aclose(self) -> None:
        """Send what is left."""


def open_tracing(environ: Mapping[str, str]) -> NoopTracing:
    """Traces as OpenTelemetry's own variables ask for them; none without an endpoint or the extra `otel`."""
    wanted = any(environ.get(name) for name in _ENDPOINTS)
    disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if not wanted or disabled or environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none":
        return NoopTracing()
    try:
        found = importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http")
    except ModuleNotFoundError:  # not even a parent package
        found = None
    if found is None:
        _log.warning(
            "an OTLP endpoint is configured, but nothing here sends traces: install the extra `otel`"
        )
        return NoopTracing()
    from gateway.telemetry.otel import open_exporting

    return open_exporting(environ)
