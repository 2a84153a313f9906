"""Whether the rules in an at-rule hold on a usual screen: 1280 pixels wide, with a mouse, in a light scheme.

Source: Media Queries Level 4, 2 and 3 (queries, what is not known); CSS Conditional Rules Level 3, 6.
"""

import re

_WIDTH_PX, _HEIGHT_PX = 1280.0, 800.0
# a container on such a screen may be as narrow
_NARROW_PX = 320.0
_EM_PX = 16.0
_NAME = re.compile(r"@([\w-]++)\s*+")
_FEATURE = re.compile(r"\(([^()]*)\)")
_MIN_MAX = re.compile(r"(min|max)-(?:device-)?(width|height)\s*+:\s*+([\d.]{1,9})(px|r?em)?")
_RANGE = re.compile(r"(width|height)\s*+([<>])=?\s*+([\d.]{1,9})(px|r?em)?")
# what is true of such a screen
_TRUE = re.compile(
    r"(?:any-)?hover(?:\s*+:\s*+hover)?|(?:any-)?pointer(?:\s*+:\s*+fine)?|color|orientation\s*+:\s*+landscape"
    r"|prefers-color-scheme\s*+:\s*+light|prefers-reduced-motion\s*+:\s*+no-preference|scripting\s*+:\s*+enabled"
    r"|min-resolution\s*+:.{0,20}|width|height|grid\s*+:\s*+0|min-color\s*+:.{0,5}|display-mode\s*+:\s*+browser"
)
# what browsers know, and is false of it where it is not true
_KNOWN = re.compile(
    r"(?:(?:any-)?(?:hover|pointer)|orientation|monochrome|scripting|display-mode|forced-colors|inverted-colors"
    r"|prefers-(?:color-scheme|reduced-motion|reduced-transparency|contrast))(?:\s*+:.{0,20})?"
)
_NOT = re.compile(r"not\b\s*+")
_JOINTS = frozenset(("and", "or", "not", "only"))
_DISPLAY = re.compile(r"\(\s*+display\s*+:\s*+([\w-]++)\s*+\)")
_DISPLAYS = re.compile(
    r"(?:inline-?)?(?:block|flex|grid|table)?|flow(?:-root)?|none|contents|list-item|ruby(?:-.*)?|table-.*|-.*"
    r"|math|run-in|inherit|initial|unset|revert(?:-layer)?|subgrid|masonry|grid-lanes"
)


def applies(prelude: str) -> bool:
    """Whether what is in an at-rule holds; False where that is not known.

    Args:
        prelude: from the `@` to the brace, in lower case.
    """
    named = _NAME.match(prelude)
    if named is None:
        return False
    condition = prelude[named.end() :].strip()
    match named[1]:
        case "layer":
            return True
        case "supports":
            return _is_supported(condition)
        case "media":
            return any(_fits(query.strip()) for query in condition.split(","))
        case "container":
            # the name of a container may stand before
            features = condition[condition.find("(") :] if "(" in condition else "?"
            return all(_fits(features, width) for width in (_NARROW_PX, _WIDTH_PX))
    return False


def _is_supported(condition: str) -> bool:
    """Browsers are taken to know all but what `display` never was."""
    negated = _NOT.match(condition)
    asked = condition[negated.end() :] if negated else condition
    shown = _DISPLAY.fullmatch(asked)
    if shown is not None:
        return (_DISPLAYS.fullmatch(shown[1]) is None) == (negated is not None)
    return "not" not in condition


def _fits(query: str, width: float = _WIDTH_PX) -> bool:
    negated = _NOT.match(query)
    if negated:
        query = query[negated.end() :]
    features = [_is_true(feature.strip(), width) for feature in _FEATURE.findall(query)]
    words = _FEATURE.sub(" ", query).removeprefix("only ").split()
    types = [word for word in words if word != "and"]
    if None in features or len(types) > 1 or not _JOINTS.isdisjoint(types) or not _is_plain(types):
        return False
    return (all(features) and all(word in ("screen", "all") for word in types)) != (negated is not None)


def _is_plain(types: list[str]) -> bool:
    return all(word.replace("-", "").isalnum() for word in types)


def _is_true(feature: str, width: float) -> bool | None:
    """None: browsers may not know it, and then the query does not hold, negated or not."""
    if found := _MIN_MAX.fullmatch(feature):
        side = width if found[2] == "width" else _HEIGHT_PX
        return side >= _px(found[3], found[4]) if found[1] == "min" else side <= _px(found[3], found[4])
    if found := _RANGE.fullmatch(feature):
        side = width if found[1] == "width" else _HEIGHT_PX
        return side > _px(found[3], found[4]) if found[2] == ">" else side < _px(found[3], found[4])
    if _TRUE.fullmatch(feature):
        return True
    return False if _KNOWN.fullmatch(feature) else None


def _px(number: str, unit: str | None) -> float:
    try:
        value = float(number)
    except ValueError:
        return 0.0
    return value * _EM_PX if unit and unit.endswith("em") else value
