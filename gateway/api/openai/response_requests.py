"""OpenAI's `/v1/responses` → chat completions' terms, in which every backend is asked. Pure."""

from typing import Any

from backends.base import CompletionRequest
from gateway.api.bodies import text_at
from gateway.api.openai.types import ResponsesRequest
from gateway.errors import InvalidRequest
from gateway.wire import encode_json

# field -> why it cannot be done
_REFUSED = {
    "previous_response_id": "answers are not kept on this server: send the whole conversation in `input`",
    "conversation": "conversations are not kept on this server: send the whole of it in `input`",
    "prompt": "prompts are not kept on this server: send the text in `instructions` and `input`",
    "background": "answers are given while the client waits: leave it out, or ask with `stream`",
}
# OpenAI's newer name of the role, which other servers' templates do not know
_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
_TEXTS = {"input_text", "output_text", "text"}


def to_completion_request(data: ResponsesRequest, fields: dict[str, Any]) -> CompletionRequest:
    """What the backends take.

    Args:
        fields: the whole body.
    Raises:
        InvalidRequest: it asks for what is kept or run on OpenAI's own servers, or an item is not as it should be.
    """
    for name, reason in _REFUSED.items():
        if fields.get(name):
            raise InvalidRequest(f"{name}: {reason}", field=name)
    if fields.get("truncation") == "auto":
        raise InvalidRequest(
            "truncation: nothing is left out of a conversation here; shorten `input`", field="truncation"
        )
    response_format = _response_format(data.text or {})
    own = {
        "top_p": data.top_p,
        "user": data.user,
        "reasoning_effort": (data.reasoning or {}).get("effort"),
        "response_format": response_format,
    }
    if data.tools:
        own |= {
            "tools": [_tool(tool, f"tools[{at}]") for at, tool in enumerate(data.tools)],
            "tool_choice": _tool_choice(data.tool_choice),
            "parallel_tool_calls": data.parallel_tool_calls,
        }
    parameters = {name: value for name, value in own.items() if value is not None}
    return CompletionRequest(
        model=data.model or "",
        messages=to_messages(data),
        max_output_tokens=data.max_output_tokens,
        temperature=data.temperature,
        json_schema=_schema_of(response_format),
        stream=bool(data.stream),
        parameters=parameters,
    )


def to_messages(data: ResponsesRequest) -> list[dict[str, Any]]:
    """Instructions and input as messages of a chat."""
    messages = [{"role": "system", "content": data.instructions}] if data.instructions else []
    if isinstance(data.input, str):
        return [*messages, {"role": "user", "content": data.input}]
    # of the outputs since the last other item: a chat has them together, and texts alone in them
    shown: list[dict[str, Any]] = []
    for at, item in enumerate(data.input):
        if item.get("type") == "function_call_output":
            messages.append(_output(item, f"input[{at}]", shown))
        else:
            _show(messages, shown)
            _add(messages, item, f"input[{at}]")
    _show(messages, shown)
    if not messages:
        raise InvalidRequest("input: holds nothing to answer", field="input")
    return messages


def _add(messages: list[dict[str, Any]], item: dict[str, Any], field: str) -> None:
    kind = item.get("type") or "message"
    match kind:
        case "message":
            messages.append(_message(item, field))
        case "function_call":
            function = {"name": text_at(item, "name", field), "arguments": text_at(item, "arguments", field)}
            call = {"id": text_at(item, "call_id", field), "type": "function", "function": function}
            if not messages or messages[-1]["role"] != "assistant":
                messages.append({"role": "assistant", "content": None})
            # calls of one turn stand in one message
            messages[-1].setdefault("tool_calls", []).append(call)
        case "reasoning":
            # only the model that wrote it can read it
            pass
        case _:
            raise InvalidRequest(
                f"{field}: an item of type {kind!r} cannot be given to a model here; send messages, function_call and "
                "function_call_output",
                field=field,
            )


