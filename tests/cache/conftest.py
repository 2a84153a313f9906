"""Real stores for the cache tests: folders, and the redis-server of `tests/conftest.py`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from gateway.cache.base import Cache, Store
from gateway.cache.disk import DiskCache
from gateway.cache.memory import MemoryCache
from gateway.cache.valkey import ValkeyCache
from gateway.cache.valkey_server import ValkeyServer

Open = Callable[[], Store]


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
            ValkeyCache(ValkeyServer(url, timeout_s=5))
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
