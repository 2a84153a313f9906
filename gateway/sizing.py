"""What fits a model: its context, and pages planned into calls by it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from backends.base import BackendFailure, Route
from gateway.core.plan import Budget, Plan, plan_calls
from gateway.core.prompt import PromptPage, Task, build_messages
from gateway.core.tokens import TokenCounter, get_counter, resolve_tokenizer
from gateway.errors import GatewayError, InvalidRequest
from gateway.wire import ExtractRequest

_ASK_AGAIN_S = 60.0


class Sizer:
    """Plans calls. One for the whole service: it remembers what backends tell of their models.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._contexts = _Contexts(clock=clock)

    async def plan(
        self,
        task: Task,
        pages: Sequence[PromptPage],
        *,
        route: Route | GatewayError,
        request: ExtractRequest,
        counted: Mapping[str, int],
    ) -> Plan:
        """Fit pages into calls to the route's model; without a route, into those of an assumed one.

        Args:
            counted: tokens of texts that were counted before, by the encoding of `tokenizer_of`.
        Raises:
            ContextOverflow: as `plan_calls`.
        """
        count_anew = get_counter(tokenizer_of(route, request))

        def count(text: str) -> int:
            known = counted.get(text)
            return count_anew(text) if known is None else known

        context_tokens, scale = None, 1.0
        if isinstance(route, Route) and (context_tokens := await self._contexts.of(route)) is not None:
            rules = "\n".join([message["content"] for message in build_messages(task, [], delimiter="")])
            longest = max((page.content for page in pages), key=len, default="")
            scale = max(1.0, *[await _scale(route, text, count) for text in (rules, longest)])
        budget = Budget(
            context_tokens=context_tokens,
            max_output_tokens=request.max_output_tokens,
            max_input_tokens=request.max_input_tokens,
            scale=scale,
        )
        return await asyncio.to_thread(plan_calls, task, pages, budget=budget, count=count)


def tokenizer_of(route: Route | GatewayError, request: ExtractRequest) -> str:
    """The encoding that counts: the model's if it is one we have, else the request's."""
    if isinstance(route, Route) and route.tokenizer:
        try:
            return resolve_tokenizer(route.tokenizer)
        except InvalidRequest:
            pass  # one of the model's own
    return resolve_tokenizer(request.scrape.tokenizer)


class _Contexts:
    """How many tokens each model takes: as configured, else as its backend tells.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int | None]] = {}

    async def of(self, route: Route) -> int | None:
        """The model's context, None when nobody knows; asked again after a minute then."""
        if route.context_tokens is not None:
            return route.context_tokens
        key, now = (route.backend.name, route.model), self._clock()
        asked_at, told = self._told.get(key, (-_ASK_AGAIN_S, None))
        if told is None and now - asked_at >= _ASK_AGAIN_S:
            try:
                listed = await route.backend.models()
            except BackendFailure:
                listed = []
            told = next((info.context_tokens for info in listed if info.name == route.model), None)
            self._told[key] = now, told
        return told


async def _scale(route: Route, text: str, count: TokenCounter) -> float:
    """The model's tokens per one of ours in a text, where its backend can count."""
    exact = await route.backend.count_tokens(text, model=route.model)
    return exact / max(1, await asyncio.to_thread(count, text)) if exact else 1.0
