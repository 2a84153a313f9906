"""From a probability a block to the blocks that are the content.

The networks see a block, its neighbours and the page as a whole. Two things they cannot see are settled here:
code is as likely as the text around it, and what a template shows twice is content once (`repeats`). A table that
is chosen has its head.

The choice itself: of all prefixes of the blocks by falling probability, the one with the best expected F1 over
words; where even that is worth next to nothing the page has no content (a wall, a shell with a footer), and
none is made up.
"""

from collections.abc import Sequence
from itertools import compress, count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.core.classifier.columns import Array
from gateway.core.classifier.repeats import find_repeats
from gateway.core.dom.blocks import FLAGS, Blocks
from gateway.core.dom.native import find_walk
from gateway.core.dom.pictures import is_counter

# of the words that ought to be chosen, against those that are
RECALL_WEIGHT = 1.1
# expecting less is to have found nothing; of pages with content nearly always more is
LEAST_F1 = 0.25
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
# of the likelier text on the less likely side
_CODE_WEIGHT = 0.9
_TABLE_HEADS = frozenset(("thead", "th"))
_DATA = frozenset(("table", "dl", "dd"))
_LIKELY_TITLE = 0.4
# by tag, the probability that one block at least has
_LEAST_BESIDE = {"table": 0.2, "details": 0.15, "blockquote": 0.15}
# whose elements one rule or another looks at
_SPECIAL = _TABLE_HEADS | _DATA | frozenset(_LEAST_BESIDE)
# of its characters, less than that
_LINKED = 0.3
# blocks on either side that speak for code between them
_NEAR = 3
_FIGURE = 1 << FLAGS.index("figure")


class Settled(NamedTuple):
    """The probabilities with what is known of code and of repetitions."""

    probabilities: Array
    # by copy, whose probability is 0, the block that stays for it
    repeats: dict[int, int]


def settle(
    probabilities: Array,
    words: Array,
    repeated: Sequence[int],
    in_code: Array,
    blocks: Blocks,
    *,
    page_type: str,
) -> Settled:
    """Settle what the network cannot see.

    Documentation repeats itself on purpose: the same steps for every language, one of them shown at a time.

    Args:
        repeated: long blocks whose text stands on the page several times.
        in_code: by block, whether it stands in a `<pre>`, 1 or 0.
    """
    settled = _raise_code(probabilities, in_code != 0) if "pre" in blocks.tags else probabilities
    repeats = {} if page_type == "documentation" else find_repeats(repeated, settled, words, blocks)
    if repeats:
        settled = settled.copy()
        settled[list(repeats)] = 0
    return Settled(settled, repeats)


def select(probabilities: Array, words: Array) -> tuple[list[int], float]:
    """The prefix by falling probability with the best expected F1, and that F1; nothing if it is too little."""
    order = (-probabilities).argsort(kind="stable")
    likely = (probabilities * words).take(order).cumsum()
    expected = 2 * likely / (words.take(order).cumsum() + RECALL_WEIGHT * likely[-1] + 1e-6)
    best = int(expected.argmax())
    taken = best + 1 if expected[best] >= LEAST_F1 else 0
    return sorted(order[:taken].tolist()), float(expected[best])


def find_special(blocks: Blocks) -> list[int]:
    """The elements that have a part in tables, definitions, quotations and what is folded."""
    extension = find_walk().extension
    if extension is not None:
        return extension.find_tagged(blocks.tags, _SPECIAL)
    return list(compress(count(), map(_SPECIAL.__contains__, blocks.tags)))


def with_table_heads(chosen: list[int], special: Sequence[int], blocks: Blocks) -> list[int]:
    """The chosen blocks, and the heads of every table that has one of them: rows mean nothing without them.

    A head is a `<thead>`, a `<th>` of the first row, and that of a row which is chosen itself.

    Args:
        special: of `find_special`.
    """
    heads = [element for element in special if blocks.tags[element] in _TABLE_HEADS]
    if not heads:
        return chosen
    tables = {_within(blocks.owners[index], "table", blocks) for index in chosen} - {-1}
    rows = {_within(blocks.owners[index], "tr", blocks) for index in chosen}
    added = set(chosen)
    for head in heads:
        table = _within(head, "table", blocks)
        if table not in tables:
            continue
        row = _within(head, "tr", blocks)
        if blocks.tags[head] == "thead" or row in rows or blocks.firsts[row] == blocks.firsts[table]:
            added.update(range(blocks.firsts[head], blocks.lasts[head]))
    return sorted(added)


