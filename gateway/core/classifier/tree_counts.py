"""What is counted in a page's elements: which are alike, and what the words of their names were learned to say."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count, repeat
from typing import NamedTuple

import numpy as np

from gateway.core.classifier.columns import Array, Ints
from gateway.core.classifier.lexicon import split_names, token_of_tag


class KindCounts(NamedTuple):
    """A kind is a tag with names; its number is that of the first element of it."""

    # by element: its kind, how many of that kind its parent has, its children (the root is one of its own)
    elements: Ints
    # by kind: the number, the first of its tokens, how many they are
    heads: Ints
    firsts: Ints
    sizes: Ints
    # by kind, of its tokens
    least: Array
    greatest: Array
    # by token its score
    learned: Array


def count_kinds(
    tags: Sequence[str], names: Sequence[str], parents: Ints, scores: Mapping[str, float]
) -> KindCounts:
    """Count the kinds of elements.

    Args:
        tags, names, parents: by element, at least one; the root is its own parent.
        scores: learned log-odds of tokens.
    """
    known: dict[tuple[str, str], int] = {}
    kinds = np.fromiter(map(known.setdefault, zip(tags, names, strict=True), count()), dtype=np.intp)
    siblings = _rank((parents * len(parents) + kinds).tolist())
    tokens: list[str] = []
    sizes = []
    for (tag, _), words in zip(known, split_names([names for _, names in known]), strict=True):
        tokens += words
        tokens.append(token_of_tag(tag))
        sizes.append(len(words) + 1)
    learned = np.fromiter(map(scores.get, tokens, repeat(0.0)), dtype=np.float32, count=len(tokens))
    count_of = np.array(sizes, dtype=np.intp)
    firsts = np.cumsum(count_of) - count_of
    return KindCounts(
        np.array([kinds, np.bincount(siblings).take(siblings), np.bincount(parents, minlength=len(parents))]),
        np.array(list(known.values()), dtype=np.intp),
        firsts,
        count_of,
        np.minimum.reduceat(learned, firsts),
        np.maximum.reduceat(learned, firsts),
        learned,
    )


def _rank(keys: Iterable[object]) -> Ints:
    """For each key the number of its first occurrence."""
    known: dict[object, int] = {}
    return np.fromiter(map(known.setdefault, keys, count()), dtype=np.intp)
