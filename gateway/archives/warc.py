"""The pages in a WARC file (ISO 28500), compressed or not."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from gateway.errors import UnsupportedContent

# what no page is
_NOT_PAGES = ("image/", "video/", "audio/", "font/", "text/css", "text/javascript", "application/javascript")


class StoredPage(Struct, kw_only=True, frozen=True):
    """A page as it was answered once; `too_long` has no body."""

    url: str
    # ISO 8601
    date: str
    content_type: str
    body: bytes
    too_long: bool = False


def read_pages(path: Path, *, max_body_bytes: int) -> Iterator[StoredPage]:
    """The pages of a file in their order: responses with status 200 that may be text.

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
    for record in ArchiveIterator(
        str(path),
        record_types=WarcRecordType.response,
        parse_http=True,
        auto_decode="all",
        fsspec_args=False,
    ):
        headers = record.http_headers
        url = record.headers.get("WARC-Target-URI")
        if headers is None or headers.status_code != 200 or not url:
            continue
        content_type = headers.get("Content-Type") or ""
        if content_type.strip().lower().startswith(_NOT_PAGES):
            continue
        body = record.reader.read(max_body_bytes + 1)
        too_long = len(body) > max_body_bytes
        is_encoded = headers.get("Content-Encoding") or headers.get("Transfer-Encoding")
        if not (too_long or is_encoded) and len(body) < record.content_length:
            raise OSError(f"it breaks off within {url}")
        yield StoredPage(
            url=url.strip("<>"),
            date=record.record_date.isoformat() if record.record_date else "",
            content_type=content_type,
            body=b"" if too_long else bytes(body),
            too_long=too_long,
        )
