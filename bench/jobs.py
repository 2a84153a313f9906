"""What jobs cost: the frontier alone, a crawl beside as many scrapes, and what callers who wait notice of a crawl.

    python -m bench.jobs                 # needs redis-server
    python -m bench.jobs --pages 5000    # of the crawl
    python -m bench.jobs frontier        # the first part alone, with 100,000 addresses
    python -m bench.jobs waiting         # the last part alone
    python -m bench.jobs large --pages 100000    # one crawl of small pages: memory as it goes, the store at its end

CPU is of whole processes by the kernel's count: of the service with its workers, of redis-server where it is the
store. The crawl and the scrapes read the same pages from a loopback site, by turns, each page once. A waiting caller
sends scrapes of pages that nobody has read, one after the other, by turns alone and while a crawl runs. The site
answers at once, so what is waited for is the service.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

from bench.figures import note
from bench.processes import cpu_s, family, resident_mb, start
from fixtures.redis import RedisServer, free_port
from fixtures.service import Service, running_service
from gateway.jobs.frontier import Address, Frontier, NewJob, Outcome
from gateway.jobs.sqlite.frontier import SqliteFrontier
from gateway.jobs.valkey_frontier import ValkeyFrontier

# measured on SAQ 0.26 with Redis while the engine was chosen: 1,000 pages, 8 at a time
SAQ_MS = 4.0
# of a page's result, compressed
RESULT = os.urandom(8 * 1024)
AT_ONCE, HOSTS, LINKS = 8, 10, 2
# scrapes of a waiting caller in a turn, and turns: a 95th percentile of few would be one of its worst
WAITING_SCRAPES, WAITING_TURNS = 40, 10
# until the pages of a cancelled crawl are given up
CANCELLED_S = 2.0
PAGE = Path(__file__).parent.parent / "fixtures" / "pages" / "documentation-go-tutorial" / "source.html"


def address(number: int) -> Address:
    host = f"host-{number % HOSTS}.test"
    return Address(
        key=f"{number:024d}", url=f"https://{host}/page/{number}", host=host, depth=number.bit_length()
    )


async def drain(frontier: Frontier, pages: int) -> None:
    """A crawl without fetching: every page leads to LINKS others, AT_ONCE are under way."""
    new = NewJob(id="bench", owner="", kind="crawl", specification=b"", page_limit=pages, keep_s=0)
    await frontier.create(new, [address(0)])

    async def work() -> None:
        while True:
            got = await frontier.claim(limit=1, lease_s=30, per_host=AT_ONCE)
            if not got.claims:
                job = await frontier.find("bench")
                if job is None or job.status != "running":
                    return
                await asyncio.sleep(0.001)
            for claim in got.claims:
                number = int(claim.address.key)
                found = [address(LINKS * number + step) for step in range(1, LINKS + 1)]
                await frontier.finish(
                    claim, Outcome(result=RESULT, found=[a for a in found if int(a.key) < pages])
                )

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def measure_frontier(pages: int) -> None:
    print(f"the frontier alone, {pages:,} pages, {len(RESULT):,} bytes a result, {AT_ONCE} at a time")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "jobs.sqlite"
        store: Frontier = SqliteFrontier(file)
        await drain(store, 200)
        file.unlink()
        await store.aclose()
        store = SqliteFrontier(file)
        gc.collect()
        before_mb, began = resident_mb(), time.process_time()
        await drain(store, pages)
        spent_ms = (time.process_time() - began) * 1e3 / pages
        grown_mb = resident_mb() - before_mb
        await store.aclose()
        size = sum(each.stat().st_size for each in os.scandir(folder))
        note(frontier_pages=pages, sqlite_cpu_ms=spent_ms, sqlite_bytes=size / pages)
        print(
            f"  SQLite  {spent_ms:6.3f} CPU-ms a page; {size / pages:,.0f} bytes a page on disk; the process grew by "
            f"{grown_mb:.0f} MB"
        )
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        try:
            store = ValkeyFrontier(server.url)
            await drain(store, 200)
            server.command("FLUSHALL")
            assert server.pid is not None
            began, server_began = time.process_time(), cpu_s(server.pid)
            await drain(store, pages)
            client_ms = (time.process_time() - began) * 1e3 / pages
            server_ms = (cpu_s(server.pid) - server_began) * 1e3 / pages
            await store.aclose()
            note(valkey_cpu_ms=client_ms + server_ms)
            print(
                f"  Valkey  {client_ms + server_ms:6.3f} CPU-ms a page ({client_ms:.3f} here, {server_ms:.3f} in the "
                f"server); {resident_mb(server.pid) * 2**20 / pages:,.0f} bytes a page in the server's memory"
            )
        finally:
            server.stop()
    print(f"  SAQ     {SAQ_MS:6.3f} CPU-ms a page, measured when the engine was chosen")


SITE = """
import http.server, socketserver, sys
port, source = int(sys.argv[1]), open(sys.argv[2], "rb").read()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # a body after its head would wait 40 ms for the head to be acknowledged
    disable_nagle_algorithm = True
    def log_message(self, *_): pass
    def do_GET(self):
        body = b""
        if self.path.startswith("/p/"):
            kind, _, number = self.path[3:].partition("/")
            links = "".join(f'<a href="/p/{kind}/{2 * int(number) + i}">next</a>' for i in (1, 2)).encode()
            # the text of the page says which it is: else all would be one page of many addresses
            body = source.replace(b"module", f"module {kind} {number}".encode()).replace(b"</body>", links + b"</body>")
        self.send_response(200 if body else 404)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads, request_queue_size = True, 256
