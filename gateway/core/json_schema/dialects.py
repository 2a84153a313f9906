"""Schemas of older drafts in the words of 2020-12: draft-07 (zod 3, generators), and what OpenAPI 3.0 has of draft-04.

| there | here |
|---|---|
| `items: […]` with `additionalItems` | `prefixItems` with `items` |
| `exclusiveMinimum: true` beside `minimum`, and for the maximum | `exclusiveMinimum` with the number |
| `dependencies` | `dependentRequired` and `dependentSchemas` |
| `prefixItems: []` (zod's empty tuple) | nothing |

Source: JSON Schema 2020-12, appendix of changes.
"""

import copy
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from gateway.core.json_schema.document import check_size
from gateway.core.json_schema.keywords import MANY, NAMED, ONE
from gateway.core.json_schema.pointer import find, pointer, unescape

_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_NEWEST = "https://json-schema.org/draft/2020-12/schema"


def in_2020_12(document: Any) -> Any:
    """The document, or a copy of it in which old keywords are the new ones.

    Raises:
        InvalidRequest: it is old, and too large or too deep for any schema.
    """
    if not any(map(_is_old, _schemas(document))):
        return document
    check_size(document)
    renewed = copy.deepcopy(document)
    schemas = list(_schemas(renewed))
    for schema in schemas:
        if isinstance(reference := schema.get("$ref"), str) and reference.startswith("#/"):
            schema["$ref"] = _renewed_reference(document, reference)
    for schema in schemas:
        if _is_old(schema):
            _renew(schema)
    if "$schema" in renewed:
        renewed["$schema"] = _NEWEST
    return renewed


def _schemas(document: Any) -> Iterator[dict[str, Any]]:
    """Every schema within one that is not checked yet."""
    stack = [document]
    while stack:
        schema = stack.pop()
        if not isinstance(schema, dict):
            continue
        yield schema
        for keyword, value in list(schema.items()):
            if isinstance(value, list):
                stack += value if keyword in MANY or keyword == "items" else ()
            elif keyword in ONE or keyword == "additionalItems":
                stack.append(value)
            elif isinstance(value, dict) and (keyword in NAMED or keyword == "dependencies"):
                stack += value.values()


def _is_old(schema: dict[str, Any]) -> bool:
    return (
        (isinstance(schema.get("items"), list) and "prefixItems" not in schema)
        or any(isinstance(schema.get(exclusive), bool) for exclusive in _BOUNDS)
        or isinstance(schema.get("dependencies"), dict)
        or schema.get("prefixItems") == []
    )


def _renew(schema: dict[str, Any]) -> None:
    if schema.get("prefixItems") == []:
        del schema["prefixItems"]
    if isinstance(first := schema.get("items"), list):
        del schema["items"]
        # none at all is no list of schemas
        schema |= {"prefixItems": first} if first else {}
        if "additionalItems" in schema:
            schema["items"] = schema.pop("additionalItems")
    for exclusive, bound in _BOUNDS.items():
        if isinstance(is_exclusive := schema.get(exclusive), bool):
            del schema[exclusive]
            if is_exclusive and bound in schema:
                schema[exclusive] = schema.pop(bound)
    if isinstance(needed := schema.get("dependencies"), dict):
        del schema["dependencies"]
        for name, value in needed.items():
            kind = "dependentRequired" if isinstance(value, list) else "dependentSchemas"
            schema.setdefault(kind, {}).setdefault(name, value)


def _renewed_reference(document: Any, reference: str) -> str:
    """A reference to where the same schema stands in the renewed document."""
    place, steps = document, unescape(unquote(reference[1:]))
    renewed = []
    for step in steps:
        is_tuple = isinstance(place, dict) and isinstance(place.get("items"), list)
        if is_tuple and step in ("items", "additionalItems"):
            renewed.append("prefixItems" if step == "items" else "items")
        else:
            renewed.append("dependentSchemas" if step == "dependencies" else step)
        place = find(place, [step])
    return reference if renewed == steps else "#" + quote(pointer(renewed), safe="/~$")
