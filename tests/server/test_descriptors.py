"""A service with few descriptors: whoever comes is answered or told to come again, and nobody is cut off."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from fixtures.site import Site
from gateway.server.descriptors import LEAST, RESERVE, fitted, share
from gateway.settings import Settings, SettingsError

ROOT = Path(__file__).parents[2]
PAGE = "/pages/documentation-go-tutorial"


@pytest.mark.parametrize("limit", [LEAST, 100, 256, 1024, 20_000, 2**20])
def test_shares_are_within_the_limit_and_leave_room_to_refuse_and_to_probe(limit: int) -> None:
    shares = share(limit)
    fetches = 4 * shares.work
    processes = 5 * shares.workers + 1  # each with three that are slow and an idle one, and a spare
    assert shares.connections + fetches + processes <= limit - RESERVE
    assert shares.work >= 1 and shares.queue >= shares.work
    assert shares.work + shares.queue < shares.connections


def test_usual_limit_leaves_the_settings_as_they_are() -> None:
    settings = Settings(clean_workers=8)
    assert fitted(settings, share(4096)) == settings
    few = fitted(settings, share(LEAST))
    assert (few.max_concurrency, few.queue_limit, few.clean_workers) == (3, 6, 1)
    modest = Settings(max_concurrency=2, queue_limit=0, clean_workers=1)
    assert fitted(modest, share(LEAST)) == modest


def test_too_low_a_limit_is_refused_with_the_number_to_set() -> None:
    with pytest.raises(SettingsError, match=f"{LEAST - 1} files and sockets, and needs at least {LEAST}"):
        share(LEAST - 1)


class Service(NamedTuple):
    pid: int
    url: str
    log: Path

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 -- its entries vanish meanwhile


def command(limits: str) -> list[str]:
    return ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", sys.executable, "-m", "gateway.cli.main", "serve"]


@pytest.fixture
def start(tmp_path: Path, site: Site) -> Iterator[Callable[..., Service]]:
    """Starts `winnow serve` under limits of the shell."""
    with contextlib.ExitStack() as stack:

        def start(limits: str, **environ: str) -> Service:
            kept = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
            ours = {
                "WINNOW_PORT": "0",
                "WINNOW_CACHE_DIR": str(tmp_path / "cache"),
                "WINNOW_ALLOW_TARGETS": site.target,
                "WINNOW_HOST_CONCURRENCY": "64",
            }
            log = tmp_path / "log"
            process = stack.enter_context(
                subprocess.Popen(
                    command(limits),
                    cwd=ROOT,
                    env=kept | ours | environ,
                    stdout=subprocess.PIPE,
                    stderr=stack.enter_context(log.open("w")),
                    text=True,
                )
            )
            stack.callback(process.send_signal, signal.SIGKILL)
            assert process.stdout is not None
            address = re.search(r"http://\S+:\d+", process.stdout.readline())
            assert address, log.read_text()
            service = Service(process.pid, address[0], log)
            for _ in range(600):
                with contextlib.suppress(httpx2.TransportError):
                    httpx2.get(f"{service.url}/health/live")
                    break
                time.sleep(0.1)
            return service

        yield start


def scrape(service: Service, **body: str) -> tuple[int, str | None]:
    """On a connection of its own: the status, and an error's code."""
    answer = httpx2.post(f"{service.url}/v1/scrape", json=body, timeout=120)
    if answer.status_code == 503:
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json().get("code")


def settled(service: Service, most: int) -> bool:
    for _ in range(200):
        if service.descriptors <= most:
            return True
        time.sleep(0.1)
    return False


def test_hundred_scrapes_at_once_are_answered_or_told_to_come_again(
    start: Callable[..., Service], site: Site
) -> None:
    service = start("ulimit -n 64")
    long = "<p>" + "Many words that fill a body of more than one piece. " * 3000
    assert scrape(service, url=site.url + PAGE) == (200, None)
    assert scrape(service, html=long) == (200, None)
    before = service.descriptors
    bodies = [{"url": f"{site.url}/slow/100{PAGE}?n={number}"} for number in range(75)]
    bodies += [{"html": f"{long} {number}"} for number in range(25)]
    with ThreadPoolExecutor(100) as pool:  # a reset would be raised here
        ends = Counter(pool.map(lambda body: scrape(service, **body), bodies))
    assert ends.keys() <= {(200, None), (503, "overloaded")} and ends[200, None] >= 3, ends
    assert ends.total() == 100
    for number in range(20):
        assert scrape(service, url=f"{site.url}{PAGE}?again={number}") == (200, None)
    assert settled(service, before + 2), service.descriptors  # an idle worker, an idle connection
    assert "Too many open files" not in service.log.read_text()
    room = "leave room for 3 requests at a time, 6 waiting"
    assert room in service.log.read_text()


