"""Keywords and escapes of older drafts mean here what they meant there."""

from typing import Any

import jsonschema
import pytest

from gateway.core.json_schema.escapes import for_re2
from gateway.core.json_schema.schema import Schema
from gateway.errors import InvalidRequest

TUPLE = {"type": "array", "items": [{"type": "integer"}, {"type": "string"}]}
VALUES: list[Any] = [
    [], [1], [1, "a"], ["a", 1], [1, "a", 2], [1, "a", "b"], [[1, 2]], 0, 1, 5, 9, 10, {}, {"a": 1}, {"a": 1, "b": 2},
    {"c": 1}, {"c": 1, "a": "x"}, {"x": [1, "a"], "y": 3}, {"x": [1], "y": "a"},
]  # fmt: skip


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(TUPLE, id="tuple"),
        pytest.param(TUPLE | {"additionalItems": {"type": "integer"}}, id="tuple-and-rest"),
        pytest.param(TUPLE | {"additionalItems": False}, id="tuple-alone"),
        pytest.param({"items": [], "additionalItems": False}, id="empty-tuple"),
        pytest.param({"items": {"type": "integer"}, "additionalItems": False}, id="no-tuple"),
        pytest.param({"dependencies": {"a": ["b"], "c": {"required": ["a"]}}}, id="dependencies"),
        pytest.param(
            {"properties": {"x": TUPLE, "y": {"$ref": "#/properties/x/items/0"}}}, id="reference-into-a-tuple"
        ),
        pytest.param(
            {"properties": {"y": {"$ref": "#/dependencies/c"}}, "dependencies": {"c": {"type": "object"}}},
            id="reference-into-dependencies",
        ),
    ],
)
def test_draft_07_is_validated_as_its_own_validator_does(schema: dict[str, Any]) -> None:
    before, ours = repr(schema), Schema(schema)
    theirs = jsonschema.Draft7Validator(schema)
    for value in VALUES:
        assert bool(ours.violations(value)) != theirs.is_valid(value), value
    assert repr(schema) == before


@pytest.mark.parametrize("exclusive", [True, False])
def test_bounds_are_exclusive_as_in_openapi_3_0(exclusive: bool) -> None:
    schema = {
        "type": "integer",
        "minimum": 1,
        "exclusiveMinimum": exclusive,
        "maximum": 9,
        "exclusiveMaximum": exclusive,
    }
    theirs = jsonschema.Draft4Validator(schema)
    for value in VALUES:
        assert bool(Schema(schema).violations(value)) != theirs.is_valid(value), value


def test_empty_tuple_of_zod_is_any_array() -> None:
    assert not Schema({"type": "array", "prefixItems": []}).violations([1])
    assert Schema({"type": "array", "prefixItems": [], "items": False}).violations([1])


def test_values_that_look_like_old_keywords_stay() -> None:
    value = {"items": [1], "exclusiveMinimum": True}
    assert not Schema({"const": value}).violations(value)
    assert not Schema({"properties": {"items": {"type": "array"}}}).violations({"items": []})


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"items": [1]}, id="no-schema"),
        pytest.param({"prefixItems": [True], "items": [True]}, id="old-and-new"),
        pytest.param({"dependencies": {"a": [1]}}, id="no-names"),
        pytest.param({"exclusiveMinimum": "1"}, id="no-bound"),
    ],
)
def test_what_is_of_no_draft_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        Schema(schema)


def test_old_schema_nested_without_end_is_refused() -> None:
    schema: Any = {"items": [True]}
    for _ in range(5000):
        schema = {"not": schema}
    with pytest.raises(InvalidRequest, match="levels deep"):
        Schema(schema)


@pytest.mark.parametrize(
    ("pattern", "matches", "does_not"),
    [
        (r"^\u00e9$", "é", "e"),
        (r"^[\u00e0-\u00ff]{2}$", "éü", "éx"),
        (r"^\u{1F642}\ud83d\ude43$", "🙂🙃", "🙂"),
        (r"^\u002e\u005b$", ".[", "x["),
        (r"^\\u0041$", r"\u0041", "A"),
        (r"^[\u{10000}-\u{10FFFF}]$", "🙂", "é"),
    ],
)
def test_characters_by_their_numbers(pattern: str, matches: str, does_not: str) -> None:
    schema = Schema({"pattern": pattern})
    assert not schema.violations(matches)
    assert schema.violations(does_not)


# zod 3's `z.string().emoji()`
EMOJI = r"^(\p{Extended_Pictographic}|\p{Emoji_Component})+$"


@pytest.mark.parametrize(
    ("pattern", "matches", "does_not"),
    [
        (EMOJI, "🙂🇫🇷👩‍🚀#", "a"),
        (r"^[\p{Emoji_Component}x-z]+$", "1y", "b"),
        (r"^[^\p{Extended_Pictographic}]$", "a", "🙂"),
        (r"^[]\]\p{Extended_Pictographic}]+$", "]🙂", "["),
        (r"^\\p{2}$", r"\pp", "🙂🙂"),
    ],
)
def test_properties_of_emoji(pattern: str, matches: str, does_not: str) -> None:
    schema = Schema({"pattern": pattern})
    assert not schema.violations(matches)
    assert schema.violations(does_not)


@pytest.mark.parametrize(
    ("pattern", "matches", "does_not"),
    [
        (r"^\p{Letter}+$", "aéЖ漢", "a1"),
        (r"^[\p{Uppercase_Letter}\d]+$", "É1", "é"),
        (r"^\P{Letter}+$", "12 ", "a"),
        (r"^\p{Script=Greek}+$", "αβγ", "abc"),
        (r"^[\p{sc=Latin}\p{gc=Decimal_Number}]+$", "abc1٣", "α"),
        (r"^\p{General_Category=Lu}$", "A", "a"),
        (r"^\p{L}\p{Latin}$", "ab", "a1"),
    ],
)
def test_properties_by_their_long_names(pattern: str, matches: str, does_not: str) -> None:
    schema = Schema({"pattern": pattern})
    assert not schema.violations(matches)
    assert schema.violations(does_not)


def test_half_a_character_is_no_pattern() -> None:
    assert for_re2(r"\ud83d") == r"\ud83d"
    with pytest.raises(InvalidRequest):
        Schema({"pattern": r"\ud83d"})
