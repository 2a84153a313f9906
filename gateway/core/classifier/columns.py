"""The columns of numbers of `Blocks` as arrays."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.core.dom.blocks import BLOCK_NUMBERS, ELEMENT_NUMBERS, Blocks

Array = NDArray[np.float32]
Ints = NDArray[np.intp]


class Columns(NamedTuple):
    """Rows in the order of ELEMENT_NUMBERS and of BLOCK_NUMBERS."""

    elements: Ints
    blocks: Ints


def read_columns(blocks: Blocks) -> Columns:
    """The columns of a page, which are not to be changed."""
    if blocks.packed:
        # C has put them one behind the other
        numbers = np.frombuffer(blocks.packed, dtype=np.intp)
        cut = len(ELEMENT_NUMBERS) * len(blocks.tags)
        return Columns(
            numbers[:cut].reshape(len(ELEMENT_NUMBERS), -1), numbers[cut:].reshape(len(BLOCK_NUMBERS), -1)
        )
    return Columns(
        *(
            np.array([getattr(blocks, name) for name in names], dtype=np.intp)
            for names in (ELEMENT_NUMBERS, BLOCK_NUMBERS)
        )
    )


def single(bound: float) -> float:
    """A bound as numpy compares it with a number of single precision: rounded as that is.

    For numbers that are read one by one, which takes a list a fifth of the time of an array.
    """
    return float(np.float32(bound))


def stack(rows: Sequence[Any], count: int) -> Array:
    """Rows of numbers as one array; a number fills its row.

    `numpy.array` looks at every row several times, which takes longer than to copy it.
    """
    stacked = np.empty((len(rows), count), dtype=np.float32)
    for index, row in enumerate(rows):
        stacked[index] = row
    return stacked
