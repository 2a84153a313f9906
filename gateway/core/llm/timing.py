"""How fast an answer came: first token, gaps, rate. Pure: instants in, milliseconds out.

A delta may hold several tokens, so `itl_ms` are gaps between deltas, while `tpot_ms` divides by the tokens
the model reported.
"""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from gateway.wire import Gaps


class TokenTimings(Struct, kw_only=True, frozen=True):
    """One answer's timings; `tpot_ms` is None below two output tokens or when the model reported none."""

    queue_ms: float = 0
    ttft_ms: float = 0
    tpot_ms: float | None = None
    itl_ms: Gaps = Gaps()
    total_ms: float = 0


def measure_tokens(
    deltas: Sequence[float],
    *,
    started: float,
    finished: float,
    output_tokens: int = 0,
    queue_ms: float = 0,
) -> TokenTimings:
    """Timings of one answer.

    Args:
        deltas: when each non-empty delta arrived, in seconds, ascending.
        started: when the prompt was sent, on the same clock.
        finished: when the answer was complete.
        output_tokens: what the model reported.
        queue_ms: time in a queue, as the backend reports it; part of the time to the first token.
    Returns:
        `ttft_ms` = prompt sent → first delta (→ end, when there was none);
        `tpot_ms` = (total − ttft) / (output tokens − 1).
    """
    total_s = finished - started
    ttft_s = max(0.0, deltas[0] - started) if deltas else total_s
    return TokenTimings(
        queue_ms=_ms(queue_ms / 1000),
        ttft_ms=_ms(ttft_s),
        tpot_ms=_ms((total_s - ttft_s) / (output_tokens - 1)) if output_tokens > 1 and deltas else None,
        itl_ms=measure_gaps([later - earlier for earlier, later in pairwise(deltas)]),
        total_ms=_ms(total_s),
    )


def measure_gaps(gaps_s: Sequence[float]) -> Gaps:
    """Nearest-rank percentiles of gaps given in seconds."""
    if not gaps_s:
        return Gaps()
    ranked = sorted(gaps_s)
    last = len(ranked) - 1
    return Gaps(p50=_ms(ranked[round(last * 0.5)]), p95=_ms(ranked[round(last * 0.95)]), max=_ms(ranked[-1]))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
