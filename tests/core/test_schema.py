"""A caller's schema: what is refused, with the place of the fault, and what is validated, in bounded time."""

import json
import time
from typing import Any

import pytest

from gateway.core.schema import Schema, inline_root, relax_schema, subschemas_of
from gateway.errors import InvalidRequest


def nest(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"properties": {"a": schema}}
    return schema


def doubling(levels: int) -> dict[str, Any]:
    """Each definition follows the next one twice: 2^levels references for any value."""
    names = {f"n{i}": {"allOf": [{"$ref": f"#/$defs/n{i + 1}"}] * 2} for i in range(levels)}
    return {"$defs": {**names, f"n{levels}": {}}, "$ref": "#/$defs/n0"}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        pytest.param({"type": "objekt"}, "/type", id="unknown-type"),
        pytest.param({"properties": {"x": {"type": "strin"}}}, "/properties/x/type", id="nested"),
        pytest.param({"type": ["string", "nil"]}, "/type/1", id="unknown-type-among-others"),
        pytest.param({"required": "name"}, "/required", id="required-is-a-list"),
        pytest.param({"$schema": "http://json-schema.org/draft-04/schema#"}, "/$schema", id="other-dialect"),
        pytest.param({"items": {"$ref": "https://example.com/s"}}, "/items/$ref", id="remote-reference"),
        pytest.param({"items": {"$ref": "file:///etc/passwd"}}, "/items/$ref", id="file-reference"),
        pytest.param({"properties": {"a/b": {"$ref": "#/$defs/c"}}}, "/properties/a~1b/$ref", id="dangling"),
        pytest.param({"$ref": "#"}, "", id="endless"),
        pytest.param(
            {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
            "",
            id="endless-in-two-steps",
        ),
        pytest.param(doubling(30), "", id="exponential"),
        pytest.param(nest(60), "", id="too-deep"),
        pytest.param({"description": "x" * 300_000}, "", id="too-large"),
        pytest.param({"pattern": "("}, "/pattern", id="no-expression"),
        pytest.param({"pattern": "(?=a)b"}, "/pattern", id="expression-beyond-re2"),
        pytest.param({"patternProperties": {"(a)\\1": {}}}, "/patternProperties/(a)\\1", id="back-reference"),
    ],
)
def test_schema_refuses_with_the_path_of_the_fault(document: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Schema(document)
    assert caught.value.extra == {"field": "schema", "path": path}
    assert "`schema`" in caught.value.detail and len(caught.value.detail) < 500


def test_schema_of_an_unknown_type_is_told_which_there_are() -> None:
    with pytest.raises(InvalidRequest, match=r"'objekt' is not one of .*'object', 'string'"):
        Schema({"type": "objekt"})


def test_schema_reports_where_a_value_breaks_it() -> None:
    schema = Schema(
        {
            "type": "object",
            "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/row"}}},
            "$defs": {"row": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
        }
    )
    assert schema.violations({"rows": [{"n": 1}, {"n": 2}]}) == []
    assert [found.path for found in schema.violations({"rows": [{"n": 1}, {"n": "x"}, {}]})] == [
        "/rows/1/n",
        "/rows/2",
    ]


@pytest.mark.parametrize(
    ("document", "inlined"),
    [
        pytest.param(
            {
                "$ref": "#/$defs/a",
                "$defs": {"a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/a"}}}},
            },
            {
                "type": "object",
                "properties": {"b": {"$ref": "#/$defs/a"}},
                "$defs": {"a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/a"}}}},
            },
            id="recursive",
        ),
        pytest.param({"type": "object"}, {"type": "object"}, id="no-reference"),
        pytest.param(
            {"$ref": "#/$defs/a", "required": ["x"], "$defs": {"a": {"required": ["y"]}}},
            {"$ref": "#/$defs/a", "required": ["x"], "$defs": {"a": {"required": ["y"]}}},
            id="more-than-a-reference",
        ),
        pytest.param(
            {"$ref": "#/$defs/a", "$defs": {"a": True}},
            {"$ref": "#/$defs/a", "$defs": {"a": True}},
            id="boolean",
        ),
    ],
)
def test_inline_root_puts_the_root_in_its_place(document: dict[str, Any], inlined: dict[str, Any]) -> None:
    assert inline_root(document) == inlined


