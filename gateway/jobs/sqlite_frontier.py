"""The frontier of one machine: a SQLite file that several processes share (WAL, one writer at a time).

All calls of a process go through one thread, in order. A call is one transaction.
"""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from gateway.errors import JobsUnavailable
from gateway.jobs.frontier import (
    SPARE_DUPLICATES,
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
from gateway.wire.jobs import JobEvent

T = TypeVar("T")

BUSY_TIMEOUT_S = 5.0
_QUEUED, _LEASED, _ENDED = 0, 1, 2
# hosts of a job that are looked at for one claim
_LOOKED_AT = 1_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs(
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, specification BLOB NOT NULL, status TEXT NOT NULL,
    page_limit INTEGER NOT NULL, queued INTEGER NOT NULL DEFAULT 0, leased INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, duplicates INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0,
    alike INTEGER NOT NULL DEFAULT 0, pattern_limit INTEGER, per_error TEXT NOT NULL DEFAULT '{}',
    created_at REAL NOT NULL,
    finished_at REAL, expires_at REAL, keep_s REAL NOT NULL, events TEXT NOT NULL, idempotency_key TEXT,
    results INTEGER NOT NULL DEFAULT 0, served_at REAL NOT NULL DEFAULT 0, tidy INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX IF NOT EXISTS jobs_once ON jobs(owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_of ON jobs(owner, created_at);
CREATE INDEX IF NOT EXISTS jobs_running ON jobs(served_at) WHERE status = 'running';
CREATE TABLE IF NOT EXISTS addresses(
    job TEXT NOT NULL, key TEXT NOT NULL, url TEXT NOT NULL, host TEXT NOT NULL, depth INTEGER NOT NULL,
    position INTEGER NOT NULL, state INTEGER NOT NULL, token INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0, lease_until REAL, PRIMARY KEY(job, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS addresses_queued ON addresses(job, host, depth, position) WHERE state = 0;
CREATE INDEX IF NOT EXISTS addresses_leased ON addresses(host, lease_until) WHERE state = 1;
CREATE TABLE IF NOT EXISTS aliases(job TEXT NOT NULL, alias TEXT NOT NULL, PRIMARY KEY(job, alias)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lanes(
    job TEXT NOT NULL, host TEXT NOT NULL, queued INTEGER NOT NULL, PRIMARY KEY(job, host)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lanes_filled ON lanes(job) WHERE queued > 0;
CREATE TABLE IF NOT EXISTS patterns(
    job TEXT NOT NULL, pattern TEXT NOT NULL, known INTEGER NOT NULL, PRIMARY KEY(job, pattern)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hosts(host TEXT PRIMARY KEY, next_at REAL NOT NULL, gap_s REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results(
    job TEXT NOT NULL, sequence INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY(job, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events(
    id INTEGER PRIMARY KEY, job TEXT NOT NULL, kind TEXT NOT NULL, sequence INTEGER, created_at REAL NOT NULL,
    due_at REAL NOT NULL, attempt INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS events_due ON events(due_at);
"""
_JOB = (
    "id, owner, kind, specification, status, page_limit, queued, leased, done, failed, duplicates, dropped, alike, "
    "per_error, "
    "created_at, finished_at, expires_at"
)


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
                if found := _find(database, where, job.owner, job.idempotency_key):
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
            _add(database, job.id, addresses, room=most_known(job.page_limit))
            self._tell(database, job.id, "started")
            self._end_if_over(database, job.id)
            created = _find(database, "id = ?", job.id)
            assert created is not None
            return created

        return await self._run(run)

    async def find(self, job_id: str) -> Job | None:
        return await self._run(lambda database: _find(database, "id = ?", job_id))

    async def list_jobs(self, owner: str, *, limit: int) -> list[Job]:
        query = f"SELECT {_JOB} FROM jobs WHERE owner = ? ORDER BY created_at DESC, id LIMIT ?"
        return await self._run(
            lambda database: [_job(row) for row in database.execute(query, (owner, limit))]
        )

    async def count_running(self, owner: str) -> int:
        query = "SELECT count(*) FROM jobs WHERE owner = ? AND status = 'running'"
        return await self._run(lambda database: int(database.execute(query, (owner,)).fetchone()[0]))

    async def cancel(self, job_id: str) -> Job | None:
        def run(database: sqlite3.Connection) -> Job | None:
            now = self._now()
            database.execute(
                "UPDATE jobs SET status = 'cancelled', finished_at = ?, expires_at = ? + keep_s "
                "WHERE id = ? AND status = 'running'",
                (now, now, job_id),
            )
            return _find(database, "id = ?", job_id)

        return await self._run(run)

    async def claim(self, *, limit: int, lease_s: float, per_host: int) -> Claims:
        if not self._path.exists():
            # nobody has ever created a job: looking for one makes no file
            return Claims(claims=[])

        def run(database: sqlite3.Connection) -> Claims:
            now = self._now()
            held = self._take_back(database, now)
            claims: list[Claim] = []
            wait_s: float | None = None
            jobs = database.execute(
                "SELECT id, page_limit - done - failed - leased FROM jobs WHERE status = 'running' AND queued > 0 "
                "AND done + failed + leased < page_limit AND duplicates < page_limit + ? ORDER BY served_at LIMIT 100",
                (SPARE_DUPLICATES,),
            ).fetchall()
            # one of each job in turn, until nothing more can be had
            rooms = dict(jobs)
            while rooms and len(claims) < limit:
                for job_id in list(rooms):
                    if len(claims) == limit:
                        break
                    claim, ready_in_s = self._claim_one(database, job_id, now, lease_s, per_host, held)
                    if claim is None:
                        del rooms[job_id]
                        if ready_in_s is not None:
                            wait_s = ready_in_s if wait_s is None else min(wait_s, ready_in_s)
                        continue
                    claims.append(claim)
                    rooms[job_id] -= 1
                    if not rooms[job_id]:
                        del rooms[job_id]
            return Claims(claims=claims, wait_s=wait_s)

        return await self._run(run)

    async def extend(self, claims: list[Claim], *, lease_s: float) -> list[Claim]:
        def run(database: sqlite3.Connection) -> list[Claim]:
            until = self._now() + lease_s
            lost = []
            for claim in claims:
                found = database.execute(
                    "UPDATE addresses SET lease_until = ? WHERE job = ? AND key = ? AND state = ? AND token = ? "
                    "AND EXISTS(SELECT 1 FROM jobs WHERE id = ? AND status = 'running')",
                    (until, claim.job_id, claim.address.key, _LEASED, claim.token, claim.job_id),
                )
                if not found.rowcount:
                    lost.append(claim)
            return lost

        return await self._run(run)

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        def run(database: sqlite3.Connection) -> bool:
            if not self._end_lease(database, claim, state=_ENDED):
                return False
            job_id = claim.job_id
            if (
                outcome.aliases
                and outcome.error is None
                and self._is_duplicate(database, claim, outcome.aliases)
            ):
                database.execute("UPDATE jobs SET duplicates = duplicates + 1 WHERE id = ?", (job_id,))
            else:
                self._keep(database, job_id, outcome)
            limit, known = database.execute(
                "SELECT page_limit, queued + leased + done + failed + duplicates FROM jobs WHERE id = ?",
                (job_id,),
            ).fetchone()
            _add(database, job_id, outcome.found, room=most_known(limit) - known)
            if outcome.host_gap_s:
                database.execute(
                    "INSERT INTO hosts VALUES(?, ?, ?) ON CONFLICT(host) DO UPDATE SET gap_s = excluded.gap_s",
                    (claim.address.host, self._now() + outcome.host_gap_s, outcome.host_gap_s),
                )
            self._end_if_over(database, job_id)
            return True

        return await self._run(run)

    async def release(self, claim: Claim) -> None:
        def run(database: sqlite3.Connection) -> None:
            if self._end_lease(database, claim, state=_QUEUED):
                database.execute(
                    "UPDATE addresses SET attempt = attempt - 1 WHERE job = ? AND key = ?",
                    (claim.job_id, claim.address.key),
                )

        await self._run(run)

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
            now = self._now()
            rows = database.execute(
                "SELECT id, job, kind, sequence, created_at, attempt + 1 FROM events WHERE due_at <= ? ORDER BY id "
                "LIMIT ?",
                (now, limit),
            ).fetchall()
            database.executemany(
                "UPDATE events SET due_at = ?, attempt = attempt + 1 WHERE id = ?",
                [(now + lease_s, row[0]) for row in rows],
            )
            names = ("id", "job_id", "kind", "sequence", "created_at", "attempt")
            return [Event(**dict(zip(names, row, strict=True))) for row in rows]

        return await self._run(run)

    async def end_event(self, event: Event, *, retry_after_s: float | None = None) -> None:
        def run(database: sqlite3.Connection) -> None:
            if retry_after_s is None:
                database.execute("DELETE FROM events WHERE id = ?", (event.id,))
            else:
                due_at = self._now() + retry_after_s
                database.execute("UPDATE events SET due_at = ? WHERE id = ?", (due_at, event.id))

        await self._run(run)

    async def sweep(self, *, limit: int = 5_000) -> bool:
        if not self._path.exists():
            return False

        def run(database: sqlite3.Connection) -> bool:
            now = self._now()
            ended = database.execute("SELECT id FROM jobs WHERE status != 'running' AND NOT tidy").fetchall()
            for (job_id,) in ended:
                if _delete_some(database, ("addresses", "aliases", "lanes", "patterns"), job_id, limit):
                    return True
                database.execute("UPDATE jobs SET tidy = 1, leased = 0 WHERE id = ?", (job_id,))
            expired = database.execute("SELECT id FROM jobs WHERE expires_at <= ?", (now,)).fetchall()
            for (job_id,) in expired:
                if _delete_some(database, ("results", "events"), job_id, limit):
                    return True
                database.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
            database.execute("DELETE FROM hosts WHERE next_at < ?", (now - 3600,))
            return False

        return await self._run(run)

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
            database.executescript(_SCHEMA)
            self._path.chmod(0o600)
            self._database = database
        return self._database

    def _claim_one(
        self,
        database: sqlite3.Connection,
        job_id: str,
        now: float,
        lease_s: float,
        per_host: int,
        held: Counter[str],
    ) -> tuple[Claim | None, float | None]:
        """An address of a job whose host may be asked now, or in how many seconds one may be."""
        soonest: float | None = None
        lanes = database.execute(
            "SELECT lanes.host, coalesce(hosts.next_at, 0), coalesce(hosts.gap_s, 0) FROM lanes LEFT JOIN hosts "
            "ON hosts.host = lanes.host WHERE job = ? AND queued > 0 ORDER BY 2",
            (job_id,),
        )
        # the hosts that are asked least come first, as far as they are looked at
        for host, next_at, gap_s in sorted(
            lanes.fetchmany(_LOOKED_AT), key=lambda lane: (lane[1], held[lane[0]])
        ):
            if next_at > now:
                soonest = next_at - now if soonest is None else min(soonest, next_at - now)
                continue
            if held[host] >= per_host:
                continue
            row = database.execute(
                "SELECT key, url, depth, token, attempt FROM addresses WHERE job = ? AND host = ? AND state = 0 "
                "ORDER BY depth, position LIMIT 1",
                (job_id, host),
            ).fetchone()
            key, url, depth, token, attempt = row
            database.execute(
                "UPDATE addresses SET state = ?, token = ?, attempt = ?, lease_until = ? WHERE job = ? AND key = ?",
                (_LEASED, token + 1, attempt + 1, now + lease_s, job_id, key),
            )
            database.execute(
                "UPDATE lanes SET queued = queued - 1 WHERE job = ? AND host = ?", (job_id, host)
            )
            database.execute(
                "UPDATE jobs SET queued = queued - 1, leased = leased + 1, served_at = ? WHERE id = ?",
                (now, job_id),
            )
            held[host] += 1
            if gap_s:
                database.execute("UPDATE hosts SET next_at = ? WHERE host = ?", (now + gap_s, host))
            address = Address(key=key, url=url, host=host, depth=depth)
            return Claim(job_id=job_id, address=address, token=token + 1, attempt=attempt + 1), None
        return None, soonest

    def _take_back(self, database: sqlite3.Connection, now: float) -> Counter[str]:
        """Queue again what runners have leased and not kept. Returns how many addresses of each host are leased."""
        held: Counter[str] = Counter()
        leases = database.execute(
            "SELECT job, key, host, lease_until FROM addresses WHERE state = 1"
        ).fetchall()
        for job_id, key, host, until in leases:
            if until >= now:
                held[host] += 1
                continue
            database.execute(
                "UPDATE addresses SET state = ? WHERE job = ? AND key = ?", (_QUEUED, job_id, key)
            )
            _requeue(database, job_id, host)
        return held

    def _end_lease(self, database: sqlite3.Connection, claim: Claim, *, state: int) -> bool:
        """Take the lease off an address, if it is still this one and its job runs."""
        job_id, address = claim.job_id, claim.address
        changed = database.execute(
            "UPDATE addresses SET state = ? WHERE job = ? AND key = ? AND state = ? AND token = ? "
            "AND EXISTS(SELECT 1 FROM jobs WHERE id = ? AND status = 'running')",
            (state, job_id, address.key, _LEASED, claim.token, job_id),
        )
        if not changed.rowcount:
            return False
        if state == _QUEUED:
            _requeue(database, job_id, address.host)
        else:
            database.execute("UPDATE jobs SET leased = leased - 1 WHERE id = ?", (job_id,))
        return True

    def _is_duplicate(self, database: sqlite3.Connection, claim: Claim, aliases: list[str]) -> bool:
        """Whether the page has a result already; its aliases are remembered, and taken out of the queue."""
        job_id = claim.job_id
        # a page that failed leaves no alias: what leads to it again is no duplicate
        for alias in {*aliases, claim.address.key}:
            query = "SELECT 1 FROM aliases WHERE job = ? AND alias = ?"
            if database.execute(query, (job_id, alias)).fetchone():
                return True
        for alias in {*aliases, claim.address.key}:
            database.execute("INSERT OR IGNORE INTO aliases VALUES(?, ?)", (job_id, alias))
            queued = database.execute(
                "UPDATE addresses SET state = ? WHERE job = ? AND key = ? AND state = ? RETURNING host",
                (_ENDED, job_id, alias, _QUEUED),
            ).fetchone()
            if queued:
                database.execute(
                    "UPDATE lanes SET queued = queued - 1 WHERE job = ? AND host = ?", (job_id, queued[0])
                )
                database.execute(
                    "UPDATE jobs SET queued = queued - 1, duplicates = duplicates + 1 WHERE id = ?", (job_id,)
                )
        return False

    def _keep(self, database: sqlite3.Connection, job_id: str, outcome: Outcome) -> None:
        """Write a result and count it."""
        ended = "done" if outcome.error is None else "failed"
        sequence, per_error, events = database.execute(
            f"UPDATE jobs SET results = results + 1, {ended} = {ended} + 1 WHERE id = ? "
            "RETURNING results, per_error, events",
            (job_id,),
        ).fetchone()
        database.execute("INSERT INTO results VALUES(?, ?, ?)", (job_id, sequence, outcome.result))
        if outcome.error is not None:
            counts = json.loads(per_error)
            counts[outcome.error] = counts.get(outcome.error, 0) + 1
            database.execute("UPDATE jobs SET per_error = ? WHERE id = ?", (json.dumps(counts), job_id))
        if "page" in json.loads(events):
            self._tell(database, job_id, "page", sequence)

    def _end_if_over(self, database: sqlite3.Connection, job_id: str) -> None:
        queued, leased, done, failed, limit, duplicates = database.execute(
            "SELECT queued, leased, done, failed, page_limit, duplicates FROM jobs WHERE id = ?", (job_id,)
        ).fetchone()
        is_full = done + failed >= limit or duplicates >= limit + SPARE_DUPLICATES
        if leased or (queued and not is_full):
            return
        status: JobEvent = "failed" if failed and not done else "completed"
        now = self._now()
        database.execute(
            "UPDATE jobs SET status = ?, finished_at = ?, expires_at = ? + keep_s WHERE id = ?",
            (status, now, now, job_id),
        )
        self._tell(database, job_id, status)

    def _tell(
        self, database: sqlite3.Connection, job_id: str, kind: JobEvent, sequence: int | None = None
    ) -> None:
        """Note an event, if the job's webhook wants it."""
        [wanted] = database.execute("SELECT events FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if kind in json.loads(wanted):
            now = self._now()
            database.execute(
                "INSERT INTO events(job, kind, sequence, created_at, due_at) VALUES(?, ?, ?, ?, ?)",
                (job_id, kind, sequence, now, now),
            )


def _add(database: sqlite3.Connection, job_id: str, addresses: list[Address], *, room: int) -> None:
    """Queue those addresses that the job does not know yet, as far as there is room."""
    if not addresses:
        return
    position, most_alike = database.execute(
        "SELECT queued + leased + done + failed + duplicates, pattern_limit FROM jobs WHERE id = ?", (job_id,)
    ).fetchone()
    added, dropped, alike = 0, 0, 0
    patterns: dict[str, int] = {}
    lanes: dict[str, int] = {}
    for address in addresses:
        if database.execute(
            "SELECT 1 FROM aliases WHERE job = ? AND alias = ?", (job_id, address.key)
        ).fetchone():
            continue
        known = "SELECT 1 FROM addresses WHERE job = ? AND key = ?"
        if database.execute(known, (job_id, address.key)).fetchone():
            continue
        if added >= room:
            dropped += 1
            continue
        if most_alike is not None and address.pattern:
            if address.pattern not in patterns:
                query = "SELECT known FROM patterns WHERE job = ? AND pattern = ?"
                row = database.execute(query, (job_id, address.pattern)).fetchone()
                patterns[address.pattern] = row[0] if row else 0
            if patterns[address.pattern] >= most_alike:
                alike += 1
                continue
            patterns[address.pattern] += 1
        database.execute(
            "INSERT INTO addresses(job, key, url, host, depth, position, state) VALUES(?, ?, ?, ?, ?, ?, 0)",
            (job_id, address.key, address.url, address.host, address.depth, position + added),
        )
        added += 1
        lanes[address.host] = lanes.get(address.host, 0) + 1
    database.executemany(
        "INSERT INTO lanes VALUES(?, ?, ?) ON CONFLICT(job, host) DO UPDATE SET queued = queued + excluded.queued",
        [(job_id, host, count) for host, count in lanes.items()],
    )
    database.executemany(
        "INSERT INTO patterns VALUES(?, ?, ?) ON CONFLICT(job, pattern) DO UPDATE SET known = excluded.known",
        [(job_id, pattern, count) for pattern, count in patterns.items()],
    )
    database.execute(
        "UPDATE jobs SET queued = queued + ?, dropped = dropped + ?, alike = alike + ? WHERE id = ?",
        (added, dropped, alike, job_id),
    )


def _requeue(database: sqlite3.Connection, job_id: str, host: str) -> None:
    database.execute("UPDATE jobs SET queued = queued + 1, leased = leased - 1 WHERE id = ?", (job_id,))
    database.execute("UPDATE lanes SET queued = queued + 1 WHERE job = ? AND host = ?", (job_id, host))


def _delete_some(database: sqlite3.Connection, tables: tuple[str, ...], job_id: str, limit: int) -> bool:
    """Delete up to `limit` rows of a job. True if there may be more."""
    keys = {
        "addresses": "key",
        "aliases": "alias",
        "lanes": "host",
        "patterns": "pattern",
        "results": "sequence",
        "events": "id",
    }
    for table in tables:
        key = keys[table]
        deleted = database.execute(
            f"DELETE FROM {table} WHERE job = ? AND {key} IN (SELECT {key} FROM {table} WHERE job = ? LIMIT ?)",
            (job_id, job_id, limit),
        )
        if deleted.rowcount == limit:
            return True
    return False


def _find(database: sqlite3.Connection, where: str, *values: str) -> Job | None:
    row = database.execute(f"SELECT {_JOB} FROM jobs WHERE {where}", values).fetchone()
    return None if row is None else _job(row)


def _job(row: Any) -> Job:
    fields = dict(zip(_JOB.split(", "), row, strict=True))
    return Job(**fields | {"per_error": json.loads(fields["per_error"])})
