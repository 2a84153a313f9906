"""Where the delimiters of emphasis may stand in a line, and whether they will be paired as they are meant.

Source: CommonMark 0.31 section 6.2 and the algorithm "process emphasis" of its appendix; GitHub Flavored Markdown,
strikethrough.
"""

import unicodedata
from collections.abc import Sequence

from gateway.core.markdown.escape import certainly_separates, is_punctuation, is_space

Pair = tuple[
    int, int, int, str
    # opening piece, characters of it before the delimiter, closing piece, delimiter
]
_ASCII = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
BRACKETS = dict(zip("([{「『（【《〈“‘«‹", ")]}」』）】》〉”’»›", strict=True))
_OPENERS = {closer: opener for opener, closer in BRACKETS.items()}


class _Run:
    """Equal delimiters that stand together: which pairs they belong to, and what they may do."""

    __slots__ = ("after", "before", "char", "closes", "opens", "owners", "size")

    def __init__(self, char: str, before: str) -> None:
        self.char = char
        # the characters around it, "" at an edge
        self.before = before
        self.after = ""
        # the number of the pair, for each character
        self.owners: list[int] = []
        self.opens = self.closes = False
        self.size = 0


def find_misread(pieces: Sequence[str], pairs: Sequence[Pair]) -> int | None:
    """The number of a pair that a reader would not find where it is meant; None where all are read as meant.

    Args:
        pieces: the line, delimiters filled in.
        pairs: in any order.
    """
    runs = _find_runs(pieces, pairs)
    wrong = _pair_up(runs, symbols=True)
    if wrong is None and any(_is_symbol(run.before) or _is_symbol(run.after) for run in runs):
        # which CommonMark takes for punctuation since 0.31
        wrong = _pair_up(_find_runs(pieces, pairs), symbols=False)
    return wrong


def _find_runs(pieces: Sequence[str], pairs: Sequence[Pair]) -> list[_Run]:
    # piece -> the number of the pair whose delimiter it has, where that begins, the delimiter
    marks: dict[int, tuple[int, int, str]] = {}
    for number, (first, lead, last, delimiter) in enumerate(pairs):
        marks[first] = number, lead, delimiter
        marks[last] = number, 0, delimiter
    runs: list[_Run] = []
    current: _Run | None = None
    # the last character that is no delimiter
    before = ""
    for at, piece in enumerate(pieces):
        if not piece:
            continue
        mark = marks.get(at)
        if current is not None and (mark is None or mark[1] or mark[2][0] != current.char):
            current.after = piece[0]
            before, current = current.char, None
        if mark is None:
            before = piece[-1]
            continue
        number, lead, delimiter = mark
        if lead:
            before = piece[lead - 1]
        if current is None:
            current = _Run(delimiter[0], before)
            runs.append(current)
        current.owners += [number] * len(delimiter)
        if rest := piece[lead + len(delimiter) :]:
            current.after = rest[0]
            before, current = rest[-1], None
    return runs


def _pair_up(runs: list[_Run], *, symbols: bool) -> int | None:
    """Pair the delimiters as a reader does; the number of the first pair that comes out otherwise than it is meant."""
    openers: list[_Run] = []
    opened: set[int] = set()
    for run in runs:
        _see_flanks(run, symbols=symbols)
        if run.char == "~" and run.size != 2:
            # no strikethrough for some readers
            return run.owners[0]
        at = len(openers) - 1
        while run.closes and run.owners and at >= 0:
            opener = openers[at]
            odd = (opener.closes or run.opens) and (opener.size + run.size) % 3 == 0
            if opener.char != run.char or (run.char == "*" and odd and (opener.size % 3 or run.size % 3)):
                at -= 1
                continue
            if at < len(openers) - 1:
                # what was opened after it is not closed
                return openers[-1].owners[-1]
            used = 2 if len(opener.owners) > 1 and len(run.owners) > 1 else 1
            outer_is_strong = used == 2 and opener.owners[-1] != opener.owners[-2]
            if outer_is_strong and opener.owners[-3:] == run.owners[2::-1]:
                # strong emphasis around all of an emphasis is read the other way around, which says the same
                opener.owners[-3:] = opener.owners[-1:] + opener.owners[-3:-1]
                run.owners[:3] = run.owners[1:3] + run.owners[:1]
            if opener.owners[-used:] != run.owners[:used] or run.owners[0] != run.owners[used - 1]:
                return run.owners[0]
            del opener.owners[-used:], run.owners[:used]
            if not opener.owners:
                openers.pop()
                at -= 1
        if run.owners:
            if not run.opens or not opened.isdisjoint(run.owners):
                return run.owners[0]
            opened.update(run.owners)
            openers.append(run)
    return openers[-1].owners[-1] if openers else None


def _see_flanks(run: _Run, *, symbols: bool) -> None:
    run.size = len(run.owners)
    space_before, space_after = is_space(run.before), is_space(run.after)
    mark_before = _is_punctuation(run.before, symbols=symbols)
    mark_after = _is_punctuation(run.after, symbols=symbols)
    run.opens = not space_after and (not mark_after or space_before or mark_before)
    run.closes = not space_before and (not mark_before or space_after or mark_after)


def _is_symbol(char: str) -> bool:
    return bool(char) and not char.isascii() and unicodedata.category(char)[0] == "S"


def _is_punctuation(char: str, *, symbols: bool) -> bool:
    if char.isalnum() or not char:
        return False
    return char in _ASCII or unicodedata.category(char)[0] in ("PS" if symbols else "P")


def leading_marks(text: str) -> int:
    """How many characters of punctuation a text begins with."""
    at = 0
    while at < len(text) and is_punctuation(text[at]):
        at += 1
    return at


def trailing_marks(text: str, *, whole: bool) -> int:
    """Where the punctuation begins that a text ends with, a bracket with all it holds.

    Args:
        whole: that may be all of the text.
    """
    at = len(text)
    while at and is_punctuation(text[at - 1]):
        at -= 1
    opener = _OPENERS.get(text[at]) if at < len(text) else None
    if opener is not None and (start := text.rfind(opener, 0, at)) >= (not whole):
        at = start
        while at and is_punctuation(text[at - 1]):
            at -= 1
    return at


def ends_in_backslash(text: str) -> bool:
    """Whether a text ends in a backslash that would escape what follows."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def flanks(outside: str, inside: str) -> bool:
    """Whether a delimiter between these characters opens (or closes) emphasis."""
    if inside.isalnum():
        return True
    return not is_space(inside) and (not is_punctuation(inside) or certainly_separates(outside))
