"""An in-memory tier in front of a store: entries that were used lately need no call of it.

Other processes write to the store too. So an entry is kept here for `hold_s` at most: that long, what another process
wrote or deleted is not seen.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

from gateway.cache.base import Entry, Lease, Store
from gateway.cache.keys import namespace_of
from gateway.primitives.byte_lru import ByteLru
from gateway.telemetry.spans import span

# what an entry costs beside its value: key, tuples, numbers, dict slot
_OVERHEAD_BYTES = 500


class _Held(NamedTuple):
    entry: Entry
    until: float


class MemoryCache:
    """`Store` over another one, bounded by bytes; the least recently used entry is evicted first.

    Args:
        below: where everything is written, and read from when it is not here.
        size_bytes: values and their overhead; a value above a quarter of it is not held.
        hold_s: how long an entry is answered from here without a look into the store.
    """

    def __init__(self, below: Store, *, size_bytes: int, hold_s: float = 5) -> None:
        self._below = below
        self._hold_s = hold_s
        self._held: ByteLru[str, _Held] = ByteLru(size_bytes)
        self._hits = 0
        # pending reads of the store, by key: a write in between makes their result stale
        self._reading: dict[str, object] = {}

    async def get(self, key: str) -> bytes | None:
        with span("cache get") as current:
            current.set_attribute("winnow.cache.kind", namespace_of(key))
            entry = await self.get_entry(key)
            current.set_attribute("winnow.cache.hit", entry is not None)
            return None if entry is None else entry.value

    def peek(self, key: str) -> bytes | None:
        entry = self._find(key)
        return None if entry is None else entry.value

    async def get_entry(self, key: str) -> Entry | None:
        if entry := self._find(key):
            return entry
        mark = self._reading[key] = object()
        try:
            entry = await self._below.get_entry(key)
        finally:
            unchanged = self._reading.get(key) is mark
            if unchanged:
                del self._reading[key]
        if entry is not None and unchanged:
            self._hold(key, entry)
        return entry

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        self._forget(key)
        with span("cache set") as current:
            current.set_attribute("winnow.cache.kind", namespace_of(key))
            taken = await self._below.set(key, value, ttl_s=ttl_s, fence=fence)
        # whatever was read meanwhile
        self._forget(key)
        if fence is None:
            self._hold(key, Entry(value, time.time() + ttl_s))
        return taken

    async def delete(self, key: str) -> None:
        self._forget(key)
        await self._below.delete(key)
        self._forget(key)

    async def lease(self, key: str, *, ttl_s: float) -> Lease | None:
        return await self._below.lease(key, ttl_s=ttl_s)

    async def health(self) -> str | None:
        return await self._below.health()

    async def stats(self) -> Mapping[str, int | float | str]:
        mine = {
            "memory_entries": len(self._held),
            "memory_bytes": self._held.used_bytes,
            "memory_hits": self._hits,
        }
        return {**await self._below.stats(), **mine}

    async def clear(self, namespace: str | None = None) -> int:
        self._forget_all(namespace)
        count = await self._below.clear(namespace)
        self._forget_all(namespace)
        return count

    async def aclose(self) -> None:
        self._forget_all(None)
        await self._below.aclose()

    def _find(self, key: str) -> Entry | None:
        held = self._held.get(key)
        if held is None:
            return None
        if time.time() >= held.until:
            self._held.drop(key)
            return None
        self._hits += 1
        return held.entry

    def _hold(self, key: str, entry: Entry) -> None:
        held = _Held(entry, min(entry.expires_at, time.time() + self._hold_s))
        self._held.put(key, held, size_bytes=len(entry.value) + _OVERHEAD_BYTES)

    def _forget(self, key: str) -> None:
        self._reading.pop(key, None)
        self._held.drop(key)

    def _forget_all(self, namespace: str | None) -> None:
        self._reading.clear()
        for key in [key for key in self._held if namespace is None or namespace_of(key) == namespace]:
            self._held.drop(key)
