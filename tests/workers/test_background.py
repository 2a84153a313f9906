"""The pool's background: it delays nobody, it always gets on, and what fails in it stays in it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway.core.tasks.tokens import CountTokens
from gateway.errors import CleanTimeout, GatewayError, Overloaded
from gateway.workers.background import BackgroundWorkers
from gateway.workers.pool import BACKGROUND_PATIENCE, WorkerPool
from tests.leaks import descendants, eventually, is_running, stat_of
from tests.parts import make_pool

pytestmark = pytest.mark.anyio
NICENESS = 5


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    """One task at a time of each kind, with time to spare."""
    pool = make_pool(workers=1, timeout_s=60, work="tests.hostile_work")
    await pool.start()
    yield pool
    await pool.aclose()


async def ask(pool: WorkerPool, order: str) -> int:
    return await pool.run(CountTokens(tokenizer="none", text=order))


async def ask_behind(pool: WorkerPool, order: str) -> int:
    return await BackgroundWorkers(pool).run(CountTokens(tokenizer="none", text=order))


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process takes jobs and does not begin them."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def session_of(pid: int) -> str:
    """What the kernel says of the session's part of the CPU; some say nothing."""
    try:
        return Path(f"/proc/{pid}/autogroup").read_text()
    except OSError:
        return f"nice {NICENESS}"


async def test_task_that_is_waited_for_starts_beside_a_full_background(pool: WorkerPool) -> None:
    with stopped(await ask_behind(pool, "pid")):
        behind = [asyncio.create_task(ask_behind(pool, f"echo {n}")) for n in range(5)]
        await asyncio.sleep(0)
        assert [await ask(pool, f"echo {n}") for n in range(5)] == list(range(5))
        assert not any(task.done() for task in behind)
    assert await asyncio.gather(*behind) == list(range(5))


async def test_background_gets_on_beside_a_queue_that_never_ends(pool: WorkerPool) -> None:
    with stopped(await ask(pool, "pid")):
        waited_for = [asyncio.create_task(ask(pool, f"echo {n}")) for n in range(5)]
        await asyncio.sleep(0)
        assert [await ask_behind(pool, f"echo {n}") for n in range(5)] == list(range(5))
        assert not any(task.done() for task in waited_for)
    assert await asyncio.gather(*waited_for) == list(range(5))


async def test_background_starts_in_the_order_of_asking(pool: WorkerPool) -> None:
    ended: list[int] = []

    async def note(number: int) -> None:
        ended.append(await ask_behind(pool, f"echo {number}"))

    await asyncio.gather(*(note(n) for n in range(10)))
    assert ended == list(range(10))


@pytest.mark.parametrize(("workers", "at_once"), [(1, 1), (2, 1), (3, 1), (4, 2)])
async def test_background_has_half_as_many_processes(workers: int, at_once: int) -> None:
    pool = make_pool(workers=workers, timeout_s=60, work="tests.hostile_work")
    await pool.start()
    pids = await asyncio.gather(*(ask_behind(pool, "pid") for _ in range(10)))
    assert len(set(pids)) == at_once
    await pool.aclose()


async def test_background_s_processes_yield_and_are_its_own(pool: WorkerPool) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    behind, before = await ask_behind(pool, "pid"), await ask(pool, "pid")
    await eventually(lambda: os.getpriority(os.PRIO_PROCESS, behind) == own + NICENESS)
    assert os.getpriority(os.PRIO_PROCESS, before) == own
    # where sessions share the CPU evenly, it has one, which yields too
    assert os.getsid(behind) == behind != os.getsid(before)
    assert f"nice {NICENESS}" in session_of(behind)
    assert (await ask_behind(pool, "pid"), await ask(pool, "pid")) == (behind, before)


