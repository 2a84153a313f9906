"""Where spans go: to a collector, by OTLP over HTTP (extra `otel`), if OpenTelemetry's variables name one."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping

from opentelemetry import trace

from gateway import __version__

SERVICE = "winnow"
# the longest that a collector that does not answer may delay the end
FLUSH_S = 2.0
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_log = logging.getLogger("winnow.tracing")

Flush = Callable[[], Awaitable[None]]


async def no_traces() -> None:
    """There is nothing to send."""


def start_tracing(environ: Mapping[str, str]) -> Flush:
    """Set the process's provider up as the environment asks; before the service is built.

    Nothing is set up without an endpoint or the extra `otel`, nor where somebody has set a provider up already.

    Returns:
        What sends the spans that are left; for the end of the service.
    """
    wanted = any(environ.get(name) for name in _ENDPOINTS)
    disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if not wanted or disabled or environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none":
        return no_traces
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return no_traces
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        _log.warning(
            "an OTLP endpoint is configured, but nothing here sends traces: install the extra `otel`"
        )
        return no_traces
    named = "OTEL_SERVICE_NAME" in environ or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    own = {"service.version": __version__} | ({} if named else {"service.name": SERVICE})
    provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
    # the SDK reads the other OTEL_ variables
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)

    async def flush() -> None:
        sending = threading.Thread(target=provider.shutdown, daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, FLUSH_S)

    return flush
