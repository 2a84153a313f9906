"""What documents in packages share: their properties, notes, and how they are recognised and read."""

import re
from collections.abc import Callable
from html import escape, unescape
from typing import Literal

from msgspec import Struct

from gateway.core.documents.document import Document, DocumentType, Received, page_html
from gateway.core.documents.package import Package, local
from gateway.errors import UnsupportedContent
from gateway.wire import Notice

OfficeKind = Literal["docx", "xlsx", "pptx", "odt", "epub"]
_TAG = re.compile(r"<[^<>]*+>")
LINK = re.compile(r"(?:https?://|mailto:|#)", re.IGNORECASE)
_PROPERTIES = {
    "title": "title",
    "creator": "author",
    "language": "language",
    "description": "description",
    "created": "published",
    "date": "published",
    "initial-creator": "author",
    "creation-date": "published",
}


class Content(Struct, kw_only=True):
    """A document's content as HTML, and what is said of it."""

    body: str
    properties: dict[str, str]
    warnings: list[Notice] = []


def office_type(kind: OfficeKind, to_content: Callable[[Package], Content]) -> DocumentType:
    """A type of document that is a package; known by its bytes, whatever the server calls it."""

    def read(received: Received) -> Document:
        package = Package(received.body)
        try:
            content = to_content(package)
        except RecursionError as exc:
            raise UnsupportedContent(
                f"the {kind} file is nested too deep to be read", reason="nesting"
            ) from exc
        return Document(
            kind=kind,
            text=unescape(_TAG.sub(" ", content.body)),
            html=page_html(content.body, **content.properties),
            warnings=content.warnings,
        )

    return DocumentType(kind=kind, recognises=lambda looked: looked.package == kind, read=read)


def read_properties(package: Package, name: str) -> dict[str, str]:
    """Title, author, date, language and description of a part that states them; the first of each."""
    found: dict[str, str] = {}
    tree = package.tree(name)
    for node in tree.iter() if tree is not None else ():
        key = _PROPERTIES.get(local(node))
        if key and (text := " ".join((node.text or "").split())):
            found.setdefault(key, text)
    return found


def link_html(inner: str, target: str) -> str:
    """A link to an address on the web or in the document; what leads into the file or a disk is no link."""
    return f'<a href="{escape(target)}">{inner}</a>' if inner and LINK.match(target) else inner


def styled_html(text: str, *, bold: bool, italic: bool) -> str:
    """Text as HTML, with the spaces at its ends outside of the emphasis."""
    inner = escape(text, quote=False)
    if not inner.strip():
        return inner
    if italic:
        inner = f"<em>{inner}</em>"
    return f"<strong>{inner}</strong>" if bold else inner


class ListLine(Struct, frozen=True):
    """A paragraph and its place in a list: level 0 is outside of one; `tag` is `ul` or `ol`."""

    level: int
    tag: str
    html: str


def nested_lists(lines: list[ListLine]) -> str:
    """Paragraphs as paragraphs and nested lists, by their levels."""
    parts: list[str] = []
    # the lists that are open, each with an open item
    opened: list[ListLine] = []
    for line in lines:
        while opened and (
            opened[-1].level > line.level or (opened[-1].level == line.level and opened[-1].tag != line.tag)
        ):
            parts.append(f"</li></{opened.pop().tag}>")
        if line.level == 0:
            parts.append(f"<p>{line.html}</p>")
            continue
        if opened and opened[-1].level == line.level:
            parts.append("</li><li>")
        else:
            parts.append(f"<{line.tag}><li>")
            opened.append(line)
        parts.append(line.html)
    parts += [f"</li></{line.tag}>" for line in reversed(opened)]
    return "".join(parts)
