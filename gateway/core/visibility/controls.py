"""What may be clicked on a page, what attributes alone hide, and what stands right beside an element."""

from selectolax.lexbor import LexborNode

from gateway.core.dom.landmarks import Attributes
from gateway.core.dom.native import find_walk
from gateway.core.visibility.css import concealed_by, declarations, may_hide, same_colors

OPENERS = frozenset(("button", "summary"))
# links that lead nowhere else, and buttons that do
IN_PAGE = ("#", "javascript:")
_UNSEEN = frozenset(("style", "script", "link", "meta", "template", "noscript"))
_MOST_UNSEEN = 8
_SENDS = frozenset(("submit", "reset"))


def sibling(node: LexborNode, side: str) -> LexborNode | None:
    """The element right before (`prev`) or after (`next`) another, if no text stands between."""
    extension = find_walk().extension
    if extension is not None:
        return extension.element_beside(node, side == "next")
    other: LexborNode | None = getattr(node, side)
    while other is not None and other.is_text_node and not (other.text() or "").strip():
        other = getattr(other, side)
    return other if other is not None and other.is_element_node else None


def seen_beside(node: LexborNode, side: str) -> LexborNode | None:
    """As `sibling`, past comments and elements that draw nothing, unless there are many."""
    other: LexborNode | None = getattr(node, side)
    for _ in range(_MOST_UNSEEN):
        if other is None or (other.is_element_node and other.tag not in _UNSEEN):
            return other
        if other.is_text_node and (other.text() or "").strip():
            return None
        other = getattr(other, side)
    return None


def has_text_before(node: LexborNode) -> bool:
    before = node.prev
    return before is not None and before.is_text_node and bool((before.text() or "").strip())


def is_control(node: LexborNode, attributes: Attributes) -> bool:
    get = attributes.get
    if (
        "disabled" in attributes
        or get("type") in _SENDS
        or "true" in (get("aria-expanded"), get("aria-selected"))
    ):
        # it is open, and yet what it would open is not
        return False
    if node.tag == "a" and not (get("href") or "#").startswith(IN_PAGE) and "aria-expanded" not in attributes:
        return False
    return node.tag in OPENERS or get("role") in ("button", "tab") or "aria-expanded" in attributes


def is_concealed(attributes: Attributes) -> bool:
    """Whether its attributes alone hide it from those who see the page."""
    if "hidden" in attributes:
        return True
    if not (style := attributes.get("style")) or not may_hide(style):
        return False
    declared = declarations(style)
    return concealed_by(declared) != "" or same_colors(declared)
