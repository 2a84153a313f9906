"""What the network does between its products: by the package `winnow-native` where it is used, else by numpy.

Both give the same to the bit; products are numpy's either way. Rows are blocks, but for `clip_rows`.
"""

import numpy as np

from gateway.core.classifier.columns import Array
from gateway.core.dom.native import find_walk

# blocks on either side that a convolution sees, themselves among them
WIDTH = 5


def clip_rows(rows: Array, low: Array, high: Array) -> Array:
    """Rows of features whose values are held within the bounds of each row."""
    extension = find_walk().extension
    if extension is None:
        # `np.clip` takes several times as long for bounds by row
        return np.maximum(np.minimum(rows, high[:, None]), low[:, None])
    held = np.empty_like(rows)
    extension.clip_rows(rows, low, high, held)
    return held


def gather_windows(hidden: Array, dilation: int) -> Array:
    """Each row with its neighbours at -2, -1, 0, 1, 2 times the dilation, zeros beyond the ends."""
    count, width = hidden.shape
    extension = find_walk().extension
    if extension is not None:
        seen = np.empty((count, WIDTH * width), dtype=np.float32)
        extension.gather_windows(hidden, width, dilation, seen)
        return seen
    beyond = WIDTH // 2 * dilation
    padded = np.zeros((count + 2 * beyond, width), dtype=np.float32)
    padded[beyond : beyond + count] = hidden
    return np.concatenate(
        [padded[side * dilation : side * dilation + count] for side in range(WIDTH)], axis=1
    )


def rectify(values: Array, bias: Array, *, onto: Array | None = None) -> Array:
    """The values with the bias, none below zero, and added to others where some are given; both are changed."""
    extension = find_walk().extension
    if extension is not None:
        extension.rectify(values, bias, onto)
    else:
        values += bias
        np.maximum(values, 0, out=values)
        if onto is not None:
            onto += values
    return values if onto is None else onto
