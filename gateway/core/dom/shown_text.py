"""Text as a reader sees it where the markup holds it otherwise.

Obfuscated e-mail addresses, formulas that stand in an attribute, line ends that a style keeps, decomposed letters: each
changes the tree, before anything reads it. Code, and addresses of links, keep their characters.
"""

import re
import unicodedata

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Attributes, Mark
from gateway.core.dom.native import find_marked, find_walk
from gateway.core.dom.tags import TEXT

_EMAILS = ("[data-cfemail]", 'a[href*="/email-protection#"]')
_FORMULAS = ("span[data-tex]", "span[data-latex]", "div[data-tex]", "div[data-latex]")
_KEEPING_LINES = ("pre-wrap", "pre-line", "break-spaces")
_LINES = tuple(
    f'[{name}*="{before}{value}"]'
    for value in _KEEPING_LINES
    for name, before in (("style", ""), ("class", "whitespace-"))
)
# what `show_text` looks for
REWRITTEN = (*_EMAILS, *_FORMULAS, *_LINES)
_MAX_FORMULA_CHARACTERS = 4000
# what a formula's element may hold beside the drawing, which has its characters several times
_DRAWN_TIMES, _DRAWN_MORE = 40, 2000
# characters below formulas' elements, which may be inside each other
_MOST_READ = 2_000_000
_MOST_LINES = 20_000
_IN_LINK = re.compile(r"/cdn-cgi/l/email-protection#([0-9a-fA-F]+)$")
# an address has at most 254 bytes (RFC 5321, 4.5.3.1.3); a subject may follow
_MAX_HEX_CHARACTERS = 640
_ADDRESS = re.compile(r"[^\s@<>\"]{1,200}@[^\s@<>\"]{1,200}")
_VERBATIM = frozenset(
    ("pre", "code", "samp", "kbd", "tt", "textarea", "script", "style", "noscript", "template")
)
_MAX_PARENTS = 12
# in UTF-8, of the first letter that may combine, U+0300
_FIRST_BYTE = 0xCC
# as many bytes as a character has at most
_EDGE = np.zeros(4, dtype=np.uint8)
# so many bytes for each such letter, at least
_RARE = 16


def show_text(tree: LexborHTMLParser, marks: list[Mark] | None = None) -> bool:
    """Put text where scripts and styles would; whether there may have been such.

    Args:
        tree: the parsed page; changed in place.
        marks: what REWRITTEN looks for is among these, where they are at hand.
    """
    has_shown = False
    for selectors, may_be, show in _SHOWN:
        if marks is not None and not any(may_be(attributes) for _, attributes in marks):
            continue
        if found := [node for node, _ in find_marked(tree, selectors)]:
            show(tree, found)
            has_shown = True
    return has_shown


def _may_have_email(attributes: Attributes) -> bool:
    return "data-cfemail" in attributes or "/email-protection#" in (attributes.get("href") or "")


def _may_have_formula(attributes: Attributes) -> bool:
    return "data-tex" in attributes or "data-latex" in attributes


def _may_keep_lines(attributes: Attributes) -> bool:
    said = f"{attributes.get('style')} {attributes.get('class')}"
    return any(value in said for value in _KEEPING_LINES)


def compose_characters(tree: LexborHTMLParser, markup: bytes) -> bool:
    """Put text in Unicode's normal form C; whether some was not.

    Args:
        tree: the parsed page; changed in place.
        markup: what it was parsed from, UTF-8; the tree is read only where this shows a need.
    """
    if markup.isascii() or is_composed(markup):
        return False
    _compose_texts(tree)
    return True


def is_composed(markup: bytes) -> bool:
    """Whether text is in normal form C.

    Letters below U+0300 are, and most others that a page has: only what may combine is looked at, with what is right
    before it.
    """
    if (extension := find_walk().extension) is not None:
        found = extension.find_combining(markup)
        return not found or unicodedata.is_normalized("NFC", found.decode("utf-8"))
    around = _find_around(markup)
    if around is not None:
        text = around.decode("utf-8", "ignore")
        # what is of a combining class composes across others: then the whole text is looked at
        if not any(map(unicodedata.combining, text)) and unicodedata.is_normalized("NFC", text):
            return True
    return unicodedata.is_normalized("NFC", markup.decode("utf-8", "replace"))


