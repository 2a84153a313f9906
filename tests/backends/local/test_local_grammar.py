"""Schemas of pydantic, zod and OpenAPI documents: what is said to be held to is, whatever the model prefers."""

import json
from collections.abc import Iterator

import jsonschema
import numpy as np
import pytest
from jsonschema.validators import validator_for

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
    assert len(SCHEMAS) >= 210
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
