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
_RANGE = re.compile(
    r"(?:([\d.]{1,9})(px|r?em)?\s*+([<>])=?\s*+)?(width|height)(?:\s*+([<>])=?\s*+([\d.]{1,9})(px|r?em)?)?"
)
_RATIO = re.compile(r"(min|max)-aspect-ratio\s*+:\s*+([\d.]{1,9})\s*+(?:/\s*+([\d.]{1,9}))?")
# what is true of such a screen
_TRUE = re.compile(
    r"(?:any-)?hover(?:\s*+:\s*+hover)?|(?:any-)?pointer(?:\s*+:\s*+fine)?|color|orientation\s*+:\s*+landscape"
    r"|prefers-color-scheme\s*+:\s*+light|prefers-reduced-motion\s*+:\s*+no-preference|scripting\s*+:\s*+enabled"
    r"|update(?:\s*+:\s*+fast)?|color-gamut(?:\s*+:\s*+srgb)?|overflow-(?:block|inline)(?:\s*+:\s*+scroll)?"
    r"|resolution\s*+>=\s*+(?:1|0?\.\d++)(?:dppx|x)|min-resolution\s*+:.{0,20}|width|height|grid\s*+:\s*+0|min-color\s*+:.{0,5}|display-mode\s*+:\s*+browser"
)
# what browsers know, and is false of it where it is not true
_KNOWN = re.compile(
    r"(?:(?:any-)?(?:hover|pointer)|orientation|monochrome|scripting|display-mode|forced-colors|inverted-colors"
    r"|prefers-(?:color-scheme|reduced-motion|reduced-transparency|contrast))(?:\s*+:.{0,20})?"
)
_NOT = re.compile(r"not\b\s*+")
_JOINTS = frozenset(("and", "or", "not", "only"))
# brackets around brackets
_MOST_NESTED = 8
# what stands for brackets once they are read
_READ: dict[str, bool | None] = {"<true>": True, "<false>": False, "<unknown>": None}
_WRITTEN = {value: word for word, value in _READ.items()}
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
    def write(feature: re.Match[str]) -> str:
        words = feature[1].split()
        is_read = words and all(word in _READ or word in _JOINTS for word in words)
        return f" {_WRITTEN[_join(words) if is_read else _is_true(feature[1].strip(), width)]} "

    for _ in range(_MOST_NESTED):
        if "(" not in query:
            break
        query = _FEATURE.sub(write, query)
    return _join(query.removeprefix("only ").split()) is True


def _join(words: list[str]) -> bool | None:
    """What types and features come to; None where browsers may not know one, and then `not` makes no difference."""
    is_negated = words[:1] == ["not"]
    words = words[is_negated:]
    if not words:
        return not is_negated
    joints = set(words[1::2])
    parts = words[::2]
    if len(joints) > 1 or not joints <= {"and", "or"} or len(words) % 2 == 0 or not _is_plain(parts):
        return None
    known = [_READ.get(part, part in ("screen", "all")) for part in parts]
    if None in known or (joints == {"or"} and not all(part in _READ for part in parts)):
        return None
    return (any(known) if joints == {"or"} else all(known)) != is_negated


def _is_plain(types: list[str]) -> bool:
    return all(word in _READ or (word.replace("-", "").isalnum() and word not in _JOINTS) for word in types)


def _is_true(feature: str, width: float) -> bool | None:
    """None: browsers may not know it, and then the query does not hold, negated or not."""
    if found := _MIN_MAX.fullmatch(feature):
        side = width if found[2] == "width" else _HEIGHT_PX
        return side >= _px(found[3], found[4]) if found[1] == "min" else side <= _px(found[3], found[4])
    if (found := _RANGE.fullmatch(feature)) and (found[3] or found[5]):
        side = width if found[4] == "width" else _HEIGHT_PX
        begins = not found[3] or _is_in_order(_px(found[1], found[2]), found[3], side)
        return begins and (not found[5] or _is_in_order(side, found[5], _px(found[6], found[7])))
    if found := _RATIO.fullmatch(feature):
        ratio = _px(found[2], None) / (_px(found[3], None) or 1.0) if found[3] else _px(found[2], None)
        return (ratio <= width / _HEIGHT_PX) == (found[1] == "min")
    if _TRUE.fullmatch(feature):
        return True
    return False if _KNOWN.fullmatch(feature) else None


def _is_in_order(one: float, sign: str, other: float) -> bool:
    return one > other if sign == ">" else one < other


def _px(number: str, unit: str | None) -> float:
    try:
        value = float(number)
    except ValueError:
        return 0.0
    return value * _EM_PX if unit and unit.endswith("em") else value
