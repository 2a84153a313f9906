"""One answer from the first of a model and its fallbacks that gives one.

What is sent cannot be taken back, so a fallback is tried only as long as nothing was: before the first token of a
stream, and until the end of a plain request. One deadline covers all tries.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Protocol

import msgspec

from backends.base import (
    Completion,
    CompletionRequest,
    Delta,
    Route,
    UnknownModel,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from gateway.completions.answer import Result, final_choices
from gateway.completions.broadcast import Broadcast
from gateway.completions.completion_cache import Stored
from gateway.completions.failures import is_overflow, is_worth_a_fallback, to_gateway_error
from gateway.completions.files import can_be_asked
from gateway.completions.model_span import ModelSpan, model_span
from gateway.telemetry.spans import trace_headers

# of one answer, all of which is kept until its end; the longest of today's models come as some 130,000 pieces
MAX_PIECES = 2**18
MAX_BYTES = 64 * 1024**2
# is called with what a call gave that nobody got
Lost = Callable[[Route, list[Delta]], object]


class Routes(Protocol):
    """What a Completer needs of the registry."""

    async def resolve(self, model: str | None = None) -> Route: ...

    async def models(self) -> list[Route]: ...

    def aliases(self) -> dict[str, str]: ...


class Attempts:
    """The tries at one answer; its deltas go to the broadcast as they may be sent.

    Args:
        routes: the registry, for fallbacks.
        clock: seconds, monotonic.
        lost: is called with the tokens of a try that were generated and thrown away.
    """

    def __init__(
        self,
        routes: Routes,
        broadcast: Broadcast[Delta, Result],
        request: CompletionRequest,
        *,
        clock: Callable[[], float],
        lost: Lost,
    ) -> None:
        self._routes, self._broadcast, self._request = routes, broadcast, request
        self._clock, self._lost = clock, lost
        # of the try that runs, not sent yet
        self.held: list[Delta] = []

    async def run(self, route: Route, failed_models: list[str]) -> Result:
        """Try the route, then its fallbacks.

        Args:
            failed_models: those that failed already; grows.
        Raises:
            GatewayError: no try was worth another.
        """
        broadcast, request = self._broadcast, self._request
        deadline = asyncio.get_running_loop().time() + request.timeout_s
        fallbacks = iter(route.fallbacks)
        while True:
            held = self.held = []
            token_times: list[float] = []
            try:
                with model_span(request, route) as call:
                    completion = await self._try(route, token_times, call, deadline=deadline)
                    call.completed(completion)
                break
            except UpstreamError as failure:
                begun = bool(broadcast.items) or isinstance(failure, UpstreamInterrupted)
                error = to_gateway_error(failure, route, begun=begun)
                failed_models.append(f"{route.name}: {failure.message}")
                if token_times and held:
                    # what was generated for nothing is used all the same
                    self._lost(route, held)
                following = None
                if not broadcast.items and is_worth_a_fallback(failure):
                    room = route.context_tokens if is_overflow(failure) else None
                    following = await next_route(
                        self._routes, fallbacks, request, above=room, deadline=deadline
                    )
                if following is None:
                    raise error from failure
                route = following
        named = {"id": new_answer_id(), "created": int(time.time())} | completion.raw
        completion = msgspec.structs.replace(completion, raw=named)
        return Result(
            stored=Stored(
                stored_at=time.time(),
                completion=completion,
                choices=final_choices(broadcast.items, completion),
            ),
            route=route,
            token_times=token_times,
            is_over=self._clock(),
            failed_models=failed_models,
        )

    async def _try(
        self,
        route: Route,
        token_times: list[float],
        call: ModelSpan,
        *,
        deadline: float,
    ) -> Completion:
        """One backend's answer; what precedes the first token is held, so a fallback can still speak.

        For a plain request, to which nothing is sent before the end, all of it is held.
        """
        broadcast, request, held = self._broadcast, self._request, self.held
        completion: Completion | None = None
        remaining_s = deadline - asyncio.get_running_loop().time()
        patience_s = min(route.timeout_s, remaining_s)
        asked = msgspec.structs.replace(
            request, model=route.model, timeout_s=patience_s, headers=trace_headers()
        )
        pieces = size_bytes = 0
        try:
            async with asyncio.timeout(patience_s), aclosing(route.backend.stream(asked)) as items:
                async for item in items:
                    if isinstance(item, Completion):
                        completion = item
                        continue
                    pieces += 1
                    size_bytes += len(item.chunk) or len(item.text)
                    if pieces > MAX_PIECES or size_bytes > MAX_BYTES:
                        raise _endless(begun=bool(token_times))
                    if item.is_token:
                        if not token_times:
                            call.first_token()
                        token_times.append(self._clock())
                    if token_times and request.stream:
                        while held:
                            broadcast.publish(held.pop(0))
                        broadcast.publish(item)
                    else:
                        held.append(item)
                        broadcast.mark_active()
        except TimeoutError as exc:
            limit = "its timeout" if patience_s == route.timeout_s else "the request's deadline"
            raise UpstreamTimeout(f"no complete answer within {patience_s:.1f} s, {limit}") from exc
        if completion is None:
            raise UpstreamInterrupted("the answer ended without a finish")
        for delta in held:
            broadcast.publish(delta)
        return completion


def _endless(*, begun: bool) -> UpstreamError:
    message = (
        f"its answer passed {MAX_PIECES} pieces or {MAX_BYTES} bytes without an end; ask for fewer tokens with "
        "max_tokens, and see whether the server obeys that"
    )
    return UpstreamInterrupted(message) if begun else UpstreamError(message)


async def next_route(
    routes: Routes,
    names: Iterator[str],
    request: CompletionRequest,
    *,
    above: int | None = None,
    deadline: float | None = None,
) -> Route | None:
    """The next that can be asked, whole.

    Args:
        above: its context has more tokens than this.
    """
    if deadline is not None and asyncio.get_running_loop().time() >= deadline:
        return None
    for name in names:
        try:
            route = await routes.resolve(name)
        except (UnknownModel, UpstreamError):
            # a fallback that cannot be reached is none
            continue
        if not can_be_asked(route.backend, request):
            continue
        if above is None or route.context_tokens is None or route.context_tokens > above:
            return route
    return None


def new_answer_id() -> str:
    return f"chatcmpl-{secrets.token_hex(12)}"
