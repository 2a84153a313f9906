"""Replays a script: for tests, and for trying the gateway without a model or a key."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from backends.base import (
    Completion,
    CompletionRequest,
    Delta,
    FinishReason,
    ModelInfo,
    UpstreamInterrupted,
    UpstreamRejected,
    UpstreamUnavailable,
    Usage,
    identity_of,
)
from backends.specs import BackendSpec


class Reply(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One scripted answer.

    `match` is a text that the last message must contain, empty for any. With `status` the request is refused
    before the first delta; with `fail_after` it breaks after that many deltas. `usage` counts words unless
    given.
    """

    match: str = ""
    deltas: list[str] = []
    reasoning: list[str] = []
    refusal: str = ""
    tool_calls: list[dict[str, Any]] = []
    finish_reason: FinishReason = "stop"
    usage: Usage | None = None
    # before the first delta
    delay_s: float = 0
    # before each other
    gap_s: float = 0
    status: int | None = None
    retry_after_s: float | None = None
    fail_after: int | None = None
    # deltas, then what is no Exception, as of a library in Rust
    panic_after: int | None = None


class ScriptedPanic(BaseException):
    """A failure that no `except Exception` sees."""


_ECHO = Reply(deltas=["This ", "is ", "a ", "scripted ", "answer."])


class ScriptedBackend:
    """Answers each request with the first reply that matches it.

    Args:
        replies: in order of precedence, or a function of the request; five fixed words when empty.
        name: the backend's name.
        models: the models it claims to serve.

    `requests` records what was asked, `closed` counts streams that were closed before their end.
    """

    def __init__(
        self,
        replies: list[Reply] | Callable[[CompletionRequest], Reply] = [],  # noqa: B006 -- read only
        *,
        name: str = "scripted",
        models: list[ModelInfo] | None = None,
    ) -> None:
        self.name = name
        self.requests: list[CompletionRequest] = []
        self.closed = 0
        self._replies = replies
        self._models = models or [ModelInfo(name="scripted")]

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        self.requests.append(request)
        reply = self._reply_to(request)
        finished = False
        try:
            await asyncio.sleep(reply.delay_s)
            if reply.status is not None:
                raise _refusal(reply)
            for index, delta in enumerate(_deltas(reply)):
                if index and reply.gap_s:
                    await asyncio.sleep(reply.gap_s)
                if reply.fail_after == index:
                    finished = True
                    raise UpstreamInterrupted(f"scripted to break after {index} deltas")
                if reply.panic_after == index:
                    raise ScriptedPanic(f"scripted to panic after {index} deltas")
                yield delta
            finished = True
            yield Completion(
                finish_reason=reply.finish_reason,
                usage=reply.usage or _count_words(request, reply),
                model=request.model,
            )
        finally:
            self.closed += not finished and reply.status is None

    async def models(self) -> list[ModelInfo]:
        return self._models

    async def identity(self, model: str) -> str:
        return identity_of("scripted", None if callable(self._replies) else self._replies)

    async def count_tokens(self, text: str, *, model: str) -> int | None:
        return None

    async def health(self) -> str | None:
        return None

    async def aclose(self) -> None:
        pass

    def _reply_to(self, request: CompletionRequest) -> Reply:
        if callable(self._replies):
            return self._replies(request)
        asked = str(request.messages[-1].get("content", "")) if request.messages else ""
        return next((reply for reply in self._replies if reply.match in asked), _ECHO)


def build(spec: BackendSpec) -> ScriptedBackend:
    """A backend from a spec; `path` names a JSON list of replies."""
    replies = msgspec.json.decode(Path(spec.path).read_bytes(), type=list[Reply]) if spec.path else []
    models = [
        ModelInfo(name=model.upstream or model.name, context_tokens=model.context_tokens)
        for model in spec.models
    ]
    return ScriptedBackend(replies, name=spec.name, models=models or None)


def _deltas(reply: Reply) -> list[Delta]:
    reasoning = [Delta(raw={"reasoning_content": text}) for text in reply.reasoning]
    texts = [Delta(text=text) for text in reply.deltas]
    tools = [Delta(raw={"tool_calls": [call]}) for call in reply.tool_calls]
    refusal = [Delta(raw={"refusal": reply.refusal})] if reply.refusal else []
    return reasoning + texts + refusal + tools


def _refusal(reply: Reply) -> Exception:
    status, after = reply.status or 500, reply.retry_after_s
    if status in (502, 503, 504):
        return UpstreamUnavailable(f"scripted to answer {status}", retry_after_s=after)
    return UpstreamRejected(f"scripted to answer {status}", upstream_status=status, retry_after_s=after)


def _count_words(request: CompletionRequest, reply: Reply) -> Usage:
    asked = sum(len(str(message.get("content", "")).split()) for message in request.messages)
    answered = len([*reply.reasoning, *reply.deltas, *reply.tool_calls])
    details = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
    return Usage(input_tokens=asked, output_tokens=answered, details=details)
