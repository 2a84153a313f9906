"""What is read of a page: its document, shadow roots in their places, and the frames of its site behind it."""

import asyncio
from collections.abc import AsyncIterator

from msgspec import Struct

from gateway.fetch.browser import scripts
from gateway.fetch.browser.cdp import CdpError
from gateway.fetch.browser.page import ContextLost, Page

# of a document at a time: what is decoded between two turns of the event loop
PART_CHARACTERS = 512 * 1024
MAX_FRAMES = 10
# closed shadow roots within one another
_MAX_DEPTH = 5


class Document(Struct, frozen=True, kw_only=True):
    """A page as it stands: its address and its HTML; `html` is None where that is longer than asked for."""

    url: str
    html: str | None
    characters: int


class _Held(Struct, frozen=True):
    url: str
    length: int
    html: str
    # there are elements that may have a closed shadow root
    hosts: bool


class _Part(Struct, frozen=True):
    part: str
    next: int


class _FrameInfo(Struct, frozen=True):
    id: str
    url: str = ""


class _FrameTree(Struct, frozen=True, rename="camel"):
    frame: _FrameInfo
    child_frames: "list[_FrameTree]" = []


class _Tree(Struct, frozen=True, rename="camel"):
    frame_tree: _FrameTree


class _Root(Struct, frozen=True, rename="camel"):
    backend_node_id: int
    shadow_root_type: str = ""


class _Node(Struct, frozen=True, rename="camel"):
    local_name: str
    shadow_roots: list[_Root] = []

    @property
    def closed_root(self) -> int | None:
        closed = (root.backend_node_id for root in self.shadow_roots if root.shadow_root_type == "closed")
        return next(closed, None)


class _Described(Struct, frozen=True):
    node: _Node


class _Object(Struct, frozen=True, rename="camel"):
    object_id: str


class _Resolved(Struct, frozen=True):
    object: _Object


async def read_document(page: Page, *, max_characters: int) -> Document:
    """The document as HTML, with the frames of its site behind it.

    Raises:
        ContextLost: it has just given way to another.
    """
    bounds = (max_characters, PART_CHARACTERS)
    held = await page.call(scripts.READ, *bounds, kind=_Held)
    if held.hosts and (roots := await _closed_roots(page)):
        held = await page.call(scripts.READ, *bounds, objects=roots, kind=_Held)
    if held.length > max_characters:
        return Document(url=held.url, html=None, characters=held.length)
    html = held.html or await _in_parts(page, held.length)
    if page.record.has_frames:
        frames = [text async for text in _frames(page, max_characters - len(html))]
        head, end, tail = html.rpartition("</body>")
        html = "".join([head, *frames, end, tail]) if end else html + "".join(frames)
    return Document(url=held.url, html=html, characters=len(html))


async def _in_parts(page: Page, length: int) -> str:
    parts: list[str] = []
    start = 0
    while start < length:
        read = await page.call(scripts.READ_PART, start, PART_CHARACTERS, kind=_Part)
        parts.append(read.part)
        start = max(read.next, start + 1)
    return "".join(parts)


async def _closed_roots(page: Page) -> list[str]:
    """Closed shadow roots of custom elements, which no script can ask them for, as `objects` of `Page.call`.

    The browser tells of an element whether it has one. Elements of one name have them or have them not, so one of each
    is asked about first.
    """
    roots: list[str] = []
    try:
        for _ in range(_MAX_DEPTH):
            names = [node.local_name for node in await _hosts(page, None, roots) if node.closed_root]
            if not names:
                break
            found = [node.closed_root for node in await _hosts(page, names, roots)]
            world = await page.world()
            for node in filter(None, found):
                wanted = {"backendNodeId": node, "executionContextId": world}
                roots.append((await page.ask("DOM.resolveNode", wanted, kind=_Resolved)).object.object_id)
    except CdpError:
        # an element has gone meanwhile: what was found is there
        pass
    return roots


async def _hosts(page: Page, names: list[str] | None, roots: list[str]) -> list[_Node]:
    """Elements of these names, or one of each name, that may have a closed shadow root."""
    elements = await page.elements(scripts.HOSTS, names, objects=roots)
    asked = [page.ask("DOM.describeNode", {"objectId": each}, kind=_Described) for each in elements]
    return [each.node for each in await asyncio.gather(*asked)]


async def _frames(page: Page, left: int) -> AsyncIterator[str]:
    """What the frames say that Chromium has in the page's own process: those of its site."""
    tree = (await page.ask("Page.getFrameTree", kind=_Tree)).frame_tree
    waiting, seen = list(tree.child_frames), 0
    while waiting and seen < MAX_FRAMES:
        frame = waiting.pop(0)
        waiting += frame.child_frames
        seen += 1
        if not frame.frame.url.startswith(("http:", "https:", "about:srcdoc")):
            continue
        try:
            text = await page.call(scripts.READ_FRAME, left, frame=frame.frame.id, kind=str)
        except (ContextLost, CdpError):
            continue
        left -= len(text)
        if text:
            yield f"<section>{text}</section>"
