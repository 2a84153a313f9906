"""Whether the schemas of a `oneOf` exclude one another, which decides whether a grammar holds to it."""

import time
from typing import Any

import pytest

from backends.local.schema_unions import Unions


def tagged(tag: Any, *required: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"kind": tag}, "required": [*required], **more}


A, B = {"const": "a"}, {"enum": ["b", "c"]}


@pytest.mark.parametrize(
    ("left", "right", "apart"),
    [
        pytest.param({"type": "null"}, {"$ref": "#/$defs/object"}, True, id="types"),
        pytest.param({"type": ["null", "string"]}, {"type": "string"}, False, id="a-type-in-common"),
        pytest.param({"type": "integer"}, {"type": "number"}, False, id="integers-are-numbers"),
        pytest.param({"type": "string"}, {}, False, id="any-type"),
        pytest.param({"type": "string"}, True, False, id="true"),
        pytest.param(A, B, True, id="constants"),
        pytest.param({"const": 1}, {"enum": [1.0]}, False, id="the-same-number"),
        pytest.param({"const": 1}, {"const": True}, True, id="one-is-not-true"),
        pytest.param({"const": [1]}, {"const": [2]}, False, id="arrays-are-not-compared"),
        pytest.param({"const": "a"}, {"type": "integer"}, True, id="constant-of-another-type"),
        pytest.param({"const": "a"}, {"type": "string"}, False, id="constant-of-the-type"),
        pytest.param(tagged(A, "kind"), tagged(B, "kind"), True, id="tags"),
        pytest.param(tagged(A, "kind"), tagged(B), True, id="tag-that-one-requires"),
        pytest.param(tagged(A), tagged(B), False, id="tags-that-may-be-left-out"),
        pytest.param(tagged(A, "kind"), tagged(A, "kind"), False, id="the-same-tag"),
        pytest.param(tagged(A, "x"), tagged(B, additionalProperties=False), True, id="property-that-is-forbidden"),
        pytest.param(tagged(A, "x"), tagged(B, additionalProperties=False, patternProperties={"x": True}), False,
                     id="property-that-a-pattern-allows"),
        pytest.param(tagged(tagged(A, "kind"), "kind"), tagged(tagged(B, "kind"), "kind"), True, id="tag-within"),
        pytest.param({"$ref": "#/$defs/ring"}, {"$ref": "#/$defs/ring"}, False, id="ring"),
    ],
)  # fmt: skip
def test_schemas_exclude_one_another(left: Any, right: Any, apart: bool) -> None:
    ring = tagged({"$ref": "#/$defs/ring"}, "kind")
    unions = Unions({"$defs": {"object": {"type": "object"}, "ring": ring}})
    assert unions.exclude([left, right]) == unions.exclude([right, left]) == apart


def test_comparing_ends_whatever_is_compared() -> None:
    names = [f"n{number}" for number in range(10_000)]
    shared = {"type": "object", "required": names}
    began = time.process_time()
    assert not Unions({"$defs": {"a": shared}}).exclude([{"$ref": "#/$defs/a"}] * 500)
    assert not Unions({}).exclude([{"const": f"v{number}"} for number in range(2000)])
    assert time.process_time() - began < 2
