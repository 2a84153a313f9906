"""The style sheets of a page as one text: its blocks, what they are for, and its custom properties.

Nothing is parsed as a whole: a block is read when someone asks for it.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from gateway.core.visibility.css import declarations
from gateway.core.visibility.media import applies
from gateway.core.visibility.selectors import nest

# of all sheets of a page
_MAX_BYTES = 1_000_000
# of one name that are looked at for rules that show
_MAX_USES = 20
# blocks that name one property
_MAX_SETTING = 500
_MAX_SELECTOR_BYTES = 2000
_MAX_NESTED = 4
# custom properties that are looked for, and mentions of one
_MAX_VALUES = 200
_MAX_MENTIONS = 200
_MAX_VALUE_BYTES = 200

# a comment, a string, or an escape
_TAKEN = re.compile(
    rb"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?|\"[^\"\\\n]*+(?:\\.[^\"\\\n]*+)*+\"?|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'?|\\.",
    re.S,
)
_SET = re.compile(rb"\s*+:([^;}]*+)")
_IN_NAME = re.compile(rb"[\w\x80-\xff-]")


class SheetText:
    """Sheets one after the other; `is_cut` where they were too long. A block is named by the place of its brace."""

    def __init__(self, texts: Sequence[str]) -> None:
        css = b"\n".join(text.encode("utf-8", "replace") for text in texts)
        self.is_cut = len(css) > _MAX_BYTES
        css = css[:_MAX_BYTES]
        if b"/*" in css or b'"' in css or b"'" in css:
            css = _strip(css)
        self.css = css
        # of a block's text; sheets repeat theirs
        self._styles: dict[bytes, dict[str, str]] = {}
        self._places: dict[str, list[int]] = {}
        # from each of these places on, the block around is that of the same index; -1 is none
        self._outer: tuple[list[int], list[int]] | None = None
        # what a block is for; None where it does not hold
        self._selectors: dict[int, str | None] = {}
        # of custom properties, and the text in which they are looked for
        self._values: dict[str, str] = {}
        self._low = b""

    def block(self, start: int) -> bytes:
        """The declarations of a block, up to the first block in it."""
        css = self.css
        end = css.find(b"}", start)
        end = end if end >= 0 else len(css)
        inner = css.find(b"{", start + 1, end)
        # what stands before a block in this one, without its selector
        return css[start + 1 : end if inner < 0 else max(css.rfind(b";", start, inner), start + 1)]

    def style(self, start: int) -> dict[str, str]:
        """What a block declares, as `declarations`; not to be changed."""
        text = self.block(start)
        known = self._styles.get(text)
        if known is None:
            known = self._styles[text] = declarations(text.decode("utf-8", "replace"))
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

    def value(self, name: str) -> str:
        """What a custom property is set to first; empty where it is not.

        Args:
            name: with its dashes, in lower case.
        """
        known = self._values.get(name)
        if known is None and name.startswith("--"):
            if len(self._values) == _MAX_VALUES:
                self.is_cut = True
                return ""
            self._low = self._low or self.css.lower()
            known = self._values[name] = _find_value(self._low, name.encode("utf-8", "replace"))
        return known or ""

    def places_of(self, name: str) -> list[int]:
        """Where the blocks begin whose selectors have this name: a class (`.a`), an id (`#a`) or a tag."""
        known = self._places.get(name)
        if known is not None:
            return known
        known = self._places[name] = []
        css, word = self.css, name.encode("utf-8", "replace")
        at = css.find(word)
        for _ in range(_MAX_USES):
            if at < 0:
                break
            start, end = css.find(b"{", at), css.find(b"}", at)
            if start >= 0 and (end < 0 or start < end):
                known.append(start)
            at = css.find(word, at + len(word))
        return known

    def places_with(self, name: str) -> list[int]:
        """Where the blocks begin that name a property."""
        self._low = self._low or self.css.lower()
        css, word = self._low, name.encode()
        found: list[int] = []
        at = css.find(word)
        while at >= 0 and len(found) < _MAX_SETTING:
            start, end = css.rfind(b"{", 0, at), css.find(b"}", at)
            if start >= 0:
                found.append(start)
            at = css.find(word, end) if end >= 0 else -1
        return found

    def _outer_of(self, start: int) -> int:
        """The brace of the block around a block; -1 where there is none."""
        if self._outer is None:
            self._outer = _find_nesting(self.css)
        places, braces = self._outer
        at = bisect_right(places, start) - 1
        return braces[at] if at >= 0 else -1

    def _read_selector(self, start: int, around: str) -> str | None:
        css = self.css
        least = max(0, start - _MAX_SELECTOR_BYTES)
        before = css.rfind(b"}", least, start)
        before = max(before, css.rfind(b"{", max(before, least), start))
        before = max(before, css.rfind(b";", max(before, least), start))
        if before < 0 < least:
            # of a longer selector the last part is read
            before = css.find(b",", least, start)
            if before < 0:
                return None
        prelude = css[before + 1 : start].decode("utf-8", "replace").strip()
        if prelude.startswith("@"):
            return around if applies(prelude.lower()) else None
        return nest(around, prelude, _MAX_SELECTOR_BYTES)


def _strip(css: bytes) -> bytes:
    """Without comments, and with nothing in strings that have a brace: it begins and ends no block."""
    codes = np.frombuffer(css, dtype=np.uint8)
    following = codes[1:]
    quotes = (codes == ord('"')) | (codes == ord("'"))
    begins = quotes.copy()
    begins[:-1] |= (codes[:-1] == ord("/")) & (following == ord("*"))
    # an escape is of interest before what would begin something
    begins[:-1] |= (codes[:-1] == ord("\\")) & (
        quotes[1:] | (following == ord("/")) | (following == ord("\\"))
    )
    parts: list[bytes] = []
    kept = at = 0
    for begin in np.flatnonzero(begins).tolist():
        if begin < at:
            # in what was taken before
            continue
        taken = _TAKEN.match(css, begin)
        # each branch begins with one of these
        assert taken is not None
        at = taken.end()
        text = taken[0]
        if text[0] == ord("/"):
            parts += css[kept:begin], b" "
        elif b"{" in text or b"}" in text:
            parts += css[kept:begin], b'""'
        else:
            continue
        kept = at
    return b"".join([*parts, css[kept:]])


def _find_nesting(css: bytes) -> tuple[list[int], list[int]]:
    """Places in order, and the brace of the block that is around what begins there; -1 is none.

    Most blocks hold none: they end at the next brace, and change nothing.
    """
    codes = np.frombuffer(css, dtype=np.uint8)
    # the end of the sheets ends a block
    marks = np.append(np.flatnonzero((codes == ord("{")) | (codes == ord("}"))), len(css))
    opens = np.append(codes.take(marks[:-1]) == ord("{"), False)
    holds = opens & np.append(opens[1:], False)
    closes = ~opens & ~np.append(False, opens[:-1])
    places: list[int] = []
    braces: list[int] = []
    opened = [-1]
    for at in np.flatnonzero(holds | closes).tolist():
        place = int(marks[at])
        if holds[at]:
            opened.append(place)
            places.append(place + 1)
            braces.append(place)
        # one that closes nothing counts for nothing
        elif len(opened) > 1:
            opened.pop()
            places.append(place)
            braces.append(opened[-1])
    return places, braces


def _find_value(css: bytes, name: bytes) -> str:
    at = css.find(name)
    for _ in range(_MAX_MENTIONS):
        if at < 0:
            break
        end = at + len(name)
        found = _SET.match(css, end)
        if found is not None and not (at and _IN_NAME.match(css, at - 1)):
            return found[1][:_MAX_VALUE_BYTES].decode("utf-8", "replace").strip()
        at = css.find(name, end)
    return ""
