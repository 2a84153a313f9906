"""Anthropic's request → OpenAI's terms, in which every backend is asked. Pure.

What has no counterpart is refused in words. Two things are left out: `cache_control`, which is a wish about cost, and
earlier thinking, which only the model that wrote it can read; a backend that speaks Anthropic's format gets the
request as it was written (`CompletionRequest.native`). What only such a one can be given (a PDF by its address) is
refused once it is known which backend is asked (`CompletionRequest.unsaid`). OpenAI's results of tools hold texts: a
picture or a file of one comes behind them, in the turn of the user.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from backends.base import CompletionRequest
from gateway.api.anthropic.types import MessagesPrompt, MessagesRequest
from gateway.api.bodies import text_at
from gateway.errors import InvalidRequest
from gateway.wire import encode_json

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_FORGOTTEN = {"thinking", "redacted_thinking"}
# of content that the request itself holds or names by address; files of the operator's account are nobody's to read
_SOURCES = {"base64", "url", "text", "content"}


def to_completion_request(data: MessagesRequest, fields: dict[str, Any]) -> CompletionRequest:
    """What the backends take.

    Args:
        fields: the whole body.
    Raises:
        InvalidRequest: a block or a tool can be given to no backend, or is not as Anthropic's API wants it.
    """
    prompt = to_prompt(data)
    user = (data.metadata or {}).get("user_id")
    own = {"top_p": data.top_p, "top_k": data.top_k, "user": user if isinstance(user, str) else None}
    parameters = prompt.parameters | {name: value for name, value in own.items() if value is not None}
    return msgspec.structs.replace(
        prompt,
        max_output_tokens=data.max_tokens,
        temperature=data.temperature,
        stop=data.stop_sequences or [],
        json_schema=_schema((data.output_config or {}).get("format")),
        stream=bool(data.stream),
        parameters=parameters,
        native=fields,
    )


def to_prompt(data: MessagesPrompt) -> CompletionRequest:
    """The part that a model is shown: messages and tools. Raises as above."""
    messages = _system(data.system)
    unsaid: list[str] = []
    # of the user's turns since the model's last one: OpenAI wants the results of tools together, right behind the calls
    results: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for at, message in enumerate(data.messages):
        for each in _turn(message, f"messages[{at}]", unsaid):
            if each["role"] == "tool":
                results.append(each)
            elif each["role"] == "user":
                said.append(each)
            else:
                messages += [*results, *said, each]
                results, said = [], []
    messages += results + said
    parameters: dict[str, Any] = {}
    if data.tools:
        parameters["tools"] = [_tool(tool, f"tools[{at}]") for at, tool in enumerate(data.tools)]
        parameters |= _tool_choice(data.tool_choice or {"type": "auto"})
    return CompletionRequest(
        model=data.model or "", messages=messages, parameters=parameters, unsaid="".join(unsaid[:1])
    )


def _system(system: Any) -> list[dict[str, Any]]:
    text = _text_of(system or [], "system", joint="\n\n")
    return [{"role": "system", "content": text}] if text else []


def _turn(message: dict[str, Any], field: str, unsaid: list[str]) -> list[dict[str, Any]]:
    """Appends to `unsaid` the refusal of each block that the messages leave out."""
    role, content = message.get("role"), message.get("content")
    if role == "system":
        return _system(content)
    if role not in ("user", "assistant"):
        raise InvalidRequest(f"{field}.role: {role!r} is none of user, assistant", field=f"{field}.role")
    if isinstance(content, str):
        return [{"role": role, "content": content}]
    blocks = list(_blocks(content, f"{field}.content"))
    return _assistant(blocks) if role == "assistant" else _user(blocks, unsaid)


def _user(blocks: list[tuple[str, dict[str, Any]]], unsaid: list[str]) -> list[dict[str, Any]]:
    """The results of tools, and what the user says."""
    results, pictures, parts = [], [], []
    for field, block in blocks:
        if block["type"] == "tool_result":
            result, shown = _tool_result(block, field, unsaid)
            results.append(result)
            pictures += shown
        elif (part := _part(block, field, unsaid)) is not None:
            parts.append(part)
    parts = pictures + parts
    if not parts:
        return results
    texts = [part["text"] for part in parts if part["type"] == "text"]
    content: Any = "\n\n".join(texts) if len(texts) == len(parts) else parts
    return [*results, {"role": "user", "content": content}]


def _assistant(blocks: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    texts, calls = [], []
    for field, block in blocks:
        match block["type"]:
            case "text":
                texts.append(text_at(block, "text", field))
            case "tool_use":
                function = {
                    "name": text_at(block, "name", field),
                    "arguments": encode_json(block.get("input") or {}).decode(),
                }
                calls.append({"id": text_at(block, "id", field), "type": "function", "function": function})
            case kind if kind not in _FORGOTTEN:
                raise _no_counterpart(kind, field)
    message: dict[str, Any] = {"role": "assistant", "content": "".join(texts) or None}
    return [message | {"tool_calls": calls} if calls else message]


def _tool_result(
    block: dict[str, Any], field: str, unsaid: list[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The result's texts, and its pictures as parts of what the user says next."""
    name, content = text_at(block, "tool_use_id", field), block.get("content") or ""
    texts, pictures = [content] if isinstance(content, str) else [], []
    for place, inner in [] if isinstance(content, str) else _blocks(content, f"{field}.content"):
        part = _part(inner, place, unsaid)
        if part is not None and part["type"] == "text":
            texts.append(part["text"])
        elif part is not None:
            pictures.append(part)
    text = "\n".join(texts)
    if block.get("is_error") is True:
        # OpenAI's results have no other place for it
        text = f"Error: {text}"
    if pictures:
        pictures.insert(0, {"type": "text", "text": f"Shown by the result of the tool call {name}:"})
    return {"role": "tool", "tool_call_id": name, "content": text}, pictures


