"""What was learned about single words: of class names and ids, and of short texts.

A class name says what its author thought a part of the page is for. Each token of it carries the log-odds,
over the sites of the training corpus, that text below such an element is content; so do the words of short
blocks ("share", "reply"). Words too few sites use are not here, and count as saying nothing.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\0")  # NUL, which no page holds, between texts

SHORT_WORDS = 10  # a block of at most so many words is read word by word


class Lexicon(NamedTuple):
    """Log-odds by token and by word; what is not in it says nothing."""

    tokens: Mapping[str, float]
    words: Mapping[str, float]


def split_names(names: Sequence[str]) -> list[list[str]]:
    """The words of each of many texts of class names and ids: split on case and on all that is no letter.

    All are split at once, which is twice as fast as one by one. A text of several words gets one more token,
    its first three words joined; none stands twice.
    """
    found = _TOKEN.findall("\0".join(names) + "\0")
    words = "\n".join(found).lower().split("\n")
    out = []
    start = 0
    for _ in names:
        end = words.index("\0", start)
        group = words[start:end]
        if len(group) > 1:
            group.append("-".join(group[:3]))
            group = list(dict.fromkeys(group))
        out.append(group)
        start = end + 1
    return out


def token_of_tag(tag: str) -> str:
    """A tag as a token, apart from the words of names."""
    return "<" + tag
