"""Partial answers made one: objects by key, arrays joined, scalars by evidence."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.llm.merge import Part, merge_parts
from tests.growth import assert_linear


def merge(*values: Any) -> Any:
    return merge_parts([Part(data=value) for value in values])


@pytest.mark.parametrize(
    ("values", "merged"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([{"a": 1}], {"a": 1}, id="one"),
        pytest.param([{"a": 1}, {"b": 2}], {"a": 1, "b": 2}, id="keys-of-both"),
        pytest.param([{"a": None}, {"a": 1}, {"a": ""}], {"a": 1}, id="a-value-beats-none"),
        pytest.param([{"a": None}, {"a": None}], {"a": None}, id="none-anywhere"),
        pytest.param([{"a": {"b": 1}}, {"a": {"c": 2}}], {"a": {"b": 1, "c": 2}}, id="nested"),
        pytest.param([["x", "y"], ["y", "z"]], ["x", "y", "z"], id="arrays"),
        pytest.param([["New York"], ["new  york", "Rome"]], ["New York", "Rome"], id="case-and-space"),
        pytest.param([[5, 5], [4, 5]], [5, 5, 4], id="twice-in-one-part-is-twice"),
        pytest.param([["x"], "y"], ["x", "y"], id="one-item-without-its-array"),
        pytest.param([1, 2, 2], 2, id="given-most-often"),
        pytest.param([1, 2], 1, id="first"),
        pytest.param(
            [[{"name": "A", "price": 1}], [{"price": 1, "name": "A"}, {"name": "B"}]],
            [{"name": "A", "price": 1}, {"name": "B"}],
            id="same-objects",
        ),
        pytest.param(
            [[{"name": "A", "price": None}], [{"name": "A", "price": 3}]],
            [{"name": "A", "price": 3}],
            id="object-cut-by-the-border",
        ),
        pytest.param(
            [[{"name": "A", "price": 1}], [{"name": "A", "price": 2}]],
            [{"name": "A", "price": 1}, {"name": "A", "price": 2}],
            id="same-name-other-thing",
        ),
    ],
)
def test_merge_parts(values: list[Any], merged: Any) -> None:
    assert merge(*values) == merged


def test_merge_parts_prefers_the_scalar_its_pages_state() -> None:
    parts = [
        Part(data={"a": {"x": "wrong"}}),
        Part(data={"a": {"x": "wrong"}}),
        Part(data={"a": {"x": "right"}}, supported=frozenset({"/a/x"})),
    ]
    assert merge_parts(parts) == {"a": {"x": "right"}}


def test_merge_parts_prefers_evidence_inside_joined_objects() -> None:
    parts = [
        Part(data=[{"name": "A", "tags": ["x"]}]),
        Part(data=[{"name": "A", "tags": ["y"], "size": 3}], supported=frozenset({"/0/size"})),
    ]
    assert merge_parts(parts) == [{"name": "A", "tags": ["x", "y"], "size": 3}]


def test_merge_parts_ends_on_values_of_any_depth() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = {"a": deep}
    assert merge(deep, deep) == deep


def test_merge_parts_finds_the_same_object_among_many_of_its_kind() -> None:
    rows = [{"kind": "same", "name": f"item {i}", "price": i} for i in range(2000)]
    cut = [{"kind": "same", "name": f"item {i}"} for i in range(2000)]
    assert merge(rows, cut) == merge(cut, rows) == rows


def deep(levels: int, values: list[str]) -> Any:
    data: Any = values
    for level in range(levels):
        data = [{"name": f"level {level}", "below": data}]
    return data


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            lambda n: [[{"kind": "a", "n": i + part * n} for i in range(n)] for part in range(2)], id="kind"
        ),
        pytest.param(
            lambda n: [[{"kind": "a", f"n{part}": i, "x": i - part} for i in range(n)] for part in range(2)],
            id="kind-and-other-fields",
        ),
        pytest.param(
            lambda n: [
                [{"a": "x", "b": "y", "c": "z", "n": i * 64 + part} for i in range(n // 30)]
                for part in range(64)
            ],
            id="many-parts",
        ),
        pytest.param(
            lambda n: [[{"name": "a", f"k{i}": 1}] for i in range(n)], id="one-object-of-many-parts"
        ),
        pytest.param(
            lambda n: [deep(40, [f"{i}" for i in range(n)]) for _ in range(2)], id="arrays-in-arrays"
        ),
        pytest.param(lambda n: [deep(n // 20, ["x"]) for _ in range(2)], id="deeper-and-deeper"),
        pytest.param(lambda n: list(range(n)), id="numbers"),
        pytest.param(
            lambda n: [{f"k{i}": i % part for i in range(n // 8)} for part in range(1, 64)], id="keys"
        ),
    ],
)
def test_merge_parts_cost_grows_with_the_parts(make: Callable[[int], list[Any]]) -> None:
    def prepare(size: int) -> Callable[[], object]:
        parts = [Part(data=data) for data in make(size)]
        return lambda: merge_parts(parts)

    assert_linear(prepare, 1000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=15,
)


@given(JSON)
def test_merge_parts_of_the_same_value_is_that_value(value: Any) -> None:
    assert merge(value, value) == value


@given(JSON, JSON, JSON)
def test_merge_parts_takes_any_values(one: Any, two: Any, three: Any) -> None:
    merge(one, two, three)
