"""The encoding of bytes that nothing declares, by what they are: chardet (0BSD) over a bounded sample of their text."""

import re
import warnings
from collections.abc import Iterable

import chardet

# a page has text in its language by then
_SEARCHED_BYTES = 1_048_576
# 5 ms at the most
_SAMPLE_BYTES = 16_384
# bytes beyond ASCII: fewer than the first tell nothing, the second are no mere signs
_FEW, _MANY = 5, 20
# no second byte of any encoding here
_MARKUP = re.compile(rb"[<>]")
# words of other scripts; accents stand alone
_RUN = re.compile(rb"[\x80-\xff]{4}")
_ASCII = bytes(range(128))


def guess_encoding(body: bytes, *, among: Iterable[str]) -> str | None:
    """Name the encoding that the bytes are most likely in.

    Args:
        body: a page or a text that is not UTF-8.
        among: the encodings it may be, as chardet names them.
    Returns:
        One of `among` or a name that Python has for it; None where the bytes fit none of them or are too few.
    """
    sample = _sample(body)
    if not sample:
        return None
    with warnings.catch_warnings():
        # that it answers None where nothing fits
        warnings.simplefilter("ignore", UserWarning)
        found = chardet.detect(sample, include_encodings=among)
    return found["encoding"]


def _sample(body: bytes) -> bytes:
    """The pieces between tags that are not ASCII; all of it, where these are few; empty where they tell nothing."""
    pieces, size = [], 0
    for piece in _MARKUP.split(body[:_SEARCHED_BYTES]):
        if not piece.isascii():
            pieces.append(piece[:_SAMPLE_BYTES])
            size += len(piece)
            if size >= _SAMPLE_BYTES:
                break
    text = b"\n".join(pieces)[:_SAMPLE_BYTES]
    high = len(text.translate(None, _ASCII))
    if _RUN.search(text) or high >= _MANY:
        return text
    if high < _FEW:
        return b""
    return text + b"\n" + body[:_SAMPLE_BYTES]
