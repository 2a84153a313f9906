"""Look-around in a pattern, which no engine of linear time has. Without it a pattern accepts the same, and more."""

import re

_PART = re.compile(r"\\.|\(\?(?:=|!|<=|<!)|.", re.DOTALL)
_QUANTIFIERS = frozenset("*+?{")


def without_look_around(pattern: str) -> str:
    """The pattern without its look-aheads and look-behinds; as it is where these are not whole, or repeated."""
    kept: list[str] = []
    in_class = removed = False
    # of groups opened within a look-around; 0: none is open
    depth = 0
    for part in _PART.findall(pattern):
        if removed and part in _QUANTIFIERS:
            return pattern
        removed = False
        if in_class:
            in_class = part != "]"
        elif part == "[":
            in_class = True
        elif len(part) > 2 and not depth:
            depth = 1
            continue
        elif depth and part.startswith("("):
            depth += 1
        elif depth and part == ")":
            depth -= 1
            removed = not depth
            continue
        if not depth:
            kept.append(part)
    return pattern if depth else "".join(kept)
