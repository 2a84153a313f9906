"""The features of a page in C, where the package `winnow-native` is used, and what is counted for them.

Without it Python counts and numpy computes (`features`). Both give the same to the bit: C adds, multiplies and divides
in numpy's order, and leaves to numpy the logarithms and the sums of scores, which numpy adds up in an order of its own.
"""

from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gateway.core.classifier import article_column, choice, features
from gateway.core.classifier.article_column import Column
from gateway.core.classifier.columns import Array
from gateway.core.classifier.features import (
    BLOCK_NAMES,
    LINKED,
    LONG_WORDS,
    MAIN,
    SUMS,
    Features,
    PageHints,
    Sums,
    describe_page,
)
from gateway.core.classifier.lexicon import SHORT_WORDS, Lexicon
from gateway.core.classifier.text_counts import character_classes, find_said
from gateway.core.classifier.tree_features import LEVELS, TAGS
from gateway.core.dom.blocks import FLAGS, Blocks
from gateway.core.dom.extension import Extension, pack
from gateway.core.dom.native import find_walk

# tags with a feature of their own and their levels as headings, the bits of what is inside a link and of the main part,
# how many flags there are, words of a long text
_LAYOUT = (tuple(TAGS), bytes(LEVELS), LINKED, MAIN, len(FLAGS), LONG_WORDS)


def build_features(blocks: Blocks, head: PageHints, lexicon: Lexicon) -> Features:
    """As `features.build_features`, by the extension where it may be used."""
    extension = find_walk().extension
    if extension is None:
        return features.build_features(blocks, head, lexicon)
    packed, count = blocks.packed or pack(blocks), len(blocks.texts)
    tokens, scored = _load(extension, lexicon)
    said = find_said(head.title, head.description)
    counts, learned, short, firsts = extension.count_texts(
        blocks.texts, character_classes(), said, scored, SHORT_WORDS
    )
    elements, heads, first_tokens, sizes, least, greatest, learned_tokens = extension.count_kinds(
        blocks.tags, blocks.names, memoryview(packed)[: 8 * len(blocks.tags)], tokens
    )
    arguments = _array(extension.log_arguments(packed, len(blocks.tags), counts), np.float32)
    rows = np.empty((len(BLOCK_NAMES), count), dtype=np.float32)
    sums = np.empty((2, SUMS), dtype=np.float32)
    depth, main, *variances, repeated = extension.measure(
        packed,
        blocks.tags,
        counts,
        arguments,
        np.log1p(arguments),
        short,
        _sum_up(learned, firsts) if short else b"",
        elements,
        heads,
        sizes,
        _sum_up(learned_tokens, first_tokens),
        least,
        greatest,
        # of an element the children, itself among them where it is the root
        _logarithms((count + 2).bit_length()),
        _LAYOUT,
        max(1, len(head.title.split())),
        rows,
        sums,
    )
    page = describe_page(count, Sums(sums[0], sums[1], depth, main, *variances), head)
    return Features(rows, page, arguments[:count], repeated)


def select(probabilities: Array, words: Array) -> tuple[list[int], float]:
    """As `choice.select`, by the extension where it may be used."""
    extension = find_walk().extension
    if extension is None:
        return choice.select(probabilities, words)
    return extension.take_prefix(probabilities, words, choice.RECALL_WEIGHT, choice.LEAST_F1)


def find_column(chosen: list[int], words: Array, link: Array, blocks: Blocks) -> Column | None:
    """As `article_column.find_column`, by the extension where it may be used."""
    extension = find_walk().extension
    if extension is None:
        return article_column.find_column(chosen, words.tolist(), link.tolist(), blocks)
    packed, elements = blocks.packed or pack(blocks), len(blocks.tags)
    found = extension.find_column(packed, elements, chosen, words, link, article_column.BOUNDS)
    return Column(*found) if found else None


@cache
def _logarithms(bits: int) -> Array:
    """By whole number below a power of two, log(1 + n) and log(n) in double, and log(1 + n) in float."""
    numbers = np.arange(1 << bits)
    return np.array(
        [np.log1p(numbers), np.log(np.maximum(numbers, 1)), np.log1p(numbers.astype(np.float32))],
        dtype=np.float32,
    )


def _sum_up(scores: bytes, firsts: bytes) -> Array:
    """The sums of scores from each first one on."""
    sums: Array = np.add.reduceat(_array(scores, np.float32), _array(firsts, np.intp))
    return sums


@lru_cache(maxsize=4)
def _load(extension: Extension, lexicon: Lexicon) -> tuple[object, object]:
    """The tokens and the words of a lexicon as the extension takes them."""
    return extension.load_words(dict(lexicon.tokens)), extension.load_words(dict(lexicon.words))


def _array(values: bytes, kind: DTypeLike) -> NDArray[Any]:
    return np.frombuffer(values, dtype=kind)
