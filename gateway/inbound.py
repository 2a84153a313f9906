"""uvicorn's HTTP/1.1 with an end to requests that never come to theirs.

uvicorn takes headers of any length, and waits for the rest of a request for ever: a few slow connections would
hold every place there is to work in, and a long header all the memory.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.outbound import JoinedTransport


class HeadTooLong(Exception):
    """Ends the parsing of a request that was refused."""


class BoundedHttp(HttpToolsProtocol):
    """One connection; what is not a whole request in time, or begins without end, is closed."""

    max_head_bytes = 64 * 1024  # of names and values once they are whole; of all that came until then
    arrival_s = 60.0  # the longest a request may take to arrive, while somebody reads it

    _in_head = True
    _arrived = False
    _head_bytes = _piece_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(JoinedTransport(transport, self.loop))  # type: ignore[arg-type]
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._piece_bytes = len(data)
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self.max_head_bytes:
                self._refuse()
        if not self._arrived and self._timer is None:  # nearly every request arrives in one piece
            self._wait()

    def on_message_begin(self) -> None:
        self._in_head, self._arrived, self._head_bytes = True, False, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if (
            self._head_bytes + self._piece_bytes > self.max_head_bytes
        ):  # or much of it is the body, or the next one
            size_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size_bytes > self.max_head_bytes:
                self._refuse()
                raise HeadTooLong
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._arrived = True
        self._wait_no_longer()
        super().on_message_complete()

    def _refuse(self) -> None:
        self.send_400_response(f"The request's headers are longer than {self.max_head_bytes} bytes.")

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():  # else it was refused in better words
            super().send_400_response(msg)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.arrival_s, self._give_up)

    def _wait_no_longer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if self.flow.read_paused:  # it is we who do not read: the request waits for its turn
            self._wait()
        else:
            self._timer = None
            self.transport.close()
