"""Writes gathered: read at once here, a moment later elsewhere, and never after the lease they were made under."""

import asyncio
import time
from collections.abc import Callable

import pytest

from gateway.cache.base import Entry, Store
from gateway.cache.behind import WriteBehind
from gateway.cache.disk import DiskCache

pytestmark = pytest.mark.anyio

KEY = "page:1:abc"
Open = Callable[..., DiskCache]


async def seen(store: Store, key: str, *, within_s: float = 60) -> bytes | None:
    """The value once it is there; None after `within_s`."""
    deadline = time.monotonic() + within_s
    while (value := await store.get(key)) is None and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return value


async def test_own_writes_are_read_at_once_and_others_see_them_soon(open_disk: Open) -> None:
    for every_s in (0.2, 2, 20):  # a busy machine may need longer than that to look
        cache, other = WriteBehind(open_disk(), every_s=every_s), open_disk()
        started = time.monotonic()
        await cache.set(KEY, b"value", ttl_s=60)
        assert await cache.get(KEY) == b"value"
        early = await other.get(KEY)
        in_time = time.monotonic() - started < every_s
        assert await seen(other, KEY) == b"value"
        assert await cache.get(KEY) == b"value"
        await cache.delete(KEY)
        await cache.aclose()
        if in_time:
            assert early is None
            return
    pytest.fail("nobody could look before it was written")


async def test_last_of_several_writes_stays(open_disk: Open) -> None:
    cache = WriteBehind(open_disk(), every_s=0.01)
    for turn in range(50):
        await cache.set(KEY, b"%d" % turn, ttl_s=60)
        assert await cache.get(KEY) == b"%d" % turn
        await asyncio.sleep(0.002)
    await cache.aclose()
    assert await open_disk().get(KEY) == b"49"


async def test_deleted_while_it_is_written_stays_deleted(open_disk: Open) -> None:
    cache = WriteBehind(open_disk(), every_s=0)
    for _ in range(20):
        await cache.set(KEY, b"value", ttl_s=60)
        await asyncio.sleep(0)  # the batch is on its way to the thread
        await cache.delete(KEY)
        assert await cache.get(KEY) is None
    await cache.aclose()
    assert await open_disk().get(KEY) is None


async def test_writes_are_in_the_store_before_a_lease_is_given_back(open_disk: Open) -> None:
    cache, other = WriteBehind(open_disk(), every_s=60), open_disk()
    lease = await cache.lease(KEY, ttl_s=30)
    assert lease and await other.lease(KEY, ttl_s=30) is None
    await cache.set(KEY, b"value", ttl_s=60)
    assert await lease.renew()
    assert await other.get(KEY) is None
    await lease.release()
    assert await other.get(KEY) == b"value"
    await cache.set(KEY, b"newer", ttl_s=60)
    await cache.set(KEY, b"old leader's", ttl_s=60, fence=lease.fence - 1)
    assert await other.get(KEY) == b"newer"
    await cache.aclose()


async def test_closing_writes_what_waits(open_disk: Open) -> None:
    cache = WriteBehind(open_disk(), every_s=60)
    await asyncio.gather(*(cache.set(f"page:1:{n}", b"%d" % n, ttl_s=60) for n in range(100)))
    await cache.aclose()
    other = open_disk()
    assert [await other.get(f"page:1:{n}") for n in range(100)] == [b"%d" % n for n in range(100)]


async def test_expired_and_cleared_entries_are_gone(open_disk: Open) -> None:
    cache = WriteBehind(open_disk(), every_s=60)
    await cache.set(KEY, b"value", ttl_s=0)
    assert await cache.get(KEY) is None
    await cache.set(KEY, b"value", ttl_s=60)
    await cache.set("completion:abc", b"value", ttl_s=60)
    assert await cache.clear("page") == 1
    assert (await cache.get(KEY), await cache.get("completion:abc")) == (None, b"value")
    await cache.aclose()


async def test_little_is_held_back(open_disk: Open) -> None:
    cache, other = WriteBehind(open_disk(), every_s=60), open_disk()
    await cache.set("page:1:large", bytes(2 * 1024**2), ttl_s=60)
    assert await other.get("page:1:large") is not None
    for turn in range(20):
        await cache.set(f"page:1:{turn}", bytes(900_000), ttl_s=60)
    assert await other.get("page:1:0") is not None
    await cache.aclose()


async def test_store_that_fails_costs_the_entries_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("cache") / "file"
    nowhere.write_text("in the way")
    cache = WriteBehind(DiskCache(nowhere, size_bytes=10**8), every_s=0)
    await cache.set(KEY, b"value", ttl_s=60)
    assert not await cache.set(KEY, b"value", ttl_s=60, fence=1), (
        "what was gathered before it is lost as well"
    )
    assert await cache.get(KEY) is None
    assert not await cache.set(KEY, b"value", ttl_s=60), "no claim while the store is known to fail"
    assert await cache.health()
    await cache.aclose()


async def test_batch_is_written_whole(open_disk: Open) -> None:
    disk = open_disk()
    entries = {f"page:1:{n}": Entry(b"%d" % n, time.time() + 60) for n in range(10)}
    await disk.set_many(entries)
    assert [await disk.get(key) for key in entries] == [entry.value for entry in entries.values()]
