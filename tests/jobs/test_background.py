"""Jobs beside callers who wait: neither uses the other's processes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from fixtures.site import Answer, Site, running_site
from gateway.api.services import Services
from gateway.container import open_services
from gateway.core.tasks.tokens import CountTokens
from gateway.jobs.frontier import Job
from gateway.settings import Settings
from gateway.wire import ScrapeRequest
from gateway.wire.jobs import CrawlRequest, MapRequest
from gateway.workers.counting import CountingWorkers
from tests.leaks import descendants, eventually

pytestmark = pytest.mark.anyio
COUNT = CountTokens(tokenizer="o200k_base", text="five words of a text")
PAGES = 5


@pytest.fixture
def site() -> Iterator[Site]:
    """Pages that ask for every kind of task: robots.txt, a sitemap, an offer of markdown, links."""
    with running_site({}) as site:
        words = " ".join(f"This is sentence number {n} of the page." for n in range(12))
        for number in range(PAGES):
            head = f'<title>{number}</title><link rel="alternate" type="text/markdown" href="/none.md">'
            following = (number + 1) % PAGES
            body = (
                f'<article><h1>{number}</h1><p>{number} {words}</p><a href="/{following}">next</a></article>'
            )
            site.extra[f"/{number}"] = Answer(200, {"content-type": "text/html"}, (head + body).encode())
        robots = f"User-agent: *\nAllow: /\nSitemap: {site.url}/sitemap.xml\n"
        site.extra["/robots.txt"] = Answer(200, {"content-type": "text/plain"}, robots.encode())
        sitemap = f"<urlset><url><loc>{site.url}/1</loc></url></urlset>"
        site.extra["/sitemap.xml"] = Answer(200, {"content-type": "application/xml"}, sitemap.encode())
        yield site


class Running(NamedTuple):
    """The parts of a service, and the process that its workers come of."""

    services: Services
    fork_server: int

    def workers(self, *, yielding: bool) -> list[int]:
        own = os.getpriority(os.PRIO_PROCESS, 0)
        return [pid for pid in descendants(self.fork_server) if (niceness(pid) > own) is yielding]


def niceness(pid: int) -> int:
    try:
        return os.getpriority(os.PRIO_PROCESS, pid)
    except ProcessLookupError:
        return 0


@pytest.fixture
async def running(site: Site, tmp_path: Path) -> AsyncIterator[Running]:
    settings = Settings(
        cache_dir=str(tmp_path / "cache"),
        jobs_dir=str(tmp_path / "jobs"),
        allow_targets=[site.target],
        clean_workers=1,
        clean_timeout_s=120,
        browser="off",
    )
    before = {*descendants(os.getpid())}
    async with open_services(settings) as services:
        [fork_server] = {*descendants(os.getpid())} - before
        assert isinstance(services.workers, CountingWorkers)
        await services.workers.run(COUNT)
        await services.workers.run_in_background(COUNT)
        running = Running(services, fork_server)
        await eventually(lambda: len(running.workers(yielding=True)) == 1)
        yield running


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """The processes take orders and do not begin them."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def start_crawl(running: Running, site: Site, **options: Any) -> Job:
    request = {"url": f"{site.url}/0", **options}
    return await running.services.jobs.crawl(msgspec.convert(request, CrawlRequest), owner="")


async def ended(running: Running, job: Job) -> Job:
    async for _ in running.services.jobs.follow(job.id, owner=""):
        pass
    return await running.services.jobs.find(job.id, owner="")


@pytest.mark.parametrize("robots", [True, False])
async def test_job_reads_its_pages_while_no_process_of_waiting_callers_works(
    running: Running, site: Site, robots: bool
) -> None:
    job = await start_crawl(running, site, robots=robots)
    # which would start another for the callers
    with stopped([running.fork_server]), stopped(running.workers(yielding=False)):
        waiting = asyncio.create_task(running.services.workers.run(COUNT))
        async with asyncio.timeout(100), running.services.runner.work():
            job = await ended(running, job)
        assert (job.status, job.done, job.per_error) == ("completed", PAGES, {})
        assert not waiting.done()
    assert await waiting == 5


async def test_callers_are_answered_while_no_process_of_jobs_works(running: Running, site: Site) -> None:
    async with asyncio.timeout(100), running.services.runner.work():
        with stopped(running.workers(yielding=True)):
            job = await start_crawl(running, site)
            page = await running.services.scraper.scrape(ScrapeRequest(url=f"{site.url}/2"))
            found = await running.services.jobs.map(MapRequest(url=f"{site.url}/0"))
            assert page.title == "2" and [link.url for link in found.links] == [f"{site.url}/1"]
            assert (await running.services.jobs.find(job.id, owner="")).status == "running"
        assert (await ended(running, job)).done == PAGES
