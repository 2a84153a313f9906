"""How much of a page fits a budget of tokens, cut between blocks.

Token counts do not add up: a tokenizer may merge what stands on both sides of a cut. So blocks are counted
one by one only to guess where to cut, and the guess is counted as the text it is.
"""

from collections.abc import Sequence

from msgspec import Struct

from gateway.core.tokens.counters import TokenCounter
from gateway.errors import InvalidRequest
from gateway.wire import Notice

# before halving: guesses are off by a token or two a block
_GUESSES = 6


class Piece(Struct, kw_only=True, frozen=True):
    """Consecutive blocks as one text, with its exact count."""

    content: str
    tokens: int
    # where the next piece starts; None at the end of the page
    next_start: int | None = None
    # over_budget: one block is larger than the budget
    notice: Notice | None = None


def fit(parts: Sequence[str], *, start: int = 0, max_tokens: int | None, count: TokenCounter) -> Piece:
    """Take as many parts as fit the budget, beginning with `start`.

    Args:
        parts: from `formats.parts_of`; the contents of all pieces joined are the parts joined.
        start: 0, or the `next_start` of the piece before.
        max_tokens: at least 1; None takes everything. A part that alone is larger comes alone, with a
            notice: a table, list item or fence is never cut.
        count: text -> tokens.

    Raises:
        InvalidRequest: there is no part `start`.
    """
    if not 0 <= start <= len(parts) or (start == len(parts) and parts):
        raise InvalidRequest(
            f"cursor points to block {start}, and the content has {len(parts)}", field="cursor"
        )
    if max_tokens is None:
        content = "".join(parts[start:])
        return Piece(content=content, tokens=count(content))
    end, tokens = _cut(parts, start, max_tokens, count)
    notice = None
    if end == start and parts:
        end, tokens = start + 1, count(parts[start])
        notice = Notice(
            code="over_budget",
            message=f"one block has {tokens} tokens, more than max_tokens={max_tokens}; it is not cut",
            count=tokens,
        )
    return Piece(
        content="".join(parts[start:end]),
        tokens=tokens,
        next_start=end if end < len(parts) else None,
        notice=notice,
    )


def _cut(parts: Sequence[str], start: int, max_tokens: int, count: TokenCounter) -> tuple[int, int]:
    """The end of the longest run of parts that fits, and its exact count."""
    sizes: dict[int, int] = {}

    def reach(begin: int, room: int, limit: int) -> int:
        """How far `room` tokens go by the parts' own counts."""
        at = begin
        while at < limit and room > 0:
            if at not in sizes:
                sizes[at] = count(parts[at])
            room -= sizes[at]
            at += room >= 0
        return at

    fits, tokens = start, 0
    # the nearest end that is known not to fit
    fails = len(parts) + 1
    room = max_tokens
    guesses = 0
    while fits + 1 < fails:
        end = reach(fits, room, fails - 1) if guesses < _GUESSES else (fits + fails) // 2
        end = min(max(end, fits + 1), fails - 1)
        size = count("".join(parts[start:end]))
        if size <= max_tokens:
            fits, tokens, room = end, size, max_tokens - size
        else:
            fails, room = end, room - (size - max_tokens)
        guesses += 1
    return fits, tokens
