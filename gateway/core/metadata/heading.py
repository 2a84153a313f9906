"""The texts of a page's `<h1>`: whole across inline tags, without permalinks, style sheets and logos."""

import html
import re
from urllib.parse import urljoin, urlsplit

from msgspec import Struct
from selectolax.lexbor import LexborNode

from gateway.core.dom.landmarks import Mark
from gateway.core.dom.native import find_first
from gateway.core.dom.permalinks import says_permalink
from gateway.core.dom.tags import TEXT

_MAX_HEADINGS, _MAX_NODES, _MAX_CHARACTERS = 20, 200, 2000
_WORD = re.compile(r"[^\W_]+")
_MAX_DEPTH = 6
_UNSEEN = frozenset(("style", "script", "noscript", "template", "title", "desc", "button", "select", "time"))
_INLINE = frozenset(
    "a abbr b bdi bdo cite code data dfn em font i ins kbd mark q rb rt ruby s samp small span strong sub sup time u"
    " var wbr".split()
)
_LOGO = re.compile(
    r"\blogo|logo\b|site[-_]?(?:title|name|brand|logo)|masthead|\bbrand(?:ing)?\b|navbar", re.I
)


class Heading(Struct, frozen=True):
    """A heading of the first level."""

    node: LexborNode
    # inline elements joined as browsers show them
    glued: str
    # a space between the texts of any two elements: styles may set them apart
    spaced: str
    is_logo: bool

    def text(self, known: set[str]) -> str:
        """The reading that has more of the words which the page uses elsewhere for its title.

        Args:
            known: words in lower case.
        """
        if self.glued == self.spaced:
            return self.glued
        glued, spaced = (sum(word in known for word in _words(text)) for text in (self.glued, self.spaced))
        return self.spaced if spaced > glued else self.glued


def read_headings(marks: list[Mark], *, url: str | None) -> list[Heading]:
    """The first twenty headings that have a text."""
    found = []
    for node, attributes in marks[:_MAX_HEADINGS]:
        glued, spaced = _texts(node)
        if glued:
            found.append(Heading(node, glued, spaced, _is_logo(node, attributes, url)))
    return found


def _texts(node: LexborNode) -> tuple[str, str]:
    only = node.first_child
    if only is not None and only.tag_id == TEXT and only.next is None:
        # as most of them
        text = only.text_content or ""
        if len(text) < _MAX_CHARACTERS:
            text = _fold(text)
            return text, text
    glued: list[str] = []
    spaced: list[str] = []
    # in links to the heading itself
    beside: list[str] = []
    for place, child in enumerate(node.traverse(include_text=True)):
        if place > _MAX_NODES:
            break
        if child.tag_id != TEXT:
            tag = child.tag or ""
            if tag not in _INLINE and "-" not in tag:
                glued.append(" ")
            continue
        text = child.text(deep=False) or ""
        around = _elements_around(child, node)
        if not _UNSEEN.isdisjoint([element.tag or "" for element in around]):
            continue
        if _is_in_permalink(text.strip(), around, behind="".join(glued).strip() != ""):
            beside.append(text)
            continue
        glued.append(text)
        spaced.append(text)
    if not "".join(glued).strip():
        # the link is all there is
        glued = spaced = beside
    return _fold("".join(glued)), _fold(" ".join(spaced))


def _elements_around(child: LexborNode, heading: LexborNode) -> list[LexborNode]:
    elements: list[LexborNode] = []
    parent = child.parent
    while parent is not None and parent.mem_id != heading.mem_id and len(elements) < _MAX_DEPTH:
        elements.append(parent)
        parent = parent.parent
    return elements


def _is_in_permalink(text: str, around: list[LexborNode], *, behind: bool) -> bool:
    link = next((element for element in around if element.tag == "a"), None)
    if link is None or not text:
        return False
    if text.lower() in ("link", "permalink"):
        return True
    attributes = link.attributes
    return "#" in (attributes.get("href") or "#") and says_permalink(
        text, attributes.get("class") or "", behind=behind
    )


def _fold(text: str) -> str:
    text = " ".join(text[: 4 * _MAX_CHARACTERS].split())[:_MAX_CHARACTERS].strip("¶ ")
    return html.unescape(text) if "&" in text else text


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _may_be_logo(name: str) -> bool:
    return "logo" in name or "site" in name or "mast" in name or "brand" in name or "navbar" in name


def _is_logo(node: LexborNode, attributes: dict[str, str | None], url: str | None) -> bool:
    """Marked as one, or a link to the site's first page (from another page of it)."""
    parent = node.parent
    around = parent.attributes if parent is not None and parent.tag not in ("body", "html") else {}
    marked = (around.get("class"), attributes.get("class"), attributes.get("id"))
    if any(_LOGO.search(value) for value in marked if value and _may_be_logo(value.lower())):
        return True
    try:
        here = urlsplit(url or "")
    except ValueError:
        return False
    if here.path in ("", "/"):
        return False
    link = find_first(node, "a[href]") or (parent if parent is not None and parent.tag == "a" else None)
    if link is None:
        return False
    try:
        target = urlsplit(urljoin(url or "", link.attributes.get("href") or ""))
    except ValueError:
        return False
    return target.path in ("", "/") and not target.fragment and target.netloc == here.netloc
