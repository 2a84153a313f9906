"""What the classifier sees of a page: not quite two hundred numbers a block, computed for all blocks at once.

Text and tree are measured beside; here are position, kinship and the page as a whole. What stands around
a block is left to the network, whose convolutions see its neighbours. No feature names a site.
Rows are features, columns are blocks.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gateway.core.classifier.columns import Array, Ints, read_columns
from gateway.core.classifier.lexicon import Lexicon
from gateway.core.classifier.text_features import TEXT_NAMES, Text, read_text
from gateway.core.classifier.tree_features import TREE_NAMES, Tree, read_own
from gateway.core.dom.blocks import FLAGS, Blocks

LINKED = 1 << FLAGS.index("linked")
MAIN = 1 << FLAGS.index("main") | 1 << FLAGS.index("article")
_SCHEMA_TYPES = (
    "Article NewsArticle BlogPosting Product ItemList CollectionPage DiscussionForumPosting FAQPage QAPage "
    "Organization WebPage BreadcrumbList Service LocalBusiness Recipe TechArticle"
).split()

_POSITION_NAMES = (
    "position log_position log_left words_before good_before good_after from_anchor good_from_anchor"
).split()
_KIN_NAMES = [f"{side}_{name}" for side in ("previous", "next") for name in ("same", "sibling", "cousin")]
_PAGE_NAMES = (
    "blocks words link prose money headings images main url_length url_parts url_hyphens url_digits "
    "title_words description_words og_article og_product og_website spread_words spread_link core_words "
    "core_link depth"
).split()

BLOCK_NAMES = (*TEXT_NAMES, *_POSITION_NAMES, *TREE_NAMES, *_KIN_NAMES)
_LOG_WORDS, _LINK = BLOCK_NAMES.index("log_words"), BLOCK_NAMES.index("link")
PAGE_NAMES = (*(f"page_{name}" for name in _PAGE_NAMES), *(f"schema_{name}" for name in _SCHEMA_TYPES))


SUMS = 7
# shorter texts are facts, which may hold of several things
LONG_WORDS = 15


class PageHints(NamedTuple):
    """What stands outside the body and bears on it."""

    title: str = ""
    description: str = ""
    url: str = ""
    og_type: str = ""
    schema_types: frozenset[str] = frozenset()
    # several are joined
    author: str = ""


class Features(NamedTuple):
    """What is known of a page and its blocks."""

    # (BLOCK_NAMES, blocks)
    rows: Array
    # (PAGE_NAMES,)
    page: Array
    # of each block
    words: Array
    # the blocks of LONG_WORDS and more whose text stands on the page several times
    repeated: Sequence[int] = ()


class Sums(NamedTuple):
    """What is summed up over a page's blocks, SUMS numbers in the order of `Tree.sums`."""

    total: Array
    # those in the innermost element that holds most of the prose
    core: Array
    # of the deepest element
    depth: int
    # words in the main part and in articles
    main: float
    # of their features `log_words` and `link`
    words_variance: float
    link_variance: float


def build_features(blocks: Blocks, head: PageHints, lexicon: Lexicon) -> Features:
    """Describe the blocks of a page; there must be at least one."""
    columns = read_columns(blocks)
    own = read_own(blocks, columns)
    text = read_text(blocks, columns, own.flags & LINKED != 0, head.title, head.description, lexicon)
    anchor = _main_heading(text, own.level)
    tree = Tree(blocks, columns, own, text, anchor, lexicon)
    rows = np.concatenate([text.rows, _positions(text, anchor), tree.rows(), _kin(tree)])
    sums = Sums(
        tree.total,
        tree.sums[:, tree.core],
        int(tree.depths.max()),
        float(text.words[own.flags & MAIN != 0].sum()),
        _variance(rows[_LOG_WORDS]),
        _variance(rows[_LINK]),
    )
    long = (text.words >= LONG_WORDS) & (text.row("repeats") > 1)
    return Features(
        rows, describe_page(len(text.words), sums, head), text.words, np.flatnonzero(long).tolist()
    )


def _main_heading(text: Text, level: Ints) -> int:
    """The h1, of several the one that says most of the title; without one the block that does."""
    cover = text.row("title_cover")
    firsts = np.flatnonzero(level == 1)
    if len(firsts):
        return int(firsts[np.argmax(cover[firsts])])
    return int(np.argmax(cover * text.row("title_share")))


def _positions(text: Text, anchor: int) -> Array:
    count = len(text.words)
    position = np.arange(count)
    words, good = np.cumsum(text.words), np.cumsum(text.good)
    total = max(good[-1], 1e-6)
    before = good - text.good
    offset = position - anchor
    rows = [
        position / count,
        np.log1p(position),
        np.log1p(count - position),
        (words - text.words) / words[-1],
        before / total,
        (good[-1] - good) / total,
        np.sign(offset) * np.log1p(np.abs(offset)),
        (before - before[anchor]) / total,
    ]
    return np.array(rows, dtype=np.float32)


def _kin(tree: Tree) -> Array:
    """Whether the blocks before and after share the element, its parent or its grandparent."""
    parent = tree.parents.take(tree.own.elements)
    lines = (tree.own.elements, parent, tree.parents.take(parent))
    out = np.zeros((2, len(lines), len(parent)), dtype=np.float32)
    for row, line in enumerate(lines):
        out[0, row, 1:] = out[1, row, :-1] = line[1:] == line[:-1]
    return out.reshape(-1, len(parent))


def describe_page(count: int, sums: Sums, head: PageHints) -> Array:
    """Describe a page of so many blocks as a whole, in the order of PAGE_NAMES."""
    total, core = sums.total.tolist(), sums.core.tolist()
    said = total[0]
    path = head.url.partition("://")[2].partition("/")[2]
    known = [
        math.log1p(count),
        math.log1p(said),
        total[1] / said,
        total[2] / said,
        total[4] / count,
        total[5] / count,
        total[6] / count,
        sums.main / said,
        min(len(path), 200),
        path.count("/"),
        path.count("-"),
        min(sum(map(str.isdigit, path)), 20),
        len(head.title.split()),
        len(head.description.split()),
        head.og_type == "article",
        head.og_type == "product",
        head.og_type == "website",
        math.sqrt(sums.words_variance),
        math.sqrt(sums.link_variance),
        math.log1p(core[0]),
        core[1] / max(core[0], 1e-6),
        sums.depth,
        *map(head.schema_types.__contains__, _SCHEMA_TYPES),
    ]
    return np.array(known, dtype=np.float32)


def _variance(values: Array) -> float:
    """The variance, added up from the first to the last, as C does: numpy's own sums have an order of their own."""
    wide = values.astype(np.float64)
    total, squares = np.add.accumulate([wide, wide * wide], axis=1)[:, -1].tolist()
    mean = total / len(wide)
    variance: float = squares / len(wide) - mean * mean
    return max(0.0, variance)
