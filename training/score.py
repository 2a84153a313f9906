"""How close a text is to the ground truth: F1 over bags of lower-case words, as WCXB scores."""

import re
from collections import Counter

WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    return WORD.findall(text.lower())


def word_f1(predicted: str, reference: str) -> float:
    """F1 over bags of words; two empty texts agree."""
    said, meant = Counter(words_of(predicted)), Counter(words_of(reference))
    if not said or not meant:
        return float(not said and not meant)
    return 2 * (said & meant).total() / (said.total() + meant.total())
