"""One page in the browser: a context of its own behind a proxy of its own, from the first command to its end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from gateway.fetch.browser import scripts
from gateway.fetch.browser.cdp import Cdp, CdpError, read
from gateway.fetch.browser.guard_proxy import GuardProxy
from gateway.fetch.browser.record import Record

T = TypeVar("T")
WIDTH_PX, HEIGHT_PX = 1280, 900
# of a document at a time: what is decoded between two turns of the event loop
PART_CHARACTERS = 512 * 1024
MAX_FRAMES = 10
CRASHED = "the page's process ended, most likely at the memory limit (RENDER_MEMORY_BYTES)"
FLOODED = "the page did more than can be followed"
# what no text comes from
_UNSEEN = ("Image", "Font", "Media")


class _Navigation(Struct, frozen=True, rename="camel"):
    frame_id: str = ""
    loader_id: str = ""
    error_text: str = ""


class _World(Struct, frozen=True, rename="camel"):
    execution_context_id: int


class _Value(Struct, frozen=True):
    value: Any = None


class _Fault(Struct, frozen=True):
    text: str = ""


class _Result(Struct, frozen=True, rename="camel"):
    result: _Value
    exception_details: _Fault | None = None


class _Dialog(Struct, frozen=True):
    type: str = ""


class _PausedRequest(Struct, frozen=True):
    url: str = ""
    headers: dict[str, str] = {}


class _Paused(Struct, frozen=True, rename="camel"):
    request_id: str
    request: _PausedRequest
    resource_type: str = ""


class _FrameInfo(Struct, frozen=True):
    id: str
    url: str = ""


class _FrameTree(Struct, frozen=True, rename="camel"):
    frame: _FrameInfo
    child_frames: "list[_FrameTree]" = []


class _Tree(Struct, frozen=True, rename="camel"):
    frame_tree: _FrameTree


class Document(Struct, frozen=True, kw_only=True):
    """A page as it stands: its address and its HTML; `html` is None where that is longer than asked for."""

    url: str
    html: str | None
    characters: int


class Probe(Struct, frozen=True):
    """How far a page is."""

    # of its text, scripts included
    length: int = 0
    # up to about `scripts.MIN_WORDS`
    words: int = 0
    scripts: int = 0
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

    async def prepare(self) -> None:
        """Say what may happen in the page, before anything does."""
        cdp, session = self._cdp, self._session
        cdp.listen(session, self._take)
        cdp.post("Inspector.enable", session=session)
        cdp.post("Network.enable", {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}, session=session)
        cdp.post("Network.setBypassServiceWorker", {"bypass": True}, session=session)
        patterns = [] if self._shows_pictures else [{"resourceType": kind} for kind in _UNSEEN]
        if self._headers:
            patterns.append({"resourceType": "Document"})
        if patterns:
            cdp.post("Fetch.enable", {"patterns": patterns}, session=session)
        await self.ask(
            "Page.enable",
            kind=dict,
            # the page's process takes them in this order, after its start
        )

    async def navigate(self, url: str) -> str:
        """Go to an address and wait until something is shown; returns Chromium's name of what failed, or ""."""
        answer = await self.ask("Page.navigate", {"url": url}, kind=_Navigation)
        if not answer.error_text:
            await self._until_shown(answer.loader_id)
        return answer.error_text

    async def _until_shown(self, document: str) -> None:
        while self.record.document != document:
            self._cdp.check(self._session)
            self._changed.clear()
            await self._changed.wait()

    async def ask(self, method: str, params: dict[str, Any] | None = None, *, kind: type[T]) -> T:
        return await self._cdp.ask(method, params, session=self._session, kind=kind)

    async def probe(self) -> Probe:
        return await self._evaluate(scripts.PROBE, kind=Probe)

    async def call(self, function: str, *arguments: Any, frame: str = "", kind: type[T]) -> T:
        """The result of a function in a world of its own.

        Raises:
            ContextLost: the page has moved on.
        """
        world = await self._world(frame or self._frame)
        params = {
            "functionDeclaration": function,
            "executionContextId": world,
            "arguments": [{"value": value} for value in arguments],
            "returnByValue": True,
        }
        return await self._run("Runtime.callFunctionOn", params, kind=kind)

    async def read(self, *, max_characters: int) -> Document:
        """The document as HTML, with the frames of its site behind it."""
        held = await self.call(scripts.READ, max_characters, kind=_Held)
        if held.length > max_characters:
            return Document(url=held.url, html=None, characters=held.length)
        parts: list[str] = []
        start = 0
        while start < held.length:
            read = await self.call(scripts.READ_PART, start, PART_CHARACTERS, kind=_Part)
            parts.append(read.part)
            start = max(read.next, start + 1)
        html = "".join(parts)
        frames = [text async for text in self._frames(max_characters - len(html))]
        if frames:
            head, end, tail = html.rpartition("</body>")
            html = "".join([head, *frames, end, tail]) if end else html + "".join(frames)
        return Document(url=held.url, html=html, characters=len(html))

    def close(self) -> None:
        self._cdp.forget(self._session)

    async def _frames(self, left: int) -> AsyncIterator[str]:
        """What the frames say that Chromium has in the page's own process: those of its site."""
        tree = (await self.ask("Page.getFrameTree", kind=_Tree)).frame_tree
        waiting, seen = list(tree.child_frames), 0
        while waiting and seen < MAX_FRAMES:
            frame = waiting.pop(0)
            waiting += frame.child_frames
            seen += 1
            if not frame.frame.url.startswith(("http:", "https:", "about:srcdoc")):
                continue
            try:
                text = await self.call(scripts.READ_FRAME, left, frame=frame.frame.id, kind=str)
            except (ContextLost, CdpError):
                continue
            left -= len(text)
            if text:
                yield f"<section>{text}</section>"

    async def _world(self, frame: str) -> int:
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
        world = await self._world(self._frame)
        params = {"expression": expression, "contextId": world, "returnByValue": True}
        return await self._run("Runtime.evaluate", params, kind=kind)

    async def _run(self, method: str, params: dict[str, Any], *, kind: type[T]) -> T:
        try:
            answer = await self.ask(method, params, kind=_Result)
        except CdpError as exc:
            # there is no such context any more
            self._worlds.clear()
            raise ContextLost from exc
        if answer.exception_details is not None:
            raise CdpError(f"a script failed in the page: {answer.exception_details.text}")
        try:
            return msgspec.convert(answer.result.value, kind)
        except msgspec.ValidationError as exc:
            raise CdpError(f"the page answered out of form: {exc}") from exc

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
        """Pictures do not come; documents of the first origin get the caller's headers."""
        if paused.resource_type in _UNSEEN:
            params: dict[str, Any] = {"requestId": paused.request_id, "errorReason": "BlockedByClient"}
            self._cdp.post("Fetch.failRequest", params, session=self._session)
            return
        params = {"requestId": paused.request_id}
        if _origin_of(paused.request.url) == self._origin:
            headers = {name.lower(): value for name, value in paused.request.headers.items()} | self._headers
            params["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
        self._cdp.post("Fetch.continueRequest", params, session=self._session)


class _Held(Struct, frozen=True):
    url: str
    length: int


class _Part(Struct, frozen=True):
    part: str
    next: int


def _origin_of(url: str) -> str:
    """What stands before the path; as Chromium writes addresses, and so does `Url.origin`."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"
