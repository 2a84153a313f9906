"""What declarations hide, in a `style` attribute or the block of a rule: enough CSS for that, and no more."""

import re
from colorsys import hls_to_rgb

from gateway.core.dom.landmarks import STYLE_WORDS
from gateway.core.dom.native import find_walk
from gateway.core.visibility.clips import is_clipped
from gateway.core.visibility.color_spaces import FAINT, SYSTEM, read_color
from gateway.core.visibility.named_colors import NAMED
from gateway.core.visibility.numbers import NUMBER, amount, pixels
from gateway.core.visibility.transforms import MOVES, TURNS, is_far, is_flat

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_IMPORTANT = re.compile(r"!\s*+important")
_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?", re.I)

_TINY_PX = 2.0
# of its parent's
_TINY_SHARE = 0.12
# that letters are drawn together or apart, until they are none
_TOGETHER_PX, _APART_PX = -8.0, 300.0
# of a blur, and of what makes all colours one
_BLUR_PX = 8.0
_GLARING = 50.0
_WIDTHS = ("width", "max-width", "inline-size", "max-inline-size")
_HEIGHTS = ("height", "max-height", "block-size", "max-block-size")
_LEAST_WIDTHS = ("min-width", "min-inline-size")
_SIZES = (*_WIDTHS, *_HEIGHTS)
_OVERFLOWS = ("overflow", "overflow-x", "overflow-y", "overflow-block", "overflow-inline", "contain")
_CUTS = ("hidden", "clip", "strict", "content", "paint")
# of a column there is nothing but its width
_NO_BOX = frozenset(("none", "table-column", "table-column-group"))
_TALL = frozenset(("padding", "padding-top", "padding-bottom"))
_FILTER = re.compile(r"(opacity|blur|brightness|contrast|invert)\(([^)]{0,20})")
_FONT = re.compile(r"(?:^|\s)((?:\d+(?:\.\d+)?|\.\d+)(?:px|pt|r?em|%)?)\s*(?:/|\s)")
_HIDING = re.compile("|".join(map(re.escape, STYLE_WORDS)))
_SPACES = re.compile(r"[\s,]+")
_PLAIN_COLORS = ("rgb", "hsl")
_GRADIENT = re.compile(r"linear-gradient\((?:to [a-z ]++,|-?\d++deg,)?+([#a-z0-9\s,]++)\)")
# what stands behind a colour of a function
_COLOR_CALL = re.compile(r"(?<=\))\s[^()]*\Z")
_BETWEEN = re.compile(r"[\s,/()]+")
# of two colours' parts, 0-255
_NEAR = 16

