"""Tools of a request: checked, described to a model whose chat template knows none, and the grammar of calls. Pure.

A call is written as `<tool_call>`, a JSON object with `name` and `arguments`, `</tool_call>`, each on lines of its own:
the form that most open models were trained on, and a plain one for the others.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from backends.local.grammar import Check, MayTry, constrain
from backends.local.messages import Generate
from backends.local.parameters import RequestRejected, text_of

OPENS, CLOSES = "<tool_call>", "</tool_call>"
MAX_TOOLS, MAX_CALLS = 128, 16
_NAME = re.compile(r"[\w.:/-]{1,64}", re.ASCII)
_RULES = (
    "You may call functions to help with the request. Their signatures are JSON, one on a line:\n{tools}\n\n"
    "To call one, write a JSON object with its name and arguments between these tags, once for each call:\n"
    f"{OPENS}\n"
    '{{"name": "<name of the function>", "arguments": <object of its arguments>}}\n'
    f"{CLOSES}"
)

Message = dict[str, Any]


class Tool(Struct, frozen=True, kw_only=True):
    """One function, the schema of its arguments, which is one of objects, and OpenAI's description as it was sent."""

    name: str
    parameters: dict[str, Any]
    sent: dict[str, Any]


class Tools(Struct, frozen=True, kw_only=True):
    """What may be called. `must_call`: nothing but calls is an answer; `one`: a single one."""

    tools: list[Tool]
    must_call: bool = False
    one: bool = False


def read_tools(request: Generate) -> Tools | None:
    """The tools of a request; None where there are none, or none may be called.

    Raises:
        RequestRejected: a tool or the choice is not as OpenAI's API wants it.
    """
    parameters = request.parameters
    if parameters.get("functions"):
        raise RequestRejected("functions: is OpenAI's older name; send `tools`")
    sent, choice = parameters.get("tools"), parameters.get("tool_choice")
    if not sent:
        return None
    if not isinstance(sent, list) or len(sent) > MAX_TOOLS:
        raise RequestRejected(f"tools: a list of at most {MAX_TOOLS} is needed")
    tools = [_tool(each, f"tools[{at}]") for at, each in enumerate(sent)]
    if len({tool.name for tool in tools}) != len(tools):
        raise RequestRejected("tools: two have one name")
    if choice == "none":
        return None
    one = parameters.get("parallel_tool_calls") is False
    if choice in (None, "auto", "required"):
        return Tools(tools=tools, must_call=choice == "required", one=one)
    wanted = choice.get("function") if isinstance(choice, dict) else None
    name = wanted.get("name") if isinstance(wanted, dict) else None
    chosen = [tool for tool in tools if tool.name == name]
    if not chosen:
        raise RequestRejected(
            "tool_choice: is none of auto, none, required and a function of `tools` by its name"
        )
    return Tools(tools=chosen, must_call=True, one=True)


def _tool(sent: Any, field: str) -> Tool:
    function = sent.get("function") if isinstance(sent, dict) and sent.get("type") == "function" else None
    if not isinstance(function, dict):
        raise RequestRejected(f"{field}: is no object of type `function` with a `function`")
    name, parameters = function.get("name"), function.get("parameters") or {"type": "object"}
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise RequestRejected(f"{field}.function.name: 1 to 64 letters, digits, `_`, `-` are needed")
    if not isinstance(parameters, dict):
        raise RequestRejected(f"{field}.function.parameters: is no object")
    if parameters.get("type", "object") != "object":
        raise RequestRejected(f"{field}.function.parameters: its type is not `object`, as arguments are")
    return Tool(name=name, parameters={"type": "object"} | parameters, sent=sent)


