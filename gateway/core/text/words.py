"""A text as the words that are compared: whole, folded, in any script, with where each stands."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

# scripts that put no spaces between words: every character is a word of its own
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# vowel signs are no \w, and part of words
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff"
LETTER = rf"[^\W\d_{UNSPACED}]"
DIGITS = r"\d+(?:[.,]\d+)*+"
_TOKEN = re.compile(
    # a link's target is no text
    r"\]\((?:[^()\s]|\([^()\s]*\))*+(?:\s\"[^\"]*\")?\)"
    rf"|((?:(?<![\w)\]])[-−])?{DIGITS})"
    rf"|([{UNSPACED}%‰°])"
    rf"|({LETTER}++(?:[{_MARKS}]++{LETTER}*+)*+(?:\+\+|\#(?!\w))?)"
)
# the first group of _TOKEN
_NUMBER = 1

_SEPARATOR = re.compile("[.,]")
_UNSPACED_CHARACTER = re.compile(f"[{UNSPACED}]")
# what may stand between thousands, besides . and ,
GROUPING = re.compile(r"[ \u00a0\u202f\u2009'’]")


class Span(NamedTuple):
    """Characters `start` up to `end` of a text."""

    start: int
    end: int


def words_of(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a text as compared, with start and end.

    Folded, numbers in one notation; punctuation and link targets are left out.
    """
    # pages repeat their words
    folded: dict[str, str] = {}
    for match in _TOKEN.finditer(text):
        kind = match.lastindex
        if kind is not None:
            written = match[0]
            word = folded.get(written)
            if word is None:
                word = folded[written] = _normalise(written) if kind == _NUMBER else fold(written)
            yield word, match.start(), match.end()


def fold(word: str) -> str:
    """A word without the differences of case and of compatible characters."""
    return word.lower() if word.isascii() else unicodedata.normalize("NFKC", word).casefold()


def joins(left: str, right: str) -> bool:
    """Whether two neighbouring characters belong to one word."""
    return left.isalnum() and right.isalnum() and not (_is_unspaced(left) or _is_unspaced(right))


def decimals(digits: str) -> list[str]:
    """The decimal texts a number may stand for, the likelier first; empty for versions, dates, addresses."""
    digits = GROUPING.sub("", digits)
    separators = [char for char in digits if char in ".,"]
    if not separators:
        return [digits]
    parts = _SEPARATOR.split(digits)
    plain = "".join(parts)
    decimal = f"{''.join(parts[:-1])}.{parts[-1]}"
    if len(separators) == 1:
        if len(parts[1]) != 3 or len(parts[0]) > 3 or parts[0].startswith("0"):
            return [decimal]
        return [plain, decimal] if separators[0] == "," else [decimal, plain]
    if len(set(separators)) == 1:
        return [plain] if _is_grouped(parts) else []
    if separators.count(separators[-1]) == 1 and len(set(separators[:-1])) == 1 and _is_grouped(parts[:-1]):
        return [decimal]
    return []


def _is_grouped(parts: list[str]) -> bool:
    """Groups of three digits, or of two before the last (1,00,000 in India)."""
    return len(parts[0]) <= 3 and len(parts[-1]) == 3 and all(len(part) in (2, 3) for part in parts[1:-1])


def _normalise(token: str) -> str:
    """A number as one word: 1,299.00 and 1299 alike; versions and numeric dates as they stand."""
    sign, digits = ("-", token[1:]) if token[0] in "-−" else ("", token)
    readings = decimals(digits)
    if not readings:
        return token
    decimal = readings[0]
    return sign + (decimal.rstrip("0").rstrip(".") if "." in decimal else decimal)


def _is_unspaced(char: str) -> bool:
    return bool(char) and _UNSPACED_CHARACTER.match(char) is not None
