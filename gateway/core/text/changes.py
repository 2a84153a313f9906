"""What differs between two texts that are lists of blocks, in time linear in their length.

A block that both have is the same one wherever it stands. What is left between two such blocks has changed there:
the first of the old ones became the first of the new ones, and so on.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

# a shared block, and how often it was met before; None: the start
_Place = tuple[str, int] | None


class Difference(NamedTuple):
    """A block before and after; None where there is none."""

    old: str | None
    new: str | None


def compare(old: Sequence[str], new: Sequence[str]) -> list[Difference]:
    """The blocks that are not in both, in the order of the new text."""
    shared = Counter(old) & Counter(new)
    places, added = _between(new, shared)
    _, gone = _between(old, shared)
    found: list[Difference] = []
    for place in places:
        before, after = gone[place], added[place]
        both = min(len(before), len(after))
        found += map(Difference, before[:both], after[:both])
        found += [Difference(block, None) for block in before[both:]]
        found += [Difference(None, block) for block in after[both:]]
    return found


def _between(
    blocks: Sequence[str], shared: Counter[str]
) -> tuple[list[_Place], defaultdict[_Place, list[str]]]:
    """The shared blocks in their order, and by each the blocks between it and the next."""
    place: _Place = None
    places: list[_Place] = [place]
    others: defaultdict[_Place, list[str]] = defaultdict(list)
    met: Counter[str] = Counter()
    for block in blocks:
        if met[block] < shared[block]:
            place = block, met[block]
            places.append(place)
            met[block] += 1
        else:
            others[place].append(block)
    return places, others
