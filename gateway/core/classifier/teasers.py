"""What stands around an article and leads to others: teasers, lists of headlines, "read more" between paragraphs.

The network knows such boxes by their names, where those are words it has learned. Where they are not, in other
languages and with class names that a machine made, their place and their links tell: the paragraphs of an article
stand together in one element, its column; a box outside the column that is mostly links leads elsewhere, and so does
a line of the column that is a link from end to end. No word of any language is read here.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from gateway.core.classifier.text_features import Array
from gateway.core.dom.blocks import FLAGS, Blocks

_LISTED = sum(1 << FLAGS.index(tag) for tag in ("table", "ul", "ol", "dl"))
_NO_BOXES = frozenset(("p", "ul", "ol", "dl", "table", "pre", "blockquote", "figure"))
_CONTROLS = frozenset(("form", "button"))
# at least, of a text that makes a column
_PARAGRAPH_WORDS = 12
# of its characters, less than that
_PARAGRAPH_LINKED = 0.3
# of paragraphs, at least
_COLUMN_WORDS = 80
# of all paragraphs that were chosen
_COLUMN_SHARE = 0.4
# of the chosen words, at least, are the column's where the page may be no article
_MOST = 0.6
# of a box's words, at least
_BOX_LINKED = 0.4
# of a line's characters, at least
_LINE_LINKED = 0.9
_HALF_LINKED = 0.5
# linked ones, in a box among the paragraphs
_SOME_LINES = 2
# a shorter link may be a name
_LEAST_WORDS = 4
# at most, in a box that asks for something
_FORM_WORDS = 60


class _Column(Struct, frozen=True):
    """The element with most of the chosen paragraphs right below it, and where those begin and end."""

    element: int
    first: int
    last: int
    # of those paragraphs
    words: float


def drop_teasers(
    chosen: Sequence[int], words: Array, link: Array, blocks: Blocks, *, is_article: bool
) -> list[int]:
    """The chosen blocks without those that lead to other pages; all of them where no column holds the text.

    Args:
        chosen: indices of blocks, rising.
        words: by block.
        link: by block, the share of its characters inside links.
        is_article: the page was judged to be one; of another the column has to hold most of what was chosen.
    """
    column = _find_column(chosen, words, link, blocks)
    if column is None or not (is_article or column.words >= _MOST * float(words[list(chosen)].sum())):
        return list(chosen)
    boxes = _Boxes(column, words, link, blocks)
    return [index for index in chosen if not boxes.leads_elsewhere(index)]


class _Boxes:
    """The elements around and among the paragraphs of a column, and what they are for."""

    def __init__(self, column: _Column, words: Array, link: Array, blocks: Blocks) -> None:
        self._column = column
        self._words, self._link, self._blocks = words, link, blocks
        self._around = frozenset(_upwards(column.element, blocks))
        self._total, self._linked = _running(words), _running(words * link)
        self._inside = range(blocks.firsts[column.element], blocks.lasts[column.element])
        # by box among the paragraphs, whether it leads elsewhere
        self._known: dict[int, bool] = {}

    def leads_elsewhere(self, index: int) -> bool:
        """Whether a block belongs to no article but to what leads away from it."""
        owner, link = self._blocks.owners[index], self._link[index]
        box = self._box_of(owner)
        if index in self._inside:
            listed = self._blocks.flags[owner] & _LISTED
            if link >= _LINE_LINKED and self._words[index] >= _LEAST_WORDS and not listed:
                return True
            return box >= 0 and self._is_beside_the_text(box)
        if box < 0 or self._blocks.tags[owner] == "h1":
            return False
        if index > self._column.last:
            return bool(link >= _LINE_LINKED) or self._linked_share(box) >= _BOX_LINKED
        return bool(link >= _HALF_LINKED) and self._linked_share(box) >= _BOX_LINKED

    def _box_of(self, owner: int) -> int:
        """The outermost element around a block that does not hold the column, -1 if there is none."""
        box = -1
        for element in _upwards(owner, self._blocks):
            if element in self._around:
                break
            box = element
        return box

    def _linked_share(self, box: int) -> float:
        start, end = self._blocks.firsts[box], self._blocks.lasts[box]
        return float(
            (self._linked[end] - self._linked[start]) / max(1, self._total[end] - self._total[start])
        )

    def _is_beside_the_text(self, box: int) -> bool:
        """Whether a box among the paragraphs is a list of links, or asks for something."""
        known = self._known.get(box)
        if known is None:
            known = self._known[box] = self._blocks.tags[box] not in _NO_BOXES and (
                self._is_list_of_links(box) or self._asks(box)
            )
        return known

    def _is_list_of_links(self, box: int) -> bool:
        start, end = self._blocks.firsts[box], self._blocks.lasts[box]
        lines = np.count_nonzero(self._link[start:end] >= _LINE_LINKED)
        return bool(lines >= _SOME_LINES) and self._linked_share(box) >= _HALF_LINKED

    def _asks(self, box: int) -> bool:
        """Whether there are few words, and among them a form's or a button's; code has buttons to copy it."""
        blocks = self._blocks
        start, end = blocks.firsts[box], blocks.lasts[box]
        if self._total[end] - self._total[start] > _FORM_WORDS:
            return False
        tags: set[str] = set()
        for owner in blocks.owners[start:end]:
            for element in _upwards(owner, blocks):
                tags.add(blocks.tags[element])
                if element == box:
                    break
        return not _CONTROLS.isdisjoint(tags) and "pre" not in tags


def _find_column(chosen: Sequence[int], words: Array, link: Array, blocks: Blocks) -> _Column | None:
    paragraphs = [
        index for index in chosen if words[index] >= _PARAGRAPH_WORDS and link[index] < _PARAGRAPH_LINKED
    ]
    sizes: dict[int, float] = {}
    for index in paragraphs:
        parent = blocks.parents[blocks.owners[index]]
        sizes[parent] = sizes.get(parent, 0) + float(words[index])
    if not sizes:
        return None
    element = max(sizes, key=sizes.__getitem__)
    if element < 0 or sizes[element] < max(_COLUMN_WORDS, _COLUMN_SHARE * sum(sizes.values())):
        return None
    inside = range(blocks.firsts[element], blocks.lasts[element])
    held = [index for index in paragraphs if index in inside]
    return _Column(element, held[0], held[-1], sizes[element])


def _upwards(element: int, blocks: Blocks) -> Iterator[int]:
    while element >= 0:
        yield element
        element = blocks.parents[element]


def _running(values: Array) -> Array:
    sums = np.zeros(len(values) + 1, dtype=np.float32)
    np.cumsum(values, out=sums[1:])
    return sums
