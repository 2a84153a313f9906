"""Whether the schemas of a `oneOf` exclude one another: then it is an `anyOf`, which a grammar can hold to. Pure."""

from collections.abc import Sequence
from itertools import chain, combinations
from typing import Any

from gateway.core.json_schema.schema import root_of

# pairs of schemas compared for one document
_MOST_PAIRS = 5000
# of properties within properties
_MOST_LEVELS = 4
_NAMES = {bool: "boolean", str: "string", int: "number", float: "number", type(None): "null"}


class Unions:
    """Compares schemas of one document, as far as types, constants and properties tell, and for a bounded time."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._left = _MOST_PAIRS
        # by the identity of a schema: those of a document stay as long as it does
        self._values: dict[int, frozenset[tuple[str, Any]] | None] = {}

    def exclude(self, schemas: Sequence[Any]) -> bool:
        """No value satisfies two of them."""
        return all(self._apart(left, right, 0) for left, right in combinations(schemas, 2))

    def _apart(self, left: Any, right: Any, level: int) -> bool:
        self._left -= 1
        if self._left < 0 or level > _MOST_LEVELS:
            return False
        left, right = root_of(self._document, left), root_of(self._document, right)
        for one, other in ((left, right), (right, left)):
            for union in (one.get("oneOf"), one.get("anyOf")):
                if union and all(self._apart(each, other, level + 1) for each in union):
                    return True
        ours, theirs = self._constants(left), self._constants(right)
        if ours is not None and theirs is not None:
            return ours.isdisjoint(theirs)
        kinds, others = _kinds(left, ours), _kinds(right, theirs)
        if kinds and others and kinds.isdisjoint(others):
            return True
        return kinds == others == {"object"} and self._apart_by_properties(left, right, level)

    def _apart_by_properties(self, left: dict[str, Any], right: dict[str, Any], level: int) -> bool:
        """A property that every value of both has would have to satisfy both of its schemas."""
        for name in chain(left.get("required", []), right.get("required", [])):
            if self._left < 0:
                return False
            ours, theirs = _property(left, name), _property(right, name)
            if ours is False or theirs is False or self._apart(ours, theirs, level + 1):
                return True
        return False

    def _constants(self, schema: dict[str, Any]) -> frozenset[tuple[str, Any]] | None:
        """The values it names; None where it names none, or one that is an object or an array."""
        if not schema:
            # it may be no part of the document
            return None
        known = id(schema)
        if known not in self._values:
            values = [schema["const"]] if "const" in schema else schema.get("enum")
            is_plain = isinstance(values, list) and all(type(value) in _NAMES for value in values)
            # 1 is true to Python
            self._values[known] = (
                frozenset((_NAMES[type(value)], value) for value in values) if values and is_plain else None
            )
        return self._values[known]


def _kinds(schema: dict[str, Any], constants: frozenset[tuple[str, Any]] | None) -> frozenset[str]:
    """Types its values can have; empty: any."""
    if constants is not None:
        return frozenset(kind for kind, _ in constants)
    kinds = schema.get("type", [])
    return frozenset(
        "number" if kind == "integer" else kind for kind in ([kinds] if isinstance(kinds, str) else kinds)
    )


def _property(schema: dict[str, Any], name: str) -> Any:
    """What a property has to satisfy; False: it may not be there."""
    if name in schema.get("properties", {}):
        return schema["properties"][name]
    return "patternProperties" in schema or schema.get("additionalProperties", True)
