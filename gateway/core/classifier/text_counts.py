"""What is counted in the text of each block: characters by class, small words, words that were learned.

Scripts without case count as lower case. Scripts without spaces (Chinese, Japanese, Thai …) have letters of their own
class, and particles. Only the words of short blocks are looked up one by one.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count, repeat
from typing import NamedTuple
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from gateway.core.classifier.columns import Array, Ints
from gateway.core.classifier.lexicon import SHORT_WORDS

# classes of characters; from SPACE on: behind a word
OTHER, LOWER, UPPER, DIGIT, END, COMMA, MARK, MONEY, SYMBOL, DENSE, FUNCTION, SPACE, BREAK = range(13)
CLASSES = 13
# the rows of `TextCounts`: the classes, then these
SMALL, REPEATS, IN_TITLE, IN_DESCRIPTION, LEAST, GREATEST, FIRST, LAST = range(CLASSES, CLASSES + 8)
ROWS = CLASSES + 8
_BY_CATEGORY = {
    "Ll": LOWER,
    "Lo": LOWER,
    "Lm": LOWER,
    "Mn": LOWER,
    "Mc": LOWER,
    "Lu": UPPER,
    "Lt": UPPER,
    "Nd": DIGIT,
    "Sc": MONEY,
    "Sk": SYMBOL,
    "Sm": SYMBOL,
    "So": SYMBOL,
}
_SPACELESS = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF))
# Chinese and Japanese particles, and the commonest of Thai: about as frequent there as small words elsewhere.
_PARTICLES = (
    "的了是在不和有也就都而及与與这這我们們你他她它之被把从從到对對于於のはにをがとでもたてれいるなかし"
)
_BY_CHARACTER = (
    (" ", SPACE),
    (".!?。！？…؟।．", END),
    (",;:、，；：،؛", COMMA),
    ("|•·›»→←▶►", SYMBOL),
    (_PARTICLES, FUNCTION),
    ("\n", BREAK),
)
# a word can be both
_IN_DESCRIPTION, _IN_TITLE = 1, 2
# letters, at most
_SMALL_WORD = 4


class TextCounts(NamedTuple):
    """Counts by block, and the scores of words."""

    # (ROWS, blocks). SPACE counts the spaces between words; LEAST and GREATEST are scores, FIRST and LAST classes.
    # What is looked up word by word is 0 where the block is not short.
    rows: Array
    # of each word of the short blocks, one behind the other
    learned: Array
    # the short blocks
    short: Ints
    # which word is the first of each
    firsts: Ints


def count_texts(texts: Sequence[str], said: Mapping[str, int], scores: Mapping[str, float]) -> TextCounts:
    """Count what is in the texts.

    Args:
        texts: at least one, none empty, white space folded.
        said: of `find_said`.
        scores: learned log-odds of words.
    """
    units = np.frombuffer("\n".join([*texts, ""]).encode("utf-16-le", "surrogatepass"), dtype=np.uint16)
    kinds = _class_table().take(units)
    # one behind each word
    gaps = np.flatnonzero(kinds >= SPACE)
    # of each block
    last_words = np.flatnonzero(kinds.take(gaps) == BREAK)
    breaks = gaps.take(last_words)
    starts, first_words, word_starts = _after(breaks), _after(last_words), _after(gaps)
    block = np.repeat(np.arange(len(starts)) * CLASSES, breaks - starts + 1)
    counts = np.bincount(block + kinds, minlength=len(starts) * CLASSES).reshape(-1, CLASSES)
    rows = np.zeros((ROWS, len(starts)), dtype=np.float32)
    rows[:BREAK] = counts.T[:BREAK]
    rows[FIRST], rows[LAST] = kinds.take(starts), kinds.take(breaks - 1)
    is_small = (gaps - word_starts <= _SMALL_WORD) & (kinds.take(word_starts) == LOWER)
    np.add.reduceat(is_small, first_words, dtype=np.float32, out=rows[SMALL])
    rows[REPEATS] = _count_repeats(texts)
    learned, short, firsts = _look_up(texts, rows, said, scores)
    return TextCounts(rows, learned, short, firsts)


def find_said(title: str, description: str) -> dict[str, int]:
    """The words of a page's title and description, and which of the two they are in.

    Data may have halves of surrogate pairs, which no text of the page has.
    """
    title, description = (each.encode("utf-8", "replace").decode().lower() for each in (title, description))
    said = dict.fromkeys(description.split(), _IN_DESCRIPTION)
    for word in title.split():
        said[word] = said.get(word, 0) | _IN_TITLE
    return said


def _after(ends: Ints) -> Ints:
    """Where each of several runs starts, given where each ends."""
    starts = np.zeros_like(ends)
    starts[1:] = ends[:-1] + 1
    return starts


def _look_up(
    texts: Sequence[str], rows: Array, said: Mapping[str, int], scores: Mapping[str, float]
) -> tuple[Array, Ints, Ints]:
    """Read the short blocks word by word."""
    short = np.flatnonzero(rows[SPACE] < SHORT_WORDS)
    firsts = np.zeros(len(short), dtype=np.intp)
    if not len(short):
        return np.zeros(0, dtype=np.float32), short, firsts
    np.cumsum(rows[SPACE].take(short[:-1]).astype(np.intp) + 1, out=firsts[1:])
    # ASCII lowers far faster
    words = "\n".join([texts[index].lower() for index in short.tolist()]).split()
    bits = np.fromiter(map(said.get, words, repeat(0)), dtype=np.int8, count=len(words))
    learned = np.fromiter(map(scores.get, words, repeat(0.0)), dtype=np.float32, count=len(words))
    found = (
        (IN_TITLE, np.add.reduceat(bits & _IN_TITLE != 0, firsts, dtype=np.float32)),
        (IN_DESCRIPTION, np.add.reduceat(bits & _IN_DESCRIPTION, firsts, dtype=np.float32)),
        (LEAST, np.minimum.reduceat(learned, firsts)),
        (GREATEST, np.maximum.reduceat(learned, firsts)),
    )
    for row, values in found:
        rows[row][short] = values
    return learned, short, firsts


def _count_repeats(texts: Sequence[str]) -> Ints:
    """How often each text stands on the page."""
    known: dict[str, int] = {}
    first = np.fromiter(map(known.setdefault, texts, count()), dtype=np.intp)
    return np.bincount(first).take(first)


@cache
def character_classes() -> bytes:
    """By UTF-16 code unit its class; the halves of a pair are `OTHER`."""
    table = np.array(
        [
            MARK if (kind := category(chr(code)))[0] == "P" else _BY_CATEGORY.get(kind, OTHER)
            for code in range(0x10000)
        ],
        dtype=np.uint8,
    )
    for low, high in _SPACELESS:
        letters = table[low : high + 1]
        letters[letters == LOWER] = DENSE
    for characters, of_kind in _BY_CHARACTER:
        table[[ord(character) for character in characters]] = of_kind
    return table.tobytes()


@cache
def _class_table() -> NDArray[np.uint8]:
    return np.frombuffer(character_classes(), dtype=np.uint8)
