"""JSON out of whatever a model wraps it in."""

from typing import Any

import pytest

from gateway.core.reply import NoJson, read_json


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
