"""Pieces fit their budget exactly, and joined they are the page."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import clean
from gateway.core.model.page import CleanOptions
from gateway.core.tokens.budget import fit
from gateway.core.tokens.counters import get_counter
from gateway.core.tokens.formats import FORMATS, parts_of
from gateway.errors import InvalidRequest
from gateway.wire import Format

COUNT = get_counter("o200k_base")
PAGE = clean(
    "<h1>One</h1><p>First <a href='/x'>link</a> and text.</p><ul><li>a<li>b<ul><li>c</ul></ul>"
    "<table><tr><th>K<th>V<tr><td>1<td>2</table><pre>x = 1\n\ny = 2</pre><p>Last <a href='/y'>one</a></p>",
    url="https://example.org/",
    options=CleanOptions(scope="page", links="reference", html=True),
)


def pieces(parts: list[str], max_tokens: int) -> list[str]:
    out: list[str] = []
    start: int | None = 0
    while start is not None:
        piece = fit(parts, start=start, max_tokens=max_tokens, count=COUNT)
        assert piece.tokens == COUNT(piece.content)
        assert piece.tokens <= max_tokens or piece.notice is not None
        assert piece.next_start is None or piece.next_start > start
        out.append(piece.content)
        start = piece.next_start
    return out


@pytest.mark.parametrize("form", ["markdown", "text", "html"])
def test_parts_joined_are_the_page(form: str) -> None:
    assert "".join(parts_of(PAGE, form)) == getattr(PAGE, form)


def test_parts_end_with_the_definitions_of_reference_links() -> None:
    assert parts_of(PAGE)[-2:] == ["[1]: https://example.org/x\n", "[2]: https://example.org/y"]


@pytest.mark.parametrize("max_tokens", [1, 5, 12, 40, 10_000])
def test_pieces_joined_are_the_page(max_tokens: int) -> None:
    assert "".join(pieces(parts_of(PAGE), max_tokens)) == PAGE.markdown


def test_a_piece_never_cuts_a_table_item_or_fence() -> None:
    blocks = [block.markdown for block in PAGE.blocks if block.kind in ("table", "item", "code")]
    cut = pieces(parts_of(PAGE), 14)
    assert all(any(block in piece for piece in cut) for block in blocks)


def test_a_block_above_the_budget_comes_alone_with_a_notice() -> None:
    piece = fit(["a b c d e f\n\n", "g"], max_tokens=3, count=COUNT)
    assert (piece.content, piece.next_start) == ("a b c d e f\n\n", 1)
    assert piece.notice is not None
    assert (piece.notice.code, piece.notice.count) == ("over_budget", piece.tokens)


def test_fit_without_a_budget_takes_everything() -> None:
    piece = fit(["a ", "b"], max_tokens=None, count=COUNT)
    assert (piece.content, piece.next_start, piece.tokens) == ("a b", None, 2)


def test_fit_of_an_empty_page_is_empty() -> None:
    assert fit([], max_tokens=5, count=COUNT).content == ""


@pytest.mark.parametrize("start", [-1, 2, 99])
def test_fit_refuses_a_start_that_is_no_block(start: int) -> None:
    with pytest.raises(InvalidRequest, match="block"):
        fit(["a", "b"], start=start, max_tokens=5, count=COUNT)


WORDS = st.text(st.sampled_from("ab .\n\té中x-"), min_size=1, max_size=12)


@given(st.lists(WORDS, min_size=1, max_size=40), st.integers(1, 30))
def test_a_piece_is_the_longest_that_fits(parts: list[str], max_tokens: int) -> None:
    assert "".join(pieces(parts, max_tokens)) == "".join(parts)
    piece = fit(parts, max_tokens=max_tokens, count=COUNT)
    if piece.next_start is not None:
        assert COUNT("".join(parts[: piece.next_start + 1])) > max_tokens


def test_fit_counts_few_texts_and_little_of_what_it_leaves() -> None:
    calls: list[int] = []

    def count(text: str) -> int:
        calls.append(len(text))
        return COUNT(text)

    parts = [f"Paragraph number {index} says the same as the others.\n\n" for index in range(20_000)]
    fit(parts, max_tokens=1000, count=count)
    assert sum(calls) < 20 * 4 * 1000


def test_every_format_that_can_be_asked_for_has_its_entry() -> None:
    assert tuple(FORMATS) == get_args(Format)
