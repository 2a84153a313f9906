"""Letters that style sheets paint in the colour of what is behind them.

Nearly every sheet has white letters and a white background somewhere; what stands on what is known only where both
are looked for on the page. So only sheets are read that are short, or stand in the page's body, where others than
the site's author may put them, and a background counts only where nothing on the way to it may have another.
"""

import re
from collections.abc import Callable

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Attributes
from gateway.core.visibility.css import background_of, color_of, letters_of
from gateway.core.visibility.matching import Matcher
from gateway.core.visibility.selectors import classes_of, is_plain, names_in, specificity
from gateway.core.visibility.shades import Shades
from gateway.core.visibility.sheets import Rule, Sheets

# of the sheets, at their end
MAX_BYTES = 4_000
_MAX_BLOCKS = 60
_MAX_SELECTORS = 200
_MAX_LETTERS = 500
_MAX_LAYERS = 5
# elements around a letter's
_MAX_OUTER = 64
_SIGN = re.compile(rb"[{;\s](?:color|background(?:-color|-image)?|-webkit-text-fill-color)\s*+:", re.I)
_GROUNDS = frozenset(("background", "background-color", "background-image"))
_LETTERS = frozenset(("color", "-webkit-text-fill-color"))
NO_GROUND = frozenset(("none", "transparent", "initial", "unset", "inherit", "0", "0 0"))
# what sets letters off from their background, or lays them over a picture
_SET_OFF = ("text-shadow", "mix-blend-mode", "-webkit-text-stroke")
LIFTED = ("absolute", "fixed", "sticky")
_BLANK = "transparent"


class _Ground(Struct, frozen=True):
    weight: tuple[bool, int, int]
    # as `background_of`; `transparent` where there is none
    color: str
    rule: Rule


