"""Several gateways on one Valkey behind nginx: shared work, live streams, and restarts that nobody notices."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fixtures.fleet import Fleet, missing_packages
from fixtures.site import Site
from tests.leaks import eventually
from tests.requirements import require

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

PAGE = "pages/documentation-go-tutorial"
AT_LEAST = 25  # requests between restarts


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    missing = missing_packages()
    require(not missing, f"not installed: {' '.join(missing)} (Debian packages)")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site().serving() as site:
        yield site


def settings_for(site: Site, folder: Path) -> dict[str, str]:
    """Settings that allow the site and name a model that answers with ten words, a tenth of a second apart."""
    script = folder / "script.json"
    script.write_text(json.dumps([{"deltas": [f"word{n} " for n in range(10)], "gap_s": 0.1}]))
    config = folder / "winnow.toml"
    config.write_text(
        f'[[backends]]\nname = "s"\nkind = "scripted"\npath = "{script}"\nmodels = [{{name = "m"}}]\n'
    )
    targets = site.target
    # many processes start on few cores here: cleaning's deadline is another test's subject
    patience = {"WINNOW_CLEAN_TIMEOUT_S": "60"}
    return {"WINNOW_ALLOW_TARGETS": targets, "WINNOW_CONFIG": str(config), **patience}


def client(fleet: Fleet) -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_connections=200)
    return httpx2.AsyncClient(base_url=fleet.url, timeout=60, trust_env=False, limits=limits)


async def test_200_identical_misses_on_2_replicas_with_2_workers_fetch_once(
    site: Site, tmp_path: Path
) -> None:
    path = f"/slow/500/{PAGE}"
    with Fleet(replicas=2, workers=2, settings=settings_for(site, tmp_path)) as fleet:
        async with client(fleet) as http:
            body = {"url": site.url + path}
            answers = await asyncio.gather(*(http.post("/v1/scrape", json=body) for _ in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["content"] for answer in answers}) == 1
    assert site.hits[path] == 1


async def test_workers_on_one_port_share_one_folder(site: Site, tmp_path: Path) -> None:
    path = f"/slow/500/{PAGE}"
    folder = tmp_path / "cache"
    disk = {"WINNOW_CACHE_URL": "", "WINNOW_CACHE_DIR": str(folder)}
    with Fleet(replicas=1, workers=2, settings=settings_for(site, tmp_path) | disk) as fleet:
        async with client(fleet) as http:
            body = {"url": site.url + path}
            answers = await asyncio.gather(*(http.post("/v1/scrape", json=body) for _ in range(60)))
            assert {answer.status_code for answer in answers} == {200}
            assert site.hits[path] == 1
            shutil.rmtree(folder)
            for n in range(10):
                answer = await http.post("/v1/scrape", json={"url": f"{site.url}/{PAGE}?{n}"})
                assert answer.status_code == 200
            assert (await http.get("/health/ready")).json()["checks"]["cache"] == "ok"
    assert (folder / "store" / "cache.db").exists(), "made anew"


async def test_service_goes_on_without_its_valkey_and_says_so(site: Site, tmp_path: Path) -> None:
    with Fleet(replicas=1, settings=settings_for(site, tmp_path)) as fleet:
        assert fleet.redis
        async with client(fleet) as http:

            async def report() -> dict[str, Any]:
                answer = await http.get("/health/ready")
                assert answer.status_code == 200, "degraded is not unready"
                return dict(answer.json())

            assert (await report())["status"] == "ready"
            fleet.redis.stop()
            for n in range(20):
                answer = await http.post("/v1/scrape", json={"url": f"{site.url}/{PAGE}?{n}"})
                assert answer.status_code == 200, answer.text
            found = await report()
            assert found["status"] == "degraded"
            assert str(fleet.redis.port) in found["checks"]["cache"]
            fleet.redis.start()
            deadline = time.monotonic() + 60
            while (await report())["status"] != "ready":
                assert time.monotonic() < deadline, "well again by itself"
                await asyncio.sleep(0.2)
            answer = await http.post("/v1/scrape", json={"url": f"{site.url}/{PAGE}?1"})
            assert answer.status_code == 200
    assert fleet.redis.command("PING") == b"", "ended with the fleet"


async def test_stream_passes_the_balancer_as_it_is_written(site: Site, tmp_path: Path) -> None:
    with Fleet(replicas=1, settings=settings_for(site, tmp_path)) as fleet:
        async with client(fleet) as http:
            request: dict[str, Any] = {"model": "m", "stream": True}
            for turn in range(
                5
            ):  # a busy machine may read several at once, a buffer holds all of them each time
                request["messages"] = [{"role": "user", "content": f"Go {turn}"}]
                arrived = []
                async with http.stream("POST", "/v1/chat/completions", json=request) as answer:
                    async for line in answer.aiter_lines():
                        if "word" in line:
                            arrived.append(time.monotonic())
                assert len(arrived) == 10
                if arrived[-1] - arrived[0] > 0.5:
                    return
    pytest.fail("all came at the end, not spread over the second it took")


async def test_rolling_restart_under_load_fails_no_request(site: Site, tmp_path: Path) -> None:
    with Fleet(replicas=3, settings=settings_for(site, tmp_path)) as fleet:
        load = Load(fleet, site)
        running = [asyncio.create_task(load.run(number)) for number in range(6)]
        await load.goes_on()
        for index in range(len(fleet.gateways)):
            await asyncio.to_thread(fleet.restart, index)
            await load.goes_on()
        load.over = True
        await asyncio.gather(*running)
    assert load.failures == []
    assert load.done >= 4 * AT_LEAST


class Load:
    """Clients that ask for cached pages, new pages and streams in turn, until told to stop."""

    def __init__(self, fleet: Fleet, site: Site) -> None:
        self.fleet, self.site = fleet, site
        self.over = False
        self.done = 0
        self.failures: list[str] = []

    async def goes_on(self) -> None:
        """Return when AT_LEAST more requests are done."""
        enough = self.done + AT_LEAST
        await eventually(lambda: self.done >= enough)

    async def run(self, number: int) -> None:
        async with client(self.fleet) as http:
            turn = 0
            while not self.over:
                turn += 1
                kind = ("cached", "fresh", "stream")[(number + turn) % 3]
                try:
                    await self._ask(http, kind, f"{number}-{turn}")
                    self.done += 1
                except Exception as exc:
                    self.failures.append(f"{kind}: {exc!r}")
                await asyncio.sleep(0.02)

    async def _ask(self, http: httpx2.AsyncClient, kind: str, name: str) -> None:
        if kind == "stream":
            message = {"role": "user", "content": name}
            request = {"model": "m", "stream": True, "messages": [message]}
            answer = await http.post("/v1/chat/completions", json=request)
            assert answer.status_code == 200 and "[DONE]" in answer.text and "error" not in answer.text
        else:
            url = f"{self.site.url}/slow/100/{PAGE}" + (f"?{name}" if kind == "fresh" else "")
            answer = await http.post("/v1/scrape", json={"url": url})
            assert answer.status_code == 200, answer.text
            assert answer.json()["content"]
