"""Use case: a prompt in, an answer out: cache → broadcast → backend, with usage, timings and cost.

    completer = Completer(registry, workers=workers, cache=cache)
    answer = await completer.open(request, tenant="alice")
    finished = await answer.whole()          # or, as it comes:
    while answer.finished is None:
        for delta in await answer.batch(): ...
    answer.close()

`request.model` is the name callers use, "" means the default. All of it raises GatewayErrors: before the first
token with the status a response should have, after it BackendInterrupted.

Rules kept here: an answer is cached only when it ended cleanly and was not left to chance; another tenant, backend,
model or parameter, or another model under the same name, is another entry; one entry serves streamed and plain
calls; identical requests in flight share one upstream call; a fallback is tried only before anything was sent; one
deadline covers all tries.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from backends.base import (
    CompletionRequest,
    Delta,
    Route,
    UnknownModel,
    UpstreamUnavailable,
)
from gateway.cache.base import NOT_TAKEN, Cache
from gateway.completions.answer import Answer, Result, Watcher, replay_deltas, with_warning
from gateway.completions.attempts import Attempts, Routes, next_route
from gateway.completions.broadcast import Broadcast
from gateway.completions.completion_cache import (
    CachePolicy,
    CompletionCache,
    Stored,
    completion_key,
    is_repeatable,
)
from gateway.completions.context import (
    check_context,
    count_by_model,
    count_call,
    count_prompt,
    find_truncation,
)
from gateway.completions.files import can_be_asked, holds_files, read_files
from gateway.core.tasks.base import Workers
from gateway.errors import BackendUnavailable, ContextOverflow, InvalidRequest, NotFound, shutting_down
from gateway.wire import CacheReport

ANY_CACHE = CachePolicy()
NOT_VALID = "it does not validate against the schema"
CHANCE = "it is left to chance: temperature is not 0, and there is no seed"
# is called once with the tokens of every call to a model
Spend = Callable[[int], None]

Store = Callable[[Result], Awaitable[str | None]]


def spend_nothing(tokens: int) -> None:
    """For callers without a budget."""


class Completer:
    """Answers prompts through whichever backend serves the model.

    Args:
        routes: the registry.
        workers: count tokens, where a backend does not.
        cache: where answers are kept; None keeps none.
        code: the fingerprint of what makes prompts.
        clock: seconds, monotonic.
        watcher: is called with the end of every answer.
    """

    def __init__(
        self,
        routes: Routes,
        *,
        workers: Workers,
        cache: Cache | None = None,
        code: str = "",
        clock: Callable[[], float] = time.perf_counter,
        watcher: Watcher | None = None,
    ) -> None:
        self._routes = routes
        self._workers = workers
        self._kept = CompletionCache(cache) if cache else None
        self._code = code
        self._clock = clock
        self._watcher = watcher
        self._broadcasts: dict[object, Broadcast[Delta, Result]] = {}
        self._payments: set[asyncio.Task[None]] = set()
        self._closed = False

    async def open(
        self,
        request: CompletionRequest,
        *,
        tenant: str = "",
        cache: CachePolicy = ANY_CACHE,
        identity: Any = None,
        spend: Spend = spend_nothing,
        workers: Workers | None = None,
    ) -> Answer:
        """Start, join or load an answer, and return once its first token is there.

        Args:
            request: `timeout_s` is the deadline over all tries.
            tenant: whose cache entries may be read and written, and whose broadcasts joined.
            cache: what the cache may do.
            identity: what stands for the messages in the cache's key when they hold something random.
            spend: called with what a model used, however it ended; nothing for an answer that was there
                or on its way.
            workers: count in place of the completer's own, for callers whose work waits behind others'.
        Raises:
            GatewayError: whatever went wrong before the first token.
        """
        answer = await self.begin(
            request, tenant=tenant, cache=cache, identity=identity, spend=spend, workers=workers
        )
        try:
            await answer.opened()
        except BaseException:
            answer.close()
            raise
        return answer

    async def begin(
        self,
        request: CompletionRequest,
        *,
        tenant: str = "",
        cache: CachePolicy = ANY_CACHE,
        identity: Any = None,
        spend: Spend = spend_nothing,
        workers: Workers | None = None,
    ) -> Answer:
        """As `open`, without waiting: whoever calls it awaits `Answer.opened`, and can close it meanwhile."""
        started = self._clock()
        workers = workers or self._workers
        request = await self.readable(request)
        route, failed_models = await self._with_room(request, workers)
        key: str | None = None
        model_identity = await route.backend.identity(route.model)
        if cache.sampled or is_repeatable(request):
            key = completion_key(
                request,
                route,
                model_identity=model_identity,
                tenant=tenant,
                identity=identity,
                code=self._code,
            )
        broadcast, report = await self._find(key, route, cache, stream=request.stream)
        if broadcast is None:
            # a backend's own queue is fair by it
            asked = msgspec.structs.replace(request, tenant=tenant)
            store = self._storing(key, route, cache, model_identity=model_identity)
            broadcast = self._launch(asked, route, key, cache, spend, store, failed_models, workers)

        async def forget(stored: Stored) -> None:
            if key and self._kept:
                await self._kept.drop(key, stored)

        return Answer(
            broadcast.follow(),
            route=route,
            cache=report,
            started=started,
            clock=self._clock,
            watcher=self._watcher,
            forget=forget,
        )

    async def resolve(self, model: str | None) -> Route:
        """The route of a model; errors as in `open`."""
        try:
            return await self._routes.resolve(model or None)
        except UnknownModel as exc:
            raise NotFound(str(exc), field="model", known=exc.known) from exc
        except UpstreamUnavailable as exc:
            raise BackendUnavailable(exc.message, retry_after_s=exc.retry_after_s) from exc

    async def count(self, request: CompletionRequest) -> int:
        """The tokens of a prompt and its tools, as its model would read them; errors as in `open`."""
        route = await self.resolve(request.model)
        _check_said(request, route)
        messages = await read_files(request.messages, self._workers)
        return await count_prompt(messages, route, self._workers, tools=request.parameters.get("tools"))

    async def readable(self, request: CompletionRequest) -> CompletionRequest:
        """The request with the text of its files, unless the model's server reads them itself; errors as in `open`."""
        if not holds_files(request.messages):
            return request
        route = await self.resolve(request.model)
        if can_be_asked(route.backend, request):
            return request
        messages = await read_files(request.messages, self._workers)
        return msgspec.structs.replace(request, messages=messages)

    async def count_by_model(self, text: str, model: str) -> int | None:
        """The tokens of a text by a model's own tokenizer; None where its backend has none, or serves no such model."""
        try:
            route = await self.resolve(model)
        except (NotFound, BackendUnavailable):
            return None
        return await count_by_model(text, route, self._workers)

    async def _with_room(self, request: CompletionRequest, workers: Workers) -> tuple[Route, list[str]]:
        """The first route, of the model and its fallbacks, whose context holds the prompt; those that do not."""
        route = asked = await self.resolve(request.model)
        _check_said(request, route)
        names = iter(asked.fallbacks)
        failed_models: list[str] = []
        overflow: ContextOverflow | None = None
        while True:
            try:
                await check_context(request, route, workers)
                return route, failed_models
            except ContextOverflow as exc:
                overflow = overflow or exc
                failed_models.append(f"{route.name}: {exc.detail}")
            following = await next_route(self._routes, names, request, above=route.context_tokens)
            if following is None:
                raise overflow
            route = following

    async def models(self) -> dict[str, Route]:
        """Every name and alias that can be asked for now, and where it leads."""
        served = {route.name: route for route in await self._routes.models()}
        for alias, name in self._routes.aliases().items():
            if name in served:
                served.setdefault(alias, served[name])
        return served

    async def aclose(self) -> None:
        """Stop every running answer and start no other; their readers get an error that says so."""
        self._closed = True
        await asyncio.gather(
            *(
                broadcast.stop(shutting_down(BackendUnavailable))
                for broadcast in list(self._broadcasts.values())
            )
        )
        await asyncio.gather(*self._payments)

    async def _find(
        self, key: str | None, route: Route, cache: CachePolicy, *, stream: bool
    ) -> tuple[Broadcast[Delta, Result] | None, CacheReport]:
        """An answer that is there or on its way, and what to report of the cache."""
        if key is None or not cache.read:
            return None, CacheReport(status="bypass")
        if broadcast := self._broadcasts.get((key, cache.write)):
            return broadcast, CacheReport(status="hit")
        if self._kept and (stored := await self._kept.get(key, max_age_s=cache.max_age_s)):
            result = Result(stored=stored, route=route, token_times=[], is_over=0, failed_models=[])
            report = CacheReport(status="hit", age_s=round(self._kept.age_s(stored), 3))
            # whoever does not stream reads the end alone
            return Broadcast(replay_deltas(stored) if stream else [], result), report
        # again: it may have started during the lookup
        broadcast = self._broadcasts.get((key, cache.write))
        return broadcast, CacheReport(status="hit" if broadcast else "miss")

    def _storing(self, key: str | None, route: Route, cache: CachePolicy, *, model_identity: str) -> Store:
        """The function that stores an answer at its end and returns why not, if it does not."""

        async def store(result: Result) -> str | None:
            if not cache.write:
                return "the request forbids it"
            if key is None:
                return CHANCE
            if self._kept is None:
                return "there is no cache"
            if result.stored.completion.violates_schema:
                return NOT_VALID
            if result.route is not route:
                return f"{result.route.name} answered in its place"
            if await route.backend.identity(route.model) != model_identity:
                return "the model was replaced meanwhile"
            taken = await self._kept.set(key, result.stored, max_age_s=cache.max_age_s)
            return None if taken else NOT_TAKEN

        return store

    def _launch(
        self,
        request: CompletionRequest,
        route: Route,
        key: str | None,
        cache: CachePolicy,
        spend: Spend,
        store: Store,
        failed_models: list[str],
        workers: Workers,
    ) -> Broadcast[Delta, Result]:
        if self._closed:
            raise shutting_down(BackendUnavailable)
        broadcast: Broadcast[Delta, Result] = Broadcast()
        # only its maker finds a broadcast without a key
        name: object = (key, cache.write) if key and cache.read else broadcast

        attempts = Attempts(
            self._routes,
            broadcast,
            request,
            clock=self._clock,
            lost=lambda failed, said: self._pay(request, failed, said, spend, workers),
        )

        async def produce() -> Result:
            try:
                result = await attempts.run(route, failed_models)
            except BaseException as exc:
                if broadcast.items or isinstance(exc, asyncio.CancelledError):
                    # else nothing was generated
                    self._pay(request, route, broadcast.items or attempts.held, spend, workers)
                raise
            usage = result.stored.completion.usage
            if usage is None:
                await asyncio.shield(self._pay(request, result.route, broadcast.items, spend, workers))
            else:
                spend(usage.input_tokens + usage.output_tokens)
            if usage and (cut := await find_truncation(request, result.route, usage, workers)):
                return with_warning(result, "prompt_cut", cut)
            return msgspec.structs.replace(result, not_stored=await store(result))

        self._broadcasts[name] = broadcast
        broadcast.launch(produce, forget=lambda: self._forget(name, broadcast))
        return broadcast

    def _pay(
        self, request: CompletionRequest, route: Route, said: list[Delta], spend: Spend, workers: Workers
    ) -> asyncio.Task[None]:
        """Count and book the tokens of a call whose backend did not report them, also after its callers left."""

        async def pay() -> None:
            spend(await count_call(request, route, said, workers))

        payment = asyncio.create_task(pay())
        self._payments.add(payment)
        payment.add_done_callback(self._payments.discard)
        return payment

    def _forget(self, name: object, broadcast: Broadcast[Delta, Result]) -> None:
        if self._broadcasts.get(name) is broadcast:
            del self._broadcasts[name]


def _check_said(request: CompletionRequest, route: Route) -> None:
    """Raises InvalidRequest where a backend would be asked without a part of what its caller wrote."""
    if request.unsaid and not can_be_asked(route.backend, request):
        raise InvalidRequest(request.unsaid)
