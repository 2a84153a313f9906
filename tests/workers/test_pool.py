"""The worker pool under jobs that misbehave in every way a parser can."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import FrameType

import pytest

from gateway.core.tasks.tokens import CountTokens
from gateway.errors import CleanError, CleanTimeout, GatewayError, UnsupportedContent
from gateway.workers.pool import SLOW_PER_WORKER, SLOW_S, WorkerPool
from tests.leaks import descriptors, eventually, is_running, stat_of
from tests.parts import make_pool

pytestmark = pytest.mark.anyio
TIMEOUT_S = 2.0
MIB = 1024**2


@pytest.fixture
async def impatient() -> AsyncIterator[WorkerPool]:
    """For jobs that do not end of themselves."""
    pool = make_pool(workers=2, timeout_s=TIMEOUT_S, work="tests.hostile_work")
    await pool.start()
    yield pool
    await pool.aclose()


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    """With time to spare, since loaded machines are slow."""
    pool = make_pool(workers=2, timeout_s=60, work="tests.hostile_work")
    await pool.start()
    yield pool
    await pool.aclose()


async def ask(pool: WorkerPool, order: str) -> int:
    return await pool.run(CountTokens(tokenizer="none", text=order))


async def test_pool_does_a_job(pool: WorkerPool) -> None:
    assert await ask(pool, "echo 42") == 42


async def test_pool_does_more_jobs_at_once_than_it_has_workers(pool: WorkerPool) -> None:
    assert await asyncio.gather(*(ask(pool, f"echo {n}") for n in range(50))) == list(range(50))


@pytest.mark.parametrize(
    ("order", "error", "limit"),
    [
        pytest.param("spin", CleanTimeout, "time", id="hangs"),
        pytest.param(f"eat {400 * MIB}", CleanTimeout, "memory", id="needs-too-much-memory"),
        pytest.param("crash", CleanTimeout, "memory", id="segfaults"),
        pytest.param("exit", CleanTimeout, "memory", id="exits"),
        pytest.param("raise", CleanError, None, id="raises"),
        pytest.param("garble", CleanError, None, id="answers-garbage"),
        pytest.param("flood", CleanTimeout, "memory", id="answers-too-much"),
        pytest.param("half 9", CleanTimeout, "memory", id="dies-within-a-frame-s-head"),
        pytest.param("half 40", CleanTimeout, "memory", id="dies-within-an-answer"),
        pytest.param("refuse", UnsupportedContent, None, id="ends-in-a-typed-error"),
    ],
)
async def test_pool_turns_misbehaviour_into_a_typed_error_and_goes_on(
    pool: WorkerPool, impatient: WorkerPool, order: str, error: type[GatewayError], limit: str | None
) -> None:
    started = time.monotonic()
    with pytest.raises(error) as caught:
        await ask(impatient if order == "spin" else pool, order)
    assert type(caught.value) is error
    assert caught.value.extra.get("limit") == limit
    assert "secret" not in caught.value.detail
    assert time.monotonic() - started < TIMEOUT_S + 60
    assert await ask(pool, "echo 1") == 1


@pytest.mark.parametrize("order", ["spin", f"eat {400 * MIB}", "crash", "raise", "flood"])
async def test_failed_job_is_not_left_to_the_garbage_collector(impatient: WorkerPool, order: str) -> None:
    gc.collect()
    gc.disable()  # which would hide what waits for it: pages of 10 MB, a hundred of them at times
    try:
        with contextlib.suppress(GatewayError):
            await ask(impatient, order)
        await asyncio.sleep(0)  # the step that woke this task refers to what it was woken by
        frames = [
            found for found in gc.get_objects() if type(found) is FrameType
        ]  # isinstance asks what torch has deprecated
    finally:
        gc.enable()
    assert not [frame for frame in frames if frame.f_code is WorkerPool.run.__code__]


async def test_worker_uses_memory_within_its_limit(pool: WorkerPool) -> None:
    assert await ask(pool, f"eat {200 * MIB}") == 200 * MIB


async def test_worker_that_has_grown_is_not_used_again(pool: WorkerPool) -> None:
    before = await ask(pool, "pid")
    await ask(pool, f"eat {200 * MIB}")
    assert await ask(pool, "pid") != before


async def test_processes_without_work_end_and_start_again() -> None:
    pool = make_pool(workers=2, timeout_s=60, work="tests.hostile_work", rest_after_s=0.5)
    await pool.start()
    before = await ask(pool, "pid")
    # one that is at work does not rest, nor the others meanwhile
    assert await ask(pool, "sleep 2") == 0
    assert is_running(before)
    parent = stat_of(before).parent
    # they have been waited for: in a container there may be nobody else who does
    for pid in (before, parent):
        await eventually(lambda pid=pid: not Path(f"/proc/{pid}").exists())
    assert pool.health() is None
    assert await ask(pool, "pid") != before
    assert await asyncio.gather(*(ask(pool, f"echo {n}") for n in range(8))) == list(range(8))
    await pool.aclose()


async def test_worker_is_used_again(pool: WorkerPool) -> None:
    assert await ask(pool, "pid") == await ask(pool, "pid")


async def test_worker_sees_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_SECRET", "s3cret")
    pool = make_pool(workers=1, work="tests.hostile_work")
    await pool.start()
    assert await ask(pool, "environment") == 0
    await pool.aclose()


async def test_worker_holds_no_descriptor_of_another(pool: WorkerPool) -> None:
    first = await ask(pool, "descriptors")
    await asyncio.gather(*(ask(pool, "sleep 0.05") for _ in range(2)))
    assert await asyncio.gather(*(ask(pool, "descriptors") for _ in range(2))) == [first, first]


async def test_slow_jobs_are_set_aside_and_delay_no_other() -> None:
    pool = make_pool(workers=2, timeout_s=90, work="tests.hostile_work")
    await pool.start()
    slow = [asyncio.create_task(ask(pool, "spin")) for _ in range(2)]
    await asyncio.sleep(0.1)
    assert await asyncio.wait_for(ask(pool, "echo 1"), 60) == 1
    assert not any(task.done() for task in slow)
    await pool.aclose()
    assert {type(error) for error in await asyncio.gather(*slow, return_exceptions=True)} == {CleanTimeout}


async def test_waiting_job_is_not_taken_for_a_slow_one(pool: WorkerPool) -> None:
    before = await ask(pool, "pid")
    await ask(pool, f"sleep {2 * SLOW_S}")
    assert await ask(pool, "pid") == before


async def test_jobs_that_come_in_bursts_keep_their_workers(pool: WorkerPool) -> None:
    seen = set()
    for _ in range(20):
        seen |= set(await asyncio.gather(ask(pool, "pid"), ask(pool, "pid")))
        await asyncio.sleep(0)
    assert len(seen) <= 3, "two at work and the spare one"


async def test_slow_jobs_beyond_the_bound_wait_their_turn(impatient: WorkerPool) -> None:
    jobs = 2 * (1 + SLOW_PER_WORKER) + 2
    ends = await asyncio.gather(*(ask(impatient, "spin") for _ in range(jobs)), return_exceptions=True)
    assert {type(end) for end in ends} == {CleanTimeout}
    assert impatient.health() is None


async def test_cancelled_caller_frees_the_worker(pool: WorkerPool) -> None:
    spinning = [asyncio.create_task(ask(pool, "spin")) for _ in range(2)]
    await asyncio.sleep(0.1)
    for task in spinning:
        task.cancel()
    await asyncio.gather(*spinning, return_exceptions=True)
    assert await asyncio.wait_for(ask(pool, "echo 1"), 60) == 1


async def test_caller_cancelled_in_the_queue_loses_no_place(pool: WorkerPool) -> None:
    busy = [asyncio.create_task(ask(pool, "sleep 0.2")) for _ in range(2)]
    queued = [asyncio.create_task(ask(pool, "echo 1")) for _ in range(5)]
    await asyncio.sleep(0.05)
    for task in queued:
        task.cancel()
    await asyncio.gather(*busy, *queued, return_exceptions=True)
    assert await asyncio.gather(*(ask(pool, f"echo {n}") for n in range(4))) == [0, 1, 2, 3]


async def test_pool_survives_the_death_of_the_fork_server(pool: WorkerPool) -> None:
    worker = await ask(pool, "pid")
    os.kill(stat_of(worker).parent, signal.SIGKILL)
    with pytest.raises(CleanTimeout):
        await ask(pool, "exit")
    assert await ask(pool, "echo 1") == 1
    assert pool.health() is None


async def test_pool_that_cannot_start_workers_says_so() -> None:
    pool = make_pool(workers=1, work="tests.no_such_work")
    await pool.start()
    with pytest.raises(CleanError, match="no cleaning worker starts"):
        await ask(pool, "echo 1")
    await pool.aclose()


async def test_closed_pool_leaves_no_process_and_no_descriptor() -> None:
    before = descriptors()
    pool = make_pool(workers=2, timeout_s=TIMEOUT_S, work="tests.hostile_work")
    await pool.start()
    pids = await asyncio.gather(ask(pool, "pid"), ask(pool, "pid"))
    spinning = asyncio.create_task(ask(pool, "spin"))
    await asyncio.sleep(0.1)
    await pool.aclose()
    with pytest.raises(CleanTimeout):
        await spinning
    await eventually(lambda: not any(is_running(pid) for pid in pids))
    await eventually(lambda: descriptors() <= before)


async def test_many_deaths_leak_nothing(pool: WorkerPool) -> None:
    await ask(pool, "echo 1")
    before = descriptors()
    for _ in range(30):
        with pytest.raises(CleanTimeout):
            await ask(pool, "exit")
    await ask(pool, "echo 1")
    await eventually(lambda: descriptors() <= before + 2)  # a spare worker


async def test_processes_end_with_a_gateway_that_is_killed() -> None:
    script = (
        "import asyncio, os\n"
        "from gateway.core.tasks.tokens import CountTokens\n"
        "from tests.parts import make_pool\n"
        "async def main():\n"
        "    pool = make_pool(workers=1, work='tests.hostile_work')\n"
        "    await pool.start()\n"
        "    pid = await pool.run(CountTokens(tokenizer='none', text='pid'))\n"
        "    asyncio.create_task(pool.run(CountTokens(tokenizer='none', text='spin')))\n"
        "    await asyncio.sleep(0.1)\n"
        "    print(pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
    )
    assert gateway.stdout is not None
    worker = int(await gateway.stdout.readline())
    fork_server = stat_of(worker).parent
    gateway.kill()
    await gateway.wait()
    await eventually(lambda: not is_running(worker) and not is_running(fork_server))
