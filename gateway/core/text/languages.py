"""How much text there is, in any script: Chinese, Japanese, Thai and others put no spaces between words."""

import re

from gateway.core.text.words import UNSPACED

_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
# about, in Chinese and Japanese; Thai and Khmer words are longer
_CHARACTERS_A_WORD = 2


def count_words(text: str) -> int:
    """Roughly how many words a text has; two characters count as one where words are not spaced."""
    if text.isascii():
        return len(text.split())
    runs = _UNSPACED_RUN.findall(text)
    if not runs:
        return len(text.split())
    unspaced = sum(map(len, runs))
    return len(_UNSPACED_RUN.sub(" ", text).split()) + unspaced // _CHARACTERS_A_WORD


def squeeze(text: str) -> str:
    """A text without white space and case, to look pieces of other texts up in, whatever the script."""
    return "".join(text.lower().split())
