"""What was learned about single words: of class names and ids, and of short texts.

A class name says what its author thought a part of the page is for. Each token of it carries the log-odds,
over the sites of the training corpus, that text below such an element is content; so do the words of short
blocks ("share", "reply"). Words too few sites use are not here, and count as saying nothing.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from gateway.core.stopwords import STOP_WORDS

_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")

SHORT_WORDS = 10  # a block of at most so many words is read word by word
STOP_WORD = 64.0  # what is added to a stop word's score, so that one look-up tells both


class Lexicon(NamedTuple):
    """Log-odds by token and by word; what is not in it says nothing."""

    tokens: Mapping[str, float]
    words: Mapping[str, float]  # STOP_WORD added to those that are


def make_lexicon(tokens: Mapping[str, float], words: Mapping[str, float]) -> Lexicon:
    """A lexicon from plain log-odds."""
    return Lexicon(tokens, {**words, **{word: words.get(word, 0.0) + STOP_WORD for word in STOP_WORDS}})


def tokens_of(tag: str, names: str) -> tuple[str, ...]:
    """An element's tag and the words of its names: split on case and on all that is no letter."""
    return ("<" + tag, *_split(names))


@lru_cache(maxsize=4096)  # the pages of a site share their names, and all sites some
def _split(names: str) -> tuple[str, ...]:
    found = _TOKEN.findall(names)
    if len(found) < 2:
        return (found[0].lower(),) if found else ()
    words = "\n".join(found).lower().split("\n")
    words.append("-".join(words[:3]))
    return tuple(dict.fromkeys(words))
