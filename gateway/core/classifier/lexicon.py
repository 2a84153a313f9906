"""What was learned about single words: of class names and ids, and of short texts.

A class name says what its author thought a part of the page is for. Each token of it carries the log-odds,
over the sites of the training corpus, that text below such an element is content; so do the words of short
blocks ("share", "reply"). Words too few sites use are not here, and count as saying nothing.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

_CASED = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
# NUL, which no page holds, between texts
_KEPT = b"\0abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS_ONLY = bytes(byte if byte in _KEPT else ord(" ") for byte in range(256))

# a block of at most so many words is read word by word
SHORT_WORDS = 16


class Lexicon(Struct, frozen=True, eq=False):
    """Log-odds by token and by word, which do not change; what is not in it says nothing."""

    tokens: Mapping[str, float]
    words: Mapping[str, float]


def split_names(names: Sequence[str]) -> list[list[str]]:
    """The words of each of many texts of class names and ids: split on case and on all that is no letter.

    A text of several words gets one more token, its first three words joined. A table over the bytes of all texts
    and `str.split` do the work; a regular expression, which takes ten times as long, is left for texts with
    capitals.
    """
    letters = "\0".join(names).encode("ascii", "replace").translate(_LETTERS_ONLY).decode("ascii")
    out = []
    for text in letters.split("\0"):
        words = text.split() if text.islower() else " ".join(_CASED.findall(text)).lower().split()
        if len(words) > 1:
            words.append("-".join(words[:3]))
        out.append(words)
    return out


def token_of_tag(tag: str) -> str:
    """A tag as a token, apart from the words of names."""
    return "<" + tag
