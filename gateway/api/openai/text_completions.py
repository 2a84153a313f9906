"""`POST /v1/completions`, OpenAI's older shape: a text goes on. Decode, call, encode."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from backends.base import CompletionRequest, Delta
from gateway.api.answering import AnswerEvents, cache_policy, check_operators_fields, respond
from gateway.api.middleware import request_context
from gateway.api.openai.answers import report_body, usage_body
from gateway.api.openai.errors import error_body
from gateway.api.openai.types import TextCompletionRequest
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.completions.answer import Answer, Finished
from gateway.completions.attempts import new_answer_id
from gateway.core.llm.choices import decode_chunk
from gateway.errors import GatewayError, InvalidRequest
from gateway.net import sse
from gateway.wire import encode_json

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
    asked, *more = to_completion_requests(data, fields)
    if more:
        if data.stream:
            raise InvalidRequest(
                "prompt: a stream goes on from one text; send one, or leave `stream` out", field="prompt"
            )
        async with cancelled_on_disconnect(request.receive):
            finished = await _answer_each([asked, *more], request, services)
        return ASGIResponse(body=encode_json(to_text_completions(finished)))
    wants_usage = bool((data.stream_options or {}).get("include_usage"))
    return await respond(
        request,
        services,
        asked,
        events=lambda answer: TextEvents(answer, with_usage=wants_usage),
        body=to_text_completion,
    )


async def _answer_each(
    requests: list[CompletionRequest], request: Request[Any, Any, Any], services: Services
) -> list[Finished]:
    """All answers; the first that fails ends the others."""
    context, cache = request_context(request), cache_policy(request.headers.get("cache-control", ""))

    async def answer(asked: CompletionRequest) -> Finished:
        opened = await services.completer.open(asked, tenant=context.key, cache=cache, spend=context.spend)
        return await opened.whole()

    tasks = [asyncio.create_task(answer(asked)) for asked in requests]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def to_completion_requests(data: TextCompletionRequest, fields: dict[str, Any]) -> list[CompletionRequest]:
    """What the backends take, one for each text."""
    return [
        CompletionRequest(
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
        for prompt in ([data.prompt] if isinstance(data.prompt, str) else data.prompt)
    ]


def to_text_completions(several: Sequence[Finished]) -> dict[str, Any]:
    """The answers to several texts as one of OpenAI's: its choices are theirs, one text's after the other's."""
    whole = [to_text_completion(finished) for finished in several]
    choices = [choice for each in whole for choice in each["choices"]]
    body = whole[0] | {"choices": [choice | {"index": at} for at, choice in enumerate(choices)]}
    body.pop("winnow")
    usages = [finished.completion.usage for finished in several]
    if any(usage is None for usage in usages):
        body.pop("usage", None)
        return body
    sent = sum(usage.input_tokens for usage in usages if usage)
    said = sum(usage.output_tokens for usage in usages if usage)
    return body | {"usage": {"prompt_tokens": sent, "completion_tokens": said, "total_tokens": sent + said}}


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
