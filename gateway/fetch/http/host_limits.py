"""Manners and patience, per host: how many at once, how far apart, and when to leave it alone."""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator

from gateway.errors import ConnectFailed
from gateway.primitives.breaker import Breaker

MAX_HOSTS = 10_000
FAILURES_TO_OPEN = 5
OPEN_S = 30.0


class _Host:
    def __init__(self, concurrency: int) -> None:
        self.free = asyncio.Semaphore(concurrency)
        self.users = 0
        self.next_start = 0.0
        self.breaker = Breaker(threshold=FAILURES_TO_OPEN, cooldown_s=OPEN_S, jitter=0.2)


class Hosts:
    """Concurrency, spacing and a circuit breaker for each host.

    Five connections in a row that come to nothing open the breaker: for half a minute the host's fetches
    fail at once. Then one is let through; its end decides.
    """

    def __init__(self, *, concurrency: int, min_delay_s: float = 0.0) -> None:
        self._concurrency = concurrency
        self._min_delay_s = min_delay_s
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    @contextlib.asynccontextmanager
    async def slot(self, name: str, *, delay_s: float = 0.0) -> AsyncIterator[None]:
        """Wait for a turn with the host.

        Args:
            name: host and port.
            delay_s: least time between two starts, when above the configured one (Crawl-delay).
        Raises:
            ConnectFailed: the breaker is open; `retry_after_s` says how long still.
        """
        host = self._find(name)
        host.users += 1
        try:
            async with host.free:
                _refuse_while_open(name, host.breaker)
                await self._space(host, max(delay_s, self._min_delay_s))
                yield
        finally:
            host.users -= 1

    def succeeded(self, name: str) -> None:
        """The host answered, whatever it said."""
        self._find(name).breaker.worked()

    def failed(self, name: str) -> None:
        """No answer came: no connection, no TLS session, no HTTP."""
        self._find(name).breaker.failed("no answer")

    def _find(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(self._concurrency)
            if len(self._hosts) > MAX_HOSTS:
                self._forget()
        else:
            self._hosts.move_to_end(name)
        return host

    def _forget(self) -> None:
        for name, host in self._hosts.items():
            # oldest first
            if not host.users:
                del self._hosts[name]
                return

    async def _space(self, host: _Host, delay_s: float) -> None:
        """Wait until a start is due, and take it only then: who gives up waiting has delayed nobody."""
        if delay_s <= 0:
            return
        while (wait_s := host.next_start - time.monotonic()) > 0:  # noqa: ASYNC110 - it is a time that is waited for
            await asyncio.sleep(wait_s)
        host.next_start = time.monotonic() + delay_s


def _refuse_while_open(name: str, breaker: Breaker) -> None:
    if breaker.allows():
        return
    left_s = breaker.retry_in_s
    raise ConnectFailed(
        f"{name} failed {breaker.failures} times in a row; it is tried again in {left_s:.0f} s",
        retry_after_s=left_s,
    )
