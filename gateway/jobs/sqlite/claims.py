"""Leases: which addresses may be read now, and whose they are."""

import sqlite3
from collections import Counter

from gateway.jobs.frontier import SPARE_DUPLICATES, Address, Claim, Claims
from gateway.jobs.sqlite.schema import LEASED, QUEUED

# hosts of a job that are looked at for one claim
_LOOKED_AT = 1_000


def claim_addresses(
    database: sqlite3.Connection, *, now: float, limit: int, lease_s: float, per_host: int
) -> Claims:
    """As `Frontier.claim`."""
    held = _take_back(database, now)
    claims: list[Claim] = []
    wait_s: float | None = None
    jobs = database.execute(
        "SELECT id, page_limit - done - failed - leased + unread AS room FROM jobs WHERE status = 'running' "
        "AND queued > 0 AND room > 0 AND duplicates < page_limit + ? ORDER BY served_at LIMIT 100",
        (SPARE_DUPLICATES,),
    ).fetchall()
    # one of each job in turn, until nothing more can be had
    rooms = dict(jobs)
    while rooms and len(claims) < limit:
        for job_id in list(rooms):
            if len(claims) == limit:
                break
            claim, ready_in_s = _claim_one(database, job_id, now, lease_s, per_host, held)
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


def extend_leases(database: sqlite3.Connection, claims: list[Claim], *, until: float) -> list[Claim]:
    """As `Frontier.extend`."""
    lost = []
    for claim in claims:
        found = database.execute(
            "UPDATE addresses SET lease_until = ? WHERE job = ? AND key = ? AND state = ? AND token = ? "
            "AND EXISTS(SELECT 1 FROM jobs WHERE id = ? AND status = 'running')",
            (until, claim.job_id, claim.address.key, LEASED, claim.token, claim.job_id),
        )
        if not found.rowcount:
            lost.append(claim)
    return lost


def shorten_leases(database: sqlite3.Connection, job_id: str, *, until: float) -> None:
    """Let the leases of a job end by then."""
    # by the index of leases: a job may have a million addresses
    database.execute(
        "UPDATE addresses INDEXED BY addresses_leased SET lease_until = ? WHERE job = ? AND state = 1 "
        "AND lease_until > ?",
        (until, job_id, until),
    )


def release(database: sqlite3.Connection, claim: Claim) -> None:
    """As `Frontier.release`."""
    if end_lease(database, claim, state=QUEUED):
        database.execute(
            "UPDATE addresses SET attempt = attempt - 1 WHERE job = ? AND key = ?",
            (claim.job_id, claim.address.key),
        )


def end_lease(database: sqlite3.Connection, claim: Claim, *, state: int) -> bool:
    """Take the lease off an address, if it is still this one and its job runs."""
    job_id, address = claim.job_id, claim.address
    changed = database.execute(
        "UPDATE addresses SET state = ? WHERE job = ? AND key = ? AND state = ? AND token = ? "
        "AND EXISTS(SELECT 1 FROM jobs WHERE id = ? AND status = 'running')",
        (state, job_id, address.key, LEASED, claim.token, job_id),
    )
    if not changed.rowcount:
        return False
    if state == QUEUED:
        _requeue(database, job_id, address.host)
    else:
        database.execute("UPDATE jobs SET leased = leased - 1 WHERE id = ?", (job_id,))
    return True


def _claim_one(
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
        key, url, depth, token, attempt = database.execute(
            "SELECT key, url, depth, token, attempt FROM addresses WHERE job = ? AND host = ? AND state = 0 "
            "ORDER BY depth, position LIMIT 1",
            (job_id, host),
        ).fetchone()
        database.execute(
            "UPDATE addresses SET state = ?, token = ?, attempt = ?, lease_until = ? WHERE job = ? AND key = ?",
            (LEASED, token + 1, attempt + 1, now + lease_s, job_id, key),
        )
        database.execute("UPDATE lanes SET queued = queued - 1 WHERE job = ? AND host = ?", (job_id, host))
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


def _take_back(database: sqlite3.Connection, now: float) -> Counter[str]:
    """Queue again what runners have leased and not kept. Returns how many addresses of each host are leased."""
    held: Counter[str] = Counter()
    leases = database.execute("SELECT job, key, host, lease_until FROM addresses WHERE state = 1").fetchall()
    for job_id, key, host, until in leases:
        if until >= now:
            held[host] += 1
            continue
        database.execute("UPDATE addresses SET state = ? WHERE job = ? AND key = ?", (QUEUED, job_id, key))
        _requeue(database, job_id, host)
    return held


def _requeue(database: sqlite3.Connection, job_id: str, host: str) -> None:
    database.execute("UPDATE jobs SET queued = queued + 1, leased = leased - 1 WHERE id = ?", (job_id,))
    database.execute("UPDATE lanes SET queued = queued + 1 WHERE job = ? AND host = ?", (job_id, host))
