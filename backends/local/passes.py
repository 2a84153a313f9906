"""In which order a batch names its sequences, so that llama.cpp computes it in cheap passes. Pure.

With a stretch of KV for every sequence llama.cpp computes a batch in passes, each of which reads all weights once. A
pass takes sequences whose numbers follow one another in the batch (2, 3, 4, but not 4, 2), and as many tokens of each
as the shortest has there. Whatever the order, the same is computed; what it costs differs by half and more.

What passes of one, two, three sequences cost depends on processor, build and weights: kernels for many columns may
begin at three times the price of those for one, and some work on four at a time. So it is measured, at start.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

# More passes than need be are made only where they save this much: each computes a graph of its own, which takes up to
# a tenth of a small model's pass, and measurements differ by a little.
WORTH = 0.9


class Passes:
    """Knows which passes are cheap.

    Args:
        costs_s: what a pass of 1, 2, 3, … sequences with one token each costs; longer ones are never split.
    """

    def __init__(self, costs_s: Sequence[float] = ()) -> None:
        # for so many sequences in a run: the cost, and how many each pass takes
        plans: list[tuple[float, list[int]]] = [(0.0, [])]
        for count, whole_s in enumerate(costs_s, 1):
            ways = [
                (costs_s[n - 1] + plans[count - n][0], [n, *plans[count - n][1]]) for n in range(1, count)
            ]
            apart = min(ways, default=(whole_s, [count]))
            plans.append(apart if apart[0] < WORTH * whole_s else (whole_s, [count]))
        self._sizes = [sizes for _, sizes in plans]

    def order(self, decoding: Iterable[int], prompts: Iterable[int]) -> list[int]:
        """Sequences in the order in which to put them into a batch.

        Args:
            decoding: sequences with one token each.
            prompts: sequences with more; together they would be cut to the shortest, and leave rests.
        """
        passes = [[number] for number in prompts]
        for run in _runs(decoding):
            left = iter(run)
            sizes = self._sizes[len(run)] if len(run) < len(self._sizes) else [len(run)]
            passes += [list(islice(left, size)) for size in sizes]
        # from the highest down: no pass goes on where the one before it ended
        return [number for each in sorted(passes, reverse=True) for number in each]


def _runs(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers that follow one another, together."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
