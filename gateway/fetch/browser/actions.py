"""What a caller wants done in a page before it is read, in the input events that a person's hands would cause."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from msgspec import Struct

from gateway.errors import ActionFailed, InvalidRequest
from gateway.fetch.browser import scripts
from gateway.fetch.browser.page import ContextLost, Page
from gateway.fetch.browser.readiness import POLL_S, calm
from gateway.wire import Action, Click, Press, Scroll, Wait, Write

# how long an element to act on may take to come
_LOOK_FOR_S = 3.0
# in view while a page is scrolled through
_WINDOW_S = 0.05
_KEYS = {
    "Enter": 13,
    "Tab": 9,
    "Escape": 27,
    "Backspace": 8,
    "Delete": 46,
    "Space": 32,
    "Home": 36,
    "End": 35,
    "PageUp": 33,
    "PageDown": 34,
    "ArrowUp": 38,
    "ArrowDown": 40,
    "ArrowLeft": 37,
    "ArrowRight": 39,
}
_TYPED = {"Enter": "\r", "Space": " "}


class _Place(Struct, frozen=True):
    """Where an element is in the window; `x` is None where it has no size."""

    found: bool
    x: float | None = None
    y: float = 0


class _Way(Struct, frozen=True):
    """To the end of a page: where that is, 0 before it is known."""

    goal: float
    there: bool


async def act(page: Page, actions: list[Action], *, until: float) -> None:
    """Do one after the other.

    Args:
        until: `time.monotonic` at which there is no time left.
    Raises:
        ActionFailed: there is nothing to act on.
        InvalidRequest: a selector or a key is none.
    """
    for index, action in enumerate(actions):
        await _Step(page, index, until).do(action)


async def wait_for(page: Page, wanted: str | int, *, until: float) -> bool:
    """Wait for an element or for milliseconds; False when the time was up before.

    Raises:
        InvalidRequest: the selector is none.
    """
    if isinstance(wanted, int):
        left_s = until - time.monotonic()
        await asyncio.sleep(max(0.0, min(wanted / 1e3, left_s)))
        return wanted / 1e3 <= left_s
    return await _look_for(page, wanted, until=until, field="wait_for")


async def _look_for(page: Page, selector: str, *, until: float, field: str) -> bool:
    while True:
        try:
            found = await page.call(scripts.MATCHES, selector, kind=bool | None)  # type: ignore[arg-type]
        except ContextLost:
            found = False
        if found is None:
            raise InvalidRequest(f"`{field}`: {selector[:100]!r} is not a CSS selector", field=field)
        if found or time.monotonic() + POLL_S >= until:
            return found
        await asyncio.sleep(POLL_S)


class _Step:
    """One action at its place in the list."""

    def __init__(self, page: Page, index: int, until: float) -> None:
        self._page = page
        self._field = f"actions[{index}]"
        self._until = until

    async def do(self, action: Action) -> None:
        match action:
            case Wait(ms=int(ms)):
                await wait_for(self._page, ms, until=self._until)
            case Wait(selector=str(selector)):
                if not await _look_for(self._page, selector, until=self._until, field=self._field):
                    raise self._failed(selector)
            case Wait():
                await calm(self._page, until=self._until)
            case Scroll():
                await self._repeat(action.times, lambda: self._scroll(action.selector))
            case Click():
                await self._repeat(action.times, lambda: self._click(action.selector))
            case Write():
                if action.selector is not None:
                    await self._press_mouse(await self._place(action.selector))
                await self._send("Input.insertText", text=action.text)
            case Press():
                await self._press(action.key)

    async def _repeat(self, times: int, step: Callable[[], Awaitable[None]]) -> None:
        for turn in range(times):
            try:
                await step()
            except ActionFailed:
                if turn:
                    # as often as there was something to act on
                    return
                raise
            if time.monotonic() >= self._until:
                return

    async def _scroll(self, selector: str | None) -> None:
        if selector is None:
            await self._scroll_down()
        else:
            await self._place(selector)
        # what comes into view asks for more
        await asyncio.sleep(POLL_S)
        await calm(self._page, until=self._until)

    async def _scroll_down(self) -> None:
        """To where the page ends now, by windows: what is passed on the way comes into view too."""
        way = _Way(goal=0, there=False)
        while not way.there and time.monotonic() < self._until:
            way = await self._page.call(scripts.TOWARDS_THE_END, way.goal, kind=_Way)
            # a frame or two, in which it is noticed
            await asyncio.sleep(_WINDOW_S)

    async def _click(self, selector: str) -> None:
        await self._press_mouse(await self._place(selector))
        await calm(self._page, until=self._until)

    async def _place(self, selector: str) -> _Place:
        """Where an element is once it has been brought into view."""
        soon = min(self._until, time.monotonic() + _LOOK_FOR_S)
        if not await _look_for(self._page, selector, until=soon, field=self._field):
            raise self._failed(selector)
        place = await self._page.call(scripts.PLACE, selector, kind=_Place)
        if not place.found or place.x is None:
            raise self._failed(selector)
        return place

    async def _press_mouse(self, place: _Place) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            await self._send(
                "Input.dispatchMouseEvent", type=kind, x=place.x, y=place.y, button="left", clickCount=1
            )

    async def _press(self, key: str) -> None:
        code = _KEYS.get(key)
        if code is None and len(key) != 1:
            raise InvalidRequest(
                f"`{self._field}`: no key {key!r}; send a character or one of {', '.join(_KEYS)}",
                field="actions",
            )
        text = _TYPED.get(key, "" if code else key)
        about = {"key": " " if key == "Space" else key, "windowsVirtualKeyCode": code or ord(key.upper()[0])}
        typed = {"text": text} if text else {}
        await self._send("Input.dispatchKeyEvent", type="keyDown", **about, **typed)
        await self._send("Input.dispatchKeyEvent", type="keyUp", **about)
        await calm(self._page, until=self._until)

    async def _send(self, method: str, **params: object) -> None:
        await self._page.ask(method, params, kind=dict)

    def _failed(self, selector: str) -> ActionFailed:
        return ActionFailed(
            f"`{self._field}`: the page has nothing visible that {selector[:100]!r} matches",
            field=self._field,
        )
