"""How much work at once: of all, of each key, and of request bodies in memory.

Everything here belongs to one event loop and holds within a process.
"""

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from gateway.auth.keys import Key
from gateway.errors import Overloaded, RateLimited, shutting_down
from gateway.primitives.fair_queue import FairQueue

RETRY_AFTER_S = 1.0
# of a machine with 1 GiB for the service; a dozen of the longest bodies
BODIES_BYTES = 256 * 1024**2
SHARE, BEYOND = 8, 4
_unbounded = contextlib.nullcontext()
# the server's buffer for a connection has as much
_UNCOUNTED_BYTES = 64 * 1024


class Admission:
    """Lets `limit` pieces of work run; up to `queue` wait, each key in turn.

    Work may take minutes, and turns come only when some ends. So that no key can starve another, one with less than
    `1 / SHARE` of the limit gets places beyond it, all such keys together `1 / BEYOND` of the limit.

    Args:
        limit: work that runs at a time.
        queue: work that waits; beyond it Overloaded.
    """

    def __init__(self, *, limit: int, queue: int) -> None:
        self._limit, self._queue = limit, queue
        self._waiting: FairQueue[_Waiting] = FairQueue()
        self._running_of: Counter[str] = Counter()
        self.running = 0
        self.draining = False
        self._ended_at = -math.inf
        self._idle = asyncio.Event()

    @property
    def queued(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    @property
    def idle_s(self) -> float:
        """Seconds since work ran; 0 while it does."""
        return 0.0 if self.running else time.monotonic() - self._ended_at

    @property
    def is_full(self) -> bool:
        """Whether a new request would have to wait."""
        return self.running >= self._limit

    async def wait_idle(self) -> None:
        """Wait until nothing runs."""
        if self.running:
            self._idle.clear()
            await self._idle.wait()

    async def acquire(self, who: str) -> None:
        """Take a place, waiting for it in a queue of `who`; whoever calls it calls `release`.

        Raises:
            Overloaded: the queue is full, or the service is shutting down.
        """
        if self.draining:
            raise shutting_down(Overloaded)
        if self._may_run(who):
            self._begin(who)
            return
        if self.queued >= self._queue:
            message = f"{self.running} requests are running and {self.queued} are waiting; try again shortly"
            raise Overloaded(message, retry_after_s=RETRY_AFTER_S)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(who, turn)
        self._waiting.put(waiting, tenant=who)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                # the place came at the moment its owner left: pass it on
                self.release(who)
            else:
                self._waiting.discard(waiting, tenant=who)
            raise

    def release(self, who: str) -> None:
        """Give back a place of `who`: the next key in turn gets it."""
        self.running -= 1
        self._running_of[who] -= 1
        if not self._running_of[who]:
            del self._running_of[who]
        while (waiting := self._waiting.take(lambda each: self._may_run(each.who))) is not None:
            if not waiting.turn.done():
                self._begin(waiting.who)
                waiting.turn.set_result(None)
        if not self.running:
            self._ended_at = time.monotonic()
            self._idle.set()

    def _may_run(self, who: str) -> bool:
        if self.running < self._limit:
            return True
        beyond = self._limit + self._limit // BEYOND
        return self.running < beyond and self._running_of[who] < self._limit // SHARE

    def _begin(self, who: str) -> None:
        self.running += 1
        self._running_of[who] += 1


class _Waiting(NamedTuple):
    who: str
    turn: asyncio.Future[None]


class KeyConcurrency:
    """Bounds the requests of each key that are under way, those that wait for a place too."""

    def __init__(self) -> None:
        self._under_way: dict[str, int] = {}

    def counting(self, key: Key) -> contextlib.AbstractContextManager[None]:
        """Count a request of the key while the block lasts.

        Raises:
            RateLimited: the key's concurrency is used up.
        """
        return _unbounded if key.concurrency is None else self._counting(key, key.concurrency)

    @contextlib.contextmanager
    def _counting(self, key: Key, limit: int) -> Iterator[None]:
        under_way = self._under_way.get(key.name, 0)
        if under_way >= limit:
            message = f"the key {key.name} has {limit} requests under way, its limit"
            raise RateLimited(message, retry_after_s=RETRY_AFTER_S)
        self._under_way[key.name] = under_way + 1
        try:
            yield
        finally:
            self._under_way[key.name] -= 1


class BodyBudget:
    """Bounds the bytes of all request bodies in memory: those that arrive, that wait and that are worked on.

    Short bodies are not counted, so that long ones hold up each other alone.

    Args:
        limit_bytes: of all bodies together.
    """

    def __init__(self, limit_bytes: int = BODIES_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self.held_bytes = 0

    def hold(self, size_bytes: int, *, before: int = 0) -> None:
        """Count a body that has grown from `before` to `size_bytes`; `release` takes it off.

        Raises:
            Overloaded: there is no room for it.
        """
        if size_bytes <= _UNCOUNTED_BYTES:
            return
        more_bytes = size_bytes - _counted(before)
        if self.held_bytes + more_bytes > self._limit_bytes:
            raise Overloaded(
                f"the request bodies under way have {self.held_bytes} bytes together, of {self._limit_bytes} that "
                "this gateway holds; try again shortly",
                retry_after_s=RETRY_AFTER_S,
            )
        self.held_bytes += more_bytes

    def release(self, size_bytes: int) -> None:
        """Count a body of this size no longer."""
        if size_bytes > _UNCOUNTED_BYTES:
            self.held_bytes -= size_bytes


def _counted(size_bytes: int) -> int:
    return size_bytes if size_bytes > _UNCOUNTED_BYTES else 0
