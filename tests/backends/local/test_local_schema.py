"""Answers held to a JSON Schema: by a grammar where one can be made, else by checking."""

import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import jsonschema
import pytest

from backends.base import UpstreamRejected
from backends.local import LocalBackend
from backends.local.grammar import constrain
from backends.local.prepare import violation
from gateway.core.json_schema.schema import Schema
from tests.backends.local.local_model import ask, opened

pytestmark = pytest.mark.anyio

EXPRESSIBLE: dict[str, dict[str, Any]] = {
    "object": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z]{0,6}$"},
            "kind": {"enum": ["a", "b", 3, None]},
            "sold": {"type": "boolean"},
        },
        "required": ["name", "kind", "sold"],
        "additionalProperties": False,
    },
    "array": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3},
    "union": {"anyOf": [{"const": "none"}, {"type": "object", "properties": {"n": {"enum": [1, 2]}}}]},
    "reference": {
        "type": "object",
        "properties": {"first": {"$ref": "#/$defs/flag"}},
        "required": ["first"],
        "$defs": {"flag": {"enum": ["on", "off"]}},
    },
    "pattern": {"type": "string", "pattern": "^[a-c]{2}-[0-9]$"},
    "nested": {
        "type": "object",
        "properties": {
            "rows": {"type": "array", "items": {"type": "object", "properties": {}}, "maxItems": 2}
        },
        "required": ["rows"],
    },
}


@pytest.fixture(scope="module")
async def backend(tiny: str) -> AsyncIterator[LocalBackend]:
    async with opened(tiny, parallel=2) as backend:
        await backend.start()
        yield backend


@pytest.mark.parametrize("schema", EXPRESSIBLE.values(), ids=EXPRESSIBLE)
@pytest.mark.parametrize("temperature", [0, 1.5])
async def test_answer_satisfies_what_a_grammar_can_hold(
    backend: LocalBackend, schema: dict[str, Any], temperature: float
) -> None:
    for seed in range(3):
        answer = await ask(
            backend, json_schema=schema, max_output_tokens=400, temperature=temperature, seed=seed
        )
        assert answer.completion.finish_reason == "stop"
        jsonschema.validate(json.loads(answer.text), schema)
        assert not answer.warnings
        assert len(answer.deltas) > 1  # streamed, not held back


async def test_string_holds_no_raw_control_characters(backend: LocalBackend) -> None:
    newline, letter = str(3 + ord("\n")), str(3 + ord("a"))
    bias = {"logit_bias": {newline: 100, letter: 50}}
    answer = await ask(backend, json_schema={"type": "string", "maxLength": 4}, parameters=bias)
    assert json.loads(answer.text) == "aaaa"


async def test_json_mode_gives_an_object(backend: LocalBackend) -> None:
    # a bias against letters keeps a random model from writing endless strings
    fields = {"response_format": {"type": "json_object"}, "logit_bias": {str(3 + ord("}")): 100}}
    answer = await ask(backend, parameters=fields, max_output_tokens=200)
    assert isinstance(json.loads(answer.text), dict)


async def test_response_format_carries_a_schema(backend: LocalBackend) -> None:
    wrapped = {"type": "json_schema", "json_schema": {"name": "x", "schema": EXPRESSIBLE["pattern"]}}
    answer = await ask(backend, parameters={"response_format": wrapped})
    jsonschema.validate(json.loads(answer.text), EXPRESSIBLE["pattern"])


async def test_keyword_no_grammar_holds_is_checked_and_said(backend: LocalBackend) -> None:
    schema = {
        "type": "array",
        "items": {"enum": [1, 2, 3]},
        "maxItems": 3,
        "minItems": 1,
        "uniqueItems": True,
    }
    seen = []
    for seed in range(4):
        answer = await ask(backend, json_schema=schema, max_output_tokens=60, temperature=2.0, seed=seed)
        seen.append(answer)
        codes = [warning["code"] for warning in answer.warnings]
        assert codes[0] == "schema_not_enforced" and "/uniqueItems" in answer.warnings[0]["message"]
        valid = jsonschema.Draft202012Validator(schema).is_valid(json.loads(answer.text))
        assert ("schema_violated" in codes) == answer.completion.violates_schema == (not valid)
        assert len(answer.deltas) == 1
    assert any("attempt 1" not in answer.warnings[0]["message"] for answer in seen)
    assert any(len(answer.warnings) == 1 for answer in seen)


