"""The elements that speak of the page itself, found in one pass at C speed and shared by all who read them.

A query over the whole tree costs a sixth of the parse whatever it looks for, and structured data, metadata,
hidden text and recovery would each make several.
"""

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

_TAGS = ("html", "title", "base", "meta", "link", "h1", "script", "style", "noscript")
_MARKED = ",".join((*_TAGS, "[itemprop]", "[itemscope]"))


class Marks(Struct, frozen=True):
    """Elements in document order."""

    tags: dict[str, list[LexborNode]]  # html title base meta link h1 script style noscript
    properties: list[LexborNode]  # with itemprop or itemscope, of any tag

    def longest_noscript(self) -> str:
        """The markup of the longest `<noscript>`: the page itself, where a script was to build it."""
        return max((node.inner_html or "" for node in self.tags["noscript"]), key=len, default="")


def find_marks(tree: LexborHTMLParser) -> Marks:
    """The head's elements wherever they stand, scripts, style sheets, `<h1>`, and microdata."""
    tags: dict[str, list[LexborNode]] = {tag: [] for tag in _TAGS}
    properties: list[LexborNode] = []
    last = 0
    for node in tree.css(_MARKED):
        if node.mem_id == last:
            continue  # Lexbor gives an element once for every selector it matches
        last = node.mem_id
        tag = node.tag or ""
        if tag in tags:
            tags[tag].append(node)
            if tag not in ("meta", "link", "h1"):
                continue
        attributes = node.attrs
        if "itemprop" in attributes or "itemscope" in attributes:
            properties.append(node)
    return Marks(tags, properties)