NULL, STRING = {"type": "null"}, {"type": "string"}
DRAFT_7 = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "definitions": {"a": NULL},
    "properties": {"x": {"$ref": "#/definitions/a"}},
}
ADDRESS = {"$ref": "https://example.com"}


@pytest.mark.parametrize(
    ("document", "good", "bad"),
    [
        pytest.param({"pattern": "^a+$"}, "aa", "ab", id="pattern"),
        pytest.param({"patternProperties": {"^n": NULL}}, {"n": None, "m": 1}, {"n": 1}, id="names"),
        pytest.param(
            {"properties": {"a": {}}, "patternProperties": {"^x": {}}, "additionalProperties": False},
            {"a": 1, "x1": 2},
            {"b": 1},
            id="nothing-else",
        ),
        pytest.param({"additionalProperties": STRING}, {"a": "x"}, {"a": 1}, id="all-else"),
        pytest.param({"enum": [ADDRESS]}, ADDRESS, {}, id="no-reference-in-enum"),
        pytest.param({"properties": {"$ref": STRING}}, {"$ref": "x"}, {"$ref": 1}, id="property-named-ref"),
        pytest.param(DRAFT_7, {"x": None}, {"x": 1}, id="definitions"),
        pytest.param({"properties": {"a": True, "b": False}}, {"a": 1}, {"b": 1}, id="boolean-schemas"),
    ],
)
def test_schema_validates_as_the_draft_says(document: dict[str, Any], good: Any, bad: Any) -> None:
    schema = Schema(document)
    assert schema.violations(good) == []
    assert schema.violations(bad)


def test_schema_pattern_takes_linear_time() -> None:
    schema = Schema({"pattern": "^(a+)+$"})
    began = time.process_time()
    assert schema.violations("a" * 200_000 + "b")
    assert time.process_time() - began < 5  # backtracking would not end this century


def test_schema_ends_on_values_of_any_depth() -> None:
    schema = Schema({"$defs": {"l": {"type": "array", "items": {"$ref": "#/$defs/l"}}}, "$ref": "#/$defs/l"})
    value: list[Any] = []
    for _ in range(5000):
        value = [value]
    assert "nested too deep" in schema.violations(value)[0].message


def test_schema_bounds_references_that_multiply_with_the_value() -> None:
    twice = [{"properties": {"c": {"$ref": "#/$defs/n"}}}] * 2
    schema = Schema({"$defs": {"n": {"allOf": twice}}, "$ref": "#/$defs/n"})
    value: dict[str, Any] = {}
    for _ in range(40):
        value = {"c": value}
    assert "references" in schema.violations(value)[0].message


def test_subschemas_of_finds_schemas_and_nothing_that_looks_like_one() -> None:
    document = {"properties": {"a": {"items": {}}}, "anyOf": [{}], "default": {"properties": {}}, "not": {}}
    assert {path for path, _ in subschemas_of(document)} == {
        "",
        "/properties/a",
        "/properties/a/items",
        "/anyOf/0",
        "/not",
    }


ITEM = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "minProperties": 1}
LOOSE = {"type": "object", "properties": {"n": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}}


@pytest.mark.parametrize(
    ("document", "relaxed"),
    [
        pytest.param(ITEM, LOOSE, id="root"),
        pytest.param(
            {"$ref": "#/$defs/I", "$defs": {"I": ITEM}}, {"$defs": {"I": ITEM}} | LOOSE, id="by-name"
        ),
        pytest.param(
            {"type": "array", "items": ITEM, "minItems": 2}, {"type": "array", "items": ITEM}, id="array"
        ),
        pytest.param({"$ref": "#/$defs/none"}, {}, id="dead-end"),
    ],
)
def test_relax_schema_requires_nothing_at_the_root(document: dict[str, Any], relaxed: dict[str, Any]) -> None:
    before = json.dumps(document)
    assert relax_schema(document) == relaxed
    assert json.dumps(document) == before


def test_relax_schema_keeps_references_to_its_properties() -> None:
    document = {"properties": {"a": {"type": "string"}, "b": {"$ref": "#/properties/a"}}, "required": ["a"]}
    relaxed = relax_schema(document)
    assert relaxed == {"properties": document["properties"]} and not Schema(relaxed).violations({"b": "x"})
