"""An hour's work in minutes: the service under load with hostile pages among it, and what it holds afterwards.

    python -m bench.soak --minutes 10        # 60 for a release; `make soak`

A real service and the loopback site. First the load that saturates it is measured, then 70 % of that is kept
up: cached and fresh pages, one request in ten hostile: pages that hurt a parser, pages that get their worker
killed, callers that leave at once. Twenty times in the run the load stops until all are answered, and what the
service holds then is its own: bodies of 10 MB on their way count for nothing. Fails when memory climbs, when
descriptors, processes or tasks pile up, or when an answer is a 5xx (4xx of hostile pages are answers as
documented).
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
from typing import NamedTuple

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from bench.figures import note
from bench.processes import descriptors, family, proportional_mb
from fixtures.hostile import HOSTILE_PAGES
from fixtures.redis import free_port
from fixtures.site import Answer, Site

SATURATE_S, CONNECTIONS, LOAD, HOSTILE = 10, 8, 0.7, 0.1
ROUNDS, REST_S = 20, 3.0
HOSTILE_NAMES = ("nested-div", "nested-quote", "many-attributes", "misnested-formatting", "json-ld-depth")
KILLING_NAMES = ("dashes", "links", "backticks", "hidden")  # past the time, or the memory, of a worker
KILLING, LEAVING = 0.05, 0.1  # of the hostile requests
LEAVES_AFTER_S = 0.02
GROWTH = 0.10  # of anything over the second half: still noise
NOISE = {"tasks": 10, "processes": 3, "descriptors": 15}  # so many come and go with the requests of a moment


class Sample(NamedTuple):
    """Of the service's own process, then of it and all processes below it, then of its event loop."""

    at_s: float
    gateway_bytes: int
    family_bytes: int
    descriptors: int
    processes: int
    tasks: int


def sample(root: int, *, tasks: int) -> Sample:
    memory: list[int] = []
    opened = 0
    for pid in family(root):
        try:
            memory.append(int(proportional_mb(pid) * 2**20))
            opened += descriptors(pid)
        except OSError:
            continue  # it ended meanwhile
    return Sample(time.monotonic(), memory[0], sum(memory), opened, len(memory), tasks)


LEFT = 0  # the status of answers that nobody waited for


class Load:
    """Requests to the service, and the statuses of their answers."""

    def __init__(self, client: httpx2.AsyncClient, site: str, slugs: list[str]) -> None:
        self.statuses: Counter[int] = Counter()
        self._client, self._site, self._slugs = client, site, slugs
        self._dice = random.Random(8)

    async def one(self) -> None:
        dice = self._dice
        path, age, patience_s = f"pages/{dice.choice(self._slugs)}", 3600, 60.0
        if dice.random() < HOSTILE:
            names = KILLING_NAMES if dice.random() < KILLING else HOSTILE_NAMES
            path, age = f"hostile/{dice.choice(names)}", 0
            patience_s = LEAVES_AFTER_S if dice.random() < LEAVING else patience_s
        elif dice.random() < 0.1:
            age = 0
        body = {"url": f"{self._site}/{path}", "max_age_s": age}
        try:
            answer = await self._client.post("/v1/scrape", json=body, timeout=patience_s)
        except httpx2.TimeoutException:
            self.statuses[LEFT] += 1
        else:
            self.statuses[answer.status_code] += 1

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
    for name in (*HOSTILE_NAMES, *KILLING_NAMES):
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
        for _ in range(ROUNDS):
            await load.keep_up(rate, minutes * 60 / ROUNDS)
            await asyncio.sleep(REST_S)
            samples.append(sample(pid, tasks=int(await figure(client, "winnow_tasks"))))
        kills = await figure(client, "winnow_worker_kills_total")
        live = (await client.get("/health/ready")).json()["status"]
    note(
        answers=sum(load.statuses.values()),
        kills=int(kills),
        failures=sum(count for status, count in load.statuses.items() if status >= 500),
        rest_mb=[extreme(row.gateway_bytes for row in samples) / 1e6 for extreme in (min, max)],
    )
    print(f"answers by status: {dict(sorted(load.statuses.items()))} ({LEFT}: the caller left)")
    print(f"workers killed: {kills:,.0f}; readiness at the end: {live}")
    flat = report(samples)
    return flat and live == "ready" and kills > 0 and not any(status >= 500 for status in load.statuses)


async def figure(client: httpx2.AsyncClient, name: str) -> float:
    """A metric of the service, over all its labels."""
    text = (await client.get("/metrics")).text
    families = text_string_to_metric_families(text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def report(samples: list[Sample]) -> bool:
    """Whether nothing grew over the second half; says how much it did, and what a longer run would make of it."""
    half = samples[len(samples) // 2 :]
    third = max(1, len(half) // 3)
    hours = [(row.at_s - half[0].at_s) / 3600 for row in half]
    flat = True
    for at, name in list(enumerate(Sample._fields))[1:]:
        values = [float(row[at]) for row in half]
        early, late = statistics.median(values[:third]), statistics.median(values[-third:])
        growth = late / early - 1
        slope = statistics.linear_regression(hours, values).slope if len(values) > 1 else 0.0
        flat = flat and (growth <= GROWTH or late - early <= NOISE.get(name, 0))
        medians = f"{early:14,.0f} at half time {late:14,.0f} at the end  {growth:+.1%}"
        print(f"{name:14}{medians}  slope {slope:+,.0f} an hour")
    sizes = " ".join(f"{row.gateway_bytes / 2**20:.0f}" for row in samples)
    print(f"memory of the gateway's own process at each rest, MiB: {sizes}")
    print("flat" if flat else "NOT flat")
    return flat


async def main(minutes: float) -> int:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        async with Site().serving() as site:
            settings = {
                "WINNOW_PORT": str(port),
                "WINNOW_CACHE_DIR": folder,
                "WINNOW_KEYS_FILE": f"{folder}/no-keys.json",
                "WINNOW_ALLOW_TARGETS": site.target,
            }
            service = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway.cli.main", "serve"),
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
