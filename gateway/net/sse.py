"""Server-sent events, sans-IO: event ⇄ bytes, for the server, the SDK and the remote backend.

`encode_event` and `EventDecoder` follow the WHATWG "server-sent events" section: a line ends with LF, CR or
CRLF; a line that begins with a colon is a comment; several `data` lines join with LF; a blank line ends the
event; an event without a blank line at the end of the stream never happened. Bytes are decoded only when an
event is complete, so a character or a CRLF split over two reads cannot be damaged. Two liberties: `id` and
`retry` are not kept (nothing here reconnects), and an event may be at most `max_event_bytes`.
"""

from typing import Any

import msgspec
from msgspec import Struct

CONTENT_TYPE = "text/event-stream"
# a comment: keeps proxies from closing a silent stream, and clients ignore it
PING = b": ping\n\n"
# how OpenAI's streams end
DONE = b"data: [DONE]\n\n"
_BOM = b"\xef\xbb\xbf"
_encode_json = msgspec.json.Encoder().encode


class EventTooLarge(ValueError):
    """The peer sent more than `max_event_bytes` without ending the event."""


class Event(Struct, frozen=True):
    """One event as received: `data` is its UTF-8 text, undecoded."""

    data: bytes
    name: str = "message"

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")


def encode_event(data: bytes | str, *, name: str | None = None) -> bytes:
    """One event as bytes.

    Args:
        data: the payload; each of its lines becomes a `data` line.
        name: the event's type, without line breaks; clients see `message` when absent.
    """
    raw = data.encode() if isinstance(data, str) else data
    if b"\n" in raw or b"\r" in raw:
        raw = b"\ndata: ".join(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
    head = b"event: " + name.encode() + b"\n" if name else b""
    return head + b"data: " + raw + b"\n\n"


def encode_json_event(value: Any, *, name: str | None = None) -> bytes:
    """One event whose data is `value` as JSON."""
    # JSON has no bare line break
    return encode_event(_encode_json(value), name=name)


class EventDecoder:
    """Bytes in, complete events out; feed it whatever the socket gave."""

    def __init__(self, *, max_event_bytes: int = 16 * 1024**2) -> None:
        self._max_event_bytes = max_event_bytes
        # an unfinished line, in pieces: joining each time is quadratic
        self._rest: list[bytes] = []
        self._rest_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._name = ""
        self._begun = False
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes.

        Raises:
            EventTooLarge: the event being read is longer than the limit.
        """
        events: list[Event] = []
        for line in self._lines(chunk):
            if not line:
                if self._data:
                    events.append(Event(b"\n".join(self._data), self._name or "message"))
                self._data, self._data_bytes, self._name = [], 0, ""
                continue
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                self._data.append(value)
                self._data_bytes += len(value)
            elif field == b"event":
                self._name = value.decode("utf-8", "replace")
        if self._data_bytes + self._rest_bytes > self._max_event_bytes:
            raise EventTooLarge(f"an event passed {self._max_event_bytes} bytes without ending")
        return events

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Complete lines without their ends; the unfinished last one waits for the next chunk."""
        if self._after_cr and chunk:
            self._after_cr = False
            # the second half of a CRLF
            chunk = chunk.removeprefix(b"\n")
        if b"\n" not in chunk and b"\r" not in chunk:
            self._keep(chunk)
            return []
        text = b"".join(self._rest) + chunk
        if not self._begun:
            self._begun = True
            text = text.removeprefix(_BOM)
        self._rest, self._rest_bytes = [], 0
        # of bytes: LF, CR and CRLF only
        lines = text.splitlines(keepends=True)
        if not lines[-1].endswith((b"\n", b"\r")):
            self._keep(lines.pop())
        self._after_cr = text.endswith(b"\r")
        return [line.rstrip(b"\r\n") for line in lines]

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._rest.append(piece)
            self._rest_bytes += len(piece)
