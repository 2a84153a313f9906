"""Letters in the colour of what is behind them, whether attributes or style sheets say so."""

from collections.abc import Collection, Iterator
from functools import cache, partial

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Attributes, Landmarks
from gateway.core.visibility.css import background_of, clips_background, color_of, is_near, letters_of
from gateway.core.visibility.declared import Declared
from gateway.core.visibility.painted import LIFTED, MAX_BYTES, NO_GROUND, Painted, has_own_text
from gateway.core.visibility.shades import Shades
from gateway.core.visibility.sheet_sources import count_inside, has_others
from gateway.core.visibility.sheets import Sheets


class Grounds:
    """The backgrounds of a page, and the letters on them."""

    def __init__(
        self,
        tree: LexborHTMLParser,
        marks: Landmarks,
        css: bytes,
        rules: Sheets,
        declared: Declared,
    ) -> None:
        """
        Args:
            css: all sheets, as `rules` reads them.
        """
        self._tree = tree
        self._marks = marks
        self._css = css
        self._rules = rules
        self._declared = declared
        # colours -> whether a background is near
        self._near: dict[str, bool] = {}
        # all backgrounds
        self._shades: Shades | None = None
        # mem_id, whether what is in it leaves the background unsure, and `is_by_rule` -> the colour behind
        self._behind: dict[tuple[int, bool, bool], str] = {}
        # colours of backgrounds
        self._stated: set[str] | None = None
        self._letters: set[str] = set()
        self._plain: bool | None = None
        # whether the page has sheets that are not at hand; without this object, which holds what asks it
        self._is_styled = cache(partial(_has_other_sheets, marks, css))
        self._painted: Painted | None = None

    def same_color(self, node: LexborNode, style: dict[str, str]) -> str:
        """`color` where an attribute gives letters no colour, or that of what is behind them; else empty."""
        color = color_of(letters_of(style))
        if color == "transparent":
            return "" if clips_background(style) else "color"
        known = self._near.get(color)
        if known is None:
            if self._shades is None:
                paint = self._read_paint()
                white = {"ffffff"} if paint.is_whole else set()
                self._shades = Shades(self._backgrounds() | paint.grounds | white)
            known = self._near[color] = self._shades.may_have_near(color)
        if not known:
            return ""
        return "color" if is_near(color, self._background(node)) else ""

    def find_same(self, found: Collection[int]) -> Iterator[tuple[LexborNode, Attributes]]:
        """The elements to which a rule gives the colour of what is behind them.

        Args:
            found: the mem_ids of those that need not come; may grow meanwhile.
        """
        for node, attributes, rule in self._read_paint().letters if self._css else ():
            if node.mem_id in found or not has_own_text(node) or self._declared.outweighs(rule, attributes):
                continue
            if is_near(color_of(letters_of(rule.style)), self._background(node, is_by_rule=True)):
                yield node, attributes

    def _read_paint(self) -> Painted:
        """What sheets paint: all of them where they are short, else what stands in the body."""
        if self._painted is None:
            size, begin, is_styled = self._rules.size, 0, self._is_styled
            if size > MAX_BYTES:
                begin = size - min(MAX_BYTES, count_inside(self._marks))
            self._painted = Painted(
                self._rules,
                self._tree,
                begin,
                is_whole=lambda: begin == 0 and not is_styled(),
                stated=self._stated_colors,
                names=self._marks.names,
            )
        return self._painted

    def _stated_colors(self) -> tuple[set[str], set[str]]:
        """The colours that attributes give letters, and all backgrounds that they may have."""
        return self._letters, set(self._backgrounds())

    def _background(self, node: LexborNode, *, is_by_rule: bool = False) -> str:
        """The colour right behind a node, where styles tell; white on a page without style sheets.

        Args:
            is_by_rule: whether a rule says what colour stands on it, and not an attribute.
        """
        is_unsure = False
        passed: list[tuple[int, bool, bool]] = []
        known: str | None = None
        at: LexborNode | None = node
        while known is None and at is not None and at.tag != "html":
            # once for all that is in it, however deep
            look = at.mem_id, is_unsure, is_by_rule
            known = self._behind.get(look)
            if known is None:
                passed.append(look)
                known, is_unsure = self._read_background(at, is_unsure=is_unsure, is_by_rule=is_by_rule)
                at = at.parent
        if known is None:
            paint = self._read_paint()
            if at is None or is_unsure or not paint.is_whole:
                known = "" if is_by_rule else self._page_background()
            else:
                color, _ = paint.ground(at)
                known = "ffffff" if color == "transparent" else color
        self._behind.update(dict.fromkeys(passed, known))
        return known

    def _read_background(
        self, node: LexborNode, *, is_unsure: bool, is_by_rule: bool
    ) -> tuple[str | None, bool]:
        """The background of an element itself, None without one; and whether what is behind is unsure with it."""
        paint, attributes = self._read_paint(), node.attributes
        style, _ = self._declared.style(attributes.get("style") or "")
        color, rule = paint.ground(node)
        if paint.is_covered(node) or style.get("background-image", "none") not in NO_GROUND:
            # letters lie over something else
            return "", is_unsure
        if "background" in style or "background-color" in style:
            return "" if is_by_rule and is_unsure else background_of(style), is_unsure
        if rule is not None and color != "transparent":
            return "" if is_unsure or self._declared.outweighs(rule, attributes) else color, is_unsure
        if bgcolor := attributes.get("bgcolor"):
            return "" if is_by_rule and is_unsure else color_of(bgcolor.lower()), is_unsure
        is_unsure = is_unsure or style.get("position") in LIFTED or paint.may_be_other(node, attributes)
        return None, is_unsure

    def _backgrounds(self) -> set[str]:
        """All that `_background` may give."""
        if self._stated is None:
            texts: set[str | None] = set()
            colors: set[str | None] = set()
            for _, attributes in self._marks.concealed:
                if "style" in attributes:
                    texts.add(attributes["style"])
                if "bgcolor" in attributes:
                    colors.add(attributes["bgcolor"])
                if color := attributes.get("color"):
                    self._letters.add(color_of(color.lower()))
            self._stated = {self._page_background(), *(color_of(color.lower()) for color in colors if color)}
            for text in texts:
                style, _ = self._declared.style(text or "")
                if value := letters_of(style):
                    self._letters.add(color_of(value))
                if "background" in style or "background-color" in style:
                    self._stated.add(background_of(style))
        return self._stated

    def _page_background(self) -> str:
        if self._plain is None:
            self._plain = not self._is_styled() and b"background" not in self._css
        return "ffffff" if self._plain else ""


def _has_other_sheets(marks: Landmarks, css: bytes) -> bool:
    return has_others(marks) or b"@import" in css
