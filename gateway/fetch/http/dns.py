"""Names to addresses, on threads of their own: a resolver that hangs holds up nobody else's work."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Protocol

from gateway.errors import DnsFailed, Overloaded
from gateway.net.asyncio_backend import is_out_of_descriptors
from gateway.primitives.panics import contained

Lookup = Callable[[str, int], list[str]]


class Resolver(Protocol):
    """Answers with every address of a name, or raises DnsFailed."""

    async def resolve(self, host: str, port: int) -> list[str]: ...


def system_lookup(host: str, port: int) -> list[str]:
    """The operating system's answer, in its order of preference, without duplicates."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class ThreadResolver:
    """A daemon thread around each blocking look-up, whose answer is awaited for `timeout_s`. For one event loop.

    getaddrinfo can be neither cancelled nor given a deadline: a thread lives as long as its look-up, whether
    anybody still waits or not, and must not delay exit. `max_threads` is therefore far above what callers ask
    at a time, so that names which hang leave room for the others; beyond it look-ups wait for one to end.
    """

    def __init__(
        self, *, lookup: Lookup = system_lookup, timeout_s: float = 5.0, max_threads: int = 256
    ) -> None:
        self._lookup = lookup
        self._timeout_s = timeout_s
        self._threads = asyncio.Semaphore(max_threads)

    async def resolve(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._threads.acquire()
                self._start(answer, host, port)
                return await answer
        except TimeoutError:
            raise DnsFailed(f"{host} did not resolve within {self._timeout_s:g} s") from None
        except (OSError, UnicodeError) as exc:
            if is_out_of_descriptors(exc):
                raise Overloaded(
                    f"the gateway has no socket left to look {host} up with; try again shortly",
                    retry_after_s=1,
                ) from exc
            reason = exc.strerror if isinstance(exc, OSError) else "not a host name"
            raise DnsFailed(f"{host} does not resolve: {reason}") from exc

    def _start(self, answer: "asyncio.Future[list[str]]", host: str, port: int) -> None:
        loop = answer.get_loop()

        def work() -> None:
            try:
                with contained():
                    result, error = self._lookup(host, port), None
            except Exception as exc:
                result, error = [], exc
            try:
                loop.call_soon_threadsafe(self._settle, answer, result, error)
            except RuntimeError:
                # the loop that asked has closed
                pass

        try:
            threading.Thread(target=work, name="dns", daemon=True).start()
        except RuntimeError as exc:
            # the system's own limit
            self._threads.release()
            raise DnsFailed(f"{host} was not looked up: there is no thread left for it") from exc

    def _settle(
        self, answer: "asyncio.Future[list[str]]", result: list[str], error: Exception | None
    ) -> None:
        self._threads.release()
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)
