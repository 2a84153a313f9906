"""What a page costs: ours, Playwright over the same browser, and the browser alone, whoever drives it.

Rounds of the three alternate, so that noise hits all alike. CPU is that of the browser's processes, those that have
ended included, of Playwright's driver, and of this process, which serves the pages too.
"""

import asyncio
import contextlib
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from msgspec import Struct

from bench.figures import note
from bench.processes import family
from bench.render_browser import Ours, cpu_ms, own_cpu_ms
from bench.render_pages import address
from fixtures.site import Site
from gateway.fetch.browser.cdp import CdpError
from gateway.fetch.browser.guard_proxy import GuardProxy

ROUNDS, PAGES_A_ROUND = 5, 8
Pids = Callable[[], list[int]]
# what is waited for, "" before it is there: the first paragraph
_FIRST_TEXT = "document.querySelector('p') ? document.documentElement.outerHTML : ''"


class Spent:
    """Medians over rounds of what a page cost.

    Args:
        get: renders one.
        browser, driver: the processes that take part.
    """

    def __init__(self, get: Callable[[], Awaitable[object]], browser: Pids, driver: Pids = list) -> None:
        self._get, self._groups = get, (browser, driver)
        self.wall: list[float] = []
        # of browser, driver, this process
        self.rounds: list[tuple[float, float, float]] = []

    async def round(self) -> None:
        before = self._now()
        for _ in range(PAGES_A_ROUND):
            began = time.perf_counter()
            await self._get()
            self.wall.append((time.perf_counter() - began) * 1e3)
        spent = [(end - start) / PAGES_A_ROUND for start, end in zip(before, self._now(), strict=True)]
        self.rounds.append((spent[0], spent[1], spent[2]))

    def _now(self) -> list[float]:
        return [*(cpu_ms(pids()) for pids in self._groups), own_cpu_ms()]

    @property
    def browser_ms(self) -> float:
        return statistics.median(spent[0] for spent in self.rounds)

    @property
    def outside_ms(self) -> float:
        """Of this process and the driver."""
        return statistics.median(spent[1] + spent[2] for spent in self.rounds)

    @property
    def total_ms(self) -> float:
        return statistics.median(map(sum, self.rounds))

    def line(self, name: str) -> str:
        driver = statistics.median(spent[1] for spent in self.rounds)
        own = statistics.median(spent[2] for spent in self.rounds)
        wall = statistics.median(self.wall)
        return f"{name:12} {wall:8.0f} {self.browser_ms:9.0f} {driver:8.0f} {own:8.1f} {self.total_ms:8.0f}"


class _Value(Struct, frozen=True):
    value: str = ""


class _Evaluated(Struct, frozen=True):
    result: _Value


async def bare(ours: Ours, url: str) -> None:
    """The browser alone: a fresh context, the page once it has text, its HTML; nothing guarded, blocked or followed."""
    unused = GuardProxy(backend=ours.backend, policy=ours.policy, max_bytes=0)
    async with (
        ours.browsers.lend() as lease,
        lease.contexts.open_page(url, proxy=unused, origin="", headers={}, shows_pictures=True) as page,
    ):
        await page.ask("Runtime.runIfWaitingForDebugger", kind=dict)
        html = ""
        while not html:
            await asyncio.sleep(0.02)
            # between the empty document and the page there is none to look at
            with contextlib.suppress(CdpError):
                given = {"expression": _FIRST_TEXT, "returnByValue": True}
                html = (await page.ask("Runtime.evaluate", given, kind=_Evaluated)).result.value


@contextlib.asynccontextmanager
async def playwright_pages(
    executable: str,
) -> AsyncIterator[tuple[Callable[[str], Awaitable[str]], Pids]]:
    """What gets a page in a context of its own, and the processes that takes."""
    from playwright.async_api import async_playwright

    before = set(family(os.getpid()))
    async with async_playwright() as driver:
        # as root no browser of Playwright's starts with its sandbox
        sandbox = {} if os.geteuid() else {"args": ["--no-sandbox"]}
        browser = await driver.chromium.launch(executable_path=executable, **sandbox)  # type: ignore[arg-type]

        async def get(url: str) -> str:
            context = await browser.new_context()
            page = await context.new_page()
            await page.route(
                "**/*",
                lambda route: (
                    route.abort()
                    if route.request.resource_type in ("image", "font", "media")
                    else route.continue_()
                ),
            )
            await page.goto(url, wait_until="domcontentloaded")
            await page.wait_for_selector("p")
            html = await page.content()
            await context.close()
            return html

        yield get, lambda: sorted(set(family(os.getpid())) - before)
        await browser.close()


async def beside_peers(site: Site, ours: Ours, executable: str, name: str) -> None:
    """Print and note what a page costs by each."""
    url = address(site, name)
    # of the same flags as ours, and another one, so that the processes of each are known
    alone = Ours(site.target, executable, proxied=False)
    rows = {
        "ours": Spent(lambda: ours.get(url), lambda: ours.pids),
        "browser": Spent(lambda: bare(alone, url), lambda: alone.pids),
    }
    print(f"\n{name}, one page at a time: medians of {ROUNDS} rounds of {PAGES_A_ROUND}")
    print(f"{'':12} {'wall ms':>8} {'browser':>9} {'driver':>8} {'python':>8} {'CPU ms':>8}")
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(alone.close)
        await bare(alone, url)
        try:
            get, pids = await stack.enter_async_context(playwright_pages(executable))
        except ModuleNotFoundError:
            print("Playwright is not installed: pip install playwright")
        else:

            def theirs(browser: bool) -> list[int]:
                others = {*ours.pids, *alone.pids}
                return [pid for pid in pids() if pid not in others and _is_browser(pid) is browser]

            rows["Playwright"] = Spent(lambda: get(url), lambda: theirs(True), lambda: theirs(False))
            await get(url)
        for _ in range(ROUNDS):
            for row in rows.values():
                await row.round()
    for title, row in rows.items():
        print(row.line(title))
    if peer := rows.get("Playwright"):
        one, floor = rows["ours"], rows["browser"]
        note(
            page={
                "browser_cpu_ms": one.browser_ms,
                "own_cpu_ms": one.outside_ms,
                "bare_browser_cpu_ms": floor.browser_ms,
                "playwright_browser_cpu_ms": peer.browser_ms,
                "playwright_own_cpu_ms": peer.outside_ms,
                "ratio": one.total_ms / peer.total_ms,
                "bare_ratio": floor.browser_ms / peer.total_ms,
            }
        )
        print(f"ours / Playwright's CPU: {one.total_ms / peer.total_ms:.2f}")


def _is_browser(pid: int) -> bool:
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"--type=" in command or b"--headless" in command
    return False
