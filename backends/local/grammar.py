"""JSON Schema → a grammar of llguidance, and which parts of a schema that grammar does not hold to.

llguidance translates nearly all of JSON Schema and names what it cannot. What it cannot is left out keyword by
keyword, never the rest with it; the least that is held to is JSON of the schema's outer type.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from llguidance import LLMatcher
from msgspec import Struct

from backends.local.schema_forms import (
    closed,
    loosened,
    nodes,
    restated,
    uncounted,
    with_any_of,
    without,
)
from gateway.core.json_schema.schema import root_of

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions

# the fault of a grammar; None when it works
Check = Callable[[str], str | None]
# whether there is time for another grammar
MayTry = Callable[[], bool]

# what a value must look like; left out where it cannot be translated, one after another
_OF_ONE_VALUE = (
    ("pattern",), ("format",), ("minLength", "maxLength"), ("multipleOf",),
    ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
)  # fmt: skip
_OF_MANY = (
    ("minItems", "maxItems"), ("minProperties", "maxProperties"), ("patternProperties",), ("allOf",),
    ("required",), ("additionalProperties",),
)  # fmt: skip
_MOST_TRIED = 200
# a control character, or a pattern of one, in the text of a schema
_CONTROL = re.compile(r"\\u00[01]|\\(?:[av]|x[01])")
_SCALARS = frozenset(["string", "number", "integer"])


class Constraint(Struct, frozen=True, kw_only=True):
    """A grammar; `open`: what an answer must be checked for; `is_floor`: it holds to the outer type alone."""

    grammar: str
    open: list[str]
    is_floor: bool = False


def fault_of(grammar: str) -> str | None:
    """What is wrong with a grammar, without regard to a vocabulary."""
    is_error, messages = LLMatcher.validate_grammar_with_warnings(grammar)
    return messages[0] if is_error else None


def constrain(schema: dict[str, Any], check: Check = fault_of, may_try: MayTry = lambda: True) -> Constraint:
    """Translate a schema that `Schema` accepts, as far as that goes.

    Args:
        check: whether a grammar works for a model.
        may_try: asked before each grammar; once it says no, the answer is held to the outer type alone.
    """
    for left_out, written in _weaker_and_weaker(schema, check, may_try):
        for lenient in (False, True):
            if not may_try():
                return _floor(schema)
            if found := _translate(written, check, left_out=left_out, lenient=lenient):
                return found
    return _floor(schema)


def _weaker_and_weaker(
    schema: dict[str, Any], check: Check, may_try: MayTry
) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """The schema, and the schema without ever more keywords; with where those stand."""
    written, loose = closed(restated(schema)), loosened(schema)
    yield loose, written
    left_out = list(_faulty_keywords(written, check, may_try))
    yield loose + left_out, without(written, left_out)
    if unions := [f"{path}/oneOf" for path, node in nodes(written) if "oneOf" in node]:
        written = with_any_of(without(written, left_out))
        left_out += unions
        yield loose + left_out, written
    for keywords in _OF_MANY:
        left_out += [f"{path}/{each}" for path, node in nodes(written) for each in keywords if each in node]
        yield loose + left_out, without(written, left_out)


def _floor(schema: dict[str, Any]) -> Constraint:
    kinds = outer_types(schema)
    floor = _grammar({"type": kinds} if kinds else {})
    return Constraint(grammar=floor, open=["all but the outermost type"], is_floor=True)


def outer_types(schema: dict[str, Any]) -> list[str]:
    """The types that a value of the schema can have, as far as its root says; empty: any."""
    root = root_of(schema, schema)
    # beside a reference, both hold
    if kind := schema.get("type") or root.get("type"):
        return [kind] if isinstance(kind, str) else list(kind)
    if "properties" in root or "required" in root:
        return ["object"]
    return ["array"] if "items" in root or "prefixItems" in root else []


def _translate(
    schema: dict[str, Any], check: Check, *, left_out: list[str], lenient: bool
) -> Constraint | None:
    """A grammar that holds to all of the schema; if `lenient`, one that llguidance leaves something out of."""
    grammar = _grammar(schema, lenient=lenient)
    is_error, messages = LLMatcher.validate_grammar_with_warnings(grammar)
    if not is_error and check(grammar) is None:
        return Constraint(grammar=grammar, open=[*left_out, *messages, *uncounted(schema)])
    return None


def _grammar(schema: dict[str, Any], *, lenient: bool = False) -> str:
    text = json.dumps(schema)
    options: JsonCompileOptions = {
        # One space or none: models write as little else as they are let, and none can fill an answer with white space.
        "whitespace_pattern": " ?",
        "lenient": lenient,
        "coerce_one_of": lenient,
        # "\\u0061" would be a name beside "a"; control characters are written no other way, if the schema wants any
        "json_allowed_escapes": 'nrbtf\\"' + ("u" if _CONTROL.search(text) else ""),
    }
    return LLMatcher.grammar_from_json_schema(text, overrides=options)


def _faulty_keywords(schema: dict[str, Any], check: Check, may_try: MayTry) -> Iterator[str]:
    """Where keywords stand that cannot be translated even alone."""
    known: dict[str, bool] = {}
    for path, node in nodes(schema):
        kinds = [node["type"]] if isinstance(node.get("type"), str) else node.get("type", [])
        for keywords in _OF_ONE_VALUE:
            alone = {each: node[each] for each in keywords if each in node}
            if not alone:
                continue
            alone["type"] = [kind for kind in kinds if kind in _SCALARS] or ["string", "number"]
            grammar = _grammar(alone)
            if grammar not in known:
                # beyond that many, none is tried any more
                may = len(known) < _MOST_TRIED and may_try()
                known[grammar] = may and (fault_of(grammar) or check(grammar)) is None
            if not known[grammar]:
                yield from (f"{path}/{each}" for each in keywords if each in node)
