"""A runner leaves the process to callers who wait."""

import asyncio
import time
from typing import cast

import pytest

from gateway.jobs.frontier import Address, Frontier, NewJob
from gateway.jobs.page_reader import PageReader
from gateway.jobs.runner import YIELD_S, Runner

PAGES = 5


@pytest.mark.anyio
async def test_pages_begin_one_after_the_other_while_callers_wait(frontier: Frontier) -> None:
    addresses = [
        Address(key=f"key-{number}", url=f"https://a.test/{number}", host="a.test") for number in range(PAGES)
    ]
    # whose pages fail as soon as they begin: it cannot be read
    job = NewJob(id="job-1", owner="ann", kind="batch", specification=b"", page_limit=PAGES)
    await frontier.create(job, addresses)
    failed: list[str | None] = []
    ended = asyncio.Event()

    def count(error: str | None, seconds: float) -> None:
        failed.append(error)
        if len(failed) == PAGES:
            ended.set()

    runner = Runner(
        frontier=frontier,
        reader=cast(PageReader, None),
        concurrency=PAGES,
        per_host=PAGES,
        lease_s=30,
        on_page=count,
    )
    began = time.monotonic()
    async with asyncio.timeout(60), runner.work(idle_s=lambda: 0.0):
        await ended.wait()
    assert failed == ["internal_error"] * PAGES
    # at most so fast, whatever the machine
    assert time.monotonic() - began >= PAGES * YIELD_S * 0.99
