"""The sections of a page: its outline, and chunks for retrieval that keep to them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from gateway.core.model.page import Block
from gateway.core.tokens.budget import fit
from gateway.core.tokens.counters import TokenCounter
from gateway.wire import Chunk


class SectionAt(Struct, kw_only=True, frozen=True, array_like=True):
    """An outline entry before its cursor is made; `start` is the index of its heading among the blocks."""

    heading: str
    level: int
    tokens: int
    start: int


def outline(blocks: Sequence[Block], parts: Sequence[str], *, count: TokenCounter) -> list[SectionAt]:
    """The headings in order, each with the tokens up to the next heading of any level.

    Args:
        blocks: of the page.
        parts: of the same page, in the format to count: `parts_of(page, format)`.
        count: text -> tokens.
    """
    starts = [index for index, block in enumerate(blocks) if block.kind == "heading"]
    return [
        SectionAt(
            heading=blocks[start].heading,
            level=blocks[start].level,
            tokens=count("".join(parts[start:end])),
            start=start,
        )
        for start, end in pairwise([*starts, len(blocks)])
    ]


def chunk(
    blocks: Sequence[Block], parts: Sequence[str], *, max_tokens: int, count: TokenCounter
) -> list[Chunk]:
    """Cut the content at its headings, and longer sections where the budget says, between blocks.

    A chunk's headings are those above its first line, its own included, outermost first. Headings that
    follow one another without text between them begin one chunk together. A block larger than the budget is
    a chunk of its own.
    """
    chunks: list[Chunk] = []
    for start, end, path in sections_of(blocks):
        section = parts[start:end]
        headings = [blocks[index].heading for index in path]
        at: int | None = 0
        while at is not None:
            piece = fit(section, start=at, max_tokens=max_tokens, count=count)
            content = piece.content.rstrip("\n")
            chunks.append(Chunk(content=content, headings=headings, tokens=count(content)))
            at = piece.next_start
    return chunks


def sections_of(blocks: Sequence[Block]) -> Iterator[tuple[int, int, list[int]]]:
    """Start and end of every run of blocks between headings, and the indices of the headings above its first line."""
    path: list[int] = []
    start = 0
    for index, block in enumerate(blocks):
        if block.kind != "heading":
            continue
        above = blocks[index - 1] if index else None
        if index > start and not (above and above.kind == "heading" and above.level < block.level):
            yield start, index, path
            start = index
        path = [*(heading for heading in path if blocks[heading].level < block.level), index]
    if blocks:
        yield start, len(blocks), path
