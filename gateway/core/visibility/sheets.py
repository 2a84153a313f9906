"""Which elements the rules of `<style>` hide, by the cascade as far as hiding goes.

Most sheets are long and few of their rules hide. So declarations that hide are found first, by searches for their
words; only the blocks around those are read, only those whose classes and ids the page has are matched, and only
for what they match are the rules looked for that show it again. All work is bounded in bytes, rules and elements.

Source: CSS Cascading and Inheritance Level 4, 6 (origin, importance, specificity, order); Selectors Level 4, 17.
"""

import re
from collections.abc import Collection, Iterator

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.dom.landmarks import Attributes
from gateway.core.visibility.css import (
    HIDING,
    PROPERTIES,
    concealed_by,
    declarations,
    gives_back,
    important_in,
    is_animated,
    same_colors,
)
from gateway.core.visibility.matching import Matcher
from gateway.core.visibility.selectors import classes_of, keys_of, last_of, specificity, split
from gateway.core.visibility.sheet_text import Naming, SheetText

# that rules hide
_MAX_ELEMENTS = 5000
# blocks that may hide
_MAX_PLACES = 4000
# and the selectors in front of them
_MAX_READ = 20_000
# custom properties that name one another
_MOST_NAMED = 16
# of an element, that are looked at for rules that show
_MAX_NAMES = 8

# what a selector has in it that is for no element, or for one in another state
_STATE_WORDS = (
    *("::", "no-js", "nojs", ":before", ":after", ":first-l", ":hover", ":focus", ":active", ":target"),
    *(":visited", ":checked", ":disabled", ":empty", ":invalid", ":placeholder", ":autofill", ":open"),
    *(":host", ":fullscreen", ":selection", ":marker", ":backdrop"),
)
_STATES = re.compile("|".join(_STATE_WORDS))
_DRAWN = re.compile(r"::?(?:before|after)$")
# of a property that the declarations beside it set
_VAR = re.compile(r"var\(\s*+(--[\w-]++)\s*+(?:,[^()]*+)?\)")
# whether it is important, its layer's rank, how specific, and where it stands
Weight = tuple[bool, int, int, int]
_NO_WEIGHT: Weight = False, -1, -1, -1
_NOTHING: frozenset[str] = frozenset()
_STATE_BYTES = tuple(word.encode() for word in _STATE_WORDS)


class Rule(Struct, frozen=True):
    """A rule that hides: what it is for, how it hides and by which property."""

    selector: str
    style: dict[str, str]
    reason: str
    # that decide: another rule shows by setting one of them
    properties: frozenset[str]
    # where its block begins
    place: int


