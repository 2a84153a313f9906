"""Anthropic's shapes ⇄ OpenAI's, case by case, without a server."""

from typing import Any

import pytest

from backends.base import Completion, Usage
from backends.wire.anthropic import split_messages
from gateway.api.anthropic.answers import stop_reason, to_blocks, to_usage
from gateway.api.anthropic.requests import to_completion_request
from gateway.api.anthropic.types import MessagesRequest
from gateway.api.bodies import to_kind
from gateway.errors import InvalidRequest

CALL = {"id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
USE = {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}}
HI = {"role": "user", "content": "Hi"}
TOOL = {"name": "add", "description": "Adds.", "input_schema": {"type": "object"}}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "eA=="}}
LINKED = {"type": "document", "source": {"type": "url", "url": "https://a.test/a.pdf"}}
FILE = {"type": "file", "file": {"file_data": "data:application/pdf;base64,eA==", "filename": "Report"}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}}
FUNCTION = {"name": "add", "parameters": {"type": "object"}, "description": "Adds."}


def asked(**fields: Any) -> Any:
    body = {"max_tokens": 5, "messages": [HI]} | fields
    return to_completion_request(to_kind(body, MessagesRequest), body)


def user(*blocks: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(blocks)}]


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


@pytest.mark.parametrize(
    ("turns", "messages"),
    [
        pytest.param([HI], [HI], id="text"),
        pytest.param(user(text("a"), text("b")), [{"role": "user", "content": "a\n\nb"}], id="blocks"),
        pytest.param(
            user({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}}),
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}},
                    ],
                }
            ],
            id="image",
        ),
        pytest.param(
            user({"type": "image", "source": {"type": "url", "url": "https://x/a.png"}}, text("What?")),
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": "https://x/a.png"}},
                        text("What?"),
                    ],
                }
            ],
            id="image-by-address",
        ),
        pytest.param(
            user(
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Long."}}
            ),
            [{"role": "user", "content": "Long."}],
            id="document",
        ),
        pytest.param(
            user({"type": "document", "source": {"type": "content", "content": [text("a"), text("b")]}}),
            [{"role": "user", "content": "a\n\nb"}],
            id="document-of-blocks",
        ),
        pytest.param(
            user(PDF | {"title": "Report"}, text("And?")),
            [{"role": "user", "content": [FILE, text("And?")]}],
            id="pdf",
        ),
        pytest.param(
            user({"type": "search_result", "title": "A", "source": "https://a.test", "content": [text("b")]}),
            [{"role": "user", "content": "A\nhttps://a.test\n\nb"}],
            id="search-result",
        ),
        pytest.param(
            [{"role": "assistant", "content": [text("Sure."), USE]}],
            [{"role": "assistant", "content": "Sure.", "tool_calls": [CALL]}],
            id="call",
        ),
        pytest.param(
            [
                {
                    "role": "assistant",
                    "content": [{"type": "thinking", "thinking": "Hm", "signature": "s"}, USE],
                }
            ],
            [{"role": "assistant", "content": None, "tool_calls": [CALL]}],
            id="thinking-is-left-out",
        ),
        pytest.param(
            user(text("More."), {"type": "tool_result", "tool_use_id": "t1", "content": [text("2")]}),
            [{"role": "tool", "tool_call_id": "t1", "content": "2"}, {"role": "user", "content": "More."}],
            id="result-stands-first",
        ),
        pytest.param(
            user({"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": True}),
            [{"role": "tool", "tool_call_id": "t1", "content": "Error: no"}],
            id="failed-result",
        ),
        pytest.param(
            user(
                {"type": "tool_result", "tool_use_id": "t1", "content": [text("2"), IMAGE]},
                {"type": "tool_result", "tool_use_id": "t2", "content": [IMAGE]},
                text("And?"),
            ),
            [
                {"role": "tool", "tool_call_id": "t1", "content": "2"},
                {"role": "tool", "tool_call_id": "t2", "content": ""},
                {
                    "role": "user",
                    "content": [
                        text("Shown by the result of the tool call t1:"),
                        PICTURE,
                        text("Shown by the result of the tool call t2:"),
                        PICTURE,
                        text("And?"),
                    ],
                },
            ],
            id="picture-of-a-result",
        ),
        pytest.param(
            [
                *user({"type": "tool_result", "tool_use_id": "t1", "content": [IMAGE]}),
                *user({"type": "tool_result", "tool_use_id": "t2", "content": "2"}, text("And?")),
                *user(text("Well?")),
            ],
            [
                {"role": "tool", "tool_call_id": "t1", "content": ""},
                {"role": "tool", "tool_call_id": "t2", "content": "2"},
                {
                    "role": "user",
                    "content": [text("Shown by the result of the tool call t1:"), PICTURE],
                },
                {"role": "user", "content": "And?"},
                {"role": "user", "content": "Well?"},
            ],
            id="results-in-turns-of-their-own",
        ),
    ],
)
def test_turns_become_openais_messages(turns: list[dict[str, Any]], messages: list[dict[str, Any]]) -> None:
    assert asked(messages=turns).messages == messages


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param([{"role": "assistant", "content": [text("Sure."), USE]}], id="call"),
        pytest.param(
            user({"type": "tool_result", "tool_use_id": "t1", "content": [text("2")]}, text("And?")),
            id="result",
        ),
    ],
)
def test_turns_are_the_same_there_and_back(turns: list[dict[str, Any]]) -> None:
    assert split_messages(asked(messages=turns).messages)[1] == turns


