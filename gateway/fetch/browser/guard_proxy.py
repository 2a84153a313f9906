"""A page's way to the network: a SOCKS5 proxy on loopback that dials through the address guard.

Every page has one of its own, so that its deadline, its bytes and its failures are the page's. The browser names a host
and a port (RFC 1928) and speaks for itself then, so connections carry as many requests as it likes. An address that
the policy refuses closes the connection. Where the bytes go is the network backend's to say: the guard, or an outbound
proxy behind the same policy.
"""

import asyncio
import contextlib
import ipaddress

import httpcore2

from gateway.core.http.url import Url, parse_url
from gateway.errors import ConnectFailed, GatewayError, TooLarge
from gateway.fetch.http.guard import CreditedStream, Policy
from gateway.net.listening import stop_listening

MAX_CONNECTIONS = 200
_HEAD_TIMEOUT_S = 10.0
_CHUNK_BYTES = 64 * 1024
# RFC 1928: the version, the command, the kinds of address
_VERSION, _CONNECT = 5, 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
# no password is asked for; connected, from an address that is nobody's business
_WELCOME = bytes([_VERSION, 0])
_CONNECTED = bytes([_VERSION, 0, 0, _IPV4, 0, 0, 0, 0, 0, 0])


class _Malformed(Exception):
    """The browser does not speak SOCKS5."""


class GuardProxy:
    """Listens from `open` to `aclose`.

    Args:
        backend: dials; a `Guard` or what stands before one.
        policy: which ports and literal addresses are refused without a look-up.
        max_bytes: what the page may take from the network and send to it.
    """

    def __init__(self, *, backend: httpcore2.AsyncNetworkBackend, policy: Policy, max_bytes: int) -> None:
        self._backend = backend
        self._policy = policy
        self._left_bytes = max_bytes
        self._max_bytes = max_bytes
        self._server: asyncio.Server | None = None
        self._is_closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        # origin -> why the last connection to it came to nothing
        self.failures: dict[str, GatewayError] = {}

    @property
    def is_spent(self) -> bool:
        """Whether the page has used all its bytes."""
        return self._left_bytes <= 0

    @property
    def is_open(self) -> bool:
        return self._server is not None

    @property
    def address(self) -> str:
        """As Chromium is given it."""
        return f"socks5://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=MAX_CONNECTIONS)
        self.port = self._server.sockets[0].getsockname()[1]

    async def aclose(self) -> None:
        """Stop listening and end every connection."""
        try:
            if self._server is not None:
                await stop_listening(self._server)
        finally:
            self._is_closed = True
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_closed:
            # it was accepted while the others ended
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if len(self._tasks) <= MAX_CONNECTIONS and not self.is_spent:
                await self._serve(reader, writer)
        except (
            OSError,
            EOFError,
            ValueError,
            TimeoutError,
            _Malformed,
            httpcore2.NetworkError,
            GatewayError,
        ):
            # the page sees a connection that ends
            pass
        except asyncio.CancelledError:
            # the page is over; raised again, asyncio's own callback would log it
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HEAD_TIMEOUT_S):
            url = await _read_request(reader, writer)
        upstream = await self._dial(url)
        try:
            writer.write(_CONNECTED)
            await self._relay(reader, writer, upstream)
        finally:
            await upstream.aclose()

    async def _dial(self, url: Url) -> httpcore2.AsyncNetworkStream:
        try:
            self._policy.check_url(url)
            try:
                return await self._backend.connect_tcp(url.host, url.port)
            except httpcore2.NetworkError as exc:
                raise ConnectFailed(f"no connection to {url.origin}") from exc
        except GatewayError as error:
            self.failures[f"{url.host}:{url.port}"] = error
            raise

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: httpcore2.AsyncNetworkStream,
    ) -> None:
        """Carry bytes both ways until one side is done."""

        async def up() -> None:
            while data := await reader.read(_CHUNK_BYTES):
                self._spend(len(data))
                await upstream.write(data)

        async def down() -> None:
            while data := await self._read(upstream):
                writer.write(data)
                await writer.drain()
            writer.write_eof()
            await writer.drain()

        ways = [asyncio.create_task(up()), asyncio.create_task(down())]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
            # the browser reads what is on its way, and hangs up then
            if ways[1] in done:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ways[0], 1)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _read(self, upstream: httpcore2.AsyncNetworkStream) -> bytes:
        data = await upstream.read(_CHUNK_BYTES)
        if isinstance(upstream, CreditedStream):
            # the page's bytes are counted here
            upstream.earn(len(data))
        self._spend(len(data))
        return data

    def _spend(self, count: int) -> None:
        self._left_bytes -= count
        if self._left_bytes < 0:
            raise TooLarge(f"the page took more than {self._max_bytes} bytes from the network")


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Url:
    """Greet, and read which host and port is wanted."""
    version, methods = await reader.readexactly(2)
    if version != _VERSION:
        raise _Malformed
    await reader.readexactly(methods)
    writer.write(_WELCOME)
    version, command, _, kind = await reader.readexactly(4)
    if (version, command) != (_VERSION, _CONNECT):
        raise _Malformed
    host = await _read_host(reader, kind)
    port = int.from_bytes(await reader.readexactly(2))
    # the one reading of hosts, strict as everywhere
    return parse_url(f"https://{host}:{port}/")


async def _read_host(reader: asyncio.StreamReader, kind: int) -> str:
    if kind == _IPV4:
        return str(ipaddress.IPv4Address(await reader.readexactly(4)))
    if kind == _IPV6:
        return f"[{ipaddress.IPv6Address(await reader.readexactly(16))}]"
    if kind != _NAME:
        raise _Malformed
    (length,) = await reader.readexactly(1)
    name = (await reader.readexactly(length)).decode("ascii")
    # Chromium writes addresses as names
    return f"[{name}]" if ":" in name else name
