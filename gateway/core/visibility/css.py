"""What declarations hide, in a `style` attribute or the block of a rule: enough CSS for that, and no more."""

import re
from colorsys import hls_to_rgb

from gateway.core.dom.landmarks import STYLE_WORDS
from gateway.core.dom.native import find_walk
from gateway.core.visibility.named_colors import NAMED

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_IMPORTANT = re.compile(r"!\s*+important")
_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?", re.I)
_CALC = re.compile(r"calc\(\s*+([^\s(),]++)\s*+\)|min\(\s*+(-[^\s(),]++)\s*+,")
_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))([a-z%]*)")
_PX = {"px": 1.0, "": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "vw": 10.0, "vh": 10.0}

# opacity, or alpha, that no one can read
_FAINT = 0.05
_TINY_PX = 2.0
_FAR_PX = 900.0
# to the right, or below: a page is that wide or long itself
_BEYOND_PX = 3000.0
_WIDTHS = ("width", "max-width")
_HEIGHTS = ("height", "max-height")
_SIZES = (*_WIDTHS, *_HEIGHTS)
_OVERFLOWS = ("overflow", "overflow-x", "overflow-y")
_TALL = frozenset(("padding", "padding-top", "padding-bottom"))
_NO_SCALE = re.compile(r"scale[xy3d]{0,2}\(\s*+(?:0?+\.?+0*+%?+|0?+\.0[0-4]\d*+|[0-4](?:\.\d*+)?%)\s*+[,)]")
_EDGE_ON = re.compile(r"rotate[xy]\(\s*+-?(?:90|270)deg|rotate3d\((?:0,\s?1|1,\s?0),\s?0,\s?-?(?:90|270)deg")
_TURNED = re.compile(r"[xy]\s+-?(?:90|270)deg")
_MOVE = re.compile(r"translate[xyz3d]{0,2}\(([^)]{0,200})")
_NO_NUMBER = re.compile(r"0?\.?0*+%?\s*+(?:$|\s)")
_FADED = re.compile(r"opacity\(([^)]{0,20})")
_FONT = re.compile(r"(?:^|\s)((?:\d+(?:\.\d+)?|\.\d+)(?:px|pt|r?em|%)?)\s*(?:/|\s)")
_NO_MASK = re.compile(r"gradient\((?:to \w+,)?\s*(?:transparent|#0000)\s*,\s*(?:transparent|#0000)\s*\)")
_NO_CLIP = re.compile(
    r"inset\([^)]{0,60}100%|ellipse\(\s*0(?![.\d])|inset\(\s*(?:[5-9]\d|1\d\d)(?:\.\d+)?%"
    r"|circle\(\s*0(?![.\d])|polygon\(\s*(?:0[a-z%]*[\s,]*)+\)|rect\((?:\s*0[a-z%]*){4}\s*\)"
    r"|xywh\(\s*[^\s()]+\s+[^\s()]+\s+(?:[^\s()]+\s+)?0(?![.\d])|path\([\s'\"]*m[\d\s.,]*[\s'\"z]*\)"
)

_HIDING = re.compile("|".join(map(re.escape, STYLE_WORDS)))
_SPACES = re.compile(r"[\s,]+")
_BETWEEN = re.compile(r"[\s,/()]+")
# of two colours' parts, 0-255
_NEAR = 16

