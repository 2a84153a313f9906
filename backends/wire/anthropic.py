"""Anthropic's Messages as bytes: an OpenAI-shaped request out, streamed events in. Pure.

Fields that only OpenAI has are left out (seed, penalties, logprobs …); fields that only Anthropic has (thinking,
top_k …) pass untouched. A JSON Schema becomes one forced tool, whose input is the answer; one that is not of an
object, which a tool's input has to be, becomes an instruction.
"""

from typing import Any

import msgspec
from msgspec import Struct

from backends.base import (
    Completion,
    CompletionRequest,
    Delta,
    FinishReason,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamRejected,
    UpstreamUnavailable,
    Usage,
    is_count,
)
from backends.wire.openai import schema_instruction, with_instruction

# the API wants one; OpenAI's callers often give none
DEFAULT_MAX_TOKENS = 4096
ANSWER_TOOL = "answer"
_OPENAI_ONLY = {
    "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
    "max_tokens", "modalities", "n", "parallel_tool_calls", "prediction", "presence_penalty",
    "prompt_cache_key", "reasoning_effort", "response_format", "safety_identifier", "seed", "service_tier",
    "stop", "store", "stream", "stream_options", "tool_choice", "tools", "top_logprobs", "user", "verbosity",
}  # fmt: skip
_FINISH_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_encode = msgspec.json.Encoder().encode


def request_body(request: CompletionRequest) -> bytes:
    """The request as a streaming Messages call; as the client wrote it, where that was one too."""
    if request.native:
        return _encode(request.native | {"model": request.model, "stream": True})
    asked, schema = request.messages, request.json_schema
    if schema is not None and not is_for_a_tool(schema):
        asked = with_instruction(asked, schema_instruction(schema))
    system, messages = split_messages(asked)
    parameters = request.parameters
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens or DEFAULT_MAX_TOKENS,
        "messages": messages,
        "stream": True,
    }
    if system:
        body["system"] = system
    if request.temperature is not None:
        # its range ends where OpenAI's has its middle
        body["temperature"] = min(request.temperature, 1.0)
    if request.stop:
        body["stop_sequences"] = request.stop
    if parameters.get("user"):
        body["metadata"] = {"user_id": parameters["user"]}
    body |= _tools(request)
    return _encode(body | {k: v for k, v in parameters.items() if k not in _OPENAI_ONLY and k not in body})


def is_for_a_tool(schema: dict[str, Any] | None) -> bool:
    """Whether an answer by this schema can be the input of a tool."""
    return schema is not None and schema.get("type") == "object"


