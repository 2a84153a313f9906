"""A store of each kind for the tests of jobs."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from fixtures.redis import RedisServer
from gateway.jobs.frontier import Frontier
from gateway.jobs.sqlite.frontier import SqliteFrontier
from gateway.jobs.valkey_frontier import ValkeyFrontier
from tests.requirements import require


@pytest.fixture(scope="session")
def jobs_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    require(shutil.which("redis-server") is not None, "redis-server is missing: apt-get install redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "valkey"])
async def frontier(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Frontier]:
    store: Frontier
    if request.param == "valkey":
        server: RedisServer = request.getfixturevalue("jobs_redis")
        server.command("FLUSHALL")
        store = ValkeyFrontier(server.url)
    else:
        store = SqliteFrontier(tmp_path / "jobs.sqlite")
    try:
        yield store
    finally:
        await store.aclose()
