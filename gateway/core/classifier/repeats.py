"""Texts that a page's template shows twice: which copy is content, and which is only a copy.

A template repeats an element for another width of the screen, for print, as the clone of a carousel's slide, or it
quotes an earlier post. Whoever reads the page sees the text once. What a writer repeats stays: the refrain of a
song, one answer to three questions, a table's cells. So two equal texts are compared by where they stand below the
innermost element that holds both: copies stand in elements of different kinds, or one of them is hidden; what
stands side by side is read twice.
"""

from collections import Counter
from collections.abc import Sequence

from gateway.core.classifier.columns import Array
from gateway.core.dom.blocks import FLAGS, Blocks


def _bits(names: str) -> int:
    return sum(1 << FLAGS.index(name) for name in names.split())


_LISTED = _bits("table ul ol dl li")
_HIDDEN = _bits("hidden undisplayed aria_hidden")
_QUOTE = _bits("blockquote")
# of one text that another is compared with
_MOST_COPIES = 4
# of the smaller element's texts: the other one says the same
_ALIKE = 0.8
# times a page's blocks, at most: elements that repeat themselves may nest
_COMPARED = 20


def find_repeats(
    repeated: Sequence[int], probabilities: Array, words: Array, blocks: Blocks
) -> dict[int, int]:
    """Find the copies among the blocks: of two the one less likely to be content, of equally likely ones the later.

    Args:
        repeated: long blocks whose text stands on the page several times, in order.
        probabilities: by block, 0-1.
        words: by block.
    Returns:
        By copy the block that stays for it; both are indices.
    """
    if not repeated:
        return {}
    comparison = _Comparison(blocks)
    stay: dict[str, list[int]] = {}
    kept: dict[int, int] = {}
    for index in repeated:
        if blocks.flags[blocks.owners[index]] & _LISTED or index in kept:
            continue
        others = stay.setdefault(blocks.texts[index], [])
        for other in others[-_MOST_COPIES:]:
            if not (twins := comparison.twins(other, index)):
                continue
            first, second = twins
            if _likelihood(second, probabilities, words) > _likelihood(first, probabilities, words):
                first, second = second, first
                others[others.index(other)] = index
            kept |= _copies(second, first, blocks)
            break
        else:
            others.append(index)
    return kept


def _likelihood(run: range, probabilities: Array, words: Array) -> float:
    part = slice(run.start, run.stop)
    return float((probabilities[part] * words[part]).sum())


def _copies(run: range, other: range, blocks: Blocks) -> dict[int, int]:
    """The blocks of a run whose text the other run has too."""
    if len(run) == len(other) == 1:
        return {run.start: other.start}
    said = {blocks.texts[index]: index for index in reversed(other)}
    return {index: said[text] for index in run if (text := blocks.texts[index]) in said}


def _differ(flags: tuple[int, int], bits: int) -> bool:
    return bool(flags[0] & bits) != bool(flags[1] & bits)


class _Comparison:
    """Compares the surroundings of equal texts; its work is bounded whatever the page repeats."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._left = _COMPARED * len(blocks.texts)
        self._elements: dict[tuple[int, int], bool] = {}

    def twins(self, first: int, second: int) -> tuple[range, range] | None:
        """The blocks that a template shows twice because of these two; None where both are read.

        Args:
            first, second: blocks of equal text.
        """
        blocks = self._blocks
        one, two = blocks.owners[first], blocks.owners[second]
        alone = range(first, first + 1), range(second, second + 1)
        flags = blocks.flags[one], blocks.flags[two]
        if _differ(flags, _QUOTE):
            return alone
        tags_one, tags_two = [], []
        # below the innermost element that holds both
        left = right = -1
        while one != two:
            self._left -= 1
            if one > two:
                # elements are numbered in document order: a parent has the lower number
                left, one = one, blocks.parents[one]
                tags_one.append(blocks.tags[left])
            else:
                right, two = two, blocks.parents[two]
                tags_two.append(blocks.tags[right])
        if left < 0 or right < 0 or self._left < 0:
            return None
        runs = self._run(left), self._run(right)
        if self._alike(left, right, *runs):
            if _differ(flags, _HIDDEN):
                return runs
            if min(map(len, runs)) > 1:
                return runs if self._is_template(left, right, *runs) else None
        named = blocks.names[left] and blocks.names[right] and not self._same_kind(left, right)
        return alone if named and tags_one != tags_two else None

    def _run(self, element: int) -> range:
        return range(self._blocks.firsts[element], self._blocks.lasts[element])

    def _same_kind(self, left: int, right: int) -> bool:
        tags, names = self._blocks.tags, self._blocks.names
        return tags[left] == tags[right] and names[left] == names[right]

    def _is_template(self, left: int, right: int, first: range, second: range) -> bool:
        """Whether elements that say the same are of two kinds, or cards of one."""
        blocks = self._blocks
        if not self._same_kind(left, right):
            return bool(blocks.names[left] or blocks.names[right])
        return (
            bool(blocks.names[left])
            and len(first) == len(second)
            and any(blocks.links[index] or blocks.images[index] for index in first)
        )

    def _alike(self, left: int, right: int, first: range, second: range) -> bool:
        known = self._elements.get((left, right))
        if known is None:
            self._left -= len(first) + len(second)
            texts = self._blocks.texts
            smaller = min(len(first), len(second))
            same = Counter(texts[first.start : first.stop]) & Counter(texts[second.start : second.stop])
            known = self._left >= 0 and same.total() >= _ALIKE * smaller
            if self._same_kind(left, right):
                known = known and same.total() == smaller
            self._elements[left, right] = known
        return known
