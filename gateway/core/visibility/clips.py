"""What `clip`, `clip-path` and `mask` leave of text: whether it is nothing.

Source: CSS Masking Level 1, 5 to 7; CSS Shapes Level 1, 3.
"""

import re
from collections.abc import Callable, Sequence

from gateway.core.visibility.numbers import NUMBER, amount, pixels

_SHAPE = re.compile(
    r"(?<![a-z])(inset|circle|ellipse|polygon|rect|xywh|path|shape)\(([^()]*+(?:\([^()]*+\)[^()]*+)*+)\)"
)
_BETWEEN = re.compile(r"[\s,]+")
_PATH_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?")
_PATH_LETTERS = re.compile(r"[a-df-z]")
# between colours that cannot be seen
_GRADIENT = re.compile(
    r"(?:repeating-)?(?:linear|radial|conic)-gradient\(([^()]*+(?:\([^()]*+\)[^()]*+)*+)\)"
)
_STOP = re.compile(r"[^,()]++(?:\([^()]*+\)[^,()]*+)?+")
# what stands in a gradient beside its colours
_NO_STOP = re.compile(r"to |at |from |in |circle|ellipse|closest|farthest|-?[\d.]")
_NO_PIXELS = re.compile(r"/\s*0[a-z%]*(?:\s|,|$)")
_MOST_CHARACTERS = 400
# corners of a polygon that are looked at
_MOST_CORNERS = 16
# of a box, that nobody reads
_TINY_PX = 2.0
# beyond these no box of text ends
_FAR_PX = 3000.0
# a box's side, where a share of it is asked for
_SIDE_PX = 300.0


def is_clipped(style: dict[str, str], color_of: Callable[[str], str]) -> bool:
    """Whether declarations leave nothing of what is in an element to be seen.

    Args:
        color_of: as `css.color_of`.
    """
    get = style.get
    if (clip := get("clip", "")).startswith("rect(") and _is_no_rectangle(clip):
        return True
    shape = _SHAPE.search((get("clip-path") or get("-webkit-clip-path") or "")[:_MOST_CHARACTERS])
    if shape is not None and _is_nothing(shape[1], shape[2].strip()):
        return True
    mask = get("mask") or get("mask-image") or get("-webkit-mask-image") or get("-webkit-mask") or ""
    size = get("mask-size") or get("-webkit-mask-size") or ""
    return mask not in ("", "none") and (
        _is_no_mask(mask[:_MOST_CHARACTERS], color_of)
        or (size != "" and size[0] == "0" and pixels(size) == 0)
    )


def _is_no_rectangle(clip: str) -> bool:
    sides = [pixels(side) for side in _BETWEEN.split(clip[5:].strip(" )"))]
    if all(abs(side) <= 1 for side in sides):
        return True
    # `auto` is the box's own side
    if len(sides) != 4 or "auto" in clip:
        return False
    top, right, bottom, left = sides
    return bottom - top <= 1 or right - left <= 1


def _is_nothing(name: str, inside: str) -> bool:
    """Whether a shape has no room in it, or is nowhere near."""
    parts = _split(inside)
    match name:
        case "inset":
            return _is_no_inset(parts)
        case "circle" | "ellipse":
            return _is_no_circle(name, inside)
        case "rect":
            sides = [_along(part) for part in parts[:4]]
            return (
                len(sides) == 4
                and "auto" not in inside
                and min(sides[2] - sides[0], sides[1] - sides[3]) <= 1
            )
        case "xywh":
            return any(_along(part) <= 1 for part in parts[2:4])
        case "polygon":
            return _is_no_polygon([_along(part) for part in parts if NUMBER.match(part)])
        case "path" | "shape":
            return _is_no_path(inside)
    return False


def _is_no_inset(parts: Sequence[str]) -> bool:
    sides = []
    for part in parts[:4]:
        if NUMBER.match(part) is None and "(" not in part:
            break
        sides.append(part)
    if not sides:
        return False
    top, right, bottom, left = _four(sides)
    return any(
        pixels(one) >= _FAR_PX
        or (one.endswith("%") and amount(one) >= 1)
        or (one.endswith("%") and other.endswith("%") and amount(one) + amount(other) >= 1)
        for one, other in ((top, bottom), (bottom, top), (left, right), (right, left))
    )


def _is_no_circle(name: str, inside: str) -> bool:
    radii, _, center = inside.partition("at ")
    sizes = [part for part in _split(radii) if NUMBER.match(part)]
    tiny = 1.0 if name == "circle" else 0.5
    if any((amount(size) == 0 if size.endswith("%") else pixels(size) <= tiny) for size in sizes):
        return True
    if not sizes or any(size.endswith("%") for size in sizes):
        return False
    largest = max(map(pixels, sizes))
    # before the box it begins in
    return any(pixels(place) + largest <= 0 for place in _split(center) if NUMBER.match(place))


def _is_no_polygon(numbers: Sequence[float]) -> bool:
    """Whether its corners are on one line, or all before the box."""
    if len(numbers) < 2 or len(numbers) % 2 or len(numbers) > 2 * _MOST_CORNERS:
        return False
    across, down = numbers[::2], numbers[1::2]
    if max(across) <= 0 or max(down) <= 0:
        return True
    return _is_line(across, down)


def _is_line(across: Sequence[float], down: Sequence[float]) -> bool:
    x, y = across[0], down[0]
    turns = [(a - x, d - y) for a, d in zip(across, down, strict=True)]
    far = max(turns, key=lambda turn: abs(turn[0]) + abs(turn[1]))
    return all(abs(far[0] * d - far[1] * a) <= _TINY_PX for a, d in turns)


def _is_no_path(inside: str) -> bool:
    """Whether a path of lines never leaves a point or a line, as far as its numbers say."""
    numbers = [abs(float(number)) for number in _PATH_NUMBER.findall(inside)]
    if not numbers or not any(numbers):
        return True
    lines = _PATH_LETTERS.findall(inside.lower().replace("evenodd", "").replace("nonzero", ""))
    # a shape smaller than a letter, and a move alone draws nothing
    return lines in (["m"], ["m", "z"]) or max(numbers) <= _TINY_PX


def _is_no_mask(mask: str, color_of: Callable[[str], str]) -> bool:
    """Whether gradients have no colour anywhere, or no size."""
    gradients = _GRADIENT.findall(mask)
    if not gradients or "url(" in mask:
        return False
    if _NO_PIXELS.search(_GRADIENT.sub("", mask)):
        return True
    stops = [stop.strip() for gradient in gradients for stop in _STOP.findall(gradient)]
    colors = [_color_of_stop(stop, color_of) for stop in stops if stop and not _NO_STOP.match(stop)]
    return bool(colors) and all(color == "transparent" for color in colors)


def _color_of_stop(stop: str, color_of: Callable[[str], str]) -> str:
    """Of a colour and where it is."""
    return color_of(stop[: stop.rfind(")") + 1] if ")" in stop else stop.split()[0])


def _along(part: str) -> float:
    """Pixels, where a share is one of a usual box."""
    number = NUMBER.match(part)
    if number is not None and number[2] == "%":
        return float(number[1]) / 100 * _SIDE_PX
    return pixels(part)


def _four(sides: Sequence[str]) -> tuple[str, str, str, str]:
    """Above, right, below, left: what is not said is as on the other side."""
    top = sides[0]
    right = sides[1] if len(sides) > 1 else top
    return top, right, sides[2] if len(sides) > 2 else top, sides[3] if len(sides) > 3 else right


def _split(inside: str) -> list[str]:
    return [part for part in _BETWEEN.split(inside) if part]
