"""What a block's place in the tree says of it: its element, the elements around, and those built alike.

Sums below an element are differences of cumulative sums over its range of blocks. Two chains of elements
from the root anchor a page: to the innermost element that holds most of its prose, and to its main heading.
How far up a block must climb to meet either tells content from what stands beside it.
"""

from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.blocks import FLAGS, Blocks
from gateway.core.lexicon import Lexicon, split_names, token_of_tag
from gateway.core.text_features import Array, Text

Ints = NDArray[np.intp]

_ELEMENT = (
    "score score_min score_max path path_min path_max words blocks share link prose good_share mean_words "
    "repetition children headings money images"
).split()
_AROUND = [i for i, name in enumerate(_ELEMENT) if not name.startswith("path")]
_AROUND_OF = ("parent", "grandparent", "branch")
_GROUP = ["count", "words", "share", "link", "prose", "good_share", "position", "spread"]
_TAGS = (
    "p div li tr td dd dt button pre figcaption span section article summary th h1 h2 h3 h4 h5 h6 blockquote "
    "a"
).split()
_TAG_INDEX = {tag: index for index, tag in enumerate(_TAGS, 1)}
_TAG_ROWS = np.eye(len(_TAGS) + 1, dtype=np.float32)[1:]

TREE_NAMES = [
    *(f"tag_{tag}" for tag in _TAGS),
    *(f"own_{name}" for name in _ELEMENT),
    *(f"{place}_{_ELEMENT[i]}" for place in _AROUND_OF for i in _AROUND),
    *["depth", "climb_core", "climb_h1", "below_core", "below_h1", "before_core", "after_core", "at_root"],
    *(f"in_{flag}" for flag in FLAGS),
    *(f"group_{name}" for name in _GROUP),
    *(f"template_{name}" for name in _GROUP),
]


