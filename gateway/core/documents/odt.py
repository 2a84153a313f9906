"""Text documents of LibreOffice (OpenDocument) as HTML."""

from collections.abc import Iterator
from html import escape
from xml.etree import ElementTree

from gateway.core.documents.office import Content, link_html, office_type, read_properties, styled_html
from gateway.core.documents.package import Package, attribute_of, damaged, local

_MAX_SPACES = 100


class _Styles:
    """Which automatic styles are bold, italic, or of a numbered list."""

    def __init__(self, tree: ElementTree.Element) -> None:
        self.bold: set[str] = set()
        self.italic: set[str] = set()
        self.numbered: set[str] = set()
        for style in tree.iter():
            name = attribute_of(style, "name")
            if local(style) == "style":
                for properties in style:
                    if attribute_of(properties, "font-weight") in ("bold", "600", "700", "800", "900"):
                        self.bold.add(name)
                    if attribute_of(properties, "font-style") in ("italic", "oblique"):
                        self.italic.add(name)
            elif local(style) == "list-style" and len(style) and local(style[0]) == "list-level-style-number":
                self.numbered.add(name)


def _to_content(package: Package) -> Content:
    tree = package.tree("content.xml")
    if tree is None:
        raise damaged("it holds no content")
    text = next((node for node in tree.iter() if local(node) == "text"), None)
    writer = _Writer(_Styles(tree))
    body = "".join(writer.blocks(text)) if text is not None else ""
    return Content(body=body + writer.notes_html(), properties=read_properties(package, "meta.xml"))


class _Writer:
    """Writes blocks, and gathers the notes that stand below them."""

    def __init__(self, styles: _Styles) -> None:
        self._styles = styles
        self._notes: list[str] = []

    def blocks(self, parent: ElementTree.Element, *, numbered: bool = False) -> Iterator[str]:
        for node in parent:
            name = local(node)
            if name == "h":
                level = attribute_of(node, "outline-level")
                level = level if level in {"1", "2", "3", "4", "5", "6"} else "6"
                yield f"<h{level}>{self._line(node)}</h{level}>"
            elif name == "p":
                yield f"<p>{self._line(node)}</p>"
            elif name == "list":
                style = attribute_of(node, "style-name")
                ordered = style in self._styles.numbered if style else numbered
                items = "".join(
                    f"<li>{''.join(self.blocks(item, numbered=ordered))}</li>"
                    for item in node
                    if local(item) in ("list-item", "list-header")
                )
                tag = "ol" if ordered else "ul"
                yield f"<{tag}>{items}</{tag}>"
            elif name == "table":
                yield f"<table>{''.join(self._rows(node))}</table>"
            elif name in ("section", "index-body", "text-box", "frame", "table-of-content"):
                yield from self.blocks(node)

    def _rows(self, parent: ElementTree.Element, tag: str = "td") -> Iterator[str]:
        for node in parent:
            name = local(node)
            if name == "table-row":
                cells = "".join(
                    f"<{tag}{_span(cell, 'columns', 'colspan')}{_span(cell, 'rows', 'rowspan')}>"
                    f"{''.join(self.blocks(cell))}</{tag}>"
                    for cell in node
                    if local(cell) == "table-cell"
                )
                yield f"<tr>{cells}</tr>"
            elif name in ("table-header-rows", "table-rows", "table-row-group"):
                yield from self._rows(node, "th" if name == "table-header-rows" else tag)

    def _line(self, node: ElementTree.Element, *, bold: bool = False, italic: bool = False) -> str:
        def text(piece: str | None) -> str:
            return styled_html(piece or "", bold=bold, italic=italic)

        parts = [text(node.text)]
        for child in node:
            name = local(child)
            if name == "span":
                style = attribute_of(child, "style-name")
                parts.append(
                    self._line(
                        child,
                        bold=bold or style in self._styles.bold,
                        italic=italic or style in self._styles.italic,
                    )
                )
            elif name == "a":
                inner = self._line(child, bold=bold, italic=italic)
                parts.append(link_html(inner, attribute_of(child, "href")))
            elif name == "s":
                count = attribute_of(child, "c")
                parts.append(" " * min(int(count[:6]) if count.isdecimal() else 1, _MAX_SPACES))
            elif name == "tab":
                parts.append(" ")
            elif name == "line-break":
                parts.append("<br>")
            elif name == "note":
                parts.append(self._note(child))
            elif name == "frame":
                parts += self._frame(child)
            elif name not in ("annotation", "tracked-changes", "bookmark", "soft-page-break"):
                parts.append(self._line(child, bold=bold, italic=italic))
            parts.append(text(child.tail))
        return "".join(parts)

    def _frame(self, frame: ElementTree.Element) -> Iterator[str]:
        for box in frame:
            if local(box) == "text-box":
                yield "<br>".join(self._line(node) for node in box if local(node) in ("p", "h"))

    def _note(self, note: ElementTree.Element) -> str:
        body = next((node for node in note if local(node) == "note-body"), None)
        number = len(self._notes) + 1
        self._notes.append("")
        self._notes[number - 1] = "".join(self.blocks(body)) if body is not None else ""
        return f'<sup><a href="#note-{number}" id="note-ref-{number}">[{number}]</a></sup>'

    def notes_html(self) -> str:
        if not self._notes:
            return ""
        items = "".join(
            f'<li id="note-{number}">{note}</li>' for number, note in enumerate(self._notes, start=1)
        )
        return f"<ol>{items}</ol>"


def _span(cell: ElementTree.Element, name: str, attribute: str) -> str:
    value = attribute_of(cell, f"number-{name}-spanned")
    return f' {attribute}="{escape(value)}"' if value.isdecimal() and value != "1" else ""


ODT = office_type("odt", _to_content)
