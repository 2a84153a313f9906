"""Elements of one kind beside each other: as a template writes cards, comments and entries."""

from gateway.core.dom.blocks import Blocks

# the parent, a tag and names
Kind = tuple[int, str, str]


class Siblings:
    """The elements of a page by their kinds; what is below an element is read when first asked for."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        # by parent
        self._children: list[list[int]] = []
        self._by_kind: dict[Kind, list[int]] = {}

    def kind_of(self, element: int) -> Kind:
        blocks = self._blocks
        return blocks.parents[element], blocks.tags[element], blocks.names[element]

    def like(self, element: int) -> list[int]:
        """The elements of its kind, itself among them, in order."""
        kind = self.kind_of(element)
        if kind not in self._by_kind:
            for child in self._children_of(kind[0]):
                self._by_kind.setdefault(self.kind_of(child), []).append(child)
        return self._by_kind[kind]

    def _children_of(self, parent: int) -> list[int]:
        if not self._children:
            # the root's parent is -1, the last
            self._children = [[] for _ in range(len(self._blocks.parents) + 1)]
            for element, above in enumerate(self._blocks.parents):
                self._children[above].append(element)
        return self._children[parent]
