"""What C counts in the bytes of a page is what numpy counts there."""

import random
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.dom.native import find_walk, prefer_native
from gateway.core.dom.nesting import count_tags
from gateway.core.dom.shown_text import find_around
from tests.core.test_fuzz import BAD
from tests.test_fuzz import mutate, seeds

WINDOW = 32_768
AROUND = 8
MUTATED = 500


@pytest.fixture(scope="module", autouse=True)
def offered(compiled: ModuleType) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "winnow_native", compiled)
        find_walk.cache_clear()
        assert find_walk().extension is compiled
        yield
    prefer_native(True)


def compare(markup: bytes) -> None:
    found = []
    for wanted in (True, False):
        prefer_native(wanted)
        around = find_around(markup)
        pieces = (
            None if around is None else {around[at : at + AROUND] for at in range(0, len(around), AROUND)}
        )
        found.append((count_tags(markup), pieces))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", BAD)
def test_bad_pages_are_counted_alike(name: str) -> None:
    compare(BAD[name])


def test_mutated_pages_are_counted_alike() -> None:
    chance, pieces = random.Random(29), seeds()
    for _ in range(MUTATED):
        page = mutate(chance.choice(pieces), chance)
        compare(page)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.sampled_from([b"<", b"</", b"<o", b"<O", b"a", b"\xcc\x80", b"\xe2\x80\x99", b"\xff", b"o", b"/"])
    ),
    st.sampled_from([0, 1, 300, WINDOW - 3, WINDOW]),
    st.booleans(),
)
def test_bytes_are_counted_alike(pieces: list[bytes], more: int, before: bool) -> None:
    """Also at the ends of windows, and of the page."""
    text = b"".join(pieces)
    compare(b"x" * more + text if before else text + b"x" * more)


def test_windows_of_no_bytes_are_refused(compiled: ModuleType) -> None:
    with pytest.raises(ValueError, match="window"):
        compiled.count_tags(b"<", 0)
