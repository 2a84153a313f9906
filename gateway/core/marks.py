"""The elements that speak of the page itself, found in one pass at C speed and shared by all who read them.

A query costs a tenth of the parse to begin with and a thirtieth for each of its selectors; structured data,
metadata, hidden text and recovery would each make several. Attributes are read once too.
"""

from typing import NamedTuple

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

_TAGS = ("html", "title", "base", "meta", "link", "h1", "script", "style", "noscript")
_MARKED = ",".join((*_TAGS, "[itemprop]", "[itemscope]"))


class Mark(NamedTuple):
    """An element and its attributes."""

    node: LexborNode
    attributes: dict[str, str | None]


class Marks(Struct, frozen=True):
    """Elements in document order."""

    tags: dict[str, list[Mark]]  # html title base meta link h1 script style noscript
    properties: list[Mark]  # with itemprop or itemscope, of any tag

    def longest_noscript(self) -> str:
        """The markup of the longest `<noscript>`: the page itself, where a script was to build it."""
        return max((mark.node.inner_html or "" for mark in self.tags["noscript"]), key=len, default="")


def find_marks(tree: LexborHTMLParser) -> Marks:
    """The head's elements wherever they stand, scripts, style sheets, `<h1>`, and microdata."""
    tags: dict[str, list[Mark]] = {tag: [] for tag in _TAGS}
    properties: list[Mark] = []
    for mark in select(tree, _MARKED):
        tag = mark.node.tag or ""
        if tag in tags:
            tags[tag].append(mark)
            if tag not in ("meta", "link", "h1"):
                continue
        if "itemprop" in mark.attributes or "itemscope" in mark.attributes:
            properties.append(mark)
    return Marks(tags, properties)


def select(tree: LexborHTMLParser, selectors: str) -> list[Mark]:
    """What any of the selectors matches, in document order, each element once."""
    last = 0
    found = []
    for node in tree.css(selectors):
        if node.mem_id != last:  # Lexbor gives an element once for every selector it matches
            last = node.mem_id
            found.append(Mark(node, node.attributes))
    return found
