"""Names to addresses, on threads of their own: a resolver that hangs holds up nobody else's work."""

import asyncio
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any, Protocol

from gateway.errors import DnsFailed

Lookup = Callable[[str, int], list[str]]


class Resolver(Protocol):
    """Answers with every address of a name, or raises DnsFailed."""

    async def resolve(self, host: str, port: int) -> list[str]: ...


def system_lookup(host: str, port: int) -> list[str]:
    """The operating system's answer, in its order of preference, without duplicates."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class ThreadResolver:
    """A bounded pool of daemon threads around a blocking look-up, each answer awaited for `timeout_s`.

    Daemon threads, since getaddrinfo can be neither cancelled nor given a deadline and must not delay exit.
    """

    def __init__(
        self, *, lookup: Lookup = system_lookup, timeout_s: float = 5.0, max_threads: int = 16
    ) -> None:
        self._lookup = lookup
        self._timeout_s = timeout_s
        self._max_threads = max_threads
        self._threads = 0
        self._idle = 0
        self._asked: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def resolve(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()
        self._asked.put((loop, answer, host, port))
        if self._idle < self._asked.qsize() and self._threads < self._max_threads:
            self._threads += 1
            threading.Thread(target=self._work, name="dns", daemon=True).start()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await answer
        except TimeoutError:
            raise DnsFailed(f"{host} did not resolve within {self._timeout_s:g} s") from None
        except (OSError, UnicodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "not a host name"
            raise DnsFailed(f"{host} does not resolve: {reason}") from exc

    def close(self) -> None:
        """Let idle threads end; busy ones end with their look-up."""
        for _ in range(self._threads):
            self._asked.put(None)

    def _work(self) -> None:
        while True:
            self._idle += 1
            task = self._asked.get()
            self._idle -= 1
            if task is None:
                return
            loop, answer, host, port = task
            if answer.cancelled():
                continue
            try:
                result, error = self._lookup(host, port), None
            except Exception as exc:
                result, error = [], exc
            try:
                loop.call_soon_threadsafe(_settle, answer, result, error)
            except RuntimeError:
                pass  # the loop that asked has closed


def _settle(answer: "asyncio.Future[list[str]]", result: list[str], error: Exception | None) -> None:
    if answer.done():
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(result)
