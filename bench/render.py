"""Rendered pages: whole text, time, CPU, memory, ends, what they reach; Playwright over the same browser beside it.

python -m bench.render                        # needs a browser (apt install chromium-headless-shell)
python -m bench.render --packages FOLDER/node_modules    # the apps of real frameworks too: bench/render_pages.py
python -m bench.render --pages 300            # fewer go faster
python -m bench.render --only playwright      # a part of it
"""

import argparse
import asyncio
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import note
from bench.processes import family, proportional_mb
from bench.render_browser import Ours, cpu_ms, memory_mb
from bench.render_pages import APPS, SLOW, address, is_whole, put_pages
from bench.render_peers import beside_peers
from fixtures.canary import canary, put_ways_out
from fixtures.site import Answer, Site
from gateway.errors import GatewayError
from gateway.fetch.browser.executable import find_browser


async def complete(site: Site, ours: Ours, apps: list[str]) -> None:
    whole, medians = 0, {}
    print(f"\n{'page':16} {'whole':5} {'ms':>6}")
    for name in [*apps, *SLOW]:
        took = []
        for _ in range(3):
            began = time.perf_counter()
            html = await ours.get(address(site, name))
            took.append((time.perf_counter() - began) * 1e3)
        whole += is_whole(html)
        medians[name] = statistics.median(took)
        print(f"{name:16} {'yes' if is_whole(html) else 'NO':5} {medians[name]:6.0f}")
    note(frameworks=len(apps), pages=len(apps) + len(SLOW), whole=whole, poller_ms=medians["poller"])
    if "react" in medians:
        note(react_ms=medians["react"])
    if len(apps) < len(APPS):
        print(f"not installed: {', '.join(sorted(APPS.keys() - set(apps)))}")


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


async def leaks(site: Site, executable: str) -> None:
    """A page that tries every way out known here, to a port that listens on TCP and UDP, v4 and v6."""
    ours = Ours(site.target, executable, timeout_s=60)
    async with canary() as bird:
        code = put_ways_out(site, bird.port)
        page = f"<p>Every way out</p><script>{code}</script>"
        site.extra["/leaks"] = Answer(200, {"content-type": "text/html"}, page.encode())
        fetched = await ours.get(f"{site.url}/leaks", wait_for="#tried")
        tried = 'id="tried"' in fetched
        hits = sum(bird.hits.values())
    note(leaks={"hits": hits, "tried": tried, "own_site_hits": site.hits["/to/127.0.0.1"]})
    print(f"\nhostile page: {hits} hits on the canary{'' if tried else ', but NOT EVERY WAY WAS TRIED'}")
    await ours.close()


async def hostile(site: Site, executable: str) -> None:
    print(f"\n{'page':6} {'ended as':14} {'ms past the deadline of 3 s':>28}")
    ends, late, whole = {}, [], 0
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
        whole += next_one
        # a page over its memory ends before
        late += [late_ms] if name != "hog" else []
        print(f"{name:6} {ended:14} {late_ms:28.0f}   next page {'whole' if next_one else 'NOT WHOLE'}")
    await asyncio.sleep(0.5)
    zombies = sum(map(is_zombie, ours.pids))
    note(ends=ends, late_ms=[min(late), max(late)], next_whole=whole, zombies=zombies)
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
    is_stale = await _leaves_a_profile(site, executable)
    note(killed={"left": left, "after_s": after_s, "profiles_left": int(is_stale)})
    print(f"\nkill -9 of the gateway: {left} of {len(pids)} processes left after {after_s:.2f} s")
    print(f"kill -9 of the keeper: its profile is {'THERE' if is_stale else 'gone'} after the next start")


def _profile_of(browser: int) -> Path:
    words = Path(f"/proc/{browser}/cmdline").read_text().split("\0")
    return Path(next(word for word in words if "--user-data-dir=" in word).partition("=")[2])


async def _leaves_a_profile(site: Site, executable: str) -> bool:
    """Whether the folder of a browser whose keeper was killed is there once another one has started."""
    ours = Ours(site.target, executable)
    await ours.get(address(site, "static"))
    (keeper,) = ours.browsers.keepers
    profile = _profile_of(family(keeper)[1])
    os.kill(keeper, signal.SIGKILL)
    await asyncio.sleep(0.5)
    await ours.get(address(site, "static"))
    is_there = await asyncio.to_thread(profile.exists)
    await ours.close()
    return is_there


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
        "--only",
        choices=["complete", "playwright", "memory", "many", "leaks", "hostile", "killed", "undisturbed"],
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
            await beside_peers(site, ours, executable, name)
        await ours.close()
        if wanted("memory"):
            await memory(site, executable, name)
        if wanted("many"):
            await many(site, executable, name, given.pages)
        if wanted("leaks"):
            await leaks(site, executable)
        if wanted("hostile"):
            await hostile(site, executable)
        if wanted("killed"):
            await killed(site, executable)
        if wanted("undisturbed"):
            await undisturbed(site, executable, name)


if __name__ == "__main__":
    asyncio.run(main())
