"""The style sheets of a page as one text: its blocks, what they are for, and its custom properties.

Nothing is parsed as a whole: a block is read when someone asks for it. What a block declares behind another that is
in it is a block too, and its place is the brace that ends the other.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache

from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.native import find_walk
from gateway.core.visibility.css import declarations
from gateway.core.visibility.css_scan import find_nesting, find_setting, find_uses, find_values, strip
from gateway.core.visibility.media import applies
from gateway.core.visibility.selectors import names_in, nest
from gateway.core.visibility.signs import COLOR_BYTES, find_signs, keep_signs

# of all sheets of a page
_MAX_BYTES = 1_000_000
# of one name that are looked at for rules that show
_MAX_USES = 20
# blocks that name one property
_MAX_SETTING = 500
# names that are looked for in what stands before these, before they are sorted by name
_MOST_ASKED = 50
_MAX_SELECTOR_BYTES = 2000
_MAX_NESTED = 16
_MAX_VALUE_BYTES = 200
# blocks that are read whatever the page has: to read its names takes longer
_FEW = 20

# marks of HTML, which mean nothing
_HTML_MARKS = re.compile(r"(?:\s*+(?:<!--|-->))++\s*+")
# a letter of ASCII by its number
_LETTER = re.compile(r"\\0{0,4}([46][1-9a-f]|[57][0-9a])(?:\s|(?![0-9a-f]))", re.I)
_SCOPE = re.compile(r"@scope(?:\s*+\((.*)\))?+\Z", re.I | re.S)
_LAYERS = re.compile(rb"@layer\s([^{};]{1,200}+)")
# what a scope without a selector is: what its sheet stands in
_SHEET_OWNER = ":has(> style)"
_END = ord("}")
_VALUE = re.compile(rb"[^;}]*+")
# what stands behind a `\` in the name of a class or an id
_ESCAPED = re.compile(r"[!-,./:-@\[-^`{-~]")


class Naming:
    """Blocks that name a property, by the classes and ids in what stands before them."""

    def __init__(self, places: Sequence[int], preludes: list[str]) -> None:
        self.places = places
        # those of which the blocks around may say what the element itself is called
        self.nested = [
            place
            for place, prelude in zip(places, preludes, strict=True)
            if prelude.startswith("@") or "&" in prelude
        ]
        self._preludes = preludes
        # those of many names are read once for all
        self._asked = 0
        self._by_name: dict[str, list[int]] = {}

    def places_for(self, name: str) -> list[int]:
        """Those with a name, which has no sign, right before them."""
        named = zip(self.places, self._preludes, strict=True)
        self._asked += 1
        if self._asked < _MOST_ASKED:
            return [
                place
                for place, prelude in named
                if (name in prelude or "\\" in prelude) and name in names_in(prelude)
            ]
        if self._asked == _MOST_ASKED:
            for place, prelude in named:
                for each in names_in(prelude):
                    self._by_name.setdefault(each, []).append(place)
        return self._by_name.get(name, [])


class SheetText:
    """Sheets one after the other; `is_cut` where they were too long. A block is named by the place of its brace."""

    def __init__(self, css: bytes) -> None:
        self.is_cut = len(css) > _MAX_BYTES
        css = css[:_MAX_BYTES]
        # None where Python reads
        self._native = find_walk().extension
        if self._native is not None:
            css = self._native.strip_css(css)
        elif b"/*" in css or b'"' in css or b"'" in css:
            css = strip(css)
        self.css = css
        self._blocks: dict[int, bytes] = {}
        # of a block's text; sheets repeat theirs
        self._styles: dict[bytes, dict[str, str]] = {}
        self._places: dict[str, list[int]] = {}
        # from each of these places on, the block around is that of the same index; -1 is none
        self._outer: Sequence[list[int]] | None = None
        # what a block is for; None where it does not hold
        self._selectors: dict[int, str | None] = {}
        # of custom properties
        self._values: dict[bytes, int] | None = None
        # name -> place among others; None where none was asked for
        self._layers: dict[str, int] | None = None
        # the extension's, of names
        self._index = b""

    def find_signs(self) -> list[int]:
        """Where the blocks begin that may hide, in order."""
        if self._native is None:
            return find_signs(self.css)
        signs, possible, *self._outer = self._native.scan_css(self.css, COLOR_BYTES)
        return sorted(signs + keep_signs(self.css, possible)) if possible else signs

    def keep_possible(
        self,
        blocks: list[int],
        tree: LexborHTMLParser,
        names: bytes | None,
        states: tuple[bytes, ...],
        most: int,
    ) -> list[int]:
        """Blocks without those whose selectors are for nothing on the page, where the extension can tell.

        Args:
            blocks: of `find_signs`.
            names: the extension's `read_page_names` of the page, if that is at hand.
            states: what is in no selector that counts.
            most: of more selectors nothing is left out, so that the same are read without the extension.
        """
        root = tree.root
        is_worth_it = bool(blocks) if names is not None else len(blocks) > _FEW
        if self._native is None or self._outer is None or root is None or not is_worth_it:
            return blocks
        if names is None:
            names = self._native.read_page_names(root)
        return self._native.keep_possible(
            self.css, blocks, *self._outer, names, states, _MAX_SELECTOR_BYTES, most
        )

    def block(self, start: int) -> bytes:
        """The declarations of a block, up to the first block in it; or those behind one, where that ends at `start`."""
        known = self._blocks.get(start)
        if known is None:
            css = self.css
            end = css.find(b"}", start + 1)
            end = end if end >= 0 else len(css)
            inner = css.find(b"{", start + 1, end)
            # what stands before a block in this one, without its selector
            end = end if inner < 0 else max(css.rfind(b";", start, inner), start + 1)
            known = self._blocks[start] = css[start + 1 : end]
        return known

    def style(self, start: int) -> dict[str, str]:
        """What a block declares, as `declarations`; not to be changed."""
        text = self.block(start)
        known = self._styles.get(text)
        if known is None:
            known = self._styles[text] = declarations(text)
        return known

    def selector(self, start: int) -> str | None:
        """What a block is for, with the blocks around it; None where it does not hold on a usual screen."""
        known = self._selectors
        chain = [start]
        while chain[-1] not in known and (outer := self._outer_of(chain[-1])) >= 0:
            if len(chain) > _MAX_NESTED:
                return None
            chain.append(outer)
        around = known.get(chain[-1], "")
        for place in reversed(chain):
            if place not in known:
                known[place] = self._read_selector(place, around) if around is not None else None
            around = known[place]
        return around

    def layer(self, start: int) -> int:
        """The place of a block's layer among all, which are in the order of their names; what is in none comes last."""
        if self._layers is None:
            # one without a name is taken to come first
            found = [b"", *_LAYERS.findall(self.css)] if b"@layer" in self.css else []
            named = dict.fromkeys(name.strip() for names in found for name in names.split(b","))
            self._layers = {name.decode("utf-8", "replace"): rank for rank, name in enumerate(named)}
        if not self._layers:
            return 0
        names: list[str] = []
        at = start
        while len(names) < _MAX_NESTED and (at := self._outer_of(at)) >= 0:
            names.append(self._prelude(at))
        layers = [name[len("@layer") :].strip() for name in reversed(names) if name.startswith("@layer")]
        most = len(self._layers)
        return self._layers.get(".".join(layers), self._layers.get(layers[0], most)) if layers else most + 1

    def value(self, name: str) -> str:
        """What a custom property is set to first; empty where it is not.

        Args:
            name: with its dashes, in lower case.
        """
        if self._values is None:
            read = self._native.find_values if self._native is not None else find_values
            self._values = read(self.css)
        begin = self._values.get(name.encode("utf-8", "replace"))
        if begin is None:
            return ""
        set_to = _VALUE.match(self.css, begin, begin + _MAX_VALUE_BYTES)
        return set_to[0].decode("utf-8", "replace").lower().strip() if set_to is not None else ""

    def places_of(self, name: str) -> list[int]:
        """Where the blocks begin whose selectors have this name: a class (`.a`), an id (`#a`) or a tag."""
        known = self._places.get(name)
        if known is not None:
            return known
        is_tag = name[:1] not in (".", "#")
        written = name if is_tag else name[0] + _ESCAPED.sub(r"\\\g<0>", name[1:])
        word = written.encode("utf-8", "replace")
        if self._native is None or is_tag:
            known = find_uses(self.css, word, _MAX_USES)
        else:
            self._index = self._index or self._native.index_names(self.css)
            known = self._native.find_uses(self.css, self._index, word, _MAX_USES)
        self._places[name] = known
        return known

    def may_set(self, start: int, properties: frozenset[str]) -> bool:
        """Whether a block may declare one of the properties: cheap, and never wrongly False."""
        block = self.block(start).lower()
        for name in _encode(properties):
            if name in block:
                return True
        # a name may stand behind an escape
        return b"\\" in block

    def blocks_with(self, name: str) -> Naming:
        """The blocks that name a property, with what stands before each."""
        find = self._native.find_setting if self._native is not None else find_setting
        found = find(self.css, name.encode(), _MAX_SETTING)
        return Naming(found, [self._prelude(place) for place in found])

    def _outer_of(self, start: int) -> int:
        """The brace of the block around a block; -1 where there is none."""
        if self._outer is None:
            self._outer = find_nesting(self.css)
        places, braces = self._outer
        at = bisect_right(places, start) - 1
        return braces[at] if at >= 0 else -1

    def _read_selector(self, start: int, around: str) -> str | None:
        if self.css[start] == _END:
            return around
        prelude = self._prelude(start)
        if "\\" in prelude:
            prelude = _LETTER.sub(lambda letter: chr(int(letter[1], 16)), prelude)
        if prelude[:6].lower() == "@scope":
            # one that ends at others is not known
            scope = _SCOPE.match(prelude) if ") to" not in prelude.lower() else None
            return (
                nest(around, (scope[1] or _SHEET_OWNER).strip(), _MAX_SELECTOR_BYTES)
                if scope is not None
                else None
            )
        if prelude.startswith("@"):
            return around if applies(prelude.lower()) else None
        return nest(around, prelude, _MAX_SELECTOR_BYTES)

    def _prelude(self, start: int) -> str:
        """What stands before a block; empty where it is too long to be read."""
        css = self.css
        least = max(0, start - _MAX_SELECTOR_BYTES)
        before = css.rfind(b"}", least, start)
        before = max(before, css.rfind(b"{", max(before, least), start))
        before = max(before, css.rfind(b";", max(before, least), start))
        if before < 0 < least:
            # of a longer selector the last part is read
            before = css.find(b",", least, start)
            if before < 0:
                return ""
        prelude = css[before + 1 : start].decode("utf-8", "replace").strip()
        return _HTML_MARKS.sub("", prelude, 1) if prelude.startswith(("<!--", "-->")) else prelude


@cache
def _encode(names: frozenset[str]) -> tuple[bytes, ...]:
    return tuple(name.encode() for name in names)
