"""Every fault an origin can put on the wire ends in a typed error or a whole page, within the deadline."""

import asyncio
import gzip
import time
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from gateway.errors import (
    ConnectFailed,
    FetchError,
    FetchTimeout,
    GatewayError,
    TooLarge,
    UnsupportedContent,
    UrlRefused,
)
from gateway.fetch.base import FetchRequest
from tests.fetch.origins import OK, Behaviour, Exchange, fetcher, origin

pytestmark = pytest.mark.anyio
MAX_BODY_BYTES = 1024 * 1024
TIMEOUT_S = 1.0
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


def sends(*pieces: bytes) -> Behaviour:
    """Write this and hang up."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(*pieces)
        raise ConnectionAbortedError

    return behave


def repeats(first: bytes, piece: bytes, *, pause_s: float = 0.0) -> Behaviour:
    """Write something once and something else for ever."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(first)
        while True:
            await exchange.send(piece)
            await asyncio.sleep(pause_s)

    return behave


def body_in(coding: str, body: bytes) -> Behaviour:
    head = OK + f"content-encoding: {coding}\r\ncontent-length: {len(body)}\r\n\r\n".encode()

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head + body)

    return behave


async def silence(exchange: Exchange) -> None:
    await asyncio.sleep(600)


async def reset(exchange: Exchange) -> None:
    exchange.reset()
    raise ConnectionAbortedError


async def reset_in_the_body(exchange: Exchange) -> None:
    await exchange.send(OK + b"content-length: 1000\r\n\r\nhalf")
    exchange.reset()
    raise ConnectionAbortedError


def empty_deflate_blocks(count: int) -> bytes:
    """A gzip stream of blocks that hold nothing: input for an outer layer that gives no output."""
    flush = zlib.compressobj(9, zlib.DEFLATED, 31)
    return flush.compress(b"x") + flush.flush(zlib.Z_SYNC_FLUSH) + b"\x00\x00\x00\xff\xff" * count


