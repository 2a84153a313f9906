"""A schema in other words: walked, rewritten, and closed where a model would add what nobody asked for. Pure."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from backends.local.schema_patterns import DATES, NAMES, NOT, read_pattern
from backends.local.schema_unions import Unions
from gateway.core.json_schema.formats import FORMATS
from gateway.core.json_schema.keywords import MANY, NAMED, ONE
from gateway.core.json_schema.schema import root_of

# of where a schema stands, and the schema; it returns a dictionary of its own, or a boolean
Change = Callable[[str, dict[str, Any]], Any]

_ABOUT_OTHERS = frozenset(
    ["additionalProperties", "patternProperties", "unevaluatedProperties", "minProperties"]
)
_CONDITIONS = frozenset(["if", "not", "dependentSchemas"])
# `^a$`, `^(a|b)$`: names that can be written out
_FEW_NAMES = re.compile(r"\^(?:\((?:\?:)?([\w -]+(?:\|[\w -]+)*)\)|([\w -]+))\$")
_ANNOTATIONS = frozenset(["title", "description", "$comment", "examples", "default"])
# to llguidance what stands beside a reference, or an anyOf of references, may be a part of a ring
_ANNOTATIONS |= frozenset(["deprecated", "readOnly", "writeOnly"])
_ANNOTATIONS |= frozenset(["discriminator", "xml", "externalDocs", "example"])
_NEVER: dict[str, Any] = {"not": {}}
# numbers beyond are not exact in most readers of JSON
_FURTHEST = 2**53 - 1
_MOST_REMAINDERS = 5_000
_ALTERNATIVES = frozenset(["$ref", "$dynamicRef", "allOf", "anyOf", "oneOf"])


def nodes(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within a schema, with where it stands."""
    stack: list[tuple[str, Any]] = [(path, schema)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, dict):
            yield path, node
            stack += _within(path, node)


