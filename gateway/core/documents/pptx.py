"""Presentations as HTML: a heading a slide, its text in lists, tables, and the speaker's notes below it.

Our own, since python-pptx needs lxml, Pillow and XlsxWriter (40 MB installed) to give the same trees of XML.
"""

from collections.abc import Iterator
from html import escape
from xml.etree import ElementTree

from gateway.core.documents.office import (
    Content,
    ListLine,
    link_html,
    nested_lists,
    office_type,
    read_properties,
    styled_html,
)
from gateway.core.documents.package import (
    Package,
    Relation,
    attribute_of,
    local,
    main_part,
    relation_id,
)

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_TITLES = frozenset({"title", "ctrTitle"})
_FURNITURE = frozenset({"dt", "ftr", "hdr", "sldNum", "sldImg"})
_MAX_SLIDES = 2000


def _to_content(package: Package) -> Content:
    name = main_part(package)
    tree = package.tree(name)
    relations = package.relations(name)
    listed = tree.findall(f"{_P}sldIdLst/{_P}sldId") if tree is not None else []
    slides = [relations.get(relation_id(node)) for node in listed[:_MAX_SLIDES]]
    body = "".join(
        _slide(package, slide.target, number)
        for number, slide in enumerate(slides, start=1)
        if slide is not None and not slide.external
    )
    return Content(body=body, properties=read_properties(package, "docProps/core.xml"))


def _slide(package: Package, name: str, number: int) -> str:
    tree = package.tree(name)
    if tree is None:
        return ""
    relations = package.relations(name)
    shapes = list(_shapes(tree))
    title = next((shape for shape in shapes if _place(shape) in _TITLES), None)
    heading = " ".join("".join(title.itertext()).split()) if title is not None else ""
    parts = [f"<h2>{escape(heading or f'Slide {number}', quote=False)}</h2>"]
    parts += [_shape(shape, relations) for shape in shapes if shape is not title]
    for relation in relations.values():
        if relation.kind == "notesSlide" and not relation.external:
            parts += _notes(package, relation.target)
    hidden = " hidden" if tree.get("show") in ("0", "false") else ""
    return f"<section{hidden}>{''.join(parts)}</section>"


def _notes(package: Package, name: str) -> Iterator[str]:
    tree = package.tree(name)
    relations = package.relations(name)
    if tree is None:
        return
    if notes := "".join(_shape(shape, relations) for shape in _shapes(tree)):
        yield f"<p><strong>Notes</strong></p><blockquote>{notes}</blockquote>"


def _shapes(tree: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Shapes and tables in the order of the slide, those of groups too; what a slide repeats is left out."""
    for node in tree.iter():
        if local(node) == "tbl" or (local(node) == "sp" and _place(node) not in _FURNITURE):
            yield node


def _place(shape: ElementTree.Element) -> str:
    """Which placeholder of the layout a shape fills; `body` where the type is left out, empty for other shapes."""
    place = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return "" if place is None else place.get("type", "body")


def _shape(shape: ElementTree.Element, relations: dict[str, Relation]) -> str:
    if local(shape) == "tbl":
        return _table(shape, relations)
    text = shape.find(f"{_P}txBody")
    if text is None:
        return ""
    paragraphs = [_Paragraph(node, relations, listed=bool(_place(shape))) for node in text.findall(f"{_A}p")]
    paragraphs = [paragraph for paragraph in paragraphs if paragraph.html.strip()]
    # a placeholder's paragraphs are points of a list unless there is one alone
    if len(paragraphs) == 1 and not paragraphs[0].bullet:
        return f"<p>{paragraphs[0].html}</p>"
    return nested_lists([ListLine(p.level, p.tag, p.html) for p in paragraphs])


class _Paragraph:
    """A paragraph's HTML, and its place in a list; level 0 is outside of one."""

    def __init__(self, node: ElementTree.Element, relations: dict[str, Relation], *, listed: bool) -> None:
        properties = node.find(f"{_A}pPr")
        level = properties.get("lvl", "0") if properties is not None else "0"
        names = {local(child) for child in properties} if properties is not None else set()
        self.bullet = bool(names & {"buChar", "buAutoNum"})
        self.tag = "ol" if "buAutoNum" in names else "ul"
        in_list = self.bullet or (listed and "buNone" not in names)
        self.level = min(int(level[:3]) if level.isdecimal() else 0, 8) + 1 if in_list else 0
        self.html = "".join(_runs(node, relations))


def _runs(paragraph: ElementTree.Element, relations: dict[str, Relation]) -> Iterator[str]:
    for node in paragraph:
        name = local(node)
        if name == "br":
            yield "<br>"
        elif name in ("r", "fld"):
            properties = node.find(f"{_A}rPr")
            text = node.findtext(f"{_A}t") or ""
            if properties is None:
                yield escape(text, quote=False)
                continue
            inner = styled_html(
                text, bold=properties.get("b") in ("1", "true"), italic=properties.get("i") in ("1", "true")
            )
            link = properties.find(f"{_A}hlinkClick")
            relation = relations.get(relation_id(link)) if link is not None else None
            yield link_html(inner, relation.target) if relation and relation.external else inner
        else:
            # formulas
            yield escape("".join(part.text or "" for part in node.iter() if local(part) == "t"), quote=False)


def _table(table: ElementTree.Element, relations: dict[str, Relation]) -> str:
    rows: list[str] = []
    first = table.find(f"{_A}tblPr")
    has_header = first is not None and first.get("firstRow") in ("1", "true")
    for row in table.findall(f"{_A}tr"):
        tag = "th" if has_header and not rows else "td"
        cells = [
            f"<{tag}{_span(cell, 'gridSpan', 'colspan')}{_span(cell, 'rowSpan', 'rowspan')}>"
            f"{_cell(cell, relations)}</{tag}>"
            for cell in row.findall(f"{_A}tc")
            if not (attribute_of(cell, "hMerge") or attribute_of(cell, "vMerge"))
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _span(cell: ElementTree.Element, name: str, attribute: str) -> str:
    value = cell.get(name, "")
    return f' {attribute}="{value}"' if value.isdecimal() else ""


def _cell(cell: ElementTree.Element, relations: dict[str, Relation]) -> str:
    return "<br>".join("".join(_runs(node, relations)) for node in cell.findall(f"{_A}txBody/{_A}p"))


PPTX = office_type("pptx", _to_content)