ZEROS = bytes(64 * MAX_BODY_BYTES)


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        pytest.param(silence, FetchTimeout, id="never-answers"),
        pytest.param(repeats(b"", b"H", pause_s=0.02), FetchTimeout, id="drips-the-status-line"),
        pytest.param(repeats(OK, b"a: b\r\n", pause_s=0.02), FetchTimeout, id="drips-headers"),
        pytest.param(repeats(OK + b"\r\n", b"x", pause_s=0.02), FetchTimeout, id="drips-the-body"),
        pytest.param(repeats(CHUNKED, b"1\r\nx\r\n", pause_s=0.02), FetchTimeout, id="drips-chunks"),
        pytest.param(
            repeats(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", pause_s=0.02), FetchTimeout, id="drips-1xx"
        ),
        pytest.param(repeats(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100), TooLarge, id="floods-1xx"),
        pytest.param(repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), TooLarge, id="floods-100"),
        pytest.param(repeats(OK + b"\r\n", b"x" * 65536), TooLarge, id="endless-body"),
        pytest.param(repeats(CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"), TooLarge, id="endless-chunks"),
        pytest.param(
            repeats(CHUNKED, b"1;" + b"e" * 8000 + b"\r\nx\r\n"), TooLarge, id="endless-chunk-extensions"
        ),
        pytest.param(
            sends(CHUNKED + b"0\r\n", *[b"trailer: " + b"t" * 8000 + b"\r\n"] * 1000),
            FetchError,
            id="trailers",
        ),
        pytest.param(sends(OK + b"content-length: 99999999999\r\n\r\n"), TooLarge, id="announces-too-much"),
        pytest.param(repeats(OK, b"a: " + b"b" * 8000 + b"\r\n"), FetchError, id="endless-headers"),
        pytest.param(repeats(OK + b"a: ", b"b" * 8000), FetchError, id="endless-header-line"),
        pytest.param(repeats(b"", b"x" * 8000), FetchError, id="endless-status-line"),
        pytest.param(
            sends(OK + b"content-length: 100\r\n\r\nshort"), ConnectFailed, id="body-shorter-than-said"
        ),
        pytest.param(sends(CHUNKED + b"5\r\nhello\r\n"), ConnectFailed, id="chunks-without-an-end"),
        pytest.param(sends(CHUNKED + b"zz\r\nhello\r\n"), ConnectFailed, id="chunk-size-is-no-number"),
        pytest.param(sends(CHUNKED + b"-5\r\nhello\r\n"), ConnectFailed, id="chunk-size-is-negative"),
        pytest.param(sends(OK + b"content-length: -1\r\n\r\n"), ConnectFailed, id="length-is-negative"),
        pytest.param(
            sends(OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\nxx"), ConnectFailed, id="two-lengths"
        ),
        pytest.param(sends(b"\x00\xff\xfe garbage\r\n\r\n"), ConnectFailed, id="garbage"),
        pytest.param(sends(b"<html>no header at all</html>"), ConnectFailed, id="http-0.9"),
        pytest.param(sends(b"SSH-2.0-OpenSSH_9.9\r\n"), ConnectFailed, id="another-protocol"),
        pytest.param(sends(b"HTTP/1.1 999999 Odd\r\n\r\n"), ConnectFailed, id="odd-status"),
        pytest.param(sends(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), ConnectFailed, id="upgrade"),
        pytest.param(sends(OK + b"a b: c\r\n\r\n"), ConnectFailed, id="space-in-a-header-name"),
        pytest.param(sends(OK + b"a: b\x00c\r\n\r\n"), ConnectFailed, id="nul-in-a-header"),
        pytest.param(sends(b""), ConnectFailed, id="hangs-up"),
        pytest.param(reset, ConnectFailed, id="resets"),
        pytest.param(reset_in_the_body, ConnectFailed, id="resets-in-the-body"),
        pytest.param(body_in("gzip", gzip.compress(ZEROS)), TooLarge, id="bomb-gzip"),
        pytest.param(body_in("deflate", zlib.compress(ZEROS)), TooLarge, id="bomb-deflate"),
        pytest.param(body_in("br", brotli.compress(ZEROS, quality=5)), TooLarge, id="bomb-br"),
        pytest.param(body_in("zstd", zstandard.compress(ZEROS)), TooLarge, id="bomb-zstd"),
        pytest.param(
            body_in("gzip, gzip", gzip.compress(gzip.compress(ZEROS, 1))), TooLarge, id="bomb-twice-packed"
        ),
        pytest.param(
            body_in("gzip, gzip", gzip.compress(empty_deflate_blocks(2_000_000))), TooLarge, id="bomb-within"
        ),
        pytest.param(body_in("gzip," * 6, b"x"), TooLarge, id="too-many-codings"),
        pytest.param(body_in("gzip", b"no gzip"), ConnectFailed, id="not-the-coding-it-says"),
        pytest.param(body_in("br", b"\xff" * 50), ConnectFailed, id="broken-br"),
        pytest.param(body_in("zstd", b"\xff" * 50), ConnectFailed, id="broken-zstd"),
        pytest.param(body_in("gzip", gzip.compress(b"x" * 999)[:-12]), ConnectFailed, id="gzip-cut-short"),
        pytest.param(body_in("br", brotli.compress(b"xy" * 999)[:-4]), ConnectFailed, id="br-cut-short"),
        pytest.param(
            body_in("zstd", zstandard.compress(b"xyz" * 999)[:-4]), ConnectFailed, id="zstd-cut-short"
        ),
        pytest.param(body_in("compress", b"x"), UnsupportedContent, id="coding-nobody-asked-for"),
        pytest.param(
            body_in("zstd", b"\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00"),
            ConnectFailed,
            id="zstd-window-of-128-MiB",
        ),
    ],
)
async def test_fault_ends_in_a_typed_error(behaviour: Behaviour, error: type[GatewayError]) -> None:
    async with origin(behaviour) as seen, fetcher(seen.port, max_body_bytes=MAX_BODY_BYTES) as fetch:
        # only what has no other end is ended by the clock
        timeout_s = TIMEOUT_S if error is FetchTimeout else 60
        async with asyncio.timeout(100):
            with pytest.raises(error) as caught:
                await fetch.fetch(FetchRequest(url=seen.url, timeout_s=timeout_s))
        assert type(caught.value) in (error, *error.__subclasses__(), *FetchError.__subclasses__())
        assert caught.value.code in ("connect_failed", "fetch_timeout", "too_large", "unsupported_content")


@pytest.mark.parametrize(
    ("behaviour", "body"),
    [
        pytest.param(sends(OK + b"\r\nuntil it closes"), b"until it closes", id="closed-without-length"),
        pytest.param(sends(OK + b"content-length: 4\r\n\r\nfour and more"), b"four", id="longer-than-said"),
        pytest.param(sends(CHUNKED + b"4\r\nfour\r\n0\r\nx: y\r\n\r\n"), b"four", id="trailers"),
        pytest.param(
            sends(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + OK + b"\r\nafter"),
            b"after",
            id="a-hint",
        ),
        pytest.param(sends(b"HTTP/1.0 200 OK\r\n\r\nold"), b"old", id="http-1.0"),
        pytest.param(body_in("gzip", gzip.compress(b"one") + gzip.compress(b"two")), b"onetwo", id="members"),
        pytest.param(body_in("gzip", gzip.compress(b"one") + b"\x00" * 9), b"one", id="padded-gzip"),
        pytest.param(body_in("deflate", zlib.compress(b"raw")[2:-4]), b"raw", id="raw-deflate"),
        pytest.param(body_in("gzip, br", brotli.compress(gzip.compress(b"in two"))), b"in two", id="stacked"),
        pytest.param(body_in("identity", b"as is"), b"as is", id="identity"),
        pytest.param(body_in("GZIP", gzip.compress(b"loud")), b"loud", id="coding-in-capitals"),
        pytest.param(body_in("gzip", b""), b"", id="empty-though-coded"),
        pytest.param(
            body_in("zstd", zstandard.compress(b"one") + zstandard.compress(b"two")),
            b"onetwo",
            id="zstd-frames",
        ),
    ],
)
async def test_odd_but_readable_answers_are_read(behaviour: Behaviour, body: bytes) -> None:
    async with origin(behaviour) as seen, fetcher(seen.port) as fetch:
        fetched = await fetch.fetch(FetchRequest(url=seen.url, timeout_s=60))
        assert (fetched.status, fetched.body) == (200, body)
        assert "content-encoding" not in fetched.headers


@pytest.mark.parametrize(
    "compress",
    [gzip.compress, zlib.compress, brotli.compress, zstandard.compress],
    ids=lambda f: f.__module__,
)
async def test_body_just_within_the_limit_is_read(compress: Callable[[bytes], bytes]) -> None:
    coding = {gzip.compress: "gzip", zlib.compress: "deflate", brotli.compress: "br"}.get(compress, "zstd")
    body = bytes(range(256)) * 4096
    async with (
        origin(body_in(coding, compress(body))) as seen,
        fetcher(seen.port, max_body_bytes=len(body)) as fetch,
    ):
        assert (await fetch.fetch(FetchRequest(url=seen.url))).body == body
    async with (
        origin(body_in(coding, compress(body))) as seen,
        fetcher(seen.port, max_body_bytes=len(body) - 1) as fetch,
    ):
        with pytest.raises(TooLarge):
            await fetch.fetch(FetchRequest(url=seen.url))


async def test_bombs_do_not_hold_up_the_event_loop() -> None:
    async def tick() -> float:
        """The most CPU this thread used from one turn of its loop to the next; a busy machine adds none."""
        most, last = 0.0, time.thread_time()
        while True:
            try:
                await asyncio.sleep(0.005)
            except asyncio.CancelledError:
                return most
            most, last = max(most, time.thread_time() - last), time.thread_time()

    bomb = gzip.compress(bytes(96 * MAX_BODY_BYTES), 1)
    began = time.thread_time()
    gzip.decompress(bomb)
    unpacked_s = time.thread_time() - began
    async with (
        origin(body_in("gzip", bomb)) as seen,
        fetcher(seen.port, max_body_bytes=64 * MAX_BODY_BYTES) as fetch,
    ):
        ticking = asyncio.create_task(tick())
        with pytest.raises(TooLarge):
            await fetch.fetch(FetchRequest(url=seen.url, timeout_s=60))
        ticking.cancel()
        assert await ticking < unpacked_s / 4, f"unpacking all of it takes {unpacked_s} CPU-s"


async def test_refresh_header_is_not_followed() -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.answer(b"<p>stay", headers="refresh: 0; url=http://169.254.169.254/\r\n")

    async with origin(behave) as seen, fetcher(seen.port) as fetch:
        fetched = await fetch.fetch(FetchRequest(url=seen.url))
        assert (fetched.final_url, fetched.body) == (seen.url, b"<p>stay")


async def test_refused_connection_is_a_typed_error_without_the_port_state() -> None:
    async with origin(silence) as seen:
        port = seen.port
    async with fetcher(port) as fetch:
        with pytest.raises(ConnectFailed):
            await fetch.fetch(FetchRequest(url=f"http://127.0.0.1:{port}/", timeout_s=5))
    async with fetcher() as fetch:
        with pytest.raises(UrlRefused) as open_port:
            await fetch.fetch(FetchRequest(url="http://127.0.0.1:8080/"))
        with pytest.raises(UrlRefused) as closed_port:
            await fetch.fetch(FetchRequest(url="http://127.0.0.1:8443/"))
        assert open_port.value.detail == closed_port.value.detail


async def test_cancelled_fetch_gives_its_turn_back() -> None:
    async with origin(silence) as seen, fetcher(seen.port, host_concurrency=1) as fetch:
        task = asyncio.create_task(fetch.fetch(FetchRequest(url=seen.url)))
        await seen.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(FetchTimeout):
            await fetch.fetch(FetchRequest(url=seen.url, timeout_s=0.3))
        assert seen.connections == 2