def _part(block: dict[str, Any], field: str, unsaid: list[str]) -> dict[str, Any] | None:
    source = block.get("source") if isinstance(block.get("source"), dict) else {}
    match block["type"], source:
        case "text", _:
            return {"type": "text", "text": text_at(block, "text", field)}
        case "image", {"type": "base64", "media_type": str(kind), "data": str(data)}:
            return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}
        case "image", {"type": "url", "url": str(url)}:
            return {"type": "image_url", "image_url": {"url": url}}
        case "document", {"type": "text", "data": str(text)}:
            return {"type": "text", "text": text}
        case "document", {"type": "content", "content": content} if _is_text_alone(content):
            return {"type": "text", "text": _text_of(content, f"{field}.source.content", joint="\n\n")}
        case "document", {"type": "base64", "media_type": str(kind), "data": str(data)}:
            title = block.get("title")
            name = title if isinstance(title, str) else ""
            return {"type": "file", "file": {"file_data": f"data:{kind};base64,{data}", "filename": name}}
        case "search_result", _:
            said = _text_of(block.get("content"), f"{field}.content", joint="\n\n")
            about = [text_at(block, "title", field), text_at(block, "source", field)]
            return {"type": "text", "text": "\n".join([*about, "", said])}
    unsaid.append(_left_out(block, field))
    return None


def _tool(tool: dict[str, Any], field: str) -> dict[str, Any]:
    if tool.get("type") not in (None, "custom"):
        raise InvalidRequest(
            f"{field}: a tool of type {tool['type']!r} is known to Anthropic's models alone; describe a tool of your "
            "own, with name and input_schema",
            field=field,
        )
    schema = tool.get("input_schema")
    if not isinstance(schema, dict):
        raise InvalidRequest(f"{field}.input_schema: is no object", field=f"{field}.input_schema")
    function: dict[str, Any] = {"name": text_at(tool, "name", field), "parameters": schema}
    if isinstance(described := tool.get("description"), str):
        function["description"] = described
    if isinstance(strict := tool.get("strict"), bool):
        function["strict"] = strict
    return {"type": "function", "function": function}


def _tool_choice(choice: dict[str, Any]) -> dict[str, Any]:
    kind = choice.get("type")
    if kind == "tool":
        wanted: Any = {"type": "function", "function": {"name": text_at(choice, "name", "tool_choice")}}
    elif isinstance(kind, str) and kind in _CHOICES:
        wanted = _CHOICES[kind]
    else:
        raise InvalidRequest(
            f"tool_choice.type: {kind!r} is none of auto, any, none, tool", field="tool_choice.type"
        )
    alone = {"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") is True else {}
    return {"tool_choice": wanted} | alone


def _schema(wanted: Any) -> dict[str, Any] | None:
    """The JSON Schema of the answer."""
    if wanted is None:
        return None
    if (
        isinstance(wanted, dict)
        and wanted.get("type") == "json_schema"
        and isinstance(wanted.get("schema"), dict)
    ):
        schema: dict[str, Any] = wanted["schema"]
        return schema
    raise InvalidRequest(
        "output_config.format: is no `json_schema` with a `schema`", field="output_config.format"
    )


def _blocks(content: Any, field: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """Each block, with where it stands."""
    if not isinstance(content, list):
        raise InvalidRequest(f"{field}: is neither a text nor a list of blocks", field=field)
    for at, block in enumerate(content):
        place = f"{field}[{at}]"
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise InvalidRequest(f"{place}: is no block with a type", field=place)
        yield place, block


def _text_of(content: Any, field: str, *, joint: str) -> str:
    if isinstance(content, str):
        return content
    texts = []
    for place, block in _blocks(content, field):
        if block["type"] != "text":
            raise _no_counterpart(block["type"], place)
        texts.append(text_at(block, "text", place))
    return joint.join(texts)


def _is_text_alone(content: Any) -> bool:
    return isinstance(content, str) or (
        isinstance(content, list)
        and all(isinstance(block, dict) and block.get("type") == "text" for block in content)
    )


def _left_out(block: dict[str, Any], field: str) -> str:
    """Why a block is given to no backend of another format. Raises InvalidRequest where it is given to none at all."""
    refusal = _no_counterpart(block["type"], field)
    match block:
        case {"type": "image" | "document", "source": {"type": str(source)}} if source in _SOURCES:
            return f"{refusal.detail}, or ask a model of an Anthropic backend"
    raise refusal


def _no_counterpart(kind: str, field: str) -> InvalidRequest:
    return InvalidRequest(
        f"{field}: a block of type {kind!r} with this content cannot be given to a model here; send text, images, "
        "tool_use and tool_result",
        field=field,
    )
