"""Characters that a pattern names by number or property: ECMA-262 writes `\\u00e9`, which RE2 does not read."""

import re

from gateway.core.json_schema.emoji import EMOJI

# a pair of surrogates is one character; whatever else is escaped is passed over, a backslash among it
_ESCAPED = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|.)",
    re.DOTALL,
)
# a property, in a class or not; whatever else is escaped is passed over
_PROPERTY = re.compile(r"\\(?:p\{(" + "|".join(EMOJI) + r")\}|.)", re.DOTALL)
_CLASS_OR_ESCAPED = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]?|\\(?:p\{\w+\}|.)", re.DOTALL)
# categories and scripts as ECMA-262 may name them, and RE2 does not
_CATEGORIES = dict(
    pair.split("=")
    for pair in (
        "Letter=L Uppercase_Letter=Lu Lowercase_Letter=Ll Titlecase_Letter=Lt Modifier_Letter=Lm Other_Letter=Lo "
        "Mark=M Nonspacing_Mark=Mn Spacing_Mark=Mc Enclosing_Mark=Me Number=N Decimal_Number=Nd Letter_Number=Nl "
        "Other_Number=No Punctuation=P Connector_Punctuation=Pc Dash_Punctuation=Pd Open_Punctuation=Ps "
        "Close_Punctuation=Pe Initial_Punctuation=Pi Final_Punctuation=Pf Other_Punctuation=Po Symbol=S "
        "Math_Symbol=Sm Currency_Symbol=Sc Modifier_Symbol=Sk Other_Symbol=So Separator=Z Space_Separator=Zs "
        "Line_Separator=Zl Paragraph_Separator=Zp Other=C Control=Cc Format=Cf Private_Use=Co "
    ).split()
)
# a property by name; whatever else is escaped is passed over
_NAMED = re.compile(
    r"\\(?:([pP])\{(?:(?:Script|sc)=(\w+)|(?:(?:General_Category|gc)=)?(\w+))\}|.)", re.DOTALL
)
_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x10FFFF


def for_re2(pattern: str) -> str:
    """The same pattern as RE2 reads it."""
    pattern = _ESCAPED.sub(_in_re2, pattern) if r"\u" in pattern else pattern
    pattern = _NAMED.sub(_with_short_name, pattern) if r"\p{" in pattern or r"\P{" in pattern else pattern
    return _CLASS_OR_ESCAPED.sub(_with_ranges, pattern) if r"\p{E" in pattern else pattern


def _with_short_name(escaped: re.Match[str]) -> str:
    which, script, category = escaped.groups()
    return rf"\{which}{{{script or _CATEGORIES.get(category, category)}}}" if which else escaped[0]


def _with_ranges(part: re.Match[str]) -> str:
    """A class, or something escaped, with ranges for the properties that RE2 does not know."""
    in_class = part[0].startswith("[")

    def ranges(escaped: re.Match[str]) -> str:
        if not escaped[1]:
            return escaped[0]
        return EMOJI[escaped[1]] if in_class else f"[{EMOJI[escaped[1]]}]"

    return _PROPERTY.sub(ranges, part[0])


def _in_re2(escaped: re.Match[str]) -> str:
    high, low, unit, point = escaped.groups()
    number = int(unit or point or "0", 16)
    if high:
        number = 0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00
    if not (high or unit or point) or number in _SURROGATES or number > _LAST:
        return escaped[0]
    # one of ASCII may mean something as it is
    return rf"\x{number:02x}" if number < 0x80 else chr(number)
