"""Tasks in processes that can be killed: a page or a schema may hang or burst its parser, never the service.

A task goes to a free worker and comes back as a result or a typed error within `timeout_s`. A worker that
passes its deadline, its memory or its caller's patience is killed and replaced. What a worker says is
decoded with msgspec: a process that has met a hostile page is not trusted either.

A job that has used `SLOW_S` of CPU moves to the slow lane: its process yields to every other, and its place is given to
a fresh worker, so that slow pages delay only themselves. CPU, since on a busy machine every job takes long.

Work that nobody waits for has places and processes of its own, which yield in the same way. Neither kind waits for the
other to end: work in the background gets the CPU that others leave, and about a quarter of a core beside one of them.

Processes that had nothing to do for a while end, and with them the vocabulary that they hold: a gateway that nobody
asks takes what it took at its start. The next task waits for a new one, as the first did.
"""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from gateway.core.tasks.base import R, Task, pack, unpack
from gateway.environment import child_environment
from gateway.errors import CleanError, GatewayError, Overloaded, shutting_down
from gateway.telemetry.spans import add_stages, are_recorded, span
from gateway.workers.fork_server import DONE, HELLO, MEMORY, ORDER, SPENT
from gateway.workers.lanes import Lane, Place
from gateway.workers.worker import Worker, WorkerDied

SLOW_S = 0.1
# slow jobs beside each worker; beyond that they keep their place
SLOW_PER_WORKER = 3
# a job in the background may use `timeout_s` of CPU; on a busy machine it gets that in many times as long
BACKGROUND_PATIENCE = 60
RECYCLE_AFTER_JOBS = 1000
START_TIMEOUT_S = 30.0
REST_AFTER_S = 600.0
EXTRA_BYTES = 300 * 1024**2
_KEPT_BYTES = str(32 * 1024**2)

_log = logging.getLogger("winnow.workers")
Subject = TypeVar("Subject")


