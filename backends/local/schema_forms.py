"""A schema in other words: walked, rewritten, and closed where a model would add what nobody asked for. Pure."""

import re
from collections.abc import Callable, Iterator
from typing import Any

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
_PATTERN_PART = re.compile(r"\\.|.", re.DOTALL)
_SPACES = r" \t\n\r\f\v"
_ANNOTATIONS = frozenset(["title", "description", "$comment", "examples", "default"])
# to llguidance what stands beside a reference, or an anyOf of references, may be a part of a ring
_ANNOTATIONS |= frozenset(["deprecated", "readOnly", "writeOnly"])
_ANNOTATIONS |= frozenset(["discriminator", "xml", "externalDocs", "example"])
_NEVER: dict[str, Any] = {"not": {}}
# numbers beyond are not exact in most readers of JSON
_FURTHEST = 2**53 - 1
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
        return {key: value for key, value in node.items() if f"{path}/{key}" not in places}

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
            node["pattern"] = _with_plain_spaces(node["pattern"])
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
        return _restate_names(node)

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


def _with_plain_spaces(pattern: str) -> str:
    r"""The pattern with what RE2, which checks it, takes `\s` and `\S` for; elsewhere they mean Unicode's spaces."""
    parts, in_class = [], False
    for part in _PATTERN_PART.findall(pattern):
        if part == r"\s":
            part = _SPACES if in_class else f"[{_SPACES}]"
        elif part == r"\S" and not in_class:
            part = f"[^{_SPACES}]"
        elif part in "[]":
            in_class = part == "["
        parts.append(part)
    return "".join(parts)


def _restate_names(node: dict[str, Any]) -> dict[str, Any]:
    """`propertyNames` as properties, or as patterns of them."""
    names = node.get("propertyNames")
    if not isinstance(names, dict):
        return node
    rest = {key: value for key, value in node.items() if key != "propertyNames"}
    others = node.get("additionalProperties", True)
    says = names.keys() - _ANNOTATIONS
    if says and says <= {"type", "minLength", "maxLength"} and len(says) > ("type" in says):
        length = f"{names.get('minLength', 0):.0f},{names.get('maxLength', '')}"
        names, says = {"pattern": f"^[^\\x00]{{{length}}}$"}, {"pattern"}
    if not says or (says == {"type"} and names["type"] == "string"):
        return rest
    if not {"properties", "patternProperties"}.isdisjoint(node) or not says <= {
        "type",
        "pattern",
        "enum",
        "const",
    }:
        return node
    allowed = names["enum"] if "enum" in names else [names["const"]] if "const" in names else None
    if allowed is not None and "pattern" not in names:
        properties = {name: others for name in allowed if isinstance(name, str)}
        return rest | {"properties": properties, "additionalProperties": False}
    if allowed is None and "pattern" in names:
        return rest | {"patternProperties": {names["pattern"]: others}, "additionalProperties": False}
    return node


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
