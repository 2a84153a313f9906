"""Streams to clients that are slow, patient, or gone."""

import asyncio
from typing import Any

import httpx2
import pytest
from litestar import Litestar, Request, get

from gateway.api.streaming import DisconnectWatcher, EventStream
from gateway.completions.broadcast import SubscriberClosed
from gateway.net.sse import EventDecoder
from tests.serving import served

pytestmark = pytest.mark.anyio


class Quiet:
    """Says one thing, then nothing, then another when it is told to go on."""

    def __init__(self, first: bytes) -> None:
        self.ended = False
        self.closed = asyncio.Event()
        self.go_on = asyncio.Event()
        self._first = first
        self._woken = asyncio.Event()

    async def read(self) -> bytes:
        if self._first:
            said, self._first = self._first, b""
            return said
        self._woken.clear()
        waits = [asyncio.ensure_future(event.wait()) for event in (self._woken, self.go_on, self.closed)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if self.closed.is_set():
            raise SubscriberClosed
        self.ended = self.go_on.is_set()
        return b"data: last\n\n" if self.ended else b""

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self.closed.set()


def app(source: Quiet) -> Litestar:
    @get("/")
    async def stream(request: Request[Any, Any, Any]) -> EventStream:
        return EventStream(source, DisconnectWatcher(request.receive), headers={"x-a": "b"}, heartbeat_s=0.05)

    return Litestar([stream], openapi_config=None)


async def test_silence_is_filled_with_comments_that_are_no_events() -> None:
    source = Quiet(b"data: first\n\n")
    async with (
        served(app(source)) as url,
        httpx2.AsyncClient(trust_env=False, timeout=60) as client,
        client.stream("GET", url) as response,
    ):
        heard = b""
        async for chunk in response.aiter_raw():
            heard += chunk
            if heard.count(b": ping\n\n") == 3:
                source.go_on.set()
    assert heard.count(b": ping\n\n") >= 3
    assert [event.data for event in EventDecoder().feed(heard)] == [b"first", b"last"]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert (response.headers["x-a"], response.headers["cache-control"]) == ("b", "no-store")
    assert source.closed.is_set()


async def test_client_that_leaves_closes_the_source() -> None:
    source = Quiet(b"data: first\n\n")
    async with served(app(source)) as url, httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        async with client.stream("GET", url) as response:
            await anext(response.aiter_raw())
        await asyncio.wait_for(source.closed.wait(), 60)


async def test_client_that_stops_reading_and_leaves_closes_the_source() -> None:
    source = Quiet(b"data: " + b"x" * 8_000_000 + b"\n\n")  # more than any socket's buffer: `send` blocks
    async with served(app(source)) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1000)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.read(10)
        await asyncio.sleep(0.2)
        assert not source.closed.is_set()
        writer.transport.abort()
        await asyncio.wait_for(source.closed.wait(), 60)