def split_messages(messages: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """OpenAI's messages → Anthropic's system text and turns; neighbours of one role become one turn."""
    system: list[str] = []
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = message.get("role")
        if role in ("system", "developer"):
            system += [block["text"] for block in _blocks(message.get("content")) if "text" in block]
            continue
        turn = {"role": "assistant" if role == "assistant" else "user", "content": _content(message)}
        if turns and turns[-1]["role"] == turn["role"]:
            turns[-1]["content"] += turn["content"]
        else:
            turns.append(turn)
    return "\n\n".join(system), turns


def _content(message: dict[str, Any]) -> list[dict[str, Any]]:
    if message.get("role") == "tool":
        result = _blocks(message.get("content"))
        return [{"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": result}]
    calls = [
        {
            "type": "tool_use",
            "id": call.get("id"),
            "name": call["function"]["name"],
            "input": msgspec.json.decode(call["function"].get("arguments") or "{}"),
        }
        for call in message.get("tool_calls") or []
    ]
    return _blocks(message.get("content")) + calls


def _blocks(content: Any) -> list[dict[str, Any]]:
    if not content:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [_block(part) for part in content]


def _block(part: dict[str, Any]) -> dict[str, Any]:
    if part.get("type") != "image_url":
        return part
    url = part["image_url"]["url"]
    if not url.startswith("data:"):
        return {"type": "image", "source": {"type": "url", "url": url}}
    head, _, data = url.removeprefix("data:").partition(",")
    source = {"type": "base64", "media_type": head.removesuffix(";base64"), "data": data}
    return {"type": "image", "source": source}


def _tools(request: CompletionRequest) -> dict[str, Any]:
    if is_for_a_tool(request.json_schema):
        described = "Give the answer."
        tool = {"name": ANSWER_TOOL, "description": described, "input_schema": request.json_schema}
        return {"tools": [tool], "tool_choice": {"type": "tool", "name": ANSWER_TOOL}}
    tools = [
        {
            "name": tool["function"]["name"],
            "description": tool["function"].get("description", ""),
            "input_schema": tool["function"].get("parameters") or {"type": "object"},
        }
        for tool in request.parameters.get("tools") or []
        if tool.get("type") == "function"
    ]
    if not tools:
        return {}
    choice = _tool_choice(request.parameters.get("tool_choice"))
    if request.parameters.get("parallel_tool_calls") is False and choice["type"] != "none":
        choice["disable_parallel_tool_use"] = True
    return {"tools": tools, "tool_choice": choice}


def _tool_choice(choice: Any) -> dict[str, Any]:
    if isinstance(choice, dict):
        return {"type": "tool", "name": choice["function"]["name"]}
    return {"type": {"required": "any", "none": "none"}.get(choice, "auto")}


class _Event(Struct):
    type: str = ""
    index: int = 0
    message: dict[str, Any] = {}
    content_block: dict[str, Any] = {}
    delta: dict[str, Any] = {}
    usage: dict[str, Any] | None = None
    error: dict[str, Any] = {}


_decode = msgspec.json.Decoder(_Event).decode


class StreamReader:
    """Events in order of arrival → deltas, and at the end the completion.

    Args:
        as_data: the answer is the forced tool's input, as text.
    """

    def __init__(self, *, as_data: bool = False) -> None:
        self.begun = False
        self._as_data = as_data
        # content block -> place among the tool calls
        self._calls: dict[int, int] = {}
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._stop_reason: str | None = None
        self._stopped = False

    def read(self, data: bytes) -> Delta | None:
        """One event's delta, if it has one.

        Raises:
            UpstreamError: the event is an error; UpstreamInterrupted when there were tokens before it.
            msgspec.DecodeError: it is no event.
        """
        event = _decode(data)
        match event.type:
            case "message_start":
                self._message = event.message
                self._note_usage(event.message.get("usage"))
            case "content_block_start" if event.content_block.get("type") == "tool_use":
                return self._noted(self._begin_call(event))
            case "content_block_delta":
                return self._noted(self._delta(event))
            case "message_delta":
                if isinstance(reason := event.delta.get("stop_reason"), str):
                    self._stop_reason = reason or self._stop_reason
                self._note_usage(event.usage)
            case "message_stop":
                self._stopped = True
            case "error":
                raise _failure(event.error, begun=self.begun)
        return None

    def completion(self, *, default_model: str) -> Completion:
        """The end of the stream.

        Raises:
            UpstreamError: it was cut short.
        """
        if not self._stopped or self._stop_reason is None:
            reason = "its stream ended without a message_stop"
            raise UpstreamInterrupted(reason) if self.begun else UpstreamError(reason)
        finish = _FINISH_REASONS.get(self._stop_reason, "stop")
        return Completion(
            finish_reason="stop" if self._as_data and finish == "tool_calls" else finish,
            usage=usage_from(self._usage) if self._usage else None,
            model=str(self._message.get("model") or default_model),
            raw={"id": self._message["id"]} if "id" in self._message else {},
        )

    def _note_usage(self, usage: Any) -> None:
        if isinstance(usage, dict):
            self._usage |= {name: value for name, value in usage.items() if value is not None}

    def _noted(self, delta: Delta | None) -> Delta | None:
        self.begun = self.begun or delta is not None
        return delta

    def _begin_call(self, event: _Event) -> Delta | None:
        if self._as_data:
            return None
        place = self._calls[event.index] = len(self._calls)
        block = event.content_block
        function = {"name": block.get("name"), "arguments": ""}
        call = {"index": place, "id": block.get("id"), "type": "function", "function": function}
        return Delta(raw={"tool_calls": [call]})

    def _delta(self, event: _Event) -> Delta | None:
        match event.delta:
            case {"type": "text_delta", "text": str(text)} if text and not self._as_data:
                return Delta(text=text)
            case {"type": "thinking_delta", "thinking": str(text)} if text:
                return Delta(raw={"reasoning_content": text})
            case {"type": "signature_delta", "signature": str(text)} if text:
                # without it the thought cannot be given back to the model
                return Delta(raw={"reasoning_signature": text})
            case {"type": "input_json_delta", "partial_json": str(text)} if text:
                if self._as_data:
                    return Delta(text=text)
                call = {"index": self._calls.get(event.index, 0), "function": {"arguments": text}}
                return Delta(raw={"tool_calls": [call]})
        return None


def usage_from(usage: dict[str, Any]) -> Usage | None:
    """Anthropic counts cached input beside `input_tokens`, OpenAI within: here it is within.

    None where its counts are none, as if nothing had been reported.
    """
    read = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    own = usage.get("input_tokens") or 0
    answered = usage.get("output_tokens") or 0
    if not all(map(is_count, (read, written, own, answered))):
        return None
    prompt = own + read + written
    details = {
        "prompt_tokens": prompt,
        "completion_tokens": answered,
        "total_tokens": prompt + answered,
        "prompt_tokens_details": {"cached_tokens": read, "cache_creation_tokens": written},
    }
    return Usage(input_tokens=prompt, output_tokens=answered, cached_input_tokens=read, details=details)


def _failure(error: dict[str, Any], *, begun: bool) -> UpstreamError:
    """An `error` event, which comes with status 200."""
    kind = error.get("type")
    message = f"it reported {kind}: {str(error.get('message', ''))[:1000]}"
    if begun:
        return UpstreamInterrupted(message)
    if kind in ("overloaded_error", "timeout_error"):
        return UpstreamUnavailable(message)
    statuses = {"invalid_request_error": 400, "rate_limit_error": 429, "request_too_large": 413}
    if kind in statuses:
        return UpstreamRejected(message, upstream_status=statuses[kind], body=error)
    return UpstreamError(message)
