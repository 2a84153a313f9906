"""The lines of a page right after its headline, and right before it."""

from collections.abc import Iterator
from functools import cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.native import find_walk
from gateway.core.dom.tags import TEXT, ids
from gateway.core.metadata.teasers import Teasers

_INLINE = ids(
    "a abbr b bdi bdo cite code data dfn em font i img ins kbd mark q s small span strong sub sup svg time u"
)
_HEADINGS = ids("h2 h3 h4")
_TOPS = ids("html body")
_UNSEEN = frozenset(
    ("style", "script", "noscript", "template", "title", "desc", "textarea", "option", "button")
)
_MAX_NODES, _MAX_CHARACTERS, _MAX_LINE_CHARACTERS = 500, 600, 300
_MAX_PARENTS, _BEFORE_CHARACTERS = 8, 100


class Line:
    """A line of the page.

    Args:
        pieces: the texts of its nodes.
    """

    __slots__ = ("pieces", "text")

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces
        self.text = " ".join(pieces)


def lines_after(heading: LexborNode, teasers: Teasers) -> Iterator[Line]:
    """The lines after a headline, up to the heading of another story or until enough was read."""
    pieces: list[str] = []
    seen = 0
    for found in read_after(heading):
        if seen > _MAX_CHARACTERS:
            break
        if isinstance(found, str):
            if text := " ".join(found[: 4 * _MAX_LINE_CHARACTERS].split())[:_MAX_LINE_CHARACTERS]:
                seen += len(text)
                pieces.append(text)
            continue
        if found is not None and teasers.begin_at(found):
            # another story begins
            break
        if pieces:
            yield Line(pieces)
            pieces = []
    if pieces:
        yield Line(pieces)


def read_after(heading: LexborNode) -> Iterator[str | LexborNode | None]:
    """The texts after a heading, further headings, and None where a line ends; the extension reads them where it may.

    It may give fewer ends of lines, and ends where there are more characters than are looked at.
    """
    if (extension := find_walk().extension) is not None:
        yield from extension.read_after(heading, _kinds(), _MAX_PARENTS, _MAX_NODES + 1, _MAX_CHARACTERS)
        return
    for place, node in enumerate(_nodes_after(heading)):
        if place > _MAX_NODES:
            break
        number = node.tag_id
        if number == TEXT:
            # half of them are white space
            if node.is_empty_text_node:
                continue
            parent = node.parent
            if parent is None or parent.tag not in _UNSEEN:
                yield node.text_content or ""
        elif number in _HEADINGS:
            yield node
        elif number not in _INLINE and "-" not in (node.tag or ""):
            yield None


@cache
def _kinds() -> bytes:
    """What each tag is, as the extension takes it."""
    kinds = bytearray(256)
    for bit, numbers in enumerate((_INLINE, _HEADINGS, _TOPS)):
        for number in numbers:
            kinds[number] |= 1 << bit
    parser = LexborHTMLParser("")
    for name in _UNSEEN:
        kinds[parser.create_node(name).tag_id] |= 8
    return bytes(kinds)


def _nodes_after(heading: LexborNode) -> Iterator[LexborNode]:
    node: LexborNode | None = heading
    for _ in range(_MAX_PARENTS):
        if node is None or node.tag_id in _TOPS:
            return
        sibling = node.next
        while sibling is not None:
            yield from sibling.traverse(include_text=True)
            sibling = sibling.next
        node = node.parent


def line_before(heading: LexborNode) -> Iterator[Line]:
    """The last words before the headline, where dates and names stand too."""
    node: LexborNode | None = heading
    for _ in range(2):
        if node is None or node.tag in ("html", "body"):
            return
        previous = node.prev
        while previous is not None and (previous.tag or "") in (*_UNSEEN, "-comment"):
            previous = previous.prev
        text = (previous.text(separator=" ") or "") if previous is not None else ""
        if text := " ".join(text[-5 * _BEFORE_CHARACTERS :].split())[-_BEFORE_CHARACTERS:]:
            yield Line([text])
            return
        node = node.parent
