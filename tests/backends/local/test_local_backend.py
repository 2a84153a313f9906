"""What the local backend answers: equality with llama.cpp alone, reuse, sampling, refusals."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backends.base import CompletionRequest, ContextExceeded, Delta, UpstreamRejected, UpstreamUnavailable
from backends.local import LocalBackend
from backends.registry import Registry
from backends.specs import BackendSpec, ModelSpec
from gateway.completions.answer import final_choices
from tests.backends.local.local_model import ask, opened, tokens_of

pytestmark = pytest.mark.anyio
HELLO = [{"role": "user", "content": "Hello"}]
NOISE = {"temperature": 1.0, "parameters": {"top_k": 0, "top_p": 1.0, "min_p": 0.0}}


@pytest.fixture(scope="module")
async def backend(tiny: str) -> AsyncIterator[LocalBackend]:
    async with opened(tiny, parallel=4, queue_limit=8) as backend:
        await backend.start()
        yield backend


def words(count: int, start: int = 0) -> str:
    return " ".join(f"word{n}" for n in range(start, start + count))


async def test_answer_equals_llama_run_alone(backend: LocalBackend, tiny: str) -> None:
    from llama_cpp import Llama

    llama = Llama(tiny, n_ctx=1024, n_threads=1, n_threads_batch=1, verbose=False)
    prompt = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
    expected = []
    for number in range(6):
        tokens = llama.tokenize(prompt.format(words(12, number)).encode(), add_bos=False, special=True)
        said = list(itertools.islice(llama.generate(tokens, temp=0), 24))
        expected.append(llama.detokenize(said).decode("utf-8", "replace"))
    llama.close()
    together = await asyncio.gather(*(ask(backend, words(12, number)) for number in range(6)))
    assert [answer.text for answer in together] == expected


async def test_several_answers_share_one_prompt(backend: LocalBackend) -> None:
    deltas: list[Delta] = []
    request = CompletionRequest(
        model="local", messages=HELLO, max_output_tokens=6, seed=7, temperature=1, parameters={"n": 3}
    )
    async for item in backend.stream(request):
        if isinstance(item, Delta):
            deltas.append(item)
        else:
            completion = item
    choices = final_choices(deltas, completion)
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert completion.usage is not None
    assert 3 <= completion.usage.output_tokens <= 18
    alone = await ask(backend, messages=HELLO, max_output_tokens=6, seed=9, temperature=1)
    assert choices[2]["message"]["content"] == alone.text
    assert completion.usage.input_tokens == alone.usage.input_tokens


async def test_raw_prompt_stands_in_no_template(backend: LocalBackend, tiny: str) -> None:
    text = "Once upon"
    raw = await ask(backend, text, prompt=text)
    assert raw.usage.input_tokens == tokens_of(tiny, text)
    assert raw.text
    with pytest.raises(UpstreamRejected, match="echo"):
        await ask(backend, text, prompt=text, parameters={"echo": True})


async def test_answer_is_the_same_alone_and_in_a_batch(backend: LocalBackend) -> None:
    alone = [(await ask(backend, f"{n} {words(20)}", **NOISE, seed=n)).text for n in range(5)]
    crowd = await asyncio.gather(*(ask(backend, f"{n} {words(20)}", **NOISE, seed=n) for n in range(5)))
    assert [answer.text for answer in crowd] == alone
    assert len(set(alone)) == 5


@pytest.mark.parametrize("temperature", [1e-30, 1e-6, 5.0])
async def test_any_temperature_draws_a_token(backend: LocalBackend, temperature: float) -> None:
    answer = await ask(backend, "hello", temperature=temperature, seed=-1)
    assert answer.usage.output_tokens == 24
    if temperature < 1:
        assert answer.text == (await ask(backend, "hello")).text


async def test_answer_without_a_seed_varies(backend: LocalBackend) -> None:
    answers = {(await ask(backend, "roll the dice", **NOISE)).text for _ in range(3)}
    assert len(answers) == 3


async def test_usage_counts_prompt_and_answer(backend: LocalBackend) -> None:
    answer = await ask(backend, "hello", max_output_tokens=7)
    # <|im_start|> u s er \n h e l l o <|im_end|> \n <|im_start|> a s s i s t an t \n
    assert answer.usage.input_tokens == 22
    assert answer.usage.output_tokens == 7
    assert answer.completion.finish_reason == "length"


async def test_second_question_about_a_page_reuses_it(backend: LocalBackend) -> None:
    page = words(150, 7000)
    first = await ask(backend, f"{page} first question")
    again = await ask(backend, f"{page} second question")
    fresh = await ask(backend, f"x{page}")
    assert first.usage.cached_input_tokens < 20
    assert again.usage.cached_input_tokens > 0.9 * again.usage.input_tokens
    assert fresh.usage.cached_input_tokens < 20


async def test_reuse_does_not_change_the_answer(backend: LocalBackend, tiny: str) -> None:
    question = f"{words(100, 300)} and now?"
    await ask(backend, f"{words(100, 300)} before")
    warm = await ask(backend, question)
    async with opened(tiny) as other:
        cold = await ask(other, question)
    assert warm.usage.cached_input_tokens > 0 and cold.usage.cached_input_tokens == 0
    assert warm.text == cold.text


async def test_page_shared_by_simultaneous_questions_is_computed_once(tiny: str) -> None:
    page = words(300)
    async with opened(tiny, parallel=4) as backend:
        answers = await asyncio.gather(*(ask(backend, f"{page} question {n}") for n in range(4)))
        stats = backend.stats()
    whole = answers[0].usage.input_tokens
    assert sum(answer.usage.cached_input_tokens for answer in answers) > 2.8 * whole
    assert stats["prompt_tokens"] < 1.3 * whole
    assert stats["prefix_hits"] == 3


async def test_stop_string_ends_the_answer_and_is_not_shown(backend: LocalBackend) -> None:
    said = {"type": "string", "const": "one two three"}
    answer = await ask(backend, json_schema=said, stop=["o th"], max_output_tokens=40)
    assert answer.text == '"one tw'
    assert answer.completion.finish_reason == "stop"


async def test_character_split_over_tokens_arrives_whole(backend: LocalBackend) -> None:
    answer = await ask(backend, json_schema={"type": "string", "pattern": "^né漢🙂$"}, max_output_tokens=40)
    assert json.loads(answer.text) == "né漢🙂"
    assert all("�" not in delta for delta in answer.deltas)


async def test_logit_bias_forces_and_bans(backend: LocalBackend) -> None:
    letter_a = 3 + ord("a")  # three control tokens, then bytes in their own order
    forced = await ask(backend, parameters={"logit_bias": {str(letter_a): 100}}, max_output_tokens=5)
    banned = await ask(backend, parameters={"logit_bias": {letter_a: -100}}, max_output_tokens=30)
    assert forced.text == "aaaaa"
    assert "a" not in banned.text


async def test_every_token_banned_is_no_crash(backend: LocalBackend) -> None:
    everything = {"logit_bias": {str(token): -100 for token in range(300)}}
    pid = backend.pid
    for fields in ({"temperature": 0}, {"temperature": 1.0}, {"json_schema": {"enum": ["a", "b"]}}):
        await ask(backend, parameters=everything, max_output_tokens=4, **fields)
    assert backend.pid == pid


async def test_penalty_changes_what_is_repeated(backend: LocalBackend) -> None:
    plain = await ask(backend, "loop", max_output_tokens=40)
    penalised = await ask(
        backend, "loop", max_output_tokens=40, parameters={"repeat_penalty": 1.5, "frequency_penalty": 2.0}
    )
    assert plain.text != penalised.text


async def test_logprobs_come_as_openai_chunks(backend: LocalBackend) -> None:
    request = CompletionRequest(
        model="local",
        messages=[{"role": "user", "content": "hello"}],
        temperature=0,
        max_output_tokens=6,
        parameters={"logprobs": True, "top_logprobs": 3},
    )
    deltas = [item async for item in backend.stream(request) if isinstance(item, Delta)]
    chunks = [json.loads(delta.chunk) for delta in deltas]
    entries = [e for c in chunks for e in (c["choices"][0]["logprobs"] or {"content": []})["content"]]
    assert len(entries) == 6
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    for entry in entries:
        ranked = [other["logprob"] for other in entry["top_logprobs"]]
        assert len(ranked) == 3 and ranked == sorted(ranked, reverse=True)
        assert entry["logprob"] == pytest.approx(ranked[0])  # greedy took the likeliest
        assert entry["logprob"] < 0


async def test_zero_tokens_are_a_completion_without_text(backend: LocalBackend) -> None:
    answer = await ask(backend, max_output_tokens=0)
    assert (answer.deltas, answer.usage.output_tokens) == ([], 0)
    assert answer.completion.finish_reason == "length"


async def test_empty_message_is_answered(backend: LocalBackend) -> None:
    assert (await ask(backend, "", max_output_tokens=3)).usage.output_tokens == 3


async def test_text_parts_are_joined(backend: LocalBackend) -> None:
    parts = [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]
    joined = await ask(backend, messages=[{"role": "user", "content": parts}])
    assert joined.text == (await ask(backend, "hello")).text


async def test_answer_stops_where_the_context_ends(backend: LocalBackend) -> None:
    answer = await ask(backend, words(510), max_output_tokens=None)
    assert answer.completion.finish_reason == "length"
    assert answer.usage.input_tokens + answer.usage.output_tokens == 4096


async def test_prompt_beyond_the_context_is_refused_with_numbers(backend: LocalBackend, tiny: str) -> None:
    with pytest.raises(ContextExceeded) as refusal:
        await ask(backend, words(1000))
    assert refusal.value.context_tokens == 4096
    assert refusal.value.prompt_tokens == tokens_of(tiny, words(1000)) + 17
    with pytest.raises(ContextExceeded, match="at least"):
        await ask(backend, "x" * 3_000_000)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        pytest.param({"messages": []}, "messages", id="no-messages"),
        pytest.param({"temperature": 9.0}, "temperature", id="temperature"),
        pytest.param({"max_output_tokens": -1}, "max_tokens", id="negative-length"),
        pytest.param({"parameters": {"n": 10**6}}, "n:", id="a-million-answers"),
        pytest.param({"parameters": {"top_p": "much"}}, "top_p", id="not-a-number"),
        pytest.param({"parameters": {"tools": [{"type": "function"}]}}, "tools", id="tools"),
        pytest.param({"parameters": {"response_format": {"type": "xml"}}}, "response_format", id="format"),
        pytest.param({"json_schema": {"type": "nonsense"}}, "JSON Schema", id="not-a-schema"),
        pytest.param(
            {"json_schema": {"type": "string", "pattern": "("}},
            "JSON Schema",
            id="pattern-that-does-not-compile",
        ),
        pytest.param({"seed": 2**70}, "cannot be passed on", id="number-beyond-64-bits"),
        pytest.param(
            {"messages": [{"role": "user", "content": "x" * 2**26}]}, "above the limit", id="64-mib"
        ),
        pytest.param({"stop": ["x"] * 50}, "stop", id="too-many-stops"),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "image_url",
            id="image",
        ),
    ],
)
async def test_request_that_cannot_be_served_is_refused(
    backend: LocalBackend, fields: dict[str, Any], names: str
) -> None:
    with pytest.raises(UpstreamRejected, match=names) as refusal:
        await ask(backend, **fields)
    assert refusal.value.upstream_status == 400


async def test_closing_the_stream_frees_its_place(backend: LocalBackend) -> None:
    before = backend.stats()["cancelled"]
    streams = [backend.stream(_endless(n)) for n in range(4)]
    for stream in streams:
        await anext(stream)
    assert backend.stats()["running"] == 4
    for stream in streams:
        await stream.aclose()
    await asyncio.wait_for(ask(backend), 60)
    assert backend.stats()["cancelled"] == before + 4
    assert backend.stats()["in_flight"] == 0


async def test_full_queue_refuses_with_a_time_to_wait(backend: LocalBackend) -> None:
    # more than can run and wait, all asked at the same moment: some have to be refused, however fast the rest is
    answers = await asyncio.gather(*(ask(backend, f"{n}") for n in range(40)), return_exceptions=True)
    refusals = [answer for answer in answers if isinstance(answer, UpstreamUnavailable)]
    assert refusals and len(refusals) == sum(isinstance(answer, Exception) for answer in answers)
    assert all("the limit is 8" in refusal.message for refusal in refusals)
    assert all(refusal.retry_after_s and refusal.retry_after_s >= 1 for refusal in refusals)
    assert (await ask(backend)).usage.output_tokens == 24


async def test_waiting_requests_run_as_places_come_free(backend: LocalBackend) -> None:
    answers = await asyncio.gather(*(ask(backend, f"{n}", max_output_tokens=60, **NOISE) for n in range(12)))
    assert len(answers) == 12
    assert max(answer.completion.queue_ms for answer in answers) > 0


async def test_stats_add_up(tiny: str) -> None:
    async with opened(tiny, parallel=2) as backend:
        answers = await asyncio.gather(*(ask(backend, f"{n}{words(30)}") for n in range(4)))
        stats = backend.stats()
    assert stats["generated_tokens"] == sum(answer.usage.output_tokens for answer in answers)
    assert stats["prompt_tokens"] + stats["cached_tokens"] == sum(a.usage.input_tokens for a in answers)
    assert stats["ttft_s"]["count"] == 4
    assert 0.5 < stats["batch_occupancy"] <= 1
    assert (stats["running"], stats["queued"], stats["up"]) == (0, 0, 1)
    assert 0 < stats["kv_cells_used"] <= stats["kv_cells"]


async def test_registry_tells_the_figures_of_backends_in_use(tiny: str) -> None:
    registry = Registry(
        [BackendSpec(name="my-model", kind="local", path=tiny, models=[ModelSpec(name="local")])]
    )
    assert await registry.figures() == {}
    route = await registry.resolve("local")
    await ask(route.backend, max_output_tokens=1)
    figures = await registry.figures()
    await registry.aclose()
    assert figures["my_model_up"] == 1 and figures["my_model_kv_cells"] == 4 * 4096


async def test_model_is_listed_with_its_context(backend: LocalBackend) -> None:
    [model] = await backend.models()
    assert (model.name, model.context_tokens) == ("local", 4096)
    assert await backend.health() is None


_LONG: dict[str, Any] = {"max_output_tokens": 3000, **NOISE}


def _endless(number: int) -> CompletionRequest:
    return CompletionRequest(
        model="local", messages=[{"role": "user", "content": f"{number} go on"}], seed=number, **_LONG
    )
