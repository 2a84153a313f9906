"""Colours that are not written in red, green and blue: what they come to in these, where that is known.

Source: CSS Color Level 4, 8 to 10 and 18; CSS Color Level 5, 2 to 4 and 9.
"""

import re
from collections.abc import Callable, Sequence
from math import cos, pi, sin

from gateway.core.visibility.numbers import amount

# opacity, or alpha, that no one can read
FAINT = 0.05
# of a part, either way; angles go round twice
_MOST = 1000.0
_CALL = re.compile(r"([a-z-]++)\((.{0,200})\)\Z", re.S)
_BETWEEN = re.compile(r"[\s,]+")
_SHARE = re.compile(r"(?:^|\s)(-?[\d.]++)%")
# what browsers paint a page in that asks for nothing
SYSTEM = {"canvas": "ffffff", "canvastext": "000000", "field": "ffffff", "fieldtext": "000000"}

# from a space to light in red, green and blue
_Matrix = tuple[tuple[float, float, float], ...]
_OKLAB_TO_LMS: _Matrix = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_LMS_TO_RGB: _Matrix = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
# of the white of D50
_XYZ_TO_RGB: _Matrix = (
    (3.1341359569, -1.6173863322, -0.4906619460),
    (-0.9787955029, 1.9162543773, 0.0334427311),
    (0.0719553967, -0.2289768264, 1.4053860351),
)
_WHITE = (0.9642956764, 1.0, 0.8251046025)


def read_color(value: str, color_of: Callable[[str], str]) -> str:
    """As `css.color_of`, of a function; empty where that is not known.

    Args:
        value: in lower case.
        color_of: asked for the colours in it.
    """
    call = _CALL.match(value)
    if call is None:
        return ""
    name, inside = call[1], call[2].strip()
    if name == "light-dark":
        return color_of(_arguments(inside)[0])
    if name == "color-mix":
        return _mix(_arguments(inside)[1:], color_of)
    inside, slash, alpha = inside.partition("/")
    if slash and _part(alpha.strip()) < FAINT:
        return "transparent"
    words = [word for word in _BETWEEN.split(inside) if word]
    if words[:1] == ["from"]:
        # the letters of the function, in order, change nothing
        is_same = "".join(words[2:]) in ("rgb", "hsl", "lch", "lab", "hwb") and len(words) == 5
        return color_of(words[1]) if is_same else ""
    if name == "color" and words:
        shares = [_part(word) for word in words[1:4]]
        is_known = words[0] == "srgb" or (words[0] != "xyz" and len(set(shares)) == 1)
        return _written(shares) if is_known and len(shares) == 3 else ""
    return _of_space(name, words) if len(words) == 3 else ""


def _arguments(inside: str) -> list[str]:
    """What stands between the commas that are in no brackets."""
    parts, depth, begin = [], 0, 0
    for at, character in enumerate(inside):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(inside[begin:at])
            begin = at + 1
    return [*parts, inside[begin:]]


def _of_space(name: str, words: Sequence[str]) -> str:
    first, second, third = words
    is_percent = first.endswith("%")
    if name in ("oklab", "oklch"):
        a, b = _part(second, 0.4), _part(third, 0.4)
        if name == "oklch":
            a, b = _around(a, third)
        lms = [value**3 for value in _times(_OKLAB_TO_LMS, (_part(first), a, b))]
        return _written([_gamma(light) for light in _times(_LMS_TO_RGB, lms)])
    if name in ("lab", "lch"):
        light = _part(first) * (100 if is_percent else 1)
        a, b = _part(second, 125), _part(third, 125)
        if name == "lch":
            a, b = _around(_part(second, 150), third)
        y = (light + 16) / 116
        xyz = [
            white * _unlab(part) for white, part in zip(_WHITE, (y + a / 500, y, y - b / 200), strict=True)
        ]
        return _written([_gamma(light) for light in _times(_XYZ_TO_RGB, xyz)])
    if name == "hwb" and second.endswith("%") and third.endswith("%"):
        white, black = _part(second), _part(third)
        if white + black >= 1:
            return _written([white / (white + black)] * 3)
    return ""


def _mix(parts: Sequence[str], color_of: Callable[[str], str]) -> str:
    """What is left of two colours where one of them is all of it, or both are the same."""
    if len(parts) != 2:
        return ""
    shares = [float(found[1]) if (found := _SHARE.search(part)) else None for part in parts]
    first = shares[0] if shares[0] is not None else 50.0 if shares[1] is None else 100 - shares[1]
    colors = [color_of(_SHARE.sub("", part).strip()) for part in parts]
    if first >= 100 * (1 - FAINT) or colors[0] == colors[1]:
        return colors[0]
    return colors[1] if first <= 100 * FAINT else ""


def _part(word: str, whole: float = 1.0) -> float:
    """A part of a colour; a share is one of the whole."""
    if word == "none":
        return 0.0
    return min(_MOST, max(-_MOST, amount(word) * (whole if word.endswith("%") else 1)))


def _around(chroma: float, hue: str) -> tuple[float, float]:
    angle = _part(hue.removesuffix("deg")) * pi / 180
    return chroma * cos(angle), chroma * sin(angle)


def _times(matrix: _Matrix, values: Sequence[float]) -> list[float]:
    return [sum(one * other for one, other in zip(row, values, strict=True)) for row in matrix]


def _gamma(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def _unlab(part: float) -> float:
    return part**3 if part > 6 / 29 else (part - 4 / 29) * 3 * (6 / 29) ** 2


def _written(shares: Sequence[float]) -> str:
    return "".join(f"{round(255 * min(1.0, max(0.0, share))):02x}" for share in shares)
