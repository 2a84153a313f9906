"""Metrics of model calls, by the names of OpenTelemetry's GenAI conventions in Prometheus form.

Source: OpenTelemetry semantic conventions, "GenAI metrics" (names, labels and bucket boundaries).
"""

from collections.abc import Callable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram

from backends.base import Route
from gateway.completions.answer import Finished
from gateway.errors import GatewayError

OPERATION = "chat"
# names of models that get a series of their own: some backends take any name
MOST_MODELS = 200
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TTFT = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_TPOT = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5)
_TOKENS = tuple(4**power for power in range(14))
_LABELS = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


class ModelMetrics:
    """A `gateway.completions.answer.Watcher` that counts.

    Args:
        registry: where the metrics are exposed from; one of these to a registry.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        # the library looks a label up under a lock, each time: on every request that would add up
        def histogram(
            name: str, text: str, *labels: str, buckets: tuple[float, ...]
        ) -> Callable[..., Histogram]:
            return cache(
                Histogram(name, text, (*_LABELS, *labels), buckets=buckets, registry=registry).labels
            )

        def counter(name: str, text: str, label: str) -> Callable[..., Counter]:
            return cache(Counter(name, text, (*_LABELS, label), registry=registry).labels)

        self._tokens = histogram(
            "gen_ai_client_token_usage",
            "Tokens of a request, as the model reported them; answers from the cache use none",
            "gen_ai_token_type",
            buckets=_TOKENS,
        )
        self._duration = histogram(
            "gen_ai_client_operation_duration_seconds",
            "From request to whole answer or failure",
            "error_type",
            buckets=_SECONDS,
        )
        self._first = histogram(
            "gen_ai_server_time_to_first_token_seconds", "From prompt sent to first delta", buckets=_TTFT
        )
        self._each = histogram(
            "gen_ai_server_time_per_output_token_seconds",
            "Seconds for each token after the first",
            buckets=_TPOT,
        )
        self._cache = counter("winnow_completion_cache", "Answers by what the cache did", "status")
        self._cost = counter(
            "winnow_completion_cost_usd",
            "US dollars by configured prices; saved: answers from the cache or a shared call",
            "kind",
        )
        self._models: set[str] = set()

    def finished(self, finished: Finished) -> None:
        labels = self._labels(finished.backend, finished.model)
        timings, usage = finished.timings, finished.completion.usage
        self._duration(*labels, "").observe(timings.total_ms / 1000)
        self._cache(*labels, finished.cache.status).inc()
        self._cost(*labels, "spent").inc(finished.cost.usd)
        self._cost(*labels, "saved").inc(finished.cost.saved_usd)
        if finished.cache.status == "hit":
            # no model worked for it
            return
        self._first(*labels).observe(timings.ttft_ms / 1000)
        if timings.tpot_ms is not None:
            self._each(*labels).observe(timings.tpot_ms / 1000)
        if usage is not None:
            self._tokens(*labels, "input").observe(usage.input_tokens)
            self._tokens(*labels, "output").observe(usage.output_tokens)

    def failed(self, error: GatewayError, *, route: Route, after_ms: float) -> None:
        labels = self._labels(route.backend.name, route.name)
        self._duration(*labels, error.code).observe(after_ms / 1000)

    def _labels(self, backend: str, model: str) -> tuple[str, str, str]:
        if model not in self._models:
            if len(self._models) >= MOST_MODELS:
                model = "other"
            self._models.add(model)
        return OPERATION, backend, model
