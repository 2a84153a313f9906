"""The caller's own choice of a page: what CSS selectors keep and what they take out."""

from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from gateway.core.model.page import KeptNodes
from gateway.errors import InvalidRequest

# why an element is left out: the caller says so; what it draws, a formula or a picture, is read from beside it
REMOVED, DRAWN = "removed", "drawn"


def find_selected(tree: LexborHTMLParser, selector: str) -> list[LexborNode]:
    """The elements that match, in document order.

    Raises:
        InvalidRequest: if it is no CSS selector.
    """
    return _query(tree, selector, field="select")


def keep_below(matches: Iterable[LexborNode]) -> KeptNodes:
    """Everything below elements that are in document order."""
    texts: set[int] = set()
    elements: set[int] = set()
    for match in matches:
        if match.mem_id in elements:
            # inside an earlier match: matches come in document order
            continue
        for node in match.traverse(include_text=True):
            (texts if node.is_text_node else elements).add(node.mem_id)
        parent = match.parent
        while parent is not None and parent.mem_id not in elements:
            elements.add(parent.mem_id)
            parent = parent.parent
    return KeptNodes(texts, elements)


def find_removed(tree: LexborHTMLParser, selectors: Iterable[str]) -> dict[int, str]:
    """The elements that match any of the selectors; the tree itself stays whole.

    Raises:
        InvalidRequest: if one is no CSS selector.
    """
    return {node.mem_id: REMOVED for selector in selectors for node in _query(tree, selector, field="remove")}


def _query(tree: LexborHTMLParser, selector: str, *, field: str) -> list[LexborNode]:
    try:
        return tree.css(selector)
    except (SelectolaxError, ValueError) as exc:
        raise InvalidRequest(f"{field}: {selector!r} is no CSS selector", field=field) from exc
