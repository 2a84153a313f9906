"""Chunks fold into what a plain completion would have said, and unfold into chunks that fold the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.llm.choices import fold_choices, replay_choices


def delta(content: dict[str, Any], index: int = 0, **more: Any) -> dict[str, Any]:
    return {"index": index, "delta": content, "finish_reason": None} | more


def test_everything_a_server_says_is_kept() -> None:
    logprob = {"token": "a", "logprob": -1}
    (choice,) = fold_choices(
        [
            [delta({"role": "assistant", "content": ""})],
            [delta({"reasoning_content": "hm", "new_list": [1]})],
            [delta({"content": "Hel"}, logprobs={"content": [logprob]})],
            [delta({"content": "lo", "new_list": [2]}, logprobs={"content": [logprob], "refusal": None})],
            [delta({}, finish_reason="stop", stop_reason=7)],
        ]
    )
    assert choice["message"] == {
        "role": "assistant",
        "content": "Hello",
        "reasoning_content": "hm",
        "new_list": [1, 2],
    }
    assert choice["logprobs"] == {"content": [logprob, logprob]}
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", 7)


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(
            [
                {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}},
                {"index": 0, "function": {"arguments": '{"x"'}},
                {"index": 0, "function": {"arguments": ":1}"}},
            ],
            id="openai",
        ),
        pytest.param(
            [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}],
            id="whole",
        ),
        pytest.param(
            [
                {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":'}},
                {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "1}"}},
            ],
            id="fields-repeated",
        ),
    ],
)
def test_tool_call_grows_from_its_pieces(pieces: list[dict[str, Any]]) -> None:
    (choice,) = fold_choices([[delta({"tool_calls": [piece]})] for piece in pieces])
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
    assert choice["message"]["tool_calls"] == [call]
    assert choice["message"]["content"] is None


def test_choices_are_kept_apart() -> None:
    choices = fold_choices(
        [[delta({"content": "b"}, 1), delta({"content": "a"}, 0)], [delta({"content": "B"}, 1)]]
    )
    assert [choice["message"]["content"] for choice in choices] == ["a", "bB"]


texts = st.text(max_size=5)
deltas = st.fixed_dictionaries({}, optional={"content": texts, "reasoning_content": texts, "refusal": texts})


@given(st.lists(st.tuples(st.integers(0, 2), deltas), min_size=1), st.sampled_from(["stop", "length"]))
def test_replay_folds_to_the_same_choices(said: list[tuple[int, dict[str, str]]], reason: str) -> None:
    chunks = [[delta(piece, index)] for index, piece in said]
    chunks += [[delta({}, index, finish_reason=reason)] for index in {index for index, _ in said}]
    choices = fold_choices(chunks)
    assert fold_choices(replay_choices(choices)) == choices


def nested(depth: int, text: str) -> dict[str, Any]:
    value: dict[str, Any] = {"text": text}
    for _ in range(depth):
        value = {"next": value}
    return value


def innermost(value: dict[str, Any]) -> str:
    while "next" in value:
        value = value["next"]
    text: str = value["text"]
    return text


@pytest.mark.parametrize(
    ("depth", "text"),
    [
        pytest.param(62, "Hello", id="merges"),
        pytest.param(500, "lo", id="replaced-whole"),
        pytest.param(100_000, "lo", id="deeper-than-the-stack"),
    ],
)
def test_objects_in_a_delta_merge_to_a_bounded_depth(depth: int, text: str) -> None:
    pieces = [[delta({"extension": nested(depth, piece)})] for piece in ("Hel", "lo")]
    (choice,) = fold_choices(pieces)
    assert innermost(choice["message"]["extension"]) == text


@pytest.mark.parametrize("first", ["text", 5, ["list"], {"an": "object"}])
@pytest.mark.parametrize("second", ["text", 5, ["list"], {"an": "object"}])
def test_field_that_changes_its_type_is_replaced(first: Any, second: Any) -> None:
    [choice] = fold_choices([[{"delta": {"field": first}}], [{"delta": {"field": second}}]])
    if type(first) is not type(second):
        assert choice["message"]["field"] == second
