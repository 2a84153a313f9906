"""One caller's view of an answer that is being generated, and the report at its end."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from backends.base import Completion, Delta, Price, Route, Usage
from gateway.completions.broadcast import Subscriber
from gateway.completions.completion_cache import Stored
from gateway.core.llm.choices import decode_chunk, fold_choices, replay_choices
from gateway.core.llm.timing import TokenTimings, measure_tokens
from gateway.errors import GatewayError
from gateway.wire import CacheReport, encode_json

# an answer that has begun, without a token yet, keeps its caller waiting for a status no longer
HOLD_S = 5.0


class Cost(Struct, kw_only=True, frozen=True):
    """US dollars by configured prices: spent, and not spent because the answer was there already."""

    usd: float = 0
    saved_usd: float = 0


class Finished(Struct, kw_only=True, frozen=True):
    """The end of an answer."""

    # as callers name it
    model: str
    backend: str
    completion: Completion
    # OpenAI's, with `message` and `finish_reason`
    choices: list[dict[str, Any]]
    timings: TokenTimings
    cost: Cost
    cache: CacheReport
    # models that failed before this one answered, with the reasons
    failed_models: list[str] = []

    @property
    def text(self) -> str:
        """The first choice's content."""
        content = (self.choices[0]["message"].get("content") or "") if self.choices else ""
        if isinstance(content, str):
            return content
        # in parts, as Mistral's thinking models do
        texts = [part.get("text") for part in content if part.get("type") == "text"]
        return "".join(text for text in texts if isinstance(text, str))


class Watcher(Protocol):
    """Is called with the end of every answer (metrics)."""

    def finished(self, finished: Finished) -> None: ...

    def failed(self, error: GatewayError, *, route: Route, after_ms: float) -> None: ...


class Result(Struct, kw_only=True, frozen=True):
    """The end of a broadcast, before each subscriber adds its own timings and cost."""

    stored: Stored
    route: Route
    token_times: list[float]
    is_over: float
    failed_models: list[str]
    not_stored: str | None = None


def with_warning(result: Result, code: str, message: str) -> Result:
    """The result with a warning of ours, for which it is not stored."""
    completion = result.stored.completion
    warnings = [*completion.raw.get("warnings", []), {"code": code, "message": message}]
    completion = msgspec.structs.replace(completion, raw=completion.raw | {"warnings": warnings})
    stored = msgspec.structs.replace(result.stored, completion=completion)
    return msgspec.structs.replace(result, stored=stored, not_stored=message)


class Answer:
    """One caller's view of an answer: batches of deltas as they come, then `finished`.

    Whoever opened it closes it, at any time, from anywhere: a reader that waits gets SubscriberClosed, and an
    answer without readers is stopped at its backend.
    """

    def __init__(
        self,
        source: Subscriber[Delta, Result],
        *,
        route: Route,
        cache: CacheReport,
        started: float,
        clock: Callable[[], float],
        watcher: Watcher | None,
        forget: Callable[[Stored], Awaitable[None]],
    ) -> None:
        # as asked for; `finished` says which one answered
        self.route = route
        self.cache = cache
        # None until there is a token
        self.ttft_ms: float | None = None
        self.finished: Finished | None = None
        self._source = source
        self._forget = forget
        self._started = started
        # when this caller could have its first token
        self._first: float | None = None
        self._clock = clock
        self._watcher = watcher

    async def opened(self) -> None:
        """Wait for the first token, or HOLD_S after the source became active; raise a failure that came instead."""
        try:
            has_token = await self._source.first(patience_s=HOLD_S)
        except GatewayError as error:
            self._report_failure(error)
            raise
        if has_token:
            self._first = self._clock()
            self.ttft_ms = round((self._first - self._started) * 1000, 3)

    async def batch(self) -> list[Delta]:
        """What came since the last call, waiting for it; empty at the end, or when woken by `wake`."""
        try:
            deltas = await self._source.batch()
        except GatewayError as error:
            self._report_failure(error)
            raise
        if self.finished is None and (result := self._source.end) is not None:
            self.finished = self._finish(result)
            if self._watcher:
                self._watcher.finished(self.finished)
        return deltas

    async def whole(self) -> Finished:
        """Wait for the end, and close."""
        try:
            while self.finished is None:
                await self.batch()
            return self.finished
        finally:
            self.close()

    async def reject(self) -> None:
        """Remove a finished answer that its reader found invalid from the cache, so that it is not served again."""
        assert self._source.end is not None
        await self._forget(self._source.end.stored)

    def wake(self) -> None:
        """Make a waiting `batch` return."""
        self._source.wake()

    def close(self) -> None:
        self._source.close()

    def _finish(self, result: Result) -> Finished:
        stored, usage = result.stored, result.stored.completion.usage
        cost = cost_usd(usage, result.route.price)
        first = self._first if self._first is not None else result.is_over
        if result.token_times:
            # a plain request's were held
            first = min(first, max(self._started, result.token_times[0]))
        arrivals = [first, *(at for at in result.token_times if at > first)]
        return Finished(
            model=result.route.name,
            backend=result.route.backend.name,
            completion=stored.completion,
            choices=stored.choices,
            timings=measure_tokens(
                arrivals,
                started=self._started,
                finished=max(first, result.is_over),
                output_tokens=usage.output_tokens if usage and result.token_times else 0,
                queue_ms=stored.completion.queue_ms if result.token_times else 0,
            ),
            cost=Cost(saved_usd=cost) if self.cache.status == "hit" else Cost(usd=cost),
            cache=msgspec.structs.replace(self.cache, not_stored=result.not_stored),
            failed_models=result.failed_models,
        )

    def _report_failure(self, error: GatewayError) -> None:
        if self._watcher:
            after_ms = (self._clock() - self._started) * 1000
            self._watcher.failed(error, route=self.route, after_ms=after_ms)


def cost_usd(usage: Usage | None, price: Price | None) -> float:
    """US dollars of an answer: cached input at its own rate, and only there."""
    if usage is None or price is None:
        return 0.0
    cached_rate = price.input if price.cached_input is None else price.cached_input
    fresh_tokens = usage.input_tokens - usage.cached_input_tokens
    per_million = (
        fresh_tokens * price.input
        + usage.cached_input_tokens * cached_rate
        + usage.output_tokens * price.output
    )
    return round(per_million / 1_000_000, 9)


def final_choices(deltas: list[Delta], completion: Completion) -> list[dict[str, Any]]:
    """A whole stream as the `choices` of a plain completion."""
    chunks = [
        decode_chunk(delta.chunk).choices if delta.chunk else [{"delta": {"content": delta.text} | delta.raw}]
        for delta in deltas
    ]
    if not any(delta.chunk for delta in deltas):
        # such a stream has the reason only at its end
        chunks.append([{"finish_reason": completion.finish_reason}])
    return fold_choices(chunks)


def replay_deltas(stored: Stored) -> list[Delta]:
    """A kept answer as the chunks of a stream."""
    envelope = {
        **stored.completion.raw,
        "object": "chat.completion.chunk",
        "model": stored.completion.model,
    }
    deltas = []
    for choices in replay_choices(stored.choices):
        delta = choices[0]["delta"]
        text = (delta.get("content") or "") if choices[0]["index"] == 0 else ""
        chunk = encode_json(envelope | {"choices": choices})
        deltas.append(Delta(text=text, raw=delta, chunk=chunk))
    return deltas
