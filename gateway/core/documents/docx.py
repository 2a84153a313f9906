"""Word documents as HTML, by mammoth (BSD-2).

The library gets a package made anew: the parts that it needs and nothing else, without images, without references to
files, with what it would lose (formulas, simple fields) as text and without what no reader sees (hidden text).
"""

import io
import itertools
import re
import zipfile
from collections.abc import Iterator
from html import escape
from typing import Any
from xml.etree import ElementTree

from gateway.core.documents.office import LINK, Content, office_type, read_properties
from gateway.core.documents.package import (
    Package,
    Relation,
    attribute_of,
    damaged,
    local,
    main_part,
    relation_id,
)
from gateway.errors import GatewayError
from gateway.wire import Notice

# of the document's XML: about three seconds of the library's work, some hundred pages
MAX_ELEMENTS = 100_000
_PARTS = ("styles", "numbering", "footnotes", "endnotes")
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Block Text'] => blockquote > p:fresh
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='Preformatted Text'] => pre:separator('\\n')
"""
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BACK = re.compile(r' ?<a href="#(?:foot|end)note-ref-\d++">↑</a>')
# elements that refer to other parts, and those of looks alone: a third of what the library would read
_DROPPED = frozenset(
    {
        *("blip", "imagedata", "hlinkClick", "hlinkHover"),
        *(
            "rFonts",
            "sz",
            "szCs",
            "color",
            "kern",
            "shd",
            "noProof",
            "spacing",
            "jc",
            "ind",
            "contextualSpacing",
        ),
        *("tcW", "tblW", "tblBorders", "tcBorders", "tblLook", "tblGrid", "tblCellMar", "trHeight", "tabs"),
        *(
            "proofErr",
            "lastRenderedPageBreak",
            "sectPr",
            "bookmarkEnd",
            "autoSpaceDE",
            "autoSpaceDN",
            "snapToGrid",
        ),
    }
)
# attributes of an editing session
_SESSION = ("rsidR", "rsidRPr", "rsidRDefault", "rsidP", "rsidTr")
_OFF = frozenset({"0", "false", "off"})
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = f'<Types xmlns="{_PACKAGE}/content-types"/>'


def _to_content(package: Package) -> Content:
    # 100 ms of import that few processes need
    import mammoth

    name = main_part(package)
    relations = package.relations(name)
    parts = {"document": (name, relations)}
    for relation in relations.values():
        if relation.kind in _PARTS and not relation.external:
            parts[relation.kind] = (relation.target, package.relations(relation.target))
    trees = {kind: tree for kind, (part, _) in parts.items() if (tree := package.tree(part)) is not None}
    left_out = _cut(trees["document"]) if "document" in trees else 0
    notes = {
        f"{kind[:-1]}Reference{attribute_of(note, 'id')}"
        for kind in ("footnotes", "endnotes")
        for note in trees.get(kind, ())
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("[Content_Types].xml", _TYPES)
        for kind, tree in trees.items():
            _prepare(tree, parts[kind][1], notes)
            out.writestr(f"word/{kind}.xml", ElementTree.tostring(tree))
            out.writestr(f"word/_rels/{kind}.xml.rels", _links_xml(parts[kind][1]))
    try:
        result: Any = mammoth.convert_to_html(
            made, style_map=_STYLES, include_embedded_style_map=False, external_file_access=False
        )
    except (GatewayError, RecursionError, MemoryError):
        raise
    except Exception as exc:
        # the library checks nothing: a file that breaks its format breaks the library
        raise damaged("its parts contradict each other") from exc
    properties = read_properties(package, "docProps/core.xml")
    styles = trees.get("styles")
    if styles is not None and (language := next(styles.iter(f"{_W}lang"), None)) is not None:
        properties.setdefault("language", attribute_of(language, "val"))
    warnings = []
    if left_out:
        message = "the beginning of the document is here; its last paragraphs and rows were left out: it is too long"
        warnings.append(Notice(code="document_cut", message=message, count=left_out))
    return Content(body=_BACK.sub("", result.value), properties=properties, warnings=warnings)


def _cut(tree: ElementTree.Element) -> int:
    """Drop paragraphs and rows that begin beyond MAX_ELEMENTS; returns how many."""
    late = set(itertools.islice(tree.iter(), MAX_ELEMENTS, None))
    dropped = 0
    for parent in list(tree.iter()) if late else ():
        kept = [child for child in parent if child not in late or local(child) not in ("p", "tr")]
        dropped += len(parent) - len(kept)
        parent[:] = kept
    return dropped


def _prepare(tree: ElementTree.Element, relations: dict[str, Relation], notes: set[str]) -> None:
    """Change a part so that mammoth reads what a reader sees, and finds what the part refers to."""
    for parent in list(tree.iter()):
        for name in _SESSION:
            parent.attrib.pop(_W + name, None)
        for child in list(parent):
            name = local(child)
            if name in _DROPPED or (name == "r" and _is_hidden(child)):
                parent.remove(child)
            elif name in ("footnoteReference", "endnoteReference"):
                if name + attribute_of(child, "id") not in notes:
                    parent.remove(child)
            elif name == "oMath":
                _replace(parent, child, [_run("".join(_texts(child, "t")))])
            elif name in ("oMathPara", "fldSimple"):
                child.tag = f"{_W}smartTag"
            elif name == "hyperlink" and (link := relation_id(child)):
                relation = relations.get(link)
                if relation is None or not LINK.match(relation.target):
                    child.tag = f"{_W}smartTag"


def _is_hidden(run: ElementTree.Element) -> bool:
    vanish = run.find(f"{_W}rPr/{_W}vanish")
    return vanish is not None and attribute_of(vanish, "val") not in _OFF


def _texts(node: ElementTree.Element, name: str) -> Iterator[str]:
    return (part.text or "" for part in node.iter() if local(part) == name)


def _run(text: str) -> ElementTree.Element:
    run = ElementTree.Element(f"{_W}r")
    ElementTree.SubElement(run, f"{_W}t").text = text
    return run


def _replace(
    parent: ElementTree.Element, child: ElementTree.Element, others: list[ElementTree.Element]
) -> None:
    at = list(parent).index(child)
    parent[at : at + 1] = others


def _links_xml(relations: dict[str, Relation]) -> str:
    """The relationships of a part that are links on the web."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
    links = "".join(
        f'<Relationship Id="{escape(name)}" Type="{kind}" Target="{escape(relation.target)}" TargetMode="External"/>'
        for name, relation in relations.items()
        if LINK.match(relation.target)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


DOCX = office_type("docx", _to_content)