_SIDES = ("left", "right", "top", "bottom")
_PADDINGS = ("padding", "padding-left", "padding-top")
_STARTS = ("inset", "inset-inline", "inset-block", "inset-inline-start", "inset-block-start")
_SHIFTED = frozenset(
    (*_SIDES, *_STARTS, "text-indent", "margin", "margin-left", "margin-top", "margin-inline-start")
)
_MOVES = _SHIFTED | {"transform", "-webkit-transform", "translate"}
_TURNS = frozenset(("transform", "-webkit-transform", "scale", "rotate", "zoom"))
_CLIPS = frozenset(("clip", "clip-path", "-webkit-clip-path", "mask", "mask-image", "-webkit-mask-image"))
# by reason: what shows text again is another value of one of these
PROPERTIES = {
    "display": frozenset(("display",)),
    "visibility": frozenset(("visibility", "content-visibility")),
    "opacity": frozenset(("opacity", "filter")),
    "font-size": frozenset(("font-size", "font")),
    "off-screen": _MOVES,
    "scale": _TURNS,
    "clip": _CLIPS,
    "no-size": frozenset((*_SIZES, *_OVERFLOWS, "line-height")),
    "color": frozenset(("color", "background", "background-color", "-webkit-text-fill-color")),
}
HIDING = frozenset(name for names in PROPERTIES.values() for name in names)
# what is see-through under one of these is so until it is shown
ANIMATED = frozenset(("transition", "animation", "transform", "-webkit-transform", "will-change"))
_STILL = frozenset(("none", "auto", "initial", "unset", "inherit", ""))
# what browsers take for a value; a declaration of another they drop, and an earlier one holds
_ANY = r"|inherit|initial|unset|revert(?:-layer)?+|-[a-z].*|[a-z-]{1,20}+\(.*"
_VALUES = {
    "display": re.compile(
        r"(?:(?:block|inline|flow|flow-root|flex|grid|table|ruby|math|list-item|run-in)(?: |$))+|none|contents"
        rf"|(?:inline|table|ruby)-[a-z-]++|grid-lanes|masonry|subgrid{_ANY}"
    ),
    "visibility": re.compile(rf"visible|hidden|collapse{_ANY}"),
    "opacity": re.compile(rf"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:e-?\d++)?%?{_ANY}"),
    "font-size": re.compile(
        rf"\+?(?:\d++(?:\.\d*+)?|\.\d++)(?:[a-z]{{0,5}}+|%)|(?:x{{0,3}}-)?(?:small|large)|medium|math|larger|smaller{_ANY}"
    ),
}
# of what is around
_RELATIVE = re.compile(r"inherit|unset|revert|larger|smaller|[\d.]++(?:em|%|ex|ch|lh|cap|ic)")
# where nothing else of what may hide is declared, only `display` hides: sizes do by what overflows them
_SIGNS = HIDING - {"display", "color", "line-height", *_SIZES}


def declarations(style: str | bytes) -> dict[str, str]:
    """Property -> value, lower case, comments and escapes resolved, `!important` left out.

    Args:
        style: bytes are UTF-8.
    """
    extension = find_walk().extension
    if extension is not None and (read := extension.read_declarations(style)) is not None:
        return read
    found: dict[str, str] = {}
    important: set[str] = set()
    for name, value in _pairs_of(style):
        if "!" in value:
            value, count = _IMPORTANT.subn("", value)
            value = value.strip()
            if count:
                important.add(name)
        elif name in important:
            continue
        if name in _VALUES and not _VALUES[name].fullmatch(value):
            continue
        found[name] = value
    return found


def _pairs_of(style: str | bytes) -> list[tuple[str, str]]:
    """Properties and values as declared, lower case, comments and escapes resolved."""
    extension = find_walk().extension
    pairs = extension.split_declarations(style) if extension is not None else None
    if pairs is not None:
        return pairs
    if isinstance(style, bytes):
        style = style.decode("utf-8", "replace")
    if "/*" in style:
        style = _COMMENT.sub(" ", style)
    if "\\" in style:
        style = _ESCAPE.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), style)
    parts = (declaration.partition(":") for declaration in style.lower().split(";"))
    return [(name.strip(), value.strip()) for name, colon, value in parts if colon]


def gives_back(style: dict[str, str], name: str) -> bool:
    """Whether declarations give text a property's value of its own, whatever is around it.

    Args:
        name: `font-size` or `visibility`.
    """
    return name in style and not _RELATIVE.match(style[name])


def is_animated(style: dict[str, str]) -> bool:
    """Whether what is see-through under these declarations is so until it is shown."""
    return any(style[name] not in _STILL for name in ANIMATED.intersection(style))


def may_hide(style: str) -> bool:
    """Whether `concealed_by` or the colours are worth asking: cheap, and never wrongly False."""
    return _HIDING.search(style.lower()) is not None


