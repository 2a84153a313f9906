"""Anthropic's Messages API: OpenAI's terms in, its documented bytes out and back."""

import json
from pathlib import Path
from typing import Any

import pytest

from backends import base
from backends.anthropic import AnthropicBackend
from backends.base import Completion, CompletionRequest, Delta
from backends.wire.anthropic import request_body, split_messages
from tests.upstream import JSON, Said, error, upstream

pytestmark = pytest.mark.anyio
TRANSCRIPTS = Path(__file__).parents[2] / "fixtures" / "sse" / "anthropic"
ASK = CompletionRequest(model="claude", messages=[{"role": "user", "content": "Hi"}])


async def ask(said: Said, request: CompletionRequest = ASK) -> tuple[list[Delta], Completion, Any]:
    async with upstream(said) as up:
        backend = AnthropicBackend(name="a", api_key="sk-ant", url=up.url)
        try:
            items = [item async for item in backend.stream(request)]
        finally:
            await backend.aclose()
        heard = up.heard[0]
    assert isinstance(items[-1], Completion)
    return [item for item in items if isinstance(item, Delta)], items[-1], heard


def transcript(name: str) -> Said:
    wire = (TRANSCRIPTS / name).read_bytes()
    return Said([wire[at : at + 9] for at in range(0, len(wire), 9)])


async def test_text_and_thinking_are_streamed_and_cached_input_is_counted_within() -> None:
    deltas, completion, heard = await ask(transcript("text.sse"))
    assert "".join(delta.text for delta in deltas) == "Hello, żółw!"
    assert [delta.raw for delta in deltas if delta.raw] == [
        {"reasoning_content": "A greeting."},
        {"reasoning_signature": "EqQBCgIYAhIM"},
    ]
    usage = completion.usage
    assert usage is not None
    assert (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens) == (135, 100, 15)
    assert (completion.finish_reason, completion.model) == ("stop", "claude-sonnet-4-20250514")
    assert heard.path == "/v1/messages"
    assert "sk-ant" in heard.headers.get("authorization", "") + heard.headers.get("x-api-key", "")
    assert heard.body["max_tokens"] > 0


async def test_tool_use_becomes_tool_calls() -> None:
    tool = {"type": "function", "function": {"name": "answer", "parameters": {"type": "object"}}}
    request = CompletionRequest(
        model="claude", messages=ASK.messages, parameters={"tools": [tool], "tool_choice": "required"}
    )
    deltas, completion, heard = await ask(transcript("tool.sse"), request)
    calls = [delta.raw["tool_calls"][0] for delta in deltas]
    assert (calls[0]["id"], calls[0]["function"]["name"]) == ("toolu_01T1x1fJ34qAmk2tNTrN7Up6", "answer")
    assert "".join(call["function"]["arguments"] for call in calls) == '{"city": "San Francisco"}'
    assert completion.finish_reason == "tool_calls"
    assert heard.body["tool_choice"] == {"type": "any"}
    assert heard.body["tools"][0]["input_schema"] == {"type": "object"}


async def test_schema_is_asked_for_as_a_forced_tool_and_answered_as_text() -> None:
    request = CompletionRequest(model="claude", messages=ASK.messages, json_schema={"type": "object"})
    deltas, completion, heard = await ask(transcript("tool.sse"), request)
    assert "".join(delta.text for delta in deltas) == '{"city": "San Francisco"}'
    assert completion.finish_reason == "stop"
    assert heard.body["tool_choice"] == {"type": "tool", "name": heard.body["tools"][0]["name"]}


@pytest.mark.parametrize("schema", [{"type": "array"}, {"$ref": "#/$defs/a", "$defs": {"a": {}}}, {}])
async def test_schema_that_is_of_no_object_is_asked_for_in_words(schema: dict[str, Any]) -> None:
    request = CompletionRequest(model="claude", messages=ASK.messages, json_schema=schema)
    deltas, _, heard = await ask(transcript("text.sse"), request)
    assert "".join(delta.text for delta in deltas) == "Hello, żółw!"
    assert "tools" not in heard.body and "JSON Schema" in heard.body["system"]


async def test_overload_inside_a_stream_is_unavailable() -> None:
    with pytest.raises(base.UpstreamUnavailable, match="Overloaded"):
        await ask(transcript("overloaded.sse"))


async def test_stream_cut_short_is_interrupted() -> None:
    whole = (TRANSCRIPTS / "text.sse").read_bytes()
    with pytest.raises(base.UpstreamInterrupted, match="message_stop"):
        await ask(Said([whole[: whole.index(b"event: message_delta")]]))


@pytest.mark.parametrize(
    ("status", "failure"),
    [(400, base.UpstreamRejected), (429, base.UpstreamRejected), (529, base.UpstreamUnavailable)],
)
async def test_error_is_translated_with_its_words(status: int, failure: type[base.UpstreamError]) -> None:
    body = b'{"type":"error","error":{"type":"some_error","message":"its words"}}'
    headers = JSON | {"retry-after": "4", "anthropic-ratelimit-tokens-remaining": "0"}
    with pytest.raises(failure, match="its words") as caught:
        await ask(Said([body], status=status, headers=headers))
    assert caught.value.retry_after_s == 4
    assert caught.value.headers == {"anthropic-ratelimit-tokens-remaining": "0"}


async def test_refused_key_is_told_without_the_servers_words() -> None:
    with pytest.raises(base.UpstreamRejected) as caught:
        await ask(error("invalid x-api-key sk-ant", status=401))
    assert "sk-ant" not in str(caught.value)


async def test_messages_in_no_known_shape_are_the_callers_fault() -> None:
    messages = [{"role": "assistant", "tool_calls": [{"id": "x"}]}]
    with pytest.raises(base.UpstreamRejected, match="message") as caught:
        await ask(Said([]), CompletionRequest(model="claude", messages=messages))
    assert caught.value.upstream_status == 400


def test_conversation_is_split_into_system_and_turns() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    system, turns = split_messages(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "user", "content": [{"type": "text", "text": "Look"}, image]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "42"},
            {"role": "user", "content": "And?"},
        ]
    )
    assert system == "Be brief.\n\nBe kind."
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    assert turns[0]["content"] == [{"type": "text", "text": "Look"}, {"type": "image", "source": source}]
    assert turns[1]["content"] == [{"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}]
    assert [block["type"] for block in turns[2]["content"]] == ["tool_result", "text"]


def test_parameters_of_openai_alone_are_left_out_and_its_own_pass() -> None:
    request = CompletionRequest(
        model="claude",
        messages=ASK.messages,
        temperature=1.5,
        stop=["x"],
        parameters={"seed": 1, "logprobs": True, "top_k": 5, "thinking": {"type": "adaptive"}, "user": "u"},
    )
    body = json.loads(request_body(request))
    assert (body["top_k"], body["thinking"], body["metadata"]) == (5, {"type": "adaptive"}, {"user_id": "u"})
    assert (body["temperature"], body["stop_sequences"]) == (1.0, ["x"])
    assert not {"seed", "logprobs", "user"} & body.keys()
