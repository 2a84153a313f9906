"""One page in the browser: a context of its own behind a proxy of its own, from the first command to its end."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from gateway.fetch.browser import scripts
from gateway.fetch.browser.cdp import Cdp, CdpError, read
from gateway.fetch.browser.guard_proxy import GuardProxy
from gateway.fetch.browser.record import Record

T = TypeVar("T")
WIDTH_PX, HEIGHT_PX = 1280, 900
# of the window of a page that nobody looks at: its pixels take 6 MB otherwise
UNSEEN_HEIGHT_PX = 64
CRASHED = "the page's process ended, most likely at the memory limit (RENDER_MEMORY_BYTES)"
FLOODED = "the page did more than can be followed"
# what no text comes from
_UNSEEN = ("Image", "Font", "Media")
# what takes the place of pictures: a transparent pixel as GIF, in base64
_EMPTY_PICTURE = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_EMPTY_HEADERS = [
    {"name": "content-type", "value": "image/gif"},
    {"name": "access-control-allow-origin", "value": "*"},
]


class _World(Struct, frozen=True, rename="camel"):
    execution_context_id: int


class _Value(Struct, frozen=True, rename="camel"):
    value: Any = None
    object_id: str = ""


class _Fault(Struct, frozen=True):
    text: str = ""


class _Result(Struct, frozen=True, rename="camel"):
    result: _Value
    exception_details: _Fault | None = None


class _Property(Struct, frozen=True):
    name: str
    value: _Value | None = None


class _Properties(Struct, frozen=True):
    result: list[_Property]


class _Dialog(Struct, frozen=True):
    type: str = ""


class _PausedRequest(Struct, frozen=True):
    url: str = ""
    headers: dict[str, str] = {}


class _Paused(Struct, frozen=True, rename="camel"):
    request_id: str
    request: _PausedRequest
    resource_type: str = ""


class Probe(Struct, frozen=True):
    """How far a page is."""

    # of its text, scripts included
    length: int = 0
    # up to about `scripts.MIN_WORDS`
    words: int = 0
    scripts: int = 0
    # the document has come to its end
    parsed: bool = False
    # and so has what it loads
    complete: bool = False


class ContextLost(Exception):
    """The document that a script ran in has given way to another."""


class Page:
    """A page that is open.

    Args:
        origin: whose documents get `headers`.
        headers: the caller's.
        shows_pictures: images and fonts are loaded too.
    """

    def __init__(
        self,
        cdp: Cdp,
        *,
        session: str,
        frame: str,
        proxy: GuardProxy,
        origin: str,
        headers: dict[str, str],
        shows_pictures: bool,
    ) -> None:
        self._cdp = cdp
        self._session = session
        self._frame = frame
        self._origin = origin
        self._headers = headers
        self._shows_pictures = shows_pictures
        self._worlds: dict[str, int] = {}
        self._changed = asyncio.Event()
        self.proxy = proxy
        self.record = Record(frame)
        self.record.changed = self._changed.set

    async def load(self) -> str:
        """Go to the page's address and wait until something is shown; returns Chromium's name of what failed, or ""."""
        cdp, session, record = self._cdp, self._session, self.record
        cdp.listen(session, self._take)
        # the page's process takes them in this order, after its start
        for method, params in self._settings():
            cdp.post(method, params, session=session)
        cdp.post("Runtime.runIfWaitingForDebugger", session=session)
        while not record.document and not record.failure:
            await self._change()
        return "" if record.document and record.unreachable_url is None else record.failure

    async def while_busy(self, at_most_s: float) -> None:
        """Wait until no request is under way."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                while self.record.is_busy:
                    await self._change()

    async def _change(self) -> None:
        self._cdp.check(self._session)
        self._changed.clear()
        await self._changed.wait()

    def _settings(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What may happen in the page, and which of its events are sent."""
        yield "Inspector.enable", {}
        yield "Page.enable", {}
        yield "Network.enable", {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}
        yield "Network.setBypassServiceWorker", {"bypass": True}
        # else only one page at a time has it, and some wait for it
        yield "Emulation.setFocusEmulationEnabled", {"enabled": True}
        if not self._shows_pictures:
            # what scripts and styles of the page are given: the window that it is painted in is lower
            size = {
                "width": WIDTH_PX,
                "height": HEIGHT_PX,
                "screenWidth": WIDTH_PX,
                "screenHeight": HEIGHT_PX,
            }
            yield "Emulation.setDeviceMetricsOverride", {**size, "deviceScaleFactor": 0, "mobile": False}
        patterns = [] if self._shows_pictures else [{"resourceType": kind} for kind in _UNSEEN]
        if self._headers:
            patterns.append({"resourceType": "Document"})
        if patterns:
            yield "Fetch.enable", {"patterns": patterns}

    async def ask(self, method: str, params: dict[str, Any] | None = None, *, kind: type[T]) -> T:
        return await self._cdp.ask(method, params, session=self._session, kind=kind)

    async def probe(self) -> Probe:
        return await self._evaluate(scripts.PROBE, kind=Probe)

    async def call(
        self, function: str, *arguments: Any, objects: Sequence[str] = (), frame: str = "", kind: type[T]
    ) -> T:
        """The result of a function in a world of its own.

        Args:
            objects: further arguments, by what the browser calls them.
        Raises:
            ContextLost: the page has moved on.
        """
        world = await self.world(frame)
        params = {
            "functionDeclaration": function,
            "executionContextId": world,
            "arguments": _arguments(arguments, objects),
            "returnByValue": True,
        }
        return await self._run("Runtime.callFunctionOn", params, kind=kind)

    async def elements(self, function: str, *arguments: Any, objects: Sequence[str] = ()) -> list[str]:
        """As `call`, of a function that returns an array of elements: what the browser calls each."""
        params = {
            "functionDeclaration": function,
            "executionContextId": await self.world(),
            "arguments": _arguments(arguments, objects),
        }
        found = (await self._ask_world("Runtime.callFunctionOn", params)).result.object_id
        params = {"objectId": found, "ownProperties": True}
        listed = await self.ask("Runtime.getProperties", params, kind=_Properties)
        return [each.value.object_id for each in listed.result if each.name.isdigit() and each.value]

    def close(self) -> None:
        self._cdp.forget(self._session)

    async def world(self, frame: str = "") -> int:
        """Where our functions run in a frame, the main one by default."""
        frame = frame or self._frame
        if frame not in self._worlds:
            try:
                made = await self.ask(
                    "Page.createIsolatedWorld", {"frameId": frame, "worldName": "winnow"}, kind=_World
                )
            except CdpError as exc:
                raise ContextLost from exc
            self._worlds[frame] = made.execution_context_id
        return self._worlds[frame]

    async def _evaluate(self, expression: str, *, kind: type[T]) -> T:
        world = await self.world()
        params = {"expression": expression, "contextId": world, "returnByValue": True}
        return await self._run("Runtime.evaluate", params, kind=kind)

    async def _run(self, method: str, params: dict[str, Any], *, kind: type[T]) -> T:
        answer = await self._ask_world(method, params)
        try:
            return msgspec.convert(answer.result.value, kind)
        except msgspec.ValidationError as exc:
            raise CdpError(f"the page answered out of form: {exc}") from exc

    async def _ask_world(self, method: str, params: dict[str, Any]) -> _Result:
        try:
            answer = await self.ask(method, params, kind=_Result)
        except CdpError as exc:
            # there is no such context any more
            self._worlds.clear()
            raise ContextLost from exc
        if answer.exception_details is not None:
            raise CdpError(f"a script failed in the page: {answer.exception_details.text}")
        return answer

    def _take(self, method: str, params: Raw) -> None:
        record = self.record
        record.take(method, params)
        match method:
            case "Page.frameNavigated":
                self._worlds.clear()
            case "Page.javascriptDialogOpening":
                leaves = read(params, _Dialog).type == "beforeunload"
                self._cdp.post("Page.handleJavaScriptDialog", {"accept": leaves}, session=self._session)
            case "Fetch.requestPaused":
                self._go_on(read(params, _Paused))
            case "Inspector.targetCrashed":
                self._end(CRASHED)
        if record.is_flooded:
            self._end(FLOODED)

    def _end(self, reason: str) -> None:
        self._cdp.fail(self._session, reason)
        self._changed.set()

    def _go_on(self, paused: _Paused) -> None:
        """Pictures are empty, fonts and films do not come; documents of the first origin get the caller's headers."""
        params: dict[str, Any] = {"requestId": paused.request_id}
        if paused.resource_type == "Image":
            # one that fails is taken out by some pages, or holds them up
            params |= {"responseCode": 200, "responseHeaders": _EMPTY_HEADERS, "body": _EMPTY_PICTURE}
            self._cdp.post("Fetch.fulfillRequest", params, session=self._session)
            return
        if paused.resource_type in _UNSEEN:
            params["errorReason"] = "BlockedByClient"
            self._cdp.post("Fetch.failRequest", params, session=self._session)
            return
        if _origin_of(paused.request.url) == self._origin:
            headers = {name.lower(): value for name, value in paused.request.headers.items()} | self._headers
            params["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
        self._cdp.post("Fetch.continueRequest", params, session=self._session)


def _arguments(values: Sequence[Any], objects: Sequence[str]) -> list[dict[str, Any]]:
    return [*({"value": value} for value in values), *({"objectId": each} for each in objects)]


def _origin_of(url: str) -> str:
    """What stands before the path; as Chromium writes addresses, and so does `Url.origin`."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"
