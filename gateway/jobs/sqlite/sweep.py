"""Deletes, a part at a time, what nobody needs any more."""

import sqlite3


def sweep(database: sqlite3.Connection, *, now: float, limit: int) -> bool:
    """As `Frontier.sweep`."""
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
