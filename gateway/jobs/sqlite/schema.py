"""The tables of the file, and a job as a row of them."""

import json
import sqlite3
from typing import Any

from gateway.jobs.frontier import Job

# an address's state
QUEUED, LEASED, ENDED = 0, 1, 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs(
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, specification BLOB NOT NULL, status TEXT NOT NULL,
    page_limit INTEGER NOT NULL, queued INTEGER NOT NULL DEFAULT 0, leased INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, duplicates INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0, alike INTEGER NOT NULL DEFAULT 0, unread INTEGER NOT NULL DEFAULT 0,
    pattern_limit INTEGER, per_error TEXT NOT NULL DEFAULT '{}', created_at REAL NOT NULL, finished_at REAL,
    expires_at REAL, keep_s REAL NOT NULL, events TEXT NOT NULL, idempotency_key TEXT,
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
    id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, kind TEXT NOT NULL, sequence INTEGER,
    created_at REAL NOT NULL, due_at REAL NOT NULL, attempt INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS events_due ON events(due_at);
"""
# added to files that are older than they
_ADDED = {"unread": "INTEGER NOT NULL DEFAULT 0"}
_JOB = (
    "id, owner, kind, specification, status, page_limit, queued, leased, done, failed, duplicates, dropped, alike, "
    "unread, per_error, created_at, finished_at, expires_at"
)


def prepare(database: sqlite3.Connection) -> None:
    """Make the tables and columns that the file does not have yet."""
    database.executescript(_SCHEMA)
    database.execute("BEGIN IMMEDIATE")
    columns = {row[1] for row in database.execute("PRAGMA table_info(jobs)")}
    for name, kind in _ADDED.items():
        if name not in columns:
            database.execute(f"ALTER TABLE jobs ADD COLUMN {name} {kind}")
    database.commit()


def find_job(database: sqlite3.Connection, where: str, *values: str) -> Job | None:
    """The job that a condition holds for, if any."""
    return next(iter(find_jobs(database, where, *values)), None)


def find_jobs(database: sqlite3.Connection, where: str, *values: str | int) -> list[Job]:
    """The jobs that a condition holds for; it may be followed by an order and a limit."""
    return [_job(row) for row in database.execute(f"SELECT {_JOB} FROM jobs WHERE {where}", values)]


def _job(row: Any) -> Job:
    fields = dict(zip(_JOB.split(", "), row, strict=True))
    return Job(**fields | {"per_error": json.loads(fields["per_error"])})
