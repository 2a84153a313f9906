"""How far declarations move text, by sides, margins or functions of `transform`, and whether they leave it a size.

Source: CSS Transforms Level 2, 12 and 13.
"""

import re
from math import cos, hypot, pi

from gateway.core.visibility.numbers import NUMBER, amount, pixels

_FUNCTION = re.compile(r"(?<![a-z])([a-z]++(?:3d)?)\(([^()]*+(?:\([^()]*+\)[^()]*+)*+)\)")
_BETWEEN = re.compile(r"[\s,]+")
_DEGREES = {"deg": 1.0, "grad": 0.9, "rad": 180 / pi, "turn": 360.0, "": 1.0}
# of a value
_MOST_CHARACTERS = 1000
# of a size, that nobody sees
_FLAT = 0.05
_MOVE = "translate"
_FAR_PX = 900.0
# to the right, or below: a page is that wide or long itself
_BEYOND_PX = 3000.0
# of an element's width, by which its first line begins before it
_FAR_LINES = 2.0
# of a path, which may be long
_NUMBERS = re.compile(r"-?\d{1,9}(?:\.\d+)?")
_MOST_OF_PATH = 200

_SIDES = ("left", "right", "top", "bottom")
_PADDINGS = frozenset(("padding", "padding-left", "padding-top"))
_INSETS = frozenset(("inset", "inset-inline", "inset-block"))
_SHORTHANDS = _INSETS | {"margin", "margin-inline"}
_STARTS = ("inset-inline-start", "inset-block-start", "inset-inline-end", "inset-block-end")
_SHIFTED = _SHORTHANDS | {
    *(*_SIDES, *_STARTS, "text-indent", "margin-left", "margin-top", "margin-inline-start", "word-spacing")
}
MOVES = _SHIFTED | {
    "transform",
    "-webkit-transform",
    "translate",
    "offset",
    "offset-path",
    "offset-distance",
}
TURNS = frozenset(("transform", "-webkit-transform", "scale", "rotate", "zoom"))


def is_far(style: dict[str, str]) -> bool:
    """Whether it is moved to where no screen is, and its text not back again."""
    get = style.get
    for name in _SHIFTED.intersection(style):
        value = style[name]
        if _starts_far(name, value) if name in _SHORTHANDS else pixels(value) <= -_FAR_PX:
            inside = [part for padding in _PADDINGS.intersection(style) for part in style[padding].split()]
            return all(pixels(part) < _FAR_PX for part in inside)
    path = get("offset-path") or get("offset")
    if path and _leads_far(path, "offset-distance" in style):
        return True
    indent = get("text-indent", "0")
    if indent.endswith("%") and amount(indent) <= -_FAR_LINES:
        return True
    indent = indent if get("white-space") == "nowrap" and "overflow" in style else "0"
    if pixels(indent) >= _FAR_PX or (indent.endswith("%") and amount(indent) >= 1):
        # the line begins where its box ends
        return True
    if get("position") in ("absolute", "fixed") and any(
        pixels(get(side, "0")) >= _BEYOND_PX for side in _SIDES
    ):
        return True
    transform = get("transform") or get("-webkit-transform") or ""
    moves = _moves_of(transform) or [pixels(part) for part in _BETWEEN.split(get("translate", ""))]
    if not any(not -_FAR_PX < move < _BEYOND_PX for move in moves):
        return False
    return pixels(get("left", "0")) < _FAR_PX


def _leads_far(path: str, is_along: bool) -> bool:
    """Whether a path puts text far off: where it begins, or anywhere if the text stands along it.

    Args:
        is_along: whether a distance on it is declared; `offset` has one behind its path.
    """
    numbers = _NUMBERS.findall(path[:_MOST_OF_PATH])
    is_start = path.startswith("path(") and not is_along and path.endswith(")")
    return any(not -_FAR_PX < float(number) < _BEYOND_PX for number in numbers[: 2 if is_start else None])


