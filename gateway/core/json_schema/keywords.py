"""The keywords of JSON Schema 2020-12 and what their values must be, as the draft's metaschema says."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")

# keywords whose value is a schema, a list of schemas, or schemas by name; nothing else holds a schema
ONE = frozenset(["additionalProperties", "contains", "contentSchema", "else", "if", "items", "not"])
ONE |= frozenset(["propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"])
MANY = frozenset(["allOf", "anyOf", "oneOf", "prefixItems"])
NAMED = frozenset(["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"])


def shorten(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}…"


def quote(value: Any) -> str:
    """A value in a message, in a few words however large it is."""
    if isinstance(value, str):
        return repr(shorten(value))
    if isinstance(value, list | dict):
        return f"{'an array' if isinstance(value, list) else 'an object'} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 200:
        # Python refuses to write very long ones
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


class Fault(Exception):
    """A value that its keyword cannot have, by the steps within it."""

    def __init__(self, reason: str, *steps: str) -> None:
        self.reason, self.steps = reason, steps


Check = Callable[[Any], None]


def _anything(value: Any) -> None:
    pass


def _a(kind: type, words: str) -> Check:
    def check(value: Any) -> None:
        if not isinstance(value, kind):
            raise Fault(f"{quote(value)} is not {words}")

    return check


_text, _boolean, _object, _list = (
    _a(str, "a string"),
    _a(bool, "true or false"),
    _a(dict, "an object"),
    _a(list, "an array"),
)


def _matching(expression: re.Pattern[str], words: str) -> Check:
    def check(value: Any) -> None:
        if not isinstance(value, str) or not expression.fullmatch(value):
            raise Fault(f"{quote(value)} is not {words}")

    return check


def _number(value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not -math.inf < value < math.inf:
        raise Fault(f"{quote(value)} is not a number")


def _positive(value: Any) -> None:
    _number(value)
    if value <= 0:
        raise Fault(f"{quote(value)} is not above 0")


def _count(value: Any) -> None:
    _number(value)
    if value < 0 or value % 1:
        raise Fault(f"{quote(value)} is not a whole number from 0 on")


def _schema(value: Any) -> None:
    if not isinstance(value, dict | bool):
        raise Fault(f"{quote(value)} is not a schema: an object or a boolean")


def _type(value: Any) -> None:
    if isinstance(value, list):
        for i, each in enumerate(value):
            if each not in _TYPES:
                raise Fault(f"{quote(each)} is not one of {', '.join(map(repr, _TYPES))}", str(i))
        if not value or len(set(value)) < len(value):
            raise Fault("an array of types has each of them once, and one at least")
    elif value not in _TYPES:
        raise Fault(f"{quote(value)} is not one of {', '.join(map(repr, _TYPES))}")


def _names(value: Any) -> None:
    _list(value)
    for i, each in enumerate(value):
        if not isinstance(each, str):
            raise Fault(f"{quote(each)} is not a string", str(i))
    if len(set(value)) < len(value):
        raise Fault("it names something twice")


def _each_of(check: Check, *, least: int = 0) -> Check:
    def check_all(value: Any) -> None:
        _list(value)
        if len(value) < least:
            raise Fault("it is empty")
        _check_each(check, ((str(i), each) for i, each in enumerate(value)))

    return check_all


def _each_by_name(check: Check) -> Check:
    def check_all(value: Any) -> None:
        _object(value)
        _check_each(check, value.items())

    return check_all


def _check_each(check: Check, values: Iterable[tuple[str, Any]]) -> None:
    for step, each in values:
        try:
            check(each)
        except Fault as fault:
            raise Fault(fault.reason, step, *fault.steps) from None


def _names_or_schema(value: Any) -> None:
    (_names if isinstance(value, list) else _schema)(value)


_REFERENCE = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*+")
_ANCHOR = re.compile(r"[A-Za-z_][-A-Za-z0-9._]*")
_ID = re.compile(r"[^#]*#?")
_reference = _matching(_REFERENCE, "a reference")
_anchor = _matching(_ANCHOR, "a name of letters, digits and -._")
CHECKS: Mapping[str, Check] = {
    "$schema": _text, "$id": _matching(_ID, "a URI without a fragment"), "$comment": _text,
    "$ref": _reference, "$dynamicRef": _reference, "$recursiveRef": _reference,
    "$anchor": _anchor, "$dynamicAnchor": _anchor, "$recursiveAnchor": _anchor,
    "$vocabulary": _each_by_name(_boolean), "dependencies": _each_by_name(_names_or_schema),
    "title": _text, "description": _text, "default": _anything, "examples": _list, "format": _text,
    "deprecated": _boolean, "readOnly": _boolean, "writeOnly": _boolean,
    "contentEncoding": _text, "contentMediaType": _text,
    "type": _type, "const": _anything, "enum": _list,
    "multipleOf": _positive, "maximum": _number, "exclusiveMaximum": _number, "minimum": _number,
    "exclusiveMinimum": _number,
    "maxLength": _count, "minLength": _count, "pattern": _text,
    "maxItems": _count, "minItems": _count, "uniqueItems": _boolean, "maxContains": _count, "minContains": _count,
    "maxProperties": _count, "minProperties": _count, "required": _names,
    "dependentRequired": _each_by_name(_names),
    **dict.fromkeys(ONE, _schema), **dict.fromkeys(MANY, _each_of(_schema, least=1)),
    **dict.fromkeys(NAMED, _each_by_name(_schema)),
}  # fmt: skip
