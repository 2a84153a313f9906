"""An hour's work in minutes: the service under load with hostile pages among it, and what it holds afterwards.

    python -m bench.soak --minutes 10        # 60 for a release; `make soak`

A real service and the loopback site. First the load that saturates it is measured, then 70 % of that is kept
up: cached and fresh pages, one request in ten a hostile page. Fails when memory climbs, when descriptors or
processes pile up, or when an answer is a 5xx (429, 4xx of hostile pages are answers as documented).
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import httpx2

from bench.cached_scrape import free_port
from fixtures.hostile import HOSTILE_PAGES
from fixtures.site import Answer, Site

SATURATE_S, CONNECTIONS, LOAD, HOSTILE = 10, 8, 0.7, 0.1
SAMPLE_S = 5.0
HOSTILE_NAMES = ("nested-div", "nested-quote", "many-attributes", "misnested-formatting", "json-ld-depth")
GROWTH = 0.10  # of memory, descriptors or processes over the second half: still noise


class Sample(NamedTuple):
    """Of the service and all processes below it."""

    resident_bytes: int
    descriptors: int
    processes: int


def family(root: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it ended meanwhile
            children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def sample(root: int) -> Sample:
    resident = descriptors = processes = 0
    for pid in family(root):
        try:
            resident += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            descriptors += sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
            processes += 1
        except OSError:
            continue
    return Sample(resident, descriptors, processes)


class Load:
    """Requests to the service, and the statuses of their answers."""

    def __init__(self, client: httpx2.AsyncClient, site: str, slugs: list[str]) -> None:
        self.statuses: Counter[int] = Counter()
        self._client, self._site, self._slugs = client, site, slugs
        self._dice = random.Random(8)

    async def one(self) -> None:
        hostile = self._dice.random() < HOSTILE
        path = (
            f"hostile/{self._dice.choice(HOSTILE_NAMES)}"
            if hostile
            else f"pages/{self._dice.choice(self._slugs)}"
        )
        age = 0 if hostile or self._dice.random() < 0.1 else 3600
        body = {"url": f"{self._site}/{path}", "max_age_s": age}
        self.statuses[(await self._client.post("/v1/scrape", json=body)).status_code] += 1

    async def saturate(self, seconds: float) -> float:
        """Requests a second with CONNECTIONS at a time."""
        end, before = time.monotonic() + seconds, self.statuses.total()

        async def go() -> None:
            while time.monotonic() < end:
                await self.one()

        await asyncio.gather(*(go() for _ in range(CONNECTIONS)))
        return (self.statuses.total() - before) / seconds

    async def keep_up(self, rate: float, seconds: float) -> None:
        """A request every 1 / rate seconds, however long the answers take."""
        end, room = time.monotonic() + seconds, asyncio.Semaphore(4 * CONNECTIONS)
        running: set[asyncio.Task[None]] = set()

        async def go() -> None:
            async with room:
                await self.one()

        while time.monotonic() < end:
            task = asyncio.create_task(go())
            running.add(task)
            task.add_done_callback(running.discard)
            await asyncio.sleep(1 / rate)
        await asyncio.gather(*running)


async def soak(pid: int, url: str, site: Site, minutes: float) -> bool:
    for name in HOSTILE_NAMES:
        site.extra[f"/hostile/{name}"] = Answer(200, {"content-type": "text/html"}, HOSTILE_PAGES[name]())
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        for _ in range(200):
            try:
                await client.get("/health/live")
                break
            except httpx2.TransportError:
                await asyncio.sleep(0.1)
        load = Load(client, site.url, sorted(site.pages))
        most = await load.saturate(SATURATE_S)
        rate = LOAD * most
        print(f"saturated at {most:.0f} requests/s; keeping {rate:.0f} for {minutes:g} minutes", flush=True)
        samples = []

        async def watch() -> None:
            while True:
                samples.append(sample(pid))
                await asyncio.sleep(SAMPLE_S)

        watching = asyncio.create_task(watch())
        await load.keep_up(rate, minutes * 60)
        watching.cancel()
        live = (await client.get("/health/ready")).json()["status"]
    return report(samples, load.statuses, live)


def report(samples: list[Sample], statuses: Counter[int], live: str) -> bool:
    half = samples[len(samples) // 2 :]
    third = max(1, len(half) // 3)
    print(f"answers by status: {dict(sorted(statuses.items()))}; readiness at the end: {live}")
    good = live == "ready" and not any(status >= 500 for status in statuses)
    for at, name in enumerate(("resident bytes", "descriptors", "processes")):
        early = statistics.median(row[at] for row in half[:third])
        late = statistics.median(row[at] for row in half[-third:])
        growth = late / early - 1
        good = good and growth <= GROWTH
        print(f"{name:16}{early:14,.0f} at half time {late:14,.0f} at the end  {growth:+.1%}")
    print("flat" if good else "NOT flat")
    return good


async def main(minutes: float) -> int:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        async with Site().serving() as site:
            settings = {
                "WINNOW_PORT": str(port),
                "WINNOW_CACHE_DIR": folder,
                "WINNOW_KEYS_FILE": f"{folder}/no-keys.json",
                "WINNOW_ALLOW_TARGETS": f"127.0.0.1/32:{site.url.rpartition(':')[2]}",
            }
            service = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway.cli", "serve"),
                env=os.environ | settings,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                good = await soak(service.pid, f"http://127.0.0.1:{port}", site, minutes)
            finally:
                service.terminate()
                await service.wait()
    return 0 if good else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    sys.exit(asyncio.run(main(parser.parse_args().minutes)))
