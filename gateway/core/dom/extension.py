"""What the package `winnow-native` has, and how it is asked: tags and selectors as it takes them."""

import re
import struct
from array import array
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.blocks import (
    ACTIONS,
    BIT,
    BLOCK_NUMBERS,
    BY_ROLE,
    ELEMENT_NUMBERS,
    NAMED,
    SCRIPT,
    Blocks,
    judge,
    read_formula,
)
from gateway.core.dom.descent import TAGS, Descent
from gateway.core.dom.embeds import EMBEDS
from gateway.core.dom.landmarks import (
    CODE,
    OWNED,
    OWNING,
    SAYING,
    SELECTORS,
    Attributes,
    Landmarks,
    Mark,
    Measured,
    Query,
)
from gateway.core.dom.landmarks import TAGS as LANDMARKS
from gateway.core.dom.layout import KNOWN
from gateway.core.dom.tags import ID

# what the functions take, give and mean, as a number: `INTERFACE` of packages/native/winnow_native.c
INTERFACE = 3
# as in the extension: what a row of its tables says beside the action
_UNKNOWN, _EMBED, _SCRIPT = 16, 32, 64
_OWN_BITS = ("hidden", "aria_hidden", "itemscope", "undisplayed", "linked")
# what it gives, in its order; those of numbers are bytes there
NUMBERS = frozenset((*ELEMENT_NUMBERS, *BLOCK_NUMBERS, "mem_ids", "node_ends", "nodes"))
COLUMNS = (
    *("tags", "names", "texts", "embeds", "pictures"),
    *(*ELEMENT_NUMBERS, *BLOCK_NUMBERS, "mem_ids", "node_ends", "nodes"),
    *("packed", "truncated"),
)
# a tag, an attribute, or both; an attribute may be asked for a value, a part, a word or the beginning of it, in any
# case. Before `:is` stand letters that a value has too
_LETTERS = re.compile(r'\[([\w-]+)\*="([^"]+)"\]')
_FORM = re.compile(r'(\w+)?(?:\[([\w-]+)(?:([*^~]?)="([^"]+)"( i)?)?\])?')
_NO_CODE = bytes(TAGS)
# as the extension says it
_HOW = {"": 0, "*": 1, "^": 2, "~": 3}
_ANY_CASE = 4
# and how it sorts: two lists come before those of the tags; in a tag's number, that nothing in it owns a property
_OTHERS, _PLAIN = 2, 128
# with a style sheet of so many bytes a page's names are read, too
LEAST_SHEET = 500


