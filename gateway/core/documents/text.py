"""Plain text as HTML, of every type that nothing else recognises and that is text."""

import re
from html import escape

from gateway.core.documents.charset import decode
from gateway.core.documents.document import Document, DocumentType, Looked, Received, page_html

_TYPES = frozenset({"application/javascript", "application/x-yaml", "application/yaml", "application/toml"})
_LAID_OUT = re.compile(r"^[ \t]{2,}\S|\S {3,}\S|\t", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[ \t]*+\n")


def _recognises(looked: Looked) -> bool:
    named = looked.essence.startswith("text/") or looked.essence in _TYPES
    return named or (looked.is_untyped and _is_text(looked.body))


def _read(received: Received) -> Document:
    decoded = decode(received.body, content_type=received.content_type)
    return Document(
        kind="text", text=decoded.text, html=_text_html(decoded.text), guessed_charset=decoded.guessed
    )


def _text_html(text: str) -> str:
    """Plain text as HTML: paragraphs between blank lines, verbatim where it is laid out by spaces."""
    parts = []
    for part in _BLANK_LINE.split(text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")):
        if not part.strip():
            continue
        tag = "pre" if _LAID_OUT.search(part) else "p"
        inner = escape(part, quote=False)
        parts.append(f"<{tag}>{inner if tag == 'pre' else inner.strip().replace(chr(10), '<br>')}</{tag}>")
    return page_html("\n".join(parts))


def _is_text(body: bytes) -> bool:
    sample = body[:4096]
    if not sample or any(byte < 32 and byte not in b"\t\n\f\r\x1b" for byte in sample):
        return False
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as exc:
        # a character cut by the sample's end
        return exc.start > len(sample) - 4
    return True


TEXT = DocumentType(kind="text", recognises=_recognises, read=_read)
