"""The walk of `blocks` and the query of `landmarks` in C, where the package `winnow-native` is installed.

Without it Python reads the tree. Both give the same. What else is in it the rooms beside this one use.

The extension calls the functions of Lexbor that selectolax's library exports. It is used with the versions of
selectolax that it was tried with, and only after it has given the same as Python for a page that has everything in it.
Any doubt means Python, and a line in the log.
"""

import logging
import re
import struct
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, Protocol

import selectolax
import selectolax.lexbor
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom import blocks as python
from gateway.core.dom import landmarks, named
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
from gateway.core.dom.descent import (
    BLOCK,
    BOX,
    DRAWING,
    INLINE,
    PHRASE,
    PRUNED,
    SOURCE,
    TAGS,
    WHOLE,
    Bounds,
    Descent,
)
from gateway.core.dom.embeds import EMBEDS
from gateway.core.dom.landmarks import (
    CODE,
    OWNED,
    OWNING,
    SAYING,
    SELECTORS,
    STYLE_WORDS,
    Attributes,
    Landmarks,
    Mark,
    Measured,
    Query,
    select,
)
from gateway.core.dom.landmarks import TAGS as LANDMARKS
from gateway.core.dom.layout import KNOWN, Gaps
from gateway.core.dom.tags import ID, PLAIN

# versions of selectolax that the extension was tried with
_TRIED = frozenset(("1.0.2",))
# as in the extension: what a row of its tables says beside the action
_UNKNOWN, _EMBED, _SCRIPT = 16, 32, 64
_OWN_BITS = ("hidden", "aria_hidden", "itemscope", "undisplayed", "linked")
# what the extension gives, in its order
_COLUMNS = (
    *("tags", "names", "texts", "embeds", "pictures"),
    *(*ELEMENT_NUMBERS, *BLOCK_NUMBERS, "mem_ids", "node_ends", "nodes"),
    *("packed", "truncated"),
)


# a tag, an attribute, or both; an attribute may be asked for a value, a part, a word or the beginning of it, in any
# case. Before `:is` stand letters that a value has too
_LETTERS = re.compile(r'\[([\w-]+)\*="([^"]+)"\]')
_FORM = re.compile(r'(\w+)?(?:\[([\w-]+)(?:([*^~]?)="([^"]+)"( i)?)?\])?')
# as the extension says it
_HOW = {"": 0, "*": 1, "^": 2, "~": 3}
_ANY_CASE = 4
# and how it sorts: two lists come before those of the tags; in a tag's number, that nothing in it owns a property
_OTHERS, _PLAIN = 2, 128
# beside the landmarks', forms that the extension is tried with
_FORMS = ('[class^="b"]', '[class~="b"]', '[class~="SR-only" i]', 'p[style*="NONE" i]', '[id="LAST" i]')
_WORDS = tuple(word.encode() for word in STYLE_WORDS)
_wanted = True