def grammar_of(tools: Tools, check: Check, may_try: MayTry = lambda: True) -> str:
    """A grammar of llguidance: text, and then calls whose arguments follow each tool's schema.

    Args:
        check: whether a grammar works for a model.
        may_try: see `constrain`.
    """
    parts, bodies = [], []
    # of grammars, by the schema that they hold to
    names: dict[str, str] = {}
    for tool in tools.tools:
        written = json.dumps(tool.parameters)
        if written not in names:
            names[written] = f"arguments_{len(names)}"
            constraint = constrain(tool.parameters, check, may_try)
            [schema] = msgspec.json.decode(constraint.grammar)["grammars"]
            parts.append(schema | {"name": names[written]})
        head = f'\n{{"name": {json.dumps(tool.name)}, "arguments": '
        bodies.append(f"{json.dumps(head)} @{names[written]} {json.dumps(f'}}{chr(10)}{CLOSES}')}")
    # small models go on calling until their answer is cut
    more = "" if tools.one else f'("\\n" call){{0,{MAX_CALLS - 1}}}'
    start = f"call {more}" if tools.must_call else f"TEXT | calls_in_text {more}"
    rules = [
        f"start: {start}",
        f"call: {json.dumps(OPENS)} body",
        f"body: {' | '.join(bodies)}",
    ]
    if not tools.must_call:
        rules += [
            "calls_in_text: trigger body",
            f"trigger[lazy]: TEXT {json.dumps(OPENS)}",
            r"TEXT: /(.|\n)*/",
        ]
    return json.dumps({"grammars": [{"name": "answer", "lark_grammar": "\n".join(rules) + "\n"}, *parts]})


def for_a_template(messages: list[Message], mark: Callable[[Any], Any]) -> list[Message]:
    """Messages as templates that know tools read them: arguments are objects.

    Args:
        mark: makes control tokens in a value plain.
    """
    return [
        message
        | {
            "tool_calls": [
                call | {"function": {"name": name, "arguments": mark(_arguments(arguments))}}
                for call, name, arguments in _calls(message)
            ]
        }
        if message.get("tool_calls")
        else message
        for message in messages
    ]


def in_words(messages: list[Message], tools: Tools | None) -> list[Message]:
    """Messages for a template that knows no tools: their description, calls and results are text."""
    plain: list[Message] = []
    for message in messages:
        role, text = message.get("role"), text_of(message)
        if role == "tool":
            result = f"<tool_response>\n{text}\n</tool_response>"
            if plain and plain[-1].get("is_result"):
                plain[-1]["content"] += f"\n{result}"
            else:
                plain.append({"role": "user", "content": result, "is_result": True})
        elif message.get("tool_calls"):
            calls = [
                f"{OPENS}\n{_dumped({'name': name, 'arguments': _arguments(arguments)})}\n{CLOSES}"
                for _, name, arguments in _calls(message)
            ]
            plain.append({"role": "assistant", "content": "\n".join([*([text] if text else []), *calls])})
        else:
            plain.append(message)
    if tools is None:
        return plain
    rules = _RULES.format(tools="\n".join(_dumped(tool.sent) for tool in tools.tools))
    if plain and plain[0].get("role") == "system":
        return [plain[0] | {"content": f"{text_of(plain[0])}\n\n{rules}"}, *plain[1:]]
    return [{"role": "system", "content": rules}, *plain]


def _calls(message: Message) -> list[tuple[dict[str, Any], str, Any]]:
    """Each call of a message, its name and arguments."""
    calls = message["tool_calls"]
    if not isinstance(calls, list):
        raise RequestRejected("messages: tool_calls is no list")
    found = []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise RequestRejected("messages: a call of tool_calls has no function with a name")
        found.append((call, function["name"], function.get("arguments")))
    return found


def _arguments(sent: Any) -> Any:
    """Arguments as an object, where they are one."""
    if not isinstance(sent, str):
        return sent or {}
    try:
        value = msgspec.json.decode(sent or "{}")
    except (msgspec.DecodeError, RecursionError):
        return sent
    return value if isinstance(value, dict) else sent


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