@pytest.mark.parametrize(
    ("choice", "parameters"),
    [
        pytest.param(None, {"tool_choice": "auto"}, id="auto-unless-said"),
        pytest.param({"type": "any"}, {"tool_choice": "required"}, id="any"),
        pytest.param({"type": "none"}, {"tool_choice": "none"}, id="none"),
        pytest.param(
            {"type": "tool", "name": "add"},
            {"tool_choice": {"type": "function", "function": {"name": "add"}}},
            id="named",
        ),
        pytest.param(
            {"type": "auto", "disable_parallel_tool_use": True},
            {"tool_choice": "auto", "parallel_tool_calls": False},
            id="one-at-a-time",
        ),
    ],
)
def test_tools_and_their_choice(choice: Any, parameters: dict[str, Any]) -> None:
    wanted = {"tools": [{"type": "function", "function": FUNCTION}]} | parameters
    assert asked(tools=[TOOL], tool_choice=choice).parameters == wanted


def test_options_have_their_counterparts() -> None:
    request = asked(
        model="m", system=[text("Be"), text("brief.")], stop_sequences=["."], temperature=0.5, top_p=0.9, top_k=4,
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
        metadata={"user_id": "u"}, stream=True, unheard_of=1,
    )  # fmt: skip
    assert request.messages[0] == {"role": "system", "content": "Be\n\nbrief."}
    assert (request.model, request.max_output_tokens, request.temperature) == ("m", 5, 0.5)
    assert (request.stop, request.stream) == (["."], True)
    assert request.json_schema == {"type": "object"}
    assert request.parameters == {"top_p": 0.9, "top_k": 4, "user": "u"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [5]}]}, "messages[0].content[0]"),
        ({"messages": user({"type": "text"})}, "messages[0].content[0].text"),
        ({"messages": user({"type": "search_result"})}, "messages[0].content[0].content"),
        ({"messages": user({"type": "search_result", "content": []})}, "messages[0].content[0].title"),
        ({"messages": user({"type": "container_upload"})}, "messages[0].content[0]"),
        (
            {"messages": user({"type": "image", "source": {"type": "file", "file_id": "f"}})},
            "messages[0].content[0]",
        ),
        ({"messages": user({"type": "image", "source": {"type": []}})}, "messages[0].content[0]"),
        ({"system": [{"type": "image"}]}, "system[0]"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0]"),
        ({"tools": [{"name": "x"}]}, "tools[0].input_schema"),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"tools": [TOOL], "tool_choice": {"type": "maybe"}}, "tool_choice.type"),
        ({"tools": [TOOL], "tool_choice": {"type": []}}, "tool_choice.type"),
        ({"tools": [{"type": [], "name": "x", "input_schema": {}}]}, "tools[0]"),
        ({"messages": user({"type": []})}, "messages[0].content[0]"),
        ({"messages": [{"role": [], "content": "x"}]}, "messages[0].role"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"messages": []}, "messages"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_its_place(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        asked(**fields)
    assert refused.value.extra["field"] == field


@pytest.mark.parametrize(
    ("block", "field"),
    [
        (LINKED, "messages[0].content[0]"),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [text("See:"), LINKED]},
            "messages[0].content[0].content[1]",
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [text("See:"), IMAGE]}},
            "messages[0].content[0]",
        ),
    ],
)
def test_what_only_anthropics_format_has_is_left_out_and_told_of(block: dict[str, Any], field: str) -> None:
    request = asked(messages=user(block, text("And?")))
    assert request.unsaid.startswith(f"{field}: a block of type")
    assert "And?" in request.messages[-1]["content"]
    assert asked(messages=user(text("And?"))).unsaid == ""


@pytest.mark.parametrize(
    ("message", "blocks"),
    [
        ({"content": "Hi"}, [text("Hi")]),
        ({"content": None, "refusal": "No."}, [text("No.")]),
        ({"content": "", "tool_calls": [CALL]}, [USE]),
        (
            {"content": "Hi", "reasoning_content": "Hm", "reasoning_signature": "s"},
            [{"type": "thinking", "thinking": "Hm", "signature": "s"}, text("Hi")],
        ),
        (
            {"tool_calls": [{"id": "t1", "function": {"name": "add", "arguments": "{a"}}]},
            [USE | {"input": {"arguments": "{a"}}],
        ),
    ],
)
def test_message_becomes_blocks(message: dict[str, Any], blocks: list[dict[str, Any]]) -> None:
    assert to_blocks(message) == blocks


@pytest.mark.parametrize(
    ("finish", "choice", "reason"),
    [
        ("stop", {"message": {}}, ("end_turn", None)),
        ("length", {"message": {}}, ("max_tokens", None)),
        ("tool_calls", {"message": {}}, ("tool_use", None)),
        ("content_filter", {"message": {}}, ("refusal", None)),
        ("stop", {"message": {"tool_calls": [CALL]}}, ("tool_use", None)),
        ("stop", {"message": {}, "stop_reason": "END"}, ("stop_sequence", "END")),
        ("stop", {"message": {}, "stop_reason": 151645}, ("end_turn", None)),
    ],
)
def test_reasons_to_stop(finish: Any, choice: dict[str, Any], reason: tuple[str, str | None]) -> None:
    assert stop_reason(Completion(finish_reason=finish, usage=None, model="m"), choice, ["END"]) == reason


def test_cached_input_is_counted_beside_the_rest() -> None:
    details = {"prompt_tokens_details": {"cache_creation_tokens": 2}}
    usage = Usage(input_tokens=10, output_tokens=3, cached_input_tokens=4, details=details)
    assert to_usage(usage) == {
        "input_tokens": 4,
        "cache_read_input_tokens": 4,
        "cache_creation_input_tokens": 2,
        "output_tokens": 3,
    }
