"""A caller's JSON Schema (2020-12, or draft-07): checked and bounded before use, then what answers are validated with.

A schema is a stranger's program. So: only references within the schema are followed (nothing is ever
fetched), patterns run on RE2, which takes linear time, and size, depth, the references that one value follows
and the steps of one validation are bounded.
"""

import copy
from typing import Any
from urllib.parse import unquote

import msgspec

from gateway.core.json_schema.dialects import in_2020_12
from gateway.core.json_schema.document import (
    MAX_REFERENCES,
    MAX_SCHEMA_BYTES,
    MAX_SCHEMA_DEPTH,
    Document,
)
from gateway.core.json_schema.pointer import find, unescape
from gateway.core.json_schema.rules import MAX_VALUE_DEPTH, validate
from gateway.core.json_schema.run import MAX_STEPS, MAX_VIOLATIONS, Unbounded, Violation

__all__ = [
    "MAX_REFERENCES",
    "MAX_SCHEMA_BYTES",
    "MAX_SCHEMA_DEPTH",
    "MAX_STEPS",
    "MAX_VALUE_DEPTH",
    "MAX_VIOLATIONS",
    "Schema",
    "Violation",
    "inline_root",
    "relax_schema",
    "root_of",
]

# from reference to reference
_MAX_HOPS = 8
_OF_THE_PLACE = frozenset(
    ["$schema", "$id", "$defs", "definitions", "$anchor", "$dynamicAnchor", "title", "description"]
)
_BESIDE_A_REFERENCE = frozenset(["$ref", "$schema", "$defs", "definitions", "title", "description"])


class Schema:
    """A schema that passed the checks.

    Args:
        document: decoded JSON.
    Raises:
        InvalidRequest: not a valid 2020-12 schema, beyond the bounds, not self-contained, or one that comes back
            to itself for the same value; `field` is "schema" and `path` the JSON Pointer of the fault.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document = in_2020_12(document)
        self._checked = Document(document)
        if any(_is_nullable(place.schema) for place in self._checked.places):
            self.document = _admitting_null(document)
            self._checked = Document(self.document)

    def violations(self, value: Any) -> list[Violation]:
        """How `value` breaks the schema, at most `MAX_VIOLATIONS`; empty when it validates."""
        try:
            return validate(self._checked, value)
        except Unbounded as exc:
            return [Violation(path="", message=str(exc))]


def _is_nullable(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("nullable") is True


def _admitting_null(document: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0's `nullable: true`, which many a schema was written with, in the words of 2020-12."""
    document = copy.deepcopy(document)
    for place in Document(document).places:
        schema: Any = place.schema
        if not _is_nullable(schema):
            continue
        del schema["nullable"]
        if isinstance(schema.get("type"), str) and "const" not in schema:
            schema["type"] = list(dict.fromkeys([schema["type"], "null"]))
            if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
                schema["enum"] = [*schema["enum"], None]
            continue
        stays = {name: schema.pop(name) for name in _OF_THE_PLACE & schema.keys()}
        inner = dict(schema)
        schema.clear()
        schema |= stays | {"anyOf": [inner, {"type": "null"}]}
    return document


def root_of(document: dict[str, Any], schema: Any) -> dict[str, Any]:
    """A schema of the document behind the references it consists of; empty for a boolean or a dead end."""
    for _ in range(_MAX_HOPS):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str):
            return schema if isinstance(schema, dict) else {}
        schema = find(document, unescape(unquote(reference[1:]))) if reference.startswith("#/") else None
    return {}


def inline_root(document: dict[str, Any]) -> dict[str, Any]:
    """The same schema with what its root refers to in its place: servers of models want `type` to stand there."""
    target = root_of(document, document)
    if "$ref" not in document or not target or not document.keys() <= _BESIDE_A_REFERENCE:
        return document
    return _merged(document, target)


def relax_schema(document: dict[str, Any]) -> dict[str, Any]:
    """The schema for an answer from a part of the pages: at its root nothing is required, all may be null."""
    relaxed = _merged(document, root_of(document, document))
    for keyword in ("required", "minItems", "minProperties", "dependentRequired"):
        relaxed.pop(keyword, None)
    properties = relaxed.get("properties")
    if isinstance(properties, dict) and b'"#/properties' not in msgspec.json.encode(document):
        relaxed["properties"] = {
            name: {"anyOf": [part, {"type": "null"}]} for name, part in properties.items()
        }
    return relaxed


def _merged(document: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """A root and what it refers to in one; the names that references lead by stay the root's."""
    named = {key: value for key, value in document.items() if key in ("$defs", "definitions")}
    return {key: value for key, value in document.items() if key != "$ref"} | target | named
