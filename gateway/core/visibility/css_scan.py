"""What is looked for in style sheets: comments, blocks in blocks, custom properties, and where a name stands.

`winnow-native` has the same, and reads a sheet once for all of it.
"""

import re

import numpy as np

# a comment, a string, or an escape
_TAKEN = re.compile(
    rb"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?|\"[^\"\\\n]*+(?:\\.[^\"\\\n]*+)*+\"?|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'?|\\.",
    re.S,
)
# a custom property; with what follows, so that a long name is looked at once
_PROPERTY = re.compile(rb"(--[\w\x80-\xff-]*+)(\s*+:)?")
# what stands right behind a comment
_JOINED = frozenset((b".", b"#", b"[", b":"))
_IN_NAME = re.compile(rb"[\w\x80-\xff-]")


def strip(css: bytes) -> bytes:
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
            # within a selector it parts nothing
            parts += css[kept:begin], b"" if css[at : at + 1] in _JOINED else b" "
        elif b"{" in text or b"}" in text:
            parts += css[kept:begin], b'""'
        else:
            continue
        kept = at
    return b"".join([*parts, css[kept:]])


def find_nesting(css: bytes) -> tuple[list[int], list[int]]:
    """Places in order, and the brace of the block that is around what begins there; -1 is none.

    Most blocks hold none: they end at the next brace, and change nothing. NUL ends a sheet, and all blocks.
    """
    codes = np.frombuffer(css, dtype=np.uint8)
    # the end of the sheets ends a block
    is_mark = (codes == ord("{")) | (codes == ord("}")) | (codes == 0)
    marks = np.append(np.flatnonzero(is_mark), len(css))
    opens = np.append(codes.take(marks[:-1]) == ord("{"), False)
    holds = opens & np.append(opens[1:], False)
    ends = np.append(codes.take(marks[:-1]) == 0, False)
    # what ends a block that holds none changes nothing, unless all end
    closes = ends | (~opens & ~np.append(False, opens[:-1]))
    places: list[int] = []
    braces: list[int] = []
    opened = [-1]
    for at in np.flatnonzero(holds | closes).tolist():
        place = int(marks[at])
        if ends[at]:
            if len(opened) > 1:
                opened = [-1]
                places.append(place)
                braces.append(-1)
        elif holds[at]:
            opened.append(place)
            places.append(place + 1)
            braces.append(place)
        # one that closes nothing counts for nothing
        elif len(opened) > 1:
            opened.pop()
            places.append(place)
            braces.append(opened[-1])
    return places, braces


def find_values(css: bytes) -> dict[bytes, int]:
    """Custom property, in lower case -> where the value begins that it is set to first."""
    found: dict[bytes, int] = {}
    for named in _PROPERTY.finditer(css):
        start = named.start()
        if named[2] and not (start and _IN_NAME.match(css, start - 1)):
            found.setdefault(named[1].lower(), named.end())
    return found


def find_setting(css: bytes, word: bytes, most: int) -> list[int]:
    """Where the first blocks begin that have a word, which is in lower case, in either case in them."""
    css = css.lower()
    found: list[int] = []
    # without a brace before it, each would be searched for one to the beginning of the text
    first = css.find(b"{")
    at = css.find(word, first) if first >= 0 else -1
    while at >= 0 and len(found) < most:
        found.append(css.rfind(b"{", 0, at))
        end = css.find(b"}", at)
        at = css.find(word, end) if end >= 0 else -1
    return found


def find_uses(css: bytes, word: bytes, most: int) -> list[int]:
    """Where the blocks begin whose selectors have a word, of the first uses of it."""
    found: list[int] = []
    at = css.find(word)
    for _ in range(most):
        if at < 0:
            break
        start, end = css.find(b"{", at), css.find(b"}", at)
        if start >= 0 and (end < 0 or start < end):
            found.append(start)
        at = css.find(word, at + len(word))
    return found


def read_prelude(css: bytes, start: int, most: int) -> str:
    """What stands before the block that begins there; of more than `most` bytes what is behind their first comma."""
    least = max(0, start - most)
    before = css.rfind(b"}", least, start)
    before = max(before, css.rfind(b"{", max(before, least), start))
    before = max(before, css.rfind(b";", max(before, least), start))
    if before < 0 < least:
        # of a longer selector the last part is read
        before = css.find(b",", least, start)
        if before < 0:
            return ""
    return css[before + 1 : start].decode("utf-8", "replace").strip()
