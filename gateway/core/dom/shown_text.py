"""Text as a reader sees it where the markup holds it otherwise: obfuscated e-mail addresses, decomposed letters.

Both change the tree, before anything reads it; code, and addresses of links, keep their characters.
"""

import re
import unicodedata

from selectolax.lexbor import LexborHTMLParser, LexborNode

_MARKS = (b"data-cfemail", b"/email-protection#")
_SELECTORS = '[data-cfemail],a[href*="/email-protection#"]'
_IN_LINK = re.compile(r"/cdn-cgi/l/email-protection#([0-9a-fA-F]+)$")
# an address has at most 254 bytes (RFC 5321, 4.5.3.1.3); a subject may follow
_MAX_HEX_CHARACTERS = 640
_ADDRESS = re.compile(r"[^\s@<>\"]{1,200}@[^\s@<>\"]{1,200}")
_VERBATIM = frozenset(
    ("pre", "code", "samp", "kbd", "tt", "textarea", "script", "style", "noscript", "template")
)
_MAX_PARENTS = 12


def show_text(tree: LexborHTMLParser, markup: bytes) -> None:
    """Put e-mail addresses where a CDN's script would, and text in Unicode's normal form C.

    Args:
        tree: the parsed page; changed in place.
        markup: what it was parsed from, UTF-8; the tree is searched only where this shows a need.
    """
    if any(mark in markup for mark in _MARKS):
        _show_emails(tree)
    if not markup.isascii() and not unicodedata.is_normalized("NFC", markup.decode("utf-8", "replace")):
        _compose_characters(tree)


def _show_emails(tree: LexborHTMLParser) -> None:
    for node in tree.css(_SELECTORS):
        link = _IN_LINK.search(node.attributes.get("href") or "")
        if link and (target := _decode(link[1])):
            node.attrs["href"] = f"mailto:{target}"
        shown = _decode(node.attributes.get("data-cfemail") or "")
        if shown:
            if node.tag == "a" and not link:
                node.attrs["href"] = f"mailto:{shown}"
            texts = list(node.iter(include_text=True))
            for text in texts[1:]:
                text.decompose()
            if texts:
                texts[0].replace_with(shown)


def _compose_characters(tree: LexborHTMLParser) -> None:
    if tree.root is None:
        return
    # first collected: a node that is replaced has no next one
    decomposed = [
        node
        for node in tree.root.traverse(include_text=True)
        if node.tag == "-text" and not unicodedata.is_normalized("NFC", node.text(deep=False) or "")
    ]
    for node in decomposed:
        if not _is_verbatim(node):
            node.replace_with(unicodedata.normalize("NFC", node.text(deep=False) or ""))


def _decode(text: str) -> str | None:
    """The address that is written as pairs of hexadecimal digits, each XORed with the first of them."""
    if not 4 <= len(text) <= _MAX_HEX_CHARACTERS:
        return None
    try:
        key, *letters = bytes.fromhex(text)
        address = bytes(letter ^ key for letter in letters).decode("utf-8")
    except ValueError:
        return None
    return address if _ADDRESS.fullmatch(address.partition("?")[0]) else None


def _is_verbatim(node: LexborNode) -> bool:
    parent = node.parent
    for _ in range(_MAX_PARENTS):
        if parent is None:
            return False
        if parent.tag in _VERBATIM:
            return True
        parent = parent.parent
    return False
