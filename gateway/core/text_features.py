"""What a block's text says of it, for all blocks of a page at once: shares of characters and of words.

Characters are counted by class in one histogram over the page; words are looked up in one pass. Scripts
without case count as lower case. Scripts without spaces (Chinese, Japanese, Thai …) count two characters as
a word, and their commonest particles as stop words.
"""

from collections.abc import Sequence
from functools import cache
from itertools import compress, repeat
from typing import NamedTuple
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from gateway.core.blocks import Blocks
from gateway.core.lexicon import SHORT_WORDS, Lexicon
from gateway.core.stopwords import FUNCTION_CHARACTERS, STOP_WORDS

Array = NDArray[np.float32]

_OTHER, _LOWER, _UPPER, _DIGIT, _SPACE, _END, _COMMA, _MARK, _MONEY, _SYMBOL, _DENSE, _FUNCTION, _BREAK = (
    range(13)
)
_CLASSES = 13
_BY_CATEGORY = {
    "Ll": _LOWER,
    "Lo": _LOWER,
    "Lm": _LOWER,
    "Mn": _LOWER,
    "Mc": _LOWER,
    "Lu": _UPPER,
    "Lt": _UPPER,
    "Nd": _DIGIT,
    "Sc": _MONEY,
    "Sk": _SYMBOL,
    "Sm": _SYMBOL,
    "So": _SYMBOL,
}
_SPACELESS = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF))
_BY_CHARACTER = (
    (" ", _SPACE),
    (".!?。！？…؟।．", _END),
    (",;:、，；：،؛", _COMMA),
    ("|•·›»→←▶►", _SYMBOL),
    (FUNCTION_CHARACTERS, _FUNCTION),
    ("\n", _BREAK),
)
_CHARACTERS_A_WORD = 2
_IN_DESCRIPTION, _IN_TITLE, _IS_STOP = 1, 2, 4  # a word can be all of it
_STOP = dict.fromkeys(STOP_WORDS, _IS_STOP)

TEXT_NAMES = (
    "log_words log_size word_length stop link links bold images prose lower upper digits ends commas marks "
    "symbols money sentences ends_sentence ends_comma starts_upper starts_lower starts_digit starts_symbol "
    "title_share title_cover description_share before repeats learned_mean learned_min learned_max"
).split()


class Text(NamedTuple):
    """Rows are features (TEXT_NAMES), columns are blocks; single rows that others build on beside it."""

    rows: Array
    words: Array
    link: Array  # share of the characters inside links
    good: Array  # words that read like prose outside links
    money: Array
    digits: Array

    def row(self, name: str) -> Array:
        row: Array = self.rows[TEXT_NAMES.index(name)]
        return row


