"""What on a page shows its hidden elements: widgets, known by their names, and the controls that open them."""

import re
from collections.abc import Collection
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.descent import TAGS
from gateway.core.dom.landmarks import Attributes, Landmarks, Mark, Query, is_for_screen_readers
from gateway.core.dom.native import find_marked, find_walk
from gateway.core.dom.tags import ID
from gateway.core.visibility.controls import (
    IN_PAGE,
    OPENERS,
    has_text_before,
    is_concealed,
    is_control,
    seen_beside,
    sibling,
)

# what may name the element that it opens
CONTROLS = Query(("[popovertarget]", "[aria-controls]", "[data-target]", "[data-bs-target]", '[href^="#"]'))
_CONTROL_ATTRIBUTES = ("popovertarget", "aria-controls", "data-target", "data-bs-target", "href")
# openers, as the extension takes them
_OPENER_NUMBERS = bytes(number in {ID[tag] for tag in OPENERS} for number in range(TAGS))
# what opens a part of a widget besides, right before it
_LABELS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "dt", "label"))
_TOPS = frozenset(("html", "body", "main"))
# the same, as the extension takes it
_TOP_NUMBERS = bytes(number in {ID[tag] for tag in _TOPS} for number in range(TAGS))
# whose names are asked too
_PARENTS = 2
# elements around a control that stands beside what it opens, and itself
_CONTROL_DEPTH = 3
# elements around a control that names what it opens, and such controls of one element
_OUTER = 16
_MOST_CONTROLS = 8
# what draws without a name
_DRAWN = frozenset(("img", "picture", "svg", "i", "video", "canvas", "object"))
# a class of elements that fade in, and how that hides
_FADING = "elementor-invisible"
_FADES = frozenset(("visibility", "opacity"))
# signs that are no label by themselves
_NO_LABEL = " \t\r\n\f\xa0.,:;·|'"
# of a piece of React's stream, in front of its number
_STREAMED = "S:"
# elements of a widget that are looked at
_MOST_PARTS = 64

# what rules and attributes hide an element by: class, style, hidden, aria-hidden
Look = tuple[str | None, ...]
# an element, its attributes, and whether a widget is called so
_Level = tuple[LexborNode, Attributes, bool]

_WIDGET = re.compile(
    r"tab(?!le|let|ul|in|lish|ase|oo)|(?<!ja)pane|accord|collaps|carousel|slide|swiper|slick|splide|faq|answer|toggle|expand"
    r"|disclos|truncat|reveal|spoiler|read-?more|show-?more|gallery|elementor-invisible"
)
_NEVER = re.compile(r"modal|pop-?up|menu|dropdown|drawer|tooltip|popover|cookie|consent|newsletter")


