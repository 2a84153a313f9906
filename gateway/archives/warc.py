"""The pages in a WARC file (ISO 28500), compressed or not."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from gateway.errors import ConnectFailed, GatewayError, TooLarge, UnsupportedContent
from gateway.net.decoding import BodyDecoder

# what no page is
_NOT_PAGES = ("image/", "video/", "audio/", "font/", "text/css", "text/javascript", "application/javascript")
_HEX_DIGITS = b"0123456789abcdefABCDEF"
# of a chunk's size and its extensions
_MAX_CHUNK_LINE_BYTES = 1024


class StoredPage(Struct, kw_only=True, frozen=True):
    """A page as it was answered once, decoded. `fault` is why it cannot be; then it has no body."""

    url: str
    # ISO 8601
    date: str
    content_type: str = ""
    body: bytes = b""
    fault: GatewayError | None = None


def read_pages(path: Path, *, max_body_bytes: int) -> Iterator[StoredPage]:
    """The pages of a file in their order: responses with status 200 that may be text.

    Args:
        max_body_bytes: of a body, as it is stored and as it is decoded; longer ones are faults.
    Raises:
        OSError: the file cannot be read, or breaks off.
        UnsupportedContent: fastwarc is not installed.
    """
    try:
        from fastwarc.warc import ArchiveIterator, WarcRecordType
    except ModuleNotFoundError as exc:
        raise UnsupportedContent(
            "WARC files need the extra `warc`: pip install 'winnow-gateway[warc]'"
        ) from exc
    # neither heads nor bodies are decoded on the way: what is wrong with one would end the file
    for record in ArchiveIterator(
        str(path), record_types=WarcRecordType.response, parse_http=False, fsspec_args=False
    ):
        url = (record.headers.get("WARC-Target-URI") or "").strip("<>")
        date = record.record_date.isoformat() if record.record_date else ""
        if not url:
            continue
        try:
            record.parse_http()
        except OSError as exc:
            yield StoredPage(url=url, date=date, fault=TooLarge(f"its head: {exc}"))
            continue
        headers = record.http_headers
        if headers is None or headers.status_code != 200:
            continue
        content_type = headers.get("Content-Type") or ""
        if content_type.strip().lower().startswith(_NOT_PAGES):
            continue
        stored = bytes(record.reader.read(max_body_bytes + 1))
        if len(stored) < min(record.content_length, max_body_bytes + 1):
            raise OSError(f"it breaks off within {url}")
        body, fault = b"", None
        try:
            body = _decode(
                stored,
                is_chunked="chunked" in (headers.get("Transfer-Encoding") or "").lower(),
                coding=headers.get("Content-Encoding") or "",
                max_bytes=max_body_bytes,
            )
        except GatewayError as exc:
            fault = exc
        yield StoredPage(url=url, date=date, content_type=content_type, body=body, fault=fault)


def _decode(stored: bytes, *, is_chunked: bool, coding: str, max_bytes: int) -> bytes:
    """The body without its transfer and content codings. Raises as `BodyDecoder`."""
    if len(stored) > max_bytes:
        raise TooLarge(f"more than {max_bytes} bytes")
    decoder = BodyDecoder(coding, max_bytes=max_bytes)
    body = b"".join(decoder.feed(_join_chunks(stored) if is_chunked else stored))
    decoder.finish()
    return body


def _join_chunks(stored: bytes) -> bytes:
    """The content of chunks (RFC 9112 7.1); what is not in chunks is given back: many crawlers store it joined.

    Raises:
        ConnectFailed: the chunks stop before the last one.
    """
    pieces: list[bytes] = []
    start = 0
    while start < len(stored):
        line_end = stored.find(b"\n", start, start + _MAX_CHUNK_LINE_BYTES)
        size = stored[start : max(line_end, start)].partition(b";")[0].strip()
        if not size or size.strip(_HEX_DIGITS):
            break
        if not (length := int(size, 16)):
            return b"".join(pieces)
        end = line_end + 1 + length
        if stored[end : end + 2] not in (b"\r\n", b"\r", b""):
            break
        pieces.append(stored[line_end + 1 : end])
        start = end + 2
    if pieces:
        raise ConnectFailed("its chunks stop before the last one")
    return stored
