"""What a style attribute or a `<style>` rule hides: enough CSS for that, and no more."""

import re
from collections.abc import Iterator

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?", re.I)
_NUMBER = re.compile(r"([+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))([a-z%]*)")
_PX = {"px": 1.0, "": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "vw": 10.0, "vh": 10.0}

# opacity, or alpha, that no one can read
_FAINT = 0.05
_TINY_PX = 1.0
_FAR_PX = 900.0
_SHIFTS = ("left", "right", "top", "bottom", "text-indent", "margin", "margin-left", "margin-top")
_SIZES = ("width", "height", "max-width", "max-height")
_NO_SCALE = re.compile(r"scale[xy3d]{0,2}\(\s*+0?+\.?+0*+%?+\s*+[,)]")
_FAR_MOVE = re.compile(r"translate[xy3d]{0,2}\([^)]{0,200}-\d{4,}(?:\.\d+)?px")
_NO_CLIP = re.compile(
    r"inset\(\s*(?:[5-9]\d|1\d\d)(?:\.\d+)?%|circle\(\s*0(?![.\d])|polygon\(\s*(?:0[a-z%]*[\s,]*)+\)"
)

# One of these is in every style that hides (`\\` and `/*` may veil it), in lower case; same colours need `color`.
_HIDING = re.compile(r"none|hidden|opacity|font-size|clip|scale|collapse|: ?-|\(-|\\|/\*|background")
_SPACES = re.compile(r"[\s,]+")
_BETWEEN = re.compile(r"[\s,/()]+")
_SIMPLE = r"[a-z0-9]{0,10}[.#]-?[a-z_][\w-]{0,80}"
_SIMPLE_LIST = re.compile(rf"{_SIMPLE}(?:\s*,\s*{_SIMPLE}){{0,9}}", re.I)

_NAMED = {"white": "ffffff", "black": "000000", "snow": "fffafa", "ivory": "fffff0", "red": "ff0000"}


def declarations(style: str) -> dict[str, str]:
    """Property -> value, lower case, comments and escapes resolved, `!important` left out."""
    if "/*" in style:
        style = _COMMENT.sub(" ", style)
    if "\\" in style:
        style = _ESCAPE.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), style)
    found = {}
    for declaration in style.lower().split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            found[name.strip()] = value.replace("!important", "").strip()
    return found


def may_hide(style: str) -> bool:
    """Whether `concealed_by` or the colours are worth asking: cheap, and never wrongly False."""
    style = style.lower()
    return _HIDING.search(style) is not None or "color" in style


def concealed_by(style: dict[str, str]) -> str:
    """Why text under these declarations cannot be seen: a short name, empty where it can.

    `display`, `visibility`, `opacity` and `no-size` are what scripts undo; the other reasons are not.
    """
    if style.get("display") == "none":
        return "display"
    if style.get("visibility") in ("hidden", "collapse") or style.get("content-visibility") == "hidden":
        return "visibility"
    if "opacity" in style and _amount(style["opacity"]) < _FAINT:
        return "opacity"
    if "font-size" in style and _px(style["font-size"]) <= _TINY_PX:
        return "font-size"
    if any(name in style and _px(style[name]) <= -_FAR_PX for name in _SHIFTS):
        return "off-screen"
    if transform := style.get("transform", style.get("-webkit-transform")):
        if _NO_SCALE.search(transform):
            return "scale"
        if _FAR_MOVE.search(transform):
            return "off-screen"
    clip = style.get("clip", "")
    if clip.startswith("rect(") and all(abs(_px(side)) <= 1 for side in _SPACES.split(clip[5:].strip(" )"))):
        return "clip"
    if _NO_CLIP.match(style.get("clip-path", "")):
        return "clip"
    cut = style.get("overflow", "").startswith("hidden")
    return "no-size" if cut and any(name in style and _px(style[name]) <= _TINY_PX for name in _SIZES) else ""


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
    if value.startswith("rgb"):
        parts = [part for part in _BETWEEN.split(value)[1:] if part]
        if len(parts) >= 4 and _amount(parts[3]) < _FAINT:
            return "transparent"
        if len(parts) >= 3 and all(part.isdigit() for part in parts[:3]):
            return "".join(f"{min(int(part), 255):02x}" for part in parts[:3])
        return ""
    return "transparent" if value == "transparent" else _NAMED.get(value, "")


def background_of(style: dict[str, str]) -> str:
    """The background's colour, as `color_of`; empty where it is an image, a gradient or not stated."""
    value = style.get("background-color") or style.get("background", "")
    if "url(" in value or "gradient" in value:
        return ""
    return color_of(value if value.startswith("rgb") else value.split(" ")[0])


def hiding_rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Selector and why, for top-level rules with simple selectors (`.x`, `#x`, `p.x`) that hide text."""
    if "/*" in sheet:
        sheet = _COMMENT.sub(" ", sheet)
    # in @media, @supports, @keyframes a rule holds sometimes: not read
    depth = 0
    for chunk in sheet.split("}"):
        selector, opening, body = chunk.partition("{")
        if not opening:
            depth = max(0, depth - 1)
        elif depth or "{" in body:
            depth += body.count("{")
        elif _HIDING.search(body):
            # behind @import …;
            selector = selector[selector.rfind(";") + 1 :].strip()
            if _SIMPLE_LIST.fullmatch(selector) and (reason := _hidden_by(declarations(body))):
                yield selector, reason


def _hidden_by(style: dict[str, str]) -> str:
    color = color_of(style["color"]) if "color" in style else ""
    return concealed_by(style) or ("color" if color and color == background_of(style) else "")


def _is_hex(digits: str) -> bool:
    return all(digit in "0123456789abcdef" for digit in digits)


def _amount(value: str) -> float:
    number = _NUMBER.match(value)
    return 1.0 if number is None else float(number[1]) / (100 if number[2] == "%" else 1)


def _px(value: str) -> float:
    """Rough size in pixels; a percentage, or no number, says nothing: neither small nor far."""
    number = _NUMBER.match(value)
    if number is None:
        return 100.0
    if number[2] == "%":
        return 0.0 if float(number[1]) == 0 else 100.0
    return float(number[1]) * _PX.get(number[2], 1.0)
