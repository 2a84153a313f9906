"""What a page states about itself in machine-readable form: JSON-LD, microdata, OpenGraph, Twitter cards.

Every item is a plain dict with an `@type`, whatever its source: "Product" rather than
"https://schema.org/Product", "OpenGraph" and "TwitterCard" for those two. JSON-LD in the wild is seldom
clean, so comments, CDATA, raw line breaks, trailing commas and several documents in one script are read.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Landmarks, Mark, find_marks
from gateway.core.text.json_in_text import parse_json

Item = dict[str, Any]

_MAX_ITEMS = 300
_MAX_DEPTH = 24
_MAX_SCRIPT_CHARACTERS = 2_000_000
_MAX_PROPERTIES = 3000
_MAX_TEXT_CHARACTERS = 50_000
_MAX_MICRODATA_CHARACTERS = 2_000_000
_MAX_PARENTS = 64
# of a value that stands under several names, and again in each copy of what holds it
_MAX_COPIES = 8

_SCHEMA = re.compile(r"https?://(?:www\.)?schema\.org/", re.I)
# what joining would leave as it is
_ABSOLUTE = re.compile(r"https?://[\w.-]+(?:/[\w./%~:@,+=-]*)?", re.A)
_BLANKS = re.compile(r"[\x00-\x20]+")
_HTTP = re.compile(r"https?://[^/\s]", re.I)
_CARDS = ("twitter:", "og:", "article:", "product:", "book:", "profile:", "music:", "video:")
_ADDRESS = {"a": "href", "area": "href", "link": "href", "object": "data"} | dict.fromkeys(
    ("img", "audio", "video", "iframe", "source", "embed", "track"), "src"
)


def read_structured(
    tree: LexborHTMLParser, *, base_url: str | None, marks: Landmarks | None = None
) -> list[Item]:
    """The page's structured data, in document order by kind: JSON-LD, microdata, OpenGraph, Twitter.

    Args:
        tree: the parsed page; not changed.
        base_url: what relative addresses in microdata are resolved against.
        marks: `find_marks(tree)`, if that is at hand.
    Returns:
        At most 300 items, each a dict with `@type` as a name or a list of names; JSON-LD arrays and
        `@graph` are flattened, values nested deeper than 24 levels dropped.
    """
    marks = marks or find_marks(tree)
    items: list[Item] = []
    for node, attributes in marks.tags["script"]:
        if "ld+json" in (attributes.get("type") or "").lower():
            items += read_json_ld(node.text() or "")
    if marks.properties:
        items += _microdata(marks.properties, base_url)
    items += _cards(marks.tags["meta"])
    return items[:_MAX_ITEMS]


def read_json_ld(script: str) -> Iterator[Item]:
    """The items of one JSON-LD script; none where nothing in it can be read."""
    if len(script) > _MAX_SCRIPT_CHARACTERS:
        return
    for document in parse_json(script):
        prune(document)
        pending = [document]
        while pending:
            value = pending.pop()
            if isinstance(value, list):
                pending += reversed(value)
            elif isinstance(value, dict):
                graph = value.pop("@graph", None)
                value.pop("@context", None)
                if isinstance(graph, list | dict):
                    pending.append(graph)
                if types := types_of(value):
                    value["@type"] = types[0] if len(types) == 1 else types
                    yield value


def prune(document: Any) -> None:
    """Empty what is nested too deep for anyone walking it, in place."""
    pending = [(document, 0)] if isinstance(document, dict | list) else []
    while pending:
        value, depth = pending.pop()
        if depth >= _MAX_DEPTH:
            value.clear()
            continue
        for child in value.values() if isinstance(value, dict) else value:
            # most are texts
            if isinstance(child, dict | list):
                pending.append((child, depth + 1))


def types_of(item: Item) -> list[str]:
    """The names of an item's types, without the address of the vocabulary."""
    stated = item.get("@type")
    return [
        _SCHEMA.sub("", name) if ":" in name else name
        for name in (stated if isinstance(stated, list) else [stated])
        if isinstance(name, str)
    ]


