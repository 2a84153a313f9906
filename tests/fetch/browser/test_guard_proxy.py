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


def ask_for(host: str, port: int) -> bytes:
    """What a browser sends first: its greeting, and the host as a name."""
    return b"\x05\x01\x00" + b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() + port.to_bytes(2)


WELCOME, CONNECTED = b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6)


async def say(at: GuardProxy, *words: bytes) -> bytes:
    """Everything that comes back until the proxy hangs up, its welcome apart."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    try:
        for each in words:
            writer.write(each)
            await writer.drain()
        async with asyncio.timeout(20):
            return (await reader.read()).removeprefix(WELCOME)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def hello(exchange: Exchange) -> None:
    await exchange.answer(b"hello", headers="x-own: 1\r\n")


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(b"\x03\x09127.0.0.1", id="name"),
        pytest.param(b"\x01\x7f\x00\x00\x01", id="ipv4"),
    ],
)
async def test_connection_carries_one_request_after_another(address: bytes) -> None:
    async with origin(hello) as seen, proxy(seen.port) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(b"\x05\x02\x00\x02")
        assert await reader.readexactly(2) == WELCOME
        writer.write(b"\x05\x01\x00" + address + seen.port.to_bytes(2))
        assert await reader.readexactly(10) == CONNECTED
        for path in (b"/a", b"/b"):
            writer.write(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
            assert b"x-own: 1" in await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(5) == b"hello"
        writer.close()
        assert [head.split(b" ")[1] for head in seen.heads] == [b"/a", b"/b"]


async def test_body_goes_up_before_there_is_an_answer() -> None:
    async def echo(exchange: Exchange) -> None:
        size = int(exchange.header("content-length") or 0)
        await exchange.answer(await exchange.read_body(size), headers="x-own: 1\r\n")
        exchange.close()

    async with origin(echo) as seen, proxy(seen.port) as at:
        body = b"a question" * 20_000
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        answer = await say(at, ask_for("127.0.0.1", seen.port), head, body[:5], body[5:])
        assert answer.startswith(CONNECTED) and answer.endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("host", "port", "origin_of", "error"),
    [
        ("127.0.0.1", 8080, "127.0.0.1:8080", UrlRefused),
        ("::1", 443, "::1:443", UrlRefused),
        ("::ffff:127.0.0.1", 443, "::ffff:7f00:1:443", UrlRefused),
        ("inside.test", 443, "inside.test:443", UrlRefused),
        ("mixed.test", 443, "mixed.test:443", UrlRefused),
        ("inside.test", 22, "inside.test:22", UrlRefused),
        ("nowhere.test", 80, "nowhere.test:80", DnsFailed),
        ("10.0.0.1", 80, "10.0.0.1:80", UrlRefused),
    ],
)
async def test_refused_address_closes_the_connection_and_is_remembered(
    host: str, port: int, origin_of: str, error: type[Exception]
) -> None:
    async with proxy() as at:
        assert await say(at, ask_for(host, port)) == b""
        assert type(at.failures[origin_of]) is error


async def test_address_in_bytes_is_held_to_the_policy() -> None:
    async with proxy() as at:
        assert await say(at, b"\x05\x01\x00\x05\x01\x00\x04" + bytes(15) + b"\x01" + (443).to_bytes(2)) == b""
        assert type(at.failures["::1:443"]) is UrlRefused


GREETED = b"\x05\x01\x00"


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(b"GET http://127.0.0.1/ HTTP/1.1\r\n\r\n", id="http"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01", id="tls"),
        pytest.param(b"\x04\x01\x01\xbb\x7f\x00\x00\x01x\x00", id="socks4"),
        pytest.param(GREETED + b"\x05\x02\x00\x01\x7f\x00\x00\x01\x01\xbb", id="bind"),
        pytest.param(GREETED + b"\x05\x03\x00\x01\x7f\x00\x00\x01\x01\xbb", id="udp"),
        pytest.param(GREETED + b"\x05\x01\x00\x02\x7f\x00\x00\x01\x01\xbb", id="unknown kind of address"),
        pytest.param(ask_for("", 443), id="no host"),
        pytest.param(ask_for("2130706433", 443), id="number"),
        pytest.param(ask_for("a/b", 443), id="path"),
        pytest.param(ask_for("user@127.0.0.1", 443), id="user"),
        pytest.param(ask_for("a:1@[", 443), id="brackets"),
        pytest.param(ask_for("ä", 443), id="not ascii"),
        pytest.param(ask_for("127.0.0.1", 0), id="no port"),
    ],
)
async def test_what_is_no_request_for_a_host_closes_the_connection(words: bytes) -> None:
    async with proxy(443) as at:
        assert await say(at, words) == b""


async def test_page_that_has_used_its_bytes_gets_no_more() -> None:
    async def flood(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 50_000] * 100)

    async with origin(flood) as seen, proxy(seen.port, max_bytes=400_000) as at:
        words = (ask_for("127.0.0.1", seen.port), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert len(await say(at, *words)) <= 400_000 and at.is_spent
        assert await say(at, *words) == b""


async def test_end_of_the_page_ends_its_connections() -> None:
    async def silent(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    async with origin(silent) as seen:
        async with proxy(seen.port) as at:
            words = (ask_for("127.0.0.1", seen.port), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            waiting = asyncio.create_task(say(at, *words))
            async with asyncio.timeout(20):
                await seen.asked.wait()
        assert await waiting == CONNECTED
