"""What every cache promises, over every implementation."""

import asyncio
import os
import time
from collections.abc import Callable

import pytest

from gateway.cache.base import Store
from gateway.cache.envelope import MAX_VALUE_BYTES

pytestmark = pytest.mark.anyio

KEY = "page:1:0123456789abcdef"
Open = Callable[[], Store]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"short", id="short"),
        pytest.param(b"the same again and again " * 2000, id="compressible"),
        pytest.param(os.urandom(20_000), id="incompressible"),
        pytest.param(os.urandom(700_000), id="as-a-file"),
        pytest.param(b"\x80\x04\x95pickle.", id="looks-like-a-pickle"),
        pytest.param(b"x" * 10 * 1024**2, id="ten-megabytes"),
    ],
)
async def test_cache_gives_back_what_was_set(open_store: Open, value: bytes) -> None:
    writer, reader = open_store(), open_store()
    assert await writer.set(KEY, value, ttl_s=60) is True
    assert await writer.get(KEY) == value
    assert await reader.get(KEY) == value


async def test_cache_misses_what_was_never_set(store: Store) -> None:
    assert await store.get(KEY) is None


async def test_cache_replaces_a_value(open_store: Open) -> None:
    writer, reader = open_store(), open_store()
    await writer.set(KEY, b"old", ttl_s=60)
    assert await reader.get(KEY) == b"old"
    await writer.set(KEY, b"new", ttl_s=60)
    assert await writer.get(KEY) == b"new"
    async with asyncio.timeout(60):  # a tier in memory may hold what it read for hold_s
        while await reader.get(KEY) == b"old":  # noqa: ASYNC110 -- it is the store that changes
            await asyncio.sleep(0.05)
    assert await reader.get(KEY) == b"new"


async def test_cache_forgets_after_ttl(open_store: Open) -> None:
    writer, reader = open_store(), open_store()
    for ttl_s in (1, 4, 16):  # a busy machine may need longer than that to look
        started = time.monotonic()
        await writer.set(KEY, b"value", ttl_s=ttl_s)
        found = await reader.get(KEY)
        if time.monotonic() - started < ttl_s:
            assert found == b"value"
            break
    else:
        pytest.fail("nothing could be looked at within its time to live")
    await asyncio.sleep(ttl_s + 0.1)
    assert await writer.get(KEY) is None
    assert await reader.get(KEY) is None


async def test_cache_does_not_keep_what_has_expired_already(store: Store) -> None:
    await store.set(KEY, b"value", ttl_s=60)
    assert await store.set(KEY, b"late", ttl_s=0) is False
    assert await store.get(KEY) is None


async def test_cache_does_not_keep_what_is_too_large(store: Store) -> None:
    await store.set(KEY, b"value", ttl_s=60)
    assert await store.set(KEY, bytes(MAX_VALUE_BYTES + 1), ttl_s=60) is False
    assert await store.get(KEY) is None


async def test_cache_tells_when_an_entry_expires(store: Store) -> None:
    before = time.time()
    await store.set(KEY, b"value", ttl_s=60)
    entry = await store.get_entry(KEY)
    assert entry and before + 60 <= entry.expires_at <= time.time() + 60


async def test_cache_deletes(open_store: Open) -> None:
    one, other = open_store(), open_store()
    await one.set(KEY, b"value", ttl_s=60)
    await one.delete(KEY)
    assert await one.get(KEY) is None
    assert await other.get(KEY) is None
    await one.delete(KEY)  # twice is no fault


async def test_clear_empties_one_namespace_or_all(store: Store) -> None:
    for index in range(30):
        await store.set(f"page:1:{index}", b"page", ttl_s=60)
        await store.set(f"completion:1:{index}", b"completion", ttl_s=60)
    await store.lease("page:1:1", ttl_s=60)
    assert await store.clear("page") == 30
    assert await store.get("page:1:3") is None
    assert await store.get("completion:1:3") == b"completion"
    assert await store.clear() == 30
    assert await store.get("completion:1:3") is None


