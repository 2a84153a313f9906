"""The authors of papers that LaTeXML wrote as HTML (arXiv, ar5iv).

An element `ltx_personname` has a name, or all of them, with marks of footnotes between; what stands below the first
line of it is an address.
"""

import re

from selectolax.lexbor import LexborNode

from gateway.core.metadata.names import MAX_NAMES, clean_name

_NAMES = ".ltx_personname"
_NOTES = re.compile(r"ltx_(?:note|author_notes|sup|tag|contact|Math)(?:\s|$)")
_SEPARATOR = re.compile(r"\s*[,;&\u2003]\s*(?:and\s+)?|\s+and\s+|\s{3,}")
_MAX_NODES = 400
_MAX_ABOVE = 8


def authors_of_paper(block: LexborNode) -> str | None:
    """The names in an `ltx_authors`, joined by commas."""
    names: dict[str, None] = {}
    for person in block.css(_NAMES)[:MAX_NAMES]:
        for part in _SEPARATOR.split(_first_line(person)):
            if part.strip() and (name := clean_name(part, stated=True)):
                names[name] = None
    return ", ".join(list(names)[:MAX_NAMES]) or None


def _first_line(person: LexborNode) -> str:
    """Its text without what is raised and noted; a line that ends in a comma goes on in the next."""
    line = ""
    for place, node in enumerate(person.traverse(include_text=True)):
        if place > _MAX_NODES:
            break
        if node.tag == "-text":
            if not _is_note(node, person):
                line += (node.text(deep=False) or "").replace("\n", " ")
        elif node.tag == "br":
            if line.strip() and not line.rstrip().endswith((",", " and", "&")):
                break
            line += " "
    return line


def _is_note(text: LexborNode, person: LexborNode) -> bool:
    node = text.parent
    for _ in range(_MAX_ABOVE):
        if node is None or node.mem_id == person.mem_id:
            return False
        if node.tag in ("sup", "math") or _NOTES.search(node.attributes.get("class") or ""):
            return True
        node = node.parent
    return True