# a page that has everything in it that the walk tells apart
_PROBE = """<title>A text that is looked for where text nodes have theirs</title><base href=/><meta charset=utf-8>
<link rel=x><style>p {}</style><body class=page><h1 popover>h</h1><font color=red>f</font><p color=red bgcolor=red>c
<p class="a sr-only">s<p class=sr->s<p class=visually-hidden>v<p class=screen-reader-text>r<p CLASS=SR-ONLY>s
<dialog>d</dialog>
<nav role=navigation><ul><li>one<li> two <a href=/>linked<b>bold</b></a></ul></nav><!-- no text -->
<div id=a class="b c" itemprop=name itemscope data-testid=d role=main hidden aria-hidden=true
 style="color: red; display : none; display: none">\u00e9\u00a0\u2003 \u6f22\u5b57 \U0001f600 &nbsp; &#0; &#xD800;</div>
<p class>a<br><br>b<br> \v c<img src=x><p id=out>left out<p><span style=display:none>shown</span> <strong>x</strong>
<table><tr><td>cell<td><p>block</table><pre>\ncode\n  more</pre><template>no</template><svg><g>no</g></svg>
<script type=math/tex>x^2</script><script>no</script><iframe src=/></iframe><amp-img src=x></amp-img>
<amp-youtube></amp-youtube><p id=Last>in <x-word>a line</x-word> of text<x-card><div>a block</div></x-card>
<mjx-container></mjx-container><math><mi>y</mi></math>
<marquee>odd</marquee><a href=/><div aria-hidden=false role=none>block in a link</div></a>
<noscript>no</noscript><div><div><div><div><div><div>deep</div></div></div></div></div></div><textarea>no</textarea><p>last"""


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
    ) -> tuple[tuple[Any, ...], int, int]: ...

    def strip_css(self, css: bytes) -> bytes: ...

    def scan_css(self, css: bytes, first: int) -> tuple[list[int], list[int], list[int], list[int]]: ...

    def find_values(self, css: bytes) -> dict[bytes, int]: ...

    def index_names(self, css: bytes) -> bytes: ...

    def find_uses(self, css: bytes, index: bytes, word: bytes, most: int) -> list[int]: ...

    def match(
        self, root: LexborNode, names: tuple[bytes, ...], parts: bytes, most: int
    ) -> tuple[list[tuple[LexborNode, Attributes, int]], bytes, bool]: ...

    def join_texts(self, elements: list[LexborNode]) -> bytes | None: ...

    def count_stripped(self, element: LexborNode) -> int | None: ...

    def read_page_names(self, root: LexborNode) -> bytes: ...

    def keep_possible(self, css: bytes, blocks: list[int], *args: object) -> list[int]: ...

    def count_code(self, elements: list[LexborNode], body: LexborNode, code: bytes) -> int | None: ...

    def count_tags(self, markup: bytes, window: int) -> tuple[list[int], list[int], int]: ...

    def find_around(self, markup: bytes, first: int, most: int) -> bytes | None: ...

    def descend(self, root: LexborNode, *args: object) -> Descent: ...

    def find_named(self, names: Sequence[str], parts: tuple[str, ...]) -> list[int]: ...

    def load_words(self, scores: dict[str, float]) -> object: ...

    def count_texts(
        self, texts: Sequence[str], classes: bytes, said: Mapping[str, int], words: object, short_words: int
    ) -> tuple[bytes, ...]: ...

    def count_kinds(
        self, tags: Sequence[str], names: Sequence[str], parents: object, tokens: object
    ) -> tuple[bytes, ...]: ...

    def log_arguments(self, packed: bytes, elements: int, counts: object) -> bytes: ...

    def measure(self, packed: bytes, tags: Sequence[str], *columns: object) -> int: ...


_FUNCTIONS = [name for name in vars(Extension) if not name.startswith("_")]


class Walk(NamedTuple):
    """The extension, None where Python walks, and why."""

    extension: Extension | None
    reason: str


def read_blocks(
    root: LexborNode,
    *,
    left_out: Container[int] = (),
    formulas: Container[int] = (),
    max_depth: int = 512,
    max_blocks: int = 50_000,
) -> Blocks:
    """As `blocks.read_blocks`, by the extension where it may be used."""
    extension = find_walk().extension
    if extension is None:
        return python.read_blocks(
            root, left_out=left_out, formulas=formulas, max_depth=max_depth, max_blocks=max_blocks
        )
    return _walk(extension, root, left_out, formulas, max_depth, max_blocks)


def find_marks(tree: LexborHTMLParser, also: tuple[Query, ...] = ()) -> Landmarks:
    """As `landmarks.find_marks`, by the extension where it may be used: it leaves out styles that hide nothing,
    and what is hidden by a style or `aria-hidden` and has no text in it.

    Args:
        also: what the extension finds in the same walk, and Python leaves to those who look for it.
    """
    extension, root = find_walk().extension, tree.root
    if extension is None or root is None:
        return landmarks.find_marks(tree)
    return _find_marks(extension, tree, root, _WORDS, also)


def _find_marks(
    extension: Extension,
    tree: LexborHTMLParser,
    root: LexborNode,
    words: tuple[bytes, ...],
    also: tuple[Query, ...],
) -> Landmarks:
    body = tree.body
    found, shown, code = extension.select(root, _queries(words, also), body, sought(CODE)[0], _sorting())
    concealed, properties, *marks = found[0]
    return Landmarks(
        tags=dict(zip(LANDMARKS, marks, strict=True)),
        properties=properties,
        concealed=concealed,
        measured=Measured(shown, code) if shown >= 0 and body is not None else None,
        also=dict(zip(also, found[1:], strict=True)),
    )


