"""What on a page shows its hidden elements: widgets, known by their names, and the controls that open them."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Attributes, is_for_screen_readers
from gateway.core.dom.native import find_marked

_CONTROLS = ("[popovertarget]", "[aria-controls]", "[data-target]", "[data-bs-target]", '[href^="#"]')
_CONTROL_ATTRIBUTES = ("popovertarget", "aria-controls", "data-target", "data-bs-target", "href")
_OPENERS = frozenset(("button", "summary"))
_TOPS = frozenset(("html", "body", "main"))
# whose names are asked too
_PARENTS = 2

_WIDGET = re.compile(
    r"tab(?!le|let|ul|in)|pane|accord|collaps|carousel|slide|swiper|slick|splide|faq|answer|toggle|expand"
    r"|disclos|truncat|reveal|spoiler|read-?more|show-?more|gallery|elementor-invisible"
)
_NEVER = re.compile(r"modal|pop-?up|menu|dropdown|drawer|tooltip|popover|cookie|consent|newsletter")


class Widgets:
    """The widgets of a tree; what is known of names and elements is kept, since pages repeat theirs."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        # names -> whether a widget that reveals is called so
        self._reveal: dict[str, bool] = {}
        # names -> whether what is called so is never content
        self._nevers: dict[str, bool] = {}
        # mem_id -> whether it is called so
        self._parents: dict[int, bool] = {}
        self._controlled: set[str] | None = None

    def is_never_content(self, names: str) -> bool:
        """Whether what is called so may be shown, but is no content."""
        known = self._nevers.get(names)
        if known is None:
            known = self._nevers[names] = _NEVER.search(names) is not None
        return known

    def reveal(self, node: LexborNode, attributes: Attributes, names: str, reason: str) -> bool:
        """Whether a hidden element is a part of a widget, or something opens it.

        Args:
            names: `names_of(attributes)`.
            reason: what hides it.
        """
        own_id = attributes.get("id") or ""
        return (
            own_id[1:2] == ":"
            or self._is_widget(names)
            or _is_opened(node, reason)
            or self._is_in_widget(node)
            or (own_id != "" and own_id in self._controlled_ids())
        )

    def _is_widget(self, names: str) -> bool:
        known = self._reveal.get(names)
        if known is None:
            known = self._reveal[names] = _WIDGET.search(names) is not None
        return known

    def _is_in_widget(self, node: LexborNode) -> bool:
        parent = node.parent
        for _ in range(_PARENTS):
            if parent is None or parent.tag in _TOPS:
                return False
            mem_id = parent.mem_id
            known = self._parents.get(mem_id)
            if known is None:
                known = self._parents[mem_id] = self._is_widget(names_of(parent.attributes))
            if known:
                return True
            parent = parent.parent
        return False

    def _controlled_ids(self) -> set[str]:
        if self._controlled is None:
            self._controlled = set()
            for _, attributes in find_marked(self._tree, _CONTROLS):
                for name in _CONTROL_ATTRIBUTES:
                    if value := attributes.get(name):
                        self._controlled.update(value.replace("#", " ").split())
        return self._controlled


def names_of(attributes: Attributes) -> str:
    """What an element is called, in lower case."""
    get = attributes.get
    return f"{get('class') or ''} {get('id') or ''} {get('role') or ''}".lower()


def _is_opened(node: LexborNode, reason: str) -> bool:
    """Whether what stands right before the element opens it, or is its twin for screen readers."""
    before = node.prev
    while before is not None and before.is_text_node and not (before.text() or "").strip():
        before = before.prev
    if before is None or not before.is_element_node:
        return False
    attributes = before.attributes
    if reason == "aria-hidden":
        # <span class="sr-only">Price: 5 euros</span><span aria-hidden="true">5 €</span>
        return is_for_screen_readers(attributes.get("class") or "")
    opens = (
        before.tag in _OPENERS or attributes.get("role") in ("button", "tab") or "aria-expanded" in attributes
    )
    return opens and _is_seen(before, attributes)


def _is_seen(control: LexborNode, attributes: Attributes) -> bool:
    """Whether a reader can find it: it says something, or draws an icon."""
    if attributes.get("aria-label") or attributes.get("title"):
        return True
    return any(
        below.is_element_node or (below.is_text_node and (below.text() or "").strip())
        for below in control.iter(True)
    )
