"""Several processes on one port: one cache, one fetch, one set of metrics, one end."""

import asyncio
import signal
import time
from pathlib import Path

import httpx2
import pytest

from fixtures.site import Site
from tests.server.test_shutdown import nothing_is_left, serving
from tests.telemetry.test_metrics import read_metrics

CALLS = 200
PAGE = "/slow/1500/pages/listing-go-blog"


async def scrape_at_once(url: str, page: str) -> list[str]:
    """What the cache did for each of CALLS identical requests, every one on a connection of its own."""
    limits = httpx2.Limits(max_connections=CALLS, max_keepalive_connections=0)
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        answers = await asyncio.gather(*(client.post("/v1/scrape", json={"url": page}) for _ in range(CALLS)))
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json()["cache"]["status"] for answer in answers]


@pytest.mark.anyio
async def test_processes_share_one_fetch_and_one_set_of_metrics(tmp_path: Path, site: Site) -> None:
    before = site.hits[PAGE]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with serving(tmp_path, site, WINNOW_WORKERS="2", TMPDIR=str(temporary)) as (process, url):
        assert len(await scrape_at_once(url, site.url + PAGE)) == CALLS
        assert site.hits[PAGE] - before == 1
        totals = []
        fresh = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(base_url=url, timeout=60, limits=fresh) as client:
            for _ in range(6):  # whichever process answers
                values = read_metrics((await client.get("/metrics")).text)
                labels = frozenset({("route", "/v1/scrape"), ("status", "200")})
                totals.append(values[("winnow_request_seconds_count", labels)])
            deadline = time.monotonic() + 60
            while values[("winnow_running", frozenset())]:  # the other process's gauge is seconds old
                assert time.monotonic() < deadline
                await asyncio.sleep(1)
                values = read_metrics((await client.get("/metrics")).text)
        assert totals == [CALLS] * 6
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 60)
        assert await asyncio.to_thread(nothing_is_left, process)
        assert list(temporary.glob("winnow-metrics-*")) == []
