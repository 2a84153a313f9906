"""Answers in OpenAI's shapes: the events of a stream, and the body of a plain completion."""

import time
from collections.abc import Sequence
from typing import Any

from backends.base import Delta
from gateway.api.answering import AnswerEvents
from gateway.api.openai.errors import error_body
from gateway.completions.answer import Answer, Finished
from gateway.completions.attempts import new_answer_id
from gateway.errors import GatewayError
from gateway.net import sse
from gateway.wire import WebSource


class ChatEvents(AnswerEvents):
    """An answer as the events of OpenAI's stream.

    Chunks of servers that speak this format go out as they came in. The usage chunk is sent to those who
    asked for it, just before `[DONE]`; a failure is an event of its own, and no `[DONE]` follows it.
    """

    def __init__(self, answer: Answer, *, with_usage: bool, sources: Sequence[WebSource] = ()) -> None:
        super().__init__(answer)
        self._sources = sources
        self._with_usage = with_usage
        self._head = {
            "id": new_answer_id(),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": answer.route.name,
        }
        self._begun = False
        self._verbatim = False

    def deltas(self, deltas: list[Delta]) -> bytes:
        return b"".join([self._event(delta) for delta in deltas])

    def end(self, finished: Finished) -> bytes:
        return b"".join(self._end(finished))

    def failure(self, error: GatewayError) -> bytes:
        return sse.encode_json_event(error_body(error))

    def _event(self, delta: Delta) -> bytes:
        if delta.chunk:
            self._verbatim = True
            return sse.encode_event(delta.chunk)
        body = delta.raw or {"content": delta.text}
        if not self._begun:
            self._begun = True
            body = {"role": "assistant"} | body
        return self._chunk([{"index": 0, "delta": body, "finish_reason": None}])

    def _end(self, finished: Finished) -> list[bytes]:
        events = []
        if not self._verbatim:
            reason = finished.completion.finish_reason
            events.append(self._chunk([{"index": 0, "delta": {}, "finish_reason": reason}]))
        else:
            # what follows belongs to the same completion
            said = finished.completion
            self._head |= {"id": said.raw["id"], "created": said.raw["created"], "model": said.model}
        if self._with_usage:
            report = report_body(finished, self._sources)
            events.append(self._chunk([], usage=usage_body(finished), winnow=report))
        return [*events, sse.DONE]

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return sse.encode_json_event(self._head | {"choices": choices} | more)


def whole_body(finished: Finished, sources: Sequence[WebSource] = ()) -> dict[str, Any]:
    """OpenAI's plain completion, with what this gateway knows of it under `winnow`."""
    completion = finished.completion
    body = {
        **completion.raw,
        "object": "chat.completion",
        "model": completion.model,
        "choices": finished.choices,
        "winnow": report_body(finished, sources),
    }
    return body if completion.usage is None else body | {"usage": usage_body(finished)}


def usage_body(finished: Finished) -> dict[str, Any] | None:
    """OpenAI's usage object: the server's own where it speaks this format."""
    usage = finished.completion.usage
    if usage is None:
        return None
    return usage.details or {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
    }


def report_body(finished: Finished, sources: Sequence[WebSource]) -> dict[str, Any]:
    """Where the answer came from, how fast, what it cost, and which page got how much of the prompt."""
    report: dict[str, Any] = {
        "backend": finished.backend,
        "cache": finished.cache,
        "timings": finished.timings,
        "cost": finished.cost,
    }
    if finished.failed_models:
        report["failed_models"] = finished.failed_models
    if sources:
        report["web"] = sources
    return report
