"""A page's way to the network: what it passes on, what it refuses, and how it ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from gateway.errors import DnsFailed, UrlRefused
from gateway.fetch.browser.guard_proxy import GuardProxy
from gateway.fetch.http.guard import Guard, Policy
from tests.fetch.origins import Exchange, StubDns, origin

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def proxy(*ports: int, max_bytes: int = 1_000_000) -> AsyncIterator[GuardProxy]:
    policy = Policy(allow_targets=[f"127.0.0.1/32:{port}" for port in ports])
    dns = StubDns(inside_test=[["10.0.0.1"]], mixed_test=[["93.184.216.34", "10.0.0.1"]])
    built = GuardProxy(backend=Guard(policy=policy, resolver=dns), policy=policy, max_bytes=max_bytes)
    await built.open()
    try:
        yield built
    finally:
        await built.aclose()


async def say(at: GuardProxy, *words: bytes) -> bytes:
    """Everything that comes back until the proxy hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    try:
        for each in words:
            writer.write(each)
            await writer.drain()
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def hello(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 103 Early\r\nlink: </a>\r\n\r\n")
    await exchange.answer(b"hello", headers="connection: keep-alive\r\nkeep-alive: timeout=5\r\nx-own: 1\r\n")
    if exchange.header("connection") == "close":
        exchange.close()


async def test_request_is_passed_on_as_the_last_of_its_connection() -> None:
    async with origin(hello) as seen, proxy(seen.port) as at:
        head = f"GET {seen.url}a?b=c HTTP/1.1\r\nHost: 127.0.0.1\r\nProxy-Connection: keep-alive\r\nX-A: 1\r\n\r\n"
        answer = (await say(at, head.encode())).lower()
        assert answer.startswith(b"http/1.1 103") and b"\r\n\r\nhttp/1.1 200 ok\r\n" in answer
        assert b"x-own: 1" in answer and answer.endswith(b"hello") and b"keep-alive" not in answer
        assert answer.count(b"connection: close") == 1
        asked = seen.heads[0]
        assert asked.startswith(b"GET /a?b=c HTTP/1.1\r\n") and b"X-A: 1" in asked
        assert b"Connection: close" in asked and b"Proxy" not in asked


async def test_body_goes_up_before_there_is_an_answer() -> None:
    async def echo(exchange: Exchange) -> None:
        size = int(exchange.header("content-length") or 0)
        await exchange.answer(await exchange.read_body(size), headers="x-own: 1\r\n")
        exchange.close()

    async with origin(echo) as seen, proxy(seen.port) as at:
        body = b"a question" * 20_000
        head = f"POST {seen.url} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        assert (await say(at, head, body[:5], body[5:])).endswith(b"\r\n\r\n" + body)


async def test_tunnel_carries_bytes_both_ways() -> None:
    async with origin(hello) as seen, proxy(seen.port) as at:
        opening = f"CONNECT 127.0.0.1:{seen.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(opening)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.write(b"GET /in HTTP/1.1\r\n\r\n")
        assert b"keep-alive: timeout=5" in await reader.readuntil(b"x-own: 1\r\n\r\n")
        assert await reader.readexactly(5) == b"hello"
        writer.close()


@pytest.mark.parametrize(
    ("request_line", "origin_of", "error"),
    [
        ("CONNECT 127.0.0.1:8080", "127.0.0.1:8080", UrlRefused),
        ("CONNECT [::1]:443", "::1:443", UrlRefused),
        ("CONNECT inside.test:443", "inside.test:443", UrlRefused),
        ("CONNECT mixed.test:443", "mixed.test:443", UrlRefused),
        ("CONNECT inside.test:22", "inside.test:22", UrlRefused),
        ("GET http://nowhere.test/", "nowhere.test:80", DnsFailed),
        ("GET http://10.0.0.1/", "10.0.0.1:80", UrlRefused),
    ],
)
async def test_refused_address_closes_the_connection_and_is_remembered(
    request_line: str, origin_of: str, error: type[Exception]
) -> None:
    async with proxy() as at:
        assert await say(at, f"{request_line} HTTP/1.1\r\n\r\n".encode()) == b""
        assert type(at.failures[origin_of]) is error


@pytest.mark.parametrize(
    "words",
    [
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://a b HTTP/1.1\r\n\r\n",
        b"GET ftp://127.0.0.1/ HTTP/1.1\r\n\r\n",
        b"GET http://user@127.0.0.1/ HTTP/1.1\r\n\r\n",
        b"CONNECT 2130706433:443 HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT a/b:443 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\n" + b"x: y\r\n" * 20_000,
        "GET http://ä/ HTTP/1.1\r\n\r\n".encode(),
    ],
)
async def test_what_is_not_a_request_closes_the_connection(words: bytes) -> None:
    async with proxy() as at:
        assert await say(at, words) == b""


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 100_000, b""])
async def test_answer_that_is_not_http_closes_the_connection(sent: bytes) -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.send(sent)
        exchange.reset()

    async with origin(behave) as seen, proxy(seen.port) as at:
        assert await say(at, f"GET {seen.url} HTTP/1.1\r\n\r\n".encode()) == b""


async def test_page_that_has_used_its_bytes_gets_no_more() -> None:
    async def flood(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 50_000] * 100)

    async with origin(flood) as seen, proxy(seen.port, max_bytes=400_000) as at:
        words = f"GET {seen.url} HTTP/1.1\r\n\r\n".encode()
        assert len(await say(at, words)) <= 400_000 and at.is_spent
        assert await say(at, words) == b""


async def test_end_of_the_page_ends_its_connections() -> None:
    async def silent(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    async with origin(silent) as seen:
        async with proxy(seen.port) as at:
            waiting = asyncio.create_task(say(at, f"GET {seen.url} HTTP/1.1\r\n\r\n".encode()))
            async with asyncio.timeout(20):
                await seen.asked.wait()
        assert await waiting == b""
