"""A page's way to the network: a forward proxy on loopback that dials through the address guard.

Every page has one of its own, so that its deadline, its bytes and its failures are the page's. It takes CONNECT and
requests in absolute form. An address that the policy refuses closes the connection: an answer would look like the
origin's. Where the bytes go is the network backend's to say: the guard, or an outbound proxy behind the same policy.
"""

import asyncio
import contextlib

import httpcore2

from gateway.core.http.url import Url, parse_url
from gateway.errors import ConnectFailed, GatewayError, TooLarge
from gateway.fetch.http.guard import CreditedStream, Policy
from gateway.net.listening import stop_listening

MAX_HEAD_BYTES = 64 * 1024
MAX_CONNECTIONS = 200
_HEAD_TIMEOUT_S = 10.0
_CHUNK_BYTES = 64 * 1024
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
# of this connection alone; what is sent in their place ends it with the response
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"proxy-authenticate"}
)


class _Malformed(Exception):
    """The browser or the origin does not speak HTTP."""


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

    async def open(self) -> None:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, limit=MAX_HEAD_BYTES, backlog=MAX_CONNECTIONS
        )
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
            asyncio.LimitOverrunError,
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
            head = await reader.readuntil(b"\r\n\r\n")
        method, target, rest = _read_request(head)
        tunnel = method == b"CONNECT"
        url = parse_url(f"https://{target}/" if tunnel else target)
        upstream = await self._dial(url, tunnel=tunnel)
        try:
            if tunnel:
                writer.write(_ESTABLISHED)
            else:
                await upstream.write(
                    b"%b %b HTTP/1.1\r\n%b" % (method, url.target.encode(), _own_headers(rest))
                )
            await self._relay(reader, writer, upstream, tunnel=tunnel)
        finally:
            await upstream.aclose()

    async def _dial(self, url: Url, *, tunnel: bool) -> httpcore2.AsyncNetworkStream:
        try:
            self._policy.check_url(url)
            try:
                return await self._backend.connect_tcp(url.host, url.port)
            except httpcore2.NetworkError as exc:
                raise ConnectFailed(f"no connection to {url.origin}") from exc
        except GatewayError as error:
            self.failures[f"{url.host}:{url.port}"] = error
            raise

    async def _answer(self, upstream: httpcore2.AsyncNetworkStream, writer: asyncio.StreamWriter) -> None:
        """Pass a response's head on so that it is the last one of this connection."""
        got = b""
        while True:
            while (end := got.find(b"\r\n\r\n")) < 0:
                if len(got) > MAX_HEAD_BYTES:
                    raise _Malformed
                if not (data := await self._read(upstream)):
                    raise _Malformed
                got += data
            head, got = got[: end + 4], got[end + 4 :]
            first, _, lines = head.partition(b"\r\n")
            if not first[9:10].isdigit():
                raise _Malformed
            # an interim response; the final one comes after it
            if first[9:10] == b"1":
                writer.write(head)
                continue
            writer.write(first + b"\r\n" + _own_headers(lines) + got)
            return

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: httpcore2.AsyncNetworkStream,
        *,
        tunnel: bool,
    ) -> None:
        """Carry bytes both ways until one side is done: a request's body goes up before there is an answer."""

        async def up() -> None:
            while data := await reader.read(_CHUNK_BYTES):
                self._spend(len(data))
                await upstream.write(data)

        async def down() -> None:
            if not tunnel:
                await self._answer(upstream, writer)
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


def _read_request(head: bytes) -> tuple[bytes, str, bytes]:
    first, _, rest = head.partition(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
        raise _Malformed
    return parts[0], parts[1].decode("ascii"), rest


def _own_headers(lines: bytes) -> bytes:
    """Header lines, the empty one included, for a connection that ends with its response."""
    kept = [
        line
        for line in lines.split(b"\r\n")
        if line and line.partition(b":")[0].strip().lower() not in _HOP_BY_HOP
    ]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""])
