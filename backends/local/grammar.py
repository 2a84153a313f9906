"""JSON Schema → llama.cpp's grammar, and which parts of a schema that grammar does not hold to."""

import json
import re
from collections.abc import Iterator
from typing import Any

from llama_cpp.llama_grammar import json_schema_to_gbnf
from msgspec import Struct

# repetitions are written out: maxLength 100000 is not worth it
MAX_GRAMMAR_CHARS = 200_000

_ANNOTATIONS = {
    "$schema", "$id", "$defs", "definitions", "$comment", "title", "description", "default", "examples",
    "deprecated", "readOnly", "writeOnly",
}  # fmt: skip
# the converter's rule for a character of a string, which lets raw newlines through, and JSON's (RFC 8259, 7)
_CHARACTER, _JSON_CHARACTER = r'char ::= [^"\\] |', r'char ::= [^"\\\x7F\x00-\x1F] |'
# parts of a pattern that may match a quote or a control character, which the converter does not escape
_UNSAFE_PATTERN = re.compile(r'[.\\"]|\[\^')
_FORMATS = {"date", "time", "date-time", "uuid", "uuid1", "uuid2", "uuid3", "uuid4", "uuid5"}


class Constraint(Struct, frozen=True, kw_only=True):
    """`grammar` is None when none could be made; `open`: what an answer must be checked for."""

    grammar: str | None
    open: list[str]


def constrain(schema: dict[str, Any]) -> Constraint:
    """Translate a schema as far as llama-cpp-python's converter goes."""
    if (chars := _written_chars(schema)) > MAX_GRAMMAR_CHARS:
        return Constraint(grammar=None, open=[f"its grammar would have about {chars:.0f} characters"])
    try:
        grammar = json_schema_to_gbnf(json.dumps(schema))
    except Exception as exc:
        # the converter asserts, indexes and recurses its way to whatever it raises
        return Constraint(grammar=None, open=[str(exc) or type(exc).__name__])
    grammar = grammar.replace(_CHARACTER, _JSON_CHARACTER)
    if len(grammar) > MAX_GRAMMAR_CHARS:
        return Constraint(grammar=None, open=[f"its grammar has {len(grammar)} characters"])
    return Constraint(grammar=grammar, open=sorted(set(_unheld(schema, ""))))


def _written_chars(schema: dict[str, Any]) -> float:
    """How long the grammar will be, roughly: names of rules are paths, and repetitions are written out.

    Asked before the converter runs: it would fill the memory with an array of 10^8 items first.
    """
    chars = 0.0
    stack: list[tuple[Any, int]] = [(schema, 0)]
    while stack:
        node, path = stack.pop()
        if isinstance(node, list):
            stack += [(each, path) for each in node if isinstance(each, dict | list)]
            continue
        chars += path
        for repeated_chars, what in ((4, "Length"), (path + 12, "Items")):
            counts = [node.get(f"{bound}{what}", 0) for bound in ("min", "max")]
            chars += repeated_chars * max(
                [min(n, 1e9) for n in counts if isinstance(n, int | float)], default=0
            )
        stack += [
            (each, path + len(name) + 1) for name, each in node.items() if isinstance(each, dict | list)
        ]
    return chars


def _unheld(schema: Any, path: str) -> Iterator[str]:
    """Paths of keywords the converter reads past. It takes the first form it knows and ignores the rest."""
    if not isinstance(schema, dict):
        # true and false are schemas too; the converter knows objects only
        yield path or "/"
        return
    form, held, below = _form(schema)
    for keyword in schema.keys() - _ANNOTATIONS - held:
        yield f"{path}/{keyword}"
    if "format" in held and schema.get("format") not in _FORMATS:
        yield f"{path}/format"
    if "pattern" in held and _UNSAFE_PATTERN.search(schema["pattern"]):
        yield f"{path}/pattern"
    if form == "object":
        missing = set(schema.get("required", [])) - schema.get("properties", {}).keys()
        yield from (f"{path}/required/{name}" for name in missing)
    for name, child in below:
        yield from _unheld(child, f"{path}/{name}")
    for place in ("$defs", "definitions"):
        for name, child in schema.get(place, {}).items():
            yield from _unheld(child, f"{path}/{place}/{name}")


def _form(schema: dict[str, Any]) -> tuple[str, set[str], list[tuple[str, Any]]]:
    """The form the converter sees, the keywords it holds to there, and the schemas below, in order."""
    kind = schema.get("type")
    if "$ref" in schema:
        return "reference", {"$ref"}, []
    if "anyOf" in schema and "oneOf" not in schema:
        return "union", {"anyOf"}, [(f"anyOf/{n}", s) for n, s in enumerate(schema["anyOf"])]
    if isinstance(kind, list):
        return "union", {"type"}, []
    if "const" in schema or "enum" in schema:
        return "constant", {"const", "enum", "type"}, []
    if kind in (None, "object") and (
        "properties" in schema or isinstance(schema.get("additionalProperties"), dict)
    ):
        held = {"type", "properties", "required", "additionalProperties"}
        below = [(f"properties/{n}", s) for n, s in schema.get("properties", {}).items()]
        if isinstance(schema.get("additionalProperties"), dict):
            below.append(("additionalProperties", schema["additionalProperties"]))
        return "object", held, below
    if kind in (None, "array") and isinstance(schema.get("items"), dict):
        return "array", {"type", "items", "minItems", "maxItems"}, [("items", schema["items"])]
    if kind == "string":
        if "pattern" in schema:
            return "string", {"type", "pattern"}, []
        if "format" in schema:
            return "string", {"type", "format"}, []
        return "string", {"type", "minLength", "maxLength"}, []
    return "plain", {"type"}, []
