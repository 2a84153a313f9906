"""What the browser's events say of one page. No I/O: events go in, facts are read."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

MAX_EVENT_BYTES = 64 * 1024**2
# what a page may ask for before its requests are no longer followed one by one
MAX_REQUESTS = 2000
_ENDLESS = frozenset({"EventSource", "WebSocket", "Ping", "CSPViolationReport", "Media"})
ERROR_PAGE = "chrome-error:"


class Response(Struct, frozen=True):
    """The head of a response."""

    url: str
    status: int
    headers: dict[str, str]
    mime_type: str = ""


class _Request(Struct, frozen=True):
    url: str = ""


class _RawResponse(Struct, frozen=True, rename="camel"):
    url: str = ""
    status: int = 0
    headers: dict[str, str] = {}
    mime_type: str = ""


class _Sent(Struct, frozen=True, rename="camel"):
    request_id: str
    request: _Request
    loader_id: str = ""
    frame_id: str = ""
    type: str = ""
    redirect_response: _RawResponse | None = None


class _Received(Struct, frozen=True, rename="camel"):
    request_id: str
    response: _RawResponse
    frame_id: str = ""
    type: str = ""


class _Extra(Struct, frozen=True, rename="camel"):
    request_id: str
    headers: dict[str, str] = {}
    status_code: int = 0


class _Ended(Struct, frozen=True, rename="camel"):
    request_id: str
    error_text: str = ""


class _Frame(Struct, frozen=True, rename="camel"):
    id: str
    loader_id: str = ""
    url: str = ""
    parent_id: str | None = None
    unreachable_url: str | None = None


class _Navigated(Struct, frozen=True):
    frame: _Frame


class _Scheduled(Struct, frozen=True, rename="camel"):
    frame_id: str
    # seconds
    delay: float = 0
    reason: str = ""
    url: str = ""


class Record:
    """A page's requests, documents and end, as they are known so far.

    Args:
        frame: the main frame.
    """

    def __init__(self, frame: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._frame = frame
        self._clock = clock
        self._in_flight: set[str] = set()
        # requests whose response set one
        self._cookies: set[str] = set()
        self._event_bytes = 0
        self.requests = 0
        # when the network was last busy
        self.busy_until = clock()
        # the loader of the document that the frame shows; "" before it shows any
        self.document = ""
        # Chromium's name of why the last document that was asked for did not come
        self.failure = ""
        # there are frames with documents of their own
        self.has_frames = False
        # the last document that was asked for, and its request
        self.asked_url = self._asked = ""
        # of the document that the frame could not show
        self.unreachable_url: str | None = None
        # loader -> the response its document came with
        self.responses: dict[str, Response] = {}
        # loader -> those before it
        self.redirects: dict[str, list[Response]] = {}
        self.is_download = False
        # when the document gives way to that of another address, as it says itself (`<meta http-equiv=refresh>`)
        self.leaves_at: float | None = None
        # is called with every change of what stands above
        self.changed: Callable[[], None] = lambda: None

    @property
    def is_flooded(self) -> bool:
        """Whether the page has caused more events than a page has use for."""
        return self._event_bytes > MAX_EVENT_BYTES

    @property
    def is_busy(self) -> bool:
        """Whether requests are under way."""
        return bool(self._in_flight)

    @property
    def quiet_s(self) -> float:
        """How long no request has been under way."""
        return 0.0 if self._in_flight else self._clock() - self.busy_until

    @property
    def response(self) -> Response | None:
        """The head of the response that the document shown came with."""
        response = self.responses.get(self.document)
        return response and self._whole(self.document, response)

    @property
    def earlier(self) -> list[Response]:
        """What led to it: redirects, and documents that went on to it."""
        loaders = list(dict.fromkeys([*self.redirects, *self.responses]))
        hops = [(loader, hop) for loader in loaders for hop in self.redirects.get(loader, [])]
        hops += [(loader, hop) for loader, hop in self.responses.items() if loader != self.document]
        return [self._whole(loader, hop) for loader, hop in hops]

    def take(self, method: str, params: Raw) -> None:
        """Take an event."""
        self._event_bytes += len(memoryview(params))
        if (kind := _KINDS.get(method)) is None:
            return
        try:
            event: Any = msgspec.json.decode(params, type=kind)
        except msgspec.DecodeError:
            # of a form that later versions may have; what it would say is missed
            return
        match event:
            case _Sent():
                self._sent(event)
            case _Received():
                self._received(event)
            case _Extra():
                if any(name.lower() == "set-cookie" for name in event.headers):
                    self._cookies.add(event.request_id)
            case _Ended():
                self._finish(event.request_id)
                if event.error_text and event.request_id == self._asked:
                    self.failure = event.error_text
                    self.changed()
            case _Navigated():
                self._navigated(event.frame)
            case _Scheduled():
                self._scheduled(event)
            case _Download():
                self.is_download = True
                self.changed()

    def _sent(self, event: _Sent) -> None:
        if event.redirect_response is None:
            self.requests += 1
        # for a worker's script, which has no loader, no event says that it has ended
        if event.loader_id and event.type not in _ENDLESS and self.requests <= MAX_REQUESTS:
            self._in_flight.add(event.request_id)
        if event.type == "Document" and event.frame_id == self._frame:
            self.asked_url, self._asked = event.request.url, event.request_id
            if event.redirect_response is not None:
                self.redirects.setdefault(event.loader_id, []).append(_response(event.redirect_response))

    def _received(self, event: _Received) -> None:
        if event.type == "Document" and event.frame_id == self._frame:
            self.responses[event.request_id] = _response(event.response)
            self.changed()
        if event.response.mime_type == "text/event-stream":
            self._finish(event.request_id)

    def _finish(self, request: str) -> None:
        self._in_flight.discard(request)
        if not self._in_flight:
            self.busy_until = self._clock()
            self.changed()

    def _navigated(self, frame: _Frame) -> None:
        if frame.id != self._frame:
            self.has_frames = True
            return
        self.document = frame.loader_id
        self.leaves_at = None
        self.unreachable_url = frame.unreachable_url or (
            self.asked_url if frame.url.startswith(ERROR_PAGE) else None
        )
        self.changed()

    def _scheduled(self, event: _Scheduled) -> None:
        # a page that loads itself anew has its text
        if event.frame_id == self._frame and "Refresh" in event.reason and event.url != self.asked_url:
            self.leaves_at = self._clock() + event.delay

    def _whole(self, loader: str, response: Response) -> Response:
        if loader not in self._cookies:
            return response
        return msgspec.structs.replace(response, headers=response.headers | {"set-cookie": ""})


def _response(raw: _RawResponse) -> Response:
    headers = {name.lower(): value.replace("\n", ", ") for name, value in raw.headers.items()}
    return Response(url=raw.url, status=raw.status, headers=headers, mime_type=raw.mime_type.lower())


class _Download(Struct, frozen=True):
    pass


_KINDS: dict[str, type[Struct]] = {
    "Network.requestWillBeSent": _Sent,
    "Network.responseReceived": _Received,
    "Network.responseReceivedExtraInfo": _Extra,
    "Network.loadingFinished": _Ended,
    "Network.loadingFailed": _Ended,
    "Page.frameNavigated": _Navigated,
    "Page.frameScheduledNavigation": _Scheduled,
    "Page.downloadWillBegin": _Download,
}