class Widgets:
    """The widgets of a tree; what is known of names and elements is kept, since pages repeat theirs."""

    def __init__(self, tree: LexborHTMLParser, marks: Landmarks) -> None:
        self._tree = tree
        self._marks = marks
        # names -> whether a widget that reveals is called so
        self._reveal: dict[str, bool] = {}
        # names -> whether what is called so is never content
        self._nevers: dict[str, bool] = {}
        # mem_id, and whether it is in a widget -> how the elements in it look that are seen, and parts of one
        self._parts: dict[tuple[int, bool], set[Look]] = {}
        # by mem_id
        self._levels: dict[int, _Level] = {}
        # mem_id -> whether something beside it may open it
        self._labelled: dict[int, bool] = {}
        # id -> what says that it opens what is called so, the first of them
        self._controls: dict[str, list[Mark]] | None = None
        # ids of the places that React fills with pieces of its stream
        self._places: set[str] | None = None
        # mem_ids of elements that readers cannot see, whatever their own attributes say
        self._gone: Collection[int] = ()
        # mem_id -> whether its own attributes and what it says let readers find it, or its attributes hide it: one
        # may be asked for all that it opens, and be long
        self._shown: dict[int, bool] = {}
        self._concealed: dict[int, bool] = {}
        # mem_id of a control -> those of what it is in; None where that is hidden
        self._outer: dict[int, frozenset[int] | None] = {}

    def is_never_content(self, names: str) -> bool:
        """Whether what is called so may be shown, but is no content."""
        known = self._nevers.get(names)
        if known is None:
            known = self._nevers[names] = _NEVER.search(names) is not None
        return known

    def reveal(self, node: LexborNode, attributes: Attributes, reason: str, names: str) -> bool:
        """Whether a hidden element is a part of a widget that readers see, or something opens it.

        Args:
            reason: what hides it.
            names: `names_of` the attributes.
        """
        own_id = attributes.get("id") or ""
        return (
            (own_id.startswith(_STREAMED) and self._is_awaited(own_id.removeprefix(_STREAMED)))
            or self._is_opened(node, reason)
            or self._is_part(node, attributes, reason, names)
            or (own_id != "" and self._is_controlled(node, own_id))
        )

    def leave_out(self, gone: Collection[int]) -> None:
        """From now on these elements open nothing, nor does what is in them.

        Args:
            gone: mem_ids.
        """
        self._gone = gone
        self._parts.clear()
        self._labelled.clear()
        self._shown.clear()
        self._outer.clear()

    def _is_awaited(self, piece: str) -> bool:
        """Whether the page has the place of a piece of React's stream: a boundary, or a part of another piece."""
        if self._places is None:
            self._places = {template.id or "" for template in self._tree.css("template[id]")}
        return not self._places.isdisjoint((f"B:{piece}", f"P:{piece}"))

    def _is_opened(self, node: LexborNode, reason: str) -> bool:
        """Whether what stands right before the element opens it, or is its twin for screen readers."""
        extension = find_walk().extension
        if reason == "aria-hidden":
            # <span class="sr-only">Price: 5 euros</span><span aria-hidden="true">5 €</span>
            classes = extension.class_before(node) if extension is not None else _class_before(node)
            return is_for_screen_readers(classes or "")
        # most are none, and need not become nodes
        before = (
            extension.control_before(node, _OPENER_NUMBERS)
            if extension is not None
            else sibling(node, "prev")
        )
        if before is None:
            return False
        attributes = before.attributes
        return is_control(before, attributes) and self._is_seen(before, attributes)

    def is_widget(self, names: str) -> bool:
        """Whether a widget that reveals is called so."""
        known = self._reveal.get(names)
        if known is None:
            known = self._reveal[names] = _WIDGET.search(names) is not None
        return known

    def _is_part(self, node: LexborNode, attributes: Attributes, reason: str, names: str) -> bool:
        """Whether it, or what it is in, is called a widget, and readers see another part of that.

        A name alone opens nothing. But `aria-hidden` elements are seen, and custom elements are invisible until
        their script has run.
        """
        is_widget, extension = self.is_widget(names), find_walk().extension
        if not is_widget and extension is not None:
            # most are in none, and then no node is made of what they are in
            above = extension.names_above(node, _PARENTS, _TOP_NUMBERS)
            if above is not None and not self.is_widget(above.lower()):
                return False
        around = [(node, attributes, is_widget), *self._levels_above(node)]
        named = [
            level
            for level, (_, own, is_named) in enumerate(around)
            if is_named and (reason in _FADES or not self._only_fades(own))
        ]
        if not named:
            return False
        if reason == "aria-hidden" or (reason == "visibility" and _is_custom(node)):
            return True
        for level, (at, own, _) in enumerate(around[: named[-1] + 1]):
            if self._has_label(at) or (
                (level in named or _is_item(at))
                and self._has_part(at, _look_of(own), is_inside=level < named[-1])
            ):
                return True
            if self._is_open(at):
                break
        return False

    def _only_fades(self, attributes: Attributes) -> bool:
        """Whether all that is revealed of an element is what it is see-through for."""
        names = names_of(attributes)
        return _FADING in names and not self.is_widget(names.replace(_FADING, ""))

    def _is_open(self, node: LexborNode) -> bool:
        """Whether a paragraph is seen right beside an element: what opens the box around both does not open it."""
        for side in ("prev", "next"):
            beside = seen_beside(node, side)
            if beside is not None and beside.tag == "p" and self._is_seen(beside):
                return True
        return False

    def _levels_above(self, node: LexborNode) -> list[_Level]:
        """What an element is in, as far as its names are asked."""
        levels: list[_Level] = []
        outer = node.parent
        while len(levels) < _PARENTS and outer is not None and outer.tag not in _TOPS:
            known = self._levels.get(outer.mem_id)
            if known is None:
                # once for all that is in it: its names may be long
                attributes = outer.attributes
                known = outer, attributes, self.is_widget(names_of(attributes))
                self._levels[outer.mem_id] = known
            levels.append(known)
            outer = outer.parent
        return levels

    def _has_part(self, node: LexborNode, look: Look, *, is_inside: bool) -> bool:
        """Whether one of the first elements beside it is seen, is a part of a widget and looks otherwise.

        Args:
            is_inside: whether all beside it are in a widget.
        """
        parent = node.parent
        if parent is None:
            return False
        key = parent.mem_id, is_inside
        known = self._parts.get(key)
        if known is None:
            known = self._parts[key] = set()
            for child in islice(parent.iter(), _MOST_PARTS):
                attributes = child.attributes
                if (
                    (is_inside and child.tag != "p") or self.is_widget(names_of(attributes))
                ) and self._is_seen(child, attributes):
                    known.add(_look_of(attributes))
        return len(known) > (look in known)

    def _has_label(self, node: LexborNode) -> bool:
        """Whether right before it stands what may be clicked, or a control right after it."""
        known = self._labelled.get(node.mem_id)
        if known is None:
            before, after = sibling(node, "prev"), sibling(node, "next")
            known = (before is not None and (self._is_label(before) or self._holds_control(before))) or (
                # a heading's link to itself opens nothing
                after is not None and after.tag not in _LABELS and self._holds_control(after)
            )
            self._labelled[node.mem_id] = known
        return known

    def _is_label(self, node: LexborNode) -> bool:
        return node.tag in _LABELS and self._is_seen(node)

    def _holds_control(self, node: LexborNode) -> bool:
        """Whether it, or what it begins with, is a control or a link in the page that readers see."""
        at: LexborNode | None = node
        for _ in range(_CONTROL_DEPTH):
            if at is None:
                return False
            attributes = at.attributes
            is_link = at.tag == "a" and (attributes.get("href") or "#").startswith(IN_PAGE)
            if is_link or is_control(at, attributes):
                return self._is_seen(at, attributes)
            inner = next(at.iter(), None)
            if at.tag == "p" and inner is not None and has_text_before(inner):
                # a link within prose, such as a footnote's
                return False
            at = inner
        return False

    def _is_controlled(self, node: LexborNode, own_id: str) -> bool:
        """Whether something outside the element that readers see says that it opens it."""
        if self._controls is None:
            self._controls = self._find_controls()
        return any(
            self._is_seen(*control) and self._is_reached(control[0], node)
            for control in self._controls.get(own_id, ())
        )

    def _find_controls(self) -> dict[str, list[Mark]]:
        found: dict[str, list[Mark]] = {}
        controls = self._marks.also.get(CONTROLS)
        if controls is None:
            controls = find_marked(self._tree, CONTROLS.selectors)
        for control in controls:
            get = control[1].get
            for name in _CONTROL_ATTRIBUTES:
                if (value := get(name)) and value != "#":
                    for own_id in value.replace("#", " ").split():
                        known = found.setdefault(own_id, [])
                        if len(known) < _MOST_CONTROLS:
                            known.append(control)
        return found

    def _is_reached(self, control: LexborNode, node: LexborNode) -> bool:
        """Whether a control is not in the element that it opens, nor in another that is hidden."""
        mem_id = control.mem_id
        if mem_id not in self._outer:
            self._outer[mem_id] = self._read_outer(control)
        outer = self._outer[mem_id]
        return outer is not None and node.mem_id not in outer

    def _read_outer(self, control: LexborNode) -> frozenset[int] | None:
        """The mem_ids of what a control is in, as far as that is looked at; None where one of them is hidden."""
        found: list[int] = []
        outer = control.parent
        while outer is not None and len(found) < _OUTER:
            mem_id = outer.mem_id
            known = self._concealed.get(mem_id)
            if known is None:
                known = self._concealed[mem_id] = is_concealed(outer.attributes)
            if known or mem_id in self._gone:
                return None
            found.append(mem_id)
            outer = outer.parent
        return frozenset(found)

    def _is_seen(self, node: LexborNode, attributes: Attributes | None = None) -> bool:
        """
        Args:
            attributes: of the element, if they are at hand.
        """
        mem_id = node.mem_id
        if mem_id in self._gone:
            return False
        known = self._shown.get(mem_id)
        if known is None:
            known = self._shown[mem_id] = self._is_shown(
                node, node.attributes if attributes is None else attributes
            )
        return known

    def _is_shown(self, node: LexborNode, attributes: Attributes) -> bool:
        """Whether a reader can find it: it says something or draws an icon, and nothing in its attributes hides it."""
        get = attributes.get
        if get("aria-hidden") == "true" or is_for_screen_readers(get("class") or ""):
            return False
        if is_concealed(attributes):
            return False
        return bool(get("aria-label") or get("title")) or self._says(node, _CONTROL_DEPTH)

    def _says(self, node: LexborNode, depth: int) -> bool:
        """Whether text is right in an element, or an element that may be an icon or have text."""
        for below in islice(node.iter(True), _MOST_PARTS):
            if below.is_text_node:
                if (below.text() or "").strip(_NO_LABEL):
                    return True
            elif below.is_element_node:
                attributes = below.attributes
                if below.mem_id in self._gone or is_concealed(attributes):
                    continue
                # what has no name is no icon
                if attributes or below.tag in _DRAWN or depth == 0 or self._says(below, depth - 1):
                    return True
        return False


def names_of(attributes: Attributes) -> str:
    """What an element is called, in lower case."""
    get = attributes.get
    return f"{get('class') or ''} {get('id') or ''} {get('role') or ''}".lower()


def _look_of(attributes: Attributes) -> Look:
    get = attributes.get
    return get("class"), get("style"), get("hidden", "no"), get("aria-hidden")


def _is_item(node: LexborNode) -> bool:
    """Whether an element without a name may be one of those that a widget shows in turn: another stands beside it."""
    if node.tag == "p":
        return False
    return any(
        (other := sibling(node, side)) is not None and other.tag == node.tag for side in ("prev", "next")
    )


def _is_custom(node: LexborNode) -> bool:
    """Whether it, what it is in or the first element in it is a custom element."""
    return any(
        at is not None and "-" in (at.tag or "") for at in (node, node.parent, next(node.iter(), None))
    )


def _class_before(node: LexborNode) -> str | None:
    before = sibling(node, "prev")
    return before.attributes.get("class") if before is not None else None
