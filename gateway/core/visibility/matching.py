"""The elements that selectors are for. A query costs much by itself, and little for each selector in it."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from gateway.core.dom.landmarks import Attributes, Mark, select
from gateway.core.visibility.selectors import (
    classes_of,
    fits,
    is_plain,
    is_selector,
    name_of,
    parts_of,
    tag_of,
)

# of more selectors than these, the elements with classes and ids are read first
_FEW = 40
_MAX_SELECTORS = 200
_MAX_QUERIES = 100

# an element, its attributes, and the place of the selector that it has
Match = tuple[LexborNode, Attributes, int]


class _Selector(Struct, frozen=True):
    text: str
    index: int
    is_plain: bool
    # what an element must have for it: a class, an id, else a tag
    key: str
    # the classes and ids that a page must have for it
    names: list[str]


class Matcher:
    """Selectors, and the elements that have them; `is_cut` where the page has too many of them."""

    def __init__(self, selectors: Sequence[str]) -> None:
        self.is_cut = False
        self._selectors = [_read(text, index) for index, text in enumerate(selectors)]

    def match(self, tree: LexborHTMLParser) -> Iterator[Match]:
        """Each element once or more for each selector that it has."""
        if len(self._selectors) <= _FEW:
            return _match_few(tree, self._selectors)
        return self._match_many(tree)

    def _match_many(self, tree: LexborHTMLParser) -> Iterator[Match]:
        named: list[tuple[LexborNode, str, str | None]] = []
        last = 0
        for node in tree.css("[class],[id]"):
            if (mem_id := node.mem_id) != last:
                last = mem_id
                read = node.attrs
                named.append((node, read.get("class") or "", read.get("id")))
        texts = {classes for _, classes, _ in named}
        names = {f".{name}" for text in texts for name in classes_of(text.lower())}
        names.update(f"#{own_id.lower()}" for _, _, own_id in named if own_id)
        selectors = [each for each in self._selectors if names.issuperset(each.names)]
        queried = [each for each in selectors if not each.is_plain]
        self.is_cut = len(selectors) > _MAX_SELECTORS or len(queried) > _MAX_QUERIES
        filed = _Filed([each for each in selectors[:_MAX_SELECTORS] if each.is_plain])
        for node, classes, own_id in named:
            if possible := filed.possible(node, classes, own_id):
                attributes = node.attributes
                for each in possible:
                    if _fits(each, node, attributes):
                        yield node, attributes, each.index
        queried = queried[:_MAX_QUERIES]
        for at in range(0, len(queried), _FEW):
            yield from _match_few(tree, queried[at : at + _FEW])


class _Filed:
    """Selectors by what an element must have for them."""

    def __init__(self, selectors: Sequence[_Selector]) -> None:
        self._by_key: dict[str, list[_Selector]] = {}
        for each in selectors:
            self._by_key.setdefault(each.key, []).append(each)
        self._has_tags = any(each.key[:1] not in (".", "#") for each in selectors)
        # pages repeat what is in a class attribute
        self._by_classes: dict[str, list[_Selector]] = {}

    def possible(self, node: LexborNode, classes: str, own_id: str | None) -> list[_Selector]:
        """The selectors whose key an element has."""
        get = self._by_key.get
        found = self._by_classes.get(classes)
        if found is None:
            names = dict.fromkeys(classes_of(classes.lower()))
            found = self._by_classes[classes] = [each for name in names for each in get(f".{name}", ())]
        if own_id and (more := get(f"#{own_id.lower()}")):
            found = [*found, *more]
        if self._has_tags:
            found = [*found, *get(node.tag or "", ()), *get("", ())]
        return found


def _match_few(tree: LexborHTMLParser, selectors: Sequence[_Selector]) -> Iterator[Match]:
    """One query for all of them; who has which is told by the keys, and asked where these leave it open."""
    try:
        found = _query(tree, selectors)
    except (SelectolaxError, ValueError):
        selectors = [each for each in selectors if is_selector(each.text)]
        found = _query(tree, selectors)
    filed = _Filed(selectors)
    unsure: dict[int, _Selector] = {}
    for node, attributes in found:
        possible = filed.possible(node, attributes.get("class") or "", attributes.get("id"))
        for each in possible:
            if each.is_plain:
                if _fits(each, node, attributes):
                    yield node, attributes, each.index
            elif len(possible) == 1:
                yield node, attributes, each.index
            else:
                unsure[each.index] = each
    for each in unsure.values():
        for node, attributes in _query(tree, [each]):
            yield node, attributes, each.index


def _read(text: str, index: int) -> _Selector:
    last, own, others = parts_of(text)
    names = [name_of(part) for part in (*own, *others)]
    return _Selector(text, index, is_plain(text), names[0] if own else tag_of(last), names)


def _fits(selector: _Selector, node: LexborNode, attributes: Attributes) -> bool:
    return fits(selector.text, node, classes_of(attributes.get("class")), attributes.get("id"))


def _query(tree: LexborHTMLParser, selectors: Sequence[_Selector]) -> list[Mark]:
    return list(select(tree, ",".join(each.text for each in selectors))) if selectors else []
