"""JSON where other text stands around it, or with the usual mistakes in it: in scripts and in models' answers.

Scripts are read as browsers' authors write them, models' answers strictly: a raw line break in an answer is a
mistake that the model should hear about.
"""

import json
import re
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
    try:
        return [msgspec.json.decode(text)]
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        pass
    if len(text) > _MAX_LENIENT_CHARACTERS:
        return []
    text = _TRAILING_COMMA.sub(_keep_string, _COMMENT.sub(_keep_string, text))
    documents, at = [], 0
    while (start := _OPENING.search(text, at)) and (read := json_at(text, start.start())):
        documents.append(read.value)
        at = read.end
    return documents


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
