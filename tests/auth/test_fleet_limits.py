"""Limits of keys that two gateways on one store keep together, over HTTP."""

import concurrent.futures
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from fixtures.redis import RedisServer
from gateway.auth.keys import Key, hash_secret
from tests.leaks import wait_until
from tests.service import running_gateway
from tests.telemetry.test_metrics import read_metrics

HTML = {"html": "<p>Some words to count.</p>", "scope": "page"}
KEYS = [
    Key(name="all", sha256=hash_secret("all")),
    Key(name="slow", sha256=hash_secret("slow"), requests_per_minute=2),
    Key(name="poor", sha256=hash_secret("poor"), tokens_per_month=12),
    Key(name="quick", sha256=hash_secret("quick"), requests_per_minute=10**6, tokens_per_month=10**9),
]


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.fixture(scope="module")
def fleet(
    start_redis: Callable[..., RedisServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, list[httpx2.Client]]]:
    """The store's address, and clients of two gateways on it."""
    server = start_redis()
    url = f"{server.url}?timeout_s=5"  # a loaded machine takes longer than the default now and then
    folder = tmp_path_factory.mktemp("fleet")
    with (
        running_gateway(folder / "1", keys=KEYS, cache_url=url) as one,
        running_gateway(folder / "2", keys=KEYS, cache_url=url) as two,
        httpx2.Client(base_url=one, timeout=60) as first,
        httpx2.Client(base_url=two, timeout=60) as second,
    ):
        yield url, [first, second]
    server.stop()


def test_gateways_let_a_key_through_its_rate_together(
    fleet: tuple[str, list[httpx2.Client]], tmp_path: Path
) -> None:
    url, clients = fleet
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        asking = [
            pool.submit(clients[number % 2].post, "/v1/scrape", json=HTML, headers=bearer("slow"))
            for number in range(50)
        ]
        answers = [each.result() for each in asking]
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [429] * 48, "30 s until the next"
    for answer in answers:
        assert answer.headers["x-ratelimit-limit"] == "2"
        if answer.status_code == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 30
            assert answer.headers["x-ratelimit-remaining"] == "0"
    with (
        running_gateway(tmp_path, keys=KEYS, cache_url=url) as started,
        httpx2.Client(base_url=started, timeout=60) as client,
    ):
        assert client.post("/v1/scrape", json=HTML, headers=bearer("slow")).status_code == 429


def test_gateways_stop_at_a_budget_together(fleet: tuple[str, list[httpx2.Client]]) -> None:
    _, clients = fleet
    spent = 0
    deadline = time.monotonic() + 60
    while (answer := clients[0].post("/v1/scrape", json=HTML, headers=bearer("poor"))).status_code == 200:
        spent += answer.json()["tokens"]["content"]
        assert time.monotonic() < deadline
    assert answer.status_code == 429 and "12 tokens" in answer.json()["detail"]
    assert spent < 12 + 10, "one gateway's own tokens count at once"

    def is_refused() -> bool:
        return clients[1].post("/v1/scrape", json=HTML, headers=bearer("poor")).status_code == 429

    wait_until(is_refused)


def test_requests_go_on_without_the_store_and_readiness_says_so(
    start_redis: Callable[..., RedisServer], tmp_path: Path
) -> None:
    server = start_redis()
    with (
        running_gateway(tmp_path, keys=KEYS, cache_url=server.url) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):

        def ask() -> httpx2.Response:
            return client.post("/v1/scrape", json=HTML, headers=bearer("quick"))

        def alone() -> float:
            text = client.get("/metrics", headers=bearer("all")).text
            return read_metrics(text)[("winnow_local_limits_total", frozenset())]

        assert ask().status_code == 200
        server.stop()
        before = alone()
        for _ in range(20):
            answer = ask()
            assert answer.status_code == 200
            assert answer.headers["x-ratelimit-limit"] == "1000000"
        assert alone() - before >= 20
        report = client.get("/health/ready")
        assert report.status_code == 200 and report.json()["status"] == "degraded"
        assert f"limits at 127.0.0.1:{server.port}" in report.json()["checks"]["limits"]
        server.start()
        wait_until(lambda: client.get("/health/ready").json()["status"] == "ready")
        before = alone()
        assert ask().status_code == 200
        assert alone() == before
    assert not (tmp_path / "spent.sqlite").exists()
    server.stop()
