"""Pages in contexts of their own: nothing is shared between two of them, and nothing of one is left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from msgspec import Raw, Struct

from gateway.fetch.browser.cdp import BrowserGone, Cdp, CdpError, read
from gateway.fetch.browser.guard_proxy import GuardProxy
from gateway.fetch.browser.page import HEIGHT_PX, UNSEEN_HEIGHT_PX, WIDTH_PX, Page

CLOSE_TIMEOUT_S = 2.0


class _Context(Struct, frozen=True, rename="camel"):
    browser_context_id: str


class _Target(Struct, frozen=True, rename="camel"):
    target_id: str
    browser_context_id: str = ""


class _Attached(Struct, frozen=True, rename="camel"):
    session_id: str
    target_info: _Target


class Contexts:
    """The contexts of one browser. For one event loop.

    The browser holds every new page until somebody lets it run: the one that was asked for is handed out, those that
    pages open are closed before they load anything.
    """

    def __init__(self, cdp: Cdp) -> None:
        self._cdp = cdp
        # context -> its page, which comes once
        self._pages: dict[str, asyncio.Future[_Attached]] = {}
        cdp.listen("", self._take)
        shown = [{"type": "page"}, {"exclude": True}]
        held = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True, "filter": shown}
        cdp.post("Target.setAutoAttach", held)

    @contextlib.asynccontextmanager
    async def open_page(
        self, url: str, *, proxy: GuardProxy, origin: str, headers: dict[str, str], shows_pictures: bool
    ) -> AsyncIterator[Page]:
        """A page in a fresh context; both are gone at the end of the block, whatever the page is doing.

        Args:
            url: is asked for at `Page.load`.
            proxy: the page's way to the network; one that is not open leaves it to the browser's own.

        Raises:
            BrowserGone, CdpError: it cannot be opened.
        """
        cdp = self._cdp
        way = {"proxyServer": proxy.address, "proxyBypassList": "<-loopback>"}
        context = await cdp.ask(
            "Target.createBrowserContext",
            {"disposeOnDetach": True, **(way if proxy.is_open else {})},
            kind=_Context,
        )
        owner = {"browserContextId": context.browser_context_id}
        page: Page | None = None
        coming = self._pages[context.browser_context_id] = cdp.expect()
        try:
            cdp.post("Browser.setDownloadBehavior", {"behavior": "deny", **owner})
            cdp.post("Browser.grantPermissions", {"permissions": [], **owner})
            size = {"width": WIDTH_PX, "height": HEIGHT_PX if shows_pictures else UNSEEN_HEIGHT_PX}
            create = cdp.ask("Target.createTarget", {"url": url, **size, **owner}, kind=_Target)
            _, attached = await asyncio.gather(create, coming)
            page = Page(
                cdp,
                session=attached.session_id,
                frame=attached.target_info.target_id,
                proxy=proxy,
                origin=origin,
                headers=headers,
                shows_pictures=shows_pictures,
            )
            yield page
        finally:
            coming.cancel()
            if page is not None:
                page.close()
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await cdp.ask("Target.disposeBrowserContext", owner, kind=dict)
            except TimeoutError:
                # it is beyond help: whoever waits for it learns so, and the next page gets another one
                cdp.end("the browser does not answer")
            except (BrowserGone, CdpError):
                pass
            del self._pages[context.browser_context_id]

    def _take(self, method: str, params: Raw) -> None:
        if method != "Target.attachedToTarget":
            return
        attached = read(params, _Attached)
        target = attached.target_info
        coming = self._pages.get(target.browser_context_id)
        if coming is None:
            # somebody else's, in a browser that others use too
            self._cdp.post("Runtime.runIfWaitingForDebugger", session=attached.session_id)
            self._cdp.post("Target.detachFromTarget", {"sessionId": attached.session_id})
        elif coming.done():
            self._cdp.post("Target.closeTarget", {"targetId": target.target_id})
        else:
            coming.set_result(attached)
