"""Content codings, undone in bounded steps.

Every layer is drained in pieces of at most 256 KiB and may put out no more than the body's limit: with
stacked codings a few kilobytes can otherwise inflate to gigabytes between two layers while nothing comes
out of the last.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

import brotli
import zstandard

from gateway.errors import ConnectFailed, TooLarge, UnsupportedContent

MAX_CODINGS = 5
ACCEPT_ENCODING = "gzip, deflate, br, zstd"
_PIECE_BYTES = 256 * 1024
_ZSTD_SLICE_BYTES = 256


class _Layer(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...
    def ended(self) -> bool: ...


class _Zlib:
    """gzip (one or several members) and deflate (with or without its zlib wrapper)."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._inflate = zlib.decompressobj(31 if gzip else 15)
        self._fed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate.eof:
                if not (self._gzip and data.startswith(b"\x1f\x8b")):
                    # what trails the last member is padding, ignored as browsers do
                    return
                self._inflate = zlib.decompressobj(31)
            try:
                piece = self._inflate.decompress(data, _PIECE_BYTES)
            except zlib.error:
                if self._gzip or self._fed:
                    raise
                # raw deflate, which RFC 9110 8.4.1.2 notes
                self._inflate = zlib.decompressobj(-15)
                piece = self._inflate.decompress(data, _PIECE_BYTES)
            self._fed = True
            yield piece
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail

    def ended(self) -> bool:
        return self._inflate.eof


class _Brotli:
    def __init__(self) -> None:
        self._inflate = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._inflate.is_finished():
            return
        piece = self._inflate.process(data, output_buffer_limit=_PIECE_BYTES)
        while piece:
            yield piece
            piece = self._inflate.process(b"", output_buffer_limit=_PIECE_BYTES)

    def ended(self) -> bool:
        return bool(self._inflate.is_finished())


class _Zstd:
    """Frames with a window above 8 MiB, the most RFC 9659 lets a server use, are refused by the library."""

    def __init__(self) -> None:
        self._new = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024).decompressobj
        self._inflate = self._new()

    def feed(self, data: bytes) -> Iterator[bytes]:
        # a block of 4 bytes expands to at most 128 KiB: small slices bound what one step puts out
        for start in range(0, len(data), _ZSTD_SLICE_BYTES):
            rest = data[start : start + _ZSTD_SLICE_BYTES]
            while rest:
                yield self._inflate.decompress(rest)
                rest = self._inflate.unused_data if self._inflate.eof else b""
                if rest:
                    self._inflate = self._new()

    def ended(self) -> bool:
        return bool(self._inflate.eof)


def _layer(coding: str) -> _Layer:
    match coding:
        case "gzip" | "x-gzip":
            return _Zlib(gzip=True)
        case "deflate":
            return _Zlib(gzip=False)
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstd()
    raise UnsupportedContent(
        f"the origin answered in the content coding {coding[:40]!r}, which was not asked for"
    )


class BodyDecoder:
    """Undoes a Content-Encoding header.

    Args:
        header: the header's value, empty for none.
        max_bytes: the most any layer may put out.
    Raises:
        UnsupportedContent: a coding nobody asked for.
        TooLarge: more codings than MAX_CODINGS, or more output than `max_bytes`.
        ConnectFailed: the data is damaged or stops early.
    """

    def __init__(self, header: str, *, max_bytes: int) -> None:
        codings = [name for name in (part.strip().lower() for part in header.split(",")) if name]
        if len(codings) > MAX_CODINGS:
            raise TooLarge(f"the origin stacked {len(codings)} content codings, more than {MAX_CODINGS}")
        self._layers = [_layer(coding) for coding in reversed(codings) if coding != "identity"]
        self._sizes = [0] * (len(self._layers) + 1)
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pieces that become readable with `data`."""
        try:
            yield from self._through(data, 0)
        except (zlib.error, brotli.error, zstandard.ZstdError) as exc:
            raise ConnectFailed("the body is not in the content coding its header names") from exc

    def finish(self) -> None:
        """Check that no layer was cut short."""
        if self._sizes[0] and not all(layer.ended() for layer in self._layers):
            raise ConnectFailed("the compressed body stops before its end")

    def _through(self, data: bytes, depth: int) -> Iterator[bytes]:
        self._sizes[depth] += len(data)
        if self._sizes[depth] > self._max_bytes:
            raise TooLarge(f"the body is larger than {self._max_bytes} bytes; the operator sets the limit")
        if depth == len(self._layers):
            if data:
                yield data
            return
        for piece in self._layers[depth].feed(data):
            yield from self._through(piece, depth + 1)
