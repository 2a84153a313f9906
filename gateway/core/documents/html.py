"""HTML: the one type that has a main content to choose."""

import re

from gateway.core.documents.charset import decode
from gateway.core.documents.document import Document, DocumentType, Looked, Received

_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_LOOKS_HTML = re.compile(
    # each comment is passed over once
    rb"\s*+(?:<!--(?>.*?-->)\s*+)*+"
    rb"<(?:!doctype html|html|head|body|title|meta|link|script|style|table|div|p|a|h1|br)\b",
    re.IGNORECASE | re.DOTALL,
)


def _recognises(looked: Looked) -> bool:
    """By its type, or its first tag; nothing at all, without a type, is an empty page."""
    untyped_page = not looked.body or _LOOKS_HTML.match(looked.body[:4096]) is not None
    return looked.essence in _TYPES or (looked.is_untyped and untyped_page)


def _read(received: Received) -> Document:
    decoded = decode(received.body, content_type=received.content_type)
    return Document(kind="html", text=decoded.text, html=decoded.text, guessed_charset=decoded.guessed)


HTML = DocumentType(kind="html", recognises=_recognises, read=_read)
