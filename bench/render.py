"""Rendered pages: whole text, time, CPU, memory, ends; Playwright over the same browser beside it.

    python -m bench.render                        # needs a browser (apt install chromium-headless-shell)
    python -m bench.render --packages FOLDER/node_modules    # the apps of real frameworks too: bench/render_pages.py
    python -m bench.render --pages 300            # fewer go faster

CPU is that of the browser's processes, those that have ended included, and that of this process, which does what the
gateway does but serves its pages too: what the site costs is measured alone and taken off. Ours and Playwright's rounds
alternate, so that noise hits both alike.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from bench.figures import note
from bench.processes import family, proportional_mb
from bench.render_pages import APPS, SLOW, address, is_whole, put_pages
from fixtures.site import Site
from gateway.errors import GatewayError
from gateway.fetch.base import RenderRequest
from gateway.fetch.browser.browsers import Browsers
from gateway.fetch.browser.executable import command_line, find_browser
from gateway.fetch.browser.process import BrowserProcess
from gateway.fetch.browser.renderer import BrowserRenderer
from gateway.fetch.http.dns import ThreadResolver
from gateway.fetch.http.guard import Guard, Policy

ROUNDS, PAGES_A_ROUND = 5, 8
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_ms(pids: list[int]) -> float:
    """CPU of processes and of their children that have ended."""
    used = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used += sum(map(int, fields[11:15]))
    return 1e3 * used / _TICKS


def own_cpu_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return 1e3 * (used.ru_utime + used.ru_stime)


def memory_mb(pids: list[int]) -> float:
    held = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            held += proportional_mb(pid)
    return held


class Ours:
    """The renderer as the gateway builds it."""

    def __init__(self, target: str, executable: str, **options: float) -> None:
        policy = Policy(allow_targets=[target])
        command = command_line(executable)
        memory = int(options.pop("memory_bytes", 1024**3))
        self.browsers = Browsers(lambda: BrowserProcess(command, memory_bytes=memory))
        self.renderer = BrowserRenderer(
            browsers=self.browsers,
            backend=Guard(policy=policy, resolver=ThreadResolver()),
            policy=policy,
            concurrency=int(options.pop("concurrency", 4)),
            timeout_s=options.pop("timeout_s", 15),
        )

    @property
    def pids(self) -> list[int]:
        return [pid for keeper in self.browsers.keepers for pid in family(keeper)]

    async def get(self, url: str) -> str:
        return (await self.renderer.render(RenderRequest(url=url, timeout_s=60))).body.decode()

    async def close(self) -> None:
        await self.renderer.aclose()


async def complete(site: Site, ours: Ours, apps: list[str]) -> None:
    whole = 0
    print(f"\n{'page':16} {'whole':5} {'ms':>6}")
    for name in [*apps, *SLOW]:
        took = []
        for _ in range(3):
            began = time.perf_counter()
            html = await ours.get(address(site, name))
            took.append((time.perf_counter() - began) * 1e3)
        whole += is_whole(html)
        print(f"{name:16} {'yes' if is_whole(html) else 'NO':5} {statistics.median(took):6.0f}")
    note(frameworks=len(apps), pages=len(apps) + len(SLOW), whole=whole)
    if len(apps) < len(APPS):
        print(f"not installed: {', '.join(sorted(APPS.keys() - set(apps)))}")


class Spent:
    """Medians over rounds of what a page cost."""

    def __init__(self) -> None:
        self.browser, self.driver, self.own, self.wall = [], [], [], []  # type: ignore[var-annotated]

    def line(self, name: str) -> str:
        parts = [statistics.median(part) for part in (self.wall, self.browser, self.driver, self.own)]
        total = statistics.median(map(sum, zip(self.browser, self.driver, self.own, strict=True)))
        return f"{name:12} {parts[0]:8.0f} {parts[1]:9.0f} {parts[2]:8.0f} {parts[3]:8.1f} {total:8.0f}"


async def round_of(
    spent: Spent,
    get: Callable[[], Awaitable[object]],
    browser: Callable[[], list[int]],
    driver: Callable[[], list[int]],
) -> None:
    before = cpu_ms(browser()), cpu_ms(driver()), own_cpu_ms()
    for _ in range(PAGES_A_ROUND):
        began = time.perf_counter()
        await get()
        spent.wall.append((time.perf_counter() - began) * 1e3)
    after = cpu_ms(browser()), cpu_ms(driver()), own_cpu_ms()
    for part, start, end in zip((spent.browser, spent.driver, spent.own), before, after, strict=True):
        part.append((end - start) / PAGES_A_ROUND)


async def site_cost_ms(site: Site, paths: list[str]) -> float:
    """CPU of this process for serving the requests of one page, and of asking for them, which is part of it here."""
    before = own_cpu_ms()
    for _ in range(50):
        for path in paths:
            await site.answer(path, {})
    return (own_cpu_ms() - before) / 50


@contextlib.asynccontextmanager
async def playwright_pages(
    executable: str,
) -> AsyncIterator[tuple[Callable[[str], Awaitable[str]], Callable[[], list[int]]]]:
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


async def beside_playwright(site: Site, ours: Ours, executable: str, name: str) -> None:
    url = address(site, name)
    one, other = Spent(), Spent()
    print(f"\n{name}, one page at a time: medians of {ROUNDS} rounds of {PAGES_A_ROUND}")
    print(f"{'':12} {'wall ms':>8} {'browser':>9} {'driver':>8} {'python':>8} {'CPU ms':>8}")
    try:
        import playwright  # noqa: F401
    except ModuleNotFoundError:
        print("Playwright is not installed: pip install playwright")
        for _ in range(ROUNDS):
            await round_of(one, lambda: ours.get(url), lambda: ours.pids, list)
        print(one.line("ours"))
        return
    async with playwright_pages(executable) as (get, pids):

        def is_browser(pid: int) -> bool:
            with contextlib.suppress(OSError):
                return (
                    b"--type=" in (command := Path(f"/proc/{pid}/cmdline").read_bytes())
                    or b"--headless" in command
                )
            return False

        known = set(ours.pids)

        def theirs(browser: bool) -> list[int]:
            return [
                pid
                for pid in pids()
                if pid not in known and pid not in ours.pids and is_browser(pid) is browser
            ]

        await get(url)
        for _ in range(ROUNDS):
            await round_of(one, lambda: ours.get(url), lambda: ours.pids, list)
            await round_of(other, lambda: get(url), lambda: theirs(True), lambda: theirs(False))
    print(one.line("ours"))
    print(other.line("Playwright"))
    total = [statistics.median(map(sum, zip(s.browser, s.driver, s.own, strict=True))) for s in (one, other)]
    note(
        page={
            "browser_cpu_ms": statistics.median(one.browser),
            "own_cpu_ms": statistics.median(one.own),
            "playwright_browser_cpu_ms": statistics.median(other.browser),
            "playwright_own_cpu_ms": statistics.median(map(sum, zip(other.driver, other.own, strict=True))),
            "ratio": total[0] / total[1],
        }
    )
    print(f"ours / Playwright's CPU: {total[0] / total[1]:.2f}")


async def memory(site: Site, executable: str, name: str) -> None:
    ours = Ours(site.target, executable, concurrency=8)
    await ours.get(address(site, name))
    await asyncio.sleep(3)
    keeper = ours.browsers.keepers[0]
    idle_mb, keeper_mb = memory_mb(ours.pids), proportional_mb(keeper)
    print(f"\nidle: {idle_mb:.0f} MB PSS, the keeper's {keeper_mb:.0f} included")
    peak = 0.0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, memory_mb(ours.pids))
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(ours.get(address(site, name)) for _ in range(24)))
    watching.cancel()
    note(idle_mb=idle_mb, keeper_mb=keeper_mb, eight_mb=peak)
    print(f"eight pages at a time: peak {peak:.0f} MB PSS")
    await ours.close()


async def many(site: Site, executable: str, name: str, pages: int) -> None:
    ours = Ours(site.target, executable)
    marks: list[float] = []
    before = 0.0
    began = time.perf_counter()
    for batch in range(pages // 4):
        await asyncio.gather(*(ours.get(address(site, name)) for _ in range(4)))
        if batch == 0:
            before = cpu_ms(ours.pids)
        if batch % max(1, pages // 24) == pages // 24 - 1:
            await asyncio.sleep(1)
            marks.append(memory_mb(ours.pids))
    spent = (cpu_ms(ours.pids) - before) / (pages - 4)
    rate = pages / (time.perf_counter() - began)
    growth = 100 * (statistics.median(marks[-2:]) / statistics.median(marks[:2]) - 1)
    note(many={"pages": pages, "browser_cpu_ms": spent, "growth_percent": growth})
    print(
        f"\n{pages} pages, 4 at a time: {rate:.1f} pages/s, {spent:.0f} browser CPU-ms each, between batches "
        f"{', '.join(f'{mark:.0f}' for mark in marks)} MB: {growth:+.0f} %"
    )
    await ours.close()


async def hostile(site: Site, executable: str) -> None:
    print(f"\n{'page':6} {'ended as':14} {'ms past the deadline of 3 s':>28}")
    ends, late = {}, []
    ours = Ours(site.target, executable, timeout_s=3, memory_bytes=400 * 1024**2)
    await ours.get(address(site, "static"))
    for name in ("spin", "hang", "hog"):
        began = time.perf_counter()
        try:
            await ours.get(address(site, name))
            ended = "a page"
        except GatewayError as exc:
            ended = exc.code
        late_ms = (time.perf_counter() - began - 3) * 1e3
        next_one = is_whole(await ours.get(address(site, "static")))
        ends[name] = ended
        # a page over its memory ends before
        late += [late_ms] if name != "hog" else []
        print(f"{name:6} {ended:14} {late_ms:28.0f}   next page {'whole' if next_one else 'NOT WHOLE'}")
    await asyncio.sleep(0.5)
    zombies = sum(map(is_zombie, ours.pids))
    note(ends=ends, late_ms=[min(late), max(late)], zombies=zombies)
    print(f"zombies: {zombies}")
    await ours.close()


def is_zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    return False


def wait_for_ends(pids: list[int], within_s: float = 10) -> int:
    """How many of the processes are left when that time is up, or at once when none is."""
    deadline = time.monotonic() + within_s
    while (left := sum(Path(f"/proc/{pid}").exists() for pid in pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


KILLED = """
import asyncio, sys
from bench.render import Ours
async def main():
    ours = Ours(sys.argv[1], sys.argv[2])
    await ours.get(sys.argv[3])
    print(ours.browsers.keepers[0], flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def killed(site: Site, executable: str) -> None:
    command = [sys.executable, "-c", KILLED, site.target, executable, address(site, "static")]
    gateway = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, env=dict(os.environ))
    assert gateway.stdout is not None
    keeper = int(await gateway.stdout.readline())
    # the keeper itself ends when it has removed their files
    pids = family(keeper)[1:]
    gateway.kill()
    began = time.perf_counter()
    await gateway.wait()
    left = await asyncio.to_thread(wait_for_ends, pids)
    after_s = time.perf_counter() - began
    note(killed={"left": left, "after_s": after_s})
    print(f"\nkill -9 of the gateway: {left} of {len(pids)} processes left after {after_s:.2f} s")


