"""Selectors of style sheets, as far as hiding asks: lists, names, specificity, and rules within rules.

Source: Selectors Level 4, 4 and 17; CSS Nesting Level 1, 3.
"""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

_NAME = re.compile(r"[.#]((?:[\w\x80-\U0010ffff-]|\\.)++)")
_PLAIN = re.compile(r"(?:[a-z][a-z0-9]*+)?+(?:[.#][\w\x80-\U0010ffff-]++)++", re.I)
_PARTS = re.compile(r"[.#]?[^.#]+")
# a letter by its number
_CODED = re.compile(r"\\[0-9a-f]", re.I)
_ARGUMENTS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_COMBINATOR = re.compile(r"\s*[\s>+~]\s*")
_TAGS = re.compile(r"(?:^|[\s>+~(])[a-z][\w-]*", re.I)
_BRACKETS = re.compile(r"[,()\[\]]")


def is_plain(selector: str) -> bool:
    """Whether it is a tag, classes and an id of one element, and nothing else."""
    return _PLAIN.fullmatch(selector) is not None


def fits(selector: str, node: LexborNode, classes: frozenset[str], own_id: str | None) -> bool:
    """Whether an element has the tag, the classes and the id of a plain selector."""
    return all(
        part[1:] in classes
        if part[0] == "."
        else part[1:] == own_id
        if part[0] == "#"
        else part.lower() == node.tag
        for part in _PARTS.findall(selector)
    )


def last_of(selector: str) -> str:
    """What a selector says of the element itself."""
    return _COMBINATOR.split(_ARGUMENTS.sub("", selector))[-1]


def keys_of(selector: str) -> frozenset[str]:
    names = _NAME.findall(_ARGUMENTS.sub("", selector))
    return frozenset(name.replace("\\", "") for name in names if not _CODED.search(name))


def split(selector: str) -> list[str]:
    """The selectors of a list: at commas outside brackets."""
    parts, begin, depth = [], 0, 0
    for mark in _BRACKETS.finditer(selector):
        if mark[0] != ",":
            depth = max(0, depth + (1 if mark[0] in "([" else -1))
        elif not depth:
            parts.append(selector[begin : mark.start()])
            begin = mark.end()
    parts.append(selector[begin:])
    return [part.strip() for part in parts if part.strip()]


def nest(around: str, selector: str, most: int) -> str | None:
    """The selector of a rule within another; None where it has none, or it is longer than `most` characters.

    Args:
        around: of the other; empty where there is none.
    """
    if not around or not selector:
        return selector or None
    outer = around if len(split(around)) == 1 else f":is({around})"
    parts = split(selector)
    if (len(parts) + selector.count("&")) * len(outer) + len(selector) > most:
        return None
    return ",".join(part.replace("&", outer) if "&" in part else f"{outer} {part}" for part in parts)


def specificity(selector: str) -> int:
    """Ids, then classes and their like, then tags, as one number."""
    classes = selector.count(".") + selector.count("[") + selector.count(":")
    return selector.count("#") * 10_000 + classes * 100 + len(_TAGS.findall(selector))


_NOTHING = LexborHTMLParser("")


def is_selector(selector: str) -> bool:
    try:
        _NOTHING.css(selector)
    except (SelectolaxError, ValueError):
        return False
    return True