class Extension(Protocol):
    """The module `winnow_native`."""

    def __hash__(self) -> int: ...

    def load(self, path: str, node_class: type, text_node: LexborNode, text: bytes) -> None: ...

    def read_blocks(self, root: LexborNode, *args: object) -> tuple[Any, ...]: ...

    def select(
        self,
        root: LexborNode,
        queries: tuple[object, ...],
        body: LexborNode | None,
        code: bytes,
        sorting: tuple[object, ...] | None = None,
    ) -> tuple[tuple[Any, ...], int, int, object | None]: ...

    def strip_css(self, css: bytes) -> bytes: ...

    def scan_css(self, css: bytes, first: int) -> tuple[list[int], list[int], list[int], list[int]]: ...

    def index_values(self, css: bytes) -> bytes: ...

    def find_value(self, css: bytes, index: bytes, name: bytes) -> int: ...

    def read_prelude(self, css: bytes, start: int, most: int) -> str: ...

    def index_names(self, css: bytes) -> bytes: ...

    def find_uses(
        self,
        css: bytes,
        index: bytes,
        word: bytes,
        most: int,
        names: tuple[bytes, ...] = (),
        are_own: bool = False,
    ) -> list[int]: ...

    def find_setting(self, css: bytes, word: bytes, most: int) -> list[int]: ...

    def split_declarations(self, style: str | bytes) -> list[tuple[str, str]] | None: ...

    def read_declarations(self, style: str | bytes) -> dict[str, str] | None: ...

    def names_above(self, element: LexborNode, most: int, tops: bytes) -> str | None: ...

    def element_beside(self, element: LexborNode, is_behind: bool) -> LexborNode | None: ...

    def class_before(self, element: LexborNode) -> str | None: ...

    def control_before(self, element: LexborNode, tags: bytes) -> LexborNode | None: ...

    def pack_words(self, words: tuple[bytes, ...]) -> bytes: ...

    def find_said(self, element: LexborNode, words: bytes, most: int) -> list[int] | None: ...

    def match(
        self, root: LexborNode, names: tuple[bytes, ...], parts: bytes, most: int, page: object | None = None
    ) -> tuple[list[tuple[LexborNode, Attributes, int]], bytes, bool]: ...

    def join_texts(self, elements: list[LexborNode]) -> bytes | None: ...

    def count_stripped(self, element: LexborNode) -> int: ...

    def read_page_names(self, root: LexborNode) -> object: ...

    def keep_possible(self, css: bytes, blocks: list[int], *args: object) -> list[int]: ...

    def count_code(self, elements: list[LexborNode], body: LexborNode, code: bytes) -> int | None: ...

    def count_tags(self, markup: bytes, window: int) -> tuple[list[int], list[int], int]: ...

    def find_combining(self, markup: bytes) -> bytes: ...

    def find_open(self, markup: bytes, start: int, position: int) -> int: ...

    def read_after(
        self, heading: LexborNode, kinds: bytes, *bounds: int
    ) -> list[str | LexborNode | None]: ...

    def descend(self, root: LexborNode, *args: object) -> Descent: ...

    def find_named(self, names: Sequence[str], parts: tuple[str, ...]) -> list[int]: ...

    def load_words(self, scores: dict[str, float]) -> object: ...

    def count_texts(
        self, texts: Sequence[str], classes: bytes, said: Mapping[str, int], words: object, short_words: int
    ) -> tuple[bytes, ...]: ...

    def count_kinds(
        self, tags: Sequence[str], names: Sequence[str], parents: object, tokens: object
    ) -> tuple[bytes, ...]: ...

    def find_tagged(self, tags: list[str], wanted: frozenset[str]) -> list[int]: ...

    def log_arguments(self, packed: bytes, elements: int, counts: object) -> bytes: ...

    def measure(
        self, packed: bytes, tags: Sequence[str], *columns: object
    ) -> tuple[int, float, float, float, list[int]]: ...

    def clip_rows(self, rows: object, low: object, high: object, held: object) -> None: ...

    def gather_windows(self, hidden: object, width: int, dilation: int, seen: object) -> None: ...

    def rectify(self, values: object, bias: object, onto: object = None) -> None: ...

    def find_column(
        self,
        packed: bytes,
        elements: int,
        chosen: list[int],
        words: object,
        link: object,
        bounds: tuple[float, float, float, float, int],
    ) -> tuple[int, int, int, float] | None: ...

    def take_prefix(
        self, probabilities: object, words: object, recall_weight: float, least: float
    ) -> tuple[list[int], float]: ...


FUNCTIONS = [name for name in vars(Extension) if not name.startswith("_")]


def walk(extension: Extension, root: LexborNode, *bounds: object) -> Blocks:
    """`blocks.read_blocks`; the bounds in its order."""
    blocks = Blocks(root)
    own = blocks.tags[0], blocks.names[0], blocks.flags[0]
    for name, column in zip(COLUMNS, extension.read_blocks(root, tables(), *own, *bounds), strict=True):
        setattr(blocks, name, array("q", column) if name in NUMBERS else column)
    return blocks


def mark(
    extension: Extension,
    tree: LexborHTMLParser,
    root: LexborNode,
    words: tuple[bytes, ...],
    also: tuple[Query, ...],
) -> Landmarks:
    """`landmarks.find_marks`.

    Args:
        words: of styles; those without one of them are left out, if there are some.
        also: what else is looked for.
    """
    body = tree.body
    found, shown, code, names = extension.select(
        root, _queries(words, also), body, sought(CODE)[0], _sorting()
    )
    concealed, properties, *marks = found[0]
    return Landmarks(
        tags=dict(zip(LANDMARKS, marks, strict=True)),
        properties=properties,
        concealed=concealed,
        measured=Measured(shown, code) if shown >= 0 and body is not None else None,
        also=dict(zip(also, found[1:], strict=True)),
        names=names,
    )