async def undisturbed(site: Site, executable: str, name: str) -> None:
    """Scrapes of plain pages alone, and while four pages render."""
    import httpx2

    from gateway.settings import PREFIX

    page = f"{site.url}/pages/documentation-go-tutorial"
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "CACHE_DIR": folder,
            "ALLOW_TARGETS": site.target,
            "BROWSER": executable,
            "PORT": "0",
            "HOST": "127.0.0.1",
        }
        port = _free_port()
        settings["PORT"] = str(port)
        gateway = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway.cli.main",
            "serve",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **{PREFIX + key: value for key, value in settings.items()}},
        )
        try:
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:

                async def scrape(url: str, **options: object) -> float:
                    began = time.perf_counter()
                    answer = await client.post("/v1/scrape", json={"url": url, "max_age_s": 0, **options})
                    assert answer.status_code == 200, answer.text
                    return (time.perf_counter() - began) * 1e3

                for _ in range(100):
                    with contextlib.suppress(httpx2.TransportError):
                        await scrape(page)
                        break
                    await asyncio.sleep(0.1)
                stop = asyncio.Event()
                paused = asyncio.Event()

                async def render() -> None:
                    while not stop.is_set():
                        await paused.wait()
                        await scrape(address(site, name), render="always")

                renders = [asyncio.create_task(render()) for _ in range(4)]
                times: dict[bool, list[float]] = {False: [], True: []}
                for _ in range(6):
                    for busy in (False, True):
                        paused.set() if busy else paused.clear()
                        await asyncio.sleep(2.5)
                        for _ in range(40):
                            times[busy].append(await scrape(page, store=False))
                            await asyncio.sleep(0.05)
                stop.set()
                paused.set()
                await asyncio.gather(*renders)
        finally:
            gateway.terminate()
            await gateway.wait()
    p50 = {busy: statistics.median(took) for busy, took in times.items()}
    p95 = {busy: statistics.quantiles(took, n=20)[18] for busy, took in times.items()}
    note(plain_p95_ratio=p95[True] / p95[False])
    print(
        f"\nplain scrapes: alone p50 {p50[False]:.0f}, p95 {p95[False]:.0f} ms; while four pages render "
        f"p50 {p50[True]:.0f}, p95 {p95[True]:.0f} ms: p95 {p95[True] / p95[False]:.2f} ×"
    )


