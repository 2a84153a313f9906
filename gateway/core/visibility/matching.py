"""The elements that selectors are for. A query costs much by itself, and little for each selector in it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from gateway.core.dom.extension import Extension
from gateway.core.dom.landmarks import Attributes
from gateway.core.dom.native import find_walk
from gateway.core.visibility.native_matching import match, read_parts, widen
from gateway.core.visibility.selectors import (
    classes_of,
    fits,
    is_plain,
    is_selector,
    may_be_selector,
    name_of,
    parts_of,
    tag_of,
)

# of more selectors than these, the classes and ids of the page are read first
_FEW = 40
_MAX_SELECTORS = 200
_MAX_QUERIES = 100
_MAX_MATCHES = 50_000

# an element, its attributes, and the place of the selector that it has
Match = tuple[LexborNode, Attributes, int]


class _Selector(Struct, frozen=True):
    text: str
    index: int
    is_plain: bool
    # what an element must have for it: a class, an id, else a tag
    key: str
    # the classes and ids that a page must have for it, in whatever letters
    names: list[str]


class Matcher:
    """Selectors, and the elements that have them; `is_cut` where the page has too many of them."""

    def __init__(self, selectors: Sequence[str]) -> None:
        self.is_cut = False
        self._texts = selectors

    def match(self, tree: LexborHTMLParser, page: object | None = None) -> Iterator[Match]:
        """Each element once or more for each selector that it has, unless there is nothing in it.

        Args:
            page: the extension's `read_page_names` of the tree, if that is at hand.
        """
        if not self._texts:
            return
        extension = find_walk().extension
        found = self._match_in_c(extension, tree, page) if extension is not None else self._match(tree)
        for count, each in enumerate(found):
            if count == _MAX_MATCHES:
                self.is_cut = True
                break
            if each[0].first_child is not None:
                yield each

    def _match(self, tree: LexborHTMLParser) -> Iterator[Match]:
        selectors = self._read()
        if len(selectors) <= _FEW:
            return _match_few(tree, selectors)
        named = _Named(tree)
        plain, queried = self._choose(
            [each for each in selectors if named.names.issuperset(name.lower() for name in each.names)]
        )
        return chain(named.match(plain), _match_all(tree, queried))

    def _choose(self, selectors: Sequence[_Selector]) -> tuple[list[_Selector], list[_Selector]]:
        """Of many the first: plain ones and others."""
        queried = [each for each in selectors if not each.is_plain]
        self.is_cut = len(selectors) > _MAX_SELECTORS or len(queried) > _MAX_QUERIES
        return [each for each in selectors[:_MAX_SELECTORS] if each.is_plain], queried[:_MAX_QUERIES]

    def _match_in_c(
        self, extension: Extension, tree: LexborHTMLParser, page: object | None
    ) -> Iterator[Match]:
        """The simple ones in one walk; Lexbor is asked for others of whose names the page has all."""
        selectors: list[_Selector] = []
        # plain ones first, however many there are: what hides an element is said by the first
        texts = sorted(enumerate(self._texts), key=lambda each: not is_plain(each[1]))
        simple = {index: parts for index, text in texts if (parts := read_parts(text))}
        if len(self._texts) > _FEW:
            selectors = self._read()
            asked = (name for each in selectors for name in each.names)
            there = match(extension, tree, {}, asked, most=1, page=page).there
            plain, queried = self._choose([each for each in selectors if there.issuperset(each.names)])
            selectors = [*plain, *queried]
            simple = {each.index: simple[each.index] for each in selectors if each.index in simple}
            others = [each for each in selectors if each.index not in simple]
        else:
            others = [_read(text, index) for index, text in texts if index not in simple]
        names = [name for each in others for name in each.names]
        wider = {each.index: parts for each in others if (parts := widen(each.text))}
        matched = match(extension, tree, simple, names, most=_MAX_MATCHES, wider=wider, page=page)
        if matched.is_doubtful:
            others = selectors or self._read()
        else:
            yield from matched.found
            others = [
                each
                for each in others
                if matched.there.issuperset(each.names)
                and (each.index not in wider or each.index in matched.met)
            ]
        yield from _match_all(tree, others)

    def _read(self) -> list[_Selector]:
        return [_read(text, index) for index, text in enumerate(self._texts)]


class _Named:
    """The elements of a page that have classes or an id, by these."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        # by what is in the attribute: pages repeat theirs
        self._by_classes: dict[str, list[LexborNode]] = {}
        self._by_id: dict[str, list[LexborNode]] = {}
        for node in tree.css("[class]"):
            if classes := node.attrs["class"]:
                self._by_classes.setdefault(classes, []).append(node)
        for node in tree.css("[id]"):
            if own_id := node.id:
                self._by_id.setdefault(f"#{own_id.lower()}", []).append(node)
        self.names = {key for classes in self._by_classes for key in _keys_of(classes)}
        self.names.update(self._by_id)

    def match(self, selectors: Sequence[_Selector]) -> Iterator[Match]:
        """The elements that have plain selectors, whose keys are classes and ids."""
        by_key = _by_key(selectors)
        for classes, nodes in self._by_classes.items():
            if possible := [each for key in _keys_of(classes) for each in by_key.get(key, ())]:
                yield from _fitting(nodes, possible)
        for key, possible in by_key.items():
            yield from _fitting(self._by_id.get(key, ()), possible)