def _output(item: dict[str, Any], field: str, shown: list[dict[str, Any]]) -> dict[str, Any]:
    """A function's output as a message of its texts; what else it holds is appended to `shown`."""
    name, output = text_at(item, "call_id", field), item.get("output")
    content = output if isinstance(output, str) else _content(output, f"{field}.output")
    if isinstance(content, list):
        others = [part for part in content if part["type"] != "text"]
        shown += [{"type": "text", "text": f"Shown by the output of the call {name}:"}, *others]
        content = "\n".join([part["text"] for part in content if part["type"] == "text"])
    return {"role": "tool", "tool_call_id": name, "content": content}


def _show(messages: list[dict[str, Any]], shown: list[dict[str, Any]]) -> None:
    """Put what outputs show into a turn of the user, behind them."""
    if shown:
        messages.append({"role": "user", "content": [*shown]})
        shown.clear()


def _message(item: dict[str, Any], field: str) -> dict[str, Any]:
    role = _ROLES.get(str(item.get("role")))
    if role is None:
        known = ", ".join(_ROLES)
        raise InvalidRequest(f"{field}.role: {item.get('role')!r} is none of {known}", field=f"{field}.role")
    content = item.get("content")
    return {
        "role": role,
        "content": content if isinstance(content, str) else _content(content, f"{field}.content"),
    }


def _content(parts: Any, field: str) -> str | list[dict[str, Any]]:
    """Parts as a chat has them: one text, where there are only texts."""
    if not isinstance(parts, list):
        raise InvalidRequest(f"{field}: is neither a text nor a list of parts", field=field)
    found = [_part(part, f"{field}[{at}]") for at, part in enumerate(parts)]
    if all(part["type"] == "text" for part in found):
        return "".join([part["text"] for part in found])
    return found


def _part(part: Any, field: str) -> dict[str, Any]:
    match part:
        case {"type": str(kind), "text": str(text)} if kind in _TEXTS:
            return {"type": "text", "text": text}
        case {"type": "refusal", "refusal": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "input_image", "image_url": str(url)}:
            detail = {"detail": part["detail"]} if isinstance(part.get("detail"), str) else {}
            return {"type": "image_url", "image_url": {"url": url} | detail}
        case {"type": "input_file", "file_data": str(data)}:
            name = part.get("filename")
            return {
                "type": "file",
                "file": {"file_data": data, "filename": name if isinstance(name, str) else ""},
            }
    raise InvalidRequest(
        f"{field}: is neither a text, nor an image by address, nor a file by its data; none is kept on this server",
        field=field,
    )


def _tool(tool: dict[str, Any], field: str) -> dict[str, Any]:
    if tool.get("type") != "function":
        raise InvalidRequest(
            f"{field}: a tool of type {tool.get('type')!r} runs on OpenAI's own servers; describe a function of your "
            "own",
            field=field,
        )
    kept = ("description", "parameters", "strict")
    more = {name: tool[name] for name in kept if tool.get(name) is not None}
    return {"type": "function", "function": {"name": text_at(tool, "name", field)} | more}


def _tool_choice(choice: Any) -> Any:
    if not isinstance(choice, dict):
        return choice
    if choice.get("type") != "function":
        raise InvalidRequest(
            f"tool_choice: {encode_json(choice).decode()} is no function", field="tool_choice"
        )
    return {"type": "function", "function": {"name": text_at(choice, "name", "tool_choice")}}


def _response_format(text: dict[str, Any]) -> dict[str, Any] | None:
    wanted = text.get("format")
    if not isinstance(wanted, dict) or wanted.get("type") in (None, "text"):
        return None
    if wanted["type"] != "json_schema":
        return wanted
    if not isinstance(wanted.get("schema"), dict):
        raise InvalidRequest("text.format.schema: is no object", field="text.format.schema")
    return {"type": "json_schema", "json_schema": {name: wanted[name] for name in wanted if name != "type"}}


def _schema_of(response_format: dict[str, Any] | None) -> dict[str, Any] | None:
    """The JSON Schema in what `_response_format` made."""
    if response_format is None or response_format["type"] != "json_schema":
        return None
    schema: dict[str, Any] = response_format["json_schema"]["schema"]
    return schema
