"""The features of a page in C, where the package `winnow-native` is used, and what is counted for them.

Without it Python counts and numpy computes (`features`). Both give the same to the bit: C adds, multiplies and divides
in numpy's order, and leaves to numpy the logarithms and the sums of scores, which numpy adds up in an order of its own.
"""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gateway.core.classifier import features, text_counts, tree_counts
from gateway.core.classifier.columns import Array, Ints, read_columns
from gateway.core.classifier.features import (
    BLOCK_NAMES,
    LINKED,
    SUMS,
    Features,
    PageHints,
    Sums,
    describe_page,
)
from gateway.core.classifier.lexicon import SHORT_WORDS, Lexicon
from gateway.core.classifier.text_counts import ROWS, TextCounts, character_classes, find_said
from gateway.core.classifier.tree_counts import KindCounts
from gateway.core.classifier.tree_features import LEVELS, TAGS
from gateway.core.dom.blocks import FLAGS, Blocks
from gateway.core.dom.extension import Extension, pack
from gateway.core.dom.native import find_walk

# tags with a feature of their own and their levels as headings, the bit of what is inside a link, how many flags
_LAYOUT = (tuple(TAGS), bytes(LEVELS), LINKED, len(FLAGS))


def build_features(blocks: Blocks, head: PageHints, lexicon: Lexicon) -> Features:
    """As `features.build_features`, by the extension where it may be used."""
    extension = find_walk().extension
    if extension is None:
        return features.build_features(blocks, head, lexicon)
    columns, packed, count = read_columns(blocks), blocks.packed or pack(blocks), len(blocks.texts)
    texts = count_texts(blocks.texts, find_said(head.title, head.description), lexicon)
    kinds = count_kinds(blocks.tags, blocks.names, np.maximum(columns.elements[0], 0), lexicon)
    arguments = _array(extension.log_arguments(packed, len(blocks.tags), texts.rows), np.float32)
    rows = np.empty((len(BLOCK_NAMES), count), dtype=np.float32)
    sums = np.empty((2, SUMS), dtype=np.float32)
    depth = extension.measure(
        packed,
        blocks.tags,
        texts.rows,
        arguments,
        np.log1p(arguments),
        texts.short,
        np.add.reduceat(texts.learned, texts.firsts) if len(texts.short) else b"",
        kinds.elements,
        kinds.heads,
        kinds.sizes,
        np.add.reduceat(kinds.learned, kinds.firsts),
        kinds.least,
        kinds.greatest,
        # of an element the children, itself among them where it is the root
        _logarithms((count + 2).bit_length()),
        _LAYOUT,
        max(1, len(head.title.split())),
        rows,
        sums,
    )
    flags = columns.elements[2].take(columns.blocks[0])
    words = arguments[:count]
    return Features(rows, describe_page(rows, words, flags, Sums(sums[0], sums[1], depth), head), words)


@cache
def _logarithms(bits: int) -> Array:
    """By whole number below a power of two, log(1 + n) and log(n) in double, and log(1 + n) in float."""
    numbers = np.arange(1 << bits)
    return np.array(
        [np.log1p(numbers), np.log(np.maximum(numbers, 1)), np.log1p(numbers.astype(np.float32))],
        dtype=np.float32,
    )


def count_texts(texts: Sequence[str], said: Mapping[str, int], lexicon: Lexicon) -> TextCounts:
    """As `text_counts.count_texts`, by the extension where it may be used."""
    extension = find_walk().extension
    if extension is None:
        return text_counts.count_texts(texts, said, lexicon.words)
    words = _load(extension, lexicon).words
    rows, learned, short, firsts = extension.count_texts(texts, character_classes(), said, words, SHORT_WORDS)
    return TextCounts(
        _array(rows, np.float32).reshape(ROWS, -1),
        _array(learned, np.float32),
        _array(short, np.intp),
        _array(firsts, np.intp),
    )


def count_kinds(tags: Sequence[str], names: Sequence[str], parents: Ints, lexicon: Lexicon) -> KindCounts:
    """As `tree_counts.count_kinds`, by the extension where it may be used."""
    extension = find_walk().extension
    if extension is None:
        return tree_counts.count_kinds(tags, names, parents, lexicon.tokens)
    tokens = _load(extension, lexicon).tokens
    elements, heads, firsts, sizes, *scores = extension.count_kinds(tags, names, parents, tokens)
    return KindCounts(
        _array(elements, np.intp).reshape(3, -1),
        *(_array(column, np.intp) for column in (heads, firsts, sizes)),
        *(_array(column, np.float32) for column in scores),
    )


class _Loaded(NamedTuple):
    """A lexicon as the extension takes it."""

    tokens: object
    words: object


@lru_cache(maxsize=4)
def _load(extension: Extension, lexicon: Lexicon) -> _Loaded:
    return _Loaded(extension.load_words(dict(lexicon.tokens)), extension.load_words(dict(lexicon.words)))


def _array(values: bytes, kind: DTypeLike) -> NDArray[Any]:
    return np.frombuffer(values, dtype=kind)
