"""Bodies are counted before they are built, and what counts them does not slow down."""

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.http.json_body import MAX_VALUES, decode_json, has_more_values
from gateway.errors import InvalidRequest

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(alphabet=',:[]{}"\\ aß\n'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet=',:[]{}"\\a'), inner),
    max_leaves=20,
)


def values_in(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + values_in(item) for item in value.values())
    return 1 + sum(map(values_in, value)) if isinstance(value, list) else 1


@given(ANY_JSON, st.sampled_from([None, 1]), st.booleans())
def test_values_and_names_are_counted_exactly(value: Any, indent: int | None, ascii_only: bool) -> None:
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    count = values_in(value)
    assert not has_more_values(body, than=count)
    assert has_more_values(body, than=count - 1)


def test_separators_within_a_text_are_no_values() -> None:
    text = '[{,:"\\' * MAX_VALUES
    assert decode_json(json.dumps({"html": text}).encode()) == {"html": text}


KINDS = {
    "lists": b"[],",
    "objects": b"{},",
    "texts": b'"",',
    "numbers": b"1,",
    "nested": b"[",
    "names": b'"a":1,',
    "escapes": b'"\\"\\\\",',
}


@pytest.mark.parametrize("piece", KINDS.values(), ids=KINDS)
def test_body_of_many_values_is_refused_before_it_is_built(piece: bytes) -> None:
    body = b'{"a":[' + piece * (2 * MAX_VALUES)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidRequest, match=f"more than {MAX_VALUES} values"):
            decode_json(body)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("piece", [*KINDS.values(), b'"', b"\\", b'\\"', b" ", b",", b'" ', b'["', b"]}"])
def test_counting_grows_as_the_body_does(piece: bytes) -> None:
    def cpu_s(size_bytes: int) -> float:
        body = b"," * 10 + piece * (size_bytes // len(piece))
        began = time.process_time()
        assert has_more_values(body, than=10) in (True, False)
        assert not has_more_values(b'"' + body.replace(b'"', b"'") + b'"', than=10)
        return time.process_time() - began

    small = min(cpu_s(500_000) for _ in range(3))
    assert min(cpu_s(4_000_000) for _ in range(3)) < 20 * max(small, 0.001)
