"""Anthropic's routes, driven by the real `anthropic` client over real sockets, upstream included."""

import base64
from pathlib import Path
from typing import Any

import anthropic
import pytest

from backends.specs import BackendSpec, ModelSpec
from gateway.net.sse import encode_json_event
from tests.models import HI, Stack, gateway
from tests.upstream import DONE, HELLO, USAGE, Piece, Said, chunk, error

pytestmark = pytest.mark.anyio
DOCUMENTS = Path(__file__).parents[3] / "fixtures" / "documents"
TOOL: Any = {"name": "add", "description": "Adds.", "input_schema": {"type": "object"}}


def call(index: int, arguments: str, **head: Any) -> bytes:
    function = {"arguments": arguments} | ({"name": head.pop("name")} if "name" in head else {})
    return chunk({"tool_calls": [{"index": index, "function": function, **head}]})


CALLS: list[Piece] = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"reasoning_content": "Hm."}),
    chunk({"content": "Let me "}),
    chunk({"content": "see."}),
    call(0, "", id="c1", type="function", name="add"),
    call(0, '{"a":'),
    call(0, "1}"),
    call(1, '{"a":2}', id="c2", type="function", name="add"),
    chunk({}, finish="tool_calls"),
    chunk(usage=USAGE),
    DONE,
]


async def raw_events(stack: Stack, **fields: Any) -> list[str]:
    body = {"model": "m", "max_tokens": 9, "messages": HI, "stream": True} | fields
    response = await stack.http.post("/v1/messages", json=body)
    assert response.status_code == 200, response.text
    return [line.partition(": ")[2] for line in response.text.splitlines() if line.startswith("event: ")]


async def test_message_is_anthropics_and_asked_in_openais_terms() -> None:
    async with gateway(Said(HELLO)) as stack:
        raw = await stack.anthropic.messages.with_raw_response.create(
            model="m", max_tokens=9, system="Be brief.", messages=HI, extra_body={"temperature": 0}
        )
        message = await raw.parse()
        heard = stack.up.heard[0].body
    assert [block.text for block in message.content if block.type == "text"] == ["Hello"]
    assert (message.role, message.stop_reason, message.model) == ("assistant", "end_turn", "up-1")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (7, 2)
    assert raw.headers["x-cache"] == "miss"
    assert heard["messages"] == [{"role": "system", "content": "Be brief."}, *HI]
    assert (heard["max_tokens"], heard["temperature"]) == (9, 0)


async def test_stream_adds_up_to_the_message_with_thought_text_and_parallel_calls() -> None:
    async with gateway(Said(CALLS)) as stack:
        asked: Any = {"model": "m", "max_tokens": 9, "messages": HI, "tools": [TOOL]}
        async with stack.anthropic.messages.stream(**asked) as stream:
            texts = "".join([text async for text in stream.text_stream])
            streamed = await stream.get_final_message()
        whole = await stack.anthropic.messages.create(**asked)
    assert texts == "Let me see."
    assert [block.type for block in streamed.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert [block.input for block in streamed.content if block.type == "tool_use"] == [{"a": 1}, {"a": 2}]
    assert [block.model_dump() for block in streamed.content] == [
        block.model_dump() for block in whole.content
    ]
    assert (streamed.stop_reason, whole.stop_reason) == ("tool_use", "tool_use")
    assert (streamed.usage.input_tokens, streamed.usage.output_tokens) == (7, 2)


async def test_stream_has_anthropics_events_in_their_order() -> None:
    async with gateway(Said(CALLS)) as stack:
        events = [event for event in await raw_events(stack, tools=[TOOL]) if event != "content_block_delta"]
    block = ["content_block_start", "content_block_stop"]
    assert events == ["message_start", *block * 4, "message_delta", "message_stop"]


async def test_results_of_tools_go_back_and_forth() -> None:
    async with gateway(Said(HELLO)) as stack:
        first: Any = {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "c1", "name": "add", "input": {}}],
        }
        result: Any = {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "3"}],
        }
        await stack.anthropic.messages.create(
            model="m", max_tokens=9, messages=[*HI, first, result], tools=[TOOL]
        )
        heard = stack.up.heard[0].body["messages"]
    assert heard[1]["tool_calls"][0]["function"] == {"name": "add", "arguments": "{}"}
    assert heard[2] == {"role": "tool", "tool_call_id": "c1", "content": "3"}


