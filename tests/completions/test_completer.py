"""Answers: cached, shared, timed, priced, and stopped when nobody reads them."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from msgspec.structs import replace

from backends.base import (
    Completion,
    CompletionRequest,
    Delta,
    Price,
    Route,
    UnknownModel,
    UpstreamRejected,
    Usage,
)
from backends.scripted import Reply, ScriptedBackend
from gateway import errors
from gateway.cache.base import NOT_TAKEN
from gateway.completions import attempts
from gateway.completions.answer import Finished
from gateway.completions.completer import CHANCE, NOT_VALID, Completer
from gateway.completions.completion_cache import CachePolicy
from gateway.core.tasks.base import R, Task
from tests.inline import InlineWorkers
from tests.leaks import eventually
from tests.shelf import DictCache

pytestmark = pytest.mark.anyio


class OneBackend:
    """Routes by hand: model name → backend."""

    def __init__(self, **routes: Route) -> None:
        self._routes = routes

    async def resolve(self, model: str | None = None) -> Route:
        name = model or next(iter(self._routes))
        if name not in self._routes:
            raise UnknownModel(name, list(self._routes))
        return self._routes[name]


def one(backend: ScriptedBackend, **route: Any) -> OneBackend:
    return OneBackend(m=Route(name="m", backend=backend, model="upstream-m", **route))


def ask(content: str = "Hi", **fields: Any) -> CompletionRequest:
    """A request that leaves nothing to chance, unless `fields` say so."""
    messages = [{"role": "user", "content": content}]
    return CompletionRequest(model="m", messages=messages, **{"temperature": 0} | fields)


async def collect(completer: Completer, request: CompletionRequest, **how: Any) -> tuple[str, Finished]:
    """As a stream: what came, and the end."""
    text, answer = "", await completer.open(request, **how)
    try:
        while answer.finished is None:
            text += "".join(delta.text for delta in await answer.batch())
        return text, answer.finished
    finally:
        answer.close()


async def complete(completer: Completer, request: CompletionRequest, **how: Any) -> Finished:
    return await (await completer.open(request, **how)).whole()


async def test_stream_ends_with_what_was_streamed() -> None:
    backend = ScriptedBackend([Reply(deltas=["Hel", "lo"])])
    text, finished = await collect(Completer(one(backend), workers=InlineWorkers()), ask())
    assert text == finished.text == "Hello"
    assert finished.completion.finish_reason == "stop"
    assert finished.cache.status == "miss"
    assert backend.requests[0].model == "upstream-m"


async def test_cached_answer_serves_plain_and_streamed_calls_alike() -> None:
    backend = ScriptedBackend([Reply(reasoning=["Hm"], deltas=["Hel", "lo"])])
    completer = Completer(one(backend), cache=DictCache(), workers=InlineWorkers())
    first = await complete(completer, ask())
    text, second = await collect(completer, ask())
    assert (text, second.choices) == ("Hello", first.choices)
    assert second.choices[0]["message"]["reasoning_content"] == "Hm"
    assert second.completion.usage == first.completion.usage
    assert [first.cache.status, second.cache.status] == ["miss", "hit"]
    assert len(backend.requests) == 1


async def test_identical_requests_in_flight_share_one_call() -> None:
    backend = ScriptedBackend([Reply(deltas=["a"] * 5, gap_s=0.01)])
    completer = Completer(one(backend), workers=InlineWorkers())
    answers = await asyncio.gather(*(collect(completer, ask()) for _ in range(50)))
    assert {text for text, _ in answers} == {"aaaaa"}
    assert len(backend.requests) == 1


async def test_follower_gets_what_was_streamed_and_then_what_comes() -> None:
    backend = ScriptedBackend([Reply(deltas=list("abcdef"), gap_s=0.05)])
    completer = Completer(one(backend), workers=InlineWorkers())
    leader = await completer.open(ask())
    while len(await leader.batch()) == 0:
        pass
    await leader.batch()
    subscriber = await completer.open(ask())
    seen = [delta.text for delta in await subscriber.batch()]
    assert seen[:2] == ["a", "b"]
    leader.close()
    while subscriber.finished is None:
        seen += [delta.text for delta in await subscriber.batch()]
    subscriber.close()
    assert "".join(seen) == "abcdef"
    assert (len(backend.requests), backend.closed) == (1, 0)


async def test_last_reader_to_leave_stops_the_backend() -> None:
    backend = ScriptedBackend([Reply(deltas=list("abc"), gap_s=30)])
    completer = Completer(one(backend), workers=InlineWorkers())
    first, second = await completer.open(ask()), await completer.open(ask())
    first.close()
    await asyncio.sleep(0.01)
    assert backend.closed == 0
    second.close()
    await eventually(lambda: backend.closed == 1)


async def test_unfinished_answer_is_an_error_and_is_not_cached() -> None:
    backend = ScriptedBackend([Reply(deltas=list("abc"), fail_after=2)])
    cache = DictCache()
    with pytest.raises(errors.BackendInterrupted, match="incomplete"):
        await complete(Completer(one(backend), cache=cache, workers=InlineWorkers()), ask())
    assert cache.entries == {}


@pytest.mark.parametrize(
    ("change", "how"),
    [
        pytest.param({}, {"tenant": "bob"}, id="tenant"),
        pytest.param({"content": "Ho"}, {}, id="prompt"),
        pytest.param({"parameters": {"top_p": 0.5}}, {}, id="parameter"),
        pytest.param({"max_output_tokens": 5}, {}, id="output-limit"),
        pytest.param({"json_schema": {"type": "object"}}, {}, id="schema"),
        pytest.param({"seed": 1}, {}, id="seed"),
        pytest.param({}, {"cache": CachePolicy(read=False)}, id="no-cache"),
        pytest.param({}, {"cache": CachePolicy(max_age_s=0)}, id="too-old"),
    ],
)
async def test_cache_is_missed_by(change: dict[str, Any], how: dict[str, Any]) -> None:
    backend = ScriptedBackend()
    completer = Completer(one(backend), cache=DictCache(), workers=InlineWorkers())
    await complete(completer, ask(), tenant="alice")
    await complete(completer, ask(**change), **({"tenant": "alice"} | how))
    assert len(backend.requests) == 2


@pytest.mark.parametrize(
    "parameters",
    [{"user": "u"}, {"stream": True}, {"stream_options": {"include_usage": True}}, {"seed": None}],
)
async def test_cache_is_not_missed_by_what_changes_no_answer(parameters: dict[str, Any]) -> None:
    backend = ScriptedBackend()
    completer = Completer(one(backend), cache=DictCache(), workers=InlineWorkers())
    await complete(completer, ask())
    assert (await complete(completer, ask(parameters=parameters))).cache.status == "hit"


async def test_identity_stands_for_messages_that_hold_something_random() -> None:
    backend = ScriptedBackend()
    completer = Completer(one(backend), cache=DictCache(), workers=InlineWorkers())
    await complete(completer, ask("fence 1"), identity=["page", "question"])
    assert (await complete(completer, ask("fence 2"), identity=["page", "question"])).cache.status == "hit"


@pytest.mark.parametrize(
    ("fields", "policy", "calls"),
    [
        pytest.param({"temperature": 0.7}, CachePolicy(), 2, id="chance-is-not-repeated"),
        pytest.param({"temperature": None}, CachePolicy(), 2, id="nor-the-models-own-temperature"),
        pytest.param({"temperature": None}, CachePolicy(sampled=True), 1, id="unless-asked-for"),
        pytest.param({"temperature": None, "seed": 1}, CachePolicy(), 1, id="or-with-a-seed"),
        pytest.param(
            {"temperature": 0, "parameters": {"top_p": 0.5, "n": 2}},
            CachePolicy(),
            1,
            id="others-do-not-count",
        ),
        pytest.param(
            {"temperature": None, "parameters": {"top_p": 0}}, CachePolicy(), 2, id="nor-stand-in-for-it"
        ),
        pytest.param({"temperature": 0.7}, CachePolicy(sampled=True), 1, id="unless-asked"),
        pytest.param({"temperature": 0.7, "seed": 1}, CachePolicy(), 1, id="or-seeded"),
        pytest.param({"temperature": 0.0}, CachePolicy(), 1, id="greedy"),
        pytest.param({}, CachePolicy(write=False), 2, id="no-store"),
    ],
)
async def test_chance_is_cached_only_when_asked(
    fields: dict[str, Any], policy: CachePolicy, calls: int
) -> None:
    backend = ScriptedBackend()
    completer = Completer(one(backend), cache=DictCache(), workers=InlineWorkers())
    for _ in range(2):
        await complete(completer, ask(**fields), cache=policy)
    assert len(backend.requests) == calls


async def test_chance_is_not_shared_in_flight() -> None:
    backend = ScriptedBackend([Reply(deltas=["a"] * 3, gap_s=0.01)])
    completer = Completer(one(backend), workers=InlineWorkers())
    await asyncio.gather(*(complete(completer, ask(temperature=None)) for _ in range(5)))
    assert len(backend.requests) == 5
    asked = CachePolicy(sampled=True)
    await asyncio.gather(*(complete(completer, ask(temperature=None), cache=asked) for _ in range(5)))
    assert len(backend.requests) == 6


class Replaceable(ScriptedBackend):
    """A model that can be replaced under its name, also while it answers."""

    def __init__(self, *replies: Reply, replaced_by_a_call: bool = False) -> None:
        super().__init__(list(replies))
        self.weights = 1
        self._replaced_by_a_call = replaced_by_a_call

    async def identity(self, model: str) -> str:
        return f"{model} {self.weights}"

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        self.weights += self._replaced_by_a_call
        async for item in super().stream(request):
            yield item


async def test_replaced_model_does_not_answer_with_its_predecessors_words() -> None:
    backend, cache = Replaceable(), DictCache()
    completer = Completer(one(backend), cache=cache, workers=InlineWorkers())
    await complete(completer, ask())
    backend.weights = 2
    assert (await complete(completer, ask())).cache.status == "miss"
    backend.weights = 1
    assert (await complete(completer, ask())).cache.status == "hit", "and comes back with its own"
    assert len(backend.requests) == 2


async def test_answer_of_a_model_that_was_replaced_meanwhile_is_not_kept() -> None:
    cache = DictCache()
    completer = Completer(one(Replaceable(replaced_by_a_call=True)), cache=cache, workers=InlineWorkers())
    finished = await complete(completer, ask())
    assert finished.cache.not_stored == "the model was replaced meanwhile"
    assert cache.entries == {}


async def test_context_and_backend_of_a_model_count() -> None:
    cache, backend = DictCache(), ScriptedBackend()
    for route in (
        Route(name="m", backend=backend, model="m"),
        Route(name="m", backend=backend, model="m", context_tokens=8000),
        Route(name="m", backend=ScriptedBackend([Reply(deltas=["other"])]), model="m"),
    ):
        completer = Completer(OneBackend(m=route), cache=cache, workers=InlineWorkers())
        assert (await complete(completer, ask())).cache.status == "miss"
    aliased = Route(name="alias", backend=backend, model="m")
    completer = Completer(OneBackend(m=aliased), cache=cache, workers=InlineWorkers())
    assert (await complete(completer, ask())).cache.status == "hit", "what callers call it does not"


async def test_prompts_that_other_code_makes_are_other_prompts() -> None:
    cache, backend = DictCache(), ScriptedBackend()
    statuses = []
    for code in ("old", "new"):
        completer = Completer(one(backend), cache=cache, workers=InlineWorkers(), code=code)
        for identity in (["page"], None):
            statuses.append((await complete(completer, ask(), identity=identity)).cache.status)
    assert statuses == ["miss", "miss", "miss", "hit"], "messages as they came are what they are"


class FullCache(DictCache):
    """Takes nothing."""

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        return False


@pytest.mark.parametrize(
    ("fields", "policy", "cache", "reason"),
    [
        pytest.param({}, CachePolicy(), DictCache(), None, id="stored"),
        pytest.param({}, CachePolicy(read=False), DictCache(), None, id="asked-anew-and-stored"),
        pytest.param({}, CachePolicy(write=False), DictCache(), "the request forbids it", id="forbidden"),
        pytest.param({"temperature": 1}, CachePolicy(), DictCache(), CHANCE, id="chance"),
        pytest.param({"temperature": None}, CachePolicy(), DictCache(), CHANCE, id="chance-by-default"),
        pytest.param({}, CachePolicy(), None, "there is no cache", id="no-cache"),
        pytest.param({}, CachePolicy(), FullCache(), NOT_TAKEN, id="full"),
    ],
)
async def test_report_says_why_an_answer_was_not_kept(
    fields: dict[str, Any], policy: CachePolicy, cache: DictCache | None, reason: str | None
) -> None:
    completer = Completer(
        one(ScriptedBackend([Reply(deltas=["a", "b"], gap_s=0.01)])), cache=cache, workers=InlineWorkers()
    )
    both = await asyncio.gather(*(complete(completer, ask(**fields), cache=policy) for _ in range(2)))
    assert [finished.cache.not_stored for finished in both] == [reason, reason], (
        "who shares it is told as well"
    )
    assert bool(cache and cache.entries) == (reason is None)


async def test_rejected_answer_is_forgotten() -> None:
    backend, cache = ScriptedBackend([Reply(deltas=["wrong"], gap_s=0.01)]), DictCache()
    completer = Completer(one(backend), cache=cache, workers=InlineWorkers())
    answers = [await completer.open(ask()) for _ in range(3)]
    for answer in answers:
        await answer.whole()
    for answer in answers:  # each of those that share it may find out
        await answer.reject()
    assert cache.entries == {}
    await complete(completer, ask())
    found = await completer.open(ask())
    assert (await found.whole()).cache.status == "hit"
    await found.reject()
    assert (await complete(completer, ask())).cache.status == "miss"


class SelfCritical(ScriptedBackend):
    """Checks its answers, and finds them wrong."""

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        async for item in super().stream(request):
            yield replace(item, violates_schema=True) if isinstance(item, Completion) else item


async def test_answer_that_its_backend_found_wrong_is_not_kept() -> None:
    cache = DictCache()
    finished = await complete(Completer(one(SelfCritical()), cache=cache, workers=InlineWorkers()), ask())
    assert (finished.cache.not_stored, cache.entries) == (NOT_VALID, {})


async def test_rejection_leaves_a_later_answer_alone() -> None:
    backend, cache = ScriptedBackend(), DictCache()
    completer = Completer(one(backend), cache=cache, workers=InlineWorkers())
    first = await completer.open(ask())
    await first.whole()
    await complete(completer, ask(), cache=CachePolicy(read=False))
    await first.reject()
    assert (await complete(completer, ask())).cache.status == "hit"


async def test_rejection_of_what_was_never_kept_is_no_fault() -> None:
    for how in ({}, {"cache": CachePolicy(write=False)}):
        answer = await Completer(one(ScriptedBackend()), workers=InlineWorkers()).open(ask(), **how)
        await answer.whole()
        await answer.reject()


async def test_fallback_that_would_be_asked_for_less_is_passed_over() -> None:
    class Anthropics(ScriptedBackend):
        reads_native = True

    first, other = Anthropics([Reply(status=503)]), ScriptedBackend()
    routes = OneBackend(
        m=Route(name="m", backend=first, model="m", fallbacks=["n"]),
        n=Route(name="n", backend=other, model="n"),
    )
    completer = Completer(routes, workers=InlineWorkers())
    asked = ask(unsaid="messages[0]: a picture")
    with pytest.raises(errors.BackendUnavailable):
        await complete(completer, asked)
    with pytest.raises(errors.InvalidRequest, match="a picture"):
        await complete(completer, replace(asked, model="n"))
    assert (len(first.requests), other.requests) == (1, [])


async def test_fallback_serves_before_the_first_token_and_is_told() -> None:
    broken = ScriptedBackend([Reply(status=503)], name="broken")
    spare = ScriptedBackend([Reply(deltas=["spare"])], name="spare")
    routes = OneBackend(
        m=Route(name="m", backend=broken, model="m", fallbacks=["gone", "n"]),
        n=Route(name="n", backend=spare, model="n"),
    )
    cache = DictCache()
    finished = await complete(Completer(routes, cache=cache, workers=InlineWorkers()), ask())
    assert (finished.text, finished.backend, finished.model) == ("spare", "spare", "n")
    assert finished.failed_models == ["m: scripted to answer 503"]
    assert finished.cache.not_stored == "n answered in its place"
    assert cache.entries == {}, "another model's answer is not kept under this one's name"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(status=400), id="the-request-is-at-fault"),
        pytest.param(Reply(deltas=list("abc"), fail_after=1), id="tokens-were-sent"),
    ],
)
async def test_fallback_is_not_tried_when(reply: Reply) -> None:
    spare = ScriptedBackend()
    routes = OneBackend(
        m=Route(name="m", backend=ScriptedBackend([reply]), model="m", fallbacks=["n"]),
        n=Route(name="n", backend=spare, model="n"),
    )
    with pytest.raises(errors.BackendError):
        await complete(Completer(routes, workers=InlineWorkers()), ask())
    assert spare.requests == []


async def test_one_deadline_covers_all_tries() -> None:
    slow = ScriptedBackend([Reply(delay_s=60)])
    routes = OneBackend(
        m=Route(name="m", backend=slow, model="m", timeout_s=0.05, fallbacks=["n", "o"]),
        n=Route(name="n", backend=slow, model="n"),
        o=Route(name="o", backend=slow, model="o"),
    )
    with pytest.raises(errors.BackendTimeout, match="deadline"):
        await complete(Completer(routes, workers=InlineWorkers()), ask(timeout_s=0.1))
    assert len(slow.requests) == 2
    assert slow.closed == 2


async def test_timeout_after_the_first_token_is_an_interruption() -> None:
    backend = ScriptedBackend([Reply(deltas=["a", "b"], gap_s=60)])
    with pytest.raises(errors.BackendInterrupted, match="within"):
        await complete(Completer(one(backend, timeout_s=0.05), workers=InlineWorkers()), ask())


@pytest.mark.parametrize(
    ("status", "error", "answer"),
    [
        (400, errors.BackendRejected, 400),
        (401, errors.BackendError, 502),
        (429, errors.BackendRateLimited, 429),
        (500, errors.BackendError, 502),
        (503, errors.BackendUnavailable, 503),
    ],
)
async def test_failure_has_the_status_of_its_cause(
    status: int, error: type[errors.GatewayError], answer: int
) -> None:
    backend = ScriptedBackend([Reply(status=status, retry_after_s=7)])
    with pytest.raises(error) as caught:
        await complete(Completer(one(backend), workers=InlineWorkers()), ask())
    assert caught.value.status == answer
    if status in (429, 503):
        assert caught.value.retry_after_s == 7


async def test_every_follower_gets_the_failure() -> None:
    backend = ScriptedBackend([Reply(delay_s=0.02, status=503)])
    completer = Completer(one(backend), workers=InlineWorkers())
    outcomes = await asyncio.gather(*(complete(completer, ask()) for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [errors.BackendUnavailable] * 5
    assert len(backend.requests) == 1


async def test_cost_counts_cached_input_once_at_its_own_rate() -> None:
    usage = Usage(input_tokens=1000, cached_input_tokens=400, output_tokens=100)
    backend = ScriptedBackend([Reply(deltas=["x"], usage=usage)])
    price = Price(input=2.0, cached_input=0.5, output=8.0)
    completer = Completer(one(backend, price=price), cache=DictCache(), workers=InlineWorkers())
    spent = (await complete(completer, ask())).cost
    saved = (await complete(completer, ask())).cost
    assert spent.usd == pytest.approx((600 * 2.0 + 400 * 0.5 + 100 * 8.0) / 1e6)
    assert (saved.usd, saved.saved_usd) == (0, spent.usd)


async def test_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(errors.NotFound, match=r"known models: m") as caught:
        await complete(
            Completer(one(ScriptedBackend()), workers=InlineWorkers()),
            CompletionRequest(model="nope", messages=[{"role": "user", "content": "Hi"}]),
        )
    assert caught.value.extra["known"] == ["m"]


async def test_shutting_down_ends_open_answers_with_an_error() -> None:
    backend = ScriptedBackend([Reply(deltas=["a", "b"], gap_s=60)])
    completer = Completer(one(backend), workers=InlineWorkers())
    answer = await completer.open(ask())
    await completer.aclose()
    with pytest.raises(errors.BackendUnavailable, match="shutting down"):
        while answer.finished is None:
            await answer.batch()
    assert backend.closed == 1


async def test_tool_calls_are_folded_and_replayed() -> None:
    calls: list[dict[str, Any]] = [
        {"index": 0, "id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a"'}},
        {"index": 0, "function": {"arguments": ":1}"}},
    ]
    backend = ScriptedBackend([Reply(tool_calls=calls, finish_reason="tool_calls")])
    completer = Completer(one(backend), cache=DictCache(), workers=InlineWorkers())
    message = (await complete(completer, ask())).choices[0]["message"]
    assert message["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
    ]
    answer = await completer.open(ask())
    replayed = await answer.batch()
    assert replayed[0].raw["tool_calls"] == [{"index": 0, **message["tool_calls"][0]}]
    assert answer.finished and answer.finished.completion.finish_reason == "tool_calls"


def two(first: ScriptedBackend, second: ScriptedBackend, **of_first: Any) -> OneBackend:
    """`m`, and `n` as its fallback."""
    return OneBackend(
        m=Route(name="m", backend=first, model="upstream-m", fallbacks=["n"], **of_first),
        n=Route(name="n", backend=second, model="upstream-n", context_tokens=1000),
    )


@pytest.mark.parametrize(("stream", "answered"), [(False, True), (True, False)])
async def test_answer_that_dies_midway_is_given_by_a_fallback_where_nothing_was_sent(
    stream: bool, answered: bool
) -> None:
    broken = ScriptedBackend([Reply(deltas=["one ", "two"], fail_after=1)])
    spent: list[int] = []
    completer = Completer(two(broken, ScriptedBackend([Reply(deltas=["whole"])])), workers=InlineWorkers())
    if not answered:
        with pytest.raises(errors.BackendInterrupted):
            await complete(completer, ask(stream=stream))
        return
    finished = await complete(completer, ask(stream=stream), spend=spent.append)
    await completer.aclose()
    assert (finished.text, finished.model) == ("whole", "n")
    assert finished.failed_models == ["m: scripted to break after 1 deltas"]
    # what the broken one generated is paid too
    assert len(spent) == 2


@pytest.mark.parametrize("upstream", [False, True])
async def test_prompt_that_does_not_fit_goes_to_the_fallback_with_room(upstream: bool) -> None:
    small, large = ScriptedBackend([Reply(status=413)]), ScriptedBackend([Reply(deltas=["whole"])])
    if upstream:
        # its server says so, not our own count
        small = Overflowing()
    completer = Completer(two(small, large, context_tokens=None if upstream else 20), workers=InlineWorkers())
    finished = await complete(completer, ask("word " * 100))
    assert (finished.text, finished.model) == ("whole", "n")
    assert len(finished.failed_models) == 1
    if not upstream:
        with pytest.raises(errors.ContextOverflow) as overflow:
            await complete(completer, ask("word " * 2000))
        assert overflow.value.extra["context_tokens"] == 20


class Elsewhere:
    """Workers of other callers."""

    async def run(self, task: Task[R]) -> R:
        raise AssertionError("this is to be done by the caller's own")


async def test_prompt_is_counted_by_the_workers_of_its_caller() -> None:
    backend = ScriptedBackend([Reply(deltas=["whole"])])
    completer = Completer(one(backend, context_tokens=200), workers=Elsewhere())
    finished = await complete(completer, ask("word " * 100), workers=InlineWorkers())
    assert finished.text == "whole"


class Overflowing(ScriptedBackend):
    """Says that the prompt is too long, as OpenAI's servers do."""

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        raise UpstreamRejected("too long", upstream_status=400, body={"code": "context_length_exceeded"})
        yield Delta()


async def test_prompt_that_a_server_cut_is_told_and_not_cached() -> None:
    cut = ScriptedBackend([Reply(deltas=["Hm."], usage=Usage(input_tokens=10, output_tokens=1))])
    completer = Completer(one(cut), cache=DictCache(), workers=InlineWorkers())
    for _ in range(2):
        finished = await complete(completer, ask("many words " * 100))
        [warning] = finished.completion.raw["warnings"]
        assert warning["code"] == "prompt_cut"
        assert finished.cache.status == "miss"
        assert finished.cache.not_stored == warning["message"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("limit", ["MAX_PIECES", "MAX_BYTES"])
async def test_answer_without_end_is_left(limit: str, stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, limit, 100)
    endless = Endless()
    completer = Completer(one(endless), workers=InlineWorkers())
    with pytest.raises(errors.BackendInterrupted, match="without an end; ask for fewer tokens"):
        await complete(completer, ask(stream=stream))
    assert endless.said <= 101
    assert endless.is_closed


class Endless(ScriptedBackend):
    """Never stops, whatever it is asked for."""

    said, is_closed = 0, False

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        try:
            while True:
                self.said += 1
                yield Delta(text="word ")
                await asyncio.sleep(0)
        finally:
            self.is_closed = True
