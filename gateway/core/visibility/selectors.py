"""Selectors of style sheets, as far as hiding asks: lists, names, specificity, and rules within rules.

Source: Selectors Level 4, 4 and 17; CSS Nesting Level 1, 3.
"""

import re
from collections.abc import Collection

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

# a class or an id, of which no letter is given by its number
IDENTIFIER = r"(?:--|-?[a-z_\x80-\U0010ffff])[\w\x80-\U0010ffff-]*+"
_PART = re.compile(
    r"[.#](?:--|-?(?:[a-z_\x80-\U0010ffff]|\\[^0-9a-f\n]))(?:[\w\x80-\U0010ffff-]|\\.)*+", re.I
)
_PLAIN = re.compile(rf"(?:[a-z][a-z0-9]*+)?+(?:[.#]{IDENTIFIER})++", re.I)
_PARTS = re.compile(r"[.#]?[^.#]+")
# a letter by its number
_CODED = re.compile(r"\\[0-9a-f]", re.I)
_ARGUMENTS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_MAX_NESTED_ARGUMENTS = 4
# brackets that are none
_VEILED = re.compile(r"\\[()\[\]\"']")
_LEFT_OVER = re.compile(r"[()\[\]\"']")
_COMBINATOR = re.compile(r"\s*[\s>+~]\s*", re.A)
_TAGS = re.compile(r"(?:^|[\s>+~(])[a-z][\w-]*", re.I)
_SPACE = re.compile(r"[ \t\n\f\r]+")
_TAG = re.compile(r"[a-z][\w-]*", re.I)
_BRACKETS = re.compile(r"[,()\[\]]|\\.", re.S)
# in which brackets may be none
_VEILING = re.compile(r"[\\\"']")


def is_plain(selector: str) -> bool:
    """Whether it is a tag, classes and an id of one element, in ASCII, and nothing else."""
    # Lexbor does not take all other characters
    return selector.isascii() and _PLAIN.fullmatch(selector) is not None


def fits(selector: str, node: LexborNode, classes: Collection[str], own_id: str | None) -> bool:
    """Whether an element has the tag, the classes and the id of a plain selector."""
    return all(
        part[1:] in classes
        if part[0] == "."
        else part[1:] == own_id
        if part[0] == "#"
        else part.lower() == (node.tag or "").lower()
        for part in _PARTS.findall(selector)
    )


def last_of(selector: str) -> str:
    """What a selector says of the element itself."""
    return _COMBINATOR.split(_without_arguments(selector))[-1]


def parts_of(selector: str) -> tuple[str, list[str], list[str]]:
    """What a selector says of the element itself; its classes and ids, as written; those of others on the page."""
    bare = _without_arguments(selector)
    last = _COMBINATOR.split(bare)[-1]
    own, others = _PART.findall(last), _PART.findall(bare[: len(bare) - len(last)])
    if "\\" in bare:
        own, others = ([part for part in parts if not _CODED.search(part)] for parts in (own, others))
    return last, own, others


def name_of(part: str) -> str:
    """The class (`.a`) or id (`#a`) of a part."""
    return part.replace("\\", "")


def classes_of(attribute: str | None) -> list[str]:
    """The classes in an attribute: white space of ASCII alone parts them."""
    text = attribute or ""
    # `split` knows white space that HTML does not
    is_plain = text.isascii() and text.isprintable()
    return text.split() if is_plain else [name for name in _SPACE.split(text) if name]


def tag_of(last: str) -> str:
    """The tag that is asked of the element itself, in lower case; empty where that is not known."""
    found = _TAG.match(last)
    return found[0].lower() if found is not None and "|" not in last and "\\" not in last else ""


def keys_of(last: str) -> frozenset[str]:
    """The classes and ids, without their signs, in what `last_of` gives."""
    return frozenset(names_in(last))


def names_in(selector: str) -> list[str]:
    """The classes and ids that stand anywhere in a selector, without their signs."""
    parts = _PART.findall(selector)
    if "\\" in selector:
        parts = [part.replace("\\", "") for part in parts if not _CODED.search(part)]
    return [part[1:] for part in parts]


def _without_arguments(selector: str) -> str:
    """Without brackets and what is in them; empty where that is not plain to see."""
    if _VEILED.search(selector):
        return ""
    for _ in range(_MAX_NESTED_ARGUMENTS):
        if "(" not in selector and "[" not in selector:
            break
        selector = _ARGUMENTS.sub("", selector)
    return "" if _LEFT_OVER.search(selector) else selector


def split(selector: str) -> list[str]:
    """The selectors of a list: at commas outside brackets."""
    if "," not in selector:
        return [selector] if selector else []
    parts, begin, depth = [], 0, 0
    for mark in _BRACKETS.finditer(selector):
        if mark[0][0] == "\\":
            continue
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
    selector = selector.replace(":scope", "&")
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
    """Whether it is one, and whole: it ends where it ends, and takes nothing of what follows it in a list."""
    return _is_read(f"{selector}\n") and not any(_is_read(selector + end) for end in ")]")


def may_be_selector(selector: str) -> bool:
    """Whether `is_selector` may say so: False only where what follows it in a list would be taken for a part of it."""
    if _VEILING.search(selector):
        return is_selector(selector)
    return selector.count("(") == selector.count(")") and selector.count("[") == selector.count("]")


def _is_read(selector: str) -> bool:
    try:
        _NOTHING.css(selector)
    except (SelectolaxError, ValueError):
        return False
    return True
