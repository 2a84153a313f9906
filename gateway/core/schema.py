"""A caller's JSON Schema (2020-12): checked and bounded before use, then what answers are validated with.

A schema is a stranger's program. So: only references within the schema are followed (nothing is ever
fetched), patterns run on RE2, which takes linear time, and size, depth and the number of references followed
in one validation are bounded.
"""

from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import re2
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import Draft202012Validator, extend
from msgspec import Struct
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from gateway.core.pointer import escape, find, pointer
from gateway.errors import InvalidRequest

MAX_SCHEMA_BYTES = 128 * 1024
MAX_SCHEMA_DEPTH = 100  # nested objects and arrays of the schema's own JSON
MAX_REFERENCES = 10_000  # followed in one validation
MAX_VIOLATIONS = 10
_MAX_HOPS = 8  # from reference to reference
_DIALECTS = ("json-schema.org/draft/2020-12", "json-schema.org/draft/2019-09", "json-schema.org/draft-07")

# keywords whose value is a schema, a list of schemas, or schemas by name; nothing else holds a schema
_ONE = frozenset(["additionalProperties", "contains", "contentSchema", "else", "if", "items", "not"])
_ONE |= frozenset(["propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"])
_MANY = frozenset(["allOf", "anyOf", "oneOf", "prefixItems"])
_NAMED = frozenset(["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"])

_BESIDE_A_REFERENCE = frozenset(["$ref", "$schema", "$defs", "definitions", "title", "description"])

_references: ContextVar[list[int]] = ContextVar("references followed in this validation")


class Violation(Struct, kw_only=True, frozen=True):
    """Where a value breaks the schema (JSON Pointer into the value), and how."""

    path: str
    message: str


class Located(NamedTuple):
    """A subschema and its JSON Pointer within the whole."""

    path: str
    schema: dict[str, Any]


