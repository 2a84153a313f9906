"""Sitemaps: XML, text, compressed or not.

Source: the sitemap protocol 0.9 of sitemaps.org: at most 50,000 addresses and 50 MB a file.
"""

import zlib
from xml.parsers import expat

from msgspec import Struct

from gateway.core.documents.charset import decode

MAX_ADDRESSES = 50_000
MAX_BYTES = 50 * 1024**2
_MAX_TEXT_CHARS = 8192
_GZIP = b"\x1f\x8b"


class SitemapEntry(Struct, kw_only=True, frozen=True):
    """An address that a sitemap names."""

    url: str
    lastmod: str | None = None


class Sitemap(Struct, kw_only=True, frozen=True):
    """What a file names: pages, and further sitemaps. `truncated`: it is longer than a sitemap may be, or broken."""

    pages: list[SitemapEntry] = []
    sitemaps: list[str] = []
    truncated: bool = False


def read_sitemap(body: bytes, *, content_type: str = "") -> Sitemap:
    """Read a sitemap, an index of sitemaps, or a text file with an address a line.

    A file that breaks off or is not well formed gives what stands before the fault.
    """
    body, is_whole = unpack(body)
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return _read_xml(body, is_whole=is_whole)
    lines = (line.strip() for line in decode(body, content_type=content_type).text.splitlines())
    urls = [
        line for line in lines if line.startswith(("http://", "https://")) and len(line) <= _MAX_TEXT_CHARS
    ]
    pages = [SitemapEntry(url=url) for url in urls[:MAX_ADDRESSES]]
    return Sitemap(pages=pages, truncated=not is_whole or len(urls) > MAX_ADDRESSES)


def unpack(body: bytes) -> tuple[bytes, bool]:
    """The file without its compression, up to MAX_BYTES, and whether that is all of it."""
    if not body.startswith(_GZIP):
        return body[:MAX_BYTES], len(body) <= MAX_BYTES
    unpacking = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacking.decompress(body, MAX_BYTES)
    except zlib.error:
        return b"", False
    return unpacked, unpacking.eof


class _Reader:
    """Collects `loc` and `lastmod` of every `url` and `sitemap` element."""

    def __init__(self) -> None:
        self.pages: list[SitemapEntry] = []
        self.sitemaps: list[str] = []
        self._texts: dict[str, str] = {}
        self._path: list[str] = []

    def start(self, name: str, _: dict[str, str]) -> None:
        self._path.append(name.rpartition(":")[2].lower())
        if self._path[-1] in ("url", "sitemap"):
            self._texts = {}

    def text(self, data: str) -> None:
        # of `loc` and `lastmod` right below an entry; those of pictures and films are deeper
        if len(self._path) == 3 and self._path[-1] in ("loc", "lastmod"):
            name = self._path[-1]
            self._texts[name] = (self._texts.get(name, "") + data)[: _MAX_TEXT_CHARS + 1]

    def end(self, _: str) -> None:
        name = self._path.pop()
        url = self._texts.get("loc", "").strip()
        if name not in ("url", "sitemap") or not url or len(url) > _MAX_TEXT_CHARS:
            return
        if name == "sitemap":
            self.sitemaps.append(url)
        else:
            self.pages.append(SitemapEntry(url=url, lastmod=self._texts.get("lastmod", "").strip() or None))
        self._texts = {}
        if len(self.pages) + len(self.sitemaps) >= MAX_ADDRESSES:
            raise _Full


class _Full(Exception):
    """A file names as many addresses as one may."""


def _read_xml(body: bytes, *, is_whole: bool) -> Sitemap:
    parser = expat.ParserCreate()
    reader = _Reader()
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.text
    parser.EndElementHandler = reader.end
    # entities of the file's own are left unread, so none is ever expanded
    parser.DefaultHandler = lambda data: None
    parser.buffer_text = True
    try:
        parser.Parse(body, True)
    except (_Full, expat.ExpatError, ValueError):
        is_whole = False
    return Sitemap(pages=reader.pages, sitemaps=reader.sitemaps, truncated=not is_whole)