class Tree:
    """The elements of a page, measured; `rows` describes its blocks."""

    def __init__(
        self, blocks: Blocks, text: Text, flags: Ints, is_heading: Array, anchor: int, lexicon: Lexicon
    ) -> None:
        self.text = text
        self.flags = flags  # by block
        self.owners: Ints = np.array(blocks.owners, dtype=np.intp)
        self.parents: Ints = np.maximum(np.array(blocks.parents, dtype=np.intp), 0)
        self.depths: Ints = np.array(blocks.depths, dtype=np.intp)
        self.firsts: Ints = np.array(blocks.firsts, dtype=np.intp)
        self.lasts: Ints = np.array(blocks.lasts, dtype=np.intp)
        self.kinds, scores, self.kind_count = _score_kinds(blocks, lexicon)
        self.tags: Ints = np.array([_TAG_INDEX.get(tag, 0) for tag in blocks.tags], dtype=np.intp)

        count = len(blocks.texts)
        words, good = text.words, text.good
        images = text.row("images")
        base = np.zeros((8, count + 1), dtype=np.float32)
        np.cumsum(
            [words, words * text.link, good, np.ones(count), text.money, is_heading, images, text.digits],
            axis=1,
            out=base[:, 1:],
        )
        self.sums: Array = base[:, self.lasts] - base[:, self.firsts]
        self.total: Array = base[:, -1]
        self.core = int(np.flatnonzero(self.sums[2] >= 0.5 * self.total[2])[-1])
        self._descend(scores, anchor)

    def _descend(self, scores: Array, anchor: int) -> None:
        """Carry down the tree what depends on the way from the root.

        Each round looks twice as far up as the round before, for all elements at once: a tree of twenty levels
        takes five rounds.
        """
        core, depths, firsts, lasts = self.core, self.depths, self.firsts, self.lasts
        in_core = (firsts <= firsts[core]) & (lasts >= lasts[core]) & (depths <= depths[core])
        in_anchor = (firsts <= anchor) & (lasts > anchor)
        self.anchor_depth = int(depths[in_anchor].max(initial=0))
        mean, low, high = scores.take(self.kinds, axis=1)
        # By element, the highest on the way from the root. Of the branches that leave the chain of the core, the
        # last one is highest: elements are numbered in document order.
        highest = np.empty((len(depths), 5))
        highest[:, 0] = -low
        highest[:, 1] = high
        highest[:, 2] = depths * in_core
        highest[:, 3] = depths * in_anchor
        highest[:, 4] = np.arange(len(depths)) * in_core[self.parents]
        path = mean.astype(np.float64)
        above, path[0] = self.parents, 0.0  # the root's counts once, and is its own parent
        for _ in range(int(depths.max()).bit_length()):
            np.maximum(highest, highest.take(above, axis=0), out=highest)
            path += path.take(above)
            above = above.take(above)
        path += mean[0]
        self.meet_core, self.meet_anchor, self.branch = highest[:, 2:].T.astype(np.intp)
        self.elements = self._measure([mean, low, high, path, -highest[:, 0], highest[:, 1]])

    def _measure(self, scores: list[NDArray[np.floating[Any]]]) -> Array:
        sums, total = self.sums, self.total
        words, blocks = np.maximum(sums[0], 1e-6), np.maximum(sums[3], 1e-6)
        ranks, _ = _ranks(self.parents * self.kind_count + self.kinds)  # siblings of one kind share a rank
        alike = np.bincount(ranks)[ranks]
        children = np.bincount(self.parents, minlength=len(self.parents))
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
        return np.array(measured, dtype=np.float32)

    def rows(self) -> Array:
        """Features by block, in the order of TREE_NAMES."""
        owners, parents, depths = self.owners, self.parents, self.depths
        up1 = parents[owners]
        up2 = parents[up1]
        around = self.elements[_AROUND]
        position = np.arange(len(owners))
        core, meet_core, meet_anchor = self.core, self.meet_core[owners], self.meet_anchor[owners]
        depth = depths[owners]
        place = [
            depth,
            depths[core] - meet_core,
            self.anchor_depth - meet_anchor,
            depth - meet_core,
            depth - meet_anchor,
            position < self.firsts[core],
            position >= self.lasts[core],
            depth == 0,
        ]
        kinds, tags = self.kinds, self.tags
        own = kinds[owners] * (len(_TAGS) + 1) + tags[up1]
        template = (tags[owners] * self.kind_count + kinds[up1]) * self.kind_count + kinds[up2]
        return np.concatenate(
            [
                _TAG_ROWS[:, tags[owners]],
                self.elements[:, owners],
                *(around[:, index] for index in (up1, up2, self.branch[owners])),
                np.array(place, dtype=np.float32),
                ((self.flags >> np.arange(len(FLAGS))[:, None]) & 1).astype(np.float32),
                self._group(own),
                self._group(template),
            ]
        )

    def _group(self, keys: Ints) -> Array:
        """What blocks of the same key have in common; position and spread along the page among it."""
        group, size = _ranks(keys)
        text, count = self.text, len(keys)
        position = np.arange(count, dtype=np.float32) / count
        weights = (text.words, text.words * text.link, text.good, position, position * position)
        words, link, good, where, square = (np.bincount(group, weights=w, minlength=size) for w in weights)
        members = np.bincount(group, minlength=size)
        floor = np.maximum(words, 1e-6)
        mean = where / members
        rows = [
            np.log(members),
            words / members,
            words / max(self.total[0], 1e-6),
            link / floor,
            good / floor,
            good / max(self.total[2], 1e-6),
            mean,
            np.sqrt(np.maximum(square / members - mean * mean, 0)),
        ]
        return np.array(rows, dtype=np.float32)[:, group]


def _ranks(keys: Ints) -> tuple[Ints, int]:
    """Keys as small numbers, and how many there are."""
    known: dict[int, int] = {}
    ranks = [known.setdefault(key, len(known)) for key in keys.tolist()]
    return np.array(ranks, dtype=np.intp), len(known)


def _score_kinds(blocks: Blocks, lexicon: Lexicon) -> tuple[Ints, Array, int]:
    """By element its kind, a number for its (tag, names); by kind the mean, least and best learned score."""
    known: dict[tuple[str, str], int] = {}
    kinds = [known.setdefault(key, len(known)) for key in zip(blocks.tags, blocks.names, strict=True)]
    tokens: list[str] = []
    sizes = []
    for (tag, _), words in zip(known, split_names([names for _, names in known]), strict=True):
        tokens += words
        tokens.append(token_of_tag(tag))
        sizes.append(len(words) + 1)
    learned = np.fromiter(map(lexicon.tokens.get, tokens, repeat(0.0)), dtype=np.float64, count=len(tokens))
    firsts = np.cumsum([0, *sizes[:-1]])
    scores = [
        np.add.reduceat(learned, firsts) / np.array(sizes),
        np.minimum.reduceat(learned, firsts),
        np.maximum.reduceat(learned, firsts),
    ]
    return np.array(kinds, dtype=np.intp), np.array(scores, dtype=np.float32), len(known)
