"""What the classifier sees of a page: some two hundred numbers a block, computed for all blocks at once.

Text and tree are measured beside; here are headings, position and the page as a whole. What stands around
a block is left to the network, whose convolutions see its neighbours. No feature names a site.
Rows are features, columns are blocks.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.core.blocks import FLAGS, Blocks
from gateway.core.lexicon import Lexicon
from gateway.core.text_features import TEXT_NAMES, Array, Text, read_text
from gateway.core.tree_features import TREE_NAMES, Tree

Bits = NDArray[np.int64]

_LEVELS = {f"h{level}": level for level in range(1, 7)}
_LINKED = 1 << FLAGS.index("linked")
_MAIN = 1 << FLAGS.index("main") | 1 << FLAGS.index("article")
_SCHEMA_TYPES = (
    "Article NewsArticle BlogPosting Product ItemList CollectionPage DiscussionForumPosting FAQPage QAPage "
    "Organization WebPage BreadcrumbList Service LocalBusiness Recipe TechArticle"
).split()

_HEADING_NAMES = (
    "level last_level since_heading to_heading heading_link heading_words section_words from_h1 h1_count "
    "good_from_h1 heading_learned_mean heading_learned_min"
).split()
_POSITION_NAMES = (
    "position log_position log_left words_before good_before good_after log_good_before log_good_after"
).split()
_KIN_NAMES = [f"{side}_{name}" for side in ("previous", "next") for name in ("same", "sibling", "cousin")]
_PAGE_NAMES = (
    "blocks words link prose money headings images main url_length url_parts url_hyphens url_digits "
    "title_words description_words og_article og_product og_website spread_words spread_link core_words "
    "core_link depth"
).split()

FEATURE_NAMES = (
    *TEXT_NAMES,
    *_HEADING_NAMES,
    *_POSITION_NAMES,
    *TREE_NAMES,
    *_KIN_NAMES,
    *(f"page_{name}" for name in _PAGE_NAMES),
    *(f"schema_{name}" for name in _SCHEMA_TYPES),
)


class Head(NamedTuple):
    """What stands outside the body and bears on it."""

    title: str = ""
    description: str = ""
    url: str = ""
    og_type: str = ""
    schema_types: frozenset[str] = frozenset()


class Features(NamedTuple):
    """`rows` in the order of FEATURE_NAMES, and the words of each block."""

    rows: Array
    words: Array


def build_features(blocks: Blocks, head: Head, lexicon: Lexicon) -> Features:
    """Describe the blocks of a page; there must be at least one."""
    count = len(blocks.texts)
    owners = np.array(blocks.owners, dtype=np.intp)
    flags = np.array(blocks.flags, dtype=np.int64)[owners]
    text = read_text(blocks, flags & _LINKED != 0, head.title, head.description, lexicon)
    tags = blocks.tags
    level = np.array([_LEVELS.get(tags[owner], 0) for owner in blocks.owners], dtype=np.float32)
    words_before = np.concatenate(([0], np.cumsum(text.words)))
    good_before = np.concatenate(([0], np.cumsum(text.good)))
    anchor = _main_heading(text, level)
    tree = Tree(blocks, text, flags, (level > 0).astype(np.float32), anchor, lexicon)
    rows = [
        text.rows,
        _headings(text, level, anchor, words_before, good_before),
        _positions(count, words_before, good_before),
        tree.rows(),
        _kin(tree),
        np.broadcast_to(
            _page(text, tree, flags, head)[:, None], (len(_PAGE_NAMES) + len(_SCHEMA_TYPES), count)
        ),
    ]
    return Features(np.concatenate(rows), text.words)


def _main_heading(text: Text, level: Array) -> int:
    """The h1, of several the one that says most of the title; without one the block that does."""
    cover = text.row("title_cover")
    firsts = np.flatnonzero(level == 1)
    if len(firsts):
        return int(firsts[np.argmax(cover[firsts])])
    return int(np.argmax(cover * text.row("title_share")))


def _headings(text: Text, level: Array, anchor: int, words_before: Array, good_before: Array) -> Array:
    count = len(level)
    position = np.arange(count)
    is_heading = level > 0
    last = np.maximum.accumulate(np.where(is_heading, position, -1))
    under = last >= 0
    following = np.minimum.accumulate(np.where(is_heading, position, count)[::-1])[::-1]
    offset = position - anchor
    side = np.sign(offset)
    total = max(good_before[-1], 1e-6)
    rows = [
        level,
        level[last] * under,
        np.where(under, np.minimum(position - last, 99), 99),
        np.minimum(following - position, 99),
        text.link[last] * under,
        text.row("log_words")[last] * under,
        np.log1p(words_before[following] - words_before[:-1]),
        side * np.log1p(np.abs(offset)),
        np.full(count, np.count_nonzero(level == 1)),
        side * np.abs(good_before[:-1] - good_before[anchor]) / total,
        text.row("learned_mean")[last] * under,
        text.row("learned_min")[last] * under,
    ]
    return np.array(rows, dtype=np.float32)


def _positions(count: int, words_before: Array, good_before: Array) -> Array:
    position = np.arange(count)
    good, left = good_before[:-1], good_before[-1] - good_before[1:]
    total = max(good_before[-1], 1e-6)
    rows = [
        position / count,
        np.log1p(position),
        np.log1p(count - position),
        words_before[:-1] / words_before[-1],
        good / total,
        left / total,
        np.log1p(good),
        np.log1p(np.maximum(left, 0)),
    ]
    return np.array(rows, dtype=np.float32)


def _kin(tree: Tree) -> Array:
    """Whether the blocks before and after share the element, its parent or its grandparent."""
    parent = tree.parents[tree.owners]
    lines = (tree.owners, parent, tree.parents[parent])
    out = np.zeros((2, len(lines), len(parent)), dtype=np.float32)
    for row, line in enumerate(lines):
        out[0, row, 1:] = out[1, row, :-1] = line[1:] == line[:-1]
    return out.reshape(-1, len(parent))


def _page(text: Text, tree: Tree, flags: Bits, head: Head) -> Array:
    count, words = len(flags), float(text.words.sum())
    path = head.url.partition("://")[2].partition("/")[2]
    core = tree.sums[:, tree.core]
    known = [
        np.log1p(count),
        np.log1p(words),
        tree.total[1] / words,
        tree.total[2] / words,
        *(tree.total[4:7] / count),
        text.words[flags & _MAIN != 0].sum() / words,
        min(len(path), 200),
        path.count("/"),
        path.count("-"),
        min(sum(map(str.isdigit, path)), 20),
        len(head.title.split()),
        len(head.description.split()),
        *(head.og_type == kind for kind in ("article", "product", "website")),
        _spread(text.row("log_words")),
        _spread(text.link),
        np.log1p(core[0]),
        core[1] / max(core[0], 1e-6),
        tree.depths.max(),
        *(kind in head.schema_types for kind in _SCHEMA_TYPES),
    ]
    return np.array(known, dtype=np.float32)


def _spread(values: Array) -> float:
    """The standard deviation; numpy's own takes four times as long over so few values."""
    wide = values.astype(np.float64)
    mean = wide.sum() / len(wide)
    return math.sqrt(max(0.0, wide.dot(wide) / len(wide) - mean * mean))
