"""A browser that runs elsewhere, reached over WebSocket: another process of this machine, or a service of its own."""

import asyncio
import contextlib
from typing import Any

import httpx2
import msgspec
from msgspec import Struct

from gateway.fetch.browser.cdp import MAX_MESSAGE_BYTES, BrowserGone, Cdp, Version

START_TIMEOUT_S = 20.0
MAX_DESCRIPTION_BYTES = 64 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class _Description(Struct, frozen=True, rename={"address": "webSocketDebuggerUrl"}):
    address: str


def is_on_this_machine(address: str) -> bool:
    """Whether a browser at this address reaches a proxy that listens on our loopback."""
    return httpx2.URL(address).host in LOOPBACK


def check_address(address: str) -> None:
    """Raises ValueError where it is no address of a browser."""
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL as exc:
        raise ValueError("BROWSER_URL is not an address") from exc
    if url.scheme not in ("ws", "wss", "http", "https") or not url.host:
        raise ValueError("BROWSER_URL is not an address such as ws://host:9222/… or http://host:9222")


class RemoteBrowser:
    """A connection to a browser; its pages end with it.

    Args:
        address: `ws://…` of the browser, or `http://host:port` that describes itself at `/json/version`. It may carry a
            token, and so stands in no message.
    """

    memory_bytes = 0
    pid = None

    def __init__(self, address: str) -> None:
        self._address = address
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._cdp = Cdp(self._outbox.put_nowait)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> tuple[Cdp, Version]:
        """Connect.

        Raises:
            BrowserGone: it does not answer; the message says why.
        """
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._connect()
                return self._cdp, await self._cdp.ask("Browser.getVersion", kind=Version)
        except TimeoutError:
            raise BrowserGone(
                f"the one BROWSER_URL names did not answer within {START_TIMEOUT_S:g} s"
            ) from None

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._cdp.end("the connection was closed")

    async def _connect(self) -> None:
        try:
            from websockets.asyncio.client import connect
            from websockets.exceptions import WebSocketException
        except ModuleNotFoundError as exc:
            raise BrowserGone(
                "BROWSER_URL needs the extra `render`: pip install 'winnow-gateway[render]'"
            ) from exc
        try:
            address = await self._find()
            socket = await connect(address, max_size=MAX_MESSAGE_BYTES, compression=None, proxy=None)
        except (OSError, ValueError, httpx2.HTTPError, msgspec.DecodeError, WebSocketException) as exc:
            raise BrowserGone(f"the one BROWSER_URL names cannot be reached: {type(exc).__name__}") from None
        self._tasks = [
            asyncio.create_task(self._receive(socket)),
            asyncio.create_task(self._send(socket)),
        ]

    async def _find(self) -> str:
        """The browser's WebSocket."""
        if self._address.startswith("ws"):
            return self._address
        async with httpx2.AsyncClient(timeout=START_TIMEOUT_S, trust_env=False) as client:
            answer = await client.get(self._address.rstrip("/") + "/json/version")
            answer.raise_for_status()
            return msgspec.json.decode(answer.content[:MAX_DESCRIPTION_BYTES], type=_Description).address

    async def _receive(self, socket: Any) -> None:
        with contextlib.suppress(Exception):
            # however it ended, it has
            async for message in socket:
                self._cdp.received(message.encode() if isinstance(message, str) else message)
        self._cdp.end("the connection to the browser was lost")

    async def _send(self, socket: Any) -> None:
        try:
            with contextlib.suppress(Exception):
                while True:
                    await socket.send((await self._outbox.get()).decode())
        finally:
            await socket.close()
            self._cdp.end("the connection to the browser was lost")
