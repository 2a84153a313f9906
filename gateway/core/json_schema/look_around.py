"""Look-around in a pattern, which no engine of linear time has, as several patterns that have none.

Look-aheads right behind a leading `^` all start where the text does, so that each is a pattern of its own: those of
pydantic's `Decimal`, of passwords, of names that are none of a few. Elsewhere they are left out, and what remains
accepts the same, and more.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

_PART = re.compile(r"\\.|\(\?(?:=|!|<=|<!)|.", re.DOTALL)
_QUANTIFIERS = frozenset("*+?{")


class Split(Struct, frozen=True):
    """`rest` is to be found in a text, each of `ahead` is (True) or is not (False)."""

    rest: str
    ahead: list[tuple[str, bool]] = []
    # all of it together is what the pattern says; otherwise it accepts more
    is_exact: bool = True


def split_look_around(pattern: str) -> Split:
    """The pattern in parts without look-around; as it is where its groups are not whole, or repeated."""
    rest, ahead = _split_ahead(_read_parts(pattern))
    plain = without_look_around(rest)
    kept = [(inner, wanted) for inner, wanted in ahead if without_look_around(inner) == inner]
    return Split(plain, kept, plain == rest and len(kept) == len(ahead))


def _split_ahead(parts: Sequence[str]) -> tuple[str, list[tuple[str, bool]]]:
    whole = "".join(parts)
    ahead: list[tuple[str, bool]] = []
    start = 1
    while parts[:1] == ["^"] and parts[start : start + 1] in (["(?="], ["(?!"]):
        end = next((at for at, depth in _depths(parts, start) if not depth), None)
        if end is None or not _QUANTIFIERS.isdisjoint(parts[end + 1 : end + 2]):
            return whole, []
        ahead.append((f"^(?:{''.join(parts[start + 1 : end])})", parts[start] == "(?="))
        start = end + 1
    if any(not depth and parts[at] == "|" for at, depth in _depths(parts, start)):
        # the look-aheads belong to the first alternative alone
        return whole, []
    return "^" + "".join(parts[start:]) if ahead else whole, ahead


def _read_parts(pattern: str) -> list[str]:
    """Characters, escaped ones, classes, and what begins a look-around."""
    parts: list[str] = []
    # of the class that is open
    inside: list[str] = []
    for part in _PART.findall(pattern):
        if inside:
            inside.append(part)
            # a bracket that comes first is one of the characters
            if part == "]" and inside not in (["[", "]"], ["[", "^", "]"]):
                parts.append("".join(inside))
                inside = []
        elif part == "[":
            inside = [part]
        else:
            parts.append(part)
    return parts + inside


def _depths(parts: Sequence[str], start: int) -> Iterator[tuple[int, int]]:
    """From there on, each part, and how many groups are open behind it."""
    depth = 0
    for at in range(start, len(parts)):
        depth += parts[at].startswith("(") - (parts[at] == ")")
        yield at, depth


def without_look_around(pattern: str) -> str:
    """The pattern without its look-aheads and look-behinds; as it is where these are not whole, or repeated."""
    kept: list[str] = []
    removed = False
    # of groups opened within a look-around; 0: none is open
    depth = 0
    for part in _read_parts(pattern):
        if removed and part in _QUANTIFIERS:
            return pattern
        removed = False
        if part.startswith("(?") and len(part) > 2 and not depth:
            depth = 1
            continue
        if depth and part.startswith("("):
            depth += 1
        elif depth and part == ")":
            depth -= 1
            removed = not depth
            continue
        if not depth:
            kept.append(part)
    return pattern if depth else "".join(kept)