class WorkerPool:
    """Runs tasks in killable processes.

    Args:
        workers: tasks that run at a time, slow ones and those in the background apart; half as many run there.
        timeout_s: the longest a job may run; the most CPU that one in the background may use.
        memory_bytes: address space of a worker, all in all.
        extra_bytes: address space of a worker beyond what it starts with.
        work: module whose `run(bytes) -> bytes` does a task, and whose `warm()`, if any, loads what it needs.
        given: arguments of `warm`.
        computes: it runs native code that may need to know the hardware.
        rest_after_s: without a task for so long, the processes end.
        killed: is called for every worker that did not finish its job: "time", "memory", or "caller" when it left.
    """

    def __init__(
        self,
        *,
        workers: int,
        timeout_s: float,
        memory_bytes: int,
        extra_bytes: int = EXTRA_BYTES,
        work: str = "gateway.core.tasks.work",
        given: Sequence[str] = (),
        computes: bool = False,
        rest_after_s: float = REST_AFTER_S,
        killed: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._front = Lane(workers)
        self._background = Lane(max(1, workers // 2), yields=True)
        self._timeout_s = timeout_s
        self._killed = killed
        self._arguments = [work, str(memory_bytes), str(extra_bytes), str(timeout_s), *given]
        self._computes = computes
        self._rest_after_s = rest_after_s
        self._asked_at = 0.0
        self._next_rest: asyncio.TimerHandle | None = None
        self._slow = 0
        self._live: set[Worker] = set()
        self._refills: set[asyncio.Task[None]] = set()
        # of fork servers that were left
        self._ends: set[asyncio.Task[int]] = set()
        self._fork_server: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None
        self._closed = False

    async def start(self) -> None:
        """Start the fork server without waiting for it; workers come with the first jobs."""
        self._start_fork_server()

    async def aclose(self) -> None:
        """End every process; jobs that run or wait fail."""
        self._closed = True
        if self._next_rest is not None:
            self._next_rest.cancel()
        for task in self._refills:
            task.cancel()
        await asyncio.gather(*self._refills, *self._ends, return_exceptions=True)
        for worker in list(self._live):
            self._discard(worker)
        if self._orders is not None:
            self._orders.close()
        if self._fork_server is not None:
            await asyncio.to_thread(self._fork_server.wait, START_TIMEOUT_S)

    def health(self) -> str | None:
        """None when well, else one line that names the fault."""
        if self._fork_server is None:
            return "cleaning workers were not started"
        code = self._fork_server.poll()
        return None if code is None else f"the cleaning workers' parent process ended with code {code}"

    async def run(self, task: Task[R]) -> R:
        """Do a task.

        Raises:
            GatewayError: `task.exceeded` when it passed its time or its memory, or took its process down;
                CleanError when the work failed; Overloaded when the pool has no process for it, or was closed; and
                any that the work itself ends in.
        """
        return await self._run(task, self._front)

    async def run_in_background(self, task: Task[R]) -> R:
        """As `run`, for work that nobody waits for: it delays no task of `run`, and none of them delays its start."""
        return await self._run(task, self._background)

    async def _run(self, task: Task[R], lane: Lane) -> R:
        with span("worker"):
            result = await self._do(task, lane)
            if are_recorded():
                add_stages(task.stages_ms(result))
            return result

    async def _do(self, task: Task[R], lane: Lane) -> R:
        content = pack(task)
        async with Place(lane.free) as place:
            worker = await self._take(lane)
            patience = BACKGROUND_PATIENCE if lane.yields else 1
            try:
                async with asyncio.timeout(patience * self._timeout_s) as deadline:
                    if lane.yields:
                        self._look_in(self._timeout_s, self._end_spent, worker, deadline)
                    else:
                        self._look_in(SLOW_S, self._move_slow, worker, place)
                    kind, answer = await worker.ask(content)
            except asyncio.CancelledError:
                self._killed("caller")
                raise
            except TimeoutError:
                self._killed("time")
                raise task.exceeded(
                    f"{task.doing} took longer than {self._timeout_s:g} s and was stopped", limit="time"
                ) from None
            except WorkerDied:
                self._killed("memory")
                raise task.exceeded(
                    f"the process died while {task.doing}, most likely at its memory limit", limit="memory"
                ) from None
            finally:
                self._put_back(worker, lane)
            if kind == MEMORY:
                self._killed("memory")
            return _read(task, kind, answer)

    def _look_in(
        self, seconds: float, look: Callable[[Worker, Subject], None], worker: Worker, subject: Subject
    ) -> None:
        worker.next_look = asyncio.get_running_loop().call_later(seconds, look, worker, subject)

    def _move_slow(self, worker: Worker, place: Place) -> None:
        """Move a job that has used enough CPU to the slow lane; look again later at one that has not."""
        left_s = SLOW_S - worker.spent_s()
        if left_s > 0 or self._slow >= SLOW_PER_WORKER * self._front.places:
            self._look_in(max(left_s, 0.01), self._move_slow, worker, place)
            return
        self._slow += 1
        worker.is_slow = True
        self._order(b"N", worker)
        place.leave()

    def _end_spent(self, worker: Worker, deadline: asyncio.Timeout) -> None:
        """End a job that has used its CPU; look again later at one that has not been given it."""
        left_s = self._timeout_s - worker.spent_s()
        if left_s > 0:
            self._look_in(max(left_s, 0.01), self._end_spent, worker, deadline)
        else:
            deadline.reschedule(asyncio.get_running_loop().time())

    def _put_back(self, worker: Worker, lane: Lane) -> None:
        if worker.next_look is not None:
            worker.next_look.cancel()
        if worker.is_slow:
            self._slow -= 1
        is_reusable = (
            worker.is_reusable and worker.alive and not worker.is_slow and worker.jobs < RECYCLE_AFTER_JOBS
        )
        if is_reusable and len(lane.idle) <= lane.places and not self._closed:
            # with the warm spare
            lane.idle.append(worker)
            return
        self._discard(worker)
        self._keep_warm_spare(lane)

    def _discard(self, worker: Worker) -> None:
        self._live.discard(worker)
        worker.close()
        self._order(b"K", worker)

    def _keep_warm_spare(self, lane: Lane) -> None:
        """Have one worker ready beyond those at work: on a busy machine a fork can take seconds."""
        if not lane.yields and not lane.idle and not self._refills and not self._closed:
            task = asyncio.create_task(self._refill(lane))
            self._refills.add(task)
            task.add_done_callback(self._refills.discard)

    async def _refill(self, lane: Lane) -> None:
        try:
            lane.idle.append(await self._spawn(lane))
        except GatewayError:
            # the next job meets the same fault and reports it
            pass

    def _rest(self) -> None:
        """End the processes if none had anything to do for long enough, else look again later."""
        now = asyncio.get_running_loop().time()
        idle = [worker for lane in (self._front, self._background) for worker in lane.idle]
        rest_at = self._asked_at + self._rest_after_s
        if self._refills or len(idle) < len(self._live):
            # one is at work, or starts
            rest_at = now + self._rest_after_s
        self._next_rest = None
        if now < rest_at:
            self._next_rest = asyncio.get_running_loop().call_at(rest_at, self._rest)
            return
        for lane in (self._front, self._background):
            lane.idle.clear()
        for worker in idle:
            self._live.discard(worker)
            worker.close()
        self._leave_fork_server()
        # the new one knows no vocabulary until it is asked for a worker
        self._start_fork_server()

    def _leave_fork_server(self) -> None:
        """Have the fork server end and take its workers along, so that none of them is left to be waited for."""
        if self._fork_server is not None and self._orders is not None:
            self._orders.close()
            wait = asyncio.create_task(asyncio.to_thread(self._fork_server.wait, START_TIMEOUT_S))
            self._ends.add(wait)
            wait.add_done_callback(self._ends.discard)
            self._fork_server = self._orders = None

    async def _take(self, lane: Lane) -> Worker:
        loop = asyncio.get_running_loop()
        self._asked_at = loop.time()
        if self._next_rest is None and not self._closed:
            self._next_rest = loop.call_later(self._rest_after_s, self._rest)
        while lane.idle:
            worker = lane.idle.pop()
            if worker.alive:
                self._keep_warm_spare(lane)
                return worker
            self._discard(worker)
        return await self._spawn(lane)

    async def _spawn(self, lane: Lane) -> Worker:
        for _ in range(2):
            # the fork server itself may have died: then a new one
            worker = await self._connect(lane)
            self._live.add(worker)
            try:
                async with asyncio.timeout(START_TIMEOUT_S):
                    kind, content = await worker.hear()
            except (WorkerDied, TimeoutError):
                self._discard(worker)
                continue
            except BaseException:
                self._discard(worker)
                raise
            if kind == HELLO:
                worker.pid = int(content)
                return worker
        raise CleanError("no cleaning worker starts; the gateway's log says why")

    async def _connect(self, lane: Lane) -> Worker:
        """A worker that was ordered, and has not said anything yet."""
        if self._closed:
            raise shutting_down(Overloaded)
        try:
            ours, theirs = socket.socketpair()
            try:
                with theirs:
                    self._order_worker(theirs, b"B" if lane.yields else b"S")
                _, worker = await asyncio.get_running_loop().create_connection(Worker, sock=ours)
            except BaseException:
                ours.close()
                raise
        except OSError as exc:
            raise Overloaded(
                f"no worker can be started: {exc.strerror or exc}; try again shortly", retry_after_s=1
            ) from exc
        return worker

    def _start_fork_server(self) -> None:
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        if self._fork_server is not None:
            self._fork_server.kill()
            self._fork_server.wait()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._fork_server = subprocess.Popen(
                    [sys.executable, "-P", "-m", "gateway.workers.fork_server", *self._arguments],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env=child_environment(
                        os.environ,
                        computes=self._computes,
                        PYTHONPATH=os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path),
                        # its threads would not survive the fork
                        OPENBLAS_NUM_THREADS="1",
                        # glibc: keep what one page used for the next (saves 6 % of a page's CPU);
                        # and one arena, since each reserves address space, which is limited
                        MALLOC_TRIM_THRESHOLD_=_KEPT_BYTES,
                        MALLOC_MMAP_THRESHOLD_=_KEPT_BYTES,
                        MALLOC_ARENA_MAX="1",
                    ),
                    # a terminal's Ctrl-C is for the gateway to act on. The session stays the gateway's, so that a
                    # browser yields to workers too: niceness counts within a session only (sched(7), autogroup)
                    process_group=0,
                )
        except BaseException:
            ours.close()
            raise
        self._orders = ours

    def _order_worker(self, link: socket.socket, order: bytes) -> None:
        try:
            self._send_order(order, 0, [link.fileno()])
        except OSError:
            # the fork server died: its workers with it, or soon
            self._start_fork_server()
            self._send_order(order, 0, [link.fileno()])

    def _order(self, order: bytes, worker: Worker) -> None:
        try:
            self._send_order(order, worker.pid, [])
        except OSError:
            # without a fork server there is no worker
            pass

    def _send_order(self, order: bytes, pid: int, descriptors: list[int]) -> None:
        if self._orders is None:
            self._start_fork_server()
        assert self._orders is not None
        socket.send_fds(self._orders, [ORDER.pack(order, pid)], descriptors)


def _read(task: Task[R], kind: bytes, answer: bytes) -> R:
    if kind == MEMORY:
        raise task.exceeded(f"{task.doing} needs more memory than its limit", limit="memory")
    if kind not in (DONE, SPENT):
        name, _, trace = answer[:8000].decode("utf-8", "replace").partition("\n")
        _log.error("a task (%s) raised %s\n%s", type(task).__name__, ascii(name), trace)
        raise CleanError(f"{task.doing} failed; the gateway's log says why")
    try:
        return unpack(task, answer)
    except msgspec.DecodeError as exc:
        raise CleanError(f"{task.doing} failed: the process that did it answered out of form") from exc
