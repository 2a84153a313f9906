"""A dictionary that is bounded by bytes: what was used least recently goes first. Pure."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# one value takes a quarter of the room at most, so that it cannot push all others out
_LARGEST_SHARE = 4


class ByteLru(Generic[K, V]):
    """Values by key, as many of the most recently used as fit.

    Args:
        size_bytes: of all values together; each comes with its own.
    """

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[K]:
        return iter(self._values)

    def get(self, key: K) -> V | None:
        """The value of a key, which counts as used now."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, *, size_bytes: int) -> None:
        """Hold a value in the place of the one before; one above a quarter of the room is not held."""
        self.drop(key)
        if size_bytes > self._size_bytes // _LARGEST_SHARE:
            return
        self._values[key] = (value, size_bytes)
        self.used_bytes += size_bytes
        while self.used_bytes > self._size_bytes:
            self.drop(next(iter(self._values)))

    def drop(self, key: K) -> None:
        """Hold the value of this key no longer, if it is there."""
        if dropped := self._values.pop(key, None):
            self.used_bytes -= dropped[1]
