"""The tier in memory: bounded, and never older than it may be."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cache.base import Entry
from gateway.cache.disk import DiskCache
from gateway.cache.memory import MemoryCache

pytestmark = pytest.mark.anyio

KEY = "page:1:abc"
Open = Callable[..., DiskCache]


class SlowDisk(DiskCache):
    """Reads take until the test lets them go on."""

    go_on: asyncio.Event
    asked: asyncio.Event

    async def get_entry(self, key: str) -> Entry | None:
        entry = await super().get_entry(key)
        self.asked.set()
        await self.go_on.wait()
        return entry


async def test_second_read_does_not_reach_the_store(open_disk: Open) -> None:
    disk = open_disk()
    cache = MemoryCache(disk, size_bytes=10_000)
    await disk.set(KEY, b"value", ttl_s=60)
    for _ in range(5):
        assert await cache.get(KEY) == b"value"
    stats = await cache.stats()
    assert (stats["hits"], stats["memory_hits"]) == (1, 4)


async def test_memory_stays_within_its_bytes_and_drops_the_least_used(open_disk: Open) -> None:
    disk = open_disk()
    cache = MemoryCache(disk, size_bytes=10_000)
    for index in range(20):
        await cache.set(f"page:1:{index}", bytes(1000), ttl_s=60)
        await cache.get("page:1:0")
    stats = await cache.stats()
    assert isinstance(stats["memory_bytes"], int) and stats["memory_bytes"] <= 10_000
    assert stats["memory_entries"] == 6
    await disk.clear()
    assert await cache.get("page:1:0") is not None, "asked for again and again"
    assert await cache.get("page:1:1") is None


async def test_large_value_is_left_to_the_store(open_disk: Open) -> None:
    cache = MemoryCache(open_disk(), size_bytes=10_000)
    await cache.set(KEY, bytes(5000), ttl_s=60)
    assert (await cache.stats())["memory_entries"] == 0
    assert await cache.get(KEY) == bytes(5000)


async def test_read_under_way_does_not_bring_back_what_was_replaced(tmp_path: Path) -> None:
    disk = SlowDisk(tmp_path / "cache", size_bytes=10**6)
    disk.go_on, disk.asked = asyncio.Event(), asyncio.Event()
    cache = MemoryCache(disk, size_bytes=10_000)
    await disk.set(KEY, b"old", ttl_s=60)
    reading = asyncio.create_task(cache.get(KEY))
    await disk.asked.wait()
    await cache.set(KEY, b"new", ttl_s=60)
    disk.go_on.set()
    assert await reading == b"old", "true when it was asked"
    assert await cache.get(KEY) == b"new"
    await disk.aclose()


async def test_what_another_worker_changed_shows_after_the_holding_time(open_disk: Open) -> None:
    cache, other = MemoryCache(open_disk(), size_bytes=10_000, hold_s=0.1), open_disk()
    await cache.set(KEY, b"old", ttl_s=60)
    await other.delete(KEY)
    await asyncio.sleep(0.15)
    assert await cache.get(KEY) is None
