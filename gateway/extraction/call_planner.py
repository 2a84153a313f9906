"""What fits a model: its context, and pages planned into calls by it."""

import time
from collections.abc import Callable, Sequence

from backends.base import Route, UpstreamError
from gateway.completions.context import count_by_model
from gateway.core.llm.call_plan import Budget, Plan
from gateway.core.llm.prompt import PromptPage, Task, build_messages
from gateway.core.tasks.base import Workers
from gateway.core.tasks.prompts import PlanCalls
from gateway.core.tasks.tokens import CountTokens
from gateway.core.tokens.counters import resolve_tokenizer
from gateway.core.tokens.tokenizer import Tokenizer
from gateway.errors import GatewayError, InvalidRequest
from gateway.scraping.tokenizers import Tokenizers
from gateway.wire import ExtractRequest

_ASK_AGAIN_S = 60.0


class CallPlanner:
    """Plans calls. One for the whole service: it remembers what backends report about their models.

    Args:
        workers: count and cut.
        tokenizers: what requests may count by.
        clock: seconds, monotonic.
    """

    def __init__(
        self, *, workers: Workers, tokenizers: Tokenizers, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._workers = workers
        self._tokenizers = tokenizers
        self._contexts = _Contexts(clock=clock)

    async def plan(
        self,
        task: Task,
        pages: Sequence[PromptPage],
        *,
        route: Route | GatewayError,
        request: ExtractRequest,
        counted: Sequence[int | None],
    ) -> Plan:
        """Fit pages into calls to the route's model; without a route, into those of an assumed one.

        Args:
            counted: tokens of each page where they are known, by `tokenizer_of`.
        Raises:
            ContextOverflow: as `plan_calls`.
        """
        tokenizer = await self.tokenizer_of(route, request)
        context_tokens, scale = None, 1.0
        if isinstance(route, Route) and (context_tokens := await self._contexts.of(route)) is not None:
            rules = "\n".join([message["content"] for message in build_messages(task, [], delimiter="")])
            longest = max(range(len(pages)), key=lambda at: len(pages[at].content), default=None)
            scale = max(1.0, await self._scale(route, rules, tokenizer, None))
            if longest is not None:
                scale = max(
                    scale, await self._scale(route, pages[longest].content, tokenizer, counted[longest])
                )
        budget = Budget(
            context_tokens=context_tokens,
            max_output_tokens=request.max_output_tokens,
            max_input_tokens=request.max_input_tokens,
            scale=scale,
        )
        planning = PlanCalls(
            question=task, pages=list(pages), counted=list(counted), budget=budget, tokenizer=tokenizer
        )
        return await self._workers.run(planning)

    async def _scale(self, route: Route, text: str, tokenizer: Tokenizer, counted: int | None) -> float:
        """The model's tokens per one of ours in a text, where it can be counted as the model does."""
        exact = await count_by_model(text, route, self._workers)
        if not exact:
            return 1.0
        if counted is None:
            counted = await self._workers.run(CountTokens(text=text, tokenizer=tokenizer))
        return exact / max(1, counted)

    async def tokenizer_of(self, route: Route | GatewayError, request: ExtractRequest) -> Tokenizer:
        """What counts: the model's encoding if it is one we have, else what the request names."""
        if isinstance(route, Route) and route.tokenizer:
            try:
                return resolve_tokenizer(route.tokenizer)
            except InvalidRequest:
                # one of the model's own
                pass
        return await self._tokenizers.find(request.scrape.tokenizer)


class _Contexts:
    """How many tokens each model takes: as configured, else as its backend reports.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._reported: dict[tuple[str, str], tuple[float, int | None]] = {}

    async def of(self, route: Route) -> int | None:
        """The model's context, None when it is not known; asked again after a minute then."""
        if route.context_tokens is not None:
            return route.context_tokens
        key, now = (route.backend.name, route.model), self._clock()
        asked_at, reported = self._reported.get(key, (-_ASK_AGAIN_S, None))
        if reported is None and now - asked_at >= _ASK_AGAIN_S:
            try:
                listed = await route.backend.models()
            except UpstreamError:
                listed = []
            reported = next((info.context_tokens for info in listed if info.name == route.model), None)
            self._reported[key] = now, reported
        return reported
