"""`POST /v1/completions`, OpenAI's older shape: a text goes on. Decode, call, encode."""

import time
from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from backends.base import CompletionRequest, Delta
from gateway.api.answering import AnswerEvents, check_operators_fields, respond
from gateway.api.openai.answers import report_body, usage_body
from gateway.api.openai.errors import error_body
from gateway.api.openai.types import TextCompletionRequest
from gateway.api.services import Services
from gateway.completions.answer import Answer, Finished
from gateway.completions.attempts import new_answer_id
from gateway.core.llm.choices import decode_chunk
from gateway.errors import GatewayError
from gateway.net import sse

_OURS = {"model", "prompt", "stream", "stream_options"}


@post(
    "/completions",
    status_code=200,
    summary="Go on from a text",
    tags=["models"],
    opt={"access": "chat", "work": True, "body": "messages"},
)
async def create_text_completion(
    request: Request[Any, Any, Any],
    body: RawBody,
    services: NamedDependency[Services],
) -> ASGIResponse:
    """OpenAI's text completions; a backend that has chats alone answers the prompt as a user's message."""
    fields, data = await services.bodies.decode_fields(body, TextCompletionRequest, receive=request.receive)
    check_operators_fields(fields)
    wants_usage = bool((data.stream_options or {}).get("include_usage"))
    return await respond(
        request,
        services,
        to_completion_request(data, fields),
        events=lambda answer: TextEvents(answer, with_usage=wants_usage),
        body=to_text_completion,
    )


def to_completion_request(data: TextCompletionRequest, fields: dict[str, Any]) -> CompletionRequest:
    """What the backends take."""
    prompt = data.prompt if isinstance(data.prompt, str) else data.prompt[0]
    return CompletionRequest(
        model=data.model or "",
        messages=[{"role": "user", "content": prompt}],
        prompt=prompt,
        max_output_tokens=data.max_tokens,
        temperature=data.temperature,
        seed=data.seed,
        stop=[data.stop] if isinstance(data.stop, str) else data.stop or [],
        stream=bool(data.stream),
        parameters={name: value for name, value in fields.items() if name not in _OURS},
    )


def to_text_completion(finished: Finished) -> dict[str, Any]:
    """OpenAI's text completion, with what this gateway knows of it under `winnow`."""
    completion = finished.completion
    body = {
        **completion.raw,
        "object": "text_completion",
        "model": completion.model,
        "choices": [_choice(choice, choice["message"]) for choice in finished.choices],
        "winnow": report_body(finished, ()),
    }
    return body if completion.usage is None else body | {"usage": usage_body(finished)}


class TextEvents(AnswerEvents):
    """An answer as the events of a stream of text completions."""

    def __init__(self, answer: Answer, *, with_usage: bool) -> None:
        super().__init__(answer)
        self._with_usage = with_usage
        self._finished = False
        self._head = {
            "id": new_answer_id().replace("chatcmpl", "cmpl"),
            "object": "text_completion",
            "created": int(time.time()),
            "model": answer.route.name,
        }

    def deltas(self, deltas: list[Delta]) -> bytes:
        return b"".join([self._event(delta) for delta in deltas])

    def end(self, finished: Finished) -> bytes:
        events = []
        if not self._finished:
            reason = finished.completion.finish_reason
            events.append(self._chunk([_choice({"index": 0, "finish_reason": reason}, {})]))
        if self._with_usage:
            events.append(self._chunk([], usage=usage_body(finished), winnow=report_body(finished, ())))
        return b"".join([*events, sse.DONE])

    def failure(self, error: GatewayError) -> bytes:
        return sse.encode_json_event(error_body(error))

    def _event(self, delta: Delta) -> bytes:
        if not delta.chunk:
            return self._chunk([_choice({"index": 0}, {"content": delta.text})])
        choices = decode_chunk(delta.chunk).choices
        self._finished = self._finished or any(choice.get("finish_reason") for choice in choices)
        return self._chunk([_choice(choice, choice.get("delta") or {}) for choice in choices])

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return sse.encode_json_event(self._head | {"choices": choices} | more)


def _choice(choice: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """A chat's choice, whose `message` or `delta` is `said`, as one of a text completion."""
    return {
        "index": choice.get("index") or 0,
        "text": said.get("content") or "",
        "logprobs": choice.get("logprobs"),
        "finish_reason": choice.get("finish_reason"),
    }
