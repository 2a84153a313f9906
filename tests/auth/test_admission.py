"""Admission is bounded and fair, and each key has so many requests under way."""

import asyncio
import math

import pytest

from gateway.auth.admission import Admission, KeyConcurrency
from gateway.auth.keys import Key
from gateway.errors import Overloaded, RateLimited

pytestmark = pytest.mark.anyio


async def test_admission_knows_how_long_nothing_ran() -> None:
    admission = Admission(limit=2, queue=0)
    assert admission.idle_s == math.inf
    await admission.acquire("a")
    await admission.acquire("a")
    admission.release()
    assert admission.idle_s == 0
    admission.release()
    assert 0 <= admission.idle_s < math.inf


async def test_admission_runs_up_to_the_limit_then_queues_then_refuses() -> None:
    admission = Admission(limit=2, queue=1)
    await admission.acquire("a")
    await admission.acquire("a")
    waiting = asyncio.create_task(admission.acquire("a"))
    await asyncio.sleep(0)
    assert (admission.running, admission.queued) == (2, 1)
    with pytest.raises(Overloaded) as caught:
        await admission.acquire("b")
    assert caught.value.retry_after_s
    admission.release()
    await waiting
    assert (admission.running, admission.queued) == (2, 0)
    admission.release()
    admission.release()
    assert admission.running == 0


async def test_admission_takes_keys_in_turn() -> None:
    admission = Admission(limit=1, queue=100)
    await admission.acquire("first")
    served: list[str] = []

    async def work(who: str) -> None:
        await admission.acquire(who)
        served.append(who)
        admission.release()

    tasks = [asyncio.create_task(work("greedy")) for _ in range(6)]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(work("modest")) for _ in range(2)]
    await asyncio.sleep(0)
    admission.release()
    await asyncio.gather(*tasks)
    assert served[:4] == ["greedy", "modest", "greedy", "modest"]
    assert (admission.running, admission.queued) == (0, 0)


async def test_admission_loses_no_place_to_the_impatient() -> None:
    admission = Admission(limit=1, queue=10)
    await admission.acquire("a")
    tasks = [asyncio.create_task(admission.acquire(str(n % 3))) for n in range(6)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks[::2], return_exceptions=True)
    assert admission.queued == 3
    admission.release()
    tasks[1].cancel()  # its turn has come and it leaves at the same moment
    await asyncio.gather(tasks[1], return_exceptions=True)
    for task in (tasks[3], tasks[5]):
        await asyncio.wait([task], timeout=60)
        admission.release()
    assert (admission.running, admission.queued) == (0, 0)


async def test_admission_refuses_while_draining() -> None:
    admission = Admission(limit=1, queue=1)
    admission.draining = True
    with pytest.raises(Overloaded, match="shutting down"):
        await admission.acquire("a")


async def test_concurrency_of_a_key_is_bounded() -> None:
    concurrency = KeyConcurrency()
    key = Key(name="k", sha256="", concurrency=1)
    with concurrency.counting(key), pytest.raises(RateLimited, match="under way"), concurrency.counting(key):
        pass
    with concurrency.counting(key):
        pass
