"""JSON as a block of code, laid out where it can be read."""

import json

from gateway.core.documents.charset import decode
from gateway.core.documents.document import Document, DocumentType, Looked, Received, code_html

_TYPES = frozenset({"application/json", "application/x-ndjson", "application/jsonl", "text/json"})


def _recognises(looked: Looked) -> bool:
    return looked.essence in _TYPES or looked.essence.endswith("+json")


def _read(received: Received) -> Document:
    decoded = decode(received.body, content_type=received.content_type)
    return Document(
        kind="json",
        text=decoded.text,
        html=code_html(_pretty_json(decoded.text), "json"),
        guessed_charset=decoded.guessed,
    )


def _pretty_json(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    except (ValueError, RecursionError):
        # JSON lines, JSON with comments, or no JSON after all
        return text


JSON = DocumentType(kind="json", recognises=_recognises, read=_read)
