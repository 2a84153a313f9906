r"""Patterns of a schema as llguidance reads them: in the syntax of Rust's regex, but for what it alone means.

What checks answers is RE2 (`gateway.core.json_schema`): a pattern here accepts what it accepts there, or, where
`is_exact` is false, more. Pure.

| written | here | because |
|---|---|---|
| `\s`, `\S` | the five spaces of RE2 | Rust's are Unicode's |
| `[^"]`, `[\x00-9]` | `[^\x{1}"]`, `[\x00\x02-9]` | with all control characters, a class has all escapes, `\"` too |
| `[[&~-]` | `[\[\&\~\-]` | classes within classes, and what one has of another |
| `\<`, `\_`, `{`, `}` | themselves | borders of words; no quantifier |
| look-around, `\b` | nothing | it has none |
"""

import re

from msgspec import Struct

from gateway.core.json_schema.escapes import for_re2
from gateway.core.json_schema.look_around import without_look_around

_SPACES = r" \t\n\r\f"
_PROPERTY = r"\\[pPx]\{\^?\w+\}|\\x[0-9a-fA-F]{2}"
_TOKEN = re.compile(
    r"\[(?P<negated>\^?)(?P<members>\]?(?>\\.|\[:\^?[a-z]+:\]|[^\]\\])*+)(?P<end>\]?)"
    rf"|{_PROPERTY}|\\.|\{{[0-9]+(?:,[0-9]*)?\}}|[{{}}]",
    re.DOTALL,
)
_MEMBER = re.compile(rf"{_PROPERTY}|\\.|\[:\^?[a-z]+:\]|.", re.DOTALL)
# begins a negated class; no control character that a schema asks for is written like this one
NOT = r"^\x{1}"
# bare they would begin or end a class within the class, or join two
_OF_CLASSES = frozenset("[]&~")
# escaped they mean something else to Rust, or nothing
_NEEDS_NO_ESCAPE = frozenset(["\\_", "\\<", "\\>"])

_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_FOURTH = "(?:0[48]|[2468][048]|[13579][26])"
_DATE = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[0-9]{{2}}{_FOURTH}|{_FOURTH}00)-02-29)"
)
_TIME = (
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
# to llguidance every year has a 29th of February, and names have no formats
DATES = {"date": f"^{_DATE}$", "date-time": f"^{_DATE}T{_TIME}$"}
NAMES = DATES | {"uuid": "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"}


class Reading(Struct, frozen=True):
    """A pattern for llguidance; `is_exact`: it accepts nothing that the written one does not."""

    pattern: str
    is_exact: bool


def read_pattern(written: str) -> Reading:
    """The pattern as llguidance is to have it."""
    given = for_re2(written)
    plain = without_look_around(given)
    borders = False

    def restate(token: re.Match[str]) -> str:
        nonlocal borders
        if token["end"]:
            return _restate_class(token["members"], negated=bool(token["negated"]))
        match token[0]:
            case r"\s":
                return f"[{_SPACES}]"
            case r"\S":
                return f"[^{_SPACES}]"
            case r"\b" | r"\B":
                borders = True
                return ""
            case "{" | "}":
                return f"\\{token[0]}"
        return token[0][1:] if token[0] in _NEEDS_NO_ESCAPE else token[0]

    pattern = _TOKEN.sub(restate, plain)
    return Reading(pattern, plain == given and not borders)


def _restate_class(members: str, *, negated: bool) -> str:
    parts: list[str] = []
    before = ""
    for part in _MEMBER.findall(members):
        if part == r"\s":
            parts.append(_SPACES)
        elif part == "-" and before == r"\x00":
            parts.append(r"\x02-")
        elif part in _OF_CLASSES or (part == before == "-"):
            parts.append(f"\\{part}")
        else:
            parts.append(part[1:] if part in _NEEDS_NO_ESCAPE else part)
        before = part
    return f"[{NOT if negated else ''}{''.join(parts)}]"