class Schema:
    """A schema that passed the checks.

    Args:
        document: decoded JSON.
    Raises:
        InvalidRequest: not a valid 2020-12 schema, beyond the bounds, or not self-contained; `field` is
            "schema" and `path` the JSON Pointer of the fault.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        _check_size(document)
        _check_keywords(document)
        root = DRAFT202012.create_resource(document)
        resolver = Registry().resolver_with_root(root)
        for path, subschema in subschemas_of(document):
            _check_references(path, subschema, resolver)
            _check_patterns(path, subschema)
        self._validator = _Validator(document, registry=Registry())
        probes: list[Any] = [None, {}]  # a schema without end has none on any value
        for probe in probes:
            try:
                list(self._errors(probe))
            except _Endless as exc:
                raise _refuse("", str(exc)) from exc

    def violations(self, value: Any) -> list[Violation]:
        """How `value` breaks the schema, at most `MAX_VIOLATIONS`; empty when it validates."""
        try:
            errors = list(islice(self._errors(value), MAX_VIOLATIONS))
        except _Endless as exc:
            return [Violation(path="", message=str(exc))]
        return [Violation(path=pointer(e.absolute_path), message=_shorten(e.message)) for e in errors]

    def _errors(self, value: Any) -> Iterator[ValidationError]:
        _references.set([MAX_REFERENCES])
        try:
            yield from self._validator.iter_errors(value)
        except RecursionError as exc:
            raise _Endless("it refers to itself without end, or the value is nested too deep") from exc
        except Unresolvable as exc:  # a reference relative to an `$id` inside the schema
            raise _Endless(f"nothing stands at {_shorten(exc.ref)}") from exc


class _Endless(Exception):
    """A validation that cannot be brought to its end."""


def subschemas_of(document: dict[str, Any]) -> Iterator[Located]:
    """The schema and every schema inside it; never what merely looks like one (`enum`, `default` …)."""
    stack = [Located("", document)]
    while stack:
        path, schema = located = stack.pop()
        yield located
        for keyword, value in schema.items():
            at = f"{path}/{escape(keyword)}"
            if keyword in _ONE and isinstance(value, dict):
                stack.append(Located(at, value))
            elif keyword in _MANY and isinstance(value, list):
                stack += [
                    Located(f"{at}/{i}", each) for i, each in enumerate(value) if isinstance(each, dict)
                ]
            elif keyword in _NAMED and isinstance(value, dict):
                stack += [
                    Located(f"{at}/{escape(name)}", each)
                    for name, each in value.items()
                    if isinstance(each, dict)
                ]


def root_of(document: dict[str, Any], schema: Any) -> dict[str, Any]:
    """A schema of the document behind the references it consists of; empty for a boolean or a dead end."""
    for _ in range(_MAX_HOPS):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str):
            return schema if isinstance(schema, dict) else {}
        schema = find(document, reference.removeprefix("#"))
    return {}


def inline_root(document: dict[str, Any]) -> dict[str, Any]:
    """The same schema with what its root refers to in its place: servers of models want `type` to stand there."""
    target = root_of(document, document)
    if "$ref" not in document or not target or not document.keys() <= _BESIDE_A_REFERENCE:
        return document
    return {key: value for key, value in document.items() if key != "$ref"} | target


def relax_schema(document: dict[str, Any]) -> dict[str, Any]:
    """The schema for an answer from a part of the pages: at its root nothing is required, all may be null."""
    relaxed = {key: value for key, value in document.items() if key != "$ref"} | root_of(document, document)
    for keyword in ("required", "minItems", "minProperties", "dependentRequired"):
        relaxed.pop(keyword, None)
    properties = relaxed.get("properties")
    if isinstance(properties, dict) and b'"#/properties' not in msgspec.json.encode(document):
        relaxed["properties"] = {
            name: {"anyOf": [part, {"type": "null"}]} for name, part in properties.items()
        }
    return relaxed


def _check_size(document: dict[str, Any]) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_SCHEMA_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            break
    else:
        raise _refuse("", f"it is nested more than {MAX_SCHEMA_DEPTH} levels deep")
    size = len(msgspec.json.encode(document))
    if size > MAX_SCHEMA_BYTES:
        raise _refuse("", f"it has {size} bytes, the most is {MAX_SCHEMA_BYTES}")


def _check_keywords(document: dict[str, Any]) -> None:
    dialect = document.get("$schema")
    if dialect is not None and not (
        isinstance(dialect, str) and any(known in dialect for known in _DIALECTS)
    ):
        raise _refuse("/$schema", f"{_shorten(repr(dialect))} is not a dialect known here; use 2020-12")
    try:
        Draft202012Validator.check_schema(document)
    except SchemaError as exc:
        choices = [
            fault for fault in exc.context or () if fault.validator == "enum"
        ]  # of `type`: there are seven
        fault = choices[-1] if choices else exc
        raise _refuse(pointer(fault.absolute_path), _shorten(fault.message)) from exc


def _check_references(path: str, schema: dict[str, Any], resolver: Any) -> None:
    for keyword in ("$ref", "$dynamicRef"):
        reference = schema.get(keyword)
        if reference is None:
            continue
        if not reference.startswith("#"):
            raise _refuse(f"{path}/{keyword}", "only references within the schema (#/…) are followed")
        try:
            resolver.lookup(reference)
        except Unresolvable as exc:
            raise _refuse(f"{path}/{keyword}", f"nothing stands at {_shorten(reference)}") from exc


def _check_patterns(path: str, schema: dict[str, Any]) -> None:
    if "unevaluatedProperties" in schema and "patternProperties" in schema:
        raise _refuse(f"{path}/patternProperties", "cannot be combined with unevaluatedProperties here")
    patterns = {
        f"{path}/patternProperties/{escape(each)}": each for each in schema.get("patternProperties", ())
    }
    if "pattern" in schema:
        patterns[f"{path}/pattern"] = schema["pattern"]
    for at, pattern in patterns.items():
        try:
            _compile(pattern)
        except re2.error as exc:
            raise _refuse(at, f"not an expression RE2 can run in linear time ({_reason(exc)})") from exc


def _refuse(path: str, reason: str) -> InvalidRequest:
    return InvalidRequest(f"`schema`{f' at {path}' if path else ''}: {reason}", field="schema", path=path)


def _shorten(message: str) -> str:
    return message if len(message) <= 300 else message[:300] + "…"


def _reason(exc: Exception) -> str:
    reason = exc.args[0] if exc.args else exc
    return _shorten(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason))


@lru_cache(maxsize=1000)
def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 4 * 1024**2
    return re2.compile(pattern, options=options)


# --- keywords replaced: the same meaning, with the bounds above ----------------------------------------


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _compile(pattern).search(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for pattern, subschema in patterns.items():
            for name, each in value.items():
                if _compile(pattern).search(name):
                    yield from validator.descend(each, subschema, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, subschema: Any, value: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    patterns = [_compile(pattern) for pattern in schema.get("patternProperties", ())]
    for name, each in value.items():
        if name not in schema.get("properties", ()) and not any(pattern.search(name) for pattern in patterns):
            if subschema is False:
                yield ValidationError(f"{name!r} is not a property the schema allows")
            else:
                yield from validator.descend(each, subschema, path=name)


def _counted(follow: Any) -> Any:
    def reference(validator: Any, target: str, value: Any, schema: Any) -> Iterator[ValidationError]:
        left = _references.get()
        left[0] -= 1
        if left[0] < 0:
            raise _Endless(f"validating follows more than {MAX_REFERENCES} references; make it simpler")
        yield from follow(validator, target, value, schema) or ()

    return reference


_Validator = extend(
    Draft202012Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "$ref": _counted(Draft202012Validator.VALIDATORS["$ref"]),
        "$dynamicRef": _counted(Draft202012Validator.VALIDATORS["$dynamicRef"]),
    },
)
