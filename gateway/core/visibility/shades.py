"""Colours among which one is looked for that no reader can tell from another."""

from collections.abc import Collection
from itertools import product

from gateway.core.visibility.css import is_near

# that are compared one by one
_FEW = 30


class Shades:
    """Opaque colours of six hex digits; others among them are left out."""

    def __init__(self, colors: Collection[str]) -> None:
        self._colors = {color for color in colors if len(color) == 6}
        self._cells: set[tuple[int, ...]] | None = None

    def may_have_near(self, color: str) -> bool:
        """Whether one of them `is_near`: never wrongly False, and of few never wrongly True.

        A page may have as many backgrounds as letters. Then each is put into a cell of 16 by 16 by 16 colours, and so
        are all cells around it.
        """
        if len(color) != 6:
            return False
        if color in self._colors:
            return True
        if len(self._colors) <= _FEW:
            return any(is_near(color, other) for other in self._colors)
        if self._cells is None:
            around = (
                product(*(range(step - 1, step + 2) for step in cell))
                for cell in {_cell_of(other) for other in self._colors}
            )
            self._cells = {cell for cells in around for cell in cells}
        return _cell_of(color) in self._cells


def _cell_of(color: str) -> tuple[int, int, int]:
    # digits may be in capital letters
    return int(color[0], 16), int(color[2], 16), int(color[4], 16)
