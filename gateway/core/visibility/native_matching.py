"""Selectors as the `match` of `winnow-native` takes them: tags, classes, ids and attributes, many in one walk."""

import re
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.extension import Extension
from gateway.core.dom.landmarks import Attributes
from gateway.core.dom.tags import ID
from gateway.core.visibility.selectors import IDENTIFIER, classes_of

# what a part is to the one before, and the numbers of that; the first is nothing to it
_COMBINATORS = {"": 0, " ": 1, ">": 2, "+": 3, "~": 4}
_GAP = r"[ \t\n\f\r]"
# of a part: what is before it, that is no more than white space and a combinator; a tag; names; attributes
_PART = re.compile(
    rf"({_GAP}*+(?:[>+~]{_GAP}*+)?+)([a-z][a-z0-9-]*+|\*)?+((?:[.#]{IDENTIFIER})*+)"
    rf"((?:\[[a-z][a-z0-9-]*+(?:=(?:\"[^\"\\\n]+\"|'[^'\\\n]+'|{IDENTIFIER}))?+\])*+)",
    re.I,
)
_ONE_NAME = re.compile(rf"[.#]{IDENTIFIER}", re.I)
_NAME = re.compile(r"[.#][^.#]+")
_ATTRIBUTE = re.compile(r"\[([\w-]++)(?:=(\"[^\"]++\"|'[^']++'|[^\[\]\"'=]++))?+\]")
# what is said of an element beside its tag, names and attributes; brackets in brackets may be in it
_PSEUDO = re.compile(r"::?+[a-z][a-z0-9-]*+(?:\((?:[^()]|\((?:[^()]|\([^()]*+\))*+\))*+\))?+", re.I)
# an attribute that has something in it, or begins or ends with it
_COMPARED = re.compile(r"\[([a-z][a-z0-9-]*+)[~|^$*]=(?:\"[^\"\\\n]*+\"|'[^'\\\n]*+'|[\w-]++)\]", re.I)
_NONE: Mapping[int, Sequence["Part"]] = {}
# from which the index of a wider selector is taken away: below -1
_WIDER = -2
# tags with a hyphen that are not custom ones
_RESERVED = frozenset(
    "annotation-xml color-profile font-face font-face-src font-face-uri font-face-format font-face-name"
    " missing-glyph".split()
)
# of a selector: each is looked at for every element
_MOST_PARTS = 16
# of one name, in small and capital letters, which C has in one list; and names that stand on the page in others
_MOST_SPELLINGS, _MOST_DOUBTFUL = 16, 16
# how elements have a name
_IN_LETTERS, _IN_OTHERS = 1, 2


class Part(Struct, frozen=True):
    """What a selector says of one element, and what that is to the element before."""

    combinator: int
    # 0 for any
    tag: int
    # `.class`, `#id`, `[attribute`, `[attribute=value`, `<custom-tag`
    names: list[str]


class Matched(Struct, frozen=True):
    # elements with something in them, attributes, indexes of selectors
    found: list[tuple[LexborNode, Attributes, int]]
    # of the names that were asked for, in whatever letters
    there: frozenset[str]
    is_cut: bool
    # what was found may not be what Lexbor finds
    is_doubtful: bool
    # of the wider selectors those that an element has
    met: frozenset[int] = frozenset()


def read_parts(selector: str) -> list[Part]:
    """The parts of a selector that `match` knows; none if there is anything else in it."""
    # of other characters Lexbor says which are in names
    if not selector.isascii():
        return []
    if _ONE_NAME.fullmatch(selector):
        # what most rules are for
        return [Part(0, 0, [selector])]
    parts: list[Part] = []
    at = 0
    while at < len(selector) and len(parts) <= _MOST_PARTS:
        found = _PART.match(selector, at)
        if found is None or found.end() == at:
            return []
        gap, tag, names, attributes = found.groups(default="")
        at = found.end()
        number, asked = 0, _NAME.findall(names) if names else []
        tag = tag.lower()
        if "-" in tag and tag not in _RESERVED:
            asked.append(f"<{tag}")
        elif tag and tag != "*":
            number = ID.get(tag, -1)
        for name, value in _ATTRIBUTE.findall(attributes) if attributes else ():
            quoted = value[0] in "\"'" if value else False
            asked.append(
                f"[{name.lower()}={value[1:-1] if quoted else value}" if value else f"[{name.lower()}"
            )
        is_empty = not (tag or asked)
        if is_empty or number < 0 or bool(gap) != bool(parts):
            return []
        parts.append(Part(_COMBINATORS[gap.strip() or " " if gap else ""], number, asked))
    return parts if len(parts) <= _MOST_PARTS else []


