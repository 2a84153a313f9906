"""Chromium's DevTools protocol without I/O: commands out, answers and events in.

The clients that are kept for Python (cdp-use, nodriver, pydoll and others) speak it over WebSocket alone; over the
pipe, which no other process can reach, it is JSON between NUL bytes.
"""

import asyncio
import itertools
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

T = TypeVar("T")
MAX_MESSAGE_BYTES = 32 * 1024**2
_ID = re.compile(rb'\{"id":(\d{1,15})\b')
_encode = msgspec.json.Encoder().encode


class CdpError(Exception):
    """The browser refused a command, or its answer is of no use."""


class BrowserGone(Exception):
    """The browser, or the page that was spoken to, has ended."""


class Version(Struct, frozen=True):
    """What the browser says it is."""

    product: str = ""


class _Fault(Struct, frozen=True):
    message: str = ""


class _Message(Struct, frozen=True, rename="camel"):
    id: int = 0
    method: str = ""
    params: Raw = Raw(b"{}")
    result: Raw = Raw(b"{}")
    error: _Fault | None = None
    session_id: str = ""


_decode = msgspec.json.Decoder(_Message).decode
OnEvent = Callable[[str, Raw], None]


class Cdp:
    """The gateway's side of the protocol.

    Args:
        write: sends one message.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._ids = itertools.count(1)
        self._waiting: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._listeners: dict[str, OnEvent] = {}
        # session -> why its page has ended
        self._failed: dict[str, str] = {}
        self._ended: str | None = None

    def listen(self, session: str, on_event: OnEvent) -> None:
        """`on_event` is called with the name and the parameters of every event of a session; "" is the browser's."""
        self._listeners[session] = on_event

    def forget(self, session: str) -> None:
        """The session is over: nobody waits for its answers or events."""
        self._listeners.pop(session, None)
        self._failed.pop(session, None)
        for number in [number for number, (owner, _) in self._waiting.items() if owner == session]:
            _, answer = self._waiting.pop(number)
            answer.cancel()

    def post(self, method: str, params: dict[str, Any] | None = None, *, session: str = "") -> None:
        """Send a command whose answer is of no interest."""
        self._send(next(self._ids), method, params, session)

    async def ask(
        self, method: str, params: dict[str, Any] | None = None, *, session: str = "", kind: type[T]
    ) -> T:
        """Send a command and read its answer.

        Raises:
            CdpError: the browser refuses it.
            BrowserGone: it, or the session's page, ended meanwhile or before.
        """
        self.check(session)
        number = next(self._ids)
        answer: asyncio.Future[Raw] = asyncio.get_running_loop().create_future()
        self._waiting[number] = session, answer
        try:
            self._send(number, method, params, session)
            return read(await answer, kind)
        finally:
            self._waiting.pop(number, None)

    def expect(self) -> asyncio.Future[Any]:
        """What an event will bring, for a listener to set; BrowserGone when the connection is lost before."""
        number = next(self._ids)
        coming: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        coming.add_done_callback(lambda _: self._waiting.pop(number, None))
        self._waiting[number] = "", coming
        return coming

    def check(self, session: str) -> None:
        """Raises BrowserGone where the session's page has ended."""
        if reason := self._failed.get(session):
            raise BrowserGone(reason)

    def fail(self, session: str, reason: str) -> None:
        """The page of a session has ended: commands to it never return, pending ones and later ones."""
        self._failed[session] = reason
        for owner, answer in list(self._waiting.values()):
            if owner == session and not answer.done():
                answer.set_exception(BrowserGone(reason))

    def received(self, message: bytes) -> None:
        """Take a message."""
        try:
            got = _decode(message)
        except msgspec.DecodeError:
            self._fail(bytes(message[:100]), "the answer is no JSON")
            return
        if got.method:
            if listener := self._listeners.get(got.session_id):
                listener(got.method, got.params)
            return
        _, answer = self._waiting.get(got.id, ("", None))
        if answer is None or answer.done():
            return
        if got.error is not None:
            answer.set_exception(CdpError(got.error.message))
        else:
            answer.set_result(got.result)

    def too_large(self, beginning: bytes) -> None:
        """Take note of a message that was not kept for its size."""
        self._fail(beginning, f"the answer is larger than {MAX_MESSAGE_BYTES} bytes")

    def end(self, reason: str) -> None:
        """The connection is lost."""
        if self._ended is None:
            self._ended = reason
            for _, answer in list(self._waiting.values()):
                if not answer.done():
                    answer.set_exception(BrowserGone(reason))

    @property
    def ended(self) -> str | None:
        """Why the connection is no more; None while it is."""
        return self._ended

    def _fail(self, beginning: bytes, reason: str) -> None:
        found = _ID.match(beginning)
        _, answer = self._waiting.get(int(found[1]) if found else 0, ("", None))
        if answer is not None and not answer.done():
            answer.set_exception(CdpError(reason))

    def _send(self, number: int, method: str, params: dict[str, Any] | None, session: str) -> None:
        if self._ended is not None:
            raise BrowserGone(self._ended)
        message: dict[str, Any] = {"id": number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        self._write(_encode(message))


def read(raw: Raw, kind: type[T]) -> T:
    """Parameters or a result as a type; raises CdpError where they are none of it."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as exc:
        raise CdpError(f"the browser answered out of form: {exc}") from exc


class PipeProtocol(asyncio.Protocol):
    """The protocol over a socket that is the browser's pipe: JSON between NUL bytes."""

    def __init__(self) -> None:
        self._inbox = bytearray()
        # how far the inbox was searched
        self._looked = 0
        self._skips = False
        self._transport: asyncio.WriteTransport | None = None
        self.cdp = Cdp(self._write)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        inbox = self._inbox
        inbox += data
        start = 0
        while (end := inbox.find(b"\0", self._looked)) >= 0:
            if not self._skips:
                self.cdp.received(bytes(memoryview(inbox)[start:end]))
            self._skips = False
            start = self._looked = end + 1
        if start:
            del inbox[:start]
        if len(inbox) > MAX_MESSAGE_BYTES:
            if not self._skips:
                self.cdp.too_large(bytes(inbox[:100]))
            self._skips = True
        if self._skips:
            inbox.clear()
        self._looked = len(inbox)

    def connection_lost(self, exc: Exception | None) -> None:
        self.cdp.end("the browser ended")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self.cdp.end("the browser was ended")

    def _write(self, message: bytes) -> None:
        assert self._transport is not None
        self._transport.write(message + b"\0")