def _match_all(tree: LexborHTMLParser, selectors: Sequence[_Selector]) -> Iterator[Match]:
    for at in range(0, len(selectors), _FEW):
        yield from _match_few(tree, selectors[at : at + _FEW])


def _match_few(tree: LexborHTMLParser, selectors: Sequence[_Selector]) -> Iterator[Match]:
    """Two queries: those without a key may be any element's, and would leave open who has the others."""
    keyed = [each for each in selectors if each.key]
    yield from _match_together(tree, keyed)
    if len(keyed) < len(selectors):
        yield from _match_together(tree, [each for each in selectors if not each.key])


def _match_together(tree: LexborHTMLParser, selectors: Sequence[_Selector]) -> Iterator[Match]:
    """One query for all of them; who has which is told by keys and numbers, and asked where these leave it open."""
    selectors = [each for each in selectors if may_be_selector(each.text)]
    try:
        found = _query(tree, selectors)
    except (SelectolaxError, ValueError):
        selectors = [each for each in selectors if is_selector(each.text)]
        found = _query(tree, selectors)
    by_key = _by_key(selectors)
    unsure: dict[int, _Selector] = {}
    for _, same in groupby(found, key=_mem_id):
        # Lexbor gives an element once for every selector that it has
        nodes = list(same)
        node = nodes[0]
        attributes = node.attributes
        keys = _keys_of(attributes.get("class") or "", attributes.get("id") or "")
        # elements of drawings have capital letters
        tag = (node.tag or "").lower()
        possible = [each for key in (*keys, tag, "") for each in by_key.get(key, ())]
        veiled = [each for each in possible if not each.is_plain]
        plain = [each for each in possible if each.is_plain]
        fitting = list(_fitting([node], plain)) if plain else []
        yield from fitting
        left = len(nodes) - len(fitting)
        # in quirks mode Lexbor gives an element for a name in other letters, too
        is_plain_sure = len(fitting) == len(plain) or len(fitting) == len(
            _fitting_in_any_letters(node, plain)
        )
        if left == len(veiled) and is_plain_sure:
            for each in veiled:
                yield node, attributes, each.index
        elif left:
            unsure.update((each.index, each) for each in veiled)
    for each in unsure.values():
        for node in _query(tree, [each]):
            yield node, node.attributes, each.index


def _fitting(nodes: Iterable[LexborNode], selectors: Sequence[_Selector]) -> Iterator[Match]:
    """The elements among these that have plain selectors."""
    for node in nodes:
        attributes = node.attributes
        classes, own_id = classes_of(attributes.get("class")), attributes.get("id")
        for each in selectors:
            if fits(each.text, node, classes, own_id):
                yield node, attributes, each.index


def _fitting_in_any_letters(node: LexborNode, selectors: Sequence[_Selector]) -> list[_Selector]:
    classes = classes_of((node.attrs.get("class") or "").lower())
    own_id = (node.id or "").lower()
    return [each for each in selectors if fits(each.text.lower(), node, classes, own_id)]


def _read(text: str, index: int) -> _Selector:
    last, own, others = parts_of(text)
    names = [name_of(part) for part in (*own, *others)]
    return _Selector(text, index, is_plain(text), names[0].lower() if own else tag_of(last), names)


def _by_key(selectors: Iterable[_Selector]) -> dict[str, list[_Selector]]:
    found: dict[str, list[_Selector]] = {}
    for each in selectors:
        found.setdefault(each.key, []).append(each)
    return found


def _keys_of(classes: str, own_id: str = "") -> list[str]:
    """The names of an element as `name_of` gives them, each once."""
    keys = [f".{name}" for name in dict.fromkeys(classes_of(classes.lower()))]
    return [*keys, f"#{own_id.lower()}"] if own_id else keys


def _mem_id(node: LexborNode) -> int:
    return node.mem_id


def _query(tree: LexborHTMLParser, selectors: Sequence[_Selector]) -> list[LexborNode]:
    return tree.css(",".join(each.text for each in selectors)) if selectors else []
