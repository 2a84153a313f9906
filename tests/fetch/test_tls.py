"""TLS and HTTP/2: the certificate holds for the name, whatever literal was dialled."""

import asyncio
import contextlib
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest
import trustme

from gateway.errors import ConnectFailed, FetchError, FetchTimeout, TooLarge
from gateway.fetch.base import FetchRequest
from tests.fetch.origins import Exchange, StubDns, fetcher, origin

pytestmark = pytest.mark.anyio
CA = trustme.CA()


async def ok(exchange: Exchange) -> None:
    await exchange.answer(exchange.head)


def server_side(*names: str, ca: trustme.CA = CA, **options: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(*names, **options).configure_cert(context)
    return context


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    CA.configure_trust(context)
    return context


async def test_certificate_is_checked_against_the_name_not_the_address() -> None:
    dns = StubDns(site_test=[["127.0.0.1"]])
    async with (
        origin(ok, tls=server_side("site.test")) as seen,
        fetcher(seen.port, resolver=dns, ssl_context=trusting()) as fetch,
    ):
        fetched = await fetch.fetch(FetchRequest(url=f"https://site.test:{seen.port}/"))
        assert f"Host: site.test:{seen.port}".encode() in fetched.body
        with pytest.raises(ConnectFailed, match="certificate"):
            await fetch.fetch(FetchRequest(url=f"https://127.0.0.1:{seen.port}/"))


@pytest.mark.parametrize(
    "tls",
    [
        pytest.param(server_side("other.test"), id="another-name"),
        pytest.param(server_side("site.test", ca=trustme.CA()), id="unknown-issuer"),
        pytest.param(
            server_side("site.test", not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)),
            id="expired",
        ),
    ],
)
async def test_certificate_that_does_not_hold_is_a_typed_error(tls: ssl.SSLContext) -> None:
    dns = StubDns(site_test=[["127.0.0.1"]])
    async with (
        origin(ok, tls=tls) as seen,
        fetcher(seen.port, resolver=dns, ssl_context=trusting()) as fetch,
    ):
        with pytest.raises(ConnectFailed, match="certificate does not hold") as caught:
            await fetch.fetch(FetchRequest(url=f"https://site.test:{seen.port}/"))
        assert "127.0.0.1" not in caught.value.detail
        assert (seen.heads, seen.connections) == ([], 0)  # no second try: it would be no better


async def test_no_tls_at_all_is_a_typed_error() -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.answer()

    dns = StubDns(site_test=[["127.0.0.1"]])
    async with origin(behave) as seen, fetcher(seen.port, resolver=dns, ssl_context=trusting()) as fetch:
        with pytest.raises(FetchError):
            await fetch.fetch(FetchRequest(url=f"https://site.test:{seen.port}/", timeout_s=1))


async def test_silent_handshake_ends_at_the_deadline_and_leaves_no_connection() -> None:
    left = asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        left.set()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    dns = StubDns(site_test=[["127.0.0.1"]])
    async with server, fetcher(port, resolver=dns, ssl_context=trusting()) as fetch:
        with pytest.raises(FetchTimeout):
            await fetch.fetch(FetchRequest(url=f"https://site.test:{port}/", timeout_s=0.5))
        await asyncio.wait_for(left.wait(), 60)


class H2Origin(asyncio.Protocol):
    """A small HTTP/2 origin; what it answers is chosen by the path."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.transport.write(self.h2.data_to_send())

    def data_received(self, data: bytes) -> None:
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError:  # the client goes on after the origin said goodbye
            return self.transport.abort()
        for event in events:
            if isinstance(event, h2.events.RequestReceived):
                headers = dict(event.headers or [])
                self.respond(event.stream_id or 0, headers[b":path"].decode())
        self.flush()

    def respond(self, stream: int, path: str) -> None:
        head = [(":status", "200"), ("content-type", "text/html")]
        match path:
            case "/pings":
                self.transport.write(b"\x00\x00\x08\x06\x00\x00\x00\x00\x00pingpong" * 50_000)
            case "/headers":
                self.h2.send_headers(stream, [*head, *((f"x-{n}", "y" * 1000) for n in range(200))])
            case "/reset":
                self.h2.send_headers(stream, head)
                self.h2.reset_stream(stream)
            case "/goodbye":
                self.h2.close_connection()
            case "/garbage":
                self.flush()
                self.transport.write(b"\xff" * 1000)
            case "/hints":
                for _ in range(50):
                    self.h2.send_headers(stream, [(":status", "103"), ("link", "</a>")])
                self.answer(stream, head, b"after hints")
            case _:
                self.answer(stream, head, f"over h2: {path}".encode())

    def answer(self, stream: int, head: list[tuple[str, str]], body: bytes) -> None:
        self.h2.send_headers(stream, head)
        self.h2.send_data(stream, body, end_stream=True)


@asynccontextmanager
async def h2_origin() -> AsyncIterator[int]:
    tls = server_side("site.test")
    tls.set_alpn_protocols(["h2"])
    server = await asyncio.get_running_loop().create_server(H2Origin, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_http2_is_spoken_where_offered_on_one_connection(connects: list[Any]) -> None:
    dns = StubDns(site_test=[["127.0.0.1"]])
    async with h2_origin() as port, fetcher(port, resolver=dns, ssl_context=trusting()) as fetch:
        await fetch.fetch(FetchRequest(url=f"https://site.test:{port}/first"))
        pages = await asyncio.gather(
            *(fetch.fetch(FetchRequest(url=f"https://site.test:{port}/{n}")) for n in range(8))
        )
        assert [page.body for page in pages] == [f"over h2: /{n}".encode() for n in range(8)]
        hinted = await fetch.fetch(FetchRequest(url=f"https://site.test:{port}/hints"))
        assert hinted.body == b"after hints"
    assert len(connects) == 1


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("pings", TooLarge),
        ("headers", ConnectFailed),
        ("reset", ConnectFailed),
        ("goodbye", ConnectFailed),
        ("garbage", FetchError),
    ],
)
async def test_http2_fault_is_a_typed_error(path: str, error: type[FetchError]) -> None:
    dns = StubDns(site_test=[["127.0.0.1"]])
    async with (
        h2_origin() as port,
        fetcher(port, resolver=dns, ssl_context=trusting(), max_body_bytes=64 * 1024) as fetch,
    ):
        with pytest.raises(error):
            await fetch.fetch(
                FetchRequest(url=f"https://site.test:{port}/{path}", timeout_s=1 if path == "garbage" else 20)
            )
