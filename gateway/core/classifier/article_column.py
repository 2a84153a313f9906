"""The column of an article: the element in which most of its paragraphs stand, and the first and last of these."""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

import numpy as np
from msgspec import Struct

from gateway.core.classifier.columns import Array, single
from gateway.core.dom.blocks import Blocks

# at least, of a text that makes a column
_PARAGRAPH_WORDS = 12
# of its characters, less than that
_PARAGRAPH_LINKED = 0.3
# of paragraphs, at least
_COLUMN_WORDS = 80
# of all paragraphs that were chosen
_COLUMN_SHARE = 0.4
# of the chosen words
_MOST = 0.6
# the same, for what is no text that was chosen
_OTHER_LINKED = single(_PARAGRAPH_LINKED)
# boxes around a paragraph that hold nothing but chosen text
_MAX_WRAPPED = 3
# as C takes them
BOUNDS = (float(_PARAGRAPH_WORDS), _PARAGRAPH_LINKED, float(_COLUMN_WORDS), _COLUMN_SHARE, _MAX_WRAPPED)


class Column(Struct, frozen=True):
    """The element with most of the chosen paragraphs, and where those begin and end."""

    element: int
    first: int
    last: int
    # of those paragraphs
    words: float


def find_column(
    chosen: Sequence[int], words: Sequence[float], link: Sequence[float], blocks: Blocks
) -> Column | None:
    """Find the column of the chosen blocks; None where no element has enough of their paragraphs.

    Builders of sites put every paragraph into boxes of its own. A box that holds nothing but chosen text counts as the
    paragraph, so the column is the element that holds those boxes.
    """
    owners, parents = blocks.owners, blocks.parents
    paragraphs, holders = [], []
    total = 0.0
    for index in chosen:
        if words[index] >= _PARAGRAPH_WORDS and link[index] < _PARAGRAPH_LINKED:
            paragraphs.append(index)
            holders.append(parents[owners[index]])
            total += words[index]
    others: list[int] | None = None
    for _ in range(_MAX_WRAPPED):
        sizes: dict[int, float] = {}
        for index, holder in zip(paragraphs, holders, strict=True):
            sizes[holder] = sizes.get(holder, 0) + words[index]
        element = max(sizes, key=sizes.__getitem__, default=-1)
        if element < 0:
            return None
        if sizes[element] >= max(_COLUMN_WORDS, _COLUMN_SHARE * total):
            held = [index for index, holder in zip(paragraphs, holders, strict=True) if holder == element]
            return Column(element, held[0], held[-1], sizes[element])
        if others is None:
            others = _count_others(chosen, link)
        for at, holder in enumerate(holders):
            if holder >= 0 and others[blocks.lasts[holder]] == others[blocks.firsts[holder]]:
                holders[at] = parents[holder]
    return None


def _count_others(chosen: Sequence[int], link: Sequence[float]) -> list[int]:
    """How many blocks before each place are no text that was chosen."""
    is_other = [1] * len(link)
    for index in chosen:
        is_other[index] = link[index] >= _OTHER_LINKED
    return list(accumulate(is_other, initial=0))


def holds_most(column: Column | None, chosen: Sequence[int], words: Sequence[float]) -> bool:
    """Whether there is a column that has most of the chosen words."""
    return column is not None and column.words >= _MOST * sum([words[index] for index in chosen])


def upwards(element: int, blocks: Blocks) -> Iterator[int]:
    """An element and those around it, the innermost first."""
    while element >= 0:
        yield element
        element = blocks.parents[element]


def inherit(element: int, known: dict[int, int], blocks: Blocks, find: Callable[[int, int], int], /) -> int:
    """A number of an element that follows from its parent's.

    Args:
        known: the numbers found so far, those of the outermost elements among them; what is found is added, so that
            each element is looked at once.
        find: an element and its parent's number -> its number.
    """
    path = []
    while element not in known:
        path.append(element)
        element = blocks.parents[element]
    found = known[element]
    while path:
        element = path.pop()
        found = known[element] = find(element, found)
    return found


def running(values: Array) -> Array:
    """The sums of the values before each place, from none to all of them."""
    sums = np.zeros(len(values) + 1, dtype=np.float32)
    np.cumsum(values, out=sums[1:])
    return sums
