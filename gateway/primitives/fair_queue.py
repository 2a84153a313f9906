"""A queue that is fair: first come, first served within a tenant, and tenants in turn. Pure."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """One tenant with a hundred requests waits as long for its second as another for its first."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def __iter__(self) -> Iterator[T]:
        for line in self._lines.values():
            yield from line

    def put(self, item: T, *, tenant: str) -> None:
        self._lines.setdefault(tenant, deque()).append(item)

    def discard(self, item: T, *, tenant: str) -> None:
        """Remove an item that may have been taken already."""
        line = self._lines.get(tenant)
        if line and item in line:
            line.remove(item)
            if not line:
                del self._lines[tenant]

    def take(self, accept: Callable[[T], bool]) -> T | None:
        """Remove and return the first item that is accepted; its tenant goes to the end of the round.

        An item that is not accepted now keeps its place, and others may pass it.
        """
        for tenant, line in self._lines.items():
            for item in line:
                if accept(item):
                    line.remove(item)
                    if line:
                        self._lines.move_to_end(tenant)
                    else:
                        del self._lines[tenant]
                    return item
        return None

    def remove_where(self, condition: Callable[[T], bool]) -> list[T]:
        """Remove and return every item for which the condition holds."""
        removed = [item for item in self if condition(item)]
        for tenant, line in list(self._lines.items()):
            kept = deque(item for item in line if not condition(item))
            if kept:
                self._lines[tenant] = kept
            else:
                del self._lines[tenant]
        return removed
