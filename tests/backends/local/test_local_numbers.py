"""The promises that need a model of some size; `make bench-local` runs these and prints the numbers behind them."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.base import CompletionRequest
from backends.local import LocalBackend
from bench.local import measured, prompts, run_peer, text_of
from fixtures.make_gguf import SHAPES, write_model
from tests.backends.local.local_model import ask, opened, until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture(scope="module", params=["f16", "q8_0"])
def large(request: pytest.FixtureRequest, model_folder: Path) -> str:
    path = model_folder / f"large-{request.param}.gguf"
    return str(write_model(path, shape=SHAPES["100m"], weights=request.param))


@pytest.fixture
async def backend(large: str) -> AsyncIterator[LocalBackend]:
    async with opened(large, parallel=8, threads=1, context_tokens=4096) as backend:
        await backend.start()
        yield backend


async def test_eight_at_once_say_what_llama_says_one_by_one(backend: LocalBackend, large: str) -> None:
    texts = prompts(8, seed=5)
    answers, _ = await measured(backend, texts)
    assert answers == run_peer(large, texts, threads=1)["answers"]


async def test_shared_prefix_costs_at_most_a_thirtieth(backend: LocalBackend) -> None:
    page = text_of(2000, 1)
    _, cold_s = await measured(backend, [page + text_of(20, 2)], max_output_tokens=1)
    _, warm_s = await measured(backend, [page + text_of(20, 3)], max_output_tokens=1)
    assert warm_s <= 0.03 * cold_s


async def test_cancelled_request_frees_its_place_within_a_step(backend: LocalBackend) -> None:
    others = [asyncio.create_task(ask(backend, f"{n}", max_output_tokens=200)) for n in range(3)]
    await until(lambda: backend.stats()["running"] == 3)
    messages = [{"role": "user", "content": text_of(3000, 4)}]
    prefill = asyncio.create_task(
        anext(backend.stream(CompletionRequest(model="local", messages=messages, max_output_tokens=5)))
    )
    await until(lambda: backend.stats()["running"] == 4)
    began = time.perf_counter()
    prefill.cancel()
    await until(lambda: backend.stats()["cancelled"] == 1)
    freed_s = time.perf_counter() - began
    for task in others:
        task.cancel()
    await asyncio.gather(prefill, *others, return_exceptions=True)
    assert freed_s < 1.0  # a step computes for 0.3 s at most; the rest is what a busy machine adds
