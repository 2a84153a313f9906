"""The counting of `text_counts` and `tree_counts` in C, where the package `winnow-native` is used.

Without it Python counts. Both give the same, and what is computed of the counts is computed by numpy either way.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gateway.core.classifier import text_counts, tree_counts
from gateway.core.classifier.columns import Ints
from gateway.core.classifier.lexicon import SHORT_WORDS, Lexicon
from gateway.core.classifier.text_counts import ROWS, TextCounts, character_classes
from gateway.core.classifier.tree_counts import KindCounts
from gateway.core.dom.native import Extension, find_walk


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
