"""Writes gathered for a moment, then made in one transaction: an answer does not wait for the disk.

For a store that this process alone writes to: it reads its own writes at once, while others see them, and they
outlive a kill, `every_s` later. Leases keep their promise: what was written before one is given back is in the
store before it is.

A write that is gathered counts as taken unless the last batch failed: so the first ones that meet a fault claim, for
as long as writes are gathered, what does not come true.
"""

import asyncio
import time
from collections.abc import Mapping

from gateway.cache.base import BatchStore, Entry, Lease

# more than this is not held back: the writer waits for the store
_GATHER_BYTES = 8 * 1024**2
# a longer value is no matter of a moment
_ALONE_BYTES = 1024**2


class WriteBehind:
    """`Store` over one that takes many writes as one.

    Args:
        below: where everything is read from and, in the end, written to.
        every_s: for how long writes are gathered.
    """

    def __init__(self, below: BatchStore, *, every_s: float = 0.05) -> None:
        self._below = below
        self._every_s = every_s
        self._waiting: dict[str, Entry] = {}
        # batches that the store is writing, oldest first
        self._leaving: list[dict[str, Entry]] = []
        self._waiting_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._flushes: set[asyncio.Task[None]] = set()
        # the last batch, by the store
        self._taken = True

    async def get(self, key: str) -> bytes | None:
        entry = await self.get_entry(key)
        return None if entry is None else entry.value

    def peek(self, key: str) -> bytes | None:
        return self._below.peek(key)

    async def get_entry(self, key: str) -> Entry | None:
        for batch in (self._waiting, *reversed(self._leaving)):
            if entry := batch.get(key):
                return entry if time.time() < entry.expires_at else None
        return await self._below.get_entry(key)

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        if fence is not None or len(value) > _ALONE_BYTES:
            await self._flush()
            return await self._below.set(key, value, ttl_s=ttl_s, fence=fence) and self._taken
        self._waiting[key] = Entry(value, time.time() + ttl_s)
        self._waiting_bytes += len(value)
        if self._waiting_bytes > _GATHER_BYTES:
            await self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every_s, self._start_flush)
        return self._taken

    async def delete(self, key: str) -> None:
        for batch in (self._waiting, *self._leaving):
            batch.pop(key, None)
        # after the batches that left before it
        await self._below.delete(key)

    async def lease(self, key: str, *, ttl_s: float) -> Lease | None:
        await self._flush()
        lease = await self._below.lease(key, ttl_s=ttl_s)
        return lease and _FlushingLease(lease, self)

    async def health(self) -> str | None:
        return await self._below.health()

    async def stats(self) -> Mapping[str, int | float | str]:
        await self._flush()
        return await self._below.stats()

    async def clear(self, namespace: str | None = None) -> int:
        await self._flush()
        return await self._below.clear(namespace)

    async def aclose(self) -> None:
        await self._flush()
        await asyncio.gather(*self._flushes)
        await self._below.aclose()

    def _start_flush(self) -> None:
        task = asyncio.ensure_future(self._flush())
        self._flushes.add(task)
        task.add_done_callback(self._flushes.discard)

    async def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            return
        batch, self._waiting, self._waiting_bytes = self._waiting, {}, 0
        self._leaving.append(batch)
        try:
            self._taken = await self._below.set_many(batch)
        finally:
            self._leaving.remove(batch)


class _FlushingLease:
    """A lease that is given back after the writes made under it."""

    def __init__(self, lease: Lease, cache: WriteBehind) -> None:
        self._lease, self._cache = lease, cache
        self.fence = lease.fence

    async def renew(self) -> bool:
        return await self._lease.renew()

    async def release(self) -> None:
        await self._cache._flush()
        await self._lease.release()
