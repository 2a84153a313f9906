"""Real stores for the cache tests: folders, and a redis-server of our own on a free loopback port."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from fixtures.redis import RedisServer
from gateway.cache.base import Cache, Store
from gateway.cache.disk import DiskCache
from gateway.cache.memory import MemoryCache
from gateway.cache.valkey import ValkeyCache
from tests.requirements import require

Open = Callable[[], Store]


@pytest.fixture(scope="session")
def start_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RedisServer]]:
    """Starts redis-servers; all are stopped at the end."""
    require(shutil.which("redis-server") is not None, "redis-server is missing: apt-get install redis-server")
    started: list[RedisServer] = []

    def start(*options: str, tls: bool = False) -> RedisServer:
        started.append(RedisServer(tmp_path_factory.mktemp("redis"), *options, tls=tls))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def shared_redis(start_redis: Callable[..., RedisServer]) -> RedisServer:
    return start_redis()


@pytest.fixture
def redis(shared_redis: RedisServer) -> RedisServer:
    shared_redis.command("FLUSHALL")
    return shared_redis


@pytest.fixture
async def close_later() -> AsyncIterator[Callable[[Cache], None]]:
    closing: list[Callable[[], Awaitable[None]]] = []
    yield lambda cache: closing.append(cache.aclose)
    for close in closing:
        await close()


STORES = ["disk", "valkey", "memory-over-disk", "memory-over-valkey"]


@pytest.fixture(params=STORES)
def open_store(request: pytest.FixtureRequest, tmp_path: Path, close_later: Callable[[Cache], None]) -> Open:
    """Opens the store under test; every call is another worker on the same one."""
    tier, _, below = str(request.param).rpartition("-over-")
    url = request.getfixturevalue("redis").url if below == "valkey" else None

    def start() -> Store:
        # a loaded machine takes longer than the defaults now and then; those are for test_valkey and test_disk_faults
        store = (
            ValkeyCache(url, timeout_s=5)
            if url
            else DiskCache(tmp_path / "cache", size_bytes=10**8, deadline_s=30)
        )
        cache = MemoryCache(store, size_bytes=1024**2, hold_s=0.2) if tier else store
        close_later(cache)
        return cache

    return start


@pytest.fixture
def store(open_store: Open) -> Store:
    return open_store()


@pytest.fixture
def open_disk(tmp_path: Path, close_later: Callable[[Cache], None]) -> Callable[..., DiskCache]:
    def start(*, size_bytes: int = 100 * 1024**2) -> DiskCache:
        cache = DiskCache(tmp_path / "cache", size_bytes=size_bytes, deadline_s=8, remember_s=0.5)
        close_later(cache)
        return cache

    return start
