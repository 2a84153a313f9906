"""E-books (EPUB 2 and 3) as HTML: the chapters in reading order. Our own, since EbookLib is AGPL."""

import re
from html.entities import html5
from posixpath import dirname
from urllib.parse import unquote
from xml.etree import ElementTree

from gateway.core.documents.office import LINK, Content, office_type, read_properties
from gateway.core.documents.package import Package, damaged, local, parse_xml, part_name
from gateway.errors import UnsupportedContent

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_XHTML = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
_REFERENCE = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_OF_XML = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_MAX_CHAPTERS = 5000


def _to_content(package: Package) -> Content:
    container = package.tree(_CONTAINER)
    roots = [node for node in container.iter() if local(node) == "rootfile"] if container is not None else []
    name = roots[0].get("full-path", "") if roots else ""
    book = package.tree(name)
    if book is None:
        raise damaged("it does not name its contents")
    encrypted = _encrypted(package)
    items = {node.get("id", ""): node for node in book.iter() if local(node) == "item"}
    spine = [items.get(node.get("idref", "")) for node in book.iter() if local(node) == "itemref"]
    parts = []
    for item in spine[:_MAX_CHAPTERS]:
        if item is None or item.get("media-type") not in _XHTML:
            continue
        chapter = part_name(dirname(name), unquote(item.get("href", "")))
        if chapter in encrypted:
            raise UnsupportedContent(
                "the book is locked by its seller (DRM); send a copy that is not", reason="password"
            )
        if text := package.text(chapter):
            parts.append(_chapter(text, chapter))
    return Content(body="".join(parts), properties=read_properties(package, name))


def _encrypted(package: Package) -> frozenset[str]:
    """The names of the parts that are encrypted; fonts often are, in books that can be read."""
    tree = package.tree(_ENCRYPTION)
    if tree is None:
        return frozenset()
    return frozenset(unquote(node.get("URI", "")) for node in tree.iter() if local(node) == "CipherReference")


def _chapter(text: str, name: str) -> str:
    """A chapter's body as HTML: XHTML's empty elements would otherwise be open ones."""
    tree = parse_xml(_REFERENCE.sub(_character, text), name=name)
    body = next((node for node in tree.iter() if local(node) == "body"), None)
    if body is None:
        return ""
    for node in body.iter():
        node.tag = local(node)
        link = node.get("href")
        if link is not None and not LINK.match(link):
            _, _, fragment = link.partition("#")
            del node.attrib["href"]
            if fragment:
                node.set("href", f"#{fragment}")
        node.attrib.pop("src", None)
    body.tag = "section"
    return ElementTree.tostring(body, encoding="unicode", method="html")


def _character(reference: re.Match[str]) -> str:
    """HTML's named characters, which XML has not without its document type."""
    name = reference[1]
    return reference[0] if name in _OF_XML else html5.get(name, reference[0])


EPUB = office_type("epub", _to_content)
