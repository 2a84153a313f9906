"""The cache on a local disk: one machine, any number of worker processes.

SQLite blocks, sometimes for long (a checkpoint, another process's lock, a slow disk). So calls run in two threads, one
for reads and one for writes, each with a deadline, and never on the event loop.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from gateway.cache.base import Entry, Lease
from gateway.cache.disk_store import DamagedEntry, DiskStore, StoreFault
from gateway.cache.keys import probe_key
from gateway.cache.lease import UnguardedLease
from gateway.primitives.breaker import Breaker

Result = TypeVar("Result")
Default = TypeVar("Default")


class DiskCache:
    """`Store` in a folder; see `disk_store` for what is refused and repaired.

    Args:
        directory: made with mode 0700 if missing; only the folder `store` inside it is used.
        size_bytes: above it the oldest entries are evicted.
        deadline_s: a call that takes longer is a miss, or a write that may still happen; half of it is the longest
            wait for another process's lock.
        remember_s: how long `health` names a fault after it has gone.
    """

    def __init__(
        self, directory: Path, *, size_bytes: int, deadline_s: float = 2, remember_s: float = 5
    ) -> None:
        self._directory = directory
        store = DiskStore(directory, size_bytes=size_bytes, lock_timeout_s=deadline_s / 2)
        self._reads, self._writes = (
            _Lane(store, deadline_s, Breaker(remember_s=remember_s)) for _ in range(2)
        )
        self._counts = {"hits": 0, "misses": 0, "damaged": 0}

    async def get(self, key: str) -> bytes | None:
        entry = await self.get_entry(key)
        return None if entry is None else entry.value

    def peek(self, key: str) -> None:
        return None

    async def get_entry(self, key: str) -> Entry | None:
        try:
            entry = await self._reads.run(lambda store: store.read(key), otherwise=None)
        except DamagedEntry:
            self._counts["damaged"] += 1
            await self.delete(key)
            entry = None
        self._counts["misses" if entry is None else "hits"] += 1
        return entry

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        entry = Entry(value, time.time() + ttl_s)
        return await self._writes.run(lambda store: store.write(key, entry, fence=fence), otherwise=False)

    async def set_many(self, entries: Mapping[str, Entry]) -> bool:
        """Write all in one transaction; False where the store failed."""
        # a copy for the thread: the caller may remove entries meanwhile
        batch = dict(entries)
        return await self._writes.run(lambda store: store.write_all(batch), otherwise=False)

    async def delete(self, key: str) -> None:
        await self._writes.run(lambda store: store.remove(key), otherwise=None)

    async def lease(self, key: str, *, ttl_s: float) -> Lease | None:
        token = uuid4().hex
        fence = await self._writes.run(lambda store: store.acquire(key, token, ttl_s=ttl_s), otherwise=0)
        if fence is None:
            return None
        return _DiskLease(self._writes, key, token, fence, ttl_s) if fence else UnguardedLease()

    async def health(self) -> str | None:
        await self.set(probe_key("health"), b"", ttl_s=60)
        await self._reads.run(lambda store: store.usage(), otherwise=None)
        faults = [fault for lane in (self._writes, self._reads) if (fault := lane.breaker.fault)]
        return f"cache in {self._directory}: {faults[0]}" if faults else None

    async def stats(self) -> dict[str, int | float | str]:
        usage = await self._reads.run(lambda store: store.usage(), otherwise=None)
        return {"kind": "disk", "directory": str(self._directory), **(usage or {}), **self._counts}

    async def clear(self, namespace: str | None = None) -> int:
        return await self._writes.run(lambda store: store.clear(namespace), otherwise=0, deadline_s=None)

    async def aclose(self) -> None:
        for lane in (self._reads, self._writes):
            await lane.aclose()


class _Lane:
    """One thread that calls the store, behind a circuit breaker; a call that fails returns `otherwise`."""

    def __init__(self, store: DiskStore, deadline_s: float, breaker: Breaker) -> None:
        self._store = store
        self._deadline_s = deadline_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="winnow-cache")
        self._closed = False
        self.breaker = breaker

    async def run(
        self, call: Callable[[DiskStore], Result], *, otherwise: Default, deadline_s: float | None = -1
    ) -> Result | Default:
        if self._closed or not self.breaker.allows():
            return otherwise
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._deadline_s if deadline_s == -1 else deadline_s):
                result = await loop.run_in_executor(self._thread, call, self._store)
        except TimeoutError:
            self.breaker.failed(f"no answer within {self._deadline_s:g} s")
            return otherwise
        except StoreFault as exc:
            self.breaker.failed(str(exc))
            return otherwise
        self.breaker.worked()
        return result

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            closing = asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
            await asyncio.wait([closing], timeout=self._deadline_s)
            self._thread.shutdown(wait=False)


class _DiskLease:
    def __init__(self, writes: _Lane, key: str, token: str, fence: int, ttl_s: float) -> None:
        self._writes, self._key, self._token, self._ttl_s = writes, key, token, ttl_s
        self.fence = fence

    async def renew(self) -> bool:
        key, token, ttl_s = self._key, self._token, self._ttl_s
        return await self._writes.run(lambda store: store.renew(key, token, ttl_s=ttl_s), otherwise=True)

    async def release(self) -> None:
        key, token = self._key, self._token
        await self._writes.run(lambda store: store.release(key, token), otherwise=None)
