"""The span of one call to a model, with the attributes of OpenTelemetry's GenAI conventions."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind

from backends.base import Completion, CompletionRequest, Route
from gateway.telemetry.spans import span, without_empty


class ModelSpan:
    """What is known of a call only while it runs."""

    def __init__(self, current: Span) -> None:
        self._current = current
        self._began = time.perf_counter()

    def first_token(self) -> None:
        """Record how long the model took to say something."""
        self._current.set_attribute("gen_ai.response.time_to_first_chunk", time.perf_counter() - self._began)

    def completed(self, completion: Completion) -> None:
        """Record what the model reported at the end."""
        if not self._current.is_recording():
            return
        usage = completion.usage
        self._current.set_attributes(
            without_empty(
                {
                    "gen_ai.response.model": completion.model,
                    "gen_ai.response.id": completion.raw.get("id"),
                    "gen_ai.response.finish_reasons": [completion.finish_reason],
                    "gen_ai.usage.input_tokens": usage and usage.input_tokens,
                    "gen_ai.usage.output_tokens": usage and usage.output_tokens,
                    "gen_ai.usage.cache_read.input_tokens": usage and usage.cached_input_tokens,
                }
            )
        )


@contextmanager
def model_span(request: CompletionRequest, route: Route) -> Iterator[ModelSpan]:
    """The current span while the route's backend answers `request`."""
    asked = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": route.backend.name,
        "gen_ai.request.model": route.model,
        "gen_ai.request.max_tokens": request.max_output_tokens,
        "gen_ai.request.temperature": request.temperature,
        "gen_ai.request.seed": request.seed,
        "gen_ai.request.stream": request.stream,
    }
    with span(f"chat {route.model}", asked, kind=SpanKind.CLIENT) as current:
        yield ModelSpan(current)
