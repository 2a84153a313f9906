"""JSON out of whatever a model wraps it in."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from gateway.core.llm.reply import NoJson, read_json
from tests.growth import assert_linear


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        pytest.param('{"a": 1}', {"a": 1}, id="bare"),
        pytest.param(" \n[1]\n", [1], id="white-space"),
        pytest.param('```json\n{"a": 1}\n```', {"a": 1}, id="fenced"),
        pytest.param('Here you are:\n```\n{"a": "```"}\n```\nBye', {"a": "```"}, id="fence-in-a-value"),
        pytest.param('Sure! {"a": {"b": 2}} Anything else?', {"a": {"b": 2}}, id="between-sentences"),
        pytest.param('As in [1], {"a": [1, 2]}.', {"a": [1, 2]}, id="longest-wins"),
        pytest.param('<think>{"a": 0}</think>{"a": 1}', {"a": 1}, id="after-thinking"),
        pytest.param("7", 7, id="scalar"),
    ],
)
def test_read_json_finds_the_value(reply: str, value: Any) -> None:
    assert read_json(reply) == value


@pytest.mark.parametrize(
    "reply",
    ["", "I cannot say.", '{"a": 1', "{'a': 1}", '{"a": NaN}', "[" * 99_999, "{" * 99_999, '{"a":' * 50_000],
)
def test_read_json_refuses_what_is_none(reply: str) -> None:
    with pytest.raises(NoJson):
        read_json(reply)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: "[" * n, id="brackets"),
        pytest.param(lambda n: '{"a":[' * (n // 6), id="nesting"),
        pytest.param(lambda n: "```json\n" * (n // 8), id="fences-that-open"),
        pytest.param(lambda n: "```\n[1,\n```\n" * (n // 12), id="fences-of-no-json"),
        pytest.param(lambda n: "```" + "a" * n, id="fence-without-a-line"),
        pytest.param(lambda n: "<think>" * (n // 7), id="thinking-without-end"),
        pytest.param(lambda n: ("[" + "1," * (n // 100)) * 50, id="arrays-that-are-cut-off"),
        pytest.param(lambda n: "[" + "[1,2]," * (n // 6), id="arrays-in-one-cut-off"),
        pytest.param(lambda n: '["\\"' * (n // 4), id="texts-that-are-cut-off"),
        pytest.param(lambda n: "x" + " \n" * (n // 2) + "[" + "1" * n, id="digits-without-end"),
    ],
)
def test_read_json_cost_grows_with_the_reply(make: Callable[[int], str]) -> None:
    def prepare(size: int) -> Callable[[], object]:
        reply = make(size)

        def read() -> None:
            with suppress(NoJson):
                read_json(reply)

        return read

    # what half a million characters decode to is beyond the processor's caches at either size
    assert_linear(prepare, 500_000)
