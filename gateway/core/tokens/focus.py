"""The parts of a page that answer a question, within a budget of tokens.

Sections are cut into passages, passages are ranked by BM25, and the best that fit stand in the order of the page, each
below its headings. Words are those of `core.text.words`, so that a language without spaces has words too.

Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009. The package bm25s (0.3)
was looked at: it adds 12 MB to each process, takes eight times as long for a page, and fails on one without words.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from gateway.core.model.page import Block
from gateway.core.text.words import words_of
from gateway.core.tokens.budget import Piece, fit
from gateway.core.tokens.counters import TokenCounter
from gateway.core.tokens.sections import SectionAt, outline, sections_of
from gateway.wire import Notice

# how much a word that comes again adds, and how much a long passage loses
_K1, _B = 1.5, 0.75
# of a passage; small budgets want small ones
_LONG_CHARS, _SHORT_CHARS = 1_200, 200


class Focus(Struct, kw_only=True, frozen=True):
    """What is kept of a page; `left_out` are the sections that are not kept as a whole."""

    piece: Piece
    # indices of parts
    kept: list[int]
    left_out: list[SectionAt]
    # of all parts
    whole_tokens: int


class _Passage(Struct, kw_only=True, frozen=True):
    start: int
    end: int
    # of the headings above it
    headings: list[int]


def focus(
    blocks: Sequence[Block], parts: Sequence[str], question: str, *, max_tokens: int, count: TokenCounter
) -> Focus:
    """Keep the passages that share most with a question.

    Args:
        blocks: of the page.
        parts: of the same page, in the format that is wanted: `parts_of(page, format)`.
        max_tokens: at least 1; of the content that is kept, headings included.
        count: text -> tokens.
    Returns:
        The whole page where it fits; its beginning, with a notice, where no passage has a word of the question.
    """
    everything = list(range(len(parts)))
    whole = "".join(parts)
    if (whole_tokens := count(whole)) <= max_tokens:
        piece = Piece(content=whole, tokens=whole_tokens)
        return Focus(piece=piece, kept=everything, left_out=[], whole_tokens=whole_tokens)
    passages = list(_passages(blocks, parts, chars=min(_LONG_CHARS, max(_SHORT_CHARS, max_tokens))))
    scores = _rank(blocks, passages, question)
    ranked = sorted(
        (index for index, score in enumerate(scores) if score), key=lambda index: (-scores[index], index)
    )
    if not ranked:
        return _beginning(blocks, parts, max_tokens=max_tokens, count=count, whole_tokens=whole_tokens)
    chosen = _choose(parts, [passages[index] for index in ranked], max_tokens=max_tokens, count=count)
    while chosen:
        kept = sorted(set().union(*chosen))
        kept += _definitions(parts, kept, since=len(blocks))
        content = _join(parts, kept)
        if (tokens := count(content)) <= max_tokens:
            break
        chosen.pop()
    else:
        # the best passage alone is too long
        best = passages[ranked[0]]
        piece = fit(parts[: best.end], start=best.start, max_tokens=max_tokens, count=count)
        kept = list(range(best.start, piece.next_start or best.end))
        content, tokens = piece.content, piece.tokens
    left_out = _left_out(blocks, parts, kept, count=count)
    notice = Notice(
        code="focused", message="the outline names the sections that were left out", count=len(left_out)
    )
    piece = Piece(content=content, tokens=tokens, notice=notice)
    return Focus(piece=piece, kept=kept, left_out=left_out, whole_tokens=whole_tokens)


def _passages(blocks: Sequence[Block], parts: Sequence[str], *, chars: int) -> Iterator[_Passage]:
    """Sections, and long ones in runs of blocks; none begins within a list item."""
    for start, end, headings in sections_of(blocks):
        at, length = start, 0
        for index in range(start, end):
            if length >= chars and not parts[index].startswith((" ", "\t")):
                yield _Passage(start=at, end=index, headings=headings)
                at, length = index, 0
            length += len(parts[index])
        yield _Passage(start=at, end=end, headings=headings)


def _rank(blocks: Sequence[Block], passages: Sequence[_Passage], question: str) -> list[float]:
    """The BM25 of each passage with its headings; 0 where it has no word of the question."""
    wanted = {word for word, _, _ in words_of(question)}
    lengths: list[int] = []
    counts: list[Counter[str]] = []
    for passage in passages:
        indices = {*passage.headings, *range(passage.start, passage.end)}
        words = [word for index in indices for word, _, _ in words_of(blocks[index].text)]
        lengths.append(len(words))
        counts.append(Counter(word for word in words if word in wanted))
    average = sum(lengths) / len(lengths) or 1.0
    scores = [0.0] * len(passages)
    for word in sorted(wanted):
        having = sum(word in counted for counted in counts)
        rarity = math.log(1 + (len(passages) - having + 0.5) / (having + 0.5))
        for index, counted in enumerate(counts):
            if often := counted[word]:
                weight = often + _K1 * (1 - _B + _B * lengths[index] / average)
                scores[index] += rarity * often * (_K1 + 1) / weight
    return scores


def _choose(
    parts: Sequence[str], ranked: Sequence[_Passage], *, max_tokens: int, count: TokenCounter
) -> list[set[int]]:
    """The parts that each of the best passages adds, as far as there is room for them."""
    chosen: list[set[int]] = []
    taken: set[int] = set()
    room = max_tokens
    for passage in ranked:
        added = {*passage.headings, *range(passage.start, passage.end)} - taken
        tokens = count(_join(parts, sorted(added)))
        if tokens <= room:
            chosen.append(added)
            taken |= added
            room -= tokens
    return chosen


def _definitions(parts: Sequence[str], kept: Sequence[int], *, since: int) -> list[int]:
    """The definitions of the reference-style links in what is kept."""
    text = "".join([parts[index] for index in kept])
    return [index for index in range(since, len(parts)) if parts[index].partition(":")[0] in text]


def _join(parts: Sequence[str], kept: Sequence[int]) -> str:
    """The kept parts, a blank line where others were left out between two."""
    pieces: list[str] = []
    for before, index in pairwise([-1, *kept]):
        if pieces and index != before + 1:
            pieces[-1] = pieces[-1].rstrip("\n") + "\n\n"
        pieces.append(parts[index])
    return "".join(pieces).rstrip("\n")


def _beginning(
    blocks: Sequence[Block], parts: Sequence[str], *, max_tokens: int, count: TokenCounter, whole_tokens: int
) -> Focus:
    piece = fit(parts, max_tokens=max_tokens, count=count)
    kept = list(range(piece.next_start or len(parts)))
    notice = Notice(
        code="focus_not_found",
        message="the page has no word of `focus`; the content is its beginning, and the outline names the rest",
    )
    return Focus(
        piece=Piece(content=piece.content, tokens=piece.tokens, next_start=piece.next_start, notice=notice),
        kept=kept,
        left_out=_left_out(blocks, parts, kept, count=count),
        whole_tokens=whole_tokens,
    )


def _left_out(
    blocks: Sequence[Block], parts: Sequence[str], kept: Sequence[int], *, count: TokenCounter
) -> list[SectionAt]:
    sections = outline(blocks, parts, count=count)
    ends = [section.start for section in sections[1:]] + [len(blocks)]
    whole = set(kept)
    return [
        section
        for section, end in zip(sections, ends, strict=True)
        if not whole.issuperset(range(section.start, end))
    ]