_MASKS = ("mask", "mask-image", "mask-size")
_CLIPS = frozenset(
    ("clip", "clip-path", "-webkit-clip-path", *_MASKS, *(f"-webkit-{name}" for name in _MASKS))
)
_FILTERS = ("filter", "-webkit-filter")
# by reason: what shows text again is another value of one of these
PROPERTIES = {
    "display": frozenset(("display",)),
    "visibility": frozenset(("visibility", "content-visibility")),
    "opacity": frozenset(("opacity", *_FILTERS)),
    "letter-spacing": frozenset(("letter-spacing",)),
    "font-size": frozenset(("font-size", "font", "font-size-adjust")),
    "off-screen": MOVES,
    "scale": TURNS,
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
        rf"\+?(?:\d++(?:\.\d*+)?|\.\d++)(?:e-?\d++)?(?:[a-z]{{0,5}}+|%)|(?:x{{0,3}}-)?(?:small|large)|medium|math|larger|smaller{_ANY}"
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
    if get("display") in _NO_BOX or get("content", "").startswith("url("):
        return "display"
    if get("visibility") in ("hidden", "collapse") or get("content-visibility") == "hidden":
        return "visibility"
    # `keys() &` would ask for each name that there is
    set_here = _SIGNS.intersection(style)
    if not set_here:
        return ""
    if "opacity" in set_here and amount(style["opacity"]) < FAINT:
        return "opacity"
    if not set_here.isdisjoint(_FILTERS) and _is_filtered(style):
        return "opacity"
    size = get("font-size") or ("font" in set_here and (found := _FONT.search(style["font"])) and found[1])
    if size and (pixels(size) <= _TINY_PX or (size.endswith("%") and amount(size) <= _TINY_SHARE)):
        return "font-size"
    if "font-size-adjust" in set_here and amount(style["font-size-adjust"]) == 0:
        return "font-size"
    if "letter-spacing" in set_here and not _TOGETHER_PX < pixels(style["letter-spacing"]) < _APART_PX:
        return "letter-spacing"
    if not set_here.isdisjoint(MOVES) and is_far(style):
        return "off-screen"
    if not set_here.isdisjoint(TURNS) and is_flat(style):
        return "scale"
    if not set_here.isdisjoint(_CLIPS) and is_clipped(style, color_of):
        return "clip"
    if "-webkit-text-fill-color" in set_here and color_of(letters_of(style)) == "transparent":
        return "" if clips_background(style) else "color"
    if not set_here.isdisjoint(_OVERFLOWS) and _has_no_size(style):
        return "no-size"
    return ""


def _is_filtered(style: dict[str, str]) -> bool:
    """Whether a filter leaves nothing to be read: see-through, blurred, or all of one colour."""
    for name, value in _FILTER.findall(" ".join(style[name] for name in _FILTERS if name in style)):
        if name == "opacity":
            is_lost = amount(value) < FAINT
        elif name == "blur":
            is_lost = value != "" and pixels(value) >= _BLUR_PX
        else:
            # with its background
            number = amount(value) if value else 1.0
            is_lost = (
                background_of(style) != ""
                and {
                    "contrast": number < FAINT,
                    "brightness": number < FAINT or number >= _GLARING,
                    "invert": abs(number - 0.5) < FAINT,
                }[name]
            )
        if is_lost:
            return True
    return False


def _has_no_size(style: dict[str, str]) -> bool:
    """Whether what overflows is cut, and nothing of it is left."""
    cuts = {style[name].split()[0] for name in _OVERFLOWS if style.get(name)}
    if cuts.isdisjoint(_CUTS):
        return False
    if amount(style.get("line-height", "")) < FAINT:
        return True
    if any(name in style and pixels(style[name]) <= _TINY_PX for name in _WIDTHS):
        # what a box is at least outweighs what it is and what it is at most
        return not any(pixels(style[name]) > _TINY_PX for name in _LEAST_WIDTHS if name in style)
    if not any(name in style and pixels(style[name]) <= _TINY_PX for name in _HEIGHTS):
        return False
    # what overflows is cut at the padding's edge: a box of a picture's proportions has no other height
    return not any(_is_more(style[name]) for name in _TALL.intersection(style))


def _is_more(padding: str) -> bool:
    """Whether a padding, above or below, takes a percentage or more than a few pixels."""
    # above, right, below, left
    above_and_below = _SPACES.split(padding)[::2]
    return any(NUMBER.match(part) and pixels(part) > _TINY_PX for part in above_and_below)


def clips_background(style: dict[str, str]) -> bool:
    """Whether letters show the background: a gradient heading."""
    return "text" in (style.get("background-clip"), style.get("-webkit-background-clip"))


def color_of(value: str) -> str:
    """Six hex digits for an opaque colour, `transparent` for one that cannot be seen, else empty."""
    value = value.strip()
    if "(" in value and not value.startswith(_PLAIN_COLORS):
        return read_color(value, color_of)
    if value.startswith("#"):
        digits = value[1:]
        if len(digits) in (4, 8):
            # with alpha
            alpha = int(digits[3] * 2 if len(digits) == 4 else digits[6:], 16) if _is_hex(digits) else 255
            if alpha / 255 < FAINT:
                return "transparent"
            digits = digits[:3] if len(digits) == 4 else digits[:6]
        if len(digits) == 3:
            digits = "".join(digit * 2 for digit in digits)
        return digits if len(digits) == 6 and _is_hex(digits) else ""
    if value.startswith(("rgb", "hsl")):
        parts = [part for part in _BETWEEN.split(value)[1:] if part]
        if len(parts) >= 4 and "from" not in parts and amount(parts[3]) < FAINT:
            return "transparent"
        if value.startswith("hsl"):
            return _of_hue(parts)
        if len(parts) >= 3 and all(part.endswith("%") for part in parts[:3]):
            return "".join(f"{min(255, round(max(0.0, amount(part)) * 255)):02x}" for part in parts[:3])
        if len(parts) >= 3 and all(part.isdigit() for part in parts[:3]):
            return "".join(f"{min(int(part), 255):02x}" for part in parts[:3])
        if len(parts) >= 3 and all(part == "none" or NUMBER.match(part) for part in parts[:3]):
            shares = (0.0 if part == "none" else min(255.0, max(0.0, amount(part))) for part in parts[:3])
            return "".join(f"{round(share):02x}" for share in shares)
        return read_color(value, color_of) if "from" in parts else ""
    return "transparent" if value == "transparent" else NAMED.get(value) or SYSTEM.get(value, "")


def _of_hue(parts: list[str]) -> str:
    """The colour of a hue in degrees, a saturation and a lightness in percent."""
    if len(parts) < 3 or not all(NUMBER.match(part) for part in parts[:3]):
        return ""
    hue = amount(parts[0].removesuffix("deg")) % 360 / 360
    saturation, lightness = (min(1.0, max(0.0, amount(part))) for part in parts[1:3])
    return "".join(f"{round(part * 255):02x}" for part in hls_to_rgb(hue, lightness, saturation))


def background_of(style: dict[str, str]) -> str:
    """The background's colour, as `color_of`; empty where it is an image, a gradient or not stated."""
    value = style.get("background-color") or style.get("background", "")
    if "url(" in value:
        return ""
    if "gradient" in value:
        return _of_gradient(value)
    if value == "currentcolor":
        return color_of(style.get("color", ""))
    if "(" not in value:
        return next(filter(None, map(color_of, value.split())), "")
    return color_of(value) if value.endswith(")") else color_of(_COLOR_CALL.sub("", value))


def _of_gradient(value: str) -> str:
    """The one colour of a gradient that covers all of an element; empty where it has more, or is elsewhere."""
    found = _GRADIENT.fullmatch(value)
    colors = {color_of(part.split()[0]) for part in found[1].split(",") if part.strip()} if found else set()
    return colors.pop() if len(colors) == 1 else ""


def letters_of(style: dict[str, str]) -> str:
    """The value that colours the letters; empty where it is not declared."""
    fill = style.get("-webkit-text-fill-color")
    return fill if fill and fill != "currentcolor" else style.get("color", "")


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