async def test_schema_without_a_grammar_is_asked_for_in_words(backend: LocalBackend) -> None:
    schema = {"type": "string", "pattern": "never said by chance"}
    answer = await ask(backend, json_schema=schema, max_output_tokens=20)
    plain = await ask(backend, max_output_tokens=20)
    assert answer.warnings[0]["code"] == "schema_not_enforced"
    assert "not at all" in answer.warnings[0]["message"]
    assert answer.warnings[-1]["code"] == "schema_violated"  # a random model never says it
    assert answer.usage.input_tokens > plain.usage.input_tokens + 30


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": "array", "items": {"type": "string"}, "maxItems": 10**8}, id="items"),
        pytest.param({"type": "string", "minLength": 10**12}, id="characters"),
        pytest.param(
            {"properties": {"x" * 60_000: {"properties": {f"{i}": {} for i in range(3000)}}}}, id="names"
        ),
    ],
)
def test_schema_whose_grammar_would_fill_the_memory_has_none(schema: dict[str, Any]) -> None:
    tracemalloc.start()
    try:
        assert constrain(schema).grammar is None
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        pytest.param({"$ref": "#/$defs/nowhere"}, "no schema stands at", id="dangling-reference"),
        pytest.param({"$ref": "https://example.org/schema"}, "only references within", id="remote-reference"),
        pytest.param({"type": "string", "pattern": "^(a+)+(?=b)$"}, "RE2", id="pattern-without-linear-time"),
    ],
)
async def test_schema_that_cannot_be_applied_safely_is_refused(
    backend: LocalBackend, schema: dict[str, Any], said: str
) -> None:
    with pytest.raises(UpstreamRejected, match=said):
        await ask(backend, json_schema=schema, max_output_tokens=3)


def test_slow_pattern_holds_nobody_up() -> None:
    schema = Schema({"type": "string", "pattern": "^(a+)+$"})  # minutes for a backtracking engine
    assert violation(json.dumps("a" * 5000 + "!"), schema) is not None


async def test_answer_cut_by_its_length_is_not_asked_again(backend: LocalBackend) -> None:
    schema = {"type": "string", "minLength": 100, "maxLength": 200, "not": {"const": "x"}}
    answer = await ask(backend, json_schema=schema, max_output_tokens=10)
    assert answer.completion.finish_reason == "length"
    assert answer.usage.output_tokens == 10
    assert answer.warnings[-1]["code"] == "schema_violated"


@pytest.mark.parametrize(
    ("schema", "left_open"),
    [
        pytest.param({"type": "integer", "maximum": 3}, ["/maximum"], id="bounds"),
        pytest.param(
            {"type": "object", "properties": {"a": {"type": "number", "minimum": 0}}},
            ["/properties/a/minimum"],
            id="nested",
        ),
        pytest.param({"type": "string", "format": "email"}, ["/format"], id="format"),
        pytest.param({"type": "string", "format": "date", "description": "x"}, [], id="known-format"),
        pytest.param(
            {"type": "object", "properties": {}, "required": ["b"]}, ["/required/b"], id="required-unknown"
        ),
        pytest.param({"type": "string", "pattern": "^a.c$"}, ["/pattern"], id="pattern-that-takes-quotes"),
        pytest.param({"type": "string", "pattern": "^[a-c]+$"}, [], id="pattern-of-letters"),
        pytest.param({"allOf": [{"type": "string"}]}, ["/allOf"], id="all-of"),
        pytest.param({"type": "array", "prefixItems": [{"type": "string"}]}, ["/prefixItems"], id="tuple"),
    ],
)
def test_constraint_names_what_it_leaves_open(schema: dict[str, Any], left_open: list[str]) -> None:
    assert constrain(schema).open == left_open


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"$ref": "https://example.org/schema"}, id="remote-reference"),
        pytest.param({"type": "string", "pattern": "unanchored"}, id="unanchored-pattern"),
        pytest.param({"type": "string", "maxLength": 10_000_000}, id="enormous"),
        pytest.param({"properties": {"a": True}}, id="boolean-schema"),
    ],
)
def test_schema_beyond_the_converter_has_no_grammar(schema: dict[str, Any]) -> None:
    constraint = constrain(schema)
    assert constraint.grammar is None and constraint.open
