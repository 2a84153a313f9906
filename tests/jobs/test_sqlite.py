"""What is particular to the frontier in a file."""

import sqlite3
from pathlib import Path

import pytest

from gateway.jobs.frontier import Address, NewJob, Outcome
from gateway.jobs.sqlite.frontier import SqliteFrontier

pytestmark = pytest.mark.anyio


async def test_file_of_an_older_gateway_gets_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    new = NewJob(id="job", owner="ann", kind="batch", specification=b"", page_limit=2)
    addresses = [Address(key=name, url=f"https://a.test/{name}", host="a.test") for name in "ab"]
    older = SqliteFrontier(path)
    await older.create(new, addresses)
    await older.aclose()
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE jobs DROP COLUMN unread")
    database.close()
    frontier = SqliteFrontier(path)
    for claim in (await frontier.claim(limit=2, lease_s=10, per_host=2)).claims:
        assert await frontier.finish(claim, Outcome(result=b""))
    job = await frontier.find("job")
    assert job is not None and (job.status, job.done, job.unread) == ("completed", 2, 0)
    await frontier.aclose()
