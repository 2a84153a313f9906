"""Write-behind: writes are buffered and committed in one transaction, so that no response waits for the disk.

For a store that only this process writes to. It reads its own writes at once; other processes see them, and they
survive a kill, after `every_s`. Before a lease is released, everything written under it is committed.

`set` returns True for a buffered write unless the last batch failed: when the store begins to fail, the writes of one
batch are reported as stored although they are not.
"""

import asyncio
import time
from collections.abc import Mapping

from gateway.cache.base import BatchStore, Entry, Lease

# of the buffer; a write beyond it waits for the store
_BUFFER_BYTES = 8 * 1024**2
# a larger value is written at once
_LARGE_BYTES = 1024**2


class WriteBehind:
    """`Store` over one that takes many writes as one.

    Args:
        below: where everything is read from and, in the end, written to.
        every_s: for how long writes are buffered.
    """

    def __init__(self, below: BatchStore, *, every_s: float = 0.05) -> None:
        self._below = below
        self._every_s = every_s
        self._buffer: dict[str, Entry] = {}
        # batches that the store is writing, oldest first
        self._committing: list[dict[str, Entry]] = []
        self._buffered_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._flushes: set[asyncio.Task[None]] = set()
        # whether the store took the last batch
        self._stored = True

    async def get(self, key: str) -> bytes | None:
        entry = await self.get_entry(key)
        return None if entry is None else entry.value

    def peek(self, key: str) -> bytes | None:
        return self._below.peek(key)

    async def get_entry(self, key: str) -> Entry | None:
        for batch in (self._buffer, *reversed(self._committing)):
            if entry := batch.get(key):
                return entry if time.time() < entry.expires_at else None
        return await self._below.get_entry(key)

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        if fence is not None or len(value) > _LARGE_BYTES:
            await self._flush()
            return await self._below.set(key, value, ttl_s=ttl_s, fence=fence) and self._stored
        self._buffer[key] = Entry(value, time.time() + ttl_s)
        self._buffered_bytes += len(value)
        if self._buffered_bytes > _BUFFER_BYTES:
            await self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every_s, self._start_flush)
        return self._stored

    async def delete(self, key: str) -> None:
        for batch in (self._buffer, *self._committing):
            batch.pop(key, None)
        # after the batches that are being written
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
        if not self._buffer:
            return
        batch, self._buffer, self._buffered_bytes = self._buffer, {}, 0
        self._committing.append(batch)
        try:
            self._stored = await self._below.set_many(batch)
        finally:
            self._committing.remove(batch)


class _FlushingLease:
    """A lease that is released after the writes made under it."""

    def __init__(self, lease: Lease, cache: WriteBehind) -> None:
        self._lease, self._cache = lease, cache
        self.fence = lease.fence

    async def renew(self) -> bool:
        return await self._lease.renew()

    async def release(self) -> None:
        await self._cache._flush()
        await self._lease.release()
