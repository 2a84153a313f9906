"""What a source on the command line is: an address, a file or stdin.

A gateway takes HTML in a request and nothing else, so every other kind of file is made HTML here, by the reader
that fetched bodies go through. What was saved is counted from the file all the same, not from that HTML.
"""

import json
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from gateway.errors import InvalidRequest
from gateway.wire import TokenReport, TokensResponse

# (text, tokenizer) → its count
AskForTokens = Callable[[str, str], Awaitable[TokensResponse]]

_MARKUP, _XML, _JSON, _TEXT = "text/html", "application/xml", "application/json", "text/plain"
_BY_SUFFIX = {
    **dict.fromkeys((".html", ".htm", ".xhtml"), _MARKUP),
    **dict.fromkeys((".xml", ".rss", ".atom"), _XML),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), _JSON),
    **dict.fromkeys((".md", ".markdown"), "text/markdown"),
    **dict.fromkeys((".txt", ".log"), _TEXT),
    ".pdf": "application/pdf",
    # known by their bytes
    **dict.fromkeys((".docx", ".xlsx", ".pptx", ".odt", ".epub"), ""),
}
_HEAD_BYTES = 4096
_NO_TEXT = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_BEGINS_XML = re.compile(r"\s*<(\?xml|rss|feed|rdf:rdf)\b", re.IGNORECASE)
_HOLDS_HTML = re.compile(r"</[a-z]|<!(doctype|--)|<(html|body|div|p|br|li|t[dr]|h[1-6])\b", re.IGNORECASE)
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+\.?(:\d+)?([/?#].*)?", re.DOTALL)


class UsageError(Exception):
    """The command line asks for something that cannot be done; the message says what would do."""


class Source(Struct, kw_only=True, frozen=True):
    """What is to be read, as fields of a request, and the scrape options that its kind asks for.

    `text` is that of a file which is no HTML.
    """

    page: dict[str, Any]
    options: dict[str, str] = {}
    text: str | None = None

    async def recount(self, tokens: TokenReport, ask: AskForTokens) -> TokenReport:
        """A gateway's report with the tokens of the file in place of those of the HTML made of it.

        Args:
            ask: has the gateway count a text, by a model of its own.
        """
        if self.text is None:
            return tokens
        from gateway.core.tokens.counters import get_counter

        try:
            in_file = get_counter(tokens.tokenizer)(self.text)
        except InvalidRequest:
            in_file = (await ask(self.text, tokens.tokenizer)).tokens
        return TokenReport.of(
            tokenizer=tokens.tokenizer, html=in_file, full=tokens.full, content=tokens.content
        )


def read_sources(sources: Sequence[str]) -> Source:
    """One source of any kind, or several URLs."""
    if len(sources) == 1:
        return read_source(sources[0])
    pages = [read_source(source).page for source in sources]
    if any("url" not in page for page in pages):
        raise UsageError("several sources must all be URLs")
    return Source(page={"urls": [page["url"] for page in pages]})


def read_source(source: str) -> Source:
    """An address, the content of a file, or of stdin (`-`).

    Raises:
        UsageError: it is none of them.
        UnsupportedContent: nothing here turns this kind of file into markdown.
    """
    if source == "-":
        return _source_of(sys.stdin.buffer.read(), name="")
    if "://" in source:
        return Source(page={"url": source})
    try:
        if Path(source).exists():
            # not `is_file`: a shell's <(…) is a pipe
            return _source_of(Path(source).read_bytes(), name=source)
    except OSError as exc:
        raise UsageError(f"{source} cannot be read: {exc.strerror}") from exc
    if not _HOST.fullmatch(source):
        raise UsageError(f"{source} is neither a URL nor a file here; a URL begins with https://")
    if Path(source).name == source and Path(source).suffix.lower() in _BY_SUFFIX:
        raise UsageError(f"there is no file {source} here; if it is an address, write https://{source}")
    return Source(page={"url": f"https://{source}"})


def _source_of(body: bytes, *, name: str) -> Source:
    # the parsers: `winnow --help` does without
    from gateway.core.documents.reader import read_document

    document = read_document(body, content_type=_type_of(body, name=name), url=None)
    if document.kind == "html":
        return Source(page={"html": document.html})
    # only HTML has a main content to choose; the rest is content from end to end
    return Source(page={"html": document.html}, options={"scope": "page"}, text=document.text)


def _type_of(body: bytes, *, name: str) -> str:
    """A content type by the file's name, else by what it begins with; empty for what is no text."""
    from gateway.core.documents.charset import decode

    if by_name := _BY_SUFFIX.get(Path(name).suffix.lower()):
        return by_name
    head = decode(body[:_HEAD_BYTES]).text
    if _NO_TEXT.search(head):
        return ""
    if _BEGINS_XML.match(head) and "<html" not in head.lower():
        return _XML
    if head.lstrip().startswith(("{", "[")) and _is_json(decode(body).text):
        return _JSON
    return _MARKUP if _HOLDS_HTML.search(head) else _TEXT


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