def read_text(
    blocks: Blocks, linked: NDArray[np.bool_], title: str, description: str, lexicon: Lexicon
) -> Text:
    """Measure the texts.

    Args:
        blocks: at least one.
        linked: by block, whether it stands inside a link as a whole.
        title, description: what the head says; blocks that repeat their words stand out.
        lexicon: learned log-odds of the words of short blocks.
    """
    joined = "\n".join([*blocks.texts, ""])
    units = np.frombuffer(joined.encode("utf-16-le", "surrogatepass"), dtype=np.uint16)
    kinds = _character_classes()[units]
    breaks = np.flatnonzero(kinds == _BREAK)  # one behind each block
    starts = np.concatenate(([0], breaks[:-1] + 1))
    block = np.repeat(np.arange(len(starts)) * _CLASSES, breaks - starts + 1)
    counts = np.bincount(block + kinds, minlength=len(starts) * _CLASSES).reshape(-1, _CLASSES)
    by_kind = counts.T.astype(np.float32)
    by_kind[_BREAK] = 0
    first, last = kinds[starts], kinds[breaks - 1]

    dense = by_kind[_DENSE] + by_kind[_FUNCTION]
    size = by_kind.sum(axis=0)
    spaced = by_kind[_SPACE] + 1
    words = spaced + dense / _CHARACTERS_A_WORD
    letters = np.maximum(by_kind[_LOWER] + by_kind[_UPPER] + dense, 1)

    split = "\n".join(
        [text.lower() for text in blocks.texts]
    ).split()  # what is ASCII lowers ten times faster
    firsts = np.concatenate(([0], np.cumsum(spaced[:-1]))).astype(np.intp)
    title_words, description_words = set(title.lower().split()), set(description.lower().split())
    said = _STOP.copy()
    for words_of_head, bit in ((title_words, _IN_TITLE), (description_words, _IN_DESCRIPTION)):
        for word in words_of_head:
            said[word] = said.get(word, 0) | bit
    bits = np.fromiter(map(said.get, split, repeat(0)), dtype=np.int8, count=len(split))

    def count(bit: int) -> Array:
        total: Array = np.add.reduceat(bits & bit != 0, firsts, dtype=np.float32)
        return total

    in_title, in_description = count(_IN_TITLE), count(_IN_DESCRIPTION)
    stop = (count(_IS_STOP) + by_kind[_FUNCTION]) / words
    whole = np.array(  # by way of int: numpy makes floats of Python's ints much more slowly
        (blocks.chars, blocks.link_chars, blocks.bold_chars, blocks.links, blocks.images), dtype=np.intp
    )
    chars, link_chars, bold_chars, links, images = whole.astype(np.float32)
    chars = np.maximum(chars, 1)
    link = np.minimum(link_chars / chars, 1)
    link[linked] = 1
    bold = np.minimum(bold_chars / chars, 1)
    prose = np.minimum(stop * 4, 1) * (1 - link) * np.minimum(words / 10, 1)
    before, repeats = _repetitions(blocks.texts)
    rows = np.array(
        [
            np.log1p(words),
            np.log1p(size),
            size / words,
            stop,
            link,
            np.log1p(links),
            bold,
            np.log1p(images),
            prose,
            (by_kind[_LOWER] + dense) / letters,
            by_kind[_UPPER] / letters,
            by_kind[_DIGIT] / size,
            by_kind[_END] / words,
            by_kind[_COMMA] / words,
            by_kind[_MARK] / words,
            by_kind[_SYMBOL] / size,
            np.minimum(by_kind[_MONEY], 5),
            np.minimum(by_kind[_END], 20),
            last == _END,
            last == _COMMA,
            first == _UPPER,
            first == _LOWER,
            first == _DIGIT,
            first == _SYMBOL,
            in_title / words,
            in_title / max(1, len(title_words)),
            in_description / words,
            np.minimum(before, 20),
            np.minimum(repeats, 20),
            *_look_up(split, spaced, lexicon),
        ],
        dtype=np.float32,
    )
    good = (words * prose).astype(np.float32)
    return Text(rows, words, link, good, np.minimum(by_kind[_MONEY], 1), by_kind[_DIGIT])


def _look_up(split: list[str], counts: Array, lexicon: Lexicon) -> Array:
    """Mean, least and greatest learned score of each short block's words, 0 for the others."""
    out = np.zeros((3, len(counts)), dtype=np.float32)
    short = counts <= SHORT_WORDS
    sizes = counts[short]
    if len(sizes):
        words = list(compress(split, np.repeat(short, counts.astype(np.intp)).tolist()))
        learned = np.fromiter(map(lexicon.words.get, words, repeat(0.0)), dtype=np.float32, count=len(words))
        firsts = np.concatenate(([0], np.cumsum(sizes[:-1]))).astype(np.intp)
        out[0, short] = np.add.reduceat(learned, firsts) / sizes
        out[1, short] = np.minimum.reduceat(learned, firsts)
        out[2, short] = np.maximum.reduceat(learned, firsts)
    return out


def _repetitions(texts: Sequence[str]) -> tuple[Array, Array]:
    """How often each text stood on the page before, and how often in all."""
    seen: dict[str, int] = {}
    before = []
    for text in texts:
        times = seen.get(text, 0)
        before.append(times)
        seen[text] = times + 1
    return np.array(before, dtype=np.float32), np.array([seen[text] for text in texts], dtype=np.float32)


@cache
def _character_classes() -> NDArray[np.uint8]:
    """UTF-16 code unit -> class; the halves of a pair are `_OTHER`."""
    table = np.array(
        [
            _MARK if (kind := category(chr(code)))[0] == "P" else _BY_CATEGORY.get(kind, _OTHER)
            for code in range(0x10000)
        ],
        dtype=np.uint8,
    )
    for low, high in _SPACELESS:
        letters = table[low : high + 1]
        letters[letters == _LOWER] = _DENSE
    for characters, of_kind in _BY_CHARACTER:
        table[[ord(character) for character in characters]] = of_kind
    return table
