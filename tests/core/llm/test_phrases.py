"""Phrases found in texts: every place of each, whatever they share, and no more work than words."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.llm.phrases import Phrases, Piece
from tests.growth import assert_linear


def look(texts: list[list[str]], phrases: list[list[str]], **limits: Any) -> Phrases:
    """Texts whose every word is one character wide, counted on from text to text."""
    pieces, at = [], 0
    for text in texts:
        pieces.append([Piece(text, range(at, at + len(text)), range(at + 1, at + len(text) + 1))])
        at += len(text)
    return Phrases(pieces, phrases, **limits)


def starts(found: Phrases, phrase: int, low: int = 0, high: int = 10**6) -> list[int]:
    return [span.start for span in found.within(phrase, low, high)]


def expected(texts: list[list[str]], phrase: list[str]) -> list[int]:
    places, at = [], 0
    for text in texts:
        places += [at + i for i in range(len(text)) if phrase and text[i : i + len(phrase)] == phrase]
        at += len(text)
    return places


ROW = st.lists(st.sampled_from("ab"), max_size=12)


@given(st.lists(ROW, max_size=3), st.lists(ROW, max_size=6), st.integers(1, 20))
def test_phrases_are_found_at_every_place_and_at_no_other(
    texts: list[list[str]], phrases: list[list[str]], most_words: int
) -> None:
    found = look(texts, phrases, most_words=most_words)
    for number, phrase in enumerate(phrases):
        assert starts(found, number) == expected(texts, phrase)


def test_phrases_are_found_within_bounds() -> None:
    found = look([list("abab"), list("ab")], [["a", "b"], ["b", "a"]])
    assert [starts(found, 0, low, high) for low, high in ((0, 9), (1, 9), (1, 4), (5, 9))] == [
        [0, 2, 4],
        [2, 4],
        [2],
        [],
    ]
    assert starts(found, 1) == [1]  # not from one text into the next


def test_phrases_beyond_the_places_to_list_keep_their_first() -> None:
    row = ["a"] * 10
    found = look([row], [["a"], ["a", "a"], ["b"]], most_places=9)
    assert [starts(found, number) for number in range(3)] == [[0], list(range(9)), []]


@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(lambda n: ([["a"] * n], [["a"] * n]), id="one-long-run"),
        pytest.param(lambda n: ([["a"] * n], [["a"] * k for k in range(1, 300)]), id="runs-in-one-another"),
        pytest.param(
            lambda n: ([["a"] * n], [["a"] * (n // 50) + [f"b{k}"] for k in range(50)]), id="ends-differ"
        ),
        pytest.param(
            lambda n: ([["a", "b"] * (n // 2)], [["a", "b"] * 20 + ["a", "a"]] * (n // 40)), id="twins"
        ),
        pytest.param(lambda n: ([["a"] * n], [[f"w{k}", "a"] for k in range(n)]), id="many-unknown"),
    ],
)
def test_phrases_cost_grows_with_words(
    prepare: Callable[[int], tuple[list[list[str]], list[list[str]]]],
) -> None:
    def work(size: int) -> Callable[[], object]:
        texts, phrases = prepare(size)

        def find() -> None:
            found = look(texts, phrases)
            for number in range(len(phrases)):
                next(found.within(number, 10, 10**6), None)

        return find

    assert_linear(work, 20_000)
