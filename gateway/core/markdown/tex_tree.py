"""The walk over a formula's tree, whatever draws it: a stack is kept, as a page may nest elements without end."""

from typing import Protocol, Self, TypeVar

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import TEXT
from gateway.core.markdown.tex_tokens import Part

# what nests deeper is left out
_MAX_DEPTH = 500
# and so is what comes later
_MAX_NODES = 20_000


class Frame(Protocol):
    """An element whose children are being read."""

    def add_text(self, text: str) -> None:
        """Add a text node."""
        ...

    def open(self, node: LexborNode) -> Self | None:
        """The frame of an element below; None if nothing is read of it."""
        ...

    def end(self, outer: Self) -> None:
        """Give what it became to the element around it."""
        ...

    def build(self) -> Part:
        """What it becomes, now that all below it is known."""
        ...


F = TypeVar("F", bound=Frame)


def read_tree(root: LexborNode, frame: F) -> str:
    """The TeX of all that is below `root`, whose frame is `frame`."""
    seen = 0
    stack = [frame]
    waiting: list[LexborNode | None] = [root.first_child]
    while True:
        node = waiting[-1]
        if node is None or seen > _MAX_NODES:
            waiting.pop()
            ended = stack.pop()
            if not stack:
                return ended.build().tex
            ended.end(stack[-1])
            continue
        waiting[-1] = node.next
        seen += 1
        if node.tag_id == TEXT:
            stack[-1].add_text(node.text_content or "")
        elif (
            node.is_element_node and len(stack) <= _MAX_DEPTH and (below := stack[-1].open(node)) is not None
        ):
            stack.append(below)
            waiting.append(node.first_child)
