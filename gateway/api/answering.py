"""The way of a prompt through every dialect of models: begin, wait for the first token, then stream or collect."""

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from litestar import Request
from litestar.response.base import ASGIResponse

from backends.base import CompletionRequest, Delta
from gateway.api.context import stages
from gateway.api.middleware import request_context
from gateway.api.problems import OURS
from gateway.api.services import Services
from gateway.api.streaming import DisconnectWatcher, EventStream
from gateway.completions.answer import Answer, Finished
from gateway.completions.broadcast import SubscriberClosed
from gateway.completions.completion_cache import CachePolicy
from gateway.errors import GatewayError, InternalError, InvalidRequest
from gateway.wire import CacheReport, encode_json

_log = logging.getLogger("winnow.models")
# where and as whom a request goes is the operator's to say
_OPERATORS = {"base_url", "api_base", "api_key", "api_type", "api_version", "extra_headers", "extra_query"}


class AnswerEvents:
    """An answer as the events of a stream: a dialect says what deltas, the end and a failure are."""

    def __init__(self, answer: Answer) -> None:
        self.ended = False
        self._answer = answer

    async def read(self) -> bytes:
        try:
            deltas = await self._answer.batch()
        except GatewayError as error:
            return self._fail(error)
        except SubscriberClosed:
            raise
        except Exception:
            _log.exception("an answer broke")
            return self._fail(InternalError(OURS))
        try:
            said = self.deltas(deltas)
            if (finished := self._answer.finished) is not None:
                self.ended = True
                said += self.end(finished)
        except GatewayError as error:
            return self._fail(error)
        return said

    def wake(self) -> None:
        self._answer.wake()

    def close(self) -> None:
        self._answer.close()

    def deltas(self, deltas: list[Delta]) -> bytes:
        """What came since the last time; may be nothing."""
        raise NotImplementedError

    def end(self, finished: Finished) -> bytes:
        """The end of a whole answer."""
        raise NotImplementedError

    def failure(self, error: GatewayError) -> bytes:
        """The end of one that failed after its status had been sent."""
        raise NotImplementedError

    def _fail(self, error: GatewayError) -> bytes:
        self.ended = True
        return self.failure(error)


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    asked: CompletionRequest,
    *,
    events: Callable[[Answer], AnswerEvents],
    body: Callable[[Finished], Any],
    identity: Any = None,
    headers: Mapping[str, str] | None = None,
) -> ASGIResponse:
    """The model's answer to `asked`: streamed where it asks for that, else whole.

    Args:
        events, body: the answer in the dialect's shapes.
        identity: what stands for the messages in the cache's key, as in `Completer.begin`.
        headers: of the response, beside those that tell of the cache and the first token.
    """
    context = request_context(request)
    more = dict(headers or {})
    with ExitStack() as unless_streamed:
        answer = await services.completer.begin(
            asked,
            tenant=context.key,
            cache=cache_policy(request.headers.get("cache-control", "")),
            identity=identity,
            spend=context.spend,
        )
        unless_streamed.callback(answer.close)
        context.facts["cache"] = answer.cache.status
        context.add_facts(lambda: stages(ttft_ms=answer.ttft_ms))
        disconnect = DisconnectWatcher(request.receive)
        unless_streamed.callback(disconnect.stop)
        disconnect.then(answer.close)
        try:
            await answer.opened()
            if asked.stream:
                unless_streamed.pop_all()
                sent = answer_headers(answer.cache, answer.ttft_ms) | more
                return EventStream(events(answer), disconnect, headers=sent)
            while answer.finished is None:
                await answer.batch()
        except SubscriberClosed:
            # the client has disconnected
            return ASGIResponse(status_code=499)
    finished = answer.finished
    sent = answer_headers(finished.cache, finished.timings.ttft_ms) | more
    return ASGIResponse(body=encode_json(body(finished)), headers=sent)


def is_text_alone(delta: Delta) -> bool:
    """Whether a piece of an answer is text and nothing else, as nearly every one is."""
    return len(delta.raw) <= 1 and ("content" in delta.raw or not delta.raw)


def thought_in(said: Mapping[str, Any]) -> str:
    """What a model thought, in a message or a delta of OpenAI's, by either of the names that servers have for it."""
    return str(said.get("reasoning_content") or said.get("reasoning") or "")


def check_operators_fields(fields: Mapping[str, Any]) -> None:
    """Raises InvalidRequest for a body that names an address or a key, which are the operator's to configure."""
    for name in _OPERATORS & fields.keys():
        raise InvalidRequest(
            f"`{name}` cannot be set by a request: backends and their keys are configured on the server",
            field=name,
        )


def cache_policy(header: str) -> CachePolicy:
    """`Cache-Control` of a request (RFC 9111, 5.2.1) → what the cache may do."""
    directives = dict(part.strip().lower().partition("=")[::2] for part in header.split(","))
    if "no-store" in directives:
        return CachePolicy(read=False, write=False)
    if "no-cache" in directives:
        return CachePolicy(read=False)
    age = directives.get("max-age", "").strip('"')
    # a header is Latin-1, whose ² is a digit too
    if age.isascii() and age.isdigit():
        # what is longer is more than any answer's age, and no number of seconds a store would take
        return CachePolicy(max_age_s=float(age[:10]), sampled=True)
    return CachePolicy()


def answer_headers(cache: CacheReport, ttft_ms: float | None) -> dict[str, str]:
    """`x-cache`, and `x-ttft-ms` where there is a token already."""
    headers: dict[str, str] = {"x-cache": cache.status}
    return headers if ttft_ms is None else headers | {"x-ttft-ms": f"{ttft_ms:.3f}"}
