"""Connections on asyncio's own transports, for every HTTP client here.

Those clients reach asyncio through anyio by default, which costs a request a sixth of the gateway's CPU: head and
body are written apart, each call passes a cancel scope, and idle connections are polled one by one. Here what is
written in one turn of the loop is sent at once, and a connection knows whether its server has left.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
from aiohappyeyeballs import start_connection

# of a host's first address before the next one is tried beside it (RFC 8305)
HEAD_START_S = 0.25
# a longer request is sent in pieces, no faster than the server takes them
_GATHER_BYTES = 64 * 1024
# of an answer: beyond it the server waits until they are read
_HELD_BYTES = 256 * 1024


class AsyncioBackend(httpcore2.AsyncNetworkBackend):
    """Opens TCP connections, the fastest of a host's addresses first."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        # the pool below is made without
        assert local_address is None and not socket_options
        loop = asyncio.get_running_loop()
        with _translated_to(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            async with asyncio.timeout(timeout):
                addresses = await _resolve(host, port)
                connected = await start_connection(addresses, happy_eyeballs_delay=HEAD_START_S)
                transport, connection = await loop.create_connection(_Connection, sock=connected)
        # uvloop may call connection_made later than this
        connection.transport = transport
        return _Stream(connection)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Connection(asyncio.Protocol):
    """What came in and was not read yet, and whether more may go out."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.received = bytearray()
        self.lost: Exception | None = None
        self.ended = False
        self._changed: asyncio.Future[None] | None = None
        self._choked = False

    def data_received(self, data: bytes) -> None:
        self.received += data
        if len(self.received) > _HELD_BYTES:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self.ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended, self.lost = True, exc
        self._wake()

    def pause_writing(self) -> None:
        self._choked = True

    def resume_writing(self) -> None:
        self._choked = False
        self._wake()

    async def read(self, max_bytes: int) -> bytes:
        while not self.received:
            if self.lost:
                raise self.lost
            if self.ended:
                return b""
            await self._change()
        data = bytes(self.received[:max_bytes])
        del self.received[:max_bytes]
        self.transport.resume_reading()
        return data

    async def drain(self) -> None:
        while self._choked and not self.ended:
            await self._change()
        if self.ended:
            raise self.lost or ConnectionResetError("the server closed the connection")

    async def _change(self) -> None:
        self._changed = asyncio.get_running_loop().create_future()
        await self._changed

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)


class _Stream(httpcore2.AsyncNetworkStream):
    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._unsent = bytearray()
        self._loop = asyncio.get_running_loop()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._send()
        if not self._connection.received:
            with _translated_to(httpcore2.ReadTimeout, httpcore2.ReadError):
                async with asyncio.timeout(timeout):
                    return await self._connection.read(max_bytes)
        return await self._connection.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent += buffer
        if len(self._unsent) > _GATHER_BYTES:
            self._send()
            with _translated_to(httpcore2.WriteTimeout, httpcore2.WriteError):
                async with asyncio.timeout(timeout):
                    await self._connection.drain()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        self._send()
        connection = self._connection
        try:
            with _translated_to(httpcore2.ConnectTimeout, httpcore2.ConnectError):
                async with asyncio.timeout(timeout):
                    secured = await self._loop.start_tls(
                        connection.transport, connection, ssl_context, server_hostname=server_hostname
                    )
        except BaseException:
            connection.transport.abort()
            raise
        assert secured is not None
        connection.transport = secured
        return self

    async def aclose(self) -> None:
        # an answer was read to its end, or nobody wants the rest
        self._connection.transport.abort()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            # the pool asks this of idle connections: has the server left, or gone wrong?
            return self._connection.ended or bool(self._connection.received)
        name = {"ssl_object": "ssl_object", "server_addr": "peername", "client_addr": "sockname"}.get(info)
        return name and self._connection.transport.get_extra_info(name)

    def _send(self) -> None:
        if self._unsent and not self._connection.ended:
            self._connection.transport.write(bytes(self._unsent))
            self._unsent.clear()


def is_out_of_descriptors(exc: BaseException | None) -> bool:
    """Whether this process or system has none left: no fault of the server that was to be reached."""
    while exc is not None:
        if isinstance(exc, OSError) and exc.errno in (errno.EMFILE, errno.ENFILE):
            return True
        exc = exc.__cause__
    return False


async def _resolve(host: str, port: int) -> list[Any]:
    """A host's addresses; none of its own needs a thread to be read."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


@contextmanager
def _translated_to(late: type[Exception], failed: type[Exception]) -> Iterator[None]:
    """asyncio's errors in the terms of the HTTP client."""
    try:
        yield
    except TimeoutError as exc:
        raise late(str(exc)) from exc
    except OSError as exc:
        # ssl.SSLError is one
        raise failed(str(exc)) from exc