def _free_port() -> int:
    from fixtures.redis import free_port

    return free_port()


async def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.render", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--packages", type=Path, help="node_modules with the frameworks")
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument(
        "--only", choices=["complete", "playwright", "memory", "many", "hostile", "killed", "undisturbed"]
    )
    given = parser.parse_args()
    executable = find_browser("auto")
    if executable is None:
        raise SystemExit("no browser: apt install chromium-headless-shell")

    def wanted(name: str) -> bool:
        return given.only in (None, name)

    async with Site().serving() as site:
        apps = put_pages(site, given.packages)
        name = "react" if "react" in apps else "static"
        ours = Ours(site.target, executable)
        began = time.perf_counter()
        await ours.get(address(site, "static"))
        print(f"first page, the browser's start included: {(time.perf_counter() - began) * 1e3:.0f} ms")
        if wanted("complete"):
            await complete(site, ours, apps)
        if wanted("playwright"):
            await beside_playwright(site, ours, executable, name)
        await ours.close()
        if wanted("memory"):
            await memory(site, executable, name)
        if wanted("many"):
            await many(site, executable, name, given.pages)
        if wanted("hostile"):
            await hostile(site, executable)
        if wanted("killed"):
            await killed(site, executable)
        if wanted("undisturbed"):
            await undisturbed(site, executable, name)


if __name__ == "__main__":
    asyncio.run(main())