def concealed_by(style: dict[str, str]) -> str:
    """Why text under these declarations cannot be seen: a short name, empty where it can.

    `display`, `visibility`, `opacity` and `no-size` are what scripts undo; the other reasons are not.
    """
    get = style.get
    if get("display") == "none":
        return "display"
    if get("visibility") in ("hidden", "collapse") or get("content-visibility") == "hidden":
        return "visibility"
    # `keys() &` would ask for each name that there is
    set_here = _SIGNS.intersection(style)
    if not set_here:
        return ""
    if "opacity" in set_here and _amount(style["opacity"]) < _FAINT:
        return "opacity"
    if "filter" in set_here and (faded := _FADED.search(style["filter"])) and _amount(faded[1]) < _FAINT:
        return "opacity"
    size = get("font-size") or ("font" in set_here and (found := _FONT.search(style["font"])) and found[1])
    if size and _px(size) <= _TINY_PX:
        return "font-size"
    if not set_here.isdisjoint(_MOVES) and _is_far(style):
        return "off-screen"
    if not set_here.isdisjoint(_TURNS) and _is_flat(style):
        return "scale"
    if not set_here.isdisjoint(_CLIPS) and _is_clipped(style):
        return "clip"
    if "-webkit-text-fill-color" in set_here and color_of(style["-webkit-text-fill-color"]) == "transparent":
        return "" if clips_background(style) else "color"
    if any(name in set_here and style[name].startswith(("hidden", "clip")) for name in _OVERFLOWS):
        if _amount(get("line-height", "")) < _FAINT or any(
            name in style and _px(style[name]) <= _TINY_PX for name in _WIDTHS
        ):
            return "no-size"
        if any(name in style and _px(style[name]) <= _TINY_PX for name in _HEIGHTS):
            # what overflows is cut at the padding's edge: a box of a picture's proportions has no other height
            return "" if any(_is_more(style[name]) for name in _TALL.intersection(style)) else "no-size"
    return ""


def _is_more(padding: str) -> bool:
    """Whether a padding, above or below, takes a percentage or more than a few pixels."""
    # above, right, below, left
    above_and_below = _SPACES.split(padding)[::2]
    return any(_NUMBER.match(part) and _px(part) > _TINY_PX for part in above_and_below)


def _is_far(style: dict[str, str]) -> bool:
    """Whether it is moved to where no screen is, and its text not back again."""
    get = style.get
    for name in _SHIFTED.intersection(style):
        if _px(style[name]) <= -_FAR_PX:
            return all(_px(get(inside, "0")) < _FAR_PX for inside in _PADDINGS)
    indent = get("text-indent", "0") if get("white-space") == "nowrap" and "overflow" in style else "0"
    if _px(indent) >= _FAR_PX or (indent.endswith("%") and _amount(indent) >= 1):
        # the line begins where its box ends
        return True
    if get("position") in ("absolute", "fixed") and any(_px(get(side, "0")) >= _BEYOND_PX for side in _SIDES):
        return True
    transform = get("transform") or get("-webkit-transform") or ""
    moves = moved[1] if (moved := _MOVE.search(transform)) else get("translate", "")
    if not any(not -_FAR_PX < _px(value) < _BEYOND_PX for value in _SPACES.split(moves)):
        return False
    return _px(get("left", "0")) < _FAR_PX


def _is_flat(style: dict[str, str]) -> bool:
    get = style.get
    transform = get("transform") or get("-webkit-transform") or ""
    if _NO_SCALE.search(transform) or _EDGE_ON.search(transform):
        return True
    if "scale" in style and (_NO_NUMBER.match(style["scale"]) or _amount(style["scale"]) < _FAINT):
        return True
    if _TURNED.match(get("rotate", "")):
        return True
    return "zoom" in style and _amount(style["zoom"]) < _FAINT


def _is_clipped(style: dict[str, str]) -> bool:
    get = style.get
    clip = get("clip", "")
    if clip.startswith("rect(") and all(abs(_px(side)) <= 1 for side in _SPACES.split(clip[5:].strip(" )"))):
        return True
    if _NO_CLIP.match(get("clip-path") or get("-webkit-clip-path") or ""):
        return True
    mask = get("mask") or get("mask-image") or get("-webkit-mask-image") or ""
    return _NO_MASK.search(mask) is not None


def clips_background(style: dict[str, str]) -> bool:
    """Whether letters show the background: a gradient heading."""
    return "text" in (style.get("background-clip"), style.get("-webkit-background-clip"))


