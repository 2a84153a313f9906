"""What a block's place in the tree says of it: its element, the elements around, and those built alike.

Sums below an element are differences of cumulative sums over its range of blocks. Two chains of elements
from the root anchor a page: to the innermost element that holds most of its prose, and to its main heading.
How far up a block must climb to meet either tells content from what stands beside it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.core.classifier.columns import Array, Columns, Ints, stack
from gateway.core.classifier.lexicon import Lexicon
from gateway.core.classifier.text_features import Text
from gateway.core.classifier.tree_counts import KindCounts, count_kinds
from gateway.core.dom.blocks import FLAGS, Blocks

_ELEMENT = (
    "score score_min score_max path path_min path_max words blocks share link prose good_share mean_words "
    "repetition children headings money images"
).split()
_AROUND = [i for i, name in enumerate(_ELEMENT) if not name.startswith("path")]
_AROUND_OF = ("parent", "grandparent", "branch")
TAGS = (
    "p div li tr td dd dt button pre figcaption span section article summary th h1 h2 h3 h4 h5 h6 blockquote "
    "a"
).split()
_TAG_INDEX = {tag: index for index, tag in enumerate(TAGS, 1)}
# of headings
LEVELS = [int(tag[1]) if tag[0] == "h" else 0 for tag in TAGS]
_LEVELS = np.array([0, *LEVELS])
_TAG_ROWS = np.eye(len(TAGS) + 1, dtype=np.float32)[1:]

TREE_NAMES = [
    *(f"tag_{tag}" for tag in TAGS),
    *(f"own_{name}" for name in _ELEMENT),
    *(f"{place}_{_ELEMENT[i]}" for place in _AROUND_OF for i in _AROUND),
    *["depth", "climb_core", "climb_anchor", "below_core", "below_anchor", "before_core", "after_core"],
    *(f"in_{flag}" for flag in FLAGS),
]


class Own(NamedTuple):
    """By block, what is known of its own element."""

    elements: Ints
    # bits of FLAGS
    flags: Ints
    # numbers of TAGS, 0 for others
    tags: Ints
    # of a heading, else 0
    level: Ints


def read_own(blocks: Blocks, columns: Columns) -> Own:
    """The elements that hold the blocks."""
    elements = columns.blocks[0]
    flags = columns.elements[2].take(elements)
    tags = np.array([_TAG_INDEX.get(blocks.tags[owner], 0) for owner in blocks.owners], dtype=np.intp)
    return Own(elements, flags, tags, _LEVELS.take(tags))


class Tree:
    """The elements of a page, measured; `rows` describes its blocks."""

    def __init__(
        self, blocks: Blocks, columns: Columns, own: Own, text: Text, anchor: int, lexicon: Lexicon
    ) -> None:
        self.own = own
        above, self.depths, _, self.firsts, self.lasts = columns.elements
        self.parents: Ints = np.maximum(above, 0)
        self._kinds = count_kinds(blocks.tags, blocks.names, self.parents, lexicon.tokens)

        words = text.words
        summed = (words, words * text.link, text.good, 1, text.money, own.level > 0, text.images)
        base = np.zeros((len(summed), len(words) + 1), dtype=np.float32)
        np.add.accumulate(stack(summed, len(words)), axis=1, out=base[:, 1:])
        self.sums: Array = base.take(self.lasts, axis=1) - base.take(self.firsts, axis=1)
        self.total: Array = base[:, -1]
        self.core = int((self.sums[2] >= 0.5 * self.total[2]).nonzero()[0][-1])
        self._descend(_scores(self._kinds), anchor)

    def _descend(self, scores: Array, anchor: int) -> None:
        """Carry down the tree what depends on the way from the root.

        Each round looks twice as far up as the round before, for all elements at once: a tree of twenty levels
        takes five rounds.
        """
        core, depths, firsts, lasts = self.core, self.depths, self.firsts, self.lasts
        in_core = (firsts <= firsts[core]) & (lasts >= lasts[core]) & (depths <= depths[core])
        in_anchor = (firsts <= anchor) & (lasts > anchor)
        self.anchor_depth = int(depths[in_anchor].max(initial=0))
        mean, low, high = scores
        # By element, the highest on the way from the root. Of the branches that leave the chain of the core, the
        # last one is highest: elements are numbered in document order.
        highest = np.empty((len(depths), 5))
        highest[:, 0] = -low
        highest[:, 1] = high
        highest[:, 2] = depths * in_core
        highest[:, 3] = depths * in_anchor
        highest[:, 4] = np.arange(len(depths)) * in_core.take(self.parents)
        path = mean.astype(np.float64)
        # the root's counts once, and is its own parent
        above, path[0] = self.parents, 0.0
        for _ in range(int(depths.max()).bit_length()):
            np.maximum(highest, highest.take(above, axis=0), out=highest)
            path += path.take(above)
            above = above.take(above)
        path += mean[0]
        self.meet_core, self.meet_anchor, self.branch = highest[:, 2:].T.astype(np.intp)
        self.elements = self._measure([mean, low, high, path, -highest[:, 0], highest[:, 1]])

    def _measure(self, scores: list[NDArray[np.floating[Any]]]) -> Array:
        """By element, in the order of _ELEMENT."""
        sums, total = self.sums, self.total
        words, blocks = np.maximum(sums[0], 1e-6), np.maximum(sums[3], 1e-6)
        _, alike, children = self._kinds.elements
        measured = [
            *scores,
            np.log1p(sums[0]),
            np.log1p(sums[3]),
            sums[0] / max(total[0], 1e-6),
            sums[1] / words,
            sums[2] / words,
            sums[2] / max(total[2], 1e-6),
            sums[0] / blocks,
            np.log(alike),
            np.log1p(children),
            sums[5] / blocks,
            sums[4] / blocks,
            sums[6] / blocks,
        ]
        return stack(measured, len(words))

    def rows(self) -> Array:
        """Features by block, in the order of TREE_NAMES."""
        owners, parents, depths = self.own.elements, self.parents, self.depths
        up1 = parents.take(owners)
        up2 = parents.take(up1)
        around = self.elements[_AROUND]
        position = np.arange(len(owners))
        core, meet_core, meet_anchor = self.core, self.meet_core.take(owners), self.meet_anchor.take(owners)
        depth = depths.take(owners)
        place = [
            depth,
            depths[core] - meet_core,
            self.anchor_depth - meet_anchor,
            depth - meet_core,
            depth - meet_anchor,
            position < self.firsts[core],
            position >= self.lasts[core],
        ]
        return np.concatenate(
            [
                _TAG_ROWS.take(self.own.tags, axis=1),
                self.elements.take(owners, axis=1),
                *(around.take(index, axis=1) for index in (up1, up2, self.branch.take(owners))),
                np.array(place, dtype=np.float32),
                ((self.own.flags >> np.arange(len(FLAGS))[:, None]) & 1).astype(np.float32),
            ]
        )


def _scores(kinds: KindCounts) -> Array:
    """By element the mean, least and best learned score of its kind."""
    scores = np.zeros((3, kinds.elements.shape[1]), dtype=np.float32)
    scores[0, kinds.heads] = np.add.reduceat(kinds.learned, kinds.firsts) / kinds.sizes
    scores[1, kinds.heads], scores[2, kinds.heads] = kinds.least, kinds.greatest
    by_element: Array = scores.take(kinds.elements[0], axis=1)
    return by_element
