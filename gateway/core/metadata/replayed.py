"""What is worked out once, as far as anybody asks for it."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Replayed(Generic[T]):
    """What an iterable gives, as often as it is asked for; it is gone through once, and no further than asked."""

    def __init__(self, values: Iterable[T]) -> None:
        self._left = iter(values)
        self._known: list[T] = []

    def __iter__(self) -> Iterator[T]:
        at = 0
        while True:
            if at == len(self._known):
                for value in self._left:
                    self._known.append(value)
                    break
                else:
                    return
            yield self._known[at]
            at += 1
