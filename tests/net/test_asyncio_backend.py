"""The HTTP client over asyncio's transports: both event loops, TLS, long bodies, servers that leave."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpcore2
import httpx2
import pytest
import trustme

from backends.http import AsyncioTransport, open_http_client
from gateway.net.asyncio_backend import AsyncioBackend

pytestmark = pytest.mark.anyio

LIMITS = httpx2.Limits(max_keepalive_connections=10)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@asynccontextmanager
async def server(behave: Behaviour, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with listener:
        yield listener.sockets[0].getsockname()[1]


async def head_of(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def test_requests_share_a_connection(anyio_backend: object) -> None:
    connections = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await head_of(reader)
            await reader.readexactly(5)
            writer.write(OK)

    async with (
        server(behave) as port,
        httpx2.AsyncClient(transport=AsyncioTransport(limits=LIMITS), timeout=60) as http,
    ):
        for _ in range(3):
            assert (await http.post(f"http://localhost:{port}/", content=b"hello")).text == "ok"
    assert connections == 1


async def test_connection_the_server_has_left_is_not_used_again(anyio_backend: object) -> None:
    connections = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await head_of(reader)
        writer.write(OK)

    async with (
        server(behave) as port,
        httpx2.AsyncClient(transport=AsyncioTransport(limits=LIMITS), timeout=60) as http,
    ):
        for _ in range(3):
            assert (await http.get(f"http://127.0.0.1:{port}/")).text == "ok"
            await asyncio.sleep(0.05)  # for the end of the connection to arrive
    assert connections == 3


async def test_long_bodies_go_both_ways_no_faster_than_they_are_read(anyio_backend: object) -> None:
    size = 5_000_000

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await asyncio.sleep(0.1)  # buffers fill up meanwhile
        body = await reader.readexactly(size)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + body)
        await writer.drain()
        await reader.read()

    body = bytes(range(250)) * (size // 250)
    async with (
        server(behave) as port,
        httpx2.AsyncClient(transport=AsyncioTransport(limits=LIMITS), timeout=60) as http,
        http.stream("POST", f"http://127.0.0.1:{port}/", content=body) as response,
    ):
        await asyncio.sleep(0.1)
        assert await response.aread() == body


async def test_tls_is_checked_and_used(anyio_backend: object) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(OK)
        await writer.drain()

    authority = trustme.CA()
    there, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(there)
    authority.configure_trust(trusting)
    async with server(behave, tls=there) as port:
        pool = httpcore2.AsyncConnectionPool(ssl_context=trusting, network_backend=AsyncioBackend())
        async with pool:
            assert (await pool.request("GET", f"https://localhost:{port}/")).content == b"ok"
        async with httpx2.AsyncClient(transport=AsyncioTransport(limits=LIMITS), timeout=60) as http:
            with pytest.raises(httpx2.ConnectError, match="certificate"):
                await http.get(f"https://localhost:{port}/")


async def test_faults_are_told_in_the_clients_terms(anyio_backend: object) -> None:
    async def vanish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with (
        server(vanish) as vanishing,
        server(hang) as hanging,
        httpx2.AsyncClient(
            transport=AsyncioTransport(limits=LIMITS), timeout=httpx2.Timeout(0.2, connect=60)
        ) as http,
    ):
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.get(f"http://127.0.0.1:{vanishing}/", timeout=60)
        with pytest.raises(httpx2.ReadTimeout):
            await http.get(f"http://127.0.0.1:{hanging}/")
        with pytest.raises(
            httpx2.TimeoutException
        ):  # uvloop takes a long body whole, and waits for the answer
            await http.post(f"http://127.0.0.1:{hanging}/", content=bytes(50_000_000))
        with pytest.raises(httpx2.ConnectError):
            await http.get("http://127.0.0.1:1/")


async def test_leaving_a_stream_closes_its_connection(anyio_backend: object) -> None:
    left = asyncio.Event()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n")
        try:
            await reader.read()
        except ConnectionError:
            pass
        left.set()

    async with (
        server(behave) as port,
        httpx2.AsyncClient(transport=AsyncioTransport(limits=LIMITS), timeout=60) as http,
    ):
        async with http.stream("GET", f"http://127.0.0.1:{port}/") as response:
            async for _ in response.aiter_bytes():
                break
        async with asyncio.timeout(1):
            await left.wait()


@pytest.mark.parametrize(
    ("environ", "proxied"),
    [
        ({}, False),
        ({"HTTPS_PROXY": "http://127.0.0.1:1"}, True),
        ({"HTTP_PROXY": "http://127.0.0.1:1"}, False),
        ({"ALL_PROXY": "http://127.0.0.1:1"}, True),
        ({"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "models.test"}, False),
    ],
)
async def test_proxies_of_the_environment_are_used(
    environ: dict[str, str], proxied: bool, monkeypatch: pytest.MonkeyPatch, anyio_backend: object
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    async with open_http_client("https://models.test/v1", timeout_s=1) as http:
        # nothing is resolved or reached: the proxy refuses, or the name does not exist
        with pytest.raises(httpx2.ConnectError) as caught:
            await http.get("https://models.test/v1/models")
    assert ("refused" in str(caught.value) or "attempts failed" in str(caught.value)) == proxied