def _cards(metas: list[Mark]) -> list[Item]:
    graph: Item = {"@type": "OpenGraph"}
    card: Item = {"@type": "TwitterCard"}
    for _, attributes in metas:
        stated = attributes.get("property") or attributes.get("name")
        if not stated or ":" not in stated:
            # as every second one
            continue
        name = stated.strip().lower()
        if not name.startswith(_CARDS) or not (content := (attributes.get("content") or "").strip()):
            continue
        if name.startswith("twitter:"):
            card.setdefault(name[8:], content)
        else:
            _add(graph, name.removeprefix("og:"), content)
    return [item for item in (graph, card) if len(item) > 1]


def _add(item: Item, name: str, value: Any) -> None:
    """Set a property; one stated several times becomes a list."""
    if name not in item:
        item[name] = value
    elif isinstance(item[name], list):
        item[name].append(value)
    elif item[name] != value:
        item[name] = [item[name], value]


class _Scope(NamedTuple):
    """An item of microdata, how deep it is nested, and how often it stands in its root."""

    item: Item
    depth: int
    copies: int


def _microdata(marked: list[Mark], base_url: str | None) -> list[Item]:
    """Items of the HTML Standard's microdata, nested as they are nested; `itemref` is not followed."""
    scopes: dict[int, _Scope] = {}
    roots: list[Item] = []
    left = _MAX_MICRODATA_CHARACTERS
    for node, attributes in marked[:_MAX_PROPERTIES]:
        owner = _owner(node, scopes)
        names = (attributes.get("itemprop") or "").split()[: _MAX_COPIES // owner.copies if owner else None]
        value: Any
        if "itemscope" in attributes:
            value = {"@type": _type_of(attributes.get("itemtype") or "")}
            depth = copies = 1
            if not names or owner is None:
                roots.append(value)
            else:
                depth, copies = owner.depth + 1, owner.copies * len(names)
            scopes[node.mem_id] = _Scope(value, depth, copies)
            if depth > _MAX_DEPTH:
                continue
        elif owner is None or left < 0:
            continue
        else:
            text = _value(node, attributes, base_url)
            left -= (
                len(text) * len(names) * owner.copies
                # properties may nest, and each repeats what is below
            )
            value = text[:_MAX_TEXT_CHARACTERS]
        if owner is not None and value:
            for name in names:
                _add(owner.item, _SCHEMA.sub("", name), value)
    return [item for item in roots if len(item) > 1]


def _type_of(itemtype: str) -> str:
    return _SCHEMA.sub("", itemtype.split()[0]) if itemtype.split() else "Thing"


def _owner(node: LexborNode, scopes: dict[int, _Scope]) -> _Scope | None:
    parent = node.parent
    for _ in range(_MAX_PARENTS):
        if parent is None:
            return None
        if parent.mem_id in scopes:
            return scopes[parent.mem_id]
        parent = parent.parent
    return None


def _value(node: LexborNode, attributes: dict[str, str | None], base_url: str | None) -> str:
    tag = node.tag or ""
    stated = attributes.get("content")
    if stated is None and tag in ("data", "meter"):
        stated = attributes.get("value")
    if stated is None and tag == "time":
        stated = attributes.get("datetime")
    if stated is not None:
        return stated.strip()
    if tag in _ADDRESS:
        return absolute(attributes.get(_ADDRESS[tag]) or "", base_url) or ""
    return " ".join((node.text() or "").split())


def absolute(address: str, base_url: str | None) -> str | None:
    """An http(s) address made absolute; None for every other scheme and for what is no address."""
    if _ABSOLUTE.fullmatch(address):
        return address
    try:
        joined = urljoin(base_url or "", _BLANKS.sub("", address))
    except ValueError:
        return None
    return joined if _HTTP.match(joined) else None