def test_silent_clients_give_way_and_probes_are_answered_while_all_places_are_taken(
    start: Callable[..., Service], site: Site
) -> None:
    service = start("ulimit -n 64")
    address = ("127.0.0.1", int(service.url.rpartition(":")[2]))
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(socket.create_connection(address))
        assert httpx2.get(f"{service.url}/health/live", timeout=60).status_code == 200
        assert scrape(service, url=site.url + PAGE) == (200, None)
    with ThreadPoolExecutor(9) as pool:
        slow = [
            pool.submit(scrape, service, url=f"{site.url}/slow/2000{PAGE}?slow={number}")
            for number in range(9)
        ]
        while service.descriptors < 25:
            time.sleep(0.05)
        for _ in range(20):
            assert httpx2.get(f"{service.url}/health/live", timeout=60).status_code == 200
        assert not all(task.done() for task in slow)
        assert {task.result()[0] for task in slow} <= {200, 503}


def test_kept_connections_are_reused_until_it_gets_crowded(start: Callable[..., Service]) -> None:
    service = start("ulimit -n 64")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(httpx2.Client(base_url=service.url)) for _ in range(12)]
        answers = [client.get("/health/live") for client in clients]
        said = ["connection" in answer.headers for answer in answers]
        assert not any(said[:9]) and any(said[9:])
        for _ in range(3):  # whoever was told so comes on a new connection, and nobody is cut off
            assert {client.get("/health/live").status_code for client in clients} == {200}


def test_soft_limit_is_raised_to_the_hard_one(start: Callable[..., Service]) -> None:
    service = start("ulimit -Sn 40; ulimit -Hn 1024")
    limits = Path(f"/proc/{service.pid}/limits").read_text()
    assert re.search(r"Max open files +1024 +1024", limits)


def test_service_refuses_to_start_with_too_few(tmp_path: Path) -> None:
    environ = os.environ | {"WINNOW_CACHE_DIR": str(tmp_path), "WINNOW_PORT": "0"}
    done = subprocess.run(command("ulimit -n 48"), cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode != 0 and "ulimit -n 1024" in done.stderr and "Traceback" not in done.stderr


# every part that opens something, in a process that may open nothing more, and then may again
EXHAUSTED = """
import asyncio, json, os, sys
from pathlib import Path
from gateway.cache.disk import DiskCache
from gateway.core.tasks.tokens import CountTokens
from gateway.errors import GatewayError
from gateway.fetch.base import FetchRequest
from gateway.fetch.http.dns import ThreadResolver
from gateway.fetch.http.guard import Policy
from tests.parts import make_fetcher, make_pool

async def main(target, url, folder):
    pool = make_pool(workers=1, timeout_s=60)
    fetcher = make_fetcher(policy=Policy(allow_targets=[target]), workers=pool)
    cache = DiskCache(Path(folder), size_bytes=2**20, remember_s=0)
    await pool.start()

    async def attempt(work):
        try:
            return type(await work).__name__
        except GatewayError as exc:
            return exc.code

    async def all_of_it():
        ends = [
            await attempt(pool.run(CountTokens(text="two words", tokenizer="o200k_base"))),
            await attempt(fetcher.fetch(FetchRequest(url=url, timeout_s=30))),
            await attempt(ThreadResolver().resolve("localhost", 80)),
        ]
        await cache.set("a", b"1", ttl_s=60)
        return [*ends, type(await cache.get("a")).__name__]

    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        pass
    poor = [await all_of_it() for _ in range(3)]
    for descriptor in taken:
        os.close(descriptor)
    for _ in range(300):
        if (well := await all_of_it())[-1] == "bytes":  # the cache is asked again after a pause
            break
        await asyncio.sleep(0.1)
    print(json.dumps([poor, well, pool.health()]))
    await fetcher.aclose()
    await pool.aclose()
    await cache.aclose()

asyncio.run(main(*sys.argv[1:]))
"""


def test_parts_that_find_no_descriptor_say_so_and_are_well_again_with_the_next(
    site: Site, tmp_path: Path
) -> None:
    program = [sys.executable, "-c", EXHAUSTED, site.target, f"{site.url}{PAGE}?exhausted", str(tmp_path)]
    limited = ["/bin/sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *program]
    done = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True, check=True)
    poor, well, health = json.loads(done.stdout)
    for worker, fetch, lookup, cached in poor:
        assert (worker, fetch, cached) == ("overloaded", "overloaded", "NoneType")
        assert lookup in ("overloaded", "dns_failed")  # not every system's resolver says why
    assert well == ["int", "Fetched", "list", "bytes"]
    assert health is None
