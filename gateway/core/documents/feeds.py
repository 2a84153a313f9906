"""RSS 0.9x, 1.0, 2.0 and Atom as HTML: a heading an entry, with its link, date and content."""

import re
from collections.abc import Iterator
from html import escape
from xml.etree import ElementTree

from gateway.core.documents.document import page_html

_ROOTS = frozenset({"rss", "feed", "rdf"})
_PROLOG = re.compile(r"(?:\s++|<\?(?>.*?\?>)|<!--(?>.*?-->))*+", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*+")
_SUBSET_END = re.compile(r"\]\s*+>")
_CONTENT = ("encoded", "content", "description", "summary", "subtitle")
_DATES = ("published", "pubdate", "date", "updated")


def feed_html(text: str) -> str | None:
    """A feed as HTML; None for XML that is no feed, or no XML.

    The document type goes unread, so no entity of the feed's own making is ever expanded.
    """
    root = _parse(text)
    if root is None or _name(root) not in _ROOTS:
        return None
    channel = next((child for child in root if _name(child) == "channel"), root)
    entries = [node for node in (*root, *channel) if _name(node) in ("item", "entry")]
    if channel is not root:
        entries = list(dict.fromkeys(entries))
    title = _text(channel, "title")
    language = channel.get("{http://www.w3.org/XML/1998/namespace}lang") or _text(channel, "language")
    body = "".join([f"<h1>{escape(title)}</h1>", *_content(channel, *_CONTENT[2:]), *map(_entry, entries)])
    return page_html(body, title=title, author=_author(channel), language=language)


def _parse(text: str) -> ElementTree.Element | None:
    try:
        return ElementTree.fromstring(without_prolog(text.lstrip("\ufeff")).strip())
    except (ElementTree.ParseError, ValueError):
        return None


def without_prolog(text: str) -> str:
    """From the root element on; a document type that does not end is left for the parser to refuse."""
    prolog = _PROLOG.match(text)
    # it matches the empty text
    assert prolog is not None
    doctype = _DOCTYPE.match(text, prolog.end())
    if doctype is None:
        return text[prolog.end() :]
    if text.startswith("[", doctype.end()):
        end = _SUBSET_END.search(text, doctype.end())
        return text[end.end() :] if end else ""
    return text[doctype.end() + 1 :]


def _entry(entry: ElementTree.Element) -> str:
    title = escape(_text(entry, "title") or "Untitled")
    link = _link(entry)
    heading = f'<a href="{escape(link)}">{title}</a>' if link else title
    facts = [fact for fact in (_text(entry, *_DATES), _author(entry)) if fact]
    line = f"<p>{escape(' · '.join(facts))}</p>" if facts else ""
    return f"<h2>{heading}</h2>{line}{''.join(_content(entry, *_CONTENT))}"


def _content(node: ElementTree.Element, *names: str) -> Iterator[str]:
    for name in names:
        for child in node:
            if _name(child) == name and (html := _html(child)):
                yield f"<div>{html}</div>"
                return


def _html(node: ElementTree.Element) -> str:
    """The content of a description or content element, whether escaped or inline XHTML."""
    if len(node):
        for inner in node.iter():
            # XHTML's namespace would be written as a prefix of every tag
            inner.tag = _name(inner)
        try:
            return "".join(ElementTree.tostring(child, encoding="unicode", method="html") for child in node)
        except RecursionError:
            # nested deeper than any text is: the words without their markup
            return escape(" ".join(node.itertext()))
    text = (node.text or "").strip()
    return escape(text) if node.get("type") == "text" else text


def _link(entry: ElementTree.Element) -> str:
    links = [child for child in entry if _name(child) == "link"]
    for link in links:
        if link.get("rel", "alternate") == "alternate" and (target := link.get("href") or link.text):
            return target.strip()
    return ""


def _author(node: ElementTree.Element) -> str:
    for child in node:
        if _name(child) in ("author", "creator"):
            return (_text(child, "name") or child.text or "").strip()
    return ""


def _text(node: ElementTree.Element, *names: str) -> str:
    for name in names:
        for child in node:
            if _name(child) == name and (text := " ".join("".join(child.itertext()).split())):
                return text
    return ""


def _name(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2].lower() if isinstance(node.tag, str) else ""
