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
    admission.release("a")
    assert admission.idle_s == 0
    admission.release("a")
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
    admission.release("a")
    await waiting
    assert (admission.running, admission.queued) == (2, 0)
    admission.release("a")
    admission.release("a")
    assert admission.running == 0


async def test_admission_takes_keys_in_turn() -> None:
    admission = Admission(limit=1, queue=100)
    await admission.acquire("first")
    served: list[str] = []

    async def work(who: str) -> None:
        await admission.acquire(who)
        served.append(who)
        admission.release(who)

    tasks = [asyncio.create_task(work("greedy")) for _ in range(6)]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(work("modest")) for _ in range(2)]
    await asyncio.sleep(0)
    admission.release("first")
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
    admission.release("a")
    tasks[1].cancel()  # its turn has come and it leaves at the same moment
    await asyncio.gather(tasks[1], return_exceptions=True)
    # whose they are by turns of 0, 1 and 2
    for task, who in ((tasks[3], "0"), (tasks[5], "2")):
        await asyncio.wait([task], timeout=60)
        admission.release(who)
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


async def test_key_that_holds_all_places_starves_no_other() -> None:
    admission = Admission(limit=16, queue=1)
    for _ in range(16):
        await admission.acquire("ann")
    waiting = asyncio.create_task(admission.acquire("ann"))
    await asyncio.sleep(0)
    for who in ("ben", "ben", "cid", "cid"):
        # an eighth each, beyond the limit, though the queue is full
        await asyncio.wait_for(admission.acquire(who), 1)
    assert admission.running == 20
    for who in ("ben", "dan"):
        # no more than its share, and of all no more than a quarter
        with pytest.raises(Overloaded):
            await admission.acquire(who)
    for who in ("ben", "ben", "cid", "cid"):
        admission.release(who)
        assert not waiting.done()
    admission.release("ann")
    await asyncio.wait_for(waiting, 1)
    for _ in range(16):
        admission.release("ann")
    assert admission.running == 0


async def test_place_beyond_the_limit_goes_to_a_key_that_waits_for_one() -> None:
    admission = Admission(limit=8, queue=8)
    for _ in range(8):
        await admission.acquire("ann")
    await admission.acquire("ben")
    turns = [asyncio.create_task(admission.acquire(who)) for who in ("ann", "ben")]
    await asyncio.sleep(0)
    admission.release("ben")
    await asyncio.wait_for(turns[1], 1)
    assert not turns[0].done()
    admission.release("ann")
    assert admission.running == 8
    admission.release("ann")
    await asyncio.wait_for(turns[0], 1)
