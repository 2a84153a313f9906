"""Origins that break every promise of HTTP, on raw loopback sockets; and a resolver under a test's thumb."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from gateway.errors import DnsFailed
from gateway.fetch.http.client import HttpFetcher
from gateway.fetch.http.guard import Policy
from tests.inline import InlineWorkers
from tests.parts import make_fetcher

Behaviour = Callable[["Exchange"], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n"


class Exchange:
    """One connection as an origin sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.head = b""

    async def read_head(self) -> bytes:
        """The next request, up to its empty line; empty when the client has gone."""
        try:
            self.head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            self.head = b""
        return self.head

    async def read_body(self, size: int) -> bytes:
        """So many bytes of what follows the head."""
        return await self._reader.readexactly(size)

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode() if self.head else ""

    def header(self, name: str) -> str | None:
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return None

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()

    async def answer(self, body: bytes = b"<p>ok", *, status: str = "200 OK", headers: str = "") -> None:
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
        await self.send(head.encode("latin-1") + body)

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        self._writer.transport.abort()


class Origin:
    """A listening origin: where it is and what it saw."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.heads: list[bytes] = []
        self.asked = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@contextlib.asynccontextmanager
async def origin(
    behaviour: Behaviour, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Origin]:
    """Listen and let `behaviour` deal with every request; it may loop over `read_head` for keep-alive."""
    seen = Origin()
    running: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        seen.connections += 1
        exchange = Exchange(reader, writer)
        try:
            while await exchange.read_head():
                seen.heads.append(exchange.head)
                seen.asked.set()
                await behaviour(exchange)
        except (ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass  # the client hung up, as it should on most of what happens here
        finally:
            writer.transport.abort()
            running.discard(task)

    server = await asyncio.start_server(connected, host, 0, ssl=tls)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class StubDns:
    """Answers from a script: each look-up of a name takes the next answer, the last one stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): list(queue) for name, queue in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        queue = self._answers.get(host)
        if not queue:
            raise DnsFailed(f"{host} does not resolve: unknown to the test")
        return queue.pop(0) if len(queue) > 1 else queue[0]


@contextlib.asynccontextmanager
async def fetcher(
    *ports: int, targets: list[str] | None = None, **options: Any
) -> AsyncIterator[HttpFetcher]:
    """A fetcher that may reach 127.0.0.1 at these ports, and nothing else that is not public."""
    policy = Policy(allow_targets=[*(f"127.0.0.1/32:{port}" for port in ports), *(targets or [])])
    # reading the system's certificates takes a tenth of a second, and trusts nobody here
    options.setdefault("ssl_context", ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    built = make_fetcher(policy=policy, workers=InlineWorkers(), **options)
    try:
        yield built
    finally:
        await built.aclose()