async def test_one_cached_answer_serves_both_dialects_streams_and_plain_calls() -> None:
    async with gateway(Said(CALLS)) as stack:
        asked: Any = {
            "model": "m",
            "max_tokens": 9,
            "messages": HI,
            "extra_body": {"temperature": 0},
            "tools": [TOOL],
        }
        first = await stack.anthropic.messages.create(**asked)
        async with stack.anthropic.messages.stream(**asked) as stream:
            again = await stream.get_final_message()
        assert len(stack.up.heard) == 1
    assert [block.model_dump() for block in again.content] == [block.model_dump() for block in first.content]


async def test_answer_cut_short_ends_in_an_error_and_never_with_a_stop() -> None:
    async with gateway(Said(HELLO[:2])) as stack:
        events = await raw_events(stack)
        assert events[-1] == "error"
        assert "message_stop" not in events
        with pytest.raises(anthropic.APIStatusError):
            async with stack.anthropic.messages.stream(model="m", max_tokens=9, messages=HI) as stream:
                await stream.get_final_message()


async def test_mixed_calls_are_refused_aloud_and_given_whole() -> None:
    mixed = [call(0, "{", id="a", name="x"), call(1, "{", id="b", name="x"), call(0, "}"), call(1, "}")]
    async with gateway(Said([*mixed, chunk({}, finish="tool_calls"), DONE])) as stack:
        assert (await raw_events(stack, tools=[TOOL]))[-1] == "error"
        whole = await stack.anthropic.messages.create(model="m", max_tokens=9, messages=HI, tools=[TOOL])
    assert [block.type for block in whole.content] == ["tool_use", "tool_use"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("slow down", status=429), anthropic.RateLimitError),
        (error("bad", status=400), anthropic.BadRequestError),
        (error("down", status=503), anthropic.InternalServerError),
    ],
)
async def test_failures_have_the_clients_own_classes(
    answer: Said, kind: type[anthropic.APIStatusError]
) -> None:
    async with gateway(answer) as stack:
        with pytest.raises(kind) as failed:
            await stack.anthropic.messages.create(model="m", max_tokens=9, messages=HI)
    assert isinstance(failed.value.body, dict)
    assert failed.value.body["type"] == "error"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("POST", "/v1/messages", "{", 400, "invalid_request_error"),
        ("POST", "/v1/messages", '{"messages": []}', 400, "invalid_request_error"),
        ("POST", "/v1/messages", '{"model": "x", "max_tokens": 1, "messages": [{"role": "user", "content": "a"}]}', 404,
         "not_found_error"),
        ("GET", "/v1/messages", "", 405, "invalid_request_error"),
        ("POST", "/v1/messages/batches", "{}", 404, "not_found_error"),
        ("GET", "/v1/messages/batches/b1/results", "", 404, "not_found_error"),
    ],
)  # fmt: skip
async def test_refusals_have_anthropics_shape(
    method: str, path: str, body: str, status: int, kind: str
) -> None:
    async with gateway(Said(HELLO)) as stack:
        response = await stack.http.request(method, path, content=body)
    assert response.status_code == status
    assert response.json()["type"] == "error"
    assert response.json()["error"]["type"] == kind


async def test_tokens_are_counted_with_tools() -> None:
    async with gateway(Said(HELLO)) as stack:
        counting = stack.anthropic.messages.count_tokens
        bare = await counting(model="m", messages=HI)
        more = await counting(model="m", messages=HI, system="Be brief.", tools=[TOOL])
    assert 0 < bare.input_tokens < more.input_tokens


def event(kind: str, **fields: Any) -> bytes:
    return encode_json_event({"type": kind, **fields}, name=kind)


def said_by_anthropic() -> list[Piece]:
    return [
        event("message_start", message={"id": "msg_1", "model": "claude", "usage": {"input_tokens": 4}}),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi"}),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2}),
        event("message_stop"),
    ]