class Painted:
    """What the sheets of a page paint, as far as they are read."""

    def __init__(
        self,
        sheets: Sheets,
        tree: LexborHTMLParser,
        begin: int,
        *,
        is_whole: Callable[[], bool],
        stated: Callable[[], tuple[set[str], set[str]]],
        names: object | None,
    ) -> None:
        """
        Args:
            begin: the place in the sheets from which they are read.
            is_whole: asked whether the page has no other sheets than those from there on.
            names: the extension's `read_page_names` of the page, if that is at hand.
            stated: asked for the colours that attributes of the page give letters, and backgrounds.
        """
        self.letters: list[tuple[LexborNode, Attributes, Rule]] = []
        self._grounds: dict[int, _Ground] = {}
        self._lifted: set[int] = set()
        # those in which something lies over their own background, under their letters
        self._covered: set[int] = set()
        self._names: set[str] = set()
        blocks = sheets.find_blocks(_SIGN, begin, _MAX_BLOCKS)
        self._may_be_whole = len(blocks) < _MAX_BLOCKS
        self._is_whole = is_whole
        if not blocks:
            return
        letters, behind = stated()
        grounds = {place: ground_of(style) for place, style in blocks if not _GROUNDS.isdisjoint(style)}
        behind |= set(grounds.values())
        if self.is_whole:
            behind.add("ffffff")
        shades = Shades(behind)
        colors = {
            place: color
            for place, style in blocks
            if (color := _color_of(style)) and shades.may_have_near(color)
        }
        if not colors and not any(map(shades.may_have_near, letters)):
            return
        rules: list[tuple[Rule, str]] = []
        layers: list[str] = []
        for place, style in blocks:
            color = colors.get(place, "")
            parts = sheets.selectors_of(place) if color or place in grounds else ()
            is_layer = place in grounds and style.get("position") in LIFTED and grounds[place] != _BLANK
            if is_layer:
                layers += filter(is_plain, parts)
                rules += [
                    (Rule(part, style, "drawn", _GROUNDS, place), "") for part in sheets.drawn_of(place)
                ]
            for part in parts:
                self._names.update(names_in(part))
                if color:
                    rules.append((Rule(part, style, "letters", _LETTERS, place), color))
                if place in grounds:
                    rules.append((Rule(part, style, "ground", _GROUNDS, place), ""))
        self._may_be_whole &= len(rules) <= _MAX_SELECTORS
        rules = rules[:_MAX_SELECTORS]
        matcher = Matcher([rule.selector for rule, _ in rules])
        for node, attributes, index in matcher.match(tree, names):
            rule, color = rules[index]
            if rule.reason == "drawn":
                self._covered.add(node.mem_id)
                continue
            if _is_lifted(rule.style):
                self._lifted.add(node.mem_id)
            if color:
                if len(self.letters) < _MAX_LETTERS:
                    self.letters.append((node, attributes, rule))
                continue
            weight = sheets.is_important(rule), specificity(rule.selector), rule.place
            known = self._grounds.get(node.mem_id)
            if known is None or weight > known.weight:
                self._grounds[node.mem_id] = _Ground(weight, grounds[rule.place], rule)
        self._may_be_whole &= not matcher.is_cut
        # a layer is empty more often than not, and then the matcher leaves it out
        for layer in tree.css(",".join(layers[:_MAX_LAYERS]))[:_MAX_LETTERS] if layers else ():
            if (box := layer.parent) is not None:
                self._covered.add(box.mem_id)

    @property
    def is_whole(self) -> bool:
        """Whether the page has no other sheets than those that were read, and these were read to their end."""
        return self._may_be_whole and self._is_whole()

    @property
    def grounds(self) -> set[str]:
        """The colours of backgrounds on the page."""
        return {ground.color for ground in self._grounds.values()}

    def ground(self, node: LexborNode) -> tuple[str, Rule | None]:
        """The background that a sheet gives an element, and the rule that does; `transparent` where none does."""
        known = self._grounds.get(node.mem_id)
        return (known.color, known.rule) if known is not None else (_BLANK, None)

    def is_covered(self, node: LexborNode) -> bool:
        """Whether a layer with a background, an element or a drawn one, lies over the element's own."""
        return node.mem_id in self._covered

    def may_be_other(self, node: LexborNode, attributes: Attributes) -> bool:
        """Whether an element may have a background of which nothing is known, or lie over something else."""
        if node.mem_id in self._lifted:
            return True
        if self.is_whole:
            return False
        own_id = attributes.get("id")
        names = classes_of(attributes.get("class")) + ([own_id] if own_id else [])
        return not self._names.issuperset(names)


def ground_of(style: dict[str, str]) -> str:
    """As `background_of`, and `transparent` where it says that there is none."""
    if style.get("background-image", "none") not in NO_GROUND:
        return ""
    values = [style[name] for name in ("background-color", "background") if name in style]
    if all(value in NO_GROUND for value in values):
        return _BLANK
    return background_of(style)


def _is_lifted(style: dict[str, str]) -> bool:
    """Whether an element may lie over what stands before it."""
    return style.get("position") in LIFTED or any(
        style.get(name, "").startswith("-") for name in ("margin-top", "margin", "top")
    )


def has_own_text(node: LexborNode) -> bool:
    """Whether letters in an element have its colour: those right in it, or in nothing but a plain element in it."""
    for _ in range(_MAX_OUTER):
        inner = [
            child
            for child in node.iter(include_text=True)
            if not child.is_text_node or (child.text() or "").strip()
        ]
        if any(child.is_text_node for child in inner):
            return True
        if len(inner) != 1 or inner[0].attributes or inner[0].tag in ("a", "button"):
            return False
        node = inner[0]
    return False


def _color_of(style: dict[str, str]) -> str:
    """The opaque colour of letters that nothing sets off; empty where there is none."""
    if any(name in style for name in _SET_OFF):
        return ""
    color = color_of(letters_of(style))
    return color if len(color) == 6 else ""
