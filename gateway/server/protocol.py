"""uvicorn's HTTP/1.1 with time and size limits for requests.

uvicorn takes headers of any length, and waits for the rest of a request for ever: a few slow connections would
hold every place, and a long header all the memory. It also takes a request that names two hosts, of which one check
would see the first and the next check the other.
"""

import asyncio
import re
from collections import deque
from typing import Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.server.transport import JoinedTransport

_NOWHERE: deque[tuple[bytes, bytes]] = deque(maxlen=0)
_AUTHORITY_END = re.compile(rb"[/?#]")


class Refused(Exception):
    """Ends the parsing of a request that was answered 400."""


class ConnectionObserver(Protocol):
    """Follows the connections that it accepted, to close idle ones when there are too many."""

    is_crowded: bool

    def heard(self, client: "BoundedHttp") -> None: ...
    def fell_silent(self, client: "BoundedHttp") -> None: ...
    def left(self, client: "BoundedHttp") -> None: ...


class BoundedHttp(HttpToolsProtocol):
    """One connection; it is closed when a request does not arrive in time or its head is too long."""

    # of names and values once they are whole; of all that came until then, and of all behind a chunked body
    max_head_bytes = 64 * 1024
    # the longest that headers may take to arrive
    head_s = 10.0
    # the longest a request may take to arrive, while its handler reads it
    arrival_s = 60.0
    # in a body
    silence_s = 5.0

    # that accepted it
    listener: ConnectionObserver | None = None

    _in_head = True
    _arrived = _body_came = False
    _head_bytes = _piece_bytes = 0
    # by the loop's clock, of what did not arrive in one piece
    _began = _heard = 0.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(JoinedTransport(transport, self.loop))  # type: ignore[arg-type]
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_longer()
        if self.listener is not None:
            self.listener.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._piece_bytes = len(data)
        self._body_came = False
        if self.listener is not None:
            self.listener.heard(self)
        super().data_received(data)
        if self._in_head or not (self._arrived or self._body_came):
            self._head_bytes += len(data)
            if self._head_bytes > self.max_head_bytes:
                self._refuse_long()
        # nearly every request arrives in one piece; what comes between two is no request
        if not self._arrived or self.cycle.response_complete:
            self._heard = self.loop.time()
            if self._timer is None:
                self._wait()

    def on_message_begin(self) -> None:
        self._in_head, self._arrived, self._head_bytes = True, False, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._timer is not None:
            self._wait_no_longer()
        # or much of it is the body, or the next one
        if self._head_bytes + self._piece_bytes > self.max_head_bytes:
            size_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size_bytes > self.max_head_bytes:
                self._refuse_long()
                raise Refused
        self._check_host()
        self._head_bytes = 0
        super().on_headers_complete()
        # for fields behind a chunked body (RFC 9110, 6.5.1): they are not headers, though the parser reports them so
        self.headers = _NOWHERE  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        self._body_came = True
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._arrived = True
        if self._timer is not None:
            self._wait_no_longer()
        # a request that is all here: closing would cut off one that is still sent before its answer is read
        if self.listener is not None and self.listener.is_crowded and not self.cycle.response_started:
            self.cycle.keep_alive = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.listener is not None and not self.transport.is_closing() and self.cycle.response_complete:
            self.listener.fell_silent(self)

    def _check_host(self) -> None:
        """A request names one host (RFC 9112, 3.2): in one Host line, which a whole address as target agrees with."""
        hosts = []
        for name, value in self.headers:
            if name == b"host":
                hosts.append(value)
        is_path = self.url.startswith((b"/", b"*"))
        if is_path and len(hosts) <= 1:
            return
        authority = _AUTHORITY_END.split(self.url.partition(b"://")[2], 1)[0]
        if is_path or [host.lower() for host in hosts] != [authority.lower()]:
            self.send_400_response("The request does not name one host.")
            raise Refused

    def _refuse_long(self) -> None:
        self.send_400_response(f"The request's headers are longer than {self.max_head_bytes} bytes.")

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            # else it was refused in better words
            super().send_400_response(msg)

    def _wait(self) -> None:
        self._began = self._heard = self.loop.time()
        self._timer = self.loop.call_later(self.head_s if self._in_head else self.silence_s, self._look)

    def _wait_no_longer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Close what takes too long; wake the reader of a body that has stalled, with an empty piece."""
        if self.flow.read_paused:
            # it is we who do not read: the request waits for its turn
            self._wait()
            return
        now, end = self.loop.time(), self._began + self.arrival_s
        if self._in_head or now >= end:
            self._timer = None
            self.transport.close()
            return
        if now >= self._heard + self.silence_s:
            self._heard = now
            if not self._arrived:
                self.cycle.message_event.set()
        self._timer = self.loop.call_at(min(self._heard + self.silence_s, end), self._look)
