"""What numbers in style sheets come to: units, exponents, and `calc()`, `min()`, `max()`, `clamp()`.

Source: CSS Values and Units Level 4, 5, 6 and 10.
"""

import re

NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?)([a-z%]*)")
_VIEW = dict.fromkeys((f"{kind}{side}" for kind in ("v", "dv", "sv", "lv", "cq") for side in "whbi"), 10.0)
_PX = _VIEW | {
    **{"px": 1.0, "": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "q": 0.945},
    **{"em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "lh": 20.0, "rlh": 20.0, "cap": 11.0, "ic": 16.0},
    **{"vmin": 8.0, "vmax": 10.0, "cqmin": 8.0, "cqmax": 10.0},
}
_CALLS = ("calc(", "min(", "max(", "clamp(")
_TOKEN = re.compile(rf"\s*+(?:({NUMBER.pattern})|(calc|min|max|clamp)?(\()|([-+*/,)]))")
_MOST_CHARACTERS, _MOST_NESTED = 200, 8
# what nobody knows: neither small nor far
_UNKNOWN_PX = 100.0
# pixels that outweigh any percentage beside them
_OUTWEIGHING_PX = 3000.0

# pixels, or a plain number, and a share
_Value = tuple[float, float]


def pixels(value: str) -> float:
    """Rough size in pixels; a percentage, or no number, says nothing: neither small nor far."""
    number = NUMBER.match(value)
    if number is None:
        if not value.startswith(_CALLS) or (known := _calculate(value)) is None:
            return _UNKNOWN_PX
        size, share = known
        return size if share == 0 or abs(size) >= _OUTWEIGHING_PX else _UNKNOWN_PX
    if number[2] == "%":
        return 0.0 if float(number[1]) == 0 else _UNKNOWN_PX
    return float(number[1]) * _PX.get(number[2], 1.0)


def amount(value: str) -> float:
    """A number, or a percentage as one; 1 where there is none."""
    number = NUMBER.match(value)
    if number is None:
        if not value.startswith(_CALLS) or (known := _calculate(value)) is None:
            return 1.0
        return known[0] + known[1]
    return float(number[1]) / (100 if number[2] == "%" else 1)


def _calculate(value: str) -> _Value | None:
    """What a calculation comes to; None where that is not known."""
    tokens = _read_tokens(value)
    if not tokens:
        return None
    try:
        known, at = _read_value(tokens, 0, 0)
    except (LookupError, ValueError, ArithmeticError):
        return None
    return known if at == len(tokens) else None


def _read_tokens(value: str) -> list[str | _Value]:
    """Numbers, `,`, operators, brackets, and names of functions for their brackets; none where anything else is."""
    tokens: list[str | _Value] = []
    at, value = 0, value[:_MOST_CHARACTERS].rstrip()
    while at < len(value):
        token = _TOKEN.match(value, at)
        if token is None:
            return []
        # the sign of what is added
        is_joined = token[1] and token[2][0] in "+-" and tokens and tokens[-1] not in _BEFORE
        if is_joined:
            tokens.append(token[2][0])
            at = token.start(1) + 1
            continue
        at = token.end()
        if token[1]:
            number = float(token[2])
            tokens.append((0.0, number / 100) if token[3] == "%" else (number * _PX.get(token[3], 1.0), 0.0))
        else:
            tokens.append(token[6] or token[4] or "calc")
    return tokens


# after these a sign is a number's own
_BEFORE: tuple[str | _Value, ...] = ("+", "-", "*", "/", ",", "calc", "min", "max", "clamp")


def _read_sum(tokens: list[str | _Value], at: int, depth: int) -> tuple[_Value, int]:
    (size, share), at = _read_product(tokens, at, depth)
    while at < len(tokens) and tokens[at] in ("+", "-"):
        sign = 1 if tokens[at] == "+" else -1
        (more, part), at = _read_product(tokens, at + 1, depth)
        size, share = size + sign * more, share + sign * part
    return (size, share), at


def _read_product(tokens: list[str | _Value], at: int, depth: int) -> tuple[_Value, int]:
    (size, share), at = _read_value(tokens, at, depth)
    while at < len(tokens) and tokens[at] in ("*", "/"):
        is_product = tokens[at] == "*"
        (times, part), at = _read_value(tokens, at + 1, depth)
        if part:
            if not is_product or share:
                raise ValueError("no length")
            size, share = 0.0, size * part
        elif is_product:
            size, share = size * times, share * times
        else:
            size, share = size / times, share / times
    return (size, share), at


def _read_value(tokens: list[str | _Value], at: int, depth: int) -> tuple[_Value, int]:
    token = tokens[at]
    if isinstance(token, tuple):
        return token, at + 1
    if token not in ("calc", "min", "max", "clamp") or depth == _MOST_NESTED:
        raise ValueError("no number")
    values: list[_Value] = []
    while tokens[at] != ")":
        value, at = _read_sum(tokens, at + 1, depth + 1)
        if tokens[at] not in (",", ")"):
            raise ValueError("no end")
        values.append(value)
    return _choose(token, values), at + 1


def _choose(name: str, values: list[_Value]) -> _Value:
    if name == "calc" or len(values) == 1:
        return values[0]
    if name == "clamp":
        least, value, most = values
        return _choose("max", [least, _choose("min", [value, most])])
    # of percentages only the sign is known
    ordered = sorted(values, key=lambda value: value[0] + value[1] * _UNKNOWN_PX)
    return ordered[0] if name == "min" else ordered[-1]