def _find_around(markup: bytes) -> bytes | None:
    """Letters from U+0300 on with what is around each, those that repeat once; None where there are many."""
    codes = np.frombuffer(markup, dtype=np.uint8)
    places = np.flatnonzero(codes >= _FIRST_BYTE)
    if len(places) * _RARE >= len(markup):
        return None
    padded = np.concatenate((_EDGE, codes, _EDGE))
    return np.unique(sliding_window_view(padded, 2 * len(_EDGE))[places].view(np.uint64)).tobytes()


def _show_emails(tree: LexborHTMLParser, nodes: list[LexborNode]) -> None:
    unseen = tree.create_node("div")
    for node in nodes:
        link = _IN_LINK.search(node.attributes.get("href") or "")
        if link and (target := _decode(link[1])):
            node.attrs["href"] = f"mailto:{target}"
        shown = _decode(node.attributes.get("data-cfemail") or "")
        if shown:
            if node.tag == "a" and not link:
                node.attrs["href"] = f"mailto:{shown}"
            _replace_children(node, shown, unseen)


def _replace_children(node: LexborNode, text: str, unseen: LexborNode) -> None:
    """Put a text in the place of what an element holds.

    Args:
        unseen: where that goes; to free it would leave what was found in it without a tree.
    """
    for child in list(node.iter(include_text=True)):
        unseen.insert_child(child, move=True)
    node.insert_child(text)


def _show_formulas(tree: LexborHTMLParser, nodes: list[LexborNode]) -> None:
    """Put the TeX of an attribute in the place of what was drawn of it, as MathJax's source would stand there."""
    unseen = tree.create_node("div")
    room = _MOST_READ
    for node in nodes:
        attributes = node.attributes
        tex = (attributes.get("data-tex") or attributes.get("data-latex") or "").strip()
        if not 0 < len(tex) <= _MAX_FORMULA_CHARACTERS or "\\)" in tex or _is_verbatim(node) or room < 0:
            continue
        size = len(node.text(deep=True))
        room -= size
        if size <= _DRAWN_TIMES * len(tex) + _DRAWN_MORE:
            shown = f"\\[{tex}\\]" if node.tag == "div" else f"\\({tex}\\)"
            _replace_children(node, shown, unseen)


def _break_lines(tree: LexborHTMLParser, nodes: list[LexborNode]) -> None:
    """Put a `<br>` where a style keeps the end of a line."""
    seen: set[int] = set()
    texts: list[LexborNode] = []
    for outer in nodes:
        if outer.mem_id in seen:
            # inside an earlier one: they come in document order
            continue
        for node in outer.traverse(include_text=True):
            if node.tag != "-text":
                seen.add(node.mem_id)
            elif "\n" in (node.text_content or "").strip() and not _is_verbatim(node):
                texts.append(node)
    room = _MOST_LINES
    for text in texts:
        lines = (text.text_content or "").split("\n")
        room -= len(lines)
        if room < 0:
            break
        for number, line in enumerate(lines):
            if number:
                text.insert_before(tree.create_node("br"))
            if line:
                text.insert_before(line)
        text.decompose()


def _compose_texts(tree: LexborHTMLParser) -> None:
    if tree.root is None:
        return
    # first collected: a node that is replaced has no next one
    decomposed = [
        node
        for node in tree.root.traverse(include_text=True)
        if node.tag_id == TEXT
        and not (text := node.text_content or "").isascii()
        and not unicodedata.is_normalized("NFC", text)
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


# each kind of it, how its elements are told, and what is done with them
_SHOWN = (
    (_EMAILS, _may_have_email, _show_emails),
    (_FORMULAS, _may_have_formula, _show_formulas),
    (_LINES, _may_keep_lines, _break_lines),
)
