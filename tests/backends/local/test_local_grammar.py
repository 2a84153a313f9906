"""Schemas of pydantic, zod and OpenAPI documents: what is said to be held to is, whatever the model prefers."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import numpy as np
import pytest
from jsonschema.validators import validator_for
from llguidance import LLMatcher, LLTokenizer

from backends.local.grammar import Constraint, constrain, outer_types
from backends.local.guide import GuideMaker
from backends.local.messages import Open
from backends.local.native import NativeModel
from fixtures.schemas import emitted_schemas
from gateway.core.json_schema.schema import Schema

SCHEMAS = emitted_schemas()
ANSWERS, MOST_TOKENS = 3, 1500
# no grammar holds to these; each is checked afterwards
OPEN = {
    "pydantic-set",
    "pydantic-frozenset",
    "pydantic-dict-bounds",
    "pydantic-pattern-word",
    "draft07-set",
    "draft07-dependencies",
    "openapi-one-of-required",
    "openapi-map-min-two",
    "zod-iso-duration",
    "openapi-one-of-overlapping",
    "openapi-unique",
    "openapi-contains",
    "openapi-not",
    "openapi-if-then",
    "openapi-dependent",
    "openapi-look-ahead",
    "reported-pattern-behind-a-look-ahead-18226",
    "reported-pattern-border",
    "reported-names-of-a-pattern-and-length",
    "reported-patterns-in-common",
    "reported-not-a-constant-238",
    "reported-multiple-of-a-day",
    "reported-typebox-intersect",
}
# jsonschema's check of times knows no offsets, which RFC 3339 wants
FORMATS = jsonschema.FormatChecker(["date", "email", "ipv4", "ipv6", "uuid"])
KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


@pytest.fixture(scope="module")
def model(tiny: str) -> Iterator[NativeModel]:
    return NativeModel(Open(path=tiny, context_tokens=256, parallel=1, gpu_layers=0, threads=1))


@pytest.fixture(scope="module")
def guides(model: NativeModel) -> GuideMaker:
    return GuideMaker(model)


def answer(model: NativeModel, guides: GuideMaker, constraint: Constraint, seed: int) -> str | None:
    """What a model with random scores says; None when it came to no end."""
    guide, random = guides.guide(constraint.grammar), np.random.default_rng(seed)
    # else every string would be endless
    closing = np.array(
        [3.0 * model.piece(t).startswith((b'"', b"}", b"]")) for t in range(model.vocabulary_size)]
    )
    said = b""
    for _ in range(MOST_TOKENS):
        allowed = guide.allowed()
        assert allowed.any(), guide.fault
        scores = random.normal(scale=2.0, size=model.vocabulary_size) + closing
        token = int(np.where(allowed, scores, -np.inf).argmax())
        if model.ends_answer(token):
            return said.decode()
        guide.accept(token)
        said += model.piece(token)
        if guide.must_end:
            return said.decode()
    return None


def test_integer_does_not_go_on_for_ever(model: NativeModel, guides: GuideMaker) -> None:
    guide = guides.guide(constrain({"type": "integer"}, guides.fault).grammar)
    nine = model.tokenize("9", special=False)[0]
    for _ in range(15):
        assert guide.allows(nine)
        guide.accept(nine)
    assert not guide.allows(nine) and guide.may_end


def test_table_is_long_enough() -> None:
    assert len(SCHEMAS) >= 260
    assert SCHEMAS.keys() >= OPEN


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_answer_that_ends_validates(name: str, model: NativeModel, guides: GuideMaker) -> None:
    schema = SCHEMAS[name]
    dialect = validator_for(schema, default=jsonschema.Draft202012Validator)
    dialect.check_schema(schema)
    ours = Schema(schema)
    constraint = constrain(ours.document, guides.fault)
    assert bool(constraint.open) == (name in OPEN), constraint.open
    assert not constraint.is_floor
    validator = dialect(schema, format_checker=FORMATS)
    ended = 0
    for seed in range(ANSWERS):
        text = answer(model, guides, constraint, seed)
        if text is None:
            continue
        ended += 1
        value = json.loads(text)
        if constraint.open:
            kinds = tuple(KINDS[kind] for kind in outer_types(schema) if kind in KINDS)
            assert not kinds or isinstance(value, kinds)
        else:
            assert not (faults := [fault.message for fault in validator.iter_errors(value)]), (value, faults)
            assert not ours.violations(value), value
    assert ended >= ANSWERS // 2


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        pytest.param({"pattern": '^[^"]{1,3}$'}, ['"\\n\\\\"'], ['"\\""', '"a\\""'], id="no-quote"),
        pytest.param({"pattern": r"^[^\\]$"}, ['"\\""'], ['"\\\\"'], id="no-backslash"),
        pytest.param({"pattern": r"^[^[\]]$"}, ['"a"'], ['"["', '"]"'], id="brackets-in-a-class"),
        pytest.param({"pattern": r"^[a-c&&[b]$"}, ['"a"', '"&"', '"["'], ['"]"'], id="both-of-two-classes"),
        pytest.param({"pattern": "^[+--]$"}, ['"+"', '","', '"-"'], ['"."'], id="range-up-to-a-hyphen"),
        pytest.param({"pattern": r"^[\x00-\x1f]$"}, ['"\\n"', '"\\u0002"'], ['"\\""'], id="control-characters"),
        pytest.param({"pattern": r"^a\sb$"}, ['"a b"', '"a\\tb"'], ['"a\\u000bb"', '"a\u00a0b"'], id="spaces-of-re2"),
        pytest.param({"pattern": r"^\d\w$"}, ['"3_"'], ['"٣a"', '"3é"'], id="ascii"),
        pytest.param({"pattern": r"^[\ud83d\ude00]$"}, ['"😀"'], ['"a"'], id="surrogates"),
        pytest.param({"format": "date"}, ['"2024-02-29"', '"2000-02-29"'],
                     ['"2023-02-29"', '"1900-02-29"', '"2024-04-31"', '"0000-01-01"'], id="leap-years"),
        pytest.param({"format": "date-time"}, ['"2024-02-29T23:59:59.5+01:00"', '"2024-12-31T00:00:00Z"'],
                     ['"2023-02-29T00:00:00Z"', '"2023-02-28T24:00:00Z"', '"2023-02-28"'], id="leap-years-with-times"),
    ],
)  # fmt: skip
def test_grammar_of_a_string_is_what_the_check_is(
    schema: dict[str, str], good: list[str], bad: list[str]
) -> None:
    document = {"type": "string", **schema}
    constraint, ours = constrain(document), Schema(document)
    assert not constraint.open
    for text in good + bad:
        assert fits(constraint.grammar, text) == (not ours.violations(json.loads(text))) == (text in good), (
            text
        )


@pytest.mark.parametrize(
    ("schema", "bad"),
    [
        pytest.param({"properties": {"a": {"type": "integer"}}, "additionalProperties": True}, '{"\\u0061":"x"}',
                     id="escaped"),
        pytest.param({"properties": {"é": {"type": "integer"}}, "additionalProperties": {"type": "string"}},
                     '{"\\u00e9":"x"}', id="escaped-beyond-ascii"),
        pytest.param({"patternProperties": {"^(.*)$": {"type": "integer"}}}, '{"a\\u2028b":null}', id="separator"),
    ],
)  # fmt: skip
def test_name_written_in_other_letters_is_the_same_name(schema: dict[str, Any], bad: str) -> None:
    constraint, ours = constrain({"type": "object", **schema}), Schema({"type": "object", **schema})
    assert ours.violations(json.loads(bad))
    assert not constraint.open and not fits(constraint.grammar, bad)


@pytest.mark.parametrize(
    "length", [{"maxLength": 3.0}, {"minLength": 1.0, "maxLength": 3}, {"minLength": 1.0}]
)
def test_lengths_of_names_are_whole_numbers_however_they_are_written(length: dict[str, Any]) -> None:
    constraint = constrain({"type": "object", "propertyNames": length})
    assert not constraint.open and fits(constraint.grammar, '{"ab":3}')
    assert fits(constraint.grammar, '{"abcd":3}') is ("maxLength" not in length)


def test_names_of_patterns_that_cannot_be_held_to_are_free() -> None:
    """`additionalProperties: false` beside the patterns that were left out would allow `{}` alone."""
    schema = SCHEMAS["reported-patterns-in-common"]
    assert fits(constrain(schema).grammar, '{"ab":3}')


def test_answer_that_can_neither_go_on_nor_end_is_no_whole_one(
    model: NativeModel, guides: GuideMaker
) -> None:
    """llguidance says in such places that it may end."""
    multiple = LLMatcher.grammar_from_json_schema(
        '{"type": "integer", "multipleOf": 86400, "maximum": 864000}'
    )
    guide = guides.guide(multiple)
    for digit in "17":
        assert guide.allowed().any()
        guide.accept(model.tokenize(digit, special=False)[0])
    assert not guide.allowed().any()
    assert guide.fault and not guide.may_end


def fits(grammar: str, text: str) -> bool:
    matcher, data = LLMatcher(LLTokenizer("byte"), grammar, log_level=0), list(text.encode())
    return bool(matcher.try_consume_tokens(data) == len(data) and matcher.is_accepting())


def test_emoji_are_held_to_and_checked(model: NativeModel, guides: GuideMaker) -> None:
    """zod 3's `emoji()`; no pattern of Python's has properties, so that the table's validator cannot read it."""
    schema = {
        "type": "string",
        "pattern": r"^(\p{Extended_Pictographic}|\p{Emoji_Component})+$",
        "maxLength": 4,
    }
    constraint, ours = constrain(schema, guides.fault), Schema(schema)
    assert not constraint.open
    said = {text for seed in range(30) if (text := answer(model, guides, constraint, seed))}
    assert len(said) > 10 and any(not text.isascii() for text in said)
    for text in said:
        assert not ours.violations(json.loads(text)), text
    assert ours.violations("lamp")
