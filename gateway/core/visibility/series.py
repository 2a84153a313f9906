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


def is_series(
    group: Sequence[tuple[LexborNode, int]], found: Collection[int], *, are_seen: bool, is_widget: bool
) -> bool:
    """Whether elements of one tag, one class and one way of hiding are parts of a page that it shows in turn.

    They say different things, and are long together, or one more of them is seen, or each stands in a box of its own
    with something that is seen, or as part of a widget.

    Args:
        group: the elements, and the characters in each.
        found: the mem_ids of hidden elements.
        are_seen: whether only screen readers miss them.
        is_widget: whether a widget that reveals is called as they are.
    """
    if len(group) < _LEAST or are_seen:
        return len(group) >= _LEAST
    some = [node for node, _ in group[:_MOST]]
    if len({_DIGITS.sub("", node.text_lexbor()[:_TEXT_CHARACTERS]) for node in some}) < _LEAST_TEXTS:
        return False
    if sum(characters for _, characters in group) >= _MUCH_CHARACTERS or _has_twin(some[0], found):
        return True
    boxes = {
        box.mem_id
        for node in some
        if (box := node.parent) is not None and (is_widget or _has_seen(box, found))
    }
    return len(boxes) >= _LEAST


def _has_seen(box: LexborNode, found: Collection[int]) -> bool:
    """Whether a text or picture that is seen stands in a box."""
    return any(
        below.mem_id not in found
        and (below.tag in _PICTURES or (below.text(deep=below.is_element_node) or "").strip())
        for below in islice(box.iter(include_text=True), _MOST_BESIDE)
    )


def _has_twin(node: LexborNode, found: Collection[int]) -> bool:
    """Whether an element of the same tag and classes stands beside one, and is seen."""
    box, classes = node.parent, node.attributes.get("class")
    return box is not None and any(
        below.tag == node.tag
        and below.mem_id not in found
        and below.attributes.get("class") == classes
        and (below.text() or "").strip()
        for below in islice(box.iter(), _MOST_BESIDE)
    )
