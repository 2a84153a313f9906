"""Answers in Anthropic's shapes: the events of a stream, and a whole message. Pure but for the stream's source."""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from backends.base import Completion, Delta, Usage
from gateway.api.answering import AnswerEvents, is_text_alone, thought_in
from gateway.api.anthropic.errors import error_body
from gateway.completions.answer import Answer, Finished
from gateway.errors import BackendInterrupted, GatewayError
from gateway.net import sse
from gateway.wire import encode_json

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":%b}\n\n'


def to_message(finished: Finished, *, stop_sequences: Sequence[str] = ()) -> dict[str, Any]:
    """A whole answer as Anthropic's message."""
    choice = finished.choices[0] if finished.choices else {"message": {}}
    reason, matched = stop_reason(finished.completion, choice, stop_sequences)
    return {
        "id": new_message_id(),
        "type": "message",
        "role": "assistant",
        "model": finished.completion.model,
        "content": to_blocks(choice["message"]),
        "stop_reason": reason,
        "stop_sequence": matched,
        "usage": to_usage(finished.completion.usage),
    }


def to_blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    """OpenAI's message → Anthropic's blocks."""
    blocks: list[dict[str, Any]] = []
    if thought := thought_in(message):
        signature = message.get("reasoning_signature") or ""
        blocks.append({"type": "thinking", "thinking": thought, "signature": signature})
    if text := message.get("content") or message.get("refusal"):
        blocks.append({"type": "text", "text": text})
    for call in message.get("tool_calls") or []:
        function = call.get("function") or {}
        blocks.append(
            {
                "type": "tool_use",
                "id": call.get("id") or new_call_id(),
                "name": function.get("name") or "",
                "input": _read_input(function.get("arguments")),
            }
        )
    return blocks


def stop_reason(
    completion: Completion, choice: dict[str, Any], stop_sequences: Sequence[str]
) -> tuple[str, str | None]:
    """Anthropic's `stop_reason` and `stop_sequence`; the latter is known where the server tells it, as vLLM does."""
    matched = choice.get("stop_reason")
    if completion.finish_reason == "stop":
        if choice["message"].get("tool_calls"):
            # some servers say `stop` behind calls
            return "tool_use", None
        if isinstance(matched, str) and matched in stop_sequences:
            return "stop_sequence", matched
    return _STOP_REASONS[completion.finish_reason], None


def to_usage(usage: Usage | None) -> dict[str, int]:
    """Anthropic's usage, which counts cached input beside `input_tokens`; zeros where the server reported none."""
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    written = (usage.details.get("prompt_tokens_details") or {}).get("cache_creation_tokens") or 0
    return {
        "input_tokens": usage.input_tokens - usage.cached_input_tokens - written,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "cache_creation_input_tokens": written,
        "output_tokens": usage.output_tokens,
    }


class MessageEvents(AnswerEvents):
    """An answer as the events of Anthropic's stream.

    One block is open at a time: thinking, text, or one call of a tool; texts that come together are sent together.
    What the prompt took is known only at the end, where `message_delta` says it.
    """

    def __init__(self, answer: Answer, *, stop_sequences: Sequence[str] = ()) -> None:
        super().__init__(answer)
        self._model = answer.route.name
        self._stop_sequences = stop_sequences
        self._begun = False
        # of the open block; -1 before the first
        self._index = -1
        # ("text",), ("thinking",) or ("call", index); None: none is open
        self._open: tuple[Any, ...] | None = None
        self._calls: set[int] = set()

    def deltas(self, deltas: list[Delta]) -> bytes:
        events = self._begin()
        texts: list[str] = []
        for delta in deltas:
            raw = delta.raw
            if is_text_alone(delta):
                texts.append(delta.text)
                continue
            events += self._text(texts)
            events += self._thought(raw)
            events += self._text([delta.text, raw.get("refusal") or ""])
            for place, call in enumerate(raw.get("tool_calls") or []):
                events += self._call(call, place)
            texts = []
        return b"".join([*events, *self._text(texts)])

    def end(self, finished: Finished) -> bytes:
        choice = finished.choices[0] if finished.choices else {"message": {}}
        reason, matched = stop_reason(finished.completion, choice, self._stop_sequences)
        return b"".join(
            [
                *self._begin(),
                *self._close(),
                _event(
                    "message_delta",
                    delta={"stop_reason": reason, "stop_sequence": matched},
                    usage=to_usage(finished.completion.usage),
                ),
                _event("message_stop"),
            ]
        )

    def failure(self, error: GatewayError) -> bytes:
        return sse.encode_json_event(error_body(error), name="error")

    def _begin(self) -> list[bytes]:
        if self._begun:
            return []
        self._begun = True
        message: dict[str, Any] = {
            "id": new_message_id(),
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        return [_event("message_start", message=message)]

    def _text(self, texts: list[str]) -> list[bytes]:
        if not (text := "".join(texts)):
            return []
        opened = self._enter(("text",), {"type": "text", "text": ""})
        return [*opened, self._delta({"type": "text_delta", "text": text})]

    def _thought(self, raw: dict[str, Any]) -> list[bytes]:
        events = []
        if thought := thought_in(raw):
            events += self._enter(("thinking",), {"type": "thinking", "thinking": "", "signature": ""})
            events.append(self._delta({"type": "thinking_delta", "thinking": thought}))
        if (signature := raw.get("reasoning_signature")) and self._open == ("thinking",):
            events.append(self._delta({"type": "signature_delta", "signature": signature}))
        return events

    def _call(self, call: dict[str, Any], place: int) -> list[bytes]:
        index, function = call.get("index"), call.get("function") or {}
        index = place if index is None else index
        events = []
        if self._open != ("call", index):
            if index in self._calls:
                raise BackendInterrupted(
                    "the model's server wrote two calls of tools at once, which Anthropic's stream cannot hold; ask "
                    "without `stream`"
                )
            self._calls.add(index)
            block: dict[str, Any] = {
                "type": "tool_use",
                "id": call.get("id") or new_call_id(),
                "name": function.get("name") or "",
                "input": {},
            }
            events += self._enter(("call", index), block)
        if arguments := function.get("arguments"):
            events.append(self._delta({"type": "input_json_delta", "partial_json": arguments}))
        return events

    def _enter(self, kind: tuple[Any, ...], block: dict[str, Any]) -> list[bytes]:
        """Close what is open, unless it is this, and open it."""
        if self._open == kind:
            return []
        closed = self._close()
        self._open = kind
        self._index += 1
        return [*closed, _event("content_block_start", index=self._index, content_block=block)]

    def _close(self) -> list[bytes]:
        if self._open is None:
            return []
        self._open = None
        return [_event("content_block_stop", index=self._index)]

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _DELTA % (self._index, encode_json(delta))


def new_message_id() -> str:
    return f"msg_{secrets.token_hex(12)}"


def new_call_id() -> str:
    return f"toolu_{secrets.token_hex(12)}"


def _event(kind: str, **fields: Any) -> bytes:
    return sse.encode_json_event({"type": kind, **fields}, name=kind)


def _read_input(arguments: Any) -> Any:
    """A call's arguments as an object; what is none stands under `arguments`, for the caller to see."""
    try:
        value = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, RecursionError, TypeError):
        value = arguments
    return value if isinstance(value, dict) else {"arguments": value}
