"""The browser that pages are opened in: started when one is needed, replaced when it is worn out, ended when idle."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from gateway.errors import RenderFailed, shutting_down
from gateway.fetch.browser.cdp import BrowserGone, Cdp, Version
from gateway.fetch.browser.contexts import Contexts
from gateway.primitives.breaker import Breaker

PAGES_A_BROWSER = 500
IDLE_S = 600.0
# after a browser that did not start
_AGAIN_S = 5.0
_log = logging.getLogger("winnow.browser")


class Browser(Protocol):
    """A browser of this machine or another one."""

    @property
    def memory_bytes(self) -> int:
        """Of all its processes, as last weighed; 0 where they are not ours."""

    @property
    def pid(self) -> int | None:
        """Of the process of ours that owns it."""

    async def start(self) -> tuple[Cdp, Version]:
        """Wait until it answers; raises BrowserGone when it does not."""

    async def aclose(self) -> None: ...


class Lease:
    """A browser that a page is open in."""

    def __init__(self, browser: Browser, cdp: Cdp, product: str) -> None:
        self.browser, self.cdp, self.product = browser, cdp, product
        self.contexts = Contexts(cdp)
        # opened so far
        self.pages = 0
        self.open = 0

    @property
    def is_well(self) -> bool:
        return self.cdp.ended is None


class Browsers:
    """Hands out the browser of this process. For one event loop.

    Args:
        launch: makes one, not yet started; raises OSError where it cannot.
        pages_a_browser: it is replaced after so many.
        idle_s: it is ended when no page was open for so long.
    """

    def __init__(
        self,
        launch: Callable[[], Browser],
        *,
        pages_a_browser: int = PAGES_A_BROWSER,
        idle_s: float = IDLE_S,
    ) -> None:
        self._launch = launch
        self._pages_a_browser = pages_a_browser
        self._idle_s = idle_s
        self._current: Lease | None = None
        # from their launch to their end
        self._all: set[Browser] = set()
        self._starting = asyncio.Lock()
        self._breaker = Breaker(cooldown_s=_AGAIN_S)
        self._idle: asyncio.TimerHandle | None = None
        self._endings: dict[Browser, asyncio.Task[None]] = {}
        self._closed = False

    @property
    def memory_bytes(self) -> int:
        """Of every browser that runs, as last weighed."""
        return sum(browser.memory_bytes for browser in self._all)

    @property
    def keepers(self) -> list[int]:
        """The processes that own them."""
        return [pid for browser in self._all if (pid := browser.pid) is not None]

    @contextlib.asynccontextmanager
    async def lend(self) -> AsyncIterator[Lease]:
        """The browser, for a page.

        Raises:
            RenderFailed: it does not start, or the gateway is shutting down.
        """
        lease = await self._take()
        lease.open += 1
        lease.pages += 1
        try:
            yield lease
        finally:
            lease.open -= 1
            if lease.pages >= self._pages_a_browser and lease is self._current:
                self._current = None
            if not lease.open and (lease is not self._current or not lease.is_well):
                self._end(lease.browser)
            if self._idle is not None:
                self._idle.cancel()
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._end_when_idle)

    def distrust(self, lease: Lease) -> None:
        """No further page is opened in this browser."""
        if lease is self._current:
            self._current = None

    async def aclose(self) -> None:
        """End every browser, also one that is starting: once it has."""
        self._closed = True
        async with self._starting:
            if self._idle is not None:
                self._idle.cancel()
            self._current = None
            for browser in self._all:
                self._end(browser)
            await asyncio.gather(*self._endings.values())

    async def _take(self) -> Lease:
        async with self._starting:
            if self._current is not None and self._current.is_well:
                return self._current
            if self._current is not None and not self._current.open:
                # it ended while no page was open; with one, the page's end takes it along
                self._end(self._current.browser)
                self._current = None
            if self._closed:
                raise shutting_down(RenderFailed)
            if not self._breaker.allows():
                raise RenderFailed(
                    f"the browser does not start: {self._breaker.fault}; it is tried again in "
                    f"{self._breaker.retry_in_s:.0f} s",
                    retry_after_s=self._breaker.retry_in_s,
                )
            self._current = lease = await self._start()
            return lease

    async def _start(self) -> Lease:
        try:
            browser = self._launch()
        except OSError as exc:
            self._breaker.failed(str(exc))
            raise RenderFailed(f"the browser does not start: {exc}") from exc
        self._all.add(browser)
        try:
            cdp, version = await browser.start()
        except BrowserGone as exc:
            self._end(browser)
            self._breaker.failed(str(exc))
            raise RenderFailed(f"the browser does not start: {exc}") from exc
        except BaseException:
            self._end(browser)
            raise
        self._breaker.worked()
        _log.info("a browser was started: %s", version.product)
        return Lease(browser, cdp, version.product)

    def _end_when_idle(self) -> None:
        lease = self._current
        if lease is not None and not lease.open:
            self._current = None
            self._end(lease.browser)

    def _end(self, browser: Browser) -> None:
        """In a task of its own: no caller that leaves stops it halfway."""

        async def end() -> None:
            try:
                await browser.aclose()
            except Exception:
                # the others are ended all the same
                _log.exception("a browser did not end as it should")
            finally:
                self._all.discard(browser)
                del self._endings[browser]

        if browser in self._all and browser not in self._endings:
            self._endings[browser] = asyncio.create_task(end())
