"""The walk of rendering: what a tree shows, in document order, without what is left out."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec import Struct
from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import TEXT
from gateway.core.text.unseen import UNSEEN

# what a table says of a tag: left out where the element is not kept, and where everything is kept
PRUNED, WHOLE = 1, 2
# it goes on with the line, the second with more to it than its text; it ends the line, the second with more to it
PHRASE, INLINE, BOX, BLOCK = 4, 8, 16, 32
# comes even where it is hidden; comes only where it says something
DRAWING, SOURCE = 64, 128
# that have a byte in the table; Lexbor numbers what it does not know by address
TAGS = 256
# what a line is written with, see `Lines`; the last three are no marks of it
LINK, STRONG, EM, DEL, CODE, PARAGRAPH, ITEM, LINE_END = range(1, 9)
# what of a line takes a closer look: a text may need an escape; strong emphasis, or a break, may say nothing here
SIGNED, HAS_STRONG, HAS_BREAK = 1, 2, 4
_GIST, _TEX = "gist.github.com", "math/tex"
_LEFT_OUT = -1

# what comes of a tree, see `Descent`
Event = list[str] | tuple[str, ...] | str | int | Struct | None


class Bounds(NamedTuple):
    """What of a tree comes: elements and texts by their mem_ids."""

    # what is kept; None for everything
    texts: set[int] | None
    elements: set[int] | None
    # is left out; what is added to it meanwhile, too
    hidden: set[int]
    # boxes that come as elements
    marked: set[int]
    # elements below each other
    max_depth: int


class Lines(NamedTuple):
    """By what the extension writes whole lines; Python gives their events."""

    # called with `kind`, markdown, text, "" and markdown
    make: type[Struct]
    # where a link leads, by its `href`: None for nowhere, True for a place in the page, False where that takes a closer
    # look
    find: Callable[[str], str | bool | None]
    # whether a link within the page is no more than its text
    is_text: Callable[[LexborNode], bool]
    # a text beside a mark, and whether it is in a link
    escape: Callable[[str, bool], str]
    # what was found so far
    known: dict[str, str | bool | None]
    # gets the address and text of each link
    found: dict[tuple[str, str], None]
    kind: str
    shows_links: bool
    # a byte for each tag, with LINK and the like
    marks: bytes
    # what is before addresses that begin with a slash, "" for nothing: they lead nowhere then
    origin: str


class Descent:
    """What is below a node, as events that a line of text, or what ends one, is written by:

    - a list: texts with white space folded, and " " between those that do not touch; a tuple where they have a sign
    - a text as it stands, where some of it may be a formula, cannot be seen or is broken
    - True: white space before what comes next, or what is left out there
    - False: the line ends, and what ends it says no more than that
    - a number: an element, by its tag; and None for its end
    - by the extension, where it is given `lines`: what was made of a whole line in which nothing takes a closer look;
      the caller may `reject` it, and its events come. A paragraph is a box then where no item of a list is around it.

    White space where a line begins or ends does not come.

    Args:
        table: a byte for each tag, with PRUNED and the like in it.
        signs: ASCII characters.
        is_apart: whether a gap is shown before a text, or an element of a line, that no white space is before.
    """

    __slots__ = (
        *("_begins_line", "_bounds", "_goes_below", "_is_apart", "_root", "_signs", "_table"),
        *("doubt", "node", "truncated"),
    )

    def __init__(
        self,
        root: LexborNode,
        bounds: Bounds,
        table: bytes,
        signs: str,
        is_apart: Callable[[LexborNode], bool],
        lines: Lines | None,
    ) -> None:
        # of the element that came last
        self.node = self._root = root
        # max_depth left something out
        self.truncated = False
        self._bounds, self._table, self._signs, self._is_apart = bounds, table, signs, is_apart
        self._goes_below = self._begins_line = False
        # what of the line that came last takes a closer look
        self.doubt = 0

    def skip(self, is_line_empty: bool) -> None:
        """Leave out what is below the element that came last; whether nothing is in the line then."""
        self._goes_below, self._begins_line = False, is_line_empty

    def reject(self) -> None:
        """Have the events of the line that came last."""
        raise ValueError("what came last is no line")

    def __iter__(self) -> Iterator[Event]:
        texts, max_depth, is_apart = self._bounds.texts, self._bounds.max_depth, self._is_apart
        # what follows the open elements, and what these are
        stack: list[tuple[LexborNode | None, int]] = []
        pieces: list[str] = []
        # nothing is in the line so far; white space is that nothing has followed yet
        at_start, gap = True, False
        event: Event
        node = self._root.first_child
        while True:
            opened = None
            if node is None:
                if not stack:
                    if pieces:
                        yield self._seen(pieces)
                    return
                node, kind = stack.pop()
                if kind & PHRASE:
                    continue
                event = False if kind & BOX else None
            elif (tag := node.tag_id) == TEXT:
                # three in five hold nothing but white space
                is_left_out = node.is_empty_text_node if texts is None else node.mem_id not in texts
                text = "" if is_left_out else node.text_content or ""
                words = text.split()
                if not words:
                    gap = not at_start
                    node = node.next
                    continue
                if not (at_start or gap):
                    gap = text[0].isspace() or is_apart(node)
                node = node.next
                if is_plain(text):
                    if gap and pieces:
                        pieces.append(" ")
                    elif gap:
                        yield True
                    pieces.append(" ".join(words))
                    at_start, gap = False, text[-1].isspace()
                    continue
                event, kind = text, 0
            else:
                kind = self._kind_of(node, tag)
                if kind == _LEFT_OUT:
                    node = node.next
                    continue
                opened, self._goes_below = node, True
                event = False if kind & BOX else tag
                if not (at_start or gap) and kind & (PHRASE | INLINE):
                    gap = is_apart(node)
            if not kind & PHRASE:
                ends_line = kind & (BOX | BLOCK) != 0
                if event is not False or not at_start:
                    if pieces:
                        yield self._seen(pieces)
                        pieces = []
                    if gap and not ends_line:
                        yield True
                    if opened is not None:
                        self.node = opened
                    yield event
                at_start, gap = ends_line, False
            if opened is None:
                continue
            if not self._goes_below:
                # what is written instead may be part of a line
                at_start, node = self._begins_line, opened.next
                continue
            is_deepest = len(stack) >= max_depth
            self.truncated |= is_deepest
            stack.append((opened.next, kind))
            node = None if is_deepest else opened.first_child

    def _seen(self, pieces: list[str]) -> list[str] | tuple[str, ...]:
        line = " ".join(pieces)
        return tuple(pieces) if any(sign in line for sign in self._signs) else pieces

    def _kind_of(self, node: LexborNode, tag: int) -> int:
        """What the table says of an element; `_LEFT_OUT` where it does not come."""
        bounds, mem_id = self._bounds, node.mem_id
        kind = self._table[tag] if tag < TAGS else 0
        if kind & WHOLE if bounds.elements is None else kind & PRUNED and mem_id not in bounds.elements:
            return _LEFT_OUT
        if mem_id in bounds.hidden:
            return 0 if kind & DRAWING else _LEFT_OUT
        if kind & SOURCE and not _says_something(node):
            return _LEFT_OUT
        return BLOCK if kind & BOX and mem_id in bounds.marked else kind


def is_plain(text: str) -> bool:
    """Whether a text has nothing that may be a formula, cannot be seen, or stands for bytes that are no character."""
    if "$" in text or "\\" in text:
        return False
    return text.isascii() or not ("\ufffd" in text or UNSEEN.search(text))


def _says_something(script: LexborNode) -> bool:
    """Whether a script may be the source of a formula, or show a gist."""
    attributes = script.attributes
    return (attributes.get("type") or "").startswith(_TEX) or _GIST in (attributes.get("src") or "")