def _starts_far(name: str, value: str) -> bool:
    """Whether a shorthand for some sides puts where a box begins, above or on the left, far off, and not its end."""
    sides = list(map(pixels, value.split()))
    if not sides:
        return False
    if name.endswith(("-inline", "-block")):
        start, end = sides[0], sides[-1]
        return start <= -_FAR_PX and (len(sides) == 1 or end > -_FAR_PX)
    right = sides[1] if len(sides) > 1 else sides[0]
    left = sides[3] if len(sides) > 3 else right
    # a box that is wider than the screen has its text where it likes
    return sides[0] <= -_FAR_PX or (left <= -_FAR_PX < right)


def is_flat(style: dict[str, str]) -> bool:
    get = style.get
    if _leaves_nothing(get("transform") or get("-webkit-transform") or "") or _is_turned_away(
        get("rotate", "")
    ):
        return True
    # one number for width and height, or one for each
    if any(amount(part) < _FLAT for part in get("scale", "").split()[:2]):
        return True
    return "zoom" in style and amount(style["zoom"]) < _FLAT


def _moves_of(transform: str) -> list[float]:
    """The pixels by which its functions move, one by one."""
    if _MOVE not in transform and "matrix" not in transform:
        return []
    found: list[float] = []
    for name, inside in _FUNCTION.findall(transform[:_MOST_CHARACTERS]):
        if name.startswith(_MOVE):
            found += map(pixels, _split(inside))
        elif name == "matrix":
            found += map(pixels, _split(inside)[4:6])
        elif name == "matrix3d":
            found += map(pixels, _split(inside)[12:14])
    return found


def _leaves_nothing(transform: str) -> bool:
    """Whether it leaves no width or no height: scaled to nothing, or turned until it is seen from its side."""
    if "(" not in transform:
        return False
    width = height = 1.0
    for name, inside in _FUNCTION.findall(transform[:_MOST_CHARACTERS]):
        wide, high = _sizes_of(name, _split(inside))
        width, height = width * wide, height * high
    return abs(width) < _FLAT or abs(height) < _FLAT


def _is_turned_away(rotate: str) -> bool:
    """Whether a value of `rotate` turns text around an axis in the screen until it is seen from its side."""
    parts = rotate.split()
    if len(parts) == 2 and parts[0] in ("x", "y"):
        return abs(_cosine(parts[1])) < _FLAT
    return len(parts) == 4 and amount(parts[2]) == 0 and abs(_cosine(parts[3])) < _FLAT


def _sizes_of(name: str, parts: list[str]) -> tuple[float, float]:
    """What a function makes of a width and of a height."""
    match name:
        case "scale" | "scale3d":
            return amount(parts[0]), amount(parts[1] if len(parts) > 1 else parts[0])
        case "scalex":
            return amount(parts[0]), 1.0
        case "scaley":
            return 1.0, amount(parts[0])
        case "rotatex":
            return 1.0, _cosine(parts[0])
        case "rotatey":
            return _cosine(parts[0]), 1.0
        case "skew" | "skewx" | "skewy":
            return min((abs(_cosine(part)) for part in parts), default=1.0) >= _FLAT / 2, 1.0
        case "rotate3d" if len(parts) == 4 and amount(parts[2]) == 0:
            return _cosine(parts[3]), 1.0
        case "matrix" if len(parts) == 6:
            return _sizes_of_matrix(*map(amount, parts[:4]))
        case "matrix3d" if len(parts) == 16:
            return _sizes_of_matrix(*map(amount, (*parts[:2], *parts[4:6])))
    return 1.0, 1.0


def _sizes_of_matrix(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    width = hypot(a, b)
    return width, (a * d - b * c) / width if width else 0.0


def _cosine(angle: str) -> float:
    number = NUMBER.match(angle)
    if number is None:
        return 1.0
    # of what is endless nothing is known
    return cos(float(number[1]) * _DEGREES.get(number[2], 0.0) % 360 * pi / 180)


def _split(inside: str) -> list[str]:
    """The arguments of a function: at least one, which may be empty."""
    if "(" not in inside:
        return _BETWEEN.split(inside.strip())
    return [part.strip() for part in inside.split(",")]
