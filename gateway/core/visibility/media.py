"""Whether the rules in an at-rule hold on a usual screen: 1280 pixels wide, with a mouse, in a light scheme."""

import re

_WIDTH_PX, _HEIGHT_PX = 1280.0, 800.0
_EM_PX = 16.0
_FEATURE = re.compile(r"\(([^()]*)\)")
_MIN_MAX = re.compile(r"(min|max)-(?:device-)?(width|height)\s*+:\s*+([\d.]{1,9})(px|r?em)?")
_RANGE = re.compile(r"(width|height)\s*+([<>])=?\s*+([\d.]{1,9})(px|r?em)?")
# what is true of such a screen
_TRUE = re.compile(
    r"(?:any-)?hover(?:\s*+:\s*+hover)?|(?:any-)?pointer(?:\s*+:\s*+fine)?|color|orientation\s*+:\s*+landscape"
    r"|prefers-color-scheme\s*+:\s*+light|prefers-reduced-motion\s*+:\s*+no-preference|scripting\s*+:\s*+enabled"
    r"|min-resolution\s*+:.{0,20}|width|height|grid\s*+:\s*+0|min-color\s*+:.{0,5}|display-mode\s*+:\s*+browser"
)


def applies(prelude: str) -> bool:
    """Whether what is in an at-rule holds.

    Args:
        prelude: from the `@` to the brace, in lower case.
    """
    name, _, condition = prelude.partition(" ") if " " in prelude else prelude.partition("(")
    if "(" in prelude and " " not in prelude:
        condition = "(" + condition
    if name == "@layer":
        return True
    if name == "@supports":
        return "not" not in condition
    if name.startswith("@media"):
        return any(_fits(query) for query in (name[6:] + condition).split(","))
    return False


def _fits(query: str) -> bool:
    features = _FEATURE.findall(query)
    words = _FEATURE.sub(" ", query).split()
    if not words and not features:
        return True
    if any(word not in ("and", "only", "screen", "all") for word in words):
        return False
    return all(_is_true(feature.strip()) for feature in features)


def _is_true(feature: str) -> bool:
    if found := _MIN_MAX.fullmatch(feature):
        side = _side(found[2])
        return side >= _px(found[3], found[4]) if found[1] == "min" else side <= _px(found[3], found[4])
    if found := _RANGE.fullmatch(feature):
        side = _side(found[1])
        return side > _px(found[3], found[4]) if found[2] == ">" else side < _px(found[3], found[4])
    return _TRUE.fullmatch(feature) is not None


def _side(name: str) -> float:
    return _WIDTH_PX if name == "width" else _HEIGHT_PX


def _px(number: str, unit: str | None) -> float:
    try:
        value = float(number)
    except ValueError:
        return 0.0
    return value * _EM_PX if unit and unit.endswith("em") else value
