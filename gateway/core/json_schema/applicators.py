"""Keywords of JSON Schema that apply other schemas: each yields them and is sent whether they hold.

Source: JSON Schema 2020-12, 10 and 11.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.core.json_schema.document import Place
from gateway.core.json_schema.keywords import quote
from gateway.core.json_schema.run import (
    MAX_VIOLATIONS,
    Application,
    Applicator,
    At,
    Evaluated,
    Evaluation,
    Run,
    keyword_value,
)


def follow(keyword: str) -> Applicator:
    """`$ref` or `$dynamicRef`."""

    def applicator(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
        return (yield place.targets[keyword], value, at, evaluated)

    return applicator


def apply_all_of(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    return _every(((child, value, at, evaluated) for child in place.lists["allOf"]), at)


def apply_any_of(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    valid = False
    for child in place.lists["anyOf"]:
        if (yield child, value, None, evaluated):
            valid = True
            if evaluated is None:
                break
    return valid or run.fault(at, f"{quote(value)} is not valid under any of the schemas of anyOf")


def apply_one_of(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    valid = []
    for child in place.lists["oneOf"]:
        if (yield child, value, None, evaluated):
            valid.append(child.steps[1])
            if len(valid) == 2:
                return run.fault(
                    at, f"{quote(value)} is valid under more than one schema of oneOf: {' and '.join(valid)}"
                )
    return bool(valid) or run.fault(at, f"{quote(value)} is not valid under any of the schemas of oneOf")


def apply_not(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    valid = yield place.children["not",], value, None, None
    return not valid or run.fault(at, f"{quote(value)} is what the schema excludes by `not`")


def apply_if(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    holds = yield place.children["if",], value, None, evaluated
    following = place.children.get(("then" if holds else "else",))
    return True if following is None else (yield following, value, at, evaluated)


def apply_dependent_schemas(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    names = keyword_value(place, "dependentSchemas")
    run.spend(len(names))
    present = (name for name in names if name in value)
    return _every(((place.children["dependentSchemas", name], value, at, evaluated) for name in present), at)


def apply_properties(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    names = keyword_value(place, "properties")
    shorter, longer = sorted((names, value), key=len)
    run.spend(len(shorter) // 10)
    present = [name for name in shorter if name in longer]
    if evaluated is not None:
        evaluated.update(present)
    children = place.children
    return _every(
        ((children["properties", name], value[name], _below(at, name), None) for name in present), at
    )


def apply_pattern_properties(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    def applications() -> Iterator[Application]:
        for pattern in keyword_value(place, "patternProperties"):
            child = place.children["patternProperties", pattern]
            for name in value:
                if run.matches(pattern, name):
                    if evaluated is not None:
                        evaluated.add(name)
                    yield child, value[name], _below(at, name), None

    return _every(applications(), at)


def apply_additional_properties(
    run: Run, place: Place, value: Any, at: At, evaluated: Evaluated
) -> Evaluation:
    schema: Any = place.schema
    known, patterns = schema.get("properties", ()), schema.get("patternProperties", ())
    run.spend(len(value) // 10)
    names = [
        name
        for name in value
        if name not in known and not any(run.matches(pattern, name) for pattern in patterns)
    ]
    return _rest(run, place.children["additionalProperties",], names, value, at, evaluated)


def apply_unevaluated_properties(
    run: Run, place: Place, value: Any, at: At, evaluated: Evaluated
) -> Evaluation:
    names = [name for name in value if name not in (evaluated or ())]
    return _rest(run, place.children["unevaluatedProperties",], names, value, at, evaluated)


def apply_property_names(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    child = place.children["propertyNames",]
    return _every(((child, name, at, None) for name in value), at)


def apply_prefix_items(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    pairs = list(zip(place.lists["prefixItems"], value, strict=False))
    if evaluated is not None:
        evaluated.update(range(len(pairs)))
    return _every(((child, item, _below(at, i), None) for i, (child, item) in enumerate(pairs)), at)


def apply_items(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    schema: Any = place.schema
    rest = range(len(schema.get("prefixItems", ())), len(value))
    return _rest(run, place.children["items",], rest, value, at, evaluated)


def apply_unevaluated_items(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    rest = [i for i in range(len(value)) if i not in (evaluated or ())]
    return _rest(run, place.children["unevaluatedItems",], rest, value, at, evaluated)


def apply_contains(run: Run, place: Place, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    schema: Any = place.schema
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    found = 0
    for i, each in enumerate(value):
        if (yield place.children["contains",], each, None, None):
            found += 1
            if evaluated is not None:
                evaluated.add(i)
            if most is not None and found > most:
                return run.fault(at, f"more than {quote(most)} items are valid under the schema of contains")
            if most is None and evaluated is None and found >= least:
                break
    if found < least:
        return run.fault(
            at, f"{found} items are valid under the schema of contains, the least is {quote(least)}"
        )
    return True


def _every(applications: Iterable[Application], at: At) -> Evaluation:
    """Whether all hold; the first that does not ends it where violations are not reported."""
    valid = True
    for application in applications:
        valid = (yield application) and valid
        if not valid and at is None:
            return False
    return valid


def _rest(run: Run, child: Place, keys: Any, value: Any, at: At, evaluated: Evaluated) -> Evaluation:
    """A schema for what no other keyword has evaluated, in an object or an array."""
    valid = True
    for key in keys:
        if evaluated is not None:
            evaluated.add(key)
        if child.schema is False:
            what = "a property" if isinstance(key, str) else "an item"
            valid = run.fault(at, f"{quote(key)} is not {what} the schema allows")
        else:
            valid = (yield child, value[key], _below(at, key), None) and valid
        if not valid and (at is None or len(run.violations) >= MAX_VIOLATIONS):
            return False
    return valid


def _below(at: At, step: str | int) -> At:
    return None if at is None else (at, step)
