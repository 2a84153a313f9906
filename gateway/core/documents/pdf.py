"""PDF text as HTML: paragraphs from the distances between lines, headings from their size, page by page.

PDFium reads the files. It is fast enough for the worker's deadline (a page in about 2 ms), and like the HTML
parser it meets them only in a process that can be killed.
"""

from collections import Counter
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

from msgspec import Struct

from gateway.core.documents.document import Document, DocumentType, Received, page_html
from gateway.errors import UnsupportedContent
from gateway.wire import Notice

MAX_PAGES = 2000
# of the body's size
_HEADING_RATIO = 1.15
_MAX_HEADING_CHARS = 200
_MAX_HEADING_LEVEL = 4
# of the usual distance between two lines
_PARAGRAPH_GAP = 1.45
_MAX_NAMED_PAGES = 20
# how PDFium writes a hyphen that only the line's end asked for
_SOFT_HYPHEN = "\x02"


class Pdf(Struct, frozen=True, kw_only=True):
    """The text of a PDF, and the same as HTML."""

    text: str
    html: str
    # pages that hold no text
    empty_pages: list[int]


class _Line(NamedTuple):
    text: str
    size: float
    top: float


def read_pdf(body: bytes) -> Pdf:
    """Read a PDF.

    Raises:
        UnsupportedContent: it needs a password, holds no text (a scan), or cannot be read; `extra["reason"]`
            is `password`, `scanned` or `damaged`.
    """
    # 50 ms of import that few jobs need
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as exc:
        if "password" in str(exc).lower():
            raise UnsupportedContent("the PDF asks for a password", reason="password") from exc
        raise UnsupportedContent("the PDF is damaged: it cannot be opened", reason="damaged") from exc
    try:
        pages = [_read_page(document, index) for index in range(min(len(document), MAX_PAGES))]
        facts = document.get_metadata_dict()
    finally:
        document.close()
    if not any(pages):
        raise UnsupportedContent(
            f"the PDF holds no text on its {len(pages)} pages: it is a scan, which needs OCR",
            reason="scanned",
        )
    return Pdf(
        text="\n\n".join("\n".join(line.text for line in page) for page in pages),
        html=_html(pages, title=facts.get("Title", ""), author=facts.get("Author", "")),
        empty_pages=[number for number, page in enumerate(pages, start=1) if not page],
    )


def _read_page(document: Any, index: int) -> list[_Line]:
    import pypdfium2

    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        # one broken page does not cost the others
        return []
    text_page = page.get_textpage()
    try:
        return _read_lines(text_page)
    finally:
        text_page.close()
        page.close()


def _read_lines(text_page: Any) -> list[_Line]:
    import pypdfium2.raw as pdfium

    lines = []
    # in characters of the text
    at = 0
    for raw in text_page.get_text_range().split("\n"):
        text = raw.strip()
        if text:
            start = at + len(raw) - len(raw.lstrip())
            char = max(0, pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, start))
            size = round(pdfium.FPDFText_GetFontSize(text_page, char) * 2) / 2
            lines.append(_Line(text, size, text_page.get_charbox(char)[3]))
        at += len(raw) + 1
    return lines


def _html(pages: list[list[_Line]], *, title: str, author: str) -> str:
    levels = _heading_levels(pages)
    pitch = _line_pitch(pages)
    parts = []
    for number, page in enumerate(pages, start=1):
        if len(pages) > 1:
            parts.append(f"<p>[page {number}]</p>")
        for paragraph in _paragraphs(page, levels=levels, pitch=pitch):
            level = levels.get(paragraph[0].size)
            text = _joined([line.text for line in paragraph])
            tag = f"h{level}" if level and len(text) <= _MAX_HEADING_CHARS else "p"
            parts.append(f"<{tag}>{escape(text, quote=False)}</{tag}>")
    return page_html("".join(parts), title=title, author=author)


def _heading_levels(pages: list[list[_Line]]) -> dict[float, int]:
    """Font size -> heading level; the size that most characters have is the body's."""
    written: Counter[float] = Counter()
    for page in pages:
        for line in page:
            written[line.size] += len(line.text)
    body = written.most_common(1)[0][0]
    larger = sorted((size for size in written if size >= body * _HEADING_RATIO), reverse=True)
    return {size: min(rank, _MAX_HEADING_LEVEL) for rank, size in enumerate(larger, start=1)}


def _line_pitch(pages: list[list[_Line]]) -> float:
    steps = Counter(
        round(above.top - below.top)
        for page in pages
        for above, below in pairwise(page)
        if above.size == below.size and above.top > below.top
    )
    return steps.most_common(1)[0][0] if steps else 0.0


def _paragraphs(page: list[_Line], *, levels: dict[float, int], pitch: float) -> list[list[_Line]]:
    """Lines that belong together: of one kind, and no further apart than usual."""
    paragraphs: list[list[_Line]] = []
    for line in page:
        above = paragraphs[-1][-1] if paragraphs else None
        joins = (
            above is not None
            and levels.get(above.size) == levels.get(line.size)
            and 0 <= above.top - line.top <= max(pitch, line.size) * _PARAGRAPH_GAP
        )
        if joins:
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
    return paragraphs


def _joined(lines: list[str]) -> str:
    text = lines[0]
    for line in lines[1:]:
        text = text.removesuffix(_SOFT_HYPHEN) + line if text.endswith(_SOFT_HYPHEN) else f"{text} {line}"
    return text.replace(_SOFT_HYPHEN, "")


def _read(received: Received) -> Document:
    pdf = read_pdf(received.body)
    warnings = []
    if count := len(pdf.empty_pages):
        shown = ", ".join(map(str, pdf.empty_pages[:_MAX_NAMED_PAGES]))
        more = ", …" if count > _MAX_NAMED_PAGES else ""
        message = (
            f"pages without a text layer, empty or scanned, are missing here (OCR reads scans): {shown}{more}"
        )
        warnings.append(Notice(code="no_text_layer", message=message, count=count))
    return Document(kind="pdf", text=pdf.text, html=pdf.html, warnings=warnings)


# a PDF is known by its first bytes, whatever the server calls it
PDF = DocumentType(kind="pdf", recognises=lambda looked: b"%PDF-" in looked.body[:1024], read=_read)
