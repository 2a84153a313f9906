"""`/v1/responses`: the mapping case by case, and the route driven by the real `openai` client."""

from typing import Any

import openai
import pytest

from gateway.api.bodies import to_kind
from gateway.api.openai.response_requests import to_completion_request
from gateway.api.openai.types import ResponsesRequest
from gateway.errors import InvalidRequest
from tests.models import gateway
from tests.upstream import DONE, HELLO, USAGE, Piece, Said, chunk, error

pytestmark = pytest.mark.anyio
TOOL: Any = {"type": "function", "name": "add", "parameters": {"type": "object"}, "strict": None}
ADD = {"name": "add", "arguments": '{"a":1}'}


def call(index: int, arguments: str, **head: Any) -> bytes:
    function = {"arguments": arguments} | ({"name": head.pop("name")} if "name" in head else {})
    return chunk({"tool_calls": [{"index": index, "function": function, **head}]})


# two calls that grow by turns
CALLS: list[Piece] = [
    chunk({"role": "assistant", "reasoning_content": "Hm."}),
    chunk({"content": "Let me "}),
    chunk({"content": "see."}),
    call(0, '{"a":', id="c1", type="function", name="add"),
    call(1, "{}", id="c2", type="function", name="add"),
    call(0, "1}"),
    chunk({}, finish="tool_calls"),
    chunk(usage=USAGE),
    DONE,
]


def asked(**fields: Any) -> Any:
    body = {"input": "Hi"} | fields
    return to_completion_request(to_kind(body, ResponsesRequest), body)


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        pytest.param("Hi", [{"role": "user", "content": "Hi"}], id="text"),
        pytest.param(
            [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
            id="messages-without-a-type",
        ),
        pytest.param(
            [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
                {
                    "type": "message",
                    "role": "assistant",
                    "id": "m",
                    "content": [{"type": "output_text", "text": "Yes?", "annotations": []}],
                },
            ],
            [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}],
            id="parts-of-text",
        ),
        pytest.param(
            [
                {
                    "role": "user",
                    "content": [{"type": "input_image", "image_url": "https://x/a.png", "detail": "low"}],
                }
            ],
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": "https://x/a.png", "detail": "low"}},
                    ],
                }
            ],
            id="image",
        ),
        pytest.param(
            [{"role": "user", "content": [{"type": "input_file", "filename": "a.pdf", "file_data": "eA=="}]}],
            [
                {
                    "role": "user",
                    "content": [{"type": "file", "file": {"file_data": "eA==", "filename": "a.pdf"}}],
                }
            ],
            id="file",
        ),
        pytest.param(
            [
                {"type": "reasoning", "id": "r", "summary": []},
                {"type": "function_call", "call_id": "c1", **ADD},
                {"type": "function_call", "call_id": "c2", **ADD},
                {"type": "function_call_output", "call_id": "c1", "output": "2"},
                {
                    "type": "function_call_output",
                    "call_id": "c2",
                    "output": [{"type": "input_text", "text": "3"}],
                },
            ],
            [
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c1", "type": "function", "function": ADD},
                        {"id": "c2", "type": "function", "function": ADD},
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "2"},
                {"role": "tool", "tool_call_id": "c2", "content": "3"},
            ],
            id="calls-of-one-turn-and-outputs",
        ),
        pytest.param(
            [
                {"type": "function_call", "call_id": "c1", **ADD},
                {
                    "type": "function_call_output",
                    "call_id": "c1",
                    "output": [
                        {"type": "input_text", "text": "See:"},
                        {"type": "input_image", "image_url": "https://x/a.png"},
                    ],
                },
                {"type": "function_call_output", "call_id": "c2", "output": "3"},
                {"role": "user", "content": "And?"},
            ],
            [
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "c1", "type": "function", "function": ADD}],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "See:"},
                {"role": "tool", "tool_call_id": "c2", "content": "3"},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Shown by the output of the call c1:"},
                        {"type": "image_url", "image_url": {"url": "https://x/a.png"}},
                    ],
                },
                {"role": "user", "content": "And?"},
            ],
            id="picture-of-an-output",
        ),
    ],
)
def test_items_become_messages(given: Any, messages: list[dict[str, Any]]) -> None:
    assert asked(input=given).messages == messages


