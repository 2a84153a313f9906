"""The cache that replicas share: Valkey or Redis, alone or a cluster.

Names in the store: `winnow:{KEY}` is an entry, `winnow:{KEY}:lease` who leads, `winnow:{KEY}:fence` the
number of the newest lease; the braces keep the three on one node of a cluster. A hit is one GET, a write one
SET.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import uuid4

from gateway.cache.base import Entry, Lease
from gateway.cache.envelope import MAX_VALUE_BYTES, seal, unseal
from gateway.cache.keys import probe_key
from gateway.cache.lease import UnguardedLease
from gateway.cache.valkey_server import FAULTS, ValkeyServer, reason_of
from gateway.primitives.breaker import Breaker

Result = TypeVar("Result")

FENCE_MEMORY_S = 600
# above it packing and unpacking move to a thread
_INLINE_BYTES = 64 * 1024
_CLEAR_BATCH = 500

# The clock keeps fences growing where the last one has been forgotten.
_ACQUIRE = f"""
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local now = redis.call('TIME')
local last = tonumber(redis.call('GET', KEYS[2])) or 0
local fence = math.max(last + 1, now[1] * 1000000 + now[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], string.format('%.0f', fence), 'EX', {FENCE_MEMORY_S})
return fence
"""
_RENEW = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0"
_RELEASE = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"
_SET_FENCED = """
local newest = tonumber(redis.call('GET', KEYS[2]))
if newest and newest > tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


class ValkeyCache:
    """`Store` on a Valkey or Redis server, which it closes.

    Args:
        server: where entries are.
        remember_s: how long `health` names a fault after it has gone.
    """

    def __init__(self, server: ValkeyServer, *, remember_s: float = 5) -> None:
        self._server = server
        # a server that refuses writes (full, or a replica) still answers reads
        self._reads = Breaker(threshold=3, remember_s=remember_s)
        self._writes = Breaker(threshold=3, remember_s=remember_s)
        self._counts = {"hits": 0, "misses": 0, "damaged": 0}

    async def get(self, key: str) -> bytes | None:
        entry = await self.get_entry(key)
        return None if entry is None else entry.value

    def peek(self, key: str) -> None:
        return None

    async def get_entry(self, key: str) -> Entry | None:
        sealed = await self._server.ask(self._reads, lambda client: client.get(_name(key)))
        entry = None if sealed is None else await _near(len(sealed), unseal, key, sealed)
        if sealed is not None and entry is None:
            self._counts["damaged"] += 1
            await self.delete(key)
        self._counts["misses" if entry is None else "hits"] += 1
        return entry

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        ttl_ms = int(ttl_s * 1000)
        if ttl_ms <= 0 or len(value) > MAX_VALUE_BYTES:
            await self.delete(key)
            return False
        sealed = await _near(len(value), seal, key, Entry(value, time.time() + ttl_s))
        name = _name(key)
        if fence is None:
            set_it = lambda client: client.set(name, sealed, px=ttl_ms)  # noqa: E731
            return bool(await self._server.ask(self._writes, set_it, otherwise=False))
        keys = (name, f"{name}:fence")
        return await self._run(_SET_FENCED, keys, (sealed, ttl_ms, fence), otherwise=-1) >= 0

    async def delete(self, key: str) -> None:
        await self._server.ask(self._writes, lambda client: client.unlink(_name(key)))

    async def lease(self, key: str, *, ttl_s: float) -> Lease | None:
        name, token = _name(key), uuid4().hex
        keys = (f"{name}:lease", f"{name}:fence")
        fence = await self._run(_ACQUIRE, keys, (token, int(ttl_s * 1000)), otherwise=-1)
        if fence == 0:
            return None
        return _ValkeyLease(self._run, keys[0], token, fence, ttl_s) if fence > 0 else UnguardedLease()

    async def health(self) -> str | None:
        # both: without traffic, the last failure would be reported for ever
        await self.set(probe_key("health"), b"", ttl_s=60)
        await self._server.ask(self._reads, lambda client: client.ping())
        faults = [fault for breaker in (self._writes, self._reads) if (fault := breaker.fault)]
        return f"cache at {self._server.place}: {faults[0]}" if faults else None

    async def stats(self) -> dict[str, int | float | str]:
        entries = await self._server.ask(self._reads, lambda client: client.dbsize())
        known = {} if entries is None else {"entries": int(entries)}
        return {"kind": "valkey", "server": self._server.place, **known, **self._counts}

    async def clear(self, namespace: str | None = None) -> int:
        pattern = _name("*" if namespace is None else f"{namespace}:*")
        count, batch = 0, []
        try:
            async for name in self._server.client.scan_iter(match=pattern, count=_CLEAR_BATCH):
                batch.append(name)
                if len(batch) == _CLEAR_BATCH:
                    count += await self._unlink(batch)
                    batch = []
            return count + await self._unlink(batch)
        except FAULTS as exc:
            self._writes.failed(reason_of(exc))
            return count

    async def aclose(self) -> None:
        await self._server.aclose()

    async def _unlink(self, names: list[bytes]) -> int:
        if not names:
            return 0
        pipeline = self._server.client.pipeline(transaction=False)
        for name in names:
            pipeline.unlink(name)
        return sum(await pipeline.execute())

    async def _run(self, script: str, keys: tuple[str, ...], args: tuple[Any, ...], *, otherwise: int) -> int:
        answer = self._server.run_script(self._writes, script, keys, args, otherwise=otherwise)
        return int(await answer)


class _ValkeyLease:
    def __init__(
        self, run: Callable[..., Awaitable[int]], name: str, token: str, fence: int, ttl_s: float
    ) -> None:
        self._run, self._name, self._token, self._ttl_s = run, name, token, ttl_s
        self.fence = fence

    async def renew(self) -> bool:
        args = (self._token, int(self._ttl_s * 1000))
        return bool(await self._run(_RENEW, (self._name,), args, otherwise=1))

    async def release(self) -> None:
        await self._run(_RELEASE, (self._name,), (self._token,), otherwise=0)


def _name(key: str) -> str:
    return f"winnow:{{{key}}}"


async def _near(size_bytes: int, call: Callable[..., Result], *args: Any) -> Result:
    """Call at once if the value is small, else in a thread, so that the event loop is not blocked."""
    if size_bytes < _INLINE_BYTES:
        return call(*args)
    return await asyncio.to_thread(call, *args)
