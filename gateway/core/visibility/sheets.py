"""Which elements the rules of `<style>` hide, by the cascade as far as hiding goes.

Most sheets are long and few of their rules hide. So declarations that hide are found first, by searches for their
words; only the blocks around those are read, only those whose classes and ids the page has are matched, and only
for what they match are the rules looked for that show it again. All work is bounded in bytes, rules and elements.

Source: CSS Cascading and Inheritance Level 4, 6 (origin, importance, specificity, order); Selectors Level 4, 17.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.text.patterns import compile_pattern
from gateway.core.visibility.css import (
    HIDING,
    PROPERTIES,
    concealed_by,
    declarations,
    important_in,
    same_colors,
)
from gateway.core.visibility.media import applies
from gateway.core.visibility.selectors import (
    fits,
    is_plain,
    is_selector,
    keys_of,
    last_of,
    nest,
    specificity,
    split,
)

if TYPE_CHECKING:
    import re2

Attributes = dict[str, str | None]

# of all sheets of a page
_MAX_BYTES = 1_000_000
# that hide, and that are on the page
_MAX_RULES = 200
_MAX_ELEMENTS = 5000
# with so few of them the page is not asked first which names it has
_FEW_RULES = 30
# of rules with more than names in their selectors
_FEW_QUERIES = 8
_MAX_QUERIES = 100
# blocks that may hide
_MAX_PLACES = 4000
# and the selectors in front of them
_MAX_READ = 20_000
# of one name that are looked at for rules that show, and names of an element
_MAX_USES = 20
_MAX_NAMES = 8
_MAX_SELECTOR_BYTES = 2000
# after so many bytes only colours that begin alike are compared: most rules that set both belong to buttons
_COLOR_BYTES = 20_000
_MAX_NESTED = 4

_COMMENT = re.compile(rb"/\*.*?(?:\*/|\Z)", re.S)
# a string with a brace in it
_BRACED = re.compile(rb"\"[^\"\n{}]*+[{}][^\"\n]*+\"|'[^'\n{}]*+[{}][^'\n]*+'")
# Declarations that may hide, found in one pass; the last is the name of a property behind an escape.
_SIGNS = "|".join((
    r"(?i)display\s*:\s*none",
    r"visibility\s*:\s*(?:hidden|collapse)",
    r"opacity\s*:\s*0?\.?0\d*\s*[;}!%]",
    r"opacity\(\s*0?\.?0",
    r"font(?:-size)?\s*:\s*(?:[a-z ]{0,20}\s)?(?:1px|0?\.?(?:0[^.\d]|0\d|\d+px|0\.0))",
    r":\s*-(?:\d{3}|\d+(?:v|r?em))",
    r"9999|\d{4}px|00v[wh]",
    r"(?:height|width)\s*:\s*(?:0[^.\d]|1px)",
    r"clip(?:-path)?\s*:",
    r"scale[xyz3d]*[(:]\s*0?\.?0*%?\s*[,);}]",
    r"rotate[xy]\(\s*-?(?:90|270)deg",
    r"translate[xyz3d]*[(:][^;}]{0,60}(?:\d{4}|\d{3}v|\d\dr?em)",
    r"zoom\s*:\s*0?\.?0",
    r"mask(?:-image)?\s*:[^;}]{0,80}transparent",
    r"fill-color\s*:\s*(?:t|rgba|hsla|#)",
    r"\\[0-9a-f]{1,6}\s?[a-z-]{0,24}\s*:",
))  # fmt: skip
_COLORS = r"(?i)[{;\s]color\s*:"
_ALIKE = "|".join(
    rf"(?i:[{{;\s]color\s*:\s*{one}[^{{}}]*[;\s]background(?:-color)?\s*:\s*{one})"
    rf"|(?i:[{{;\s]background(?:-color)?\s*:\s*{one}[^{{}}]*[;\s]color\s*:\s*{one})"
    for one in (
        *(f"#{digit}" for digit in "123456789abcd"),
        r"(?:#[ef]|white|rgba?\(2[45])",
        r"(?:#0|black|rgba?\([0-9],)",
    )
)
_PATTERN_BYTES = 8_000_000
_STATES = re.compile(
    r"::|:(?:before|after|first-l|hover|focus|active|target|visited|checked|disabled|empty|invalid|placeholder|autofill"
    r"|open|host|fullscreen|selection|marker|backdrop)|no-?js"
)
_VALUE = rb"\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"']++))"
# each begins with its letters, so that they are searched for and nothing is tried elsewhere
_NAMED = (re.compile(rb"class" + _VALUE), re.compile(rb"id" + _VALUE))
# no dash before: each name is read once
_CUSTOM = re.compile(rb"(?<![\w\x80-\xff-])(--[\w\x80-\xff-]++)\s*+:([^;}]*+)")
_MAX_VALUE_BYTES = 200


class Rule(Struct, frozen=True):
    """A rule that hides: what it is for, how it hides and by which property."""

    selector: str
    style: dict[str, str]
    reason: str
    # that decide: another rule shows by setting one of them
    properties: frozenset[str]
    # importance, specificity, place
    weight: tuple[bool, int, int]
    # classes and ids that it names, all of them and those of the element itself
    keys: frozenset[str]
    own_keys: frozenset[str]


class Sheets:
    """The style sheets in a page; `is_cut` where something was left unread."""

    def __init__(self, texts: Sequence[str]) -> None:
        whole = b"\n".join(text.encode("utf-8", "replace") for text in texts)
        self.is_cut = len(whole) > _MAX_BYTES
        whole = whole[:_MAX_BYTES]
        if b"/*" in whole:
            whole = _COMMENT.sub(b" ", whole)
        if b"{" in whole and _BRACED.search(whole):
            whole = _BRACED.sub(b'""', whole)
        self._css = whole
        self._blocks: dict[int, tuple[str, dict[str, str], frozenset[str]] | None] = {}
        self._places: dict[str, list[int]] = {}
        self._strengths: dict[int, dict[str, int]] = {}
        # the brace of a block -> that of the block around it; of those within another
        self._outer: dict[int, int] | None = None
        # the brace of a block -> what it is for; None where it does not hold
        self._selectors: dict[int, str | None] = {}
        # of custom properties
        self._values: dict[str, str] | None = None

    def find_hidden(
        self, tree: LexborHTMLParser, markup: bytes | None = None
    ) -> list[tuple[LexborNode, Rule]]:
        """The elements that a rule hides and no rule or `style` attribute shows again, and that rule.

        Args:
            tree: the page; not changed.
            markup: what it was parsed from, if that is at hand.
        """
        places = self._find_signs()
        if not places:
            return []
        each = (rule for place in places[:_MAX_PLACES] for rule in self._read_hiding(place))
        read = list(islice(each, _MAX_READ))
        self.is_cut |= len(places) > _MAX_PLACES or len(read) == _MAX_READ
        # of equal selectors the last counts
        rules = list({(rule.selector, rule.reason): rule for rule in read}.values())
        queries = sum(not is_plain(rule.selector) for rule in rules)
        if queries > _FEW_QUERIES or len(rules) > _FEW_RULES:
            names = _names_in(markup if markup is not None else (tree.html or "").encode("utf-8", "replace"))
            rules = [rule for rule in rules if all(key.lower() in names for key in rule.keys)]
        queries = sum(not is_plain(rule.selector) for rule in rules)
        self.is_cut |= len(rules) > _MAX_RULES or queries > _MAX_QUERIES
        rules = [rule for rule in rules[:_MAX_RULES] if is_selector(rule.selector)]
        if not rules:
            return []
        found: dict[int, tuple[LexborNode, Rule]] = {}
        elements = 0
        for node, rule in _matches(tree, rules):
            if node.first_child is None or node.mem_id in found:
                continue
            elements += 1
            if elements > _MAX_ELEMENTS:
                self.is_cut = True
                break
            attributes = node.attributes
            if not self._is_shown(attributes, rule):
                found[node.mem_id] = node, rule
        return list(found.values())

    def sets(self, attributes: Attributes, name: str) -> bool:
        """Whether a rule for one of an element's names gives the property a value that shows text."""
        for key in sorted(_names_of(attributes))[:_MAX_NAMES]:
            for place in self._places_of(key):
                block = self._read_block(place)
                if block is None or name not in block[1] or concealed_by(block[1]):
                    continue
                if key in self._strengths_of(place, block[0]):
                    return True
        return False

    def _find_signs(self) -> list[int]:
        """Where the blocks begin that may hide, in order."""
        css = self._css
        found: set[int] = set()
        for pattern, searched, offset in (
            (_SIGNS, css, 0),
            (_COLORS, css[:_COLOR_BYTES], 0),
            (_ALIKE, css[_COLOR_BYTES:], _COLOR_BYTES),
        ):
            start, seen = -1, 0
            for sign in _pattern(pattern).finditer(searched) if searched else ():
                end = offset + sign.start() + 1
                start = max(start, css.rfind(b"{", seen, end))
                seen = end
                found.add(start)
        return sorted(found - {-1})

    def _read_block(self, start: int) -> tuple[str, dict[str, str], frozenset[str]] | None:
        """Selector, declarations and the important ones among them; None where it holds only sometimes."""
        if start in self._blocks:
            return self._blocks[start]
        block = None
        if selector := self._selector_of(start):
            css = self._css
            end = css.find(b"}", start)
            end = end if end >= 0 else len(css)
            inner = css.find(b"{", start + 1, end)
            # what stands before a block in this one, without its selector
            end = end if inner < 0 else max(css.rfind(b";", start, inner), start + 1)
            text = css[start + 1 : end].decode("utf-8", "replace")
            block = selector, declarations(text), important_in(text)
        self._blocks[start] = block
        return block

    def _selector_of(self, start: int) -> str | None:
        """What a block is for, with the blocks around it; None where it does not hold on a usual screen."""
        known, outer = self._selectors, self._find_outer()
        chain = [start]
        while chain[-1] not in known and chain[-1] in outer:
            if len(chain) > _MAX_NESTED:
                return None
            chain.append(outer[chain[-1]])
        around = known.get(chain[-1], "")
        for place in reversed(chain):
            if place not in known:
                known[place] = self._read_selector(place, around) if around is not None else None
            around = known[place]
        return around

    def _read_selector(self, start: int, around: str) -> str | None:
        css = self._css
        least = max(0, start - _MAX_SELECTOR_BYTES)
        before = max(css.rfind(mark, least, start) for mark in (b"{", b"}", b";"))
        if before < 0 < least:
            # of a longer selector the last part is read
            before = css.find(b",", least, start)
            if before < 0:
                return None
        prelude = css[before + 1 : start].decode("utf-8", "replace").strip()
        if prelude.startswith("@"):
            return around if applies(prelude.lower()) else None
        return nest(around, prelude, _MAX_SELECTOR_BYTES)

    def _find_outer(self) -> dict[int, int]:
        """The brace of a block within another -> that of the other."""
        if self._outer is None:
            self._outer = {}
            opened: list[int] = []
            find = self._css.find
            begin, end = find(b"{"), find(b"}")
            while begin >= 0:
                if begin < end or end < 0:
                    if opened:
                        self._outer[begin] = opened[-1]
                    opened.append(begin)
                    begin = find(b"{", begin + 1)
                else:
                    # one that closes nothing counts for nothing
                    if opened:
                        opened.pop()
                    end = find(b"}", end + 1)
        return self._outer

    def _read_hiding(self, start: int) -> Iterator[Rule]:
        block = self._read_block(start)
        if block is None:
            return
        selector, style, important = block
        style = self._resolve(style)
        reason = concealed_by(style) or ("color" if same_colors(style) else "")
        if not reason:
            return
        properties = PROPERTIES[reason]
        for part in split(selector):
            if _STATES.search(part):
                continue
            weight = (not important.isdisjoint(properties), specificity(part), start)
            yield Rule(part, style, reason, properties, weight, keys_of(part), keys_of(last_of(part)))

    def _resolve(self, style: dict[str, str]) -> dict[str, str]:
        """The declarations with custom properties put in."""
        named = [name for name in style.keys() & HIDING if style[name].startswith("var(")]
        values = {name: self._value_of(style[name][4:].strip(" )").split(",")[0]) for name in named}
        return style | values if values else style

    def _value_of(self, name: str) -> str:
        """What a custom property is set to first; empty where it is not."""
        if self._values is None:
            self._values = {}
            for found in _CUSTOM.finditer(self._css.lower()):
                value = found[2][:_MAX_VALUE_BYTES].decode("utf-8", "replace").strip()
                self._values.setdefault(found[1].decode("utf-8", "replace"), value)
        return self._values.get(name.strip(), "")

    def _is_shown(self, attributes: Attributes, rule: Rule) -> bool:
        """Whether a `style` attribute or a stronger rule shows it, or a rule would if a script added a class."""
        if inline := attributes.get("style"):
            style = declarations(inline)
            if not rule.weight[0] and not rule.properties.isdisjoint(style) and not concealed_by(style):
                return True
        for key in sorted(_names_of(attributes))[:_MAX_NAMES] or (last_of(rule.selector),):
            for place in self._places_of(key):
                block = self._read_block(place)
                if block is None or rule.properties.isdisjoint(block[1]) or concealed_by(block[1]):
                    continue
                strength = self._strengths_of(place, block[0]).get(key)
                important = not rule.properties.isdisjoint(block[2])
                if strength is not None and (important, strength, place) > rule.weight:
                    return True
        return False

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

    def _places_of(self, name: str) -> list[int]:
        """Where the blocks begin whose selectors have this name."""
        known = self._places.get(name)
        if known is not None:
            return known
        known = self._places[name] = []
        css, word = self._css, name.encode("utf-8", "replace")
        at = css.find(word)
        for _ in range(_MAX_USES):
            if at < 0:
                break
            start, end = css.find(b"{", at), css.find(b"}", at)
            if start >= 0 and (end < 0 or start < end):
                known.append(start)
            at = css.find(word, at + len(word))
        return known