def test_options_have_their_counterparts() -> None:
    schema = {"type": "object"}
    request = asked(
        model="m", instructions="Be brief.", max_output_tokens=9, temperature=0.5, top_p=0.9, user="u",
        tools=[TOOL], tool_choice={"type": "function", "name": "add"}, parallel_tool_calls=False,
        reasoning={"effort": "low"}, text={"format": {"type": "json_schema", "name": "x", "schema": schema}},
        stream=True, include=["reasoning.encrypted_content"], store=False,
    )  # fmt: skip
    assert request.messages == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert (request.max_output_tokens, request.temperature, request.stream) == (9, 0.5, True)
    assert request.json_schema == schema
    assert request.parameters == {
        "top_p": 0.9,
        "user": "u",
        "tools": [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "add"}},
        "parallel_tool_calls": False,
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
    }


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"background": True}, "background"),
        ({"conversation": "c"}, "conversation"),
        ({"truncation": "auto"}, "truncation"),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
            "input[0].content[0]",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "https://a.test/"}]}]},
            "input[0].content[0]",
        ),
        ({"input": [{"type": "function_call", "call_id": "c", "name": "x"}]}, "input[0].arguments"),
        ({"input": [{"type": "reasoning"}]}, "input"),
        ({"input": []}, "input"),
        ({"input": [{"role": "user", "content": [{"type": [], "text": "x"}]}]}, "input[0].content[0]"),
        ({"input": [{"role": [], "content": "x"}]}, "input[0].role"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_place(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        asked(**fields)
    assert refused.value.extra["field"] == field


@pytest.mark.parametrize("more", [{"name": "x"}, 5, [], {"schema": {}}])
def test_schema_of_a_format_that_has_none_is_passed_on_and_not_read(more: Any) -> None:
    wanted = {"type": "json_object", "json_schema": more}
    request = asked(text={"format": wanted})
    assert request.json_schema is None
    assert request.parameters["response_format"] == wanted


async def test_response_is_openais() -> None:
    async with gateway(Said(HELLO)) as stack:
        response = await stack.openai.responses.create(model="m", input="Hi", max_output_tokens=9)
        heard = stack.up.heard[0].body
    assert (response.output_text, response.status, response.model) == ("Hello", "completed", "up-1")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (
        7,
        2,
        9,
    )
    assert (heard["messages"], heard["max_tokens"]) == ([{"role": "user", "content": "Hi"}], 9)


async def test_stream_adds_up_to_the_response_with_calls_that_grow_by_turns() -> None:
    async with gateway(Said(CALLS)) as stack:
        async with stack.openai.responses.stream(model="m", input="Hi", tools=[TOOL]) as stream:
            events = [event async for event in stream]
            streamed = await stream.get_final_response()
        whole = await stack.openai.responses.create(model="m", input="Hi", tools=[TOOL])
    texts = "".join([event.delta for event in events if event.type == "response.output_text.delta"])
    assert texts == streamed.output_text == whole.output_text == "Let me see."
    assert [item.type for item in streamed.output] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
    ]
    calls = [(item.call_id, item.arguments) for item in streamed.output if item.type == "function_call"]
    assert calls == [("c1", '{"a":1}'), ("c2", "{}")]
    bare = [item.model_dump(exclude={"id", "parsed_arguments"}) for item in streamed.output]
    assert [item.model_dump(exclude={"id"})["type"] for item in whole.output] == [
        item["type"] for item in bare
    ]
    numbers = [event.sequence_number for event in events]
    assert numbers == list(range(len(events)))


async def test_answer_that_reaches_its_limit_is_incomplete() -> None:
    said = [*HELLO[:3], chunk({}, finish="length"), DONE]
    async with gateway(Said(said)) as stack:
        response = await stack.openai.responses.create(model="m", input="Hi")
        stream = await stack.openai.responses.create(model="m", input="Hi", stream=True)
        kinds = [event.type async for event in stream]
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert kinds[-1] == "response.incomplete"


async def test_answer_cut_short_fails_and_is_never_complete() -> None:
    async with gateway(Said(HELLO[:2])) as stack:
        stream = await stack.openai.responses.create(model="m", input="Hi", stream=True)
        events = [event async for event in stream]
    assert events[-1].type == "response.failed"
    assert events[-1].response.error is not None
    assert "incomplete" in events[-1].response.error.message


async def test_failures_have_the_clients_own_classes_and_what_is_kept_nowhere_is_404() -> None:
    async with gateway(error("slow down", status=429)) as stack:
        with pytest.raises(openai.RateLimitError):
            await stack.openai.responses.create(model="m", input="Hi")
        with pytest.raises(openai.BadRequestError, match="not kept"):
            await stack.openai.responses.create(model="m", input="Hi", previous_response_id="resp_1")
        with pytest.raises(openai.NotFoundError):
            await stack.openai.responses.retrieve("resp_1")


async def test_tokens_of_items_are_counted() -> None:
    async with gateway(Said(HELLO)) as stack:
        counting = stack.openai.responses.input_tokens.count
        bare = await counting(model="m", input="Hi")
        more = await counting(model="m", input="Hi", instructions="Be brief.", tools=[TOOL])
        with pytest.raises(openai.BadRequestError, match="not kept"):
            await counting(model="m", input="Hi", previous_response_id="resp_1")
        assert stack.up.heard == []
    assert bare.object == "response.input_tokens" and 0 < bare.input_tokens < more.input_tokens


async def test_text_of_a_response_has_a_format() -> None:
    async with gateway(Said(HELLO)) as stack:
        response = await stack.openai.responses.create(model="m", input="Hi", text={"verbosity": "low"})
    assert response.text is not None and response.text.format is not None
    assert (response.text.format.type, response.text.verbosity) == ("text", "low")
