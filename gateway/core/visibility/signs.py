"""Where a style sheet may hide something: searched for by words, before anything of it is read."""

from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from gateway.core.text.patterns import compile_pattern
from gateway.core.visibility.css_scan import find_nesting

if TYPE_CHECKING:
    import re2

# Declarations that may hide; the last is the name of a property behind an escape.
_SIGNS = "|".join((
    r"(?i)display\s*:\s*(?:none|var|table-column|[a-z]{0,8}\\)",
    r"visibility\s*:\s*(?:hidden|collapse|var|[a-z]{0,8}\\)",
    r"opacity\s*:\s*var",
    r"opacity\s*:\s*0?\.?0\d*\s*[;}!%]",
    r"opacity\(\s*0?\.?0",
    r"font(?:-size)?\s*:\s*(?:[a-z ]{0,20}\s)?(?:1px|0?\.\d+px|0?\.?(?:0[^.\d{]|0\d|0\.0))",
    r"font(?:-size)?\s*:\s*(?:calc|min|max|clamp)\(\s*(?:0[^.\d]|1px)",
    r"font-size-adjust\s*:\s*0[^.\d{]",
    r":\s*-(?:\d{3}|\d+(?:v|r?em|e\d))",
    r"(?:margin|inset)(?:-inline|-block)?\s*:[^;{}]{1,40}\s-\d{3}",
    r"(?:left|right|top|bottom|indent|margin|inset|start|end)\s*:\s*(?:calc|min|max|clamp)\("
    r"[^;{}]{0,60}(?:\d{4}|\d{3}v|\d\dr?em)",
    r"(?:left|right|top|bottom)\s*:\s*\+?(?:\d{4}|\d{3}(?:v|r?em))",
    r"[{};\s](?:(?:max-|line-)?(?:height|width)|(?:max-)?(?:block|inline)-size)\s*:\s*(?:0[^.\d{]|1px)",
    r"clip(?:-path)?\s*:",
    r"scale[xyz3d]*[(:]\s*0?\.?0*%?\s*[,);}]",
    r"scale(?:3d)?\([^;{}()]{1,30},\s*0?\.?0*%?\s*[,);}]",
    r"(?:rotate[xy]|skew[xy]?)\(\s*-?(?:90|270)deg",
    r"(?:rotate[xy]|skew[xy]?)\([^;{}()]{0,20}(?:turn|rad)",
    r"[{};\s]rotate\s*:[^;{}]{0,30}(?:90deg|270deg|turn|rad)",
    r"matrix(?:3d)?\(",
    r"blur\(\s*(?:[89]|\d\d)",
    r"offset(?:-path)?\s*:[^;{}]{0,60}\d{3}",
    r"translate[xyz3d]*[(:][^;{}]{0,60}(?:\d{4}|\d{3}v|\d\dr?em)",
    r"zoom\s*:\s*0?\.?0",
    r"mask(?:-image)?\s*:[^;{}]{0,80}(?:transparent|#0000|#00000000|rgba?\(\s*0[\s,]+0[\s,]+0[\s,/]+0\s*\))",
    r"fill-color\s*:\s*(?:t|rgba|hsla|#)",
    r"\\[0-9a-f]{1,6}\s?[a-z-]{0,24}\s*:",
    r"[{};\s]color\s*:\s*(?:transp|#0000[^0-9a-f{]|#00000000|rgba?\(\s*0\s*,\s*0\s*,\s*0\s*,\s*0\s*\))",
))  # fmt: skip
# no colour at all, and a colour beside a background
_PART = r"[^\s,/();{}]+[\s,/]+"
_COLORS = "|".join((
    r"[{};\s]color\s*:\s*(?:transp|var|#[0-9a-f]{3}0[^0-9a-f{]|#[0-9a-f]{6}0|[^;{}]{0,40}\\|color-mix\([^{};]{0,60}transparent)",
    rf"[{{}};\s]color\s*:\s*(?:rgb|hsl|oklab|oklch|lab|lch)a?\(\s*(?:{_PART}){{3}}(?:0*\.0|0+[^.\d{{]|[0-4](?:\.\d*)?%|-)",
    r"[{};\s]color\s*:[^{}]*[;\s]background(?:-color)?\s*:",
    r"[{};\s]background(?:-color)?\s*:[^{}]*[;\s]color\s*:",
))  # fmt: skip
_SIGNS_AND_COLORS = f"{_SIGNS}|{_COLORS}"
_ALIKE = "|".join(
    rf"(?i:[{{}};\s]color\s*:\s*{one}[^{{}}]*[;\s]background(?:-color)?\s*:\s*{one})"
    rf"|(?i:[{{}};\s]background(?:-color)?\s*:\s*{one}[^{{}}]*[;\s]color\s*:\s*{one})"
    for one in (
        *(f"#{digit}" for digit in "123456789abcd"),
        r"(?:#[ef]|white|rgba?\(2[45])",
        r"(?:#0|black|rgba?\([0-9],)",
    )
)
# after so many bytes only colours that begin alike are compared: most rules that set both belong to buttons
COLOR_BYTES = 20_000
_PATTERN_BYTES = 8_000_000
_END = ord("}")


def find_signs(css: bytes, color_bytes: int = COLOR_BYTES) -> list[int]:
    """Where declarations begin that may hide, in order: the brace of a block, or one that ends a block in another.

    Args:
        css: in UTF-8, without comments.
    """
    cut = _next_brace(css, color_bytes)
    # a sign may end with the brace
    found = _find(_SIGNS_AND_COLORS, css[: cut + 1], 0)
    if cut < len(css):
        # where both are long, two searches are faster than one for either
        later = css[cut:]
        found |= _find(_SIGNS, later, cut) | _find(_ALIKE, later, cut)
    places = sorted(found - {-1})
    if any(css[place] == _END for place in places):
        # behind a block that is in none stands a selector
        outer, braces = find_nesting(css)
        places = [
            place
            for place in places
            if css[place] != _END or ((at := bisect_right(outer, place)) and braces[at - 1] >= 0)
        ]
    return places


def keep_signs(css: bytes, places: Iterable[int], color_bytes: int = COLOR_BYTES) -> list[int]:
    """As `find_signs`, of the declarations that begin at these places."""
    found: list[int] = []
    for start in places:
        block = css[start : _next_brace(css, start + 1)]
        patterns = (_SIGNS_AND_COLORS,) if start < color_bytes else (_SIGNS, _ALIKE)
        if any(_pattern(pattern).search(block) for pattern in patterns):
            found.append(start)
    return found


def _find(pattern: str, css: bytes, offset: int) -> set[int]:
    """The braces that have a match behind them, -1 for what is before all; a match has one as its first character."""
    found: set[int] = set()
    search, at, seen, start = _pattern(pattern).search, 0, 0, -1
    while (sign := search(css, at)) is not None:
        at = sign.start()
        begins = max(css.rfind(b"{", seen, at + 1), css.rfind(b"}", seen, at + 1))
        start = begins + offset if begins >= 0 else start
        found.add(start)
        # what is left up to the next brace cannot say more
        at = seen = _next_brace(css, at + 1)
        if at == len(css):
            break
    return found


def _next_brace(css: bytes, at: int) -> int:
    """Where the next brace is; the end of the text where there is none."""
    end = css.find(b"}", at)
    end = end if end >= 0 else len(css)
    begin = css.find(b"{", at, end)
    return begin if begin >= 0 else end


@cache
def _pattern(pattern: str) -> "re2._Regexp[bytes]":
    return compile_pattern(pattern, max_bytes=_PATTERN_BYTES, is_ascii=True)