def _within(path: str, node: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for keyword, value in node.items():
        if keyword in MANY or (keyword == "items" and isinstance(value, list)):
            yield from ((f"{path}/{keyword}/{number}", each) for number, each in enumerate(value))
        elif keyword in ONE:
            yield f"{path}/{keyword}", value
        elif keyword in NAMED and isinstance(value, dict):
            yield from ((_named(f"{path}/{keyword}", name), each) for name, each in value.items())


def _named(path: str, name: str) -> str:
    # thousands of paths may lead through a name of 60,000 characters
    return f"{path}/{name[:60]}"


def _rewritten(schema: Any, change: Change, path: str = "") -> Any:
    """A copy in which `change` made another of each schema, outermost first."""
    if not isinstance(schema, dict):
        return schema
    copy = change(path, schema)
    if not isinstance(copy, dict):
        return copy
    for keyword, value in copy.items():
        inner = f"{path}/{keyword}"
        if keyword in MANY or (keyword == "items" and isinstance(value, list)):
            copy[keyword] = [
                _rewritten(each, change, f"{inner}/{number}") for number, each in enumerate(value)
            ]
        elif keyword in ONE:
            copy[keyword] = _rewritten(value, change, inner)
        elif keyword in NAMED and isinstance(value, dict):
            copy[keyword] = {
                name: _rewritten(each, change, _named(inner, name)) for name, each in value.items()
            }
    return copy


def without(schema: dict[str, Any], left_out: list[str]) -> dict[str, Any]:
    """A copy without the keywords that stand at some places."""
    places = set(left_out)

    def drop(path: str, node: dict[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in node.items() if f"{path}/{key}" not in places}
        if "patternProperties" in node and "patternProperties" not in kept:
            # it speaks of the names that no pattern allows
            kept.pop("additionalProperties", None)
        return kept

    copy: dict[str, Any] = _rewritten(schema, drop)
    return copy


def restated(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy that says the same, or a little more, in keywords that llguidance knows."""
    unions = Unions(schema)

    def restate(path: str, node: dict[str, Any]) -> Any:
        if node == _NEVER:
            return False
        node = {key: value for key, value in node.items() if key not in _ANNOTATIONS}
        if node.get("format") not in FORMATS:
            # an annotation
            node.pop("format", None)
        if isinstance(node.get("pattern"), str):
            node["pattern"] = read_pattern(node["pattern"]).pattern
        if node.get("format") in DATES:
            _date_as_pattern(node)
        if _has_many_remainders(node):
            del node["multipleOf"]
        _restate_references(node)
        if (
            "unevaluatedProperties" in node
            and _ALTERNATIVES.isdisjoint(node)
            and _CONDITIONS.isdisjoint(node)
        ):
            node.setdefault("additionalProperties", node.pop("unevaluatedProperties"))
        _bound_numbers(node)
        if "oneOf" in node and unions.exclude(node["oneOf"]):
            node = any_of(node)
        names = node.get("propertyNames")
        if isinstance(names, dict) and names.keys() - _ANNOTATIONS == {"$ref"}:
            node["propertyNames"] = root_of(schema, names)
        return _restate_patterns(_restate_names(node))

    copy = _rewritten(schema, restate)
    # a root is an object
    return copy if isinstance(copy, dict) else schema


def any_of(node: dict[str, Any]) -> dict[str, Any]:
    """The node with its `oneOf` as an `anyOf`."""
    rest = {key: value for key, value in node.items() if key != "oneOf"}
    union = {"anyOf": node["oneOf"]}
    return rest | ({"allOf": [*rest.get("allOf", []), union]} if "anyOf" in rest else union)


def _bound_numbers(node: dict[str, Any]) -> None:
    """Bounds of integers, else a small model may go on with digits for ever; none lies beyond what is exact."""
    for name, furthest in (("minimum", -_FURTHEST), ("maximum", _FURTHEST)):
        exclusive = f"exclusive{name.capitalize()}"
        for bound in (name, exclusive):
            given = node.get(bound)
            if isinstance(given, int | float) and (given < furthest if furthest < 0 else given > furthest):
                node[bound] = furthest
        if node.get("type") == "integer" and {name, exclusive, "enum", "const"}.isdisjoint(node):
            node[name] = furthest


def loosened(schema: dict[str, Any]) -> list[str]:
    """Where `restated` says less than is written."""
    places: list[str] = []
    for path, node in nodes(schema):
        patterns = {"pattern": [node.get("pattern")], "patternProperties": node.get("patternProperties", [])}
        places += [
            f"{path}/{keyword}"
            for keyword, written in patterns.items()
            if any(isinstance(each, str) and not read_pattern(each).is_exact for each in written)
        ]
        places += [f"{path}/multipleOf"] if _has_many_remainders(node) else []
    return places


def _has_many_remainders(node: dict[str, Any]) -> bool:
    """llguidance keeps a state for each remainder, and gives up in the middle of a number where there are too many."""
    multiple = Decimal(repr(node.get("multipleOf", 1)))
    return multiple.scaleb(max(0, -int(multiple.as_tuple().exponent))) > _MOST_REMAINDERS


def _date_as_pattern(node: dict[str, Any]) -> None:
    pattern = DATES[node.pop("format")]
    if "pattern" in node:
        node["allOf"] = [*node.get("allOf", []), {"pattern": pattern}]
    else:
        node["pattern"] = pattern


def _restate_references(node: dict[str, Any]) -> None:
    """References as URIs, and dynamic ones as the plain ones they are where only one schema has the anchor."""
    for keyword in ("anchor", "ref"):
        if f"$dynamic{keyword.capitalize()}" in node:
            node.setdefault(f"${keyword}", node.pop(f"$dynamic{keyword.capitalize()}"))
    if isinstance(node.get("$ref"), str):
        node["$ref"] = quote(unquote(node["$ref"]), safe="#/~$!&'()*+,;=:@?")


def _restate_patterns(node: dict[str, Any]) -> dict[str, Any]:
    """`patternProperties` as llguidance reads them; names that a pattern spells out are properties.

    llguidance would offer a name of the pattern where all of them are properties already, and then allow nothing.
    """
    if not isinstance(node.get("patternProperties"), dict):
        return node
    patterns: dict[str, Any] = {}
    properties: dict[str, Any] = dict(node.get("properties", {}))
    for written, inner in node["patternProperties"].items():
        if (few := _FEW_NAMES.fullmatch(written)) is None:
            patterns[read_pattern(written).pattern] = inner
            continue
        for name in (few[1] or few[2]).split("|"):
            properties[name] = {"allOf": [properties[name], inner]} if name in properties else inner
    rest = {key: value for key, value in node.items() if key not in ("properties", "patternProperties")}
    rest |= {"properties": properties} if properties else {}
    return rest | ({"patternProperties": patterns} if patterns else {})


def _restate_names(node: dict[str, Any]) -> dict[str, Any]:
    """`propertyNames` as properties, or as patterns of them; what these do not say stays for the check."""
    names = node.get("propertyNames")
    if not isinstance(names, dict):
        return node
    rest = {key: value for key, value in node.items() if key != "propertyNames"}
    others = node.get("additionalProperties", True)
    says = names.keys() - _ANNOTATIONS - ({"format"} if names.get("format") not in FORMATS else set())
    if not says or (says == {"type"} and names["type"] == "string"):
        return rest
    if not {"properties", "patternProperties"}.isdisjoint(node):
        return node
    if says <= {"type", "enum"} or says <= {"type", "const"}:
        allowed = names["enum"] if "enum" in names else [names["const"]] if "const" in names else []
        properties = {name: others for name in allowed if isinstance(name, str)}
        return rest | {"properties": properties, "additionalProperties": False}
    pattern, said = _pattern_of_names(names)
    if pattern is None:
        return node
    kept = rest if says <= {"type", *said} else node
    return kept | {"patternProperties": {pattern: others}, "additionalProperties": False}


def _pattern_of_names(names: dict[str, Any]) -> tuple[str | None, list[str]]:
    """A pattern of those that are allowed, and the keywords that it stands for."""
    if "pattern" in names:
        return names["pattern"], ["pattern"]
    if names.get("format") in NAMES:
        return NAMES[names["format"]], ["format"]
    if not {"minLength", "maxLength"}.isdisjoint(names):
        # 2.0 is a whole number, too
        least, most = (f"{names[each]:.0f}" if each in names else "" for each in ("minLength", "maxLength"))
        return f"^[{NOT}]{{{least or 0},{most}}}$", ["minLength", "maxLength"]
    return None, []


def with_any_of(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy in which one schema of a `oneOf` holds, or more."""
    copy: dict[str, Any] = _rewritten(
        schema, lambda path, node: any_of(node) if "oneOf" in node else dict(node)
    )
    return copy


def uncounted(schema: dict[str, Any]) -> list[str]:
    """Where properties are to be counted whose names are free: written twice, one is no second property."""
    return [
        f"{path}/minProperties"
        for path, node in nodes(schema)
        if node.get("minProperties", 0) > 1 + len(node.get("required", []))
        and (node.get("additionalProperties") is not False or "patternProperties" in node)
    ]


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy whose objects have the properties that are named and no others, unless it says something of others.

    A small model would go on with properties of its own until its answer is cut. Where several schemas describe one
    object, none of them knows all of its properties, and they are left as they are.
    """
    if any(_is_composed(node) for _, node in nodes(schema)):
        return schema

    def close(path: str, node: dict[str, Any]) -> dict[str, Any]:
        properties = node.get("properties")
        says_more = not _ABOUT_OTHERS.isdisjoint(node) or not set(node.get("required", [])) <= set(
            properties or []
        )
        return dict(node) if not properties or says_more else node | {"additionalProperties": False}

    copy: dict[str, Any] = _rewritten(schema, close)
    return copy


def _is_composed(node: dict[str, Any]) -> bool:
    if len(node.get("allOf", [])) > 1 or not _CONDITIONS.isdisjoint(node):
        return True
    return "properties" in node and not _ALTERNATIVES.isdisjoint(node)