def find_marked(tree: LexborHTMLParser, selectors: tuple[str, ...], most: int = 0) -> list[Mark]:
    """As `landmarks.select`, by the extension where it may be used.

    Args:
        most: as many elements are given at the most; 0 for all.
    Raises:
        ValueError: the extension has no form for one of the selectors.
    """
    extension, root = find_walk().extension, tree.root
    if extension is None or root is None:
        found = select(tree, ",".join(selectors))
        return list(islice(found, most) if most else found)
    return _select(extension, root, Query(selectors, most))


def find_first(node: LexborNode, *selectors: str) -> LexborNode | None:
    """The first element that one of the selectors is for, from a node on down."""
    extension = find_walk().extension
    if extension is None:
        return node.css_first(",".join(selectors))
    found = _select(extension, node, Query(selectors, most=1))
    return found[0][0] if found else None


def _select(extension: Extension, root: LexborNode, query: Query) -> list[Mark]:
    found: list[Mark] = extension.select(root, (_query(query),), None, bytes(TAGS))[0][0]
    return found


@cache
def _sorting() -> tuple[object, ...]:
    """How `landmarks.find_marks` sorts, as the extension takes it."""
    table = bytearray(TAGS)
    for number, tag in enumerate(LANDMARKS, _OTHERS):
        table[ID[tag]] = number | (0 if ID[tag] in OWNED else _PLAIN)
    saying, owning = (tuple(name.encode() for name in names) for names in (SAYING, OWNING))
    return bytes(table), saying, owning, _OTHERS + len(LANDMARKS)


@cache
def _queries(words: tuple[bytes, ...], also: tuple[Query, ...]) -> tuple[object, ...]:
    return _query(Query(SELECTORS), words), *map(_query, also)


@cache
def _query(query: Query, words: tuple[bytes, ...] = ()) -> tuple[object, ...]:
    return *sought(query.selectors), words, query.most


def count_text(tree: LexborHTMLParser, marks: Landmarks, enough: int) -> int:
    """As `landmarks.count_text`, by the extension where it may be used.

    Args:
        enough: where there are so many or more, any number from there on is given.
    """
    measured, extension = marks.measured, find_walk().extension
    body = tree.body
    if measured is None or extension is None or body is None:
        return landmarks.count_text(tree, marks)
    # code is long: that its characters are no more than its bytes, and no less than a quarter, mostly says enough
    least = measured.shown - measured.code_bytes
    if least >= enough or not measured.code_bytes:
        return least
    if measured.code_bytes // 4 >= measured.shown:
        return 0
    elements = [node for tag in CODE for node, _ in marks.tags[tag]]
    code = extension.count_code(elements, body, sought(CODE)[0])
    return landmarks.count_text(tree, marks) if code is None else max(0, measured.shown - code)


def descend(
    root: LexborNode, bounds: Bounds, table: bytes, signs: str, is_apart: Callable[[LexborNode], bool]
) -> Descent:
    """A `Descent`, the extension's where it may be used."""
    extension = find_walk().extension
    make = Descent if extension is None else extension.descend
    return make(root, bounds, table, signs, is_apart)


def find_named(names: Sequence[str], parts: tuple[str, ...]) -> list[int]:
    """As `named.find_named`, by the extension where it may be used."""
    extension = find_walk().extension
    return named.find_named(names, parts) if extension is None else extension.find_named(names, parts)


def _walk(extension: Extension, root: LexborNode, *bounds: object) -> Blocks:
    blocks = Blocks(root)
    own = blocks.tags[0], blocks.names[0], blocks.flags[0]
    for name, column in zip(_COLUMNS, extension.read_blocks(root, tables(), *own, *bounds), strict=True):
        setattr(blocks, name, column)
    return blocks


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


def _packed(numbers: list[int]) -> bytes:
    return struct.pack(f"={len(numbers)}q", *numbers)


def prefer_native(wanted: bool) -> None:
    """Whether the extension is used from here on; as it begins, it is."""
    global _wanted
    _wanted = wanted
    find_walk.cache_clear()


