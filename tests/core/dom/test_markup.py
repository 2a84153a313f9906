"""What C counts in the bytes of a page is what numpy counts there."""

import random
import sys
import unicodedata
from collections.abc import Iterator
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.dom.native import find_walk, prefer_native
from gateway.core.dom.nesting import count_tags, find_open
from gateway.core.dom.shown_text import is_composed
from tests.core.test_fuzz import BAD
from tests.test_fuzz import mutate, seeds

WINDOW = 32_768
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
        found.append((count_tags(markup), is_composed(markup)))
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


TAGS = """<script> </script> <SCRIPT/x> </Script <style a='>'> </style> <title <titles> </title> <!-- --> <!-->
-- - > < </ <p <p> </p> <a/b='c>' <a/b="c>" " ' = <iframe> </iframe> <xmp> </xmp/> <1> </1 <!x> script scriptx
-script"""
WORDS = st.sampled_from([*map(str.encode, TAGS.split()), b" ", b"a", b"_", b"\xff"])


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(WORDS, max_size=40), st.integers(0, 200), st.integers(0, 200))
def test_open_tags_are_found_alike(pieces: list[bytes], start: int, position: int) -> None:
    text = b"".join(pieces)
    start, position = min(start, len(text)), min(position, len(text))
    found = []
    for wanted in (True, False):
        prefer_native(wanted)
        found.append(find_open(text, start, position))
    assert found[0] == found[1]


def test_open_tags_outside_the_markup_are_refused(compiled: ModuleType) -> None:
    for start, position in ((-1, 0), (0, -1), (2, 0), (0, 2)):
        with pytest.raises(ValueError, match="outside"):
            compiled.find_open(b"<", start, position)


LETTERS = (
    "e\u0301\u00e9\u0327\u0323\u1100\u1161\u11a8\uac00\u0915\u093c\u0958\u3099\u304b\u2019 \u2126\u0338="
    "\U00011099\U000110ba"
)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(st.sampled_from([letter.encode() for letter in LETTERS]), st.binary(max_size=2))))
def test_what_is_composed_is_told_alike(pieces: list[bytes]) -> None:
    prefer_native(True)
    for markup in (b"".join(pieces), b"".join(pieces) * 9, b"ab".join(pieces)):
        assert is_composed(markup) == unicodedata.is_normalized("NFC", markup.decode("utf-8", "replace"))


def test_characters_that_may_combine_are_found(compiled: ModuleType) -> None:
    """Whatever Python's version of Unicode says of them."""
    codes = [*range(0x80, 0xD800), *range(0xE000, sys.maxunicode + 1)]
    # the second of two that are composed, and vowels and ends of Hangul
    joining = {
        int(parts[1], 16)
        for code in codes
        if len(parts := unicodedata.decomposition(chr(code)).split()) == 2 and "<" not in parts[0]
    } | {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}
    for code in codes:
        letter = chr(code)
        combines = (
            unicodedata.combining(letter) or code in joining or not unicodedata.is_normalized("NFC", letter)
        )
        if combines and code >= 0x300:
            assert compiled.find_combining(f"a{letter}".encode()) == f"\na{letter}".encode(), hex(code)


def test_windows_of_no_bytes_are_refused(compiled: ModuleType) -> None:
    with pytest.raises(ValueError, match="window"):
        compiled.count_tags(b"<", 0)
