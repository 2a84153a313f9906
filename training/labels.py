"""Which blocks of a page are its content, found by aligning the page's words with the ground truth's.

The ground truth is text, not nodes. A longest common subsequence over words aligns it with the page in
order, so the same sentence in a teaser and in the article goes to the article; n-gram coverage keeps words
that met by chance out; a last greedy pass takes in blocks the alignment skipped because their order differs.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import LCSseq

from gateway.core.dom.blocks import Blocks
from training.score import words_of

_MATCHED = 0.6  # share of a block's words on the alignment
_PARAGRAPH_WORDS = 15  # more than that
_MAIN_SHARE = 0.2  # of the labelled words, at least
_COVERED = 0.5  # share of its words inside n-grams of the truth


def label_blocks(texts: Sequence[str], truth: str) -> np.ndarray:
    """One boolean a block: is it content?"""
    reference = words_of(truth)
    blocks = [words_of(text) for text in texts]
    chosen = np.zeros(len(blocks), dtype=bool)
    if not reference:
        return chosen
    matched = _matched_shares(blocks, reference)
    covered = _covered_shares(blocks, reference)
    sizes = np.array([len(block) for block in blocks])
    chosen = (matched >= _MATCHED) & (covered >= _COVERED) & (sizes > 0)
    _add_greedily(chosen, blocks, covered, sizes, Counter(reference))
    return chosen


def share_left_out(blocks: Blocks, labels: np.ndarray) -> float:
    """How much of an article its label leaves out: unlabelled paragraphs beside labelled ones, as a share of these.

    A paragraph's like has its tag, its class names and its parent.
    """

    def kind(index: int) -> tuple[str, str, int]:
        owner = blocks.owners[index]
        return blocks.tags[owner], blocks.names[owner], blocks.parents[owner]

    sizes = [len(words_of(text)) for text in blocks.texts]
    labelled: Counter[tuple[str, str, int]] = Counter()
    for index in np.flatnonzero(labels).tolist():
        if sizes[index] > _PARAGRAPH_WORDS:
            labelled[kind(index)] += sizes[index]
    total = labelled.total()
    main = {name for name, size in labelled.items() if size >= _MAIN_SHARE * total}
    left_out = sum(
        sizes[index]
        for index in np.flatnonzero(~labels).tolist()
        if sizes[index] > _PARAGRAPH_WORDS
        and 2 * blocks.link_chars[index] < blocks.chars[index]
        and kind(index) in main
    )
    return left_out / max(1, total)


def _matched_shares(blocks: list[list[str]], reference: list[str]) -> np.ndarray:
    ids: dict[str, int] = {}
    truth_ids = [ids.setdefault(word, len(ids)) for word in reference]
    page_ids, owners = [], []
    for index, block in enumerate(blocks):
        for word in block:
            if word in ids:  # the others cannot be on the alignment
                page_ids.append(ids[word])
                owners.append(index)
    matched = np.zeros(len(blocks))
    for run in LCSseq.editops(page_ids, truth_ids).as_matching_blocks():
        for position in range(run.a, run.a + run.size):
            matched[owners[position]] += 1
    shares: np.ndarray = matched / np.array([max(1, len(block)) for block in blocks])
    return shares


def _covered_shares(blocks: list[list[str]], reference: list[str], longest: int = 4) -> np.ndarray:
    grams = {
        size: {tuple(reference[i : i + size]) for i in range(len(reference) - size + 1)}
        for size in range(1, longest + 1)
    }
    shares = np.zeros(len(blocks))
    for index, block in enumerate(blocks):
        size = min(longest, len(block))
        if not size:
            continue
        covered = np.zeros(len(block), dtype=bool)
        for start in range(len(block) - size + 1):
            if tuple(block[start : start + size]) in grams[size]:
                covered[start : start + size] = True
        shares[index] = covered.mean()
    return shares


def _add_greedily(
    chosen: np.ndarray, blocks: list[list[str]], covered: np.ndarray, sizes: np.ndarray, truth: Counter[str]
) -> None:
    bag: Counter[str] = Counter()
    for index in np.flatnonzero(chosen):
        bag.update(blocks[index])
    overlap, total, goal = (bag & truth).total(), bag.total(), truth.total()
    for index in np.flatnonzero(~chosen & (covered >= _MATCHED) & (sizes >= 3)):
        block = Counter(blocks[index])
        gain = sum(min(n, max(0, truth[word] - bag[word])) for word, n in block.items())
        size = block.total()
        if (overlap + gain) / (total + size + goal) > overlap / max(1, total + goal):
            chosen[index] = True
            bag.update(block)
            overlap, total = overlap + gain, total + size
