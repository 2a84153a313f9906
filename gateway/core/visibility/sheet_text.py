"""The style sheets of a page as one text: its blocks, what they are for, and its custom properties.

Nothing is parsed as a whole: a block is read when someone asks for it. What a block declares behind another that is
in it is a block too, and its place is the brace that ends the other.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate

from selectolax.lexbor import LexborHTMLParser

from gateway.core.dom.native import find_walk
from gateway.core.visibility.css import declarations
from gateway.core.visibility.css_scan import (
    find_nesting,
    find_setting,
    find_uses,
    find_values,
    read_prelude,
    strip,
)
from gateway.core.visibility.media import applies
from gateway.core.visibility.selectors import names_in, nest
from gateway.core.visibility.signs import COLOR_BYTES, find_signs, keep_signs

# of all sheets of a page
_MAX_BYTES = 1_000_000
# of one name that are looked at for rules that show
_MAX_USES = 20
# blocks that name one property
_MAX_SETTING = 500
# names that are looked for before all are read
_FEW_ASKED = 5
# characters before such blocks that are searched for names, over and over
_MOST_SEARCHED = 5_000_000
_MAX_SELECTOR_BYTES = 2000
_MAX_NESTED = 16
_MAX_VALUE_BYTES = 200
# blocks that are read whatever the page has: to read its names takes longer
_FEW = 20

# marks of HTML, which mean nothing
_HTML_MARKS = re.compile(r"\A(?:(?:<!--|-->)\s*+)++")
# a letter of ASCII by its number
_LETTER = re.compile(r"\\0{0,4}([46][1-9a-f]|[57][0-9a])(?:\s|(?![0-9a-f]))", re.I)
_SCOPE = re.compile(r"@scope(?:\s*+\((.*)\))?+\Z", re.I | re.S)
_LAYERS = re.compile(rb"@layer\s([^{};]{1,200}+)")
# what a scope without a selector is: what its sheet stands in
_SHEET_OWNER = ":has(> style)"
_END = ord("}")
# behind what stands before a block, where many are joined: it ends a selector
_BETWEEN = ",\n"
# what else is said of an element, and of that itself what ends it: the selector's end or a bracket
_REST = re.compile(r"[^\s>+~,()\[\]]*+(\s*+[,()\[\]])?+", re.A)
_IN_NAME = re.compile(r"[\w\x80-\U0010ffff-]", re.A)
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
        # as `names_in` reads names
        self._text = "".join(each + _BETWEEN for each in preludes).replace("\\", "")
        # of characters: beyond them names are sorted once for all
        self._left = _MOST_SEARCHED
        # after some that were asked for: all names
        self._asked = 0
        self._names: frozenset[str] | None = None
        # where each prelude begins in the text
        self._begins: list[int] | None = None
        self._by_name: dict[str, list[int]] | None = None

    def places_for(self, name: str) -> list[int]:
        """Those with a name, which has no sign, right before them, and maybe some others.

        Those are left out of which it is plain to see that it is the name of an element around alone.
        """
        self._asked += 1
        if self._asked > _FEW_ASKED:
            if self._names is None:
                self._names = frozenset(names_in("\n".join(self._preludes)))
            if name not in self._names:
                # most elements have names that no such block is for
                return []
        self._left -= len(self._text)
        if self._left >= 0:
            return self._search(name)
        if self._by_name is None:
            self._by_name = {}
            for place, prelude in zip(self.places, self._preludes, strict=True):
                for each in dict.fromkeys(names_in(prelude)):
                    self._by_name.setdefault(each, []).append(place)
        return self._by_name.get(name, [])

    def _search(self, name: str) -> list[int]:
        text = self._text
        found: list[int] = []
        for word in (f".{name}", f"#{name}"):
            at, read, is_own = text.find(word), -1, False
            while at >= 0:
                at += len(word)
                if at > read:
                    # once for all names in it
                    rest = _REST.match(text, at)
                    assert rest is not None
                    read, is_own = rest.end(), rest[1] is not None
                if not is_own:
                    at = read
                elif not _IN_NAME.match(text, at):
                    if self._begins is None:
                        lengths = (len(each) - each.count("\\") + len(_BETWEEN) for each in self._preludes)
                        self._begins = [0, *accumulate(lengths)]
                    number = bisect_right(self._begins, at) - 1
                    found.append(self.places[number])
                    at = self._begins[number + 1]
                at = text.find(word, at)
        return found


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
        # from each of these places on, the block around is that of the same index; -1 is none
        self._outer: Sequence[list[int]] | None = None
        # what a block is for; None where it does not hold
        self._selectors: dict[int, str | None] = {}
        # of custom properties
        self._values: dict[bytes, int] | None = None
        # name -> place among others; None where none was asked for
        self._layers: dict[str, int] | None = None
        # the extension's, of names and of custom properties
        self._index = b""
        self._value_index = b""
        self._is_flat = False

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
        names: object | None,
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
        begin = self._find_value(name.encode("utf-8", "replace"))
        if begin < 0:
            return ""
        set_to = _VALUE.match(self.css, begin, begin + _MAX_VALUE_BYTES)
        return set_to[0].decode("utf-8", "replace").lower().strip() if set_to is not None else ""

    def _find_value(self, name: bytes) -> int:
        if self._native is None:
            if self._values is None:
                self._values = find_values(self.css)
            return self._values.get(name, -1)
        self._value_index = self._value_index or self._native.index_values(self.css)
        return self._native.find_value(self.css, self._value_index, name)

    def places_of(self, name: str, properties: frozenset[str]) -> list[int]:
        """Where the blocks begin whose selectors have this name: a class (`.a`), an id (`#a`) or a tag.

        Args:
            properties: blocks may be left out that declare none of them.
        Returns:
            Not all of those that name it of an element around alone.
        """
        is_tag = name[:1] not in (".", "#")
        written = name if is_tag else name[0] + _ESCAPED.sub(r"\\\g<0>", name[1:])
        word = written.encode("utf-8", "replace")
        if self._native is None or is_tag:
            return find_uses(self.css, word, _MAX_USES)
        if not self._index:
            self._index = self._native.index_names(self.css)
            # what stands before a block may be for an element that is named elsewhere
            self._is_flat = b"&" not in self.css and b"selector(" not in self.css
        return self._native.find_uses(
            self.css, self._index, word, _MAX_USES, _encode(properties), self._is_flat
        )

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
        read = self._native.read_prelude if self._native is not None else read_prelude
        prelude = read(self.css, start, _MAX_SELECTOR_BYTES)
        return _HTML_MARKS.sub("", prelude) if prelude.startswith(("<!--", "-->")) else prelude


@cache
def _encode(names: frozenset[str]) -> tuple[bytes, ...]:
    return tuple(name.encode() for name in names)
