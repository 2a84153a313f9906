"""Instants in, milliseconds out."""

import pytest

from gateway.core.llm.timing import measure_gaps, measure_tokens
from gateway.wire import Gaps


def test_timings_follow_the_vocabulary() -> None:
    timings = measure_tokens([1.0, 1.1, 1.3, 1.6], started=0.5, finished=2.0, output_tokens=11, queue_ms=12.5)
    assert timings.ttft_ms == 500
    assert timings.total_ms == 1500
    assert timings.tpot_ms == pytest.approx((1500 - 500) / 10)
    assert timings.itl_ms == Gaps(p50=200, p95=300, max=300)
    assert timings.queue_ms == 12.5


@pytest.mark.parametrize("tokens", [0, 1])
def test_rate_needs_two_tokens(tokens: int) -> None:
    assert measure_tokens([1.0], started=0, finished=2, output_tokens=tokens).tpot_ms is None


def test_answer_without_a_delta_has_its_end_as_first_token() -> None:
    timings = measure_tokens([], started=0, finished=2, output_tokens=9)
    assert (timings.ttft_ms, timings.total_ms, timings.tpot_ms, timings.itl_ms) == (
        2000,
        2000,
        None,
        Gaps(),
    )


def test_spread_takes_the_nearest_rank() -> None:
    assert measure_gaps([gap / 1000 for gap in range(101)]) == Gaps(p50=50, p95=95, max=100)
