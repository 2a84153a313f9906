"""What a block's text says of it, for all blocks of a page at once: shares of characters and of words.

What tells prose from labels is the share of small words: whatever the language, sentences are held together by short
words without a capital. Scripts without spaces count two characters as a word, and their commonest particles as small
words (`text_counts`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.core.classifier.columns import Array, Columns, stack
from gateway.core.classifier.lexicon import Lexicon
from gateway.core.classifier.text_counts import (
    CLASSES,
    COMMA,
    DENSE,
    DIGIT,
    END,
    FIRST,
    FUNCTION,
    GREATEST,
    IN_DESCRIPTION,
    IN_TITLE,
    LAST,
    LEAST,
    LOWER,
    MARK,
    MONEY,
    REPEATS,
    SMALL,
    SPACE,
    SYMBOL,
    UPPER,
    TextCounts,
    count_texts,
    find_said,
)
from gateway.core.dom.blocks import Blocks

_CHARACTERS_A_WORD = 2

TEXT_NAMES = (
    "log_words log_size word_length small link links bold images prose lower upper digits ends commas marks "
    "symbols money sentences ends_sentence ends_comma starts_upper starts_lower starts_digit starts_symbol "
    "title_share title_cover description_share repeats learned_mean learned_min learned_max"
).split()
_ENDS = np.array([[END], [COMMA]])
_STARTS = np.array([[UPPER], [LOWER], [DIGIT], [SYMBOL]])


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
    blocks: Blocks,
    columns: Columns,
    linked: NDArray[np.bool_],
    title: str,
    description: str,
    lexicon: Lexicon,
) -> Text:
    """Measure the texts.

    Args:
        blocks: at least one.
        columns: theirs.
        linked: by block, whether it stands inside a link as a whole.
        title, description: what the head says; short blocks that repeat their words stand out.
        lexicon: learned log-odds of the words of short blocks.
    """
    counted = count_texts(blocks.texts, find_said(title, description), lexicon.words)
    counts = counted.rows
    function, money = counts[FUNCTION], counts[MONEY]
    dense = counts[DENSE] + function
    size = np.add.reduce(counts[:CLASSES])
    words = counts[SPACE] + 1 + dense / _CHARACTERS_A_WORD
    letters = np.maximum(counts[LOWER] + counts[UPPER] + dense, 1)
    small = (counts[SMALL] + function) / words
    chars, link_chars, bold_chars, links, images = columns.blocks[1:].astype(np.float32)
    chars, images = np.maximum(chars, 1), np.log1p(images)
    link = np.minimum(link_chars / chars, 1)
    link[linked] = 1
    prose = np.minimum(small * 4, 1) * (1 - link) * np.minimum(words / 10, 1)
    measured = (
        np.log1p(words),
        np.log1p(size),
        size / words,
        small,
        link,
        np.log1p(links),
        np.minimum(bold_chars / chars, 1),
        images,
        prose,
        (counts[LOWER] + dense) / letters,
        counts[UPPER] / letters,
        counts[DIGIT] / size,
        *(counts[END : MARK + 1] / words),
        counts[SYMBOL] / size,
        np.minimum(money, 5),
        np.minimum(counts[END], 20),
        *(counts[LAST] == _ENDS),
        *(counts[FIRST] == _STARTS),
        counts[IN_TITLE] / words,
        counts[IN_TITLE] / max(1, len(title.split())),
        counts[IN_DESCRIPTION] / words,
        np.minimum(counts[REPEATS], 20),
        _mean_scores(counted),
        counts[LEAST],
        counts[GREATEST],
    )
    rows = stack(measured, len(words))
    return Text(rows, words, link, words * prose, np.minimum(money, 1), images)


def _mean_scores(counted: TextCounts) -> Array:
    """By block, the mean of the scores of its words; 0 where they were not looked up."""
    mean = np.zeros(counted.rows.shape[1], dtype=np.float32)
    if len(short := counted.short):
        words = counted.rows[SPACE].take(short).astype(np.intp) + 1
        mean[short] = np.add.reduceat(counted.learned, counted.firsts) / words
    return mean
