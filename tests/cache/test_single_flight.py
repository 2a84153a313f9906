"""One piece of work for many callers, in a process and across processes."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cache.base import Store
from gateway.cache.disk import DiskCache
from gateway.cache.single_flight import SingleFlight

pytestmark = pytest.mark.anyio

KEY = "page:1:abc"
Open = Callable[[], Store]


class Work:
    """Counts how often it runs; stores its result as a use case does."""

    def __init__(
        self, cache: Store, flight: SingleFlight, *, delay_s: float = 0.1, stores: bool = True
    ) -> None:
        self.cache, self.flight, self.delay_s, self.stores = cache, flight, delay_s, stores
        self.runs = self.finished = 0
        self.began, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()
        self.error: Exception | None = None

    async def __call__(self) -> bytes:
        self.runs += 1
        self.began.set()
        await asyncio.sleep(self.delay_s)
        await self.go_on.wait()
        if self.error:
            raise self.error
        if self.stores:
            await self.cache.set(KEY, b"result", ttl_s=60, fence=self.flight.fence(KEY))
        self.finished += 1
        return b"result"

    async def look(self) -> bytes | None:
        return await self.cache.get(KEY)

    async def run(self) -> bytes:
        return await self.flight.run(KEY, self, look=self.look, was_stored=lambda _: self.stores)


def worker(open_store: Open, *, delay_s: float = 0.1, stores: bool = True, lease_ttl_s: float = 10) -> Work:
    cache = open_store()
    return Work(cache, SingleFlight(cache, lease_ttl_s=lease_ttl_s), delay_s=delay_s, stores=stores)


async def test_callers_in_one_process_share_one_run(open_store: Open) -> None:
    work = worker(open_store)
    assert await asyncio.gather(*(work.run() for _ in range(100))) == [b"result"] * 100
    assert work.runs == 1


async def test_callers_share_without_a_store_when_there_is_nothing_to_look_for(store: Store) -> None:
    flight = SingleFlight(store)
    work = Work(store, flight, stores=False)
    await asyncio.gather(*(flight.run(KEY, work) for _ in range(50)))
    assert work.runs == 1
    await flight.run(KEY, work)
    assert work.runs == 2, "a later caller starts anew"


async def test_workers_on_one_store_share_one_run(open_store: Open) -> None:
    workers = [worker(open_store) for _ in range(4)]
    results = await asyncio.gather(*(work.run() for work in workers for _ in range(50)))
    assert results == [b"result"] * 200
    assert sum(work.runs for work in workers) == 1


async def test_cancelled_leader_does_not_fail_its_followers(open_store: Open) -> None:
    work = worker(open_store)
    work.go_on.clear()
    leader = asyncio.create_task(work.run())
    await work.began.wait()
    followers = [asyncio.create_task(work.run()) for _ in range(5)]
    await asyncio.sleep(0)  # they join at their first step
    leader.cancel()
    await asyncio.wait([leader])
    work.go_on.set()
    assert await asyncio.gather(*followers) == [b"result"] * 5
    assert leader.cancelled() and work.runs == 1


async def test_work_is_cancelled_when_nobody_waits_and_the_next_caller_starts_anew(open_store: Open) -> None:
    work = worker(open_store)
    work.go_on.clear()
    callers = [asyncio.create_task(work.run()) for _ in range(3)]
    await work.began.wait()
    for caller in callers:
        caller.cancel()
    await asyncio.sleep(0)
    work.go_on.set()
    assert await work.run() == b"result"
    assert (work.runs, work.finished) == (2, 1)


async def test_failure_reaches_every_follower_and_is_not_kept(open_store: Open) -> None:
    work = worker(open_store)
    work.error = LookupError("origin said no")
    results = await asyncio.gather(*(work.run() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(result, LookupError) for result in results)
    assert work.runs == 1
    work.error = None
    assert await work.run() == b"result"


async def test_another_worker_takes_over_when_the_leader_dies(open_store: Open) -> None:
    dead, alive = open_store(), worker(open_store)
    assert await dead.lease(KEY, ttl_s=0.5), "and never renews it"
    assert await alive.run() == b"result"
    assert alive.runs == 1


async def test_leader_keeps_its_lease_through_long_work(open_store: Open) -> None:
    for ttl_s in (1, 3, 9):  # a busy machine may be late to renew it
        slow, other = (worker(open_store, delay_s=1.5 * ttl_s, lease_ttl_s=ttl_s) for _ in range(2))
        await asyncio.gather(slow.run(), other.run())
        if slow.runs + other.runs == 1:
            return
        await slow.cache.delete(KEY)
    pytest.fail("it was done twice each time")


def stand_still(seconds: float) -> None:
    time.sleep(seconds)  # the whole process: nothing is renewed


async def test_result_of_a_leader_that_lost_its_lease_does_not_replace_a_newer_one(open_store: Open) -> None:
    cache, other = open_store(), open_store()
    flight = SingleFlight(cache, lease_ttl_s=0.2)

    async def stalled() -> bytes:
        fence = flight.fence(KEY)
        stand_still(0.3)
        newer = await other.lease(KEY, ttl_s=60)
        assert newer
        await other.set(KEY, b"newer", ttl_s=60, fence=newer.fence)
        await cache.set(KEY, b"older", ttl_s=60, fence=fence)
        return b"older"

    await flight.run(KEY, stalled, look=lambda: cache.get(KEY))
    assert await other.get(KEY) == b"newer"
    assert await cache.get(KEY) == b"newer"


async def test_workers_do_not_queue_for_work_that_leaves_nothing(open_store: Open) -> None:
    workers = [worker(open_store, delay_s=0.5, stores=False) for _ in range(4)]
    await workers[0].run()
    running = [asyncio.create_task(work.run()) for work in workers[1:]]
    await asyncio.gather(*(work.began.wait() for work in workers[1:]))
    assert not any(work.finished for work in workers[1:]), "side by side, not one after another"
    await asyncio.gather(*running)


async def test_work_is_done_when_the_store_is_broken(
    open_disk: Callable[..., DiskCache], tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = open_disk()
    flight = SingleFlight(cache)
    work = Work(cache, flight)
    assert await asyncio.gather(*(work.run() for _ in range(20))) == [b"result"] * 20
    assert work.runs == 1
