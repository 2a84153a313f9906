"""Whether a value satisfies a schema: the keywords of JSON Schema 2020-12, evaluated in bounded time and stack.

A run costs steps: a schema applied to a value is one, and so is what a keyword does beyond that (a name looked
up, a hundred instructions of a pattern). Without references that is at most the size of the schema times the size
of the value; with them, or beyond `MAX_STEPS`, the run ends. Schemas within schemas are put on a stack of
generators instead of Python's own.
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.core.json_schema import applicators, assertions
from gateway.core.json_schema.assertions import KINDS, compare
from gateway.core.json_schema.document import Document, Place
from gateway.core.json_schema.run import (
    MAX_VIOLATIONS,
    Applicator,
    Assertion,
    At,
    Evaluated,
    Evaluation,
    Run,
    Unbounded,
    Violation,
)

# nested objects and arrays
MAX_VALUE_DEPTH = 500
# schemas applied within one another
_MAX_NESTED = 10_000


def validate(document: Document, value: Any) -> list[Violation]:
    """How the value breaks the schema, at most `MAX_VIOLATIONS`.

    Raises:
        Unbounded: it takes more than the bounds allow.
    """
    _check_depth(value)
    run = Run(document)
    stack = [_apply(run, document.root, value, (), None)]
    # whether the schema that the generator on top asked for holds; None before its first question
    answer: Any = None
    while stack and len(run.violations) < MAX_VIOLATIONS:
        try:
            application = stack[-1].send(answer)
        except StopIteration as done:
            answer = done.value
            stack.pop()
        else:
            answer = None
            stack.append(_apply(run, *application))
            if len(stack) > _MAX_NESTED:
                raise Unbounded("the value is nested too deep for this schema")
    return run.violations


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_VALUE_DEPTH + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise Unbounded(f"the value is nested too deep: the most is {MAX_VALUE_DEPTH} levels")


def _apply(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    run.spend(1)
    if place.schema is True:
        return True
    if place.schema is False:
        return run.fault(at, "the schema allows nothing here")
    if place.rules is None:
        place.rules = [_RULES[keyword] for keyword in _RULES if keyword in place.schema]
    here: Evaluated = set() if run.document.collects else None
    valid = True
    for rule in place.rules:
        if not rule.concerns(value) or (rule.is_last and not valid):
            continue
        if rule.assertion is not None:
            for message in rule.assertion(run, place, value):
                valid = run.fault(at, message)
                if at is None or len(run.violations) >= MAX_VIOLATIONS:
                    return False
        elif rule.applicator is not None:
            valid = (yield from rule.applicator(run, place, value, at, here)) and valid
            if not valid and at is None:
                return False
    if valid and evaluated is not None and here:
        run.spend(len(here))
        evaluated |= here
    return valid


class _Rule(NamedTuple):
    """A keyword, for values of one kind: what it asserts, or how it applies other schemas.

    `is_last` of those that read what the others have evaluated.
    """

    concerns: Callable[[Any], bool]
    assertion: Assertion | None = None
    applicator: Applicator | None = None
    is_last: bool = False


def _asserting(kind: str, assertion: Assertion) -> _Rule:
    return _Rule(KINDS[kind], assertion=assertion)


def _applying(kind: str, applicator: Applicator, *, is_last: bool = False) -> _Rule:
    return _Rule(KINDS[kind], applicator=applicator, is_last=is_last)


def _bound(kind: str, keyword: str, holds: Callable[[Any, Any], bool], words: str) -> _Rule:
    """A bound of a number, or of how long any other kind of value is."""
    return _Rule(KINDS[kind], assertion=compare(keyword, holds, words, None if kind == "number" else len))


_RULES: dict[str, _Rule] = {
    "$ref": _applying("any", applicators.follow("$ref")),
    "$dynamicRef": _applying("any", applicators.follow("$dynamicRef")),
    "type": _asserting("any", assertions.check_type),
    "enum": _asserting("any", assertions.check_enum),
    "const": _asserting("any", assertions.check_const),
    "multipleOf": _asserting("number", assertions.check_multiple_of),
    "maximum": _bound("number", "maximum", operator.le, "is more than the maximum of"),
    "minimum": _bound("number", "minimum", operator.ge, "is less than the minimum of"),
    "exclusiveMaximum": _bound("number", "exclusiveMaximum", operator.lt, "is not less than"),
    "exclusiveMinimum": _bound("number", "exclusiveMinimum", operator.gt, "is not more than"),
    "maxLength": _bound("string", "maxLength", operator.le, "is longer than"),
    "minLength": _bound("string", "minLength", operator.ge, "is shorter than"),
    "pattern": _asserting("string", assertions.check_pattern),
    "format": _asserting("string", assertions.check_format),
    "maxItems": _bound("array", "maxItems", operator.le, "is longer than"),
    "minItems": _bound("array", "minItems", operator.ge, "is shorter than"),
    "uniqueItems": _asserting("array", assertions.check_unique_items),
    "maxProperties": _bound("object", "maxProperties", operator.le, "has more properties than"),
    "minProperties": _bound("object", "minProperties", operator.ge, "has fewer properties than"),
    "required": _asserting("object", assertions.check_required),
    "dependentRequired": _asserting("object", assertions.check_dependent_required),
    "allOf": _applying("any", applicators.apply_all_of),
    "anyOf": _applying("any", applicators.apply_any_of),
    "oneOf": _applying("any", applicators.apply_one_of),
    "not": _applying("any", applicators.apply_not),
    "if": _applying("any", applicators.apply_if),
    "dependentSchemas": _applying("object", applicators.apply_dependent_schemas),
    "properties": _applying("object", applicators.apply_properties),
    "patternProperties": _applying("object", applicators.apply_pattern_properties),
    "additionalProperties": _applying("object", applicators.apply_additional_properties),
    "propertyNames": _applying("object", applicators.apply_property_names),
    "prefixItems": _applying("array", applicators.apply_prefix_items),
    "items": _applying("array", applicators.apply_items),
    "contains": _applying("array", applicators.apply_contains),
    "unevaluatedItems": _applying("array", applicators.apply_unevaluated_items, is_last=True),
    "unevaluatedProperties": _applying("object", applicators.apply_unevaluated_properties, is_last=True),
}
