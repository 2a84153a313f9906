"""JSON where other text stands around it, or with the usual mistakes in it: in scripts and in models' answers.

Scripts are read as browsers' authors write them, models' answers strictly: a raw line break in an answer is a
mistake that the model should hear about.
"""

import json
import re
import sys
from itertools import islice
from typing import Any, NamedTuple

import msgspec

# forgiving mistakes costs more than reading
_MAX_LENIENT_CHARACTERS = 300_000
# brackets tried as the beginning, so that a text of brackets costs no quadratic time
_MAX_STARTS = 50
# every branch ends at the text's end: one pass
_STRING = r'("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z))'
_COMMENT = re.compile(
    _STRING + r"|/\*.*?(?:\*/|\Z)|^[ \t]*+//[^\n]*+|<!--|-->|<!\[CDATA\[|\]\]>", re.S | re.M
)
_TRAILING_COMMA = re.compile(_STRING + r"|,(?=\s*[}\]])", re.S)
_OPENING = re.compile(r"[{\[]")
# a pair of surrogates, half of one, or any other escape
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.S,
)
# a number, perhaps, that 64 bits may not hold
_LONG_NUMBER = re.compile(r"\d{19}")
# line breaks inside strings
_LENIENT = json.JSONDecoder(strict=False)
_STRICT = json.JSONDecoder(parse_constant=lambda name: _refuse(name))


class JsonAt(NamedTuple):
    """A value, and where the text behind it begins."""

    value: Any
    end: int


def json_at(text: str, start: int, *, strict: bool = False) -> JsonAt | None:
    """The JSON value that begins at `start`, whatever follows; None where there is none."""
    try:
        return JsonAt(*(_STRICT if strict else _LENIENT).raw_decode(text, start))
    except (ValueError, RecursionError):
        return None


def json_whole(text: str) -> JsonAt | None:
    """The JSON value that a text is, with white space around it; None where it is none."""
    try:
        return JsonAt(_LENIENT.decode(text), len(text))
    except (ValueError, RecursionError):
        return None


def parse_json(text: str) -> list[Any]:
    """The JSON documents in a script: strictly if possible, with the usual mistakes forgiven if not."""
    text = _without_halves(text)
    try:
        return [_bounded(msgspec.json.decode(text), text)]
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        pass
    if len(text) > _MAX_LENIENT_CHARACTERS:
        return []
    text = _TRAILING_COMMA.sub(_keep_string, _COMMENT.sub(_keep_string, text))
    documents, at = [], 0
    while (start := _OPENING.search(text, at)) and (read := json_at(text, start.start())):
        documents.append(_bounded(read.value, text, start.start(), read.end))
        at = read.end
    return documents


def _bounded(value: Any, text: str, start: int = 0, end: int = sys.maxsize) -> Any:
    """A value with its whole numbers beyond 64 bits, which cannot be passed on, as fractions.

    Args:
        value: lists and objects are changed in place.
        text: what it was read from, between `start` and `end`.
    """
    if not _LONG_NUMBER.search(text, start, end):
        return value
    root = [value]
    pending: list[Any] = [root]
    while pending:
        box = pending.pop()
        for key, child in list(box.items() if isinstance(box, dict) else enumerate(box)):
            if isinstance(child, dict | list):
                pending.append(child)
            elif isinstance(child, int) and not -(2**63) <= child < 2**63:
                try:
                    box[key] = float(child)
                except OverflowError:
                    box[key] = None
    return root[0]


def _without_halves(text: str) -> str:
    """A script's text in which halves of surrogate pairs, which are no characters, are escaped as U+FFFD."""
    return _ESCAPE.sub(_whole, text) if "\\ud" in text or "\\uD" in text else text


def _whole(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape["half"] else escape[0]


def largest_json(text: str) -> Any:
    """The longest object or array that stands among other text; None where there is none."""
    best: Any = None
    longest = end = 0
    for start in islice((match.start() for match in _OPENING.finditer(text)), _MAX_STARTS):
        if start < end:
            # inside the one just read
            continue
        read = json_at(text, start, strict=True)
        if read is None:
            continue
        end = read.end
        if end - start > longest:
            best, longest = read.value, end - start
    return best


def _keep_string(found: re.Match[str]) -> str:
    return found[1] or ""


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