def without_counters(chosen: list[int], blocks: Blocks) -> list[int]:
    """The chosen blocks without the numbers that a gallery puts to its pictures: "1/50"."""
    return [
        index
        for index in chosen
        if not (blocks.images[index] or blocks.flags[blocks.owners[index]] & _FIGURE)
        or not is_counter(blocks.texts[index])
    ]


def without_last_heading(chosen: list[int], blocks: Blocks, *, page_type: str) -> list[int]:
    """The chosen blocks without a heading at their end: what it heads was not chosen.

    A sentence says something by itself, and services write more of their statements as headings.
    """
    if page_type == "service" or len(chosen) < 2:
        return chosen
    before, last = chosen[-2:]
    is_sentence = blocks.texts[last].endswith((".", "!", "?"))
    return (
        chosen if is_sentence or not _is_heading(last, blocks) or _is_heading(before, blocks) else chosen[:-1]
    )


def _is_heading(block: int, blocks: Blocks) -> bool:
    return blocks.tags[blocks.owners[block]] in _HEADINGS


def _within(element: int, tag: str, blocks: Blocks) -> int:
    """The innermost element with this tag around one or itself, -1 where there is none."""
    while element >= 0 and blocks.tags[element] != tag:
        element = blocks.parents[element]
    return element


def _raise_code(probabilities: Array, in_code: NDArray[np.bool_]) -> Array:
    text = np.flatnonzero(~in_code)
    edge = np.zeros(_NEAR, dtype=np.float32)
    padded = np.concatenate((edge, probabilities[text], edge))
    near = np.max([padded[at : len(padded) - _NEAR + 1 + at] for at in range(_NEAR)], axis=0)
    # so many blocks of text
    before = np.searchsorted(text, np.flatnonzero(in_code))
    around = np.minimum(near[before], near[before + _NEAR])
    raised = probabilities.copy()
    raised[in_code] = np.maximum(raised[in_code], _CODE_WEIGHT * around)
    return raised


def with_data(
    chosen: list[int], link: Array, special: Sequence[int], blocks: Blocks, *, is_article: bool
) -> list[int]:
    """The chosen blocks, with the definition of a chosen term, and an article's tables between its paragraphs.

    Args:
        link: by block, the share of its characters inside links; what is mostly links is no data.
        special: of `find_special`.
        is_article: also add a table or definitions right behind a chosen block, below the same element.
    """
    if not special:
        return chosen
    said = set(chosen)
    tags, parents, owners = blocks.tags, blocks.parents, blocks.owners
    for element in special:
        tag, first, last = tags[element], blocks.firsts[element], blocks.lasts[element]
        if tag not in _DATA or first - 1 not in said or first in said:
            continue
        before = owners[first - 1]
        is_beside = is_article if tag != "dd" else tags[before] == "dt"
        if is_beside and parents[before] == parents[element] and link[first:last].mean() < _LINKED:
            said.update(range(first, last))
    return sorted(said)


def with_beside(
    chosen: list[int],
    probabilities: Array,
    link: Array,
    special: Sequence[int],
    blocks: Blocks,
    *,
    page_type: str,
) -> list[int]:
    """The chosen blocks, with what is right beside them and nearly as likely.

    That is the `<h1>` they stand under, a table before their first paragraph (a wiki's infobox), a quotation in an
    entry of a list, and what a product's page folds.

    Args:
        probabilities: by block.
        link: by block, the share of its characters inside links.
        special: of `find_special`.
    """
    tags, parents, owners = blocks.tags, blocks.parents, blocks.owners
    top = chosen[0] - 1 if chosen else -1
    if top >= 0 and tags[owners[top]] == "h1" and probabilities[top] >= _LIKELY_TITLE:
        chosen = [top, *chosen]
    if not special:
        return chosen
    said = set(chosen)
    for element in special:
        tag, first, last = tags[element], blocks.firsts[element], blocks.lasts[element]
        if tag not in _LEAST_BESIDE or first in said or first == last:
            continue
        follows = first - 1 in said
        if tag == "table":
            is_beside = last in said and parents[owners[last]] == parents[element]
            is_beside = is_beside and bool(link[first:last].mean() < _LINKED)
        elif tag == "details":
            is_beside = follows and page_type == "product"
        else:
            around = parents[owners[first - 1]]
            is_near = around in (parents[element], parents[parents[element]])
            is_beside = follows and is_near and page_type != "article"
        if is_beside and probabilities[first:last].max() >= _LEAST_BESIDE[tag]:
            said.update(range(first, last))
    return sorted(said)
