"""Jobs over several processes that share a store, one of which is killed: nothing is lost, nothing comes twice."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fixtures.redis import RedisServer
from fixtures.service import Service, running_service
from fixtures.site import Answer, Site, running_site
from tests.requirements import require

PAGES = 40
LEASE_S = 2


@pytest.fixture
def slow_pages() -> Iterator[Site]:
    """Pages that take long enough for a process to be killed in the middle of some."""
    with running_site({}) as site:
        for number in range(PAGES):
            words = " ".join(f"Page {number} says sentence {line}." for line in range(10))
            body = f"<title>{number}</title><article><h1>{number}</h1><p>{words}</p></article>".encode()
            site.extra[f"/{number}"] = Answer(200, {"content-type": "text/html"}, body)
        yield site


@pytest.fixture(params=["sqlite", "valkey"])
def services(request: pytest.FixtureRequest, slow_pages: Site, tmp_path: Path) -> Iterator[list[Service]]:
    """Two services with caches of their own and one store of jobs."""
    settings = {
        "WINNOW_ALLOW_TARGETS": slow_pages.target,
        "WINNOW_JOB_LEASE_S": str(LEASE_S),
        "WINNOW_JOB_CONCURRENCY": "4",
        "WINNOW_HOST_CONCURRENCY": "8",
        "WINNOW_CLEAN_WORKERS": "1",
        "WINNOW_BROWSER": "off",
        "WINNOW_JOBS_DIR": str(tmp_path / "shared"),
    }
    if request.param == "valkey":
        server: RedisServer = request.getfixturevalue("jobs_redis")
        server.command("FLUSHALL")
        settings["WINNOW_JOBS_URL"] = server.url
    with ExitStack() as stack:
        yield [stack.enter_context(running_service(tmp_path / name, **settings)) for name in ("one", "two")]


def results(url: str, job_id: str) -> list[dict[str, Any]]:
    return list(httpx2.get(f"{url}/v1/jobs/{job_id}/results?limit=1000", timeout=30).json()["results"])


def test_killed_process_loses_no_page_and_doubles_none(services: list[Service], slow_pages: Site) -> None:
    killed, left = services
    urls = [f"{slow_pages.url}/slow/150/{number}" for number in range(PAGES)]
    job_id = httpx2.post(f"{killed.url}/v1/batch", json={"urls": urls, "robots": False}, timeout=30).json()[
        "id"
    ]
    deadline = time.monotonic() + 60
    while len(results(left.url, job_id)) < PAGES // 4:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    killed.process.kill()
    killed.process.wait()
    lines = httpx2.get(
        f"{left.url}/v1/jobs/{job_id}/results", headers={"accept": "application/x-ndjson"}, timeout=90
    ).text
    found = [json.loads(line) for line in lines.splitlines() if line]
    assert sorted(each["url"] for each in found) == sorted(urls)
    assert {each["status"] for each in found} == {"done"}
    assert [each["seq"] for each in found] == list(range(1, PAGES + 1))
    # what the dead process was reading is read again, and nothing else
    again = {path: count for path, count in slow_pages.hits.items() if count > 1}
    assert len(again) <= 4 and all(count == 2 for count in again.values())
    job = httpx2.get(f"{left.url}/v1/jobs/{job_id}", timeout=30).json()
    assert (job["status"], job["done"], job["failed"]) == ("completed", PAGES, 0)


def test_store_that_is_lost_ends_the_results_with_an_error(slow_pages: Site, tmp_path: Path) -> None:
    require(shutil.which("redis-server") is not None, "redis-server is missing: apt-get install redis-server")
    server = RedisServer(tmp_path)
    settings = {
        "WINNOW_ALLOW_TARGETS": slow_pages.target,
        "WINNOW_CLEAN_WORKERS": "1",
        "WINNOW_BROWSER": "off",
    }
    try:
        with running_service(tmp_path, WINNOW_JOBS_URL=server.url, **settings) as service:
            urls = [f"{slow_pages.url}/0", f"{slow_pages.url}/held/lost/1"]
            job_id = httpx2.post(f"{service.url}/v1/batch", json={"urls": urls}, timeout=30).json()["id"]
            address = f"{service.url}/v1/jobs/{job_id}/results"
            with httpx2.stream(
                "GET", address, headers={"accept": "application/x-ndjson"}, timeout=60
            ) as stream:
                found = (json.loads(line) for line in stream.iter_lines() if line)
                assert next(found)["seq"] == 1
                server.stop()
                [last] = found
        assert last["error"]["code"] == "jobs_unavailable" and last["error"]["status"] == 503
    finally:
        slow_pages.released.add("lost")
        server.stop()


def test_restarted_service_goes_on_with_its_jobs(slow_pages: Site, tmp_path: Path) -> None:
    settings = {
        "WINNOW_ALLOW_TARGETS": slow_pages.target,
        "WINNOW_JOB_LEASE_S": str(LEASE_S),
        "WINNOW_CLEAN_WORKERS": "1",
        "WINNOW_BROWSER": "off",
    }
    urls = [f"{slow_pages.url}/slow/100/{number}" for number in range(PAGES)]
    with running_service(tmp_path, **settings) as first:
        job_id = httpx2.post(f"{first.url}/v1/batch", json={"urls": urls}, timeout=30).json()["id"]
        # an orderly stop gives the pages under way back at once
        first.process.terminate()
        first.process.wait(60)
    with running_service(tmp_path, **settings) as second:
        lines = httpx2.get(
            f"{second.url}/v1/jobs/{job_id}/results", headers={"accept": "application/x-ndjson"}, timeout=90
        ).text
    found = [json.loads(line) for line in lines.splitlines() if line]
    assert sorted(each["url"] for each in found) == sorted(urls)
