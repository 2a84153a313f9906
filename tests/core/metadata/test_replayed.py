"""What is replayed is worked out once, and no further than it is asked for."""

from collections.abc import Iterator
from itertools import islice

from gateway.core.metadata.replayed import Replayed


def test_values_are_worked_out_once_and_as_far_as_asked() -> None:
    made = []

    def make() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number

    values = Replayed(make())
    assert made == []
    assert list(islice(values, 2)) == [0, 1] and made == [0, 1]
    # two at a time, one behind the other
    ahead, behind = iter(values), iter(values)
    assert [next(ahead) for _ in range(4)] == [0, 1, 2, 3]
    assert list(behind) == list(values) == made == list(range(5))
    assert list(ahead) == [4]
    assert list(Replayed([])) == []
