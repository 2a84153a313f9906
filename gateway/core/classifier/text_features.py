"""What a block's text says of it, for all blocks of a page at once: shares of characters and of words.

Characters are counted by class in one histogram over the page. What tells prose from labels is the share of
small words: whatever the language, sentences are held together by short words without a capital. Only the words
of short blocks are looked up one by one.

Scripts without case count as lower case. Scripts without spaces (Chinese, Japanese, Thai …) count two
characters as a word, and their commonest particles as small words.
"""

from collections.abc import Sequence
from functools import cache
from itertools import count, repeat
from typing import Any, NamedTuple
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from gateway.core.classifier.lexicon import SHORT_WORDS, Lexicon
from gateway.core.dom.blocks import Blocks

Array = NDArray[np.float32]

_OTHER, _LOWER, _UPPER, _DIGIT, _END, _COMMA, _MARK, _MONEY, _SYMBOL, _DENSE, _FUNCTION, _SPACE, _BREAK = (
    range(13)
    # from _SPACE on: behind a word
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
# Chinese and Japanese particles, and the commonest of Thai: about as frequent there as small words elsewhere.
_PARTICLES = (
    "的了是在不和有也就都而及与與这這我们們你他她它之被把从從到对對于於のはにをがとでもたてれいるなかし"
)
_BY_CHARACTER = (
    (" ", _SPACE),
    (".!?。！？…؟।．", _END),
    (",;:、，；：،؛", _COMMA),
    ("|•·›»→←▶►", _SYMBOL),
    (_PARTICLES, _FUNCTION),
    ("\n", _BREAK),
)
_CHARACTERS_A_WORD = 2
# a word can be both
_IN_DESCRIPTION, _IN_TITLE = 1, 2
# letters, at most
_SMALL = 4

TEXT_NAMES = (
    "log_words log_size word_length small link links bold images prose lower upper digits ends commas marks "
    "symbols money sentences ends_sentence ends_comma starts_upper starts_lower starts_digit starts_symbol "
    "title_share title_cover description_share repeats learned_mean learned_min learned_max"
).split()


class Text(NamedTuple):
    """Rows are features (TEXT_NAMES), columns are blocks; single rows that others build on beside it."""

    rows: Array
    words: Array
    # share of the characters inside links
    link: Array
    # words that read like prose outside links
    good: Array
    money: Array
    # log(1 + images before the block)
    images: Array

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
        title, description: what the head says; short blocks that repeat their words stand out.
        lexicon: learned log-odds of the words of short blocks.
    """
    units = np.frombuffer(
        "\n".join([*blocks.texts, ""]).encode("utf-16-le", "surrogatepass"), dtype=np.uint16
    )
    kinds = _character_classes().take(units)
    # one behind each word
    gaps = np.flatnonzero(kinds >= _SPACE)
    # of each block
    last_words = np.flatnonzero(kinds.take(gaps) == _BREAK)
    breaks = gaps.take(last_words)
    starts, first_words, word_starts = _after(breaks), _after(last_words), _after(gaps)
    block = np.repeat(np.arange(len(starts)) * _CLASSES, breaks - starts + 1)
    counts = np.bincount(block + kinds, minlength=len(starts) * _CLASSES).reshape(-1, _CLASSES)
    by_kind = counts.T.astype(np.float32)
    by_kind[_BREAK] = 0
    first, last = kinds.take(starts), kinds.take(breaks - 1)

    dense = by_kind[_DENSE] + by_kind[_FUNCTION]
    size = by_kind.sum(axis=0)
    spaced = by_kind[_SPACE] + 1
    words = spaced + dense / _CHARACTERS_A_WORD
    letters = np.maximum(by_kind[_LOWER] + by_kind[_UPPER] + dense, 1)
    is_small = (gaps - word_starts <= _SMALL) & (kinds.take(word_starts) == _LOWER)
    small = (np.add.reduceat(is_small, first_words, dtype=np.float32) + by_kind[_FUNCTION]) / words
    # by way of int: numpy makes floats of Python's ints much more slowly
    whole = np.array(
        (blocks.chars, blocks.link_chars, blocks.bold_chars, blocks.links, blocks.images), dtype=np.intp
    )
    chars, link_chars, bold_chars, links, images = whole.astype(np.float32)
    chars, images = np.maximum(chars, 1), np.log1p(images)
    link = np.minimum(link_chars / chars, 1)
    link[linked] = 1
    bold = np.minimum(bold_chars / chars, 1)
    prose = np.minimum(small * 4, 1) * (1 - link) * np.minimum(words / 10, 1)
    in_title, in_description, *learned = _look_up(blocks.texts, spaced, title, description, lexicon)
    rows = np.array(
        [
            np.log1p(words),
            np.log1p(size),
            size / words,
            small,
            link,
            np.log1p(links),
            bold,
            images,
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
            in_title / max(1, len(title.split())),
            in_description / words,
            np.minimum(_count_repeats(blocks.texts), 20),
            *learned,
        ],
        dtype=np.float32,
    )
    good = (words * prose).astype(np.float32)
    return Text(rows, words, link, good, np.minimum(by_kind[_MONEY], 1), images)


def _after(ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where each of several runs starts, given where each ends."""
    starts = np.zeros_like(ends)
    starts[1:] = ends[:-1] + 1
    return starts


def _look_up(
    texts: Sequence[str], sizes: NDArray[Any], title: str, description: str, lexicon: Lexicon
) -> Array:
    """Of each short block's words those in the title and in the description, and mean, least and greatest score.

    0 for the other blocks.
    """
    out = np.zeros((5, len(sizes)), dtype=np.float32)
    short = np.flatnonzero(sizes <= SHORT_WORDS)
    if not len(short):
        return out
    sizes = sizes.take(short).astype(np.intp)
    # ASCII lowers far faster
    words = "\n".join([texts[index].lower() for index in short.tolist()]).split()
    firsts = np.zeros(len(short), dtype=np.intp)
    np.cumsum(sizes[:-1], out=firsts[1:])
    said = dict.fromkeys(description.lower().split(), _IN_DESCRIPTION)
    for word in title.lower().split():
        said[word] = said.get(word, 0) | _IN_TITLE
    bits = np.fromiter(map(said.get, words, repeat(0)), dtype=np.int8, count=len(words))
    learned = np.fromiter(map(lexicon.words.get, words, repeat(0.0)), dtype=np.float32, count=len(words))
    found = (
        np.add.reduceat(bits & _IN_TITLE != 0, firsts, dtype=np.float32),
        np.add.reduceat(bits & _IN_DESCRIPTION, firsts, dtype=np.float32),
        np.add.reduceat(learned, firsts) / sizes,
        np.minimum.reduceat(learned, firsts),
        np.maximum.reduceat(learned, firsts),
    )
    for row, values in zip(out, found, strict=True):
        row[short] = values
    return out


def _count_repeats(texts: Sequence[str]) -> NDArray[np.intp]:
    """How often each text stands on the page."""
    known: dict[str, int] = {}
    first = np.fromiter(map(known.setdefault, texts, count()), dtype=np.intp)
    return np.bincount(first).take(first)


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
