"""Spans of OpenTelemetry, started where the stages are; nothing is recorded until somebody sets a provider up.

No attribute holds more of an address than its host, nor a prompt, a page or a secret. An error is recorded by its code,
never by its message, which may hold an address or a prompt.

Source: W3C Trace Context; OpenTelemetry semantic conventions (HTTP, GenAI).
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway import __version__

_tracer = trace.get_tracer("winnow", __version__)
_propagator = TraceContextTextMapPropagator()
_unrecorded = nullcontext(INVALID_SPAN)


@cache
def are_recorded() -> bool:
    """Whether spans go anywhere.

    Asked once: a provider is set up before the service is built. The API's own no-op spans take ten times as long.
    """
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def span(
    name: str,
    attributes: Mapping[str, Any] | None = None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Context | None = None,
) -> AbstractContextManager[Span]:
    """The current span while the block lasts.

    Args:
        attributes: those that are None or empty are left out.
        parent: where the span belongs; the current span by default.
    """
    return _recorded(name, attributes or {}, kind, parent) if are_recorded() else _unrecorded


@contextmanager
def _recorded(
    name: str, attributes: Mapping[str, Any], kind: SpanKind, parent: Context | None
) -> Iterator[Span]:
    with _tracer.start_as_current_span(
        name,
        context=parent,
        kind=kind,
        attributes=without_empty(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except BaseException as exc:
            _record_error(current, exc)
            raise


def add_stages(stages_ms: Mapping[str, float]) -> None:
    """Spans below the current one for stages that ran one after the other elsewhere, the last of which ended now."""
    began_ns = time.time_ns() - sum(round(stage_ms * 1e6) for stage_ms in stages_ms.values())
    for name, stage_ms in stages_ms.items():
        ended_ns = began_ns + round(stage_ms * 1e6)
        _tracer.start_span(name, start_time=began_ns).end(ended_ns)
        began_ns = ended_ns


def parent_in(headers: Mapping[str, str]) -> Context:
    """The caller's span, as `traceparent` names it."""
    return _propagator.extract(headers)


def trace_headers() -> dict[str, str]:
    """The headers that name the current span to another server; empty without one."""
    headers: dict[str, str] = {}
    if are_recorded():
        _propagator.inject(headers)
    return headers


def without_empty(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes that have a value."""
    return {name: value for name, value in attributes.items() if value is not None and value != ""}


def _record_error(current: Span, exc: BaseException) -> None:
    if isinstance(exc, asyncio.CancelledError | GeneratorExit):
        # a cancelled request is not an error
        current.set_attribute("error.type", "cancelled")
        return
    current.set_attribute("error.type", getattr(exc, "code", None) or type(exc).__name__)
    # a lower status is the caller's error
    if getattr(exc, "status", 500) >= 500:
        current.set_status(StatusCode.ERROR)
