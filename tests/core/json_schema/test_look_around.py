"""Patterns with look-around: what remains of them accepts whatever the whole one does."""

import re
from typing import Any

import pytest

from gateway.core.json_schema.look_around import without_look_around
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


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"pattern": "^(?!foo$)[a-z]+$"}, {"pattern": "^foo$"}]},
        {"contains": {"allOf": [{"pattern": "^(?!foo$)[a-z]+$"}]}, "maxContains": 1},
        {"not": {"pattern": "^(?!foo$)[a-z]+$"}},
        {"if": {"pattern": "^(?!foo$)[a-z]+$"}, "then": False},
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
