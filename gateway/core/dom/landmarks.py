"""The elements that speak of the page itself, found in one pass at C speed and shared by all who read them.

A query costs a tenth of the parse to begin with and a thirtieth for each of its selectors; structured data,
metadata, hidden text and recovery would each make several. Attributes are read once too.
"""

import re
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.tags import ID, ids

TAGS = ("html", "title", "base", "meta", "link", "h1", "script", "style", "noscript")
# those of them that microdata may speak of, and by which attributes it does
OWNED = ids("meta link h1")
OWNING = ("itemprop", "itemscope")
# what says of itself that it is hidden, or may be; to search all class attributes for a word costs most, and the
# words for screen readers share letters
_CONCEALED = (
    "[style]",
    "[hidden]",
    "[popover]",
    '[aria-hidden="true"]',
    "dialog",
    "font[color]",
    "[bgcolor]",
    '[class*="r-"]:is([class*="sr-only"],[class*="screen-reader"])',
    '[class*="vis"]:is([class*="visually"],[class*="element-invisible"])',
)
_FOR_SCREEN_READERS = re.compile(
    r"(?:^|[\s_-])(?:sr-only|visually-?hidden|screen-reader(?:-text|-only)?|element-invisible)(?=\s|$)", re.I
)
# attributes of what may be hidden
SAYING = ("style", "hidden", "popover", "aria-hidden", "class")
# One of these is in every style that hides (`\\` and `/*` may veil it), in lower case; same colours need `color`.
STYLE_WORDS = (
    *"none hidden opacity font clip scale collapse :- (- \\ /* background zoom mask rotate translate inset".split(),
    *"fixed absolute color matrix skew filter offset calc( contain overflow table-column content:url".split(),
    *(": -", "0 -"),
)

# below these stands no text of the page
CODE = ("script", "style", "noscript")
# a row of a table that is drawn with other elements
_ROW = '[role="row"]'
SELECTORS = (*TAGS, "[itemprop]", "[itemscope]", *_CONCEALED, _ROW)

# of one formula: a preview and what replaced it
_DRAWINGS = 2

Attributes = dict[str, str | None]
# an element and its attributes
Mark = tuple[LexborNode, Attributes]


class Query(NamedTuple):
    """Elements that others than the landmarks' readers look for; the first `most` of them, all with 0."""

    selectors: tuple[str, ...]
    most: int = 0


class Measured(Struct, frozen=True):
    """What a walk measured of a page's text on its way."""

    # characters in the body, without code
    shown: int
    # of code outside the body
    code_bytes: int


class Landmarks(Struct, frozen=True, dict=True):
    """Elements in document order."""

    # html title base meta link h1 script style noscript
    tags: dict[str, list[Mark]]
    # with itemprop or itemscope, of any tag
    properties: list[Mark]
    # what may be hidden: with a style that may hide, `hidden`, `popover`, `aria-hidden`, a background or a class for
    # screen readers; dialogs and fonts; and others among them
    concealed: list[Mark]
    measured: Measured | None = None
    # what the same walk found for others; they look for themselves where nothing stands here
    also: dict[Query, list[Mark]] = {}
    # the extension's `read_page_names`, where the page has style sheets that are worth it; for the tree as it is
    names: object | None = None

    @cached_property
    def longest_noscript(self) -> str:
        """The markup of the longest `<noscript>`: the page itself, where a script was to build it."""
        return max((node.inner_html or "" for node, _ in self.tags["noscript"]), key=len, default="")


def find_marks(tree: LexborHTMLParser) -> Landmarks:
    """The head's elements wherever they stand, scripts, style sheets, `<h1>`, and microdata."""
    tags: dict[str, list[Mark]] = {tag: [] for tag in TAGS}
    by_number = {ID[tag]: marks for tag, marks in tags.items()}
    properties: list[Mark] = []
    concealed: list[Mark] = []
    for mark in select(tree, ",".join(SELECTORS)):
        node, attributes = mark
        number = node.tag_id
        if number not in by_number or any(name in attributes for name in SAYING):
            concealed.append(mark)
        if number in by_number:
            by_number[number].append(mark)
            if number not in OWNED:
                continue
        if any(name in attributes for name in OWNING):
            properties.append(mark)
    return Landmarks(tags, properties, concealed)


def select(tree: LexborHTMLParser | LexborNode, selectors: str) -> Iterator[Mark]:
    """What any of the selectors matches in a page or from a node on down, in document order, each element once."""
    last = 0
    for node in tree.css(selectors):
        mem_id = node.mem_id
        if mem_id != last:
            # Lexbor gives an element once for every selector it matches
            last = mem_id
            yield node, node.attributes


def count_text(tree: LexborHTMLParser, marks: Landmarks) -> int:
    """The characters of text in the body without code, less those of code in the head, which is mostly little."""
    body = tree.body
    code = {node.mem_id: node for tag in CODE for node, _ in marks.tags[tag]}
    # as in drawings, where elements may stand in it
    holders = {mem_id for mem_id, node in code.items() if not _has_one_text(node)}
    outer = [node for node in code.values() if not holders or not _is_within(node, holders)]
    text = len(body.text_lexbor()) if body is not None else 0
    return max(0, text - sum(len(node.text_lexbor()) for node in outer))


def _has_one_text(node: LexborNode) -> bool:
    first = node.first_child
    return first is None or (first.is_text_node and first.next is None)


def _is_within(node: LexborNode, holders: Collection[int]) -> bool:
    outer = node.parent
    while outer is not None and outer.mem_id not in holders:
        outer = outer.parent
    return outer is not None


def is_for_screen_readers(classes: str) -> bool:
    """Whether an element of these classes is there to be heard, not to be seen."""
    low = classes.lower()
    if "r-" not in low and "vis" not in low:
        return False
    return _FOR_SCREEN_READERS.search(classes) is not None


def find_formulas(marks: Landmarks) -> tuple[set[int], set[int]]:
    """The scripts in which MathJax 2 keeps the source of a formula, and the drawings beside them, by mem_id."""
    scripts: set[int] = set()
    drawn: set[int] = set()
    for script, attributes in marks.tags["script"]:
        if not (attributes.get("type") or "").startswith("math/tex"):
            continue
        scripts.add(script.mem_id)
        before = script.prev
        for _ in range(_DRAWINGS):
            if before is None or not before.is_element_node:
                break
            named = f"{before.attrs.get('class') or ''} {before.tag}"
            if "MathJax" not in named and "mjx-" not in named:
                break
            drawn.add(before.mem_id)
            before = before.prev
    return scripts, drawn
