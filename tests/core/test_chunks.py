"""A long text cut into pieces: nothing lost, nothing too large, cuts between blocks."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.chunks import split_markdown


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
