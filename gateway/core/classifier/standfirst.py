"""The standfirst: what an article says of itself between its headline and its first paragraph, set apart from both.

The network knows few of them: labels of articles often leave them out, and each site calls them by another name. What
the page says of itself in its head tells: a line there that repeats the description is one, and so is a sentence
right below the headline which the network holds for likely enough.
"""

import re
from collections.abc import Sequence

from gateway.core.classifier.columns import single
from gateway.core.dom.blocks import FLAGS, Blocks

_WORD = re.compile(r"\w+")
_H1 = 1 << FLAGS.index("h1")
_ELSEWHERE = sum(
    1 << FLAGS.index(name) for name in "nav button table ul ol dl li form figure address label footer".split()
)
# blocks between the headline and the first paragraph, at most
_GAP = 15
# of a first paragraph, at least
_PARAGRAPH_WORDS = 12
_LEAST_WORDS, _MOST_WORDS = 6, 80
# of its characters, less than that
_LINKED = single(0.3)
# of its words stand in the description
_DESCRIBED = single(0.8)
# right below the headline, a sentence of so many words that is so likely
_SENTENCE_WORDS, _LIKELY = 8, single(0.1)
# … or of so many where it has numbers
_LONG_WORDS = 14
# between the parts of a way to the page
_TRAIL = frozenset("›»❯→>")
_ENDS = (".", "!", "?", "…", "。", "！", "？", "؟", "।")


def with_standfirst(
    chosen: Sequence[int],
    probabilities: Sequence[float],
    words: Sequence[float],
    link: Sequence[float],
    described: Sequence[float],
    blocks: Blocks,
) -> list[int]:
    """The chosen blocks, with an article's standfirst if it has one that was not chosen.

    Args:
        chosen: indices of blocks, rising.
        probabilities: by block.
        words: by block.
        link: by block, the share of its characters inside links.
        described: by block, the share of its words that the page's description has too.
    """
    first = next((i for i in chosen if words[i] >= _PARAGRAPH_WORDS and link[i] < _LINKED), -1)
    flags, owners = blocks.flags, blocks.owners
    headline = next(
        (i for i in range(first - 1, max(-1, first - 1 - _GAP), -1) if flags[owners[i]] & _H1), -1
    )
    if headline < 0:
        return list(chosen)
    said = set(chosen)
    for index in range(headline + 1, first):
        text = blocks.texts[index]
        if flags[owners[index]] & _ELSEWHERE or blocks.tags[owners[index]] == "figcaption":
            continue
        if not _LEAST_WORDS <= words[index] <= _MOST_WORDS or link[index] >= _LINKED or _TRAIL & set(text):
            continue
        is_right_below = index == headline + 1 and probabilities[index] >= _LIKELY
        if described[index] >= _DESCRIBED or (is_right_below and _is_sentence(text, int(words[index]))):
            spoken = _words(text)
            if not any(spoken in _words(blocks.texts[other]) for other in _near(said, headline, first)):
                said.add(index)
    return sorted(said)


def _near(said: set[int], headline: int, first: int) -> list[int]:
    """The blocks that are said already between the headline and a little behind the first paragraph."""
    return sorted(index for index in said if headline < index < first + _GAP)


def _words(text: str) -> str:
    """The words alone: a copy may be cut off with dots, or have other quotation marks."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _is_sentence(text: str, words: int) -> bool:
    """Whether it is one, and no byline: that is short, with a date that may end like a sentence."""
    ends = text.rstrip("\"'”’»」").endswith(_ENDS)
    return ends and words >= (_LONG_WORDS if any(map(str.isdigit, text)) else _SENTENCE_WORDS)
