"""Characters that a pattern names by their number: ECMA-262 writes `\\u00e9`, which RE2 does not read."""

import re

# a pair of surrogates is one character; whatever else is escaped is passed over, a backslash among it
_ESCAPED = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|.)",
    re.DOTALL,
)
_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x10FFFF


def for_re2(pattern: str) -> str:
    """The same pattern as RE2 reads it."""
    return _ESCAPED.sub(_in_re2, pattern) if r"\u" in pattern else pattern


def _in_re2(escaped: re.Match[str]) -> str:
    high, low, unit, point = escaped.groups()
    number = int(unit or point or "0", 16)
    if high:
        number = 0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00
    if not (high or unit or point) or number in _SURROGATES or number > _LAST:
        return escaped[0]
    # one of ASCII may mean something as it is
    return rf"\x{number:02x}" if number < 0x80 else chr(number)