@cache
def _pattern(pattern: str) -> "re2._Regexp[bytes]":
    return compile_pattern(pattern, max_bytes=_PATTERN_BYTES)


def _matches(tree: LexborHTMLParser, rules: Sequence[Rule]) -> Iterator[tuple[LexborNode, Rule]]:
    """The elements that rules are for; an element comes once for each of them."""
    by_key: dict[str, list[Rule]] = {}
    for rule in rules:
        if is_plain(rule.selector):
            by_key.setdefault(min(rule.own_keys), []).append(rule)
    plain = [rule.selector for kept in by_key.values() for rule in kept]
    # a query costs as much as a thirtieth of the parse for each of its selectors
    for node in tree.css(",".join(plain) if len(plain) <= _FEW_RULES else "[class],[id]") if plain else ():
        attributes = node.attributes
        classes, own = frozenset((attributes.get("class") or "").split()), attributes.get("id")
        for name in classes | {own or ""}:
            for rule in by_key.get(name, ()):
                if fits(rule.selector, node, classes, own):
                    yield node, rule
    complex_rules = [rule for rule in rules if not is_plain(rule.selector)]
    for rule in complex_rules[:_MAX_QUERIES]:
        for node in tree.css(rule.selector):
            yield node, rule


def _names_in(markup: bytes) -> set[str]:
    """The classes and ids of a page, in lower case."""
    low = markup.lower()
    values = {value for pattern in _NAMED for found in pattern.findall(low) for value in found}
    text = b" ".join(values).decode("utf-8", "replace")
    return set((unescape(text) if "&" in text else text).split())


def _names_of(attributes: Attributes) -> frozenset[str]:
    names = (attributes.get("class") or "").split()
    if own := attributes.get("id"):
        names.append(own)
    return frozenset(names)
