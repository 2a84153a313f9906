"""Cursors: where the next piece begins, of which snapshot, under which options."""

import base64
import binascii
import hashlib

import msgspec
from msgspec import Struct

from gateway.errors import InvalidRequest

_CHECK_BYTES = 6


class Cursor(Struct, frozen=True, array_like=True):
    """The block a piece begins with, and the digests of what it belongs to."""

    digest: str
    options: str
    start: int


def encode_cursor(cursor: Cursor) -> str:
    """An opaque, URL-safe word for a cursor."""
    body = msgspec.msgpack.encode(cursor)
    return base64.urlsafe_b64encode(_check(body) + body).rstrip(b"=").decode()


def decode_cursor(word: str) -> Cursor:
    """Read a cursor back.

    Raises:
        InvalidRequest: the word was not made by `encode_cursor`, or was damaged on the way.
    """
    try:
        raw = base64.b64decode(word.encode("ascii") + b"=" * (-len(word) % 4), altchars=b"-_", validate=True)
        check, body = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if check == _check(body):
            return msgspec.msgpack.decode(body, type=Cursor)
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError):
        # the one answer to every kind of damage follows
        pass
    raise InvalidRequest(
        "`cursor`: not one of this gateway's; send next_cursor exactly as it was received", field="cursor"
    )


def _check(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest()
