"""XML: a feed as its entries, anything else as a block of code."""

from gateway.core.documents.charset import decode
from gateway.core.documents.document import Document, DocumentType, Looked, Received, code_html
from gateway.core.documents.feeds import feed_html

_TYPES = frozenset({"application/xml", "text/xml"})


def _recognises(looked: Looked) -> bool:
    is_image = looked.essence.startswith("image/")
    return looked.essence in _TYPES or (looked.essence.endswith("+xml") and not is_image)


def _read(received: Received) -> Document:
    decoded = decode(received.body, content_type=received.content_type)
    return Document(
        kind="xml",
        text=decoded.text,
        html=feed_html(decoded.text) or code_html(decoded.text, "xml"),
        guessed_charset=decoded.guessed,
    )


XML = DocumentType(kind="xml", recognises=_recognises, read=_read)
