"""A long markdown text as pieces of bounded size, cut between blocks."""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from gateway.core.tokens.counters import TokenCounter

_HEADING = re.compile(r"(#{1,6})\s+(.+)")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
# of a heading that is repeated with every piece below it
_MAX_HEADING_CHARS = 200
# of a piece's tokens, as characters: what is smaller is counted with its neighbours
_SMALLEST_SHARE = 64


class Piece(Struct, kw_only=True, frozen=True):
    """Characters `start` to `end` of a text, with the headings above them, outermost first."""

    start: int
    end: int
    tokens: int
    headings: list[str]


def split_markdown(text: str, *, max_tokens: int, count: TokenCounter) -> list[Piece]:
    """Cut a text into few pieces of at most `max_tokens`, in order and without a gap.

    Cuts fall between blocks (blank lines outside fences), very small ones staying together; a block that is
    too large is cut between lines, a line that is too large between words, or anywhere if need be.

    Args:
        max_tokens: at least 1; a piece of one character is never cut.
        count: tokens of a text; the sum over blocks stands for the count of the whole.
    """
    pieces: list[Piece] = []
    headings: dict[int, str] = {}
    above: list[str] = []
    start = end = tokens = 0
    for unit_start, unit_end, size in _units(text, max_tokens, count):
        if tokens and tokens + size > max_tokens:
            pieces.append(Piece(start=start, end=end, tokens=tokens, headings=above))
            start, tokens = end, 0
        if not tokens:
            above = [headings[level] for level in sorted(headings)]
        end, tokens = unit_end, tokens + size
        for block_start, block_end in _blocks(text, unit_start, unit_end):
            if heading := _HEADING.match(text[block_start:block_end].lstrip()):
                level = len(heading[1])
                headings = {above: name for above, name in headings.items() if above < level}
                headings[level] = heading[2].strip()[:_MAX_HEADING_CHARS]
    if end > start:
        pieces.append(Piece(start=start, end=end, tokens=tokens, headings=above))
    return pieces


def _units(text: str, max_tokens: int, count: TokenCounter) -> Iterator[tuple[int, int, int]]:
    """(start, end, tokens) of what is never cut again: blocks, several small ones, or parts of large ones."""
    few = max_tokens // _SMALLEST_SHARE
    for start, end in _joined(_blocks(text, 0, len(text)), few):
        size = count(text[start:end])
        if size <= max_tokens:
            yield start, end, size
            continue
        lines = _spans(text[start:end].splitlines(keepends=True), start)
        for line_start, line_end in _joined(lines, few):
            yield from _words(text, line_start, line_end, max_tokens, count)


def _joined(spans: Iterable[tuple[int, int]], most: int) -> Iterator[tuple[int, int]]:
    """Neighbours joined as far as they are so many characters together: each is counted by a call."""
    joined: tuple[int, int] | None = None
    for start, end in spans:
        if joined and end - joined[0] <= most:
            joined = joined[0], end
            continue
        if joined:
            yield joined
        joined = start, end
    if joined:
        yield joined


def _words(
    text: str, start: int, end: int, max_tokens: int, count: TokenCounter
) -> Iterator[tuple[int, int, int]]:
    """A line, halved at a space near the middle until every part fits."""
    stack = [(start, end)]
    while stack:
        start, end = stack.pop()
        size = count(text[start:end])
        if size <= max_tokens or end - start <= 1:
            yield start, end, size
            continue
        middle = (start + end) // 2
        space = text.find(" ", middle, middle + (end - start) // 4)
        cut = space + 1 if space >= 0 else middle
        stack += [(cut, end), (start, cut)]


def _blocks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Blocks of a part of a text, with the blank lines behind them: together they are the whole part."""
    at = start
    fence, blank = "", False
    for line in text[start:end].splitlines(keepends=True):
        if blank and line.strip():
            yield start, at
            start, blank = at, False
        if match := _FENCE.match(line):
            run = match[1]
            if not fence:
                fence = run
            elif run.startswith(fence) and line.strip() == run:
                fence = ""
        if not fence and not line.strip():
            blank = True
        at += len(line)
    if at > start:
        yield start, at


def _spans(lines: Iterable[str], start: int) -> Iterator[tuple[int, int]]:
    for line in lines:
        yield start, start + len(line)
        start += len(line)
