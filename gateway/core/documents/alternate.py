"""A page's offer of its own markdown, in its head or in a header."""

import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

_LINK_TAG = re.compile(r"<link\s[^<>]{0,2000}+>", re.IGNORECASE)
# a name is tried from its beginning only
_ATTRIBUTE = re.compile(
    r"""(?<![a-z-])([a-z-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""", re.IGNORECASE
)
_LINK_HEADER = re.compile(r"<([^<>]{1,2000}+)>([^,<]{0,500}+)")
_MARKDOWN_TYPE = "text/markdown"
HEAD_BYTES = 65_536
_LINK_HEADER_CHARS = 16_384


def may_offer_markdown(body: bytes, *, headers: Mapping[str, str]) -> bool:
    """Whether the type's name stands where an offer could: one search through 64 KiB of body and 16 of header."""
    header = headers.get("link", "")[:_LINK_HEADER_CHARS]
    return _MARKDOWN_TYPE in header.lower() or _MARKDOWN_TYPE.encode() in body[:HEAD_BYTES]


def markdown_alternate(body: bytes, *, headers: Mapping[str, str], url: str) -> str | None:
    """The address of the page's own markdown, where it offers one on its own origin.

    Args:
        body: the page's HTML; what `may_offer_markdown` looks at is looked at here.
        headers: the response's, names in lower case.
        url: the page's final address.
    """
    header, head = headers.get("link", "")[:_LINK_HEADER_CHARS], body[:HEAD_BYTES]
    offers = []
    if _MARKDOWN_TYPE in header.lower():
        for target, parameters in _LINK_HEADER.findall(header):
            offers.append((_attributes_of(parameters), target))
    if _MARKDOWN_TYPE.encode() in head:
        for tag in _LINK_TAG.findall(head.decode("utf-8", "replace")):
            attributes = _attributes_of(tag)
            offers.append((attributes, attributes.get("href", "")))
    for attributes, target in offers:
        is_markdown = attributes.get("type", "").partition(";")[0].strip().lower() == _MARKDOWN_TYPE
        if is_markdown and "alternate" in attributes.get("rel", "").lower().split() and target:
            return _same_origin(url, target)
    return None


def _attributes_of(text: str) -> dict[str, str]:
    """The attributes of a tag, or parameters of a header; none unless markdown is spoken of there."""
    if _MARKDOWN_TYPE not in text.lower():
        return {}
    return {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(text)}


def _same_origin(url: str, target: str) -> str | None:
    try:
        absolute = urljoin(url, target.strip())
        here, there = urlsplit(url), urlsplit(absolute)
    except ValueError:
        return None
    return absolute if here[:2] == there[:2] and absolute != url else None