@cache
def find_walk() -> Walk:
    """The extension if it is wanted, installed, and reads trees as Python does."""
    if not _wanted:
        return Walk(None, "winnow-native is not wanted")
    version = selectolax.__version__
    try:
        import winnow_native
    except ModuleNotFoundError:
        return Walk(None, "winnow-native is not installed")
    except ImportError as exc:
        fault = f"winnow-native cannot be loaded: {exc}"
    else:
        if version not in _TRIED:
            fault = f"winnow-native was not tried with selectolax {version}"
        elif not (fault := find_fault(winnow_native)):
            return Walk(winnow_native, f"winnow-native with selectolax {version}")
    logging.getLogger(__name__).warning("pages are walked by Python: %s", fault)
    return Walk(None, fault)


def find_fault(extension: Extension) -> str:
    """Why the extension cannot be used here; empty where it can."""
    tree = LexborHTMLParser(_PROBE, scripting=True)
    root, text = tree.body, tree.css_first("title")
    top = tree.root
    if root is None or top is None or text is None or text.first_child is None:
        return "the page that it is tried with has no text"
    try:
        if missing := [name for name in _FUNCTIONS if not hasattr(extension, name)]:
            return f"it is of another version, without {', '.join(missing)}"
        path = selectolax.lexbor.__file__
        extension.load(path, LexborNode, text.first_child, (text.text() or "").encode())
        left_out = {node.mem_id for node in tree.css("[id=out]")}
        formulas = {node.mem_id for node in tree.css("script[type^=math]")}
        for hidden, max_depth, max_blocks in (((), 512, 50_000), (left_out, 5, 50_000), (left_out, 512, 5)):
            right = python.read_blocks(
                root, left_out=hidden, formulas=formulas, max_depth=max_depth, max_blocks=max_blocks
            )
            differ = find_difference(_walk(extension, root, hidden, formulas, max_depth, max_blocks), right)
            if differ:
                return f"it reads {differ} otherwise than Python does"
        texts = {node.mem_id for node in root.traverse(include_text=True) if node.is_text_node}
        elements = {node.mem_id for node in tree.css(":nth-child(odd)")}
        every = (PRUNED, WHOLE, INLINE, BOX, BLOCK, DRAWING, SOURCE, 0)
        table = bytes(PHRASE if number in PLAIN else every[number % len(every)] for number in range(TAGS))
        is_apart = Gaps().is_before
        for kept in (
            Bounds(None, None, left_out, elements, 512),
            Bounds(texts, elements, left_out, left_out, 5),
        ):
            seen = extension.descend(root, kept, table, "c", is_apart)
            if [*seen] != [*Descent(root, kept, table, "c", is_apart)]:
                return "it goes down the tree otherwise than Python does"
        for selectors in (SELECTORS, *((form,) for form in _FORMS)):
            found = _select(extension, top, Query(selectors))
            if not is_same(found, select(tree, ",".join(selectors))):
                return "it finds other landmarks than Python does"
        marks, right_marks = _find_marks(extension, tree, top, (), ()), landmarks.find_marks(tree)
        sorted_alike = zip(
            (marks.concealed, marks.properties, *marks.tags.values()),
            (right_marks.concealed, right_marks.properties, *right_marks.tags.values()),
            strict=True,
        )
        if not all(is_same(found, right) for found, right in sorted_alike):
            return "it sorts landmarks otherwise than Python does"
    except Exception as exc:
        # whatever it is, it is a doubt
        return f"{type(exc).__name__}: {exc}"
    return ""


def is_same(marks: Iterable[Mark], others: Iterable[Mark]) -> bool:
    """Whether both are the same elements in the same order, with the same attributes."""
    one, other = (
        [(node.mem_id, node.tag, list(read.items())) for node, read in each] for each in (marks, others)
    )
    return one == other


def find_difference(one: Blocks, other: Blocks) -> str:
    """The first column in which two walks over one tree differ; empty where they are equal."""
    for name in _COLUMNS:
        left, right = getattr(one, name), getattr(other, name)
        if name == "packed":
            # Python has none
            left, right = left or pack(one), right or pack(other)
        if name in ("embeds", "pictures"):
            left, right = (
                [(at, node.mem_id, node.tag, node.attributes) for at, node in each] for each in (left, right)
            )
        if left != right or type(left) is not type(right):
            return name
    return ""
