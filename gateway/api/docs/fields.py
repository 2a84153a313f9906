"""The fields of a type as its own schema has them: what a table, or a tool's parameters, are written from."""

from typing import Any

import msgspec
from msgspec import Struct


def fields_of(kind: type[Struct]) -> dict[str, dict[str, Any]]:
    """Field -> its JSON Schema, with `description`, and with `default` where it is the same everywhere."""
    _, schemas = msgspec.json.schema_components([kind])
    properties: dict[str, dict[str, Any]] = schemas[kind.__name__]["properties"]
    return properties


def description_of(kind: type[Struct], field: str) -> str:
    """What a field means, as its type says it."""
    description: str = fields_of(kind)[field]["description"]
    return description
