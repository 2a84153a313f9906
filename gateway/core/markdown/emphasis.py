"""Whether the delimiters of emphasis in a line will be paired as they are meant, where some of them touch.

Source: CommonMark 0.31 section 6.2 and the algorithm "process emphasis" of its appendix.
"""

import unicodedata
from collections.abc import Sequence

from gateway.core.markdown.escape import is_space

Pair = tuple[
    int, int, int, str
    # opening piece, characters of it before the delimiter, closing piece, delimiter
]
_ASCII = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class _Run:
    """Asterisks that stand together: which pieces they come from, and what they may do."""

    __slots__ = ("closes", "opens", "owners", "size")

    def __init__(self) -> None:
        # the number of the pair, for each asterisk
        self.owners: list[int] = []
        self.opens = self.closes = False
        self.size = 0


def pairs_as_meant(pieces: Sequence[str], pairs: Sequence[Pair]) -> bool:
    """Whether a reader finds exactly these pairs of `*` and `**`; False too where readers may differ.

    Args:
        pieces: the line, delimiters filled in.
        pairs: in any order; `~~` is not looked at.
    """
    runs = _find_runs(pieces, pairs)
    if runs is None:
        return False
    openers: list[_Run] = []
    for run in runs:
        at = len(openers) - 1
        while run.closes and run.owners and at >= 0:
            opener = openers[at]
            odd = (opener.closes or run.opens) and (opener.size + run.size) % 3 == 0
            if odd and (opener.size % 3 or run.size % 3):
                # meant to pair, or the one to pair with is further out: no need to know
                return False
            used = 2 if len(opener.owners) > 1 and len(run.owners) > 1 else 1
            if opener.owners[-used:] != run.owners[:used] or len(set(run.owners[:used])) > 1:
                return False
            del opener.owners[-used:], run.owners[:used]
            del openers[at + 1 :]
            if not opener.owners:
                openers.pop()
                at -= 1
        if run.owners:
            if not run.opens:
                return False
            openers.append(run)
    return not openers


def _find_runs(pieces: Sequence[str], pairs: Sequence[Pair]) -> list[_Run] | None:
    """The runs of asterisks in order; None where versions of CommonMark disagree on what flanks one."""
    # piece -> for each asterisk of it the number of its pair, and where they begin
    marks: dict[int, tuple[list[int], int]] = {}
    for number, (first, lead, last, delimiter) in enumerate(pairs):
        if delimiter[0] == "*":
            marks[first] = [number] * len(delimiter), lead
            marks[last] = [number] * len(delimiter), 0
    runs: list[_Run] = []
    current: _Run | None = None
    # the last character that is no asterisk of a run
    before = ""
    for at, piece in enumerate(pieces):
        if not piece:
            continue
        owners, lead = marks.get(at, ([], 0))
        rest = piece
        if owners:
            if lead:
                if not _end_run(current, before, piece[0]):
                    return None
                current, before = None, piece[lead - 1]
            if current is None:
                current = _Run()
                runs.append(current)
            current.owners += owners
            rest = piece[lead + len(owners) :]
        if rest:
            if not _end_run(current, before, rest[0]):
                return None
            current, before = None, rest[-1]
    return runs if _end_run(current, before, "") else None


def _end_run(run: _Run | None, before: str, after: str) -> bool:
    if run is None:
        return True
    if _is_disputed(before) or _is_disputed(after):
        return False
    run.size = len(run.owners)
    space_before, space_after = is_space(before), is_space(after)
    mark_before, mark_after = _is_punctuation(before), _is_punctuation(after)
    run.opens = not space_after and (not mark_after or space_before or mark_before)
    run.closes = not space_before and (not mark_before or space_after or mark_after)
    return True


def _is_disputed(char: str) -> bool:
    return bool(char) and not char.isascii() and unicodedata.category(char)[0] == "S"


def _is_punctuation(char: str) -> bool:
    return bool(char) and (char in _ASCII or unicodedata.category(char)[0] == "P")
