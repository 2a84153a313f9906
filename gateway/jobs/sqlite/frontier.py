"""The frontier of one machine: a SQLite file that several processes share (WAL, one writer at a time).

All calls of a process go through one thread, in order. A call is one transaction.
"""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gateway.errors import JobsUnavailable
from gateway.jobs.frontier import (
    GIVEN_UP_S,
    Address,
    Claim,
    Claims,
    Event,
    Job,
    NewJob,
    Outcome,
    Result,
    most_known,
)
from gateway.jobs.sqlite.claims import claim_addresses, extend_leases, release, shorten_leases
from gateway.jobs.sqlite.events import claim_events, end_event, note_event
from gateway.jobs.sqlite.outcomes import add_addresses, end_if_over, finish
from gateway.jobs.sqlite.schema import find_job, find_jobs, prepare
from gateway.jobs.sqlite.sweep import sweep

T = TypeVar("T")

BUSY_TIMEOUT_S = 5.0


class SqliteFrontier:
    """`Frontier` in one file.

    Args:
        path: of the file; its folder is made.
        now: Unix seconds; the same clock for all processes of the machine.
    Raises:
        JobsUnavailable: from every method, when the file cannot be written.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="winnow-jobs")
        self._database: sqlite3.Connection | None = None

    async def create(self, job: NewJob, addresses: list[Address]) -> Job:
        def run(database: sqlite3.Connection) -> Job:
            if job.idempotency_key is not None:
                where = "owner = ? AND idempotency_key = ?"
                if found := find_job(database, where, job.owner, job.idempotency_key):
                    return found
            now = self._now()
            database.execute(
                "INSERT INTO jobs(id, owner, kind, specification, status, page_limit, pattern_limit, created_at, "
                "keep_s, events, idempotency_key) VALUES(?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?)",
                (
                    job.id,
                    job.owner,
                    job.kind,
                    job.specification,
                    job.page_limit,
                    job.pattern_limit,
                    now,
                    job.keep_s,
                    json.dumps(job.events),
                    job.idempotency_key,
                ),
            )
            add_addresses(database, job.id, addresses, room=most_known(job.page_limit))
            note_event(database, job.id, "started", now=now)
            end_if_over(database, job.id, now=now)
            created = find_job(database, "id = ?", job.id)
            assert created is not None
            return created

        return await self._run(run)

    async def find(self, job_id: str) -> Job | None:
        return await self._run(lambda database: find_job(database, "id = ?", job_id))

    async def list_jobs(self, owner: str, *, limit: int) -> list[Job]:
        where = "owner = ? ORDER BY created_at DESC, id LIMIT ?"
        return await self._run(lambda database: find_jobs(database, where, owner, limit))

    async def count_running(self, owner: str) -> int:
        query = "SELECT count(*) FROM jobs WHERE owner = ? AND status = 'running'"
        return await self._run(lambda database: int(database.execute(query, (owner,)).fetchone()[0]))

    async def cancel(self, job_id: str, *, hold_s: float = GIVEN_UP_S) -> Job | None:
        def run(database: sqlite3.Connection) -> Job | None:
            now = self._now()
            cancelled = database.execute(
                "UPDATE jobs SET status = 'cancelled', finished_at = ?, expires_at = ? + keep_s "
                "WHERE id = ? AND status = 'running'",
                (now, now, job_id),
            )
            if cancelled.rowcount:
                shorten_leases(database, job_id, until=now + hold_s)
            return find_job(database, "id = ?", job_id)

        return await self._run(run)

    async def claim(self, *, limit: int, lease_s: float, per_host: int) -> Claims:
        if not self._path.exists():
            # nobody has ever created a job: looking for one makes no file
            return Claims(claims=[])

        def run(database: sqlite3.Connection) -> Claims:
            return claim_addresses(database, now=self._now(), limit=limit, lease_s=lease_s, per_host=per_host)

        return await self._run(run)

    async def extend(self, claims: list[Claim], *, lease_s: float) -> list[Claim]:
        return await self._run(lambda database: extend_leases(database, claims, until=self._now() + lease_s))

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        return await self._run(lambda database: finish(database, claim, outcome, now=self._now()))

    async def release(self, claim: Claim) -> None:
        await self._run(lambda database: release(database, claim))

    async def results(self, job_id: str, *, after: int, limit: int) -> list[Result]:
        query = (
            "SELECT sequence, content FROM results WHERE job = ? AND sequence > ? ORDER BY sequence LIMIT ?"
        )
        return await self._run(
            lambda database: [
                Result(sequence=sequence, content=content)
                for sequence, content in database.execute(query, (job_id, after, limit))
            ]
        )

    async def claim_events(self, *, limit: int, lease_s: float) -> list[Event]:
        if not self._path.exists():
            return []

        def run(database: sqlite3.Connection) -> list[Event]:
            return claim_events(database, now=self._now(), limit=limit, lease_s=lease_s)

        return await self._run(run)

    async def end_event(self, event: Event, *, retry_after_s: float | None = None) -> None:
        def run(database: sqlite3.Connection) -> None:
            due_at = None if retry_after_s is None else self._now() + retry_after_s
            end_event(database, event, due_at=due_at)

        await self._run(run)

    async def sweep(self, *, limit: int = 5_000) -> bool:
        if not self._path.exists():
            return False

        return await self._run(lambda database: sweep(database, now=self._now(), limit=limit))

    async def stats(self) -> dict[str, int | float | str]:
        query = "SELECT count(*), coalesce(sum(queued), 0), coalesce(sum(leased), 0) FROM jobs WHERE status = 'running'"
        if not self._path.exists():
            return {"running": 0, "queued": 0, "leased": 0}
        row = await self._run(lambda database: database.execute(query).fetchone())
        return dict(zip(("running", "queued", "leased"), row, strict=True))

    async def health(self) -> str | None:
        if not self._path.exists():
            return None
        try:
            await self._run(lambda database: database.execute("SELECT 1 FROM jobs LIMIT 1").fetchone())
        except JobsUnavailable as exc:
            return exc.detail
        return None

    async def aclose(self) -> None:
        def close() -> None:
            if self._database is not None:
                self._database.close()
                self._database = None

        await asyncio.get_running_loop().run_in_executor(self._thread, close)
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in one transaction, in the store's thread."""

        def run() -> T:
            with self._transaction() as database:
                return work(database)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            database = self._open()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.rollback()
                raise
            database.commit()
        except (sqlite3.OperationalError, sqlite3.DatabaseError, OSError) as exc:
            raise JobsUnavailable(
                f"the store of jobs, {self._path.name}, cannot be used: {exc}; the folder of JOBS_DIR has to be "
                "writable and have room",
                retry_after_s=5,
            ) from exc

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            # pages of 4 KiB: each checkpoint waits for the disk
            database.execute("PRAGMA wal_autocheckpoint = 4000")
            prepare(database)
            self._path.chmod(0o600)
            self._database = database
        return self._database
