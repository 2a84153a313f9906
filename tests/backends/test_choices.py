"""Several answers to one request, over a backend that gives one at a time."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from backends.base import (
    Completion,
    CompletionRequest,
    Delta,
    UpstreamInterrupted,
    UpstreamRejected,
    UpstreamUnavailable,
)
from backends.choices import asked_choices, several
from backends.scripted import Reply, ScriptedBackend
from gateway.completions.answer import final_choices

pytestmark = pytest.mark.anyio


def request(**fields: Any) -> CompletionRequest:
    return CompletionRequest(model="m", messages=[{"role": "user", "content": "Hi"}], **fields)


async def read(
    backend: ScriptedBackend, asked: CompletionRequest, count: int
) -> tuple[list[Delta], Completion]:
    deltas: list[Delta] = []
    async for item in several(backend.stream, asked, count, one_prompt=True):
        if isinstance(item, Completion):
            return deltas, item
        deltas.append(item)
    raise AssertionError("no end")


async def test_each_answer_is_whole_and_the_prompt_counts_once() -> None:
    backend = ScriptedBackend(lambda asked: Reply(deltas=[f"seed {asked.seed}", "."], tool_calls=[]))
    deltas, completion = await read(backend, request(seed=5, parameters={"n": 3, "seed": 5}), 3)
    choices = final_choices(deltas, completion)
    assert [choice["message"]["content"] for choice in choices] == ["seed 5.", "seed 6.", "seed 7."]
    assert [choice["finish_reason"] for choice in choices] == ["stop"] * 3
    assert "".join(delta.text for delta in deltas) == "seed 5."
    assert completion.usage is not None
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (1, 6)
    assert all("n" not in asked.parameters for asked in backend.requests)


async def test_failure_of_one_is_the_failure_of_all_and_stops_the_others() -> None:
    down = ScriptedBackend([Reply(status=503)])
    with pytest.raises(UpstreamUnavailable):
        await read(down, request(), 2)
    broken = ScriptedBackend(
        lambda asked: (
            Reply(deltas=["a", "b"], fail_after=1) if asked.seed else Reply(deltas=["a"], delay_s=60)
        )
    )
    with pytest.raises(UpstreamInterrupted):
        await read(broken, request(seed=0), 2)
    assert broken.closed == 1


async def test_reader_that_leaves_stops_all() -> None:
    backend = ScriptedBackend([Reply(deltas=["a", "b"], gap_s=60)])
    async with aclosing(several(backend.stream, request(), 3, one_prompt=True)) as items:
        async for _ in items:
            break
    await asyncio.sleep(0)
    assert backend.closed == 3


@pytest.mark.parametrize("count", [0, 17, 10**6, -1, 1.5, "2", True])
def test_number_that_is_none_is_refused(count: Any) -> None:
    with pytest.raises(UpstreamRejected, match="n: between 1 and 16"):
        asked_choices(request(parameters={"n": count}))
