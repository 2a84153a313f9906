"""Answers as OpenAI's `/v1/responses` gives them: the response object, and the events of its stream."""

import secrets
import time
from typing import Any

from msgspec import Struct

from backends.base import Completion, Delta
from gateway.api.answering import AnswerEvents, is_text_alone, thought_in
from gateway.api.openai.answers import report_body
from gateway.api.openai.errors import code_of
from gateway.api.openai.types import ResponsesRequest
from gateway.completions.answer import Answer, Finished
from gateway.errors import GatewayError
from gateway.net import sse

# kind of an item -> how the events of its text are named
_PARTS = {"reasoning": "reasoning_text", "message": "output_text", "refusal": "refusal"}
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def to_response(finished: Finished, data: ResponsesRequest) -> dict[str, Any]:
    """A whole answer as OpenAI's response."""
    message = finished.choices[0]["message"] if finished.choices else {}
    answered = response_head(data, model=finished.completion.model)
    return answered | _ending(finished, to_output(message)) | {"winnow": report_body(finished, ())}


def to_output(message: dict[str, Any]) -> list[dict[str, Any]]:
    """OpenAI's message → items."""
    items = []
    if thought := thought_in(message):
        items.append(_closed("reasoning", _item("reasoning"), thought))
    if text := message.get("content"):
        items.append(_closed("message", _item("message"), text))
    if refusal := message.get("refusal"):
        items.append(_closed("refusal", _item("refusal"), refusal))
    for call in message.get("tool_calls") or []:
        arguments = (call.get("function") or {}).get("arguments") or ""
        items.append(_closed("function_call", _item("function_call", call), arguments))
    return items


def response_head(data: ResponsesRequest, *, model: str) -> dict[str, Any]:
    """A response that has just begun."""
    return {
        "id": _new_id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": data.instructions,
        "max_output_tokens": data.max_output_tokens,
        "metadata": data.metadata or {},
        "model": model,
        "output": [],
        "parallel_tool_calls": data.parallel_tool_calls is not False,
        "previous_response_id": None,
        "reasoning": data.reasoning or {},
        "store": False,
        "temperature": data.temperature,
        "text": {"format": {"type": "text"}} | (data.text or {}),
        "tool_choice": data.tool_choice or "auto",
        "tools": data.tools or [],
        "top_p": data.top_p,
        "truncation": "disabled",
        "usage": None,
    }


