"""Measures how the cost of work grows with its input, in a way that a busy machine does not upset."""

import gc
import math
import time
from collections.abc import Callable

MOST_GROWTH = 2.5  # times the CPU for twice the input: linear, with room for caches that no longer suffice
_RUNS = 3
_ATTEMPTS = 5
_LEAST_S = 0.01  # CPU seconds below which a busy machine's interrupts weigh more than the work
_MOST_TIMES = 20


def assert_linear(prepare: Callable[[int], Callable[[], object]], size: int) -> None:
    """Fail unless work on `2 * size` takes at most `MOST_GROWTH` times the CPU of work on `size`.

    Of several runs the least counts, since noise only adds; and one good measurement of several is enough. Every
    other one is of twice the size: where the data outgrow a cache or the allocator's small blocks, one doubling costs
    more, and the next does not. Work that is not linear fails at both.

    Args:
        prepare: makes the work for a size; not measured itself.
        size: large enough that the work takes about a millisecond; it is done over until it took ten. To make it
            larger instead would measure where the data outgrow the caches.
    """
    measured = []
    # what a collection costs depends on all that the test process holds, not on this work
    gc.collect()
    gc.freeze()
    try:
        times = min(_MOST_TIMES, math.ceil(_LEAST_S / _cpu_s(prepare(size))))
        for attempt in range(_ATTEMPTS):
            least = size if attempt % 2 == 0 else 2 * size
            single, double = prepare(least), prepare(2 * least)
            # by turns: a machine is busy for a while
            runs = [(_cpu_s(single, times), _cpu_s(double, times)) for _ in range(_RUNS)]
            single_s, double_s = map(min, zip(*runs, strict=True))
            if double_s <= MOST_GROWTH * single_s:
                return
            measured.append(double_s / single_s)
    finally:
        gc.unfreeze()
    raise AssertionError(f"twice the input took {min(measured):.2f} times the CPU at best")


def _cpu_s(work: Callable[[], object], times: int = 1) -> float:
    """The CPU seconds of some work, done so many times."""
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        for _ in range(times):
            work()
        return max(time.process_time() - began, 1e-6)
    finally:
        gc.enable()
