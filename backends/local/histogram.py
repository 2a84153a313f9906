"""A histogram as Prometheus counts one: cumulative buckets, a sum and a count."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

# OpenTelemetry's advice for gen_ai.server.time_to_first_token and time_per_output_token
TTFT_BUCKETS_S = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
ITL_BUCKETS_S = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5)


class Histogram:
    """Counts observations into buckets with these upper bounds, plus one above."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def snapshot(self) -> dict[str, Any]:
        """`{"buckets": [[upper bound, observations at or below it], …], "sum", "count"}`."""
        total, buckets = 0, []
        for bound, count in zip(self._bounds, self._counts, strict=False):
            total += count
            buckets.append([bound, total])
        return {"buckets": buckets, "sum": self._sum, "count": sum(self._counts)}