def select(extension: Extension, root: LexborNode, query: Query) -> list[Mark]:
    """`landmarks.select`, from a node on down."""
    found: list[Mark] = extension.select(root, (_query(query),), None, _NO_CODE)[0][0]
    return found


def select_first(extension: Extension, root: LexborNode, selectors: tuple[str, ...]) -> LexborNode | None:
    """The first element that one of the selectors is for, from a node on down."""
    found = extension.select(root, _first(selectors), None, _NO_CODE)[0][0]
    return found[0][0] if found else None


@cache
def _sorting() -> tuple[object, ...]:
    """How `landmarks.find_marks` sorts, as the extension takes it."""
    table = bytearray(TAGS)
    for number, tag in enumerate(LANDMARKS, _OTHERS):
        table[ID[tag]] = number | (0 if ID[tag] in OWNED else _PLAIN)
    saying, owning = (tuple(name.encode() for name in names) for names in (SAYING, OWNING))
    return bytes(table), saying, owning, _OTHERS + len(LANDMARKS), ID["style"], LEAST_SHEET


@cache
def _queries(words: tuple[bytes, ...], also: tuple[Query, ...]) -> tuple[object, ...]:
    return _query(Query(SELECTORS), words), *map(_query, also)


@cache
def _first(selectors: tuple[str, ...]) -> tuple[object, ...]:
    return (_query(Query(selectors, most=1)),)


@cache
def _query(query: Query, words: tuple[bytes, ...] = ()) -> tuple[object, ...]:
    return *sought(query.selectors), words, query.most


@cache
def tables() -> tuple[object, ...]:
    """What the extension needs to know of tags and attributes."""
    actions, bits, tags = bytearray(), [], []
    for number in range(TAGS):
        action = ACTIONS.get(number, 0)
        if number not in ACTIONS and number not in KNOWN:
            action |= _UNKNOWN
        if number in EMBEDS:
            action |= _EMBED
        if number == SCRIPT:
            action |= _SCRIPT
        actions.append(action)
        tag, bit = NAMED.get(number, (None, 0))
        tags.append(tag)
        bits.append(bit)
    own = [BIT[name] for name in _OWN_BITS]
    return bytes(actions), _packed(bits), tuple(tags), _packed(own), BY_ROLE, judge, read_formula


@cache
def sought(selectors: tuple[str, ...]) -> tuple[bytes, tuple[object, ...]]:
    """Selectors as the extension takes them: a byte for each tag, and attributes.

    Raises:
        ValueError: it has no form for one of them.
    """
    tags, attributes = bytearray(TAGS), []
    for selector in selectors:
        wide, _, narrow = selector.removesuffix(")").partition(":is(")
        letters = _LETTERS.fullmatch(wide) if narrow else None
        for part in narrow.split(",") if letters else [selector]:
            form = _FORM.fullmatch(part)
            if form is None or not part:
                raise ValueError(f"winnow-native has no form for {selector}")
            tag, name, how, value, any_case = form.groups(default="")
            if letters and (name, how) != (letters[1], "*"):
                raise ValueError(f"winnow-native has no form for {selector}")
            if name:
                also = letters[2] if letters else ""
                compared = _HOW[how] | (_ANY_CASE if any_case else 0)
                text = value.encode().lower() if any_case else value.encode()
                attributes.append((name.encode(), text, also.encode(), compared, ID[tag] if tag else 0))
            else:
                tags[ID[tag]] = 1
    return bytes(tags), tuple(attributes)


def pack(blocks: Blocks) -> bytes:
    """`Blocks.packed` of columns that Python has read."""
    return b"".join(_packed(getattr(blocks, name)) for name in (*ELEMENT_NUMBERS, *BLOCK_NUMBERS))


def _packed(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"={len(numbers)}q", *numbers)
