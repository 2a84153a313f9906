"""The type of a document, by its media type and its first bytes; and each type as HTML.

Text, markdown, JSON, feeds, PDF, office documents and e-books become HTML first and then go through `clean`, so that
links, budgets, hidden text and escaping are the same for all. Each type is a file of this package and an entry of
`TYPES`.
"""

from gateway.core.documents.document import (
    OFFICE_TYPES,
    Document,
    DocumentType,
    Kind,
    Looked,
    Received,
    path_of,
)
from gateway.core.documents.docx import DOCX
from gateway.core.documents.epub import EPUB
from gateway.core.documents.html import HTML
from gateway.core.documents.json_document import JSON
from gateway.core.documents.markdown import MARKDOWN
from gateway.core.documents.odt import ODT
from gateway.core.documents.package import package_kind
from gateway.core.documents.pdf import PDF
from gateway.core.documents.pptx import PPTX
from gateway.core.documents.refused import REFUSED
from gateway.core.documents.text import TEXT
from gateway.core.documents.xlsx import XLSX
from gateway.core.documents.xml import XML
from gateway.errors import UnsupportedContent

# the first that recognises a body; those that are known by their bytes come first
TYPES: tuple[DocumentType, ...] = (
    *(PDF, DOCX, XLSX, PPTX, ODT, EPUB, REFUSED),
    *(HTML, MARKDOWN, JSON, XML, TEXT),
)


def read_document(body: bytes, *, content_type: str, url: str | None) -> Document:
    """Make a body ready for `clean`.

    Args:
        body: as fetched, content coding undone.
        content_type: the header, parameters included; empty when there was none.
        url: where it came from; its suffix tells markdown that is served as plain text.
    Raises:
        UnsupportedContent: nothing here turns this type into markdown, or the file is encrypted, damaged or
            scanned.
        TooLarge: it unpacks to more than the limits of `gateway/core/documents/package.py`.
    """
    document_type = _type_of(body, content_type=content_type, url=url)
    return document_type.read(Received(body=body, content_type=content_type))


def kind_of(body: bytes, *, content_type: str, url: str | None) -> Kind:
    """Which kind of document a body is; errors as in `read_document`."""
    return _type_of(body, content_type=content_type, url=url).kind


def _type_of(body: bytes, *, content_type: str, url: str | None) -> DocumentType:
    essence = content_type.partition(";")[0].strip().lower()
    looked = Looked(body=body, essence=essence, path=path_of(url), package=package_kind(body))
    for document_type in TYPES:
        if document_type.recognises(looked):
            return document_type
    if essence.startswith(OFFICE_TYPES):
        raise UnsupportedContent(
            f"the body is not what its type says ({essence[:100]}); see what the address answers",
            reason="mislabelled",
        )
    named = essence or "a body without a type that is no text"
    raise UnsupportedContent(f"nothing here turns {named[:100]} into markdown", content_type=essence[:100])
