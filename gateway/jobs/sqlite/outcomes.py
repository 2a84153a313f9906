"""The end of an address: its result, the addresses found on its page, the job's counters and its end."""

import json
import sqlite3

from gateway.jobs.frontier import SPARE_DUPLICATES, Address, Claim, Outcome, most_known
from gateway.jobs.sqlite.claims import end_lease
from gateway.jobs.sqlite.events import note_event
from gateway.jobs.sqlite.schema import ENDED, QUEUED
from gateway.wire.jobs import JobEvent


def finish(database: sqlite3.Connection, claim: Claim, outcome: Outcome, *, now: float) -> bool:
    """As `Frontier.finish`."""
    if not end_lease(database, claim, state=ENDED):
        return False
    job_id = claim.job_id
    if outcome.aliases and outcome.error is None and _is_duplicate(database, claim, outcome.aliases):
        database.execute("UPDATE jobs SET duplicates = duplicates + 1 WHERE id = ?", (job_id,))
    else:
        _keep(database, job_id, outcome, now=now)
    limit, known = database.execute(
        "SELECT page_limit, queued + leased + done + failed + duplicates FROM jobs WHERE id = ?", (job_id,)
    ).fetchone()
    add_addresses(database, job_id, outcome.found, room=most_known(limit) - known)
    if outcome.host_gap_s:
        database.execute(
            "INSERT INTO hosts VALUES(?, ?, ?) ON CONFLICT(host) DO UPDATE SET gap_s = excluded.gap_s",
            (claim.address.host, now + outcome.host_gap_s, outcome.host_gap_s),
        )
    end_if_over(database, job_id, now=now)
    return True


def add_addresses(database: sqlite3.Connection, job_id: str, addresses: list[Address], *, room: int) -> None:
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


def end_if_over(database: sqlite3.Connection, job_id: str, *, now: float) -> None:
    """End a job that has nothing left to read."""
    queued, leased, done, failed, unread, limit, duplicates = database.execute(
        "SELECT queued, leased, done, failed, unread, page_limit, duplicates FROM jobs WHERE id = ?",
        (job_id,),
    ).fetchone()
    is_full = done + failed - unread >= limit or duplicates >= limit + SPARE_DUPLICATES
    if leased or (queued and not is_full):
        return
    status: JobEvent = "failed" if failed and not done else "completed"
    database.execute(
        "UPDATE jobs SET status = ?, finished_at = ?, expires_at = ? + keep_s WHERE id = ?",
        (status, now, now, job_id),
    )
    note_event(database, job_id, status, now=now)


def _is_duplicate(database: sqlite3.Connection, claim: Claim, aliases: list[str]) -> bool:
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
            (ENDED, job_id, alias, QUEUED),
        ).fetchone()
        if queued:
            database.execute(
                "UPDATE lanes SET queued = queued - 1 WHERE job = ? AND host = ?", (job_id, queued[0])
            )
            database.execute(
                "UPDATE jobs SET queued = queued - 1, duplicates = duplicates + 1 WHERE id = ?", (job_id,)
            )
    return False


def _keep(database: sqlite3.Connection, job_id: str, outcome: Outcome, *, now: float) -> None:
    """Write a result and count it."""
    ended = "done" if outcome.error is None else "failed"
    sequence, per_error = database.execute(
        f"UPDATE jobs SET results = results + 1, {ended} = {ended} + 1, unread = unread + ? WHERE id = ? "
        "RETURNING results, per_error",
        (not outcome.counts, job_id),
    ).fetchone()
    database.execute("INSERT INTO results VALUES(?, ?, ?)", (job_id, sequence, outcome.result))
    if outcome.error is not None:
        counts = json.loads(per_error)
        counts[outcome.error] = counts.get(outcome.error, 0) + 1
        database.execute("UPDATE jobs SET per_error = ? WHERE id = ?", (json.dumps(counts), job_id))
    note_event(database, job_id, "page", now=now, sequence=sequence)
