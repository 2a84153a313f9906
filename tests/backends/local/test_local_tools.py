"""Tools on a local model: calls by a grammar, streamed, in OpenAI's shapes and Anthropic's."""

import json
from typing import Any

import jsonschema
import pytest
from llguidance import LLMatcher, LLTokenizer

from backends.base import Completion, CompletionRequest, Delta, UpstreamRejected
from backends.local import LocalBackend
from backends.local.grammar import fault_of
from backends.local.messages import Generate
from backends.local.parameters import RequestRejected
from backends.local.tool_calls import ToolCallReader
from backends.local.tools import grammar_of, read_tools
from gateway.completions.answer import final_choices
from tests.backends.local.local_model import opened

pytestmark = pytest.mark.anyio
SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"enum": ["Leeds", "Łódź"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 9},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
NOW = {"type": "function", "function": {"name": "now"}}
CALL = '<tool_call>\n{"name": "weather", "arguments": {"city":"Leeds","days":1}}\n</tool_call>'
OTHER = '<tool_call>\n{"name": "now", "arguments": {"x": "}]\\"</tool_call>"}}\n</tool_call>'


def asked(**parameters: Any) -> Generate:
    return Generate(
        id=1, messages=[], parameters=parameters, tenant="", max_output_tokens=None, temperature=None, seed=None,
        stop=[], json_schema=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "good", "bad"),
    [
        pytest.param(
            {},
            ["", "Hi < <b> <tool_cal", CALL, f"Let me see.\n{CALL}\n{OTHER}"],
            ["<tool_call>\n{}", CALL.replace("Leeds", "Rome"), f"{CALL} more", f"{CALL}\n<tool_call>no"],
            id="auto",
        ),
        pytest.param(
            {"tool_choice": "required"},
            [CALL, f"{CALL}\n{OTHER}", "\n".join([CALL] * 16)],
            ["", "Hi", "\n".join([CALL] * 17)],
            id="required",
        ),
        pytest.param(
            {"tool_choice": {"type": "function", "function": {"name": "weather"}}},
            [CALL],
            ["", OTHER, f"{CALL}\n{CALL}"],
            id="named",
        ),
        pytest.param({"parallel_tool_calls": False}, ["Hi", CALL], [f"{CALL}\n{OTHER}"], id="one-at-a-time"),
    ],
)
def test_grammar_holds_to_text_and_calls(parameters: dict[str, Any], good: list[str], bad: list[str]) -> None:
    tools = read_tools(asked(tools=[WEATHER, NOW], **parameters))
    assert tools is not None
    grammar = grammar_of(tools, fault_of)

    def fits(text: str) -> bool:
        matcher, data = LLMatcher(LLTokenizer("byte"), grammar), list(text.encode())
        return bool(matcher.consume_tokens(data)) and matcher.is_accepting()

    assert [text for text in good if not fits(text)] == []
    assert [text for text in bad if fits(text)] == []


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"tools": "x"}, "tools"),
        ({"tools": [WEATHER, WEATHER]}, "one name"),
        ({"tools": [{"type": "function"}]}, r"tools\[0\]"),
        ({"tools": [{"type": "web_search"}]}, r"tools\[0\]"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "a", "parameters": 5}}]},
            "function.parameters",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "a", "parameters": {"type": "string"}}}]},
            "function.parameters: its type",
        ),
        ({"tools": [WEATHER], "tool_choice": "maybe"}, "tool_choice"),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "now"}}},
            "tool_choice",
        ),
        ({"tools": [NOW] * 129}, "at most 128"),
        ({"functions": [{"name": "a"}]}, "functions"),
    ],
)
def test_tools_that_are_none_are_refused(parameters: dict[str, Any], names: str) -> None:
    with pytest.raises(RequestRejected, match=names):
        read_tools(asked(**parameters))


def test_arguments_are_an_object_whatever_no_grammar_holds() -> None:
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}
    tools = read_tools(asked(tools=[{"type": "function", "function": {"name": "a", "parameters": schema}}]))
    assert tools is not None
    grammar = grammar_of(tools, lambda grammar: "wrong")
    matcher = LLMatcher(LLTokenizer("byte"), grammar)
    assert matcher.consume_tokens(list(b'<tool_call>\n{"name": "a", "arguments": '))
    assert [text for text in b'{"[1tn' if matcher.validate_tokens([text])] == [ord("{")]


def test_arguments_that_are_no_object_end_with_their_call() -> None:
    reader = ToolCallReader()
    text = '<tool_call>\n{"name": "a", "arguments": "}"}\n</tool_call>\nBye'
    deltas = [delta for piece in text for delta in reader.feed(piece)] + reader.close()
    [choice] = final_choices(deltas, Completion(finish_reason="tool_calls", usage=None, model="m"))
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '"}"'
    assert choice["message"]["content"].strip() == "Bye"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_calls_are_read_however_the_text_is_cut(size: int) -> None:
    text = f"A < b, <tool.\n{CALL}\n{OTHER}"
    reader = ToolCallReader()
    deltas = [delta for at in range(0, len(text), size) for delta in reader.feed(text[at : at + size])]
    deltas += reader.close()
    [choice] = final_choices(deltas, Completion(finish_reason="tool_calls", usage=None, model="m"))
    assert choice["message"]["content"] == "A < b, <tool."
    functions = [call["function"] for call in choice["message"]["tool_calls"]]
    assert [function["name"] for function in functions] == ["weather", "now"]
    assert functions[0]["arguments"] == '{"city":"Leeds","days":1}'
    assert json.loads(functions[1]["arguments"]) == {"x": '}]"</tool_call>'}
    assert len({call["id"] for call in choice["message"]["tool_calls"]}) == 2


def test_text_that_only_looks_like_a_call_arrives_whole() -> None:
    reader = ToolCallReader()
    deltas = [*reader.feed("a <tool"), *reader.feed("_call"), *reader.close()]
    assert "".join(delta.text for delta in deltas) == "a <tool_call"
    assert reader.calls == 0


async def called(backend: LocalBackend, **parameters: Any) -> tuple[dict[str, Any], Completion, list[Delta]]:
    request = CompletionRequest(
        model="local", messages=[{"role": "user", "content": "Weather?"}], max_output_tokens=200, seed=3,
        temperature=1, parameters={"tools": [WEATHER, NOW], **parameters},
    )  # fmt: skip
    deltas: list[Delta] = []
    async for item in backend.stream(request):
        if isinstance(item, Completion):
            return final_choices(deltas, item)[0], item, deltas
        deltas.append(item)
    raise AssertionError("no end")


async def test_model_that_must_call_does_and_streams_its_arguments(tiny: str) -> None:
    async with opened(tiny) as backend:
        named = {"type": "function", "function": {"name": "weather"}}
        choice, completion, deltas = await called(backend, tool_choice=named)
        assert completion.finish_reason == choice["finish_reason"] == "tool_calls"
        [call] = choice["message"]["tool_calls"]
        assert call["function"]["name"] == "weather"
        jsonschema.validate(json.loads(call["function"]["arguments"]), SCHEMA)
        # the name before the arguments; how many pieces these come in is a matter of time
        assert len(deltas) >= 2
        # none may be called, and the prompt is told of none
        choice, completion, _ = await called(backend, tool_choice="none")
        assert "tool_calls" not in choice["message"]
        with pytest.raises(UpstreamRejected, match="together with response_format"):
            await called(backend, response_format={"type": "json_object"})
