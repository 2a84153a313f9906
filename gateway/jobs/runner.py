"""Works on jobs: claims addresses, reads them, writes their outcomes. One in every process of the service."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterator, Callable

from msgspec import Struct

from gateway.errors import JobsUnavailable
from gateway.jobs.frontier import Claim, Frontier
from gateway.jobs.page_reader import Budget, NoBudget, PageReader, fail_unread
from gateway.jobs.specification import Specification, unpack
from gateway.primitives.ending import end
from gateway.primitives.panics import contained

# how often leases are extended: a cancelled job's pages are given up within this time
HEARTBEAT_S = 0.75
# how often to look for jobs that another process created
IDLE_S = 1.0
SWEEP_S = 60.0
FAULT_PAUSE_S = 5.0
# between the beginnings of two pages while callers wait for this process
YIELD_S = 0.025
_REMEMBERED_JOBS = 1_000
_log = logging.getLogger("winnow.jobs")


class RunnableJob(Struct, kw_only=True, frozen=True):
    """What a runner needs of a job; it never changes. `specification` is None where it cannot be read."""

    owner: str
    page_limit: int
    specification: Specification | None


class Runner:
    """Reads the pages of all jobs in a frontier, together with the runners of other processes.

    Args:
        concurrency: pages at a time.
        per_host: pages of one host at a time, all runners together.
        lease_s: how long a page of a process that died stays with it.
        on_page: is called with every page's error and the seconds it took (metrics).
    """

    def __init__(
        self,
        *,
        frontier: Frontier,
        reader: PageReader,
        concurrency: int,
        per_host: int,
        lease_s: float,
        on_page: Callable[[str | None, float], None] = lambda error, seconds: None,
    ) -> None:
        self._frontier = frontier
        self._reader = reader
        self.concurrency = concurrency
        self._per_host = per_host
        self._lease_s = lease_s
        self._budget_of: Callable[[str], Budget] = lambda owner: NoBudget()
        self._idle_s: Callable[[], float] = lambda: math.inf
        self._on_page = on_page
        self._under_way: dict[asyncio.Task[None], Claim] = {}
        self._jobs: dict[str, RunnableJob] = {}
        self._wake = asyncio.Event()
        # a page's to begin
        self._turn = asyncio.Lock()

    @property
    def running(self) -> int:
        """Pages that are being read."""
        return len(self._under_way)

    def wake(self) -> None:
        """Look for work at once."""
        self._wake.set()

    @contextlib.asynccontextmanager
    async def work(
        self,
        *,
        budget_of: Callable[[str], Budget] = lambda owner: NoBudget(),
        idle_s: Callable[[], float] = lambda: math.inf,
    ) -> AsyncIterator[None]:
        """Work while the block lasts; then give back what is not done.

        Args:
            budget_of: a key's, by its name; without, nobody's tokens are counted.
            idle_s: seconds since somebody waited for an answer of this process; 0 while somebody does.
        """
        self._budget_of, self._idle_s = budget_of, idle_s
        loops = [asyncio.create_task(loop()) for loop in (self._claim, self._hold, self._sweep)]
        try:
            yield
        finally:
            await end(*loops)
            pages = dict(self._under_way)
            for task in pages:
                task.cancel()
            await asyncio.gather(*pages, return_exceptions=True)
            for claim in pages.values():
                with contextlib.suppress(JobsUnavailable):
                    await self._frontier.release(claim)

    async def _claim(self) -> None:
        while True:
            self._wake.clear()
            wait_s = IDLE_S
            room = self.concurrency - len(self._under_way)
            if room > 0:
                try:
                    got = await self._frontier.claim(
                        limit=room, lease_s=self._lease_s, per_host=self._per_host
                    )
                except JobsUnavailable as exc:
                    _log.warning("%s", exc.detail)
                    await asyncio.sleep(FAULT_PAUSE_S)
                    continue
                for claim in got.claims:
                    task = asyncio.create_task(self._read(claim))
                    self._under_way[task] = claim
                    task.add_done_callback(self._forget)
                if got.wait_s is not None:
                    wait_s = min(wait_s, got.wait_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        if not task.cancelled() and (fault := task.exception()):
            _log.error("a page of a job was lost until its lease ends", exc_info=fault)
        self._wake.set()

    async def _hold(self) -> None:
        """Extend the leases of what is under way, and give up what is no longer wanted."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            held = {
                (claim.job_id, claim.address.key, claim.token): task
                for task, claim in self._under_way.items()
            }
            if not held:
                continue
            try:
                lost = await self._frontier.extend(list(self._under_way.values()), lease_s=self._lease_s)
            except JobsUnavailable as exc:
                _log.warning("%s", exc.detail)
                continue
            for claim in lost:
                if task := held.get((claim.job_id, claim.address.key, claim.token)):
                    task.cancel()

    async def _sweep(self) -> None:
        while True:
            more = False
            try:
                more = await self._frontier.sweep()
            except JobsUnavailable as exc:
                _log.warning("%s", exc.detail)
            await asyncio.sleep(0 if more else SWEEP_S)

    async def _read(self, claim: Claim) -> None:
        with contained():
            async with self._turn:
                if self._idle_s() < YIELD_S:
                    await asyncio.sleep(YIELD_S)
            began = time.perf_counter()
            job = await self._job(claim.job_id)
            if job is None:
                return
            if job.specification is None:
                outcome = await fail_unread(claim)
            else:
                outcome = await self._reader.read(
                    claim,
                    job.specification,
                    owner=job.owner,
                    limit=job.page_limit,
                    budget=self._budget_of(job.owner),
                )
            if await self._frontier.finish(claim, outcome):
                self._on_page(outcome.error, time.perf_counter() - began)

    async def _job(self, job_id: str) -> RunnableJob | None:
        if (known := self._jobs.get(job_id)) is not None:
            return known
        if (job := await self._frontier.find(job_id)) is None:
            return None
        if len(self._jobs) >= _REMEMBERED_JOBS:
            self._jobs.clear()
        self._jobs[job_id] = RunnableJob(
            owner=job.owner, page_limit=job.page_limit, specification=unpack(job.specification)
        )
        return self._jobs[job_id]
