"""The column of an article: the element in which most of its paragraphs stand, and the first and last of these."""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from gateway.core.classifier.columns import Array
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
# boxes around a paragraph that hold nothing but chosen text
_MAX_WRAPPED = 3


class Column(Struct, frozen=True):
    """The element with most of the chosen paragraphs, and where those begin and end."""

    element: int
    first: int
    last: int
    # of those paragraphs
    words: float


def find_column(chosen: Sequence[int], words: Array, link: Array, blocks: Blocks) -> Column | None:
    """Find the column of the chosen blocks; None where no element has enough of their paragraphs.

    Builders of sites put every paragraph into boxes of its own. A box that holds nothing but chosen text counts as the
    paragraph, so the column is the element that holds those boxes.
    """
    sizes_of, links = words.tolist(), link.tolist()
    paragraphs = [
        index for index in chosen if sizes_of[index] >= _PARAGRAPH_WORDS and links[index] < _PARAGRAPH_LINKED
    ]
    total = sum(sizes_of[index] for index in paragraphs)
    others: Array | None = None
    holders = {index: blocks.parents[blocks.owners[index]] for index in paragraphs}
    for _ in range(_MAX_WRAPPED):
        sizes: dict[int, float] = {}
        for index, holder in holders.items():
            sizes[holder] = sizes.get(holder, 0) + sizes_of[index]
        element = max(sizes, key=sizes.__getitem__, default=-1)
        if element < 0:
            return None
        if sizes[element] >= max(_COLUMN_WORDS, _COLUMN_SHARE * total):
            held = [index for index in paragraphs if holders[index] == element]
            return Column(element, held[0], held[-1], sizes[element])
        if others is None:
            others = _count_others(chosen, link)
        for index, holder in holders.items():
            if holder >= 0 and others[blocks.lasts[holder]] == others[blocks.firsts[holder]]:
                holders[index] = blocks.parents[holder]
    return None


def _count_others(chosen: Sequence[int], link: Array) -> Array:
    """How many blocks before each place are no text that was chosen."""
    is_other = np.ones(len(link), dtype=np.float32)
    is_other[list(chosen)] = link[list(chosen)] >= _PARAGRAPH_LINKED
    return running(is_other)


def holds_most(column: Column | None, chosen: Sequence[int], words: Array) -> bool:
    """Whether there is a column that has most of the chosen words."""
    return column is not None and column.words >= _MOST * float(words[list(chosen)].sum())


def upwards(element: int, blocks: Blocks) -> Iterator[int]:
    """An element and those around it, the innermost first."""
    while element >= 0:
        yield element
        element = blocks.parents[element]


def running(values: Array) -> Array:
    """The sums of the values before each place, from none to all of them."""
    sums = np.zeros(len(values) + 1, dtype=np.float32)
    np.cumsum(values, out=sums[1:])
    return sums
