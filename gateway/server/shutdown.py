"""Shutdown: report it, finish running requests, end those that do not finish, exit.

The first SIGTERM or SIGINT makes readiness fail and new work refused, while probes are still answered. When
the work under way is done, or its time is up and streams have been ended with an error of their own, the
signal goes on to the server, which closes its sockets. A second signal ends the process at once; one of several
leaves that to its supervisor (`gateway.server.fleet`), and leaves itself when the supervisor is gone.
"""

import asyncio
import multiprocessing
import multiprocessing.process
import os
import signal
import threading
from collections.abc import Awaitable, Callable

from gateway.auth.admission import Admission
from gateway.telemetry.health import Health

# The part of the time that remains after the work: it goes to error events for streams, a second for clients that
# do not read them, and closing pools and processes.
END_S, END_SHARE = 2.5, 0.75
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Drain:
    """Holds a server's shutdown back until its work is done.

    Args:
        admission: refuses new work from the first signal on, and knows what still runs.
        health: says so.
        drain_s: the longest until the process is gone.
        end_streams: ends what still runs after that time; each stream sends its last event.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        health: Health,
        drain_s: float,
        end_streams: Callable[[], Awaitable[None]],
    ) -> None:
        self._admission = admission
        self._health = health
        self._drain_s = drain_s
        self._end_streams = end_streams
        self._task: asyncio.Task[None] | None = None
        self._supervisor = multiprocessing.parent_process()

    def install(self) -> None:
        """Take the signals over from the server; only a process's main thread has any to take."""
        if threading.current_thread() is not threading.main_thread():
            return
        if self._supervisor is not None:
            threading.Thread(target=_leave_after, args=[self._supervisor], daemon=True).start()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            server = signal.getsignal(number)
            if callable(server):
                loop.add_signal_handler(number, self._begin, number, server)

    def _begin(self, number: int, server: Callable[[int, None], object]) -> None:
        if self._task is not None:
            if self._supervisor is None:
                os._exit(128 + number)
            return
        self._admission.draining = self._health.draining = True
        self._task = asyncio.get_running_loop().create_task(self._run(number, server))

    async def _run(self, number: int, server: Callable[[int, None], object]) -> None:
        try:
            async with asyncio.timeout(self._drain_s - min(END_S, END_SHARE * self._drain_s)):
                await self._admission.wait_idle()
        except TimeoutError:
            await self._end_streams()
        finally:
            # whatever went wrong, the server was promised its signal
            server(number, None)


def _leave_after(supervisor: multiprocessing.process.BaseProcess) -> None:
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)