def widen(selector: str) -> list[Part]:
    """The parts of a selector that every element has which has the one given; none where that is not plain to see.

    What a `:` begins is left out, and of attributes that are compared otherwise than with `=` what with.
    """
    if not selector.isascii() or "\\" in selector:
        return []
    wide = _PSEUDO.sub(_widen_pseudo, _COMPARED.sub(r"[\1]", selector))
    parts = read_parts(wide)
    return parts if any(part.tag or part.names for part in parts) else []


def _widen_pseudo(found: re.Match[str]) -> str:
    """Nothing, but for an element of which nothing else is said."""
    before = found.string[: found.start()][-1:]
    return "" if before and before not in " \t\n\f\r>+~" else "*"


def match(
    extension: Extension,
    tree: LexborHTMLParser,
    selectors: Mapping[int, Sequence[Part]],
    names: Iterable[str],
    *,
    most: int,
    wider: Mapping[int, Sequence[Part]] = _NONE,
    page: object | None = None,
) -> Matched:
    """The elements that selectors are for, and which of the names the page has.

    Args:
        selectors: by index; at most about `most` elements are looked for.
        names: classes (`.a`) and ids (`#a`).
        wider: selectors by index of which only that an element has them is asked.
        page: the extension's `read_page_names` of the page, if that is at hand.
    """
    # the first element of these is found, too
    most += len(wider)
    selectors = {**selectors, **{_WIDER - index: parts for index, parts in wider.items()}}
    asked = dict.fromkeys(name for parts in selectors.values() for part in parts for name in part.names)
    places = _placed([*asked, *names])
    if max(Counter(map(str.lower, places)).values(), default=0) > _MOST_SPELLINGS:
        return Matched([], frozenset(places), False, True)
    numbers: list[int] = []
    for index, parts in selectors.items():
        for part in parts:
            ends = index if part is parts[-1] else -1
            numbers += (
                part.combinator,
                part.tag,
                ends,
                len(part.names),
                *(places[name] for name in part.names),
            )
    root = tree.root
    if root is None:
        return Matched([], frozenset(), False, False)
    given = tuple(_bytes_of(name) for name in places)
    packed = struct.pack(f"={len(numbers)}q", *numbers)
    found, there, is_cut = extension.match(root, given, packed, most, page)
    doubtful = [name for name, how in zip(places, there, strict=True) if how & _IN_OTHERS and name in asked]
    met: frozenset[int] = frozenset()
    if wider:
        met = frozenset(_WIDER - index for _, _, index in found if index < 0)
        found = [each for each in found if each[2] >= 0]
    return Matched(
        found,
        frozenset(name for name, how in zip(places, there, strict=True) if how),
        is_cut,
        len(doubtful) > _MOST_DOUBTFUL or any(_may_be_same(tree, name) for name in doubtful),
        met,
    )


def _placed(names: Iterable[str]) -> dict[str, int]:
    """Each name and its place: an attribute before the values that are asked of it."""
    values: dict[str, dict[str, None]] = {}
    for name in names:
        attribute, is_valued, _ = name.partition("=") if name[0] == "[" else (name, "", "")
        # a sign alone is no name
        if len(attribute) > 1:
            values.setdefault(attribute, {}).update({name: None} if is_valued else {})
    ordered = (each for attribute, valued in values.items() for each in (attribute, *valued))
    return {name: place for place, name in enumerate(ordered)}


def _bytes_of(name: str) -> bytes:
    if name[0] == "[" and "=" in name:
        name = name[name.index("=") :]
    return name.encode("utf-8", "replace")


def _may_be_same(tree: LexborHTMLParser, name: str) -> bool:
    """Whether Lexbor takes a name in other letters for the same: a page in quirks mode, or an attribute's value."""
    if name[0] not in ".#":
        return True
    return any(
        name[1:] not in (classes_of(node.attrs.get("class")) if name[0] == "." else [node.id])
        for node in tree.css(name)
    )