Server(("127.0.0.1", port), Handler).serve_forever()
"""


def crawl(url: str, site: str, kind: str, pages: int) -> str:
    body = {"url": f"{site}/p/{kind}/0", "limit": pages, "sitemap": "skip", "pattern_limit": None}
    return str(httpx2.post(f"{url}/v1/crawl", json=body, timeout=60).json()["id"])


def wait(url: str, job_id: str) -> dict[str, float]:
    while True:
        job: dict[str, float] = httpx2.get(f"{url}/v1/jobs/{job_id}", timeout=60).json()
        if job["status"] != "running":
            return job
        time.sleep(0.2)


def scrape_all(url: str, site: str, kind: str, numbers: range, at_once: int) -> list[float]:
    """Seconds of each scrape."""
    with httpx2.Client(base_url=url, timeout=120) as client:

        def scrape(number: int) -> float:
            began = time.perf_counter()
            client.post("/v1/scrape", json={"url": f"{site}/p/{kind}/{number}"}).raise_for_status()
            return time.perf_counter() - began

        if at_once == 1:
            return [scrape(number) for number in numbers]
        with ThreadPoolExecutor(at_once) as threads:
            return list(threads.map(scrape, numbers))


@contextlib.contextmanager
def running_site(source: Path) -> Iterator[str]:
    """A site whose pages differ from `source` by a word and their links; its address."""
    port = free_port()
    process = start([sys.executable, "-c", SITE, str(port), str(source)])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def service_of(site: str, *, at_once: int, **settings: str) -> Iterator[Service]:
    """A service that crawls a site, `at_once` pages at a time."""
    own = {
        "WINNOW_ALLOW_TARGETS": site.replace("http://127.0.0.1", "127.0.0.1/32"),
        "WINNOW_HOST_CONCURRENCY": str(at_once),
        "WINNOW_JOB_CONCURRENCY": str(at_once),
        "WINNOW_JOB_MAX_PAGES": "1000000",
        "WINNOW_BROWSER": "off",
    }
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder), **own | settings) as service:
        yield service


def measure_service(pages: int) -> None:
    with running_site(PAGE) as site, service_of(site, at_once=AT_ONCE) as service:
        url, pid = service.url, service.process.pid

        def spent(work: Callable[[], object]) -> float:
            """CPU-ms a page of the service with all its processes."""
            before = cpu_s(*family(pid))
            work()
            return (cpu_s(*family(pid)) - before) * 1e3 / pages

        wait(url, crawl(url, site, "warm", 100))
        crawls, scrapes = [], []
        for turn in range(3):
            crawls.append(spent(lambda turn=turn: wait(url, crawl(url, site, f"c{turn}", pages))))  # type: ignore[misc]
            scrapes.append(
                spent(lambda turn=turn: scrape_all(url, site, f"s{turn}", range(pages), AT_ONCE))  # type: ignore[misc]
            )
        ratio = statistics.median(c / s for c, s in zip(crawls, scrapes, strict=True))
        note(
            crawl_ratio=ratio,
            crawl_cpu_ms=statistics.median(crawls),
            scrape_cpu_ms=statistics.median(scrapes),
        )
        print(
            f"a crawl of {pages:,} pages {statistics.median(crawls):.2f} CPU-ms a page, as many scrapes "
            f"{statistics.median(scrapes):.2f}: ratio {ratio:.2f} (target 1.30)"
        )


def measure_waiting() -> None:
    with running_site(PAGE) as site, service_of(site, at_once=AT_ONCE) as service:
        url, pid = service.url, service.process.pid
        wait(url, crawl(url, site, "warm", 100))
        before_mb, pages, rates = resident_mb(pid), 0.0, []
        alone: list[float] = []
        beside: list[float] = []
        for turn in range(WAITING_TURNS):
            alone += scrape_all(url, site, f"alone-{turn}", range(WAITING_SCRAPES), 1)
            job_id = crawl(url, site, f"beside-{turn}", 100_000)
            # it has found enough to read
            time.sleep(1)
            beside += scrape_all(url, site, f"waiting-{turn}", range(WAITING_SCRAPES), 1)
            job = httpx2.delete(f"{url}/v1/jobs/{job_id}", timeout=60).json()
            pages += job["done"]
            rates.append(job["pages_per_s"])
            time.sleep(CANCELLED_S)
        for name, part in (("p50", 49), ("p95", 94)):
            one, other = (statistics.quantiles(seconds, n=100)[part] * 1e3 for seconds in (alone, beside))
            note(scrapes=len(alone), **{f"{name}_ratio": other / one})
            print(
                f"a scrape that is waited for, of {len(alone)}: {name} {one:.1f} ms alone, {other:.1f} ms beside a "
                f"crawl at {statistics.median(rates):.0f} pages/s: ratio {other / one:.2f} (target of p95 1.50)"
            )
        print(
            f"memory of the main process: {before_mb:.0f} MB before those crawls, {resident_mb(pid):.0f} MB after "
            f"{pages:,.0f} pages of them"
        )


def measure_large(pages: int) -> None:
    """One crawl, of pages that are small: what is looked for grows with their number."""
    with tempfile.TemporaryDirectory() as folder:
        source, jobs = Path(folder) / "page.html", Path(folder) / "jobs"
        words = " ".join(f"The module has sentence number {n} in its text." for n in range(20))
        source.write_text(
            f"<title>module</title><article><h1>module</h1><p>{words}</p></article><body></body>"
        )
        settings = {"WINNOW_CLEAN_WORKERS": "1", "WINNOW_JOBS_DIR": str(jobs)}
        with running_site(source) as site, service_of(site, at_once=2, **settings) as service:
            job_id = crawl(service.url, site, "large", pages)
            next_report, status, most_mb = pages // 100, "running", 0.0
            while status == "running":
                time.sleep(1)
                job = httpx2.get(f"{service.url}/v1/jobs/{job_id}", timeout=60).json()
                status = job["status"]
                most_mb = max(most_mb, resident_mb(service.process.pid))
                if job["done"] >= next_report or status != "running":
                    next_report += pages // 20
                    stored = sum(each.stat().st_size for each in os.scandir(jobs))
                    print(
                        f"{job['done']:>8,} pages  {resident_mb(service.process.pid):6.0f} MB in the main process"
                        f"  {stored / max(job['done'], 1):7,.0f} bytes a page stored"
                        f"  {job['pages_per_s']:.0f} pages/s",
                        flush=True,
                    )
            note(pages=job["done"], failed=job["failed"], duplicates=job["duplicates"])
            note(most_mb=most_mb, stored_bytes=stored / max(job["done"], 1))
            print(f"{status}: {job['failed']:,} failed, {job['duplicates']:,} duplicates")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.jobs")
    parser.add_argument("part", nargs="?", choices=["all", "frontier", "waiting", "large"], default="all")
    parser.add_argument("--pages", type=int, default=1000)
    chosen = parser.parse_args()
    if chosen.part == "large":
        measure_large(chosen.pages)
    if chosen.part in ("all", "frontier"):
        asyncio.run(measure_frontier(100_000 if chosen.part == "frontier" else 1000))
    if chosen.part == "all":
        measure_service(chosen.pages)
    if chosen.part in ("all", "waiting"):
        measure_waiting()
