"""Elements of one kind beside each other: as a template writes cards, comments and entries."""

from gateway.core.dom.blocks import Blocks

# the parent, a tag and names
Kind = tuple[int, str, str]


class Siblings:
    """The elements of a page by their kinds, which are read when first asked for."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._by_kind: dict[Kind, list[int]] = {}

    def kind_of(self, element: int) -> Kind:
        blocks = self._blocks
        return blocks.parents[element], blocks.tags[element], blocks.names[element]

    def like(self, element: int) -> list[int]:
        """The elements of its kind, itself among them, in order."""
        if not self._by_kind:
            blocks = self._blocks
            for other, kind in enumerate(zip(blocks.parents, blocks.tags, blocks.names, strict=True)):
                self._by_kind.setdefault(kind, []).append(other)
        return self._by_kind[self.kind_of(element)]
