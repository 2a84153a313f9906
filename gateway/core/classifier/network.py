"""Which blocks are the content: a small convolutional network over a page's blocks, in numpy alone.

Each block's features, and those of the page, pass a dense layer; residual convolutions along the page let
neighbours speak; a weighted mean over the whole page is context for the last layers. What comes out is a
probability a block, and one a kind of page.

The choice among blocks with probabilities is made in `choice`. The F1 it expects, set against what it turned
out to be worth on pages no network had seen, is the confidence.
"""

from bisect import bisect_right
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import IO, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

from gateway.core.classifier.article_column import holds_most
from gateway.core.classifier.choice import (
    find_special,
    settle,
    with_beside,
    with_data,
    with_table_heads,
    without_counters,
    without_last_heading,
)
from gateway.core.classifier.columns import Array
from gateway.core.classifier.endings import drop_ending
from gateway.core.classifier.features import BLOCK_NAMES, PAGE_NAMES, Features, PageHints
from gateway.core.classifier.layers import clip_rows, gather_windows, rectify
from gateway.core.classifier.lexicon import Lexicon
from gateway.core.classifier.native import build_features, find_column, select
from gateway.core.classifier.siblings import Siblings
from gateway.core.classifier.standfirst import with_standfirst
from gateway.core.classifier.teasers import drop_teasers
from gateway.core.dom.blocks import Blocks
from gateway.wire import DropReason

PAGE_TYPES = ("article", "documentation", "service", "forum", "collection", "listing", "product")


class Choice(NamedTuple):
    """The blocks that are the content, in reading order, and how sure that is."""

    blocks: list[int]
    # the F1 over words to be expected, 0-1
    confidence: float
    page_type: str
    # blocks left out because the page says the same in a chosen one
    repeated: int = 0
    # by block, how likely it is content
    probabilities: Array = np.zeros(0, dtype=np.float32)
    # blocks that were left out for another reason than their probability, and why
    dropped: Mapping[int, DropReason] = MappingProxyType({})


class Network(NamedTuple):
    """The weights; matrices are (inputs, outputs)."""

    # features are held within these bounds, by name first of blocks, then of the page
    low: Array
    high: Array
    # for features as they are: what standardises them is in the weights
    input_weight: Array
    input_bias: Array
    # (layers, width * hidden, hidden)
    convolution_weights: Array
    convolution_biases: Array
    pool_weight: Array
    pool_bias: Array
    # (hidden, head): the block's own part of the last hidden layer
    block_weight: Array
    # (hidden, head): the page's part
    context_weight: Array
    head_bias: Array
    output_weight: Array
    output_bias: Array
    type_weight: Array
    type_bias: Array


# what the network takes an article for whose letters it has not seen; its column tells
_LIKE_ARTICLES = frozenset(("forum", "listing"))
_LINK, _DESCRIBED, _IN_CODE = map(BLOCK_NAMES.index, ("link", "description_share", "in_pre"))
DILATIONS = (1, 3)


class Classifier(NamedTuple):
    """All that was learned, and how it is read."""

    lexicon: Lexicon
    network: Network
    # confidence as computed, rising …
    expected: Array
    # … and the mean F1 it came to
    observed: Array

    def confidence(self, expected: float) -> float:
        """The F1 it came to where so much was expected: `np.interp`, which takes longer for one number."""
        known, came_to = self.expected, self.observed
        above = bisect_right(known, expected)
        if above == 0 or above == len(known):
            return float(came_to[above and -1])
        low, high, least, most = map(float, (*known[above - 1 : above + 1], *came_to[above - 1 : above + 1]))
        return (most - least) / (high - low) * (expected - low) + least