def to_usage(completion: Completion) -> dict[str, Any] | None:
    """OpenAI's usage in this dialect's names; None where the server reported none."""
    usage = completion.usage
    if usage is None:
        return None
    thought = (usage.details.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_input_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


class _Growing(Struct):
    """An item of the output that is still being written."""

    kind: str
    item: dict[str, Any]
    # its place in the output
    place: int
    pieces: list[str] = []


class ResponseEvents(AnswerEvents):
    """An answer as the events of a response's stream, which are numbered.

    Reasoning, text and refusal are closed when another item begins, calls of functions at the end: a server may write
    several at once.
    """

    def __init__(self, answer: Answer, data: ResponsesRequest) -> None:
        super().__init__(answer)
        self._response = response_head(data, model=answer.route.name)
        self._sent = 0
        self._output: list[dict[str, Any]] = []
        self._current: _Growing | None = None
        # by the number the server gives them
        self._calls: dict[int, _Growing] = {}

    def deltas(self, deltas: list[Delta]) -> bytes:
        events = self._begin()
        texts: list[str] = []
        for delta in deltas:
            raw = delta.raw
            if is_text_alone(delta):
                texts.append(delta.text)
                continue
            events += self._grow("message", "".join(texts))
            texts = []
            events += self._grow("reasoning", thought_in(raw))
            events += self._grow("message", delta.text)
            events += self._grow("refusal", raw.get("refusal") or "")
            for place, call in enumerate(raw.get("tool_calls") or []):
                events += self._call(place if call.get("index") is None else call["index"], call)
        return b"".join([*events, *self._grow("message", "".join(texts))])

    def end(self, finished: Finished) -> bytes:
        events = [*self._begin(), *self._close_current()]
        for call in self._calls.values():
            events += self._close(call)
        self._response |= _ending(finished, self._output) | {"model": finished.completion.model}
        self._response["winnow"] = report_body(finished, ())
        events.append(self._event(f"response.{self._response['status']}", response=self._response))
        return b"".join(events)

    def failure(self, error: GatewayError) -> bytes:
        begun = self._begin()
        fault = {"code": code_of(error), "message": error.detail}
        self._response |= {"status": "failed", "error": fault, "output": self._output}
        return b"".join([*begun, self._event("response.failed", response=self._response)])

    def _begin(self) -> list[bytes]:
        if self._sent:
            return []
        return [
            self._event("response.created", response=self._response),
            self._event("response.in_progress", response=self._response),
        ]

    def _grow(self, kind: str, piece: str) -> list[bytes]:
        """A piece of reasoning, text or refusal."""
        if not piece:
            return []
        events = []
        if self._current is None or self._current.kind != kind:
            events += self._close_current()
            self._current, opened = self._open(kind, _item(kind))
            part = _part(kind, "")
            events += [
                opened,
                self._event("response.content_part.added", self._current, content_index=0, part=part),
            ]
        self._current.pieces.append(piece)
        more: dict[str, Any] = {"logprobs": []} if kind == "message" else {}
        name = f"response.{_PARTS[kind]}.delta"
        return [*events, self._event(name, self._current, content_index=0, delta=piece, **more)]

    def _call(self, index: int, call: dict[str, Any]) -> list[bytes]:
        events = []
        if index not in self._calls:
            events += self._close_current()
            self._calls[index], opened = self._open("function_call", _item("function_call", call))
            events.append(opened)
        growing = self._calls[index]
        if piece := (call.get("function") or {}).get("arguments"):
            growing.pieces.append(piece)
            events.append(self._event("response.function_call_arguments.delta", growing, delta=piece))
        return events

    def _open(self, kind: str, item: dict[str, Any]) -> tuple[_Growing, bytes]:
        growing = _Growing(kind=kind, item=item, place=len(self._output), pieces=[])
        self._output.append(item)
        return growing, self._event("response.output_item.added", output_index=growing.place, item=item)

    def _close_current(self) -> list[bytes]:
        current, self._current = self._current, None
        return self._close(current) if current else []

    def _close(self, growing: _Growing) -> list[bytes]:
        text, kind = "".join(growing.pieces), growing.kind
        if kind == "function_call":
            done = [self._event("response.function_call_arguments.done", growing, arguments=text)]
        else:
            field = "refusal" if kind == "refusal" else "text"
            more: dict[str, Any] = {"logprobs": []} if kind == "message" else {}
            name = f"response.{_PARTS[kind]}.done"
            done = [
                self._event(name, growing, content_index=0, **{field: text}, **more),
                self._event("response.content_part.done", growing, content_index=0, part=_part(kind, text)),
            ]
        item = self._output[growing.place] = _closed(kind, growing.item, text)
        return [*done, self._event("response.output_item.done", output_index=growing.place, item=item)]

    def _event(self, kind: str, growing: _Growing | None = None, **fields: Any) -> bytes:
        place = {"item_id": growing.item["id"], "output_index": growing.place} if growing else {}
        numbered = {"type": kind, "sequence_number": self._sent, **place, **fields}
        self._sent += 1
        return sse.encode_json_event(numbered, name=kind)


def _ending(finished: Finished, output: list[dict[str, Any]]) -> dict[str, Any]:
    """What a response has at its end."""
    reason = _INCOMPLETE.get(finished.completion.finish_reason)
    return {
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": to_usage(finished.completion),
    }


def _item(kind: str, call: dict[str, Any] | None = None) -> dict[str, Any]:
    """An item that has just begun."""
    if kind == "reasoning":
        return {
            "id": _new_id("rs"),
            "type": "reasoning",
            "summary": [],
            "content": [],
            "status": "in_progress",
        }
    if call is not None:
        return {
            "id": _new_id("fc"),
            "type": "function_call",
            "status": "in_progress",
            "call_id": call.get("id") or _new_id("call"),
            "name": (call.get("function") or {}).get("name") or "",
            "arguments": "",
        }
    return {
        "id": _new_id("msg"),
        "type": "message",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
    }


def _closed(kind: str, item: dict[str, Any], text: str) -> dict[str, Any]:
    """The item when all of it is there."""
    whole = {"arguments": text} if kind == "function_call" else {"content": [_part(kind, text)]}
    return item | whole | {"status": "completed"}


def _part(kind: str, text: str) -> dict[str, Any]:
    if kind == "reasoning":
        return {"type": "reasoning_text", "text": text}
    if kind == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(12)}"
