"""The walk of rendering: a tree's nodes in document order, without those that are left out."""

from collections.abc import Iterator, Set
from typing import Literal

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import TEXT

# by tag: left out where the element is not kept, and where everything is kept
PRUNED, WHOLE = 1, 2
# that have a byte in the table; Lexbor numbers what it does not know by address
TAGS = 256
# an element's tag and mem_id; a text; True for white space and texts that are left out; None for the end of an element
Event = tuple[int, int] | str | Literal[True] | None


class Descent:
    """What is below a node, as events.

    Args:
        texts, elements: mem_ids of what is kept; None for everything.
        table: a byte for each tag, PRUNED and WHOLE in it.
    """

    __slots__ = ("_elements", "_goes_below", "_root", "_table", "_texts", "node")

    def __init__(
        self, root: LexborNode, texts: Set[int] | None, elements: Set[int] | None, table: bytes
    ) -> None:
        # that of the event that came last
        self.node = self._root = root
        self._texts, self._elements, self._table = texts, elements, table
        self._goes_below = False

    def skip(self) -> None:
        """Leave out what is below the element that came last."""
        self._goes_below = False

    def __iter__(self) -> Iterator[Event]:
        texts, elements, table = self._texts, self._elements, self._table
        says = WHOLE if elements is None else PRUNED
        stack: list[LexborNode | None] = []
        # what came last is white space
        after_gap = False
        node = self._root.first_child
        while True:
            if node is None:
                if not stack:
                    return
                node = stack.pop()
                after_gap = False
                yield None
                continue
            tag = node.tag_id
            if tag == TEXT:
                # three in five hold nothing but white space
                is_left_out = node.is_empty_text_node if texts is None else node.mem_id not in texts
                if is_left_out or not (text := node.text_content) or text.isspace():
                    if not after_gap:
                        after_gap = True
                        yield True
                else:
                    self.node = node
                    after_gap = False
                    yield text
                node = node.next
                continue
            mem_id = node.mem_id
            if tag < len(table) and table[tag] & says and (elements is None or mem_id not in elements):
                node = node.next
                continue
            self.node, self._goes_below = node, True
            after_gap = False
            yield tag, mem_id
            if self._goes_below:
                stack.append(node.next)
                node = node.first_child
            else:
                node = node.next
