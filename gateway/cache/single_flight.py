"""Request coalescing: identical misses share one computation, in a process and across all that share a cache.

For work with a single result, which other processes find in the cache. Streams that several readers follow are
`gateway.completions.broadcast`, which works within one process.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from gateway.cache.base import Cache, Lease
from gateway.cache.keys import pass_key
from gateway.primitives.panics import contained

Result = TypeVar("Result")


class SingleFlight:
    """Runs the work of a key once at a time.

    Within a process the work runs in a task of its own: callers may leave, the others get its result or its exception,
    and it is cancelled when no caller waits any more. Across processes the holder of a lease on the key does the work;
    the others poll for its result, and one of them takes over when the lease ends without one.

    Args:
        cache: where leases are, and results for others to find.
        lease_ttl_s: after this long without renewal (its holder died) another process takes over.
        look_every_s: how often a waiting process polls.
        pass_ttl_s: after work that stored no result (it failed, or may not be stored), how long processes do not wait
            for each other.
        joined: is called for every caller that shares the work of another one in this process.
    """

    def __init__(
        self,
        cache: Cache,
        *,
        lease_ttl_s: float = 10,
        look_every_s: float = 0.05,
        pass_ttl_s: float = 5,
        joined: Callable[[], None] = lambda: None,
    ) -> None:
        self._cache = cache
        self._joined = joined
        self._lease_ttl_s, self._look_every_s, self._pass_ttl_s = lease_ttl_s, look_every_s, pass_ttl_s
        self._flights: dict[str, _Flight] = {}
        self._leases: dict[str, Lease] = {}

    async def run(
        self,
        key: str,
        work: Callable[[], Awaitable[Result]],
        *,
        look: Callable[[], Awaitable[Result | None]] | None = None,
        was_stored: Callable[[Result], bool] = lambda result: True,
    ) -> Result:
        """Do the work of `key`, or share that of whoever does it already.

        Args:
            key: what the work is about; the cache key of its result.
            work: makes the result and stores it, with `fence=flight.fence(key)`.
            look: finds a result that another process has stored, None if there is none; without it the work
                is shared within this process alone.
            was_stored: whether `look` would find the result of this process's own work.
        """

        async def contained_work() -> Result:
            with contained():
                return await work()

        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(
                contained_work() if look is None else self._lead(key, contained_work, look, was_stored)
            )
            self._flights[key] = flight
        else:
            self._joined()
        try:
            result: Result = await flight.join()
        finally:
            # no caller may join a flight that has ended or was cancelled
            if flight.over and self._flights.get(key) is flight:
                del self._flights[key]
        return result

    def fence(self, key: str) -> int | None:
        """The fence of the lease this process holds on `key`, for `Cache.set`; None without one."""
        lease = self._leases.get(key)
        return (lease.fence or None) if lease else None

    async def _lead(
        self,
        key: str,
        work: Callable[[], Awaitable[Result]],
        look: Callable[[], Awaitable[Result | None]],
        was_stored: Callable[[Result], bool],
    ) -> Result:
        no_result = pass_key(key)
        while (lease := await self._cache.lease(key, ttl_s=self._lease_ttl_s)) is None:
            if await self._cache.get(no_result) is not None:
                return await work()
            await asyncio.sleep(self._look_every_s * random.uniform(0.5, 1.5))
            if (found := await look()) is not None:
                return found
        async with self._holding(key, lease):
            if (found := await look()) is not None:
                # it was stored between the caller's miss and the lease
                return found
            try:
                result = await work()
            except Exception:
                await self._cache.set(no_result, b"", ttl_s=self._pass_ttl_s)
                raise
            if not was_stored(result):
                await self._cache.set(no_result, b"", ttl_s=self._pass_ttl_s)
            return result

    @contextlib.asynccontextmanager
    async def _holding(self, key: str, lease: Lease) -> AsyncIterator[None]:
        self._leases[key] = lease
        renewing = asyncio.create_task(self._renew(lease))
        try:
            yield
        finally:
            renewing.cancel()
            del self._leases[key]
            await lease.release()

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self._lease_ttl_s / 3)
            if not await lease.renew():
                # another process holds the lease now; what this one stores with its fence is dropped
                return


class _Flight:
    """A task and the number of its waiters; it is cancelled when the last one leaves."""

    def __init__(self, work: Awaitable[Any]) -> None:
        self._task = asyncio.ensure_future(work)
        self._waiting = 0
        self.over = False

    async def join(self) -> Any:
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            self.over = self._task.done() or not self._waiting
            if self.over and not self._task.cancel() and not self._task.cancelled():
                # retrieved, even if every waiter left at the same moment
                self._task.exception()