def color_of(value: str) -> str:
    """Six hex digits for an opaque colour, `transparent` for one that cannot be seen, else empty."""
    value = value.strip()
    if value.startswith("#"):
        digits = value[1:]
        if len(digits) in (4, 8):
            # with alpha
            alpha = int(digits[3] * 2 if len(digits) == 4 else digits[6:], 16) if _is_hex(digits) else 255
            if alpha / 255 < _FAINT:
                return "transparent"
            digits = digits[:3] if len(digits) == 4 else digits[:6]
        if len(digits) == 3:
            digits = "".join(digit * 2 for digit in digits)
        return digits if len(digits) == 6 and _is_hex(digits) else ""
    if value.startswith(("rgb", "hsl")):
        parts = [part for part in _BETWEEN.split(value)[1:] if part]
        if len(parts) >= 4 and _amount(parts[3]) < _FAINT:
            return "transparent"
        if value.startswith("hsl"):
            return _of_hue(parts)
        if len(parts) >= 3 and all(part.endswith("%") for part in parts[:3]):
            return "".join(f"{min(255, round(max(0.0, _amount(part)) * 255)):02x}" for part in parts[:3])
        if len(parts) >= 3 and all(part.isdigit() for part in parts[:3]):
            return "".join(f"{min(int(part), 255):02x}" for part in parts[:3])
        return ""
    return "transparent" if value == "transparent" else NAMED.get(value, "")


def _of_hue(parts: list[str]) -> str:
    """The colour of a hue in degrees, a saturation and a lightness in percent."""
    if len(parts) < 3 or not all(_NUMBER.match(part) for part in parts[:3]):
        return ""
    hue = _amount(parts[0].removesuffix("deg")) % 360 / 360
    saturation, lightness = (min(1.0, max(0.0, _amount(part))) for part in parts[1:3])
    return "".join(f"{round(part * 255):02x}" for part in hls_to_rgb(hue, lightness, saturation))


def background_of(style: dict[str, str]) -> str:
    """The background's colour, as `color_of`; empty where it is an image, a gradient or not stated."""
    value = style.get("background-color") or style.get("background", "")
    if "url(" in value or "gradient" in value:
        return ""
    return color_of(value if value.startswith("rgb") else value.split(" ")[0])


def letters_of(style: dict[str, str]) -> str:
    """The value that colours the letters; empty where it is not declared."""
    return style.get("-webkit-text-fill-color") or style.get("color", "")


def same_colors(style: dict[str, str]) -> bool:
    """Whether text has no colour, or that of the background that is declared with it."""
    value = letters_of(style)
    if not value:
        return False
    color = color_of(value)
    if color == "transparent":
        return not clips_background(style)
    return is_near(color, background_of(style))


def is_near(color: str, other: str) -> bool:
    """Whether no reader can tell two colours apart, as `color_of` gives them."""
    if len(color) != 6 or len(other) != 6:
        return False
    one, two = int(color, 16), int(other, 16)
    return (
        abs((one >> 16) - (two >> 16)) <= _NEAR
        and abs((one >> 8 & 255) - (two >> 8 & 255)) <= _NEAR
        and abs((one & 255) - (two & 255)) <= _NEAR
    )


def important_in(style: str) -> frozenset[str]:
    """The properties that are declared `!important`."""
    if "!" not in style:
        return frozenset()
    parts = (declaration.partition(":") for declaration in style.lower().split(";"))
    return frozenset(name.strip() for name, _, value in parts if value.rstrip().endswith("important"))


def _is_hex(digits: str) -> bool:
    return not digits.strip("0123456789abcdef")


def _amount(value: str) -> float:
    number = _NUMBER.match(_without_calc(value))
    return 1.0 if number is None else float(number[1]) / (100 if number[2] == "%" else 1)


def _px(value: str) -> float:
    """Rough size in pixels; a percentage, or no number, says nothing: neither small nor far."""
    number = _NUMBER.match(_without_calc(value))
    if number is None:
        return 100.0
    if number[2] == "%":
        return 0.0 if float(number[1]) == 0 else 100.0
    return float(number[1]) * _PX.get(number[2], 1.0)


def _without_calc(value: str) -> str:
    """The number that is all of a calculation, or what its result is not above."""
    if not value.startswith(("calc(", "min(")) or (found := _CALC.match(value)) is None:
        return value
    return found[1] or found[2]
