"""Pages in contexts of their own: nothing is shared between two of them, and nothing of one is left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from msgspec import Raw, Struct

from gateway.fetch.browser.cdp import BrowserGone, Cdp, CdpError, read
from gateway.fetch.browser.guard_proxy import GuardProxy
from gateway.fetch.browser.page import HEIGHT_PX, WIDTH_PX, Page

CLOSE_TIMEOUT_S = 2.0


class _Context(Struct, frozen=True, rename="camel"):
    browser_context_id: str


class _Target(Struct, frozen=True, rename="camel"):
    target_id: str


class _Session(Struct, frozen=True, rename="camel"):
    session_id: str


class _TargetInfo(Struct, frozen=True, rename="camel"):
    target_id: str
    type: str = ""
    opener_id: str = ""


class _TargetCreated(Struct, frozen=True, rename="camel"):
    target_info: _TargetInfo


def close_windows(cdp: Cdp) -> None:
    """Close every window that a page opens, from now on."""

    def take(method: str, params: Raw) -> None:
        if method != "Target.targetCreated":
            return
        made = read(params, _TargetCreated).target_info
        if made.opener_id:
            cdp.post("Target.closeTarget", {"targetId": made.target_id})

    cdp.listen("", take)
    shown = [{"type": "page"}, {"exclude": True}]
    cdp.post("Target.setDiscoverTargets", {"discover": True, "filter": shown})


@contextlib.asynccontextmanager
async def open_page(
    cdp: Cdp, proxy: GuardProxy, *, origin: str, headers: dict[str, str], shows_pictures: bool
) -> AsyncIterator[Page]:
    """A page in a fresh context; both are gone at the end of the block, whatever the page is doing.

    Args:
        proxy: the page's way to the network; one that is not open leaves it to the browser's own.

    Raises:
        BrowserGone, CdpError: it cannot be opened.
    """
    way = {"proxyServer": f"http://127.0.0.1:{proxy.port}", "proxyBypassList": "<-loopback>"}
    context = await cdp.ask(
        "Target.createBrowserContext",
        {"disposeOnDetach": True, **(way if proxy.is_open else {})},
        kind=_Context,
    )
    owner = {"browserContextId": context.browser_context_id}
    page: Page | None = None
    try:
        cdp.post("Browser.setDownloadBehavior", {"behavior": "deny", **owner})
        cdp.post("Browser.grantPermissions", {"permissions": [], **owner})
        target = await cdp.ask(
            "Target.createTarget",
            {"url": "about:blank", "width": WIDTH_PX, "height": HEIGHT_PX, **owner},
            kind=_Target,
        )
        session = await cdp.ask(
            "Target.attachToTarget", {"targetId": target.target_id, "flatten": True}, kind=_Session
        )
        page = Page(
            cdp,
            session=session.session_id,
            frame=target.target_id,
            proxy=proxy,
            origin=origin,
            headers=headers,
            shows_pictures=shows_pictures,
        )
        await page.prepare()
        yield page
    finally:
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
