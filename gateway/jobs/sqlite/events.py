"""Events for webhooks: an outbox in the same file, written in the transaction that causes them."""

import json
import sqlite3

from gateway.jobs.frontier import Event
from gateway.wire.jobs import JobEvent


def note_event(
    database: sqlite3.Connection, job_id: str, kind: JobEvent, *, now: float, sequence: int | None = None
) -> None:
    """Note an event, if the job's webhook wants it."""
    [wanted] = database.execute("SELECT events FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if kind in json.loads(wanted):
        database.execute(
            "INSERT INTO events(job, kind, sequence, created_at, due_at) VALUES(?, ?, ?, ?, ?)",
            (job_id, kind, sequence, now, now),
        )


def claim_events(database: sqlite3.Connection, *, now: float, limit: int, lease_s: float) -> list[Event]:
    """Events that are due, which nobody else gets until the lease has passed."""
    rows = database.execute(
        "SELECT id, job, kind, sequence, created_at, attempt + 1 FROM events WHERE due_at <= ? ORDER BY id LIMIT ?",
        (now, limit),
    ).fetchall()
    database.executemany(
        "UPDATE events SET due_at = ?, attempt = attempt + 1 WHERE id = ?",
        [(now + lease_s, row[0]) for row in rows],
    )
    names = ("id", "job_id", "kind", "sequence", "created_at", "attempt")
    return [Event(**dict(zip(names, row, strict=True))) for row in rows]


def end_event(database: sqlite3.Connection, event: Event, *, due_at: float | None) -> None:
    """Drop an event, or deliver it again from `due_at` on."""
    if due_at is None:
        database.execute("DELETE FROM events WHERE id = ?", (event.id,))
    else:
        database.execute("UPDATE events SET due_at = ? WHERE id = ?", (due_at, event.id))
