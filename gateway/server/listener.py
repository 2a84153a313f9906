"""Accepts as many clients as the limit allows, and closes silent connections when it is reached.

An event loop by itself accepts every client. When descriptors run out it cuts connections off, and so
does uvloop: the client gets no answer. Here clients beyond `most` wait in the system's queue until one has left.
Those who are silent leave first, and answers say `Connection: close` once it gets crowded.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from gateway.server.descriptors import raise_limit, share
from gateway.server.protocol import BoundedHttp

try:
    from uvloop import Loop as FastestLoop
except ImportError:
    # not for this system or interpreter
    from asyncio import SelectorEventLoop as FastestLoop  # type: ignore[assignment]

# silent this long, a connection may go: what was sent on it has come
QUIET_S = 1.0
LOOK_S = 0.1
# accepted in one turn of the loop
_AT_ONCE = 64


class Listener:
    """Accepts clients of one socket; what uvicorn needs of an `asyncio.Server` is here.

    Args:
        listener: bound and listening.
        make_protocol: for each client.
        most: connections at a time.
    """

    def __init__(
        self, listener: socket.socket, make_protocol: Callable[[], BoundedHttp], *, most: int
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._make_protocol = make_protocol
        self._most = most
        self._clients: set[BoundedHttp] = set()
        # since when; longest first
        self._quiet: dict[BoundedHttp, float] = {}
        self._opening: set[asyncio.Task[None]] = set()
        # while nobody is accepted
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        # a connection that could be used again is better given up
        self.is_crowded = False
        listener.setblocking(False)
        self._loop.add_reader(listener, self._accept)

    def close(self) -> None:
        self._closed = True
        self._loop.remove_reader(self._listener)
        if self._timer is not None:
            self._timer.cancel()

    async def wait_closed(self) -> None:
        # connections are the server's to close
        pass

    def heard(self, client: BoundedHttp) -> None:
        """The client sent bytes."""
        self._quiet.pop(client, None)

    def fell_silent(self, client: BoundedHttp) -> None:
        """The client got its answer."""
        self._quiet[client] = self._loop.time()

    def left(self, client: BoundedHttp) -> None:
        """The client's connection is closed."""
        self._quiet.pop(client, None)
        self._clients.discard(client)
        self._count()
        if self._timer is not None:
            self._go_on()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            if len(self._clients) >= self._most:
                self._wait_for_room()
                return
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                # no descriptor after all: the whole system has its limit too
                self._wait_for_room()
                return
            client = self._make_protocol()
            client.listener = self
            self._clients.add(client)
            self._count()
            self.fell_silent(client)
            task = self._loop.create_task(self._open(client, connection))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, client: BoundedHttp, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: client, connection)
        except BaseException:
            connection.close()
            self.left(client)
            raise

    def _count(self) -> None:
        self.is_crowded = len(self._clients) > self._most * 3 // 4

    def _wait_for_room(self) -> None:
        self._loop.remove_reader(self._listener)
        self._timer = self._loop.call_later(LOOK_S, self._look_for_room)

    def _look_for_room(self) -> None:
        now = self._loop.time()
        for client, since in list(self._quiet.items()):
            if now - since < QUIET_S:
                break
            client.transport.close()
        self._go_on()

    def _go_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._closed:
            self._loop.add_reader(self._listener, self._accept)


class Loop(FastestLoop):
    """uvicorn's event loop, whose servers are `Listener`s."""

    async def create_server(self, make_protocol: Any, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        listener = options.get("sock")
        if listener is None:
            return await super().create_server(make_protocol, *args, **options)
        return Listener(listener, make_protocol, most=share(raise_limit()).connections)
