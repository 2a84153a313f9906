"""Patterns with look-around: what remains of them accepts whatever the whole one does."""

import re
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.json_schema.look_around import Split, split_look_around, without_look_around
from gateway.core.json_schema.schema import Schema
from gateway.errors import InvalidRequest

PATTERNS = {
    r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$": (r"^[+-]?0*\d*\.?\d*$", ["-1.5", "12"]),
    r"^(?:\d{0,3}|(?=[\d.]{1,6}0*$)\d{0,3}\.\d{0,2}0*$)": (
        r"^(?:\d{0,3}|\d{0,3}\.\d{0,2}0*$)",
        ["123", "1.25"],
    ),
    r"^(?!\.)(?!.*\.\.)[a-z.]+@x$": (r"^[a-z.]+@x$", ["a.b@x"]),
    r"^P(?=\d|T(?=[(\d\])]))(\d+D)?$": (r"^P(\d+D)?$", ["P1D"]),
    r"(?<=a)b(?<!c)": ("b", ["ab"]),
    r"[(?=a)]\(?=b": (r"[(?=a)]\(?=b", ["a(=b"]),
    r"(?:a|(b))": (r"(?:a|(b))", ["a"]),
    # as they are, for the engine to refuse
    r"(?=a": (r"(?=a", []),
    r"(?=a)*b": (r"(?=a)*b", []),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_look_around_is_taken_out_and_nothing_else(pattern: str) -> None:
    rest, accepted = PATTERNS[pattern]
    assert without_look_around(pattern) == rest
    for text in accepted:
        assert re.search(pattern, text) and re.search(rest, text)


SPLITS = {
    "^(?!^[-+.]*$)[+-]?[0-9.]*$": Split("^[+-]?[0-9.]*$", [("^(?:^[-+.]*$)", False)]),
    "^(?=.*[A-Z])(?=.*[)\\)])(?!.*(?:x|y))[^|]{8,}$": Split(
        "^[^|]{8,}$", [("^(?:.*[A-Z])", True), ("^(?:.*[)\\)])", True), ("^(?:.*(?:x|y))", False)]
    ),
    "^(?!x-)": Split("^", [("^(?:x-)", False)]),
    "^(?![])])[^])]": Split("^[^])]", [("^(?:[])])", False)]),
    "^(?!)$": Split("^$", [("^(?:)", False)]),
    "^(?!a(?=b))c(?!d)": Split("^c", [], is_exact=False),
    "^(?!a(?=b))c": Split("^c", [], is_exact=False),
    "^(?!a)b(?!d)": Split("^b", [("^(?:a)", False)], is_exact=False),
    # another alternative, without the look-ahead
    "^(?!a)b|c": Split("^b|c", [], is_exact=False),
    "(?!a)b": Split("b", [], is_exact=False),
    # for the engine to refuse
    "^(?!a)*b": Split("^(?!a)*b"),
    "^(?!a": Split("^(?!a"),
    "^(?!a)(?!b": Split("^(?!a)(?!b"),
    "": Split(""),
    "^a|(b)": Split("^a|(b)"),
}


@pytest.mark.parametrize("pattern", SPLITS)
def test_look_ahead_at_the_start_is_a_pattern_of_its_own(pattern: str) -> None:
    assert split_look_around(pattern) == SPLITS[pattern]


@settings(deadline=None)
@given(st.text("^$|()[]?=!ab\\*", max_size=20), st.text("ab|", max_size=6))
def test_parts_accept_what_the_pattern_accepts(pattern: str, text: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = re.search(pattern, text) is not None
    except re.error:
        return
    split = split_look_around(pattern)
    together = re.search(split.rest, text) is not None and all(
        (re.search(ahead, text) is not None) is wanted for ahead, wanted in split.ahead
    )
    assert together is whole if split.is_exact else together or not whole


def test_many_look_aheads_are_read_in_linear_time() -> None:
    pattern = "^" + "(?!a)" * 25_000
    assert len(split_look_around(pattern).ahead) == 25_000
    with pytest.raises(InvalidRequest, match="25001 different patterns"):
        Schema({"pattern": pattern})


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"pattern": "^[a-z]+(?<!foo)$"}, {"pattern": "^foo$"}]},
        {"contains": {"allOf": [{"pattern": "^[a-z]+(?<!foo)$"}]}, "maxContains": 1},
        {"not": {"pattern": "^[a-z]+(?<!foo)$"}},
        {"if": {"pattern": "^[a-z]+(?<!foo)$"}, "then": False},
        {"patternProperties": {"^[a-z]+(?<!foo)$": False}},
        {"patternProperties": {r"^(?!.*(.)\1)": False}},
        # where a reference leads, and what that refers to
        {
            "oneOf": [{"$ref": "#/$defs/name"}, {"pattern": "^foo$"}],
            "$defs": {"name": {"pattern": "^[a-z]+(?<!foo)$"}},
        },
        {
            "not": {"$ref": "#/$defs/names"},
            "$defs": {
                "names": {"items": {"$ref": "#/$defs/name"}},
                "name": {"allOf": [{"$dynamicRef": "#word"}]},
                "word": {"$dynamicAnchor": "word", "pattern": "^[a-z]+(?<!foo)$"},
            },
        },
    ],
)
def test_look_around_stays_where_accepting_more_would_make_a_valid_value_invalid(
    schema: dict[str, Any],
) -> None:
    with pytest.raises(InvalidRequest, match="RE2"):
        Schema(schema)


def test_schema_with_look_around_checks_the_rest() -> None:
    schema = Schema({"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"})
    assert not schema.violations("-1.5") and schema.violations("abc")
    # what the look-ahead is for
    assert schema.violations("+") and schema.violations("")


def test_look_ahead_at_the_start_decides_between_schemas() -> None:
    other = {
        "oneOf": [{"$ref": "#/$defs/other"}, {"const": "foo"}],
        "$defs": {"other": {"pattern": "^(?!foo$)"}},
    }
    schema = Schema(other)
    assert not schema.violations("foo") and not schema.violations("food")
    named = Schema({"patternProperties": {"^(?!x-)": {"type": "integer"}}})
    assert not named.violations({"a": 1, "x-b": "any"}) and named.violations({"a": "any"})


@pytest.mark.parametrize("ahead", [r"(?!.*(.)\1)", r"(?=.{1,2000}$)", r"(?!\u0041)"])
def test_look_ahead_that_the_engine_does_not_take_is_left_out(ahead: str) -> None:
    schema = Schema({"pattern": f"^{ahead}(?!x)[a-z]+$"})
    assert not schema.violations("abc")
    # the others are checked
    assert schema.violations("xyz") and schema.violations("ABC")


def test_each_look_ahead_is_a_step() -> None:
    schema = Schema({"items": {"pattern": "^" + "(?!b)" * 499}})
    assert not schema.violations(["a"] * 100)
    assert "more than 500000 steps" in schema.violations(["a"] * 1000)[0].message