def choose(blocks: Blocks, head: PageHints, classifier: Classifier) -> Choice:
    """Choose the content among a page's blocks."""
    if not blocks.texts:
        return Choice([], 0.0, PAGE_TYPES[0])
    features = build_features(blocks, head, classifier.lexicon)
    probabilities, kinds = predict(features, classifier.network)
    page_type = PAGE_TYPES[int(kinds.argmax())]
    rows, words = features.rows, features.words.tolist()
    settled = settle(
        probabilities, features.words, features.repeated, rows[_IN_CODE], blocks, page_type=page_type
    )
    chosen, expected = select(settled.probabilities, features.words)
    link, special, siblings = rows[_LINK], find_special(blocks), Siblings(blocks)
    # rules read them one by one
    likelihoods, links = settled.probabilities.tolist(), link.tolist()
    likely = with_data(
        without_counters(chosen, blocks), link, special, blocks, is_article=page_type == "article"
    )
    likely = with_beside(likely, settled.probabilities, link, special, blocks, page_type=page_type)
    column = find_column(likely, features.words, link, blocks)
    is_article = page_type == "article" or (page_type in _LIKE_ARTICLES and holds_most(column, likely, words))
    if is_article:
        described = rows[_DESCRIBED].tolist()
        likely = with_standfirst(likely, likelihoods, words, links, described, blocks)
    chosen = drop_teasers(likely, column, words, links, blocks, siblings, is_article=is_article)
    if is_article:
        chosen = drop_ending(
            chosen,
            likely,
            column,
            likelihoods,
            words,
            links,
            head.author,
            blocks,
            siblings,
            is_forum=page_type == "forum",
        )
    said = set(chosen)
    repeated = sum([stays in said for stays in settled.repeats.values()])
    found = with_table_heads(chosen, special, blocks)
    last = without_last_heading(found, blocks, page_type=page_type)
    dropped: dict[int, DropReason] = dict.fromkeys(settled.repeats, "repeated")
    dropped |= dict.fromkeys([index for index in likely if index not in said], "leads_elsewhere")
    dropped |= dict.fromkeys(found[len(last) :], "heading_alone")
    confidence = round(classifier.confidence(expected), 3)
    return Choice(last, confidence, page_type, repeated, probabilities, dropped)


def predict(features: Features, network: Network) -> tuple[Array, Array]:
    """A probability a block, and one a page type."""
    # One thread for BLAS: more of them cost more than such small matrices give. Workers have no more anyway.
    # `ThreadpoolController.limit` does the same, but describes every library first, which takes as long as a product.
    others = [(blas, count) for blas in _blas().lib_controllers if (count := blas.get_num_threads()) != 1]
    for blas, _ in others:
        blas.set_num_threads(1)
    try:
        return _compute(features, network)
    finally:
        for blas, count in others:
            blas.set_num_threads(count)


def _compute(features: Features, network: Network) -> tuple[Array, Array]:
    hidden = _read_features(features, network)
    for weight, bias, dilation in zip(
        network.convolution_weights, network.convolution_biases, DILATIONS, strict=True
    ):
        hidden = rectify(gather_windows(hidden, dilation) @ weight, bias, onto=hidden)
    attention = np.exp(_held(hidden @ network.pool_weight + network.pool_bias, -8, 8))[:, 0]
    attention *= np.log1p(features.words)
    context = attention @ hidden / (attention.sum() + 1e-6)
    of_page = context @ network.context_weight + network.head_bias
    logits = rectify(hidden @ network.block_weight, of_page) @ network.output_weight
    kinds = np.exp(context @ network.type_weight + network.type_bias)
    return 1 / (1 + np.exp(-logits[:, 0] - network.output_bias)), kinds / kinds.sum()


def _read_features(features: Features, network: Network) -> Array:
    """The first layer; what holds of the page is multiplied once, not for every block."""
    count = len(BLOCK_NAMES)
    low, high = network.low, network.high
    rows = clip_rows(features.rows, low[:count], high[:count])
    page = _held(features.page, low[count:], high[count:])
    weight = network.input_weight
    return rectify(rows.T @ weight[:count], page @ weight[count:] + network.input_bias)


def _held(values: Array, low: Array | float, high: Array | float) -> Array:
    """The values within bounds; `np.clip` takes several times as long for few values."""
    held: Array = np.minimum(values, high)
    np.maximum(held, low, out=held)
    return held


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@cache
def load_classifier() -> Classifier:
    """The classifier that ships with the package; its model card stands beside it."""
    with files("gateway.core.classifier.weights").joinpath("classifier.npz").open("rb") as file:
        return read_classifier(file)


def read_classifier(file: IO[bytes]) -> Classifier:
    """Read what `training.export` wrote: arrays, most of half precision, and names as one text a table."""
    with np.load(file, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}

    def floats(name: str) -> Array:
        array: Array = arrays[name].astype(np.float32)
        return array

    def table(name: str) -> dict[str, float]:
        names = arrays[f"{name}_names"].tobytes().decode().split("\n")
        return dict(zip(names, floats(f"{name}_scores").tolist(), strict=True))

    known, computed = len(arrays["low"]), len(BLOCK_NAMES) + len(PAGE_NAMES)
    if known != computed:
        raise ValueError(
            f"the weights are for {known} features, the code computes {computed}; run `python -m training`"
        )
    return Classifier(
        lexicon=Lexicon(table("tokens"), table("words")),
        network=Network(*map(floats, Network._fields)),
        expected=floats("expected"),
        observed=floats("observed"),
    )
