"""Elements that are hidden alike: answers, slides and panels that a page shows in turn, or one text thrice."""

import re
from collections.abc import Collection, Sequence
from itertools import islice

from selectolax.lexbor import LexborNode

# of a series, at least
_LEAST = 3
# texts that differ, at least: clones of a slide say the same
_LEAST_TEXTS = 2
_TEXT_CHARACTERS = 200
# of all of them together: so much is content
_MUCH_CHARACTERS = 1000
# of a series, that are looked at, and elements beside each
_MOST = 20
_MOST_BESIDE = 20
_PICTURES = frozenset(("img", "picture", "svg", "video"))
_DIGITS = re.compile(r"\d++")


class Series:
    """Tells which hidden elements of a page are a series; what many groups have beside them is read once."""

    def __init__(self, found: Collection[int]) -> None:
        """
        Args:
            found: the mem_ids of hidden elements; may shrink meanwhile.
        """
        self._found = found
        # by mem_id: whether it says something, and its classes
        self._says: dict[int, bool] = {}
        self._classes: dict[int, str | None] = {}

    def has(self, group: Sequence[tuple[LexborNode, int]], *, are_seen: bool, is_widget: bool) -> bool:
        """Whether elements of one tag, one class and one way of hiding are parts of a page that it shows in turn.

        They say different things, and are long together, or one more of them is seen, or each stands in a box of its
        own with something that is seen, or as part of a widget.

        Args:
            group: the elements, and the characters in each.
            are_seen: whether only screen readers miss them.
            is_widget: whether a widget that reveals is called as they are.
        """
        if len(group) < _LEAST or are_seen:
            return len(group) >= _LEAST
        some = [node for node, _ in group[:_MOST]]
        if len({_DIGITS.sub("", node.text_lexbor()[:_TEXT_CHARACTERS]) for node in some}) < _LEAST_TEXTS:
            return False
        if sum(characters for _, characters in group) >= _MUCH_CHARACTERS or self._has_twin(some[0]):
            return True
        boxes = {
            box.mem_id
            for node in some
            if (box := node.parent) is not None and (is_widget or self._has_seen(box))
        }
        return len(boxes) >= _LEAST

    def _has_seen(self, box: LexborNode) -> bool:
        """Whether a text or picture that is seen stands in a box."""
        return any(
            below.mem_id not in self._found and (below.tag in _PICTURES or self._has_text(below))
            for below in islice(box.iter(include_text=True), _MOST_BESIDE)
        )

    def _has_twin(self, node: LexborNode) -> bool:
        """Whether an element of the same tag and classes stands beside one, and is seen."""
        box, classes = node.parent, node.attributes.get("class")
        return box is not None and any(
            below.tag == node.tag
            and below.mem_id not in self._found
            and self._classes_of(below) == classes
            and self._has_text(below)
            for below in islice(box.iter(), _MOST_BESIDE)
        )

    def _has_text(self, node: LexborNode) -> bool:
        known = self._says.get(node.mem_id)
        if known is None:
            text = node.text(deep=node.is_element_node) or ""
            known = self._says[node.mem_id] = text != "" and not text.isspace()
        return known

    def _classes_of(self, node: LexborNode) -> str | None:
        mem_id = node.mem_id
        if mem_id not in self._classes:
            self._classes[mem_id] = node.attributes.get("class")
        return self._classes[mem_id]
