"""Fetch + clean + count from a loopback site at concurrency 32, and what all but cleaning and counting costs.

    python -m bench.fetch                                       # the fixture pages, 20 times over
    python -m bench.fetch --pages DIR --limit 400               # a folder of *.html or *.html.gz, such as WCXB's
    python -m bench.fetch --peer-python VENV/bin/python         # beside crawl4ai's HTTP crawler, in a venv of its own

Same pages for all, in one run, served by one site in a process of its own whose CPU is not counted. `floor`
is `core.clean` and both token counts in one process, without HTTP, guard or workers. CPU is user + system of
every process that takes part, workers included, start-up taken off (a run without pages); wall time says
little on a shared machine.
"""

import argparse
import asyncio
import gzip
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench.figures import note
from bench.processes import ROOT
from fixtures.site import find_pages
from gateway.core import CleanOptions, clean
from gateway.core.documents.charset import decode
from gateway.core.tasks.page import CleanPage
from gateway.core.tokens.counters import get_counter
from gateway.errors import CleanError
from gateway.fetch.base import FetchRequest
from gateway.fetch.http.client import HttpFetcher
from gateway.fetch.http.guard import Policy
from gateway.settings import Settings
from gateway.workers.pool import WorkerPool

CONCURRENCY = 32
WORKERS = 2
TOKENIZER = "o200k_base"
CONTENT_TYPE = "text/html; charset=utf-8"
PEER = """
import asyncio, sys
from crawl4ai import AsyncWebCrawler, CrawlerRunConfig, CacheMode, DefaultMarkdownGenerator, PruningContentFilterLXML
from crawl4ai.async_crawler_strategy import AsyncHTTPCrawlerStrategy
async def main():
    config = CrawlerRunConfig(
        cache_mode=CacheMode.BYPASS,
        verbose=False,
        markdown_generator=DefaultMarkdownGenerator(content_filter=PruningContentFilterLXML()),
    )
    left = iter(sys.stdin.read().split())
    done = 0
    async with AsyncWebCrawler(crawler_strategy=AsyncHTTPCrawlerStrategy(), verbose=False) as crawler:
        async def work():
            nonlocal done
            for url in left:
                result = await crawler.arun(url, config=config)
                done += result.success
                if not result.success:
                    print(url, result.error_message, file=sys.stderr)
        # it cleans in its event loop: of 32 fetches begun together many would pass its 10 s for a connection
        await asyncio.gather(*(work() for _ in range(4)))
    print("succeeded:", done)
asyncio.run(main())
"""


class Cost(NamedTuple):
    wall_s: float
    cpu_s: float


def cpu_s() -> float:
    """Of this process and of all its descendants that have ended and been waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure_floor(bodies: list[tuple[str, bytes]]) -> Cost:
    count = get_counter(TOKENIZER)
    count(clean(b"<p>warm").markdown)
    began, cpu = time.perf_counter(), cpu_s()
    for url, body in bodies:
        html = decode(body, content_type=CONTENT_TYPE).text
        count(html)
        count(clean(html, url=url).markdown)
    return Cost(time.perf_counter() - began, cpu_s() - cpu)


async def fetch_and_clean(urls: list[str], port: int) -> Cost:
    """All of it, from the start of the processes to their end."""
    began, cpu = time.perf_counter(), cpu_s()
    settings = Settings()
    fetcher = HttpFetcher(
        policy=Policy(allow_targets=[f"127.0.0.1/32:{port}"]),
        max_body_bytes=settings.max_body_bytes,
        host_concurrency=CONCURRENCY,
        max_connections=256,
    )
    pool = WorkerPool(workers=WORKERS, timeout_s=60, memory_bytes=settings.clean_memory_bytes)
    await pool.start()
    left = iter(urls)

    async def clean_page(url: str, body: bytes) -> None:
        job = CleanPage(
            body=body,
            content_type=CONTENT_TYPE,
            url=url,
            options=CleanOptions(),
            format="markdown",
            include=[],
            tokenizer=TOKENIZER,
        )
        try:
            await pool.run(job)
        except CleanError as exc:
            print(f"{url}: {exc.detail}", file=sys.stderr)

    async def work() -> None:
        for url in left:
            fetched = await fetcher.fetch(FetchRequest(url=url, timeout_s=120))
            await clean_page(url, fetched.body)

    await asyncio.gather(*(clean_page("http://a/", b"<p>warm") for _ in range(WORKERS)))
    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    await fetcher.aclose()
    await pool.aclose()
    return Cost(time.perf_counter() - began, cpu_s() - cpu)


def run_peer(python: str, urls: list[str]) -> Cost:
    """Raises SystemExit where it did not clean every page: what it cost then says nothing."""
    began, cpu = time.perf_counter(), cpu_s()
    printed = subprocess.run(
        [python, "-c", PEER], input="\n".join(urls), text=True, check=True, stdout=subprocess.PIPE
    ).stdout
    if f"succeeded: {len(urls)}\n" not in printed:
        raise SystemExit(f"crawl4ai did not clean all of {len(urls)} pages: {printed[-200:]}")
    return Cost(time.perf_counter() - began, cpu_s() - cpu)


def less(whole: Cost, start: Cost) -> Cost:
    return Cost(whole.wall_s - start.wall_s, whole.cpu_s - start.cpu_s)


def start_site(folder: Path) -> tuple["subprocess.Popen[str]", int]:
    site = subprocess.Popen(
        [sys.executable, "-m", "fixtures.site", "--port", "0", "--pages", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert site.stdout is not None
    return site, int(site.stdout.readline().partition("127.0.0.1:")[2].partition("/")[0])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=Path, default=ROOT / "fixtures" / "pages")
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--peer-python", help="a Python that has crawl4ai")
    given = parser.parse_args()

    found = find_pages(given.pages)
    slugs = (sorted(found) * (given.limit // len(found) + 1))[: given.limit]
    site, port = start_site(given.pages.absolute())
    try:
        urls = [f"http://127.0.0.1:{port}/pages/{slug}" for slug in slugs]
        bodies = [(url, read(found[slug])) for url, slug in zip(urls, slugs, strict=True)]
        rows = [("clean + count alone (floor)", measure_floor(bodies))]
        start = asyncio.run(fetch_and_clean([], port))
        rows.append(("fetch + clean + count", less(asyncio.run(fetch_and_clean(urls, port)), start)))
        if given.peer_python:
            start = run_peer(given.peer_python, [])
            rows.append(
                ("crawl4ai, HTTP strategy (uncounted)", less(run_peer(given.peer_python, urls), start))
            )
    finally:
        site.terminate()
        site.wait()
    note(pages=len(urls), ratio=rows[1][1].cpu_s / rows[0][1].cpu_s)
    print(
        f"{len(urls)} pages, {sum(len(b) for _, b in bodies) / len(urls) / 1024:.0f} KiB each, {os.cpu_count()} cores"
    )
    print(f"{'':<37}{'pages/s':>9}{'CPU-ms/page':>13}{'x floor':>9}")
    for name, cost in rows:
        per_page = cost.cpu_s / len(urls) * 1e3
        print(
            f"{name:<37}{len(urls) / cost.wall_s:>9.1f}{per_page:>13.2f}{cost.cpu_s / rows[0][1].cpu_s:>9.2f}"
        )


def read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


if __name__ == "__main__":
    main()