async def test_background_of_a_service_that_yields_itself_yields_more() -> None:
    script = (
        "import asyncio\n"
        "from gateway.core.tasks.tokens import CountTokens\n"
        "from tests.parts import make_pool\n"
        "async def main():\n"
        "    pool = make_pool(workers=1, timeout_s=60, work='tests.hostile_work')\n"
        "    await pool.start()\n"
        "    print(await pool.run_in_background(CountTokens(tokenizer='none', text='pid')), flush=True)\n"
        "    input()\n"
        "    # the process that was told to lower itself went on\n"
        "    print(await pool.run_in_background(CountTokens(tokenizer='none', text='pid')), flush=True)\n"
        "    await pool.aclose()\n"
        "asyncio.run(main())\n"
    )
    pipe = asyncio.subprocess.PIPE
    service = await asyncio.create_subprocess_exec(
        *("nice", "-n", "15", sys.executable, "-c", script),
        cwd=Path(__file__).parents[2],
        stdin=pipe,
        stdout=pipe,
    )
    assert service.stdout is not None and service.stdin is not None
    pid = int(await service.stdout.readline())
    await eventually(lambda: os.getpriority(os.PRIO_PROCESS, pid) == 19)
    service.stdin.write(b"\n")
    assert int(await service.stdout.readline()) == pid
    assert await service.wait() == 0


async def test_killed_worker_fails_its_task_and_no_other(pool: WorkerPool) -> None:
    pid = await ask_behind(pool, "pid")
    os.kill(pid, signal.SIGSTOP)
    under_way = asyncio.create_task(ask_behind(pool, "echo 0"))
    waiting = [asyncio.create_task(ask_behind(pool, f"echo {n}")) for n in range(1, 5)]
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(CleanTimeout):
        await under_way
    assert await asyncio.gather(*waiting) == [1, 2, 3, 4]


async def test_death_of_all_workers_is_survived(pool: WorkerPool) -> None:
    os.kill(stat_of(await ask_behind(pool, "pid")).parent, signal.SIGKILL)
    with pytest.raises(CleanTimeout):
        await ask_behind(pool, "exit")
    assert (await ask_behind(pool, "echo 1"), await ask(pool, "echo 2")) == (1, 2)


async def test_cancelled_tasks_leave_their_places(pool: WorkerPool) -> None:
    pid = await ask_behind(pool, "pid")
    with stopped(pid):
        tasks = [asyncio.create_task(ask_behind(pool, "echo 1")) for _ in range(5)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(end) for end in ends} == {asyncio.CancelledError}
        # nobody waits for what the process was asked
        assert await ask_behind(pool, "pid") != pid
        await eventually(lambda: not is_running(pid))


async def test_task_that_uses_no_cpu_may_take_longer_than_one_that_is_waited_for() -> None:
    pool = make_pool(workers=1, timeout_s=1, work="tests.hostile_work")
    await pool.start()
    with pytest.raises(CleanTimeout):
        await ask(pool, "sleep 1.5")
    assert await ask_behind(pool, "sleep 1.5") == 0
    await pool.aclose()


@pytest.mark.parametrize("order", ["spin", "sleep 3600"])
async def test_task_without_end_is_ended(order: str) -> None:
    pool = make_pool(workers=1, timeout_s=2 / BACKGROUND_PATIENCE, work="tests.hostile_work")
    await pool.start()
    with pytest.raises(CleanTimeout) as caught:
        await ask_behind(pool, order)
    assert caught.value.extra["limit"] == "time"
    assert await ask_behind(pool, "echo 1") == 1
    await pool.aclose()


async def test_closed_pool_fails_what_runs_and_what_waits(pool: WorkerPool) -> None:
    pid, other = await ask_behind(pool, "pid"), await ask(pool, "pid")
    ours = {pid, other, stat_of(pid).parent}
    before = set(descendants(os.getpid())) - ours
    asks = [asyncio.create_task(each(pool, "sleep 3600")) for each in (ask, ask_behind) for _ in range(3)]
    await asyncio.sleep(0)
    await pool.aclose()
    ends = await asyncio.gather(*asks, return_exceptions=True)
    assert [type(end) for end in ends] == 2 * [CleanTimeout, Overloaded, Overloaded]
    assert all(isinstance(end, GatewayError) for end in ends)
    await eventually(lambda: not any(is_running(each) for each in ours))
    assert set(descendants(os.getpid())) <= before
