"""Log-odds by class token and by word, from per-domain shares, so that no site outweighs another.

A score a row was itself counted in would leak its label. Counts are therefore kept by group of domains: the
rows of a group are described by the table of the other groups, and at run time by the table of all. Small
groups make the two tables alike: what is learned of one holds for the other.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from gateway.core.classifier.lexicon import SHORT_WORDS, Lexicon, split_names, token_of_tag
from gateway.core.dom.blocks import Blocks
from training.score import words_of

_DOMAINS = 5  # a token seen on fewer says nothing
_PRIOR = 4.0  # domains' worth of belief that a token says nothing

Shares = dict[str, tuple[float, int]]  # name -> sum over domains of the share that is content; domains


class Counts(NamedTuple):
    """Of one group of domains."""

    tokens: Shares
    words: Shares


def count_group(pages: Iterable[tuple[str, Blocks, np.ndarray]]) -> Counts:
    """Count over a group's pages, given as domain, blocks and labels."""
    tokens: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    words: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for domain, blocks, labels in pages:
        sizes = np.array([len(words_of(text)) for text in blocks.texts])
        before = np.concatenate(([0], np.cumsum(sizes)))
        content_before = np.concatenate(([0], np.cumsum(sizes * labels)))
        of_tokens, of_words = tokens[domain], words[domain]
        for tag, own, first, last in zip(
            blocks.tags, split_names(blocks.names), blocks.firsts, blocks.lasts, strict=True
        ):
            if before[last] > before[first]:
                for token in (token_of_tag(tag), *own):
                    share = of_tokens[token]
                    share[0] += content_before[last] - content_before[first]
                    share[1] += before[last] - before[first]
        for text, label in zip(blocks.texts, labels, strict=True):
            split = text.lower().split()
            if len(split) <= SHORT_WORDS:
                for word in dict.fromkeys(split):  # a set has another order in every process
                    share = of_words[word]
                    share[0] += label
                    share[1] += 1
    return Counts(_by_domain(tokens), _by_domain(words))


def _by_domain(counts: dict[str, dict[str, list[float]]]) -> Shares:
    total: dict[str, tuple[float, int]] = {}
    for shares in counts.values():
        for name, (part, whole) in shares.items():
            share, domains = total.get(name, (0.0, 0))
            total[name] = (share + part / whole, domains + 1)
    return total


def learn_lexicon(groups: Iterable[Counts]) -> Lexicon:
    """The table of the given groups together."""
    groups = list(groups)
    return Lexicon(_score([group.tokens for group in groups]), _score([group.words for group in groups]))


def _score(groups: list[Shares]) -> dict[str, float]:
    total: dict[str, tuple[float, int]] = {}
    for group in groups:
        for name, (share, domains) in group.items():
            known = total.get(name, (0.0, 0))
            total[name] = (known[0] + share, known[1] + domains)
    prior = sum(share for share, _ in total.values()) / max(1, sum(domains for _, domains in total.values()))

    def logit(p: float) -> float:
        return math.log(p / (1 - p))

    # The commonest first: dicts lie in memory in that order, so most look-ups stay within a few cache lines.
    commonest = sorted(total.items(), key=lambda item: (-item[1][1], item[0]))
    return {
        name: logit((share + prior * _PRIOR) / (domains + _PRIOR)) - logit(prior)
        for name, (share, domains) in commonest
        if domains >= _DOMAINS
    }
