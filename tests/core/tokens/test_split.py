"""A long text cut into pieces: nothing lost, nothing too large, cuts between blocks."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.tokens.split import split_markdown
from tests.growth import assert_linear


def count_words(text: str) -> int:
    return len(text.split())


def pieces_of(text: str, max_tokens: int) -> list[str]:
    return [
        text[piece.start : piece.end]
        for piece in split_markdown(text, max_tokens=max_tokens, count=count_words)
    ]


def test_split_markdown_keeps_a_text_that_fits_whole() -> None:
    [piece] = split_markdown("# A\n\nb c\n", max_tokens=10, count=count_words)
    assert (piece.start, piece.end, piece.tokens, piece.headings) == (0, 9, 4, [])


def test_split_markdown_cuts_between_blocks() -> None:
    assert pieces_of("a b\n\nc d\n\ne f\n", 4) == ["a b\n\nc d\n\n", "e f\n"]


def test_split_markdown_never_cuts_a_fence_that_fits() -> None:
    fence = "```\nx\n\ny\n```\n"
    assert pieces_of(f"a b c\n\n{fence}\nz\n", 5) == ["a b c\n\n", f"{fence}\nz\n"]


def test_split_markdown_tells_the_headings_above_a_piece() -> None:
    text = "# One\n\n## Two\n\na b c\n\nd e f\n\n# Three\n\ng h i\n\nj k l\n"
    pieces = split_markdown(text, max_tokens=4, count=count_words)
    assert [piece.headings for piece in pieces] == [
        [],
        ["One", "Two"],
        ["One", "Two"],
        ["One", "Two"],
        ["Three"],
        ["Three"],
    ]


def test_split_markdown_cuts_a_block_that_is_too_large_between_words() -> None:
    text = " ".join(f"w{i}" for i in range(100))
    pieces = pieces_of(text, 7)
    assert "".join(pieces) == text
    assert all(count_words(piece) <= 7 for piece in pieces)
    assert {word for piece in pieces for word in piece.split()} == set(text.split())


@given(st.text(alphabet="ab #`\n", max_size=300), st.integers(1, 20))
def test_split_markdown_loses_nothing(text: str, max_tokens: int) -> None:
    pieces = split_markdown(text, max_tokens=max_tokens, count=len)
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    assert all(piece.tokens <= max_tokens for piece in pieces)


def test_split_markdown_counts_small_blocks_together() -> None:
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += 1
        return len(text)

    text = "# A\n\n" + "a\n\n" * 10_000 + "# B\n\nb\n"
    pieces = split_markdown(text, max_tokens=6400, count=count)
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    assert counted < 500
    assert [len(piece.headings) for piece in pieces] == [0, 1, 1, 1, 1]
    assert all(6200 <= piece.tokens <= 6400 for piece in pieces[:-1])


def test_split_markdown_bounds_the_headings_it_repeats() -> None:
    pieces = split_markdown(f"# {'long ' * 500}\n\na b c\n\nd e f\n", max_tokens=501, count=count_words)
    assert [len(heading) for piece in pieces for heading in piece.headings] == [200]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: "word " * (n // 5), id="one-line"),
        pytest.param(lambda n: "a" * n, id="one-word"),
        pytest.param(lambda n: "word word\n" * (n // 10), id="no-blank-lines"),
        pytest.param(lambda n: "a\n\n" * (n // 3), id="small-blocks"),
        pytest.param(lambda n: "# a\n\n" * (n // 5), id="headings"),
        pytest.param(lambda n: "```\n" * (n // 4), id="fences"),
        pytest.param(lambda n: "`" * (n // 2) + "\n" + "`" * (n // 2), id="long-fences"),
        pytest.param(lambda n: "\n" * n, id="blank-lines"),
        pytest.param(lambda n: "# " + " " * n, id="blank-heading"),
    ],
)
@pytest.mark.parametrize("max_tokens", [20, 5000])
def test_split_markdown_cost_grows_with_the_text(make: Callable[[int], str], max_tokens: int) -> None:
    def prepare(size: int) -> Callable[[], object]:
        text = make(size)
        return lambda: split_markdown(text, max_tokens=max_tokens, count=len)

    assert_linear(prepare, 100_000)
