"""Answers held to a JSON Schema: by a grammar where one can be made, else by checking."""

import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import jsonschema
import pytest

from backends.base import UpstreamRejected
from backends.local import LocalBackend, prepare
from backends.local.grammar import constrain
from backends.local.job import Job, Ticket
from backends.local.messages import Generate, Open
from backends.local.native import NativeModel
from backends.local.prepare import Preparation, violation
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
            "rows": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": False},
                "maxItems": 2,
            }
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
        assert codes[0] == "schema_not_enforced" and "uniqueItems" in answer.warnings[0]["message"]
        valid = jsonschema.Draft202012Validator(schema).is_valid(json.loads(answer.text))
        assert ("schema_violated" in codes) == answer.completion.violates_schema == (not valid)
        assert len(answer.deltas) == 1
    assert any("attempt 1" not in answer.warnings[0]["message"] for answer in seen)
    assert any(len(answer.warnings) == 1 for answer in seen)


async def test_schema_beyond_any_grammar_is_asked_for_in_words_and_held_to_its_type(
    backend: LocalBackend,
) -> None:
    schema = {"type": "string", "enum": [1, 2]}
    answer = await ask(backend, json_schema=schema, max_output_tokens=20)
    plain = await ask(backend, max_output_tokens=20)
    assert answer.warnings[0]["code"] == "schema_not_enforced"
    assert answer.warnings[-1]["code"] == "schema_violated"
    assert answer.text.startswith('"')
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
def test_grammar_of_a_large_schema_does_not_fill_the_memory(schema: dict[str, Any]) -> None:
    tracemalloc.start()
    try:
        assert constrain(schema).grammar
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        pytest.param({"$ref": "#/$defs/nowhere"}, "no schema stands at", id="dangling-reference"),
        pytest.param({"$ref": "https://example.org/schema"}, "only references within", id="remote-reference"),
        pytest.param({"type": "string", "pattern": r"^(a+)+\1$"}, "RE2", id="pattern-without-linear-time"),
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
        pytest.param({"type": "integer", "maximum": 3}, [], id="bounds"),
        pytest.param({"type": "string", "format": "email"}, [], id="format"),
        pytest.param({"type": "string", "format": "of-ours"}, [], id="format-that-is-a-note"),
        pytest.param({"type": "object", "properties": {}, "required": ["b"]}, [], id="required-unknown"),
        pytest.param({"type": "string", "pattern": "a.c"}, [], id="pattern-within"),
        pytest.param(
            {
                "properties": {
                    "a": {"type": "string", "pattern": "^(?!x)"},
                    "b": {"type": "integer", "minimum": 2},
                }
            },
            ["/properties/a/pattern"],
            id="look-ahead",
        ),
        pytest.param(
            {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3, "maximum": 2}}},
            [],
            id="property-without-a-value-the-bounds",
        ),
        pytest.param(
            {"type": "number", "minimum": 2**70}, ["/minimum"], id="bound-that-nothing-exact-reaches"
        ),
        pytest.param({"not": {}}, ['Unimplemented keys: ["not"]'], id="nothing-is-allowed"),
        pytest.param({"allOf": [{"type": "string"}, {"type": "integer"}]}, ["/allOf"], id="contradiction"),
        pytest.param(
            {"$ref": "https://example.org/x"}, ["all but the outermost type"], id="remote-reference"
        ),
    ],
)
def test_constraint_names_what_it_leaves_open(schema: dict[str, Any], left_open: list[str]) -> None:
    assert constrain(schema).open == left_open


def test_grammars_are_tried_only_as_long_as_there_is_time() -> None:
    tried: list[str] = []

    def check(grammar: str) -> str:
        tried.append(grammar)
        return "wrong"

    assert constrain(EXPRESSIBLE["object"], check).is_floor
    most = len(tried)
    for allowed in (0, 1, 2, most - 1):
        tried.clear()
        constraint = constrain(EXPRESSIBLE["object"], check, lambda: len(tried) < allowed)  # noqa: B023
        assert constraint.is_floor and len(tried) == allowed


def prepared(model: NativeModel, ticket: Ticket, **parameters: Any) -> tuple[list[Job], int]:
    """The job of one request, and how many grammars were tried for it."""
    jobs: list[Job] = []
    preparation = Preparation(
        model, submit=jobs.append, emit=lambda messages: None, later=lambda number, call: None
    )
    tried, fault = [], preparation._guides.fault
    preparation._guides.fault = lambda grammar: tried.append(grammar) or fault(grammar)
    preparation.begin(
        Generate(
            id=1, messages=[{"role": "user", "content": "Hi"}], parameters=parameters, tenant="", seed=None, stop=[],
            max_output_tokens=9, temperature=None, json_schema=None,
        ),
        ticket,
    )  # fmt: skip
    for job in jobs:
        job.close()
    return jobs, len(tried)


def tools_of(schemas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"type": "function", "function": {"name": f"f{at}", "parameters": schema}}
        for at, schema in enumerate(schemas)
    ]


def test_request_has_one_time_for_all_of_its_grammars(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = NativeModel(Open(path=tiny, context_tokens=4096, parallel=1, gpu_layers=0, threads=1))
    different = tools_of([EXPRESSIBLE["object"] | {"title": f"{at}"} for at in range(3)])
    jobs, tried = prepared(model, Ticket(1), tools=different)
    assert len(jobs) == 1 and tried == 3
    # one schema is one grammar
    jobs, tried = prepared(model, Ticket(1), tools=tools_of([EXPRESSIBLE["object"]] * 4))
    assert len(jobs) == 1 and tried == 1
    # nobody waits for it any more
    cancelled = Ticket(1)
    cancelled.cancelled = True
    assert prepared(model, cancelled, tools=different) == ([], 0)
    # no time at all
    monkeypatch.setattr(prepare, "GRAMMAR_S", 0.0)
    jobs, tried = prepared(model, Ticket(1), tools=different)
    assert len(jobs) == 1 and tried == 0
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": EXPRESSIBLE["object"]}}
    [job], tried = prepared(model, Ticket(1), response_format=form)
    assert "all but the outermost type" in job.warnings[0]["message"] and tried == 0


async def test_bias_that_bans_what_the_schema_needs_is_told(backend: LocalBackend) -> None:
    bias = {"logit_bias": {str(token): -100 for token in range(300)}}
    answer = await ask(backend, json_schema={"enum": ["a", "b"]}, parameters=bias)
    assert [warning["code"] for warning in answer.warnings] == ["schema_violated"]
    assert answer.completion.violates_schema


async def test_whole_answer_ends_without_another_step(backend: LocalBackend) -> None:
    answer = await ask(backend, json_schema={"const": "ab"}, max_output_tokens=4)
    assert (answer.text, answer.completion.finish_reason) == ('"ab"', "stop")
    assert answer.usage.output_tokens <= 4