async def test_document_by_its_address_reaches_the_backend_of_the_same_format_alone() -> None:
    data = {"type": "base64", "data": "eA=="}
    picture = {"type": "image", "source": data | {"media_type": "image/png"}}
    linked = {"type": "document", "source": {"type": "url", "url": "https://a.test/a.pdf"}}
    used = {"type": "tool_use", "id": "t1", "name": "add", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [picture]}
    turns: Any = [
        *HI,
        {"role": "assistant", "content": [used]},
        {"role": "user", "content": [result, linked]},
    ]
    asked: Any = {"model": "m", "max_tokens": 9, "messages": turns, "tools": [TOOL]}
    async with gateway(Said(said_by_anthropic()), kind="anthropic") as stack:
        message = await stack.anthropic.messages.create(**asked)
        heard = stack.up.heard[0].body
    assert [block.text for block in message.content if block.type == "text"] == ["Hi"]
    assert heard == asked | {"stream": True}
    async with gateway(Said(HELLO)) as stack:
        with pytest.raises(anthropic.BadRequestError, match="cannot be given to a model here"):
            await stack.anthropic.messages.create(**asked)
        with pytest.raises(anthropic.BadRequestError, match="cannot be given to a model here"):
            await stack.anthropic.messages.count_tokens(model="m", messages=turns)
        assert stack.up.heard == []


async def test_pdf_is_sent_as_it_is_to_anthropic_and_as_text_to_others() -> None:
    content = base64.b64encode((DOCUMENTS / "guide.pdf").read_bytes()).decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": content}
    pdf = {"type": "document", "source": source, "title": "The guide"}
    asked: Any = {
        "model": "m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": [pdf, {"type": "text", "text": "What?"}]}],
    }
    async with gateway(Said(said_by_anthropic()), kind="anthropic") as stack:
        await stack.anthropic.messages.create(**asked)
        assert stack.up.heard[0].body == asked | {"stream": True}
    async with gateway(Said(HELLO)) as stack:
        await stack.anthropic.messages.create(**asked)
        bare = await stack.anthropic.messages.count_tokens(model="m", messages=HI)
        counted = await stack.anthropic.messages.count_tokens(model="m", messages=asked["messages"])
        (message,) = stack.up.heard[0].body["messages"]
    assert " file begins: The guide]]\n\n" in message["content"]
    assert "# Keeping bees" in message["content"]
    assert message["content"].endswith(" file ends]]\n\nWhat?")
    assert counted.input_tokens > bare.input_tokens + 20


async def test_models_are_listed_for_anthropics_client_too() -> None:
    more = BackendSpec(name="x", kind="scripted", models=[ModelSpec(name="n")])
    async with gateway(Said(HELLO), more) as stack:
        listed = [model async for model in stack.anthropic.models.list(limit=1)]
        one = await stack.anthropic.models.retrieve("n")
        with pytest.raises(anthropic.NotFoundError, match="not served here"):
            await stack.anthropic.models.retrieve("o")
    assert [(model.id, model.type, model.display_name) for model in listed] == [
        ("m", "model", "m"),
        ("n", "model", "n"),
    ]
    assert (one.id, one.created_at.year) == ("n", 1970)


async def test_backend_of_the_same_format_gets_the_request_as_it_was_written() -> None:
    said: list[Piece] = [
        event("message_start", message={"id": "msg_1", "model": "claude", "usage": {"input_tokens": 4}}),
        event("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""}),
        event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm"}),
        event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "sig"}),
        event("content_block_stop", index=0),
        event("content_block_delta", index=1, delta={"type": "text_delta", "text": "Hi"}),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2}),
        event("message_stop"),
    ]
    async with gateway(Said(said), kind="anthropic") as stack:
        cached: Any = [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}]
        asked: Any = {
            "model": "m", "max_tokens": 2000, "messages": HI, "system": cached,
            "thinking": {"type": "enabled", "budget_tokens": 1024},
        }  # fmt: skip
        async with stack.anthropic.messages.stream(**asked) as stream:
            message = await stream.get_final_message()
        heard = stack.up.heard[0].body
    assert heard == asked | {"stream": True}
    thought = message.content[0]
    assert thought.type == "thinking"
    assert (thought.thinking, thought.signature) == ("Hm", "sig")