async def test_lease_is_held_by_one_at_a_time(open_store: Open) -> None:
    one, other = open_store(), open_store()
    lease = await one.lease(KEY, ttl_s=60)
    assert lease
    assert await other.lease(KEY, ttl_s=60) is None
    assert await one.lease(KEY, ttl_s=60) is None
    assert await other.lease(KEY + "0", ttl_s=60), "another key is free"
    await lease.release()
    assert await other.lease(KEY, ttl_s=60)


async def test_lease_of_a_dead_leader_expires_and_cannot_be_renewed(open_store: Open) -> None:
    one, other = open_store(), open_store()
    first = await one.lease(KEY, ttl_s=0.2)
    assert first
    await asyncio.sleep(0.3)
    second = await other.lease(KEY, ttl_s=60)
    assert second
    assert not await first.renew()
    await first.release()  # must not free what somebody else holds now
    assert await one.lease(KEY, ttl_s=60) is None
    assert await second.renew()


async def test_lease_lasts_as_long_as_it_is_renewed(open_store: Open) -> None:
    one, other = open_store(), open_store()
    for ttl_s in (1, 5, 25):  # a busy machine may be late to renew it
        lease = await one.lease(KEY, ttl_s=ttl_s)
        assert lease
        started = late = time.monotonic()
        kept, longest = True, 0.0
        while time.monotonic() - started < 1.6 * ttl_s and kept:
            await asyncio.sleep(0.3 * ttl_s)
            kept = await lease.renew()
            longest, late = max(longest, time.monotonic() - late), time.monotonic()
        if longest < ttl_s:
            assert kept
            break
        await lease.release()
    else:
        pytest.fail("the lease could never be renewed in time")
    assert await other.lease(KEY, ttl_s=60) is None


async def test_fence_grows_with_every_lease(open_store: Open) -> None:
    caches = [open_store(), open_store()]
    fences = []
    for turn in range(6):
        lease = await caches[turn % 2].lease(KEY, ttl_s=60)
        assert lease
        fences.append(lease.fence)
        await lease.release()
    assert fences == sorted(set(fences))


async def test_write_of_a_leader_that_was_replaced_is_dropped(open_store: Open) -> None:
    one, other = open_store(), open_store()
    old = await one.lease(KEY, ttl_s=0.1)
    await asyncio.sleep(0.2)
    new = await other.lease(KEY, ttl_s=60)
    assert old and new
    await other.set(KEY, b"new", ttl_s=60, fence=new.fence)
    await new.release()
    await one.set(KEY, b"old", ttl_s=60, fence=old.fence)
    assert await one.get(KEY) == b"new"
    assert await other.get(KEY) == b"new"


async def test_cache_serves_many_at_once(open_store: Open) -> None:
    caches = [open_store() for _ in range(3)]

    async def use(index: int) -> None:
        key, value = f"page:1:{index % 20}", str(index % 20).encode() * 500
        await caches[index % 3].set(key, value, ttl_s=60)
        assert await caches[(index + 1) % 3].get(key) == value

    for start in range(0, 300, 30):
        await asyncio.gather(*(use(index) for index in range(start, start + 30)))
    assert [await cache.health() for cache in caches] == [None] * 3


async def test_stats_name_the_store_and_count(store: Store) -> None:
    await store.set(KEY, b"value", ttl_s=60)
    await store.get(KEY)
    await store.get(KEY + "0")
    stats = await store.stats()
    assert stats["kind"] in ("disk", "valkey")
    assert stats["entries"] == 1
    assert stats["misses"] == 1
    assert stats["hits"] == 1 or stats["memory_hits"] == 1


async def test_closing_twice_is_no_fault(store: Store) -> None:
    await store.set(KEY, b"value", ttl_s=60)
    await store.aclose()
    await store.aclose()
