"""Python types as schemas: a JSON Schema out of a type, and an instance of it out of data.

msgspec Structs, dataclasses, TypedDicts and NamedTuples go through msgspec; a pydantic model brings its own
methods, so pydantic is never imported here.
"""

from typing import Any, TypeVar

import msgspec

from gateway.errors import SchemaUnsatisfied

T = TypeVar("T")


def json_schema_of(schema: type | dict[str, Any] | None) -> dict[str, Any] | None:
    """The JSON Schema (2020-12) of a type; a dict is one already.

    Raises:
        TypeError: nothing here makes a schema of this type.
    """
    if schema is None or isinstance(schema, dict):
        return schema
    if make := getattr(schema, "model_json_schema", None):
        made: dict[str, Any] = make()
        return made
    return msgspec.json.schema(schema)


def instance_of(kind: type[T], data: Any) -> T:
    """An instance of `kind` out of data that validates against its schema.

    Raises:
        SchemaUnsatisfied: the type has conditions that its schema cannot say, and the data breaks one.
    """
    try:
        if validate := getattr(kind, "model_validate", None):
            instance: T = validate(data)
            return instance
        return msgspec.convert(data, kind)
    except ValueError as exc:
        # msgspec.ValidationError and pydantic's are both
        name = getattr(kind, "__name__", kind)
        raise SchemaUnsatisfied(
            f"the answer validates against the schema of {name}, but makes no {name}: {exc}",
            text=msgspec.json.encode(data).decode(),
        ) from exc
