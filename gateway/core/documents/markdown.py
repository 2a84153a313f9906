"""Markdown as HTML."""

import re

from gateway.core.documents.charset import decode
from gateway.core.documents.document import Document, DocumentType, Looked, Received, page_html

_TYPES = frozenset({"text/markdown", "text/x-markdown", "application/markdown"})
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*+\r?\n")
_FRONT_MATTER_END = re.compile(r"\n(?:---|\.\.\.)[ \t]*+(?:\r?\n|$)")
_MAX_FRONT_MATTER_CHARS = 20_000
_TITLE = re.compile(r"^title:[ \t]*+(.+)$", re.MULTILINE)


def _recognises(looked: Looked) -> bool:
    """By its type, or its suffix where it is served as plain text."""
    named = looked.path.endswith((".md", ".markdown"))
    return looked.essence in _TYPES or (looked.essence == "text/plain" and named)


def _read(received: Received) -> Document:
    decoded = decode(received.body, content_type=received.content_type)
    return Document(
        kind="markdown", text=decoded.text, html=_markdown_html(decoded.text), guessed_charset=decoded.guessed
    )


def _markdown_html(text: str) -> str:
    """Markdown as HTML, front matter taken off; raw HTML in it is kept for `clean` to judge."""
    # 40 ms of import that few processes need
    from markdown_it import MarkdownIt

    title, text = _front_matter(text)
    body = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    return page_html(str(body), title=title)


def _front_matter(text: str) -> tuple[str, str]:
    """Title and rest of a document that begins with a YAML block between `---` lines."""
    begin = _FRONT_MATTER.match(text)
    end = begin and _FRONT_MATTER_END.search(text, begin.end())
    if not begin or not end or end.start() - begin.end() > _MAX_FRONT_MATTER_CHARS:
        return "", text
    title = _TITLE.search(text, begin.end(), end.start())
    return (title[1].strip().strip("\"'") if title else ""), text[end.end() :]


MARKDOWN = DocumentType(kind="markdown", recognises=_recognises, read=_read)