class Sheets:
    """The style sheets in a page; `is_cut` where something was left unread."""

    def __init__(self, css: bytes) -> None:
        self._text = SheetText(css)
        self._is_cut = False
        self._strengths: dict[int, dict[str, int]] = {}
        # of elements that many rules hide: what their `style` declares, and the first of their names
        self._inline: dict[str, dict[str, str]] = {}
        self._first_names: dict[tuple[str | None, str | None], list[str]] = {}
        # a name and a reason -> the strongest rule for the one that shows what is hidden for the other
        self._strongest: dict[tuple[str, str], Weight] = {}
        # block and reason -> whether the block shows what is hidden so
        self._shows: dict[tuple[int, str], bool] = {}
        # property -> the blocks that name it
        self._naming: dict[str, Naming] = {}
        # property and name of an element -> whether a rule for the one gives the other a value that shows text
        self._sets: dict[tuple[str, str], bool] = {}
        # the same by what `names_of` reads
        self._set_for: dict[tuple[str, str | None, str | None], bool] = {}
        # property -> the names to which nested rules give such a value
        self._nested: dict[str, frozenset[str]] = {}
        # property and block -> the names that it gives such a value
        self._shown: dict[tuple[str, int], frozenset[str]] = {}

    @property
    def is_cut(self) -> bool:
        return self._is_cut or self._text.is_cut

    def find_hidden(
        self, tree: LexborHTMLParser, found: Collection[int] = (), names: object | None = None
    ) -> Iterator[tuple[LexborNode, Attributes, Rule]]:
        """The elements that are not empty and have a rule that hides, with it, `is_shown` or not.

        Args:
            tree: the page; not changed.
            found: the mem_ids of those that need not come again; may grow meanwhile.
            names: the extension's `read_page_names` of the page, if that is at hand.
        """
        rules = self._read_rules(tree, names) if self._text.css else []
        matcher = Matcher([rule.selector for rule in rules])
        elements = 0
        for node, attributes, index in matcher.match(tree, names):
            if node.mem_id in found:
                continue
            elements += 1
            if elements > _MAX_ELEMENTS:
                self._is_cut = True
                break
            yield node, attributes, rules[index]
        self._is_cut |= matcher.is_cut

    def sets(self, attributes: Attributes, name: str) -> bool:
        """Whether a rule for one of an element's names gives the property a value that shows text."""
        naming = self._naming.get(name)
        if naming is None:
            naming = self._naming[name] = self._text.blocks_with(name)
        if not naming.places:
            return False
        look = name, attributes.get("class"), attributes.get("id")
        known = self._set_for.get(look)
        if known is None:
            known = any(self._is_set(naming, name, own) for own in _names_of(attributes))
            self._set_for[look] = known
        return known

    def _is_set(self, naming: Naming, name: str, own: str) -> bool:
        known = self._sets.get((name, own))
        if known is None:
            known = own in self._shown_in_rules(naming, name) or any(
                own in self._shown_by(place, name) for place in naming.places_for(own)
            )
            self._sets[name, own] = known
        return known

    def _shown_in_rules(self, naming: Naming, name: str) -> frozenset[str]:
        """As `_shown_by`, of all blocks that are nested, since any of them may be for any name."""
        known = self._nested.get(name)
        if known is None:
            shown = (self._shown_by(place, name) for place in naming.nested)
            known = self._nested[name] = frozenset().union(*shown)
        return known

    def _shown_by(self, place: int, name: str) -> frozenset[str]:
        """The classes and ids of elements for which a block gives the property such a value."""
        known = self._shown.get((name, place))
        if known is None:
            style = self._text.style(place)
            shows = gives_back(style, name) and not concealed_by(style)
            parts = split(self._text.selector(place) or "") if shows else ()
            known = self._shown[name, place] = frozenset().union(*(keys_of(last_of(part)) for part in parts))
        return known

    def _read_rules(self, tree: LexborHTMLParser, names: object | None) -> list[Rule]:
        """The rules that hide, but for some that the page has nothing for; of equal selectors the last counts."""
        text = self._text
        places = text.find_signs()
        self._is_cut |= len(places) > _MAX_PLACES
        places = text.keep_possible(places[:_MAX_PLACES], tree, names, _STATE_BYTES, _MAX_READ)
        known: dict[bytes, tuple[dict[str, str], str]] = {}
        rules: dict[tuple[str, str], Rule] = {}
        left = _MAX_READ
        for start in places:
            block = text.block(start)
            judged = known.get(block)
            if judged is None:
                judged = known[block] = self._judge(start)
            style, reason = judged
            if not reason or not (selector := text.selector(start)):
                continue
            parts = [part for part in split(selector) if not _STATES.search(part)]
            for part in parts[:left]:
                rules[part, reason] = Rule(part, style, reason, PROPERTIES[reason], start)
            left -= len(parts)
            if left <= 0:
                self._is_cut = True
                break
        return list(rules.values())

    def _judge(self, start: int) -> tuple[dict[str, str], str]:
        """What a block declares, and how that hides; empty where it does not."""
        style = self._style_of(start)
        reason = concealed_by(style) or ("color" if same_colors(style) else "")
        if reason in ("opacity", "visibility") and is_animated(style):
            return style, ""
        return style, reason

    def _style_of(self, start: int) -> dict[str, str]:
        """What a block declares, with custom properties put in."""
        block, style = self._text.block(start), self._text.style(start)
        # an escape may stand for the parenthesis
        return self.resolve(style) if b"(" in block or b"\\" in block else style

    def resolve(self, style: dict[str, str]) -> dict[str, str]:
        """The declarations with custom properties put in: the page's, or their own, else what stands for them."""
        named = {name: style[name] for name in HIDING.intersection(style) if "var(" in style[name]}
        if not named:
            return style
        return style | {
            name: self._value_of(value, style)
            if value.startswith("var(")
            # of others only what stands beside them: too many sheets do little else
            else _VAR.sub(lambda var: style.get(var[1], var[0]), value)
            for name, value in named.items()
        }

    def _value_of(self, asked: str, style: dict[str, str]) -> str:
        """What `var(--name, fallback)` stands for; empty where that is not known."""
        for _ in range(_MOST_NAMED):
            name, _, otherwise = asked[4:].strip(" )").partition(",")
            asked = style.get(name.strip()) or self._text.value(name.strip()) or otherwise.strip()
            if not asked.startswith("var("):
                return asked
        return ""

    def find_blocks(self, sign: re.Pattern[bytes], begin: int, most: int) -> list[tuple[int, dict[str, str]]]:
        """The first blocks that have a sign: the place of each, and what it declares.

        Args:
            sign: no match has a brace but as its first character.
            begin: place in the sheets from which they are searched.
            most: of blocks.
        """
        text, last = self._text, -1
        found: list[tuple[int, dict[str, str]]] = []
        for seen in sign.finditer(text.css, begin):
            start = text.css.rfind(b"{", max(last, 0), seen.start() + 1)
            if start <= last:
                continue
            last = start
            if len(found) == most:
                break
            found.append((start, self._style_of(start)))
        return found

    def selectors_of(self, start: int) -> list[str]:
        """What a block is for, but for states; nothing where it does not hold."""
        return [part for part in split(self._text.selector(start) or "") if not _STATES.search(part)]

    def drawn_of(self, start: int) -> list[str]:
        """What has a box drawn before or behind its content by a block."""
        parts = split(self._text.selector(start) or "")
        return [owner for part in parts if (owner := _DRAWN.sub("", part)) not in ("", part)]

    @property
    def size(self) -> int:
        """Of the text that is read, in bytes."""
        return len(self._text.css)

    def is_important(self, rule: Rule) -> bool:
        """Whether it declares one of the properties that decide `!important`."""
        return not self._important_in(rule.place).isdisjoint(rule.properties)

    def is_shown(self, attributes: Attributes, rule: Rule) -> bool:
        """Whether a `style` attribute or a stronger rule shows it, or a rule would if a script added a class."""
        is_important = self.is_important(rule)
        if inline := attributes.get("style"):
            known = self._inline.get(inline)
            style = known if known is not None else self._inline.setdefault(inline, declarations(inline))
            if not is_important and not rule.properties.isdisjoint(style) and not concealed_by(style):
                return True
        weight = is_important, self._rank(rule.place, is_important), specificity(rule.selector), rule.place
        named = self._names_asked(attributes)
        if not named:
            last = last_of(rule.selector)
            # what is said of it may be too veiled to be read
            return last != "" and self._most_of(last, last, rule) > weight
        return any(self._most_of(asked, asked[1:], rule) > weight for asked in named)

    def _most_of(self, asked: str, key: str, rule: Rule) -> Weight:
        """The weight of the strongest rule for a name that shows what is hidden as by another rule.

        Args:
            key: the name as `_strengths_of` has it.
        """
        known = self._strongest.get((asked, rule.reason))
        if known is None:
            text, known = self._text, _NO_WEIGHT
            for place in text.places_of(asked, rule.properties):
                selector = text.selector(place) if self._may_show(place, rule) else None
                strength = self._strengths_of(place, selector).get(key) if selector else None
                if strength is not None:
                    important = not rule.properties.isdisjoint(self._important_in(place))
                    known = max(known, (important, self._rank(place, important), strength, place))
            self._strongest[asked, rule.reason] = known
        return known

    def _rank(self, place: int, is_important: bool) -> int:
        """Of a block's layer: among those that are important the first is the strongest."""
        return -self._text.layer(place) if is_important else self._text.layer(place)

    def _names_asked(self, attributes: Attributes) -> list[str]:
        """The first classes of an element and its id, with their signs."""
        look = attributes.get("class"), attributes.get("id")
        known = self._first_names.get(look)
        if known is None:
            known = [f".{name}" for name in sorted(set(classes_of(look[0])))[:_MAX_NAMES]]
            known += [f"#{look[1]}"] if look[1] else []
            self._first_names[look] = known
        return known

    def _may_show(self, place: int, rule: Rule) -> bool:
        """Whether a block gives one of the properties by which a rule hides a value that does not."""
        known = self._shows.get((place, rule.reason))
        if known is None:
            text, properties = self._text, rule.properties
            style = text.style(place) if text.may_set(place, properties) else {}
            known = not properties.isdisjoint(style) and not concealed_by(style)
            self._shows[place, rule.reason] = known
        return known

    def _important_in(self, start: int) -> frozenset[str]:
        block = self._text.block(start)
        return important_in(block.decode("utf-8", "replace")) if b"!" in block else _NOTHING

    def _strengths_of(self, start: int, selector: str) -> dict[str, int]:
        """What a block's selectors say of elements themselves, and their classes and ids -> most specificity."""
        known = self._strengths.get(start)
        if known is None:
            known = self._strengths[start] = {}
            for part in split(selector):
                last, strength = last_of(part), specificity(part)
                for key in (last, *keys_of(last)):
                    known[key] = max(strength, known.get(key, 0))
        return known


def _names_of(attributes: Attributes) -> frozenset[str]:
    names = classes_of(attributes.get("class"))
    if own := attributes.get("id"):
        names.append(own)
    return frozenset(names)
