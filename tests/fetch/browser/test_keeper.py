"""A browser's life: started on need, replaced, ended; and gone when the gateway is, however that went."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest

from fixtures.site import Answer, Site
from gateway.errors import FetchTimeout, RenderFailed
from gateway.fetch.browser import process
from gateway.fetch.browser.browsers import Browsers
from gateway.fetch.browser.cdp import BrowserGone, Cdp, Version
from gateway.fetch.browser.executable import command_line, find_browser
from gateway.fetch.browser.keeper import PROFILE_PREFIX, UNPRIVILEGED_ID, remove_stale_profiles
from gateway.fetch.browser.process import BrowserProcess
from tests.fetch.browser.pages import SENTENCE, WRITE, rendering, script
from tests.fetch.browser.processes import command_of, processes_of
from tests.leaks import descriptors, eventually, is_running
from tests.requirements import require

pytestmark = pytest.mark.anyio
HTML = {"content-type": "text/html"}
PAGE = Answer(200, HTML, script(WRITE).encode())
SPIN = Answer(200, HTML, script("for (;;) {}").encode())


def profile_of(keeper: int) -> Path:
    """The folder of the browser that it owns."""
    words = command_of(processes_of(keeper)[0]).split("\0")
    return Path(next(word for word in words if word.startswith("--user-data-dir=")).partition("=")[2])


def is_there(path: Path) -> bool:
    return path.exists()


async def test_browser_is_started_on_need_and_leaves_nothing() -> None:
    open_before = descriptors()
    async with Site().serving() as site, rendering([site.target]) as at:
        site.extra["/"] = PAGE
        assert at.browsers.keepers == []
        assert SENTENCE.strip() in await at.text(site.url)
        (keeper,) = at.browsers.keepers
        running, profile = processes_of(keeper), profile_of(keeper)
        assert len(running) > 3 and is_there(profile) and profile.name.startswith(PROFILE_PREFIX)
    assert not is_running(keeper) and not any(map(is_running, running))
    assert not is_there(profile)
    await eventually(lambda: descriptors() <= open_before, within_s=10)


async def test_idle_browser_is_ended_and_the_next_page_starts_another() -> None:
    async with Site().serving() as site, rendering([site.target], browser_options={"idle_s": 0.3}) as at:
        site.extra["/"] = PAGE
        await at.get(site.url)
        (first,) = at.browsers.keepers
        await eventually(lambda: at.browsers.keepers == [] and not is_running(first), within_s=20)
        await at.get(site.url)
        assert at.browsers.keepers != [first]


async def test_worn_browser_is_replaced_while_its_pages_end() -> None:
    async with (
        Site().serving() as site,
        rendering([site.target], browser_options={"pages_a_browser": 2}) as at,
    ):
        site.extra["/"] = PAGE
        seen: set[int] = set()
        for _ in range(3):
            assert all(
                SENTENCE.strip() in page
                for page in await asyncio.gather(at.text(site.url), at.text(site.url))
            )
            seen |= set(at.browsers.keepers)
        await eventually(lambda: len(at.browsers.keepers) <= 1, within_s=20)
        assert len(seen) >= 2 or not at.browsers.keepers


@pytest.mark.slow
async def test_hundreds_of_pages_take_no_more_memory_than_a_few() -> None:
    async with Site().serving() as site, rendering([site.target]) as at:
        site.extra["/"] = PAGE
        held = []
        for _ in range(75):
            await asyncio.gather(*(at.get(site.url) for _ in range(4)))
            held.append(at.browsers.memory_bytes)
        assert max(held[-10:]) < 1.3 * max(held[5:15])


@pytest.mark.parametrize("victim", ["browser", "keeper", "renderer"])
async def test_killed_process_fails_its_pages_and_the_next_one_is_fine(victim: str) -> None:
    async with Site().serving() as site, rendering([site.target]) as at:
        site.extra["/"] = PAGE
        site.extra["/spin"] = SPIN
        await at.get(site.url)
        (keeper,) = at.browsers.keepers
        page = asyncio.create_task(at.get(site.url + "/spin"))
        await asyncio.sleep(0.7)
        running = processes_of(keeper)
        pid = keeper if victim == "keeper" else running[0]
        if victim == "renderer":
            pid = max(each for each in running if "--type=renderer" in command_of(each))
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(RenderFailed):
            await page
        assert SENTENCE.strip() in await at.text(site.url)
        if victim != "renderer":
            await eventually(lambda: not any(map(is_running, running)), within_s=5)


class KilledWhileItOpens:
    """A browser that is killed as it says that the first page is there, before anybody has heard it."""

    def __init__(self) -> None:
        self._browser = BrowserProcess(command_line(find_browser("auto") or ""), memory_bytes=1024**3)
        self.memory_bytes, self.pid = 0, self._browser.pid

    async def start(self) -> tuple[Cdp, Version]:
        cdp, version = await self._browser.start()
        received = cdp.received

        def kill(message: bytes) -> None:
            if b'"Target.attachedToTarget"' in message:
                os.kill(processes_of(self.pid)[0], signal.SIGKILL)
            else:
                received(message)

        cdp.received = kill  # type: ignore[method-assign]
        return cdp, version

    async def aclose(self) -> None:
        await self._browser.aclose()


async def test_browser_that_is_killed_while_a_page_opens_fails_it_at_once() -> None:
    async with Site().serving() as site:
        site.extra["/"] = PAGE
        async with rendering([site.target], launch=KilledWhileItOpens, timeout_s=60) as at:
            for _ in range(2):
                with pytest.raises(RenderFailed, match="browser ended"):
                    async with asyncio.timeout(20):
                        await at.get(site.url)


async def test_browser_that_hangs_gives_way_to_another() -> None:
    async with Site().serving() as site, rendering([site.target], timeout_s=4) as at:
        site.extra["/"] = PAGE
        await at.get(site.url)
        (keeper,) = at.browsers.keepers
        browser = processes_of(keeper)[0]
        os.kill(browser, signal.SIGSTOP)
        with pytest.raises((FetchTimeout, RenderFailed)):
            await at.get(site.url)
        assert SENTENCE.strip() in await at.text(site.url)
        await eventually(lambda: not is_running(browser), within_s=10)


async def test_browser_that_starts_while_all_are_ended_is_ended_too() -> None:
    async with Site().serving() as site:
        site.extra["/"] = PAGE
        async with rendering([site.target]) as at:
            page = asyncio.create_task(at.get(site.url))
            await eventually(lambda: len(at.browsers.keepers) == 1)
            (keeper,) = at.browsers.keepers
        assert not at.browsers.keepers
        assert not is_running(keeper)
        with pytest.raises(RenderFailed):
            await page
        with pytest.raises(RenderFailed, match="shutting down"):
            await at.get(site.url)


async def test_browser_whose_caller_leaves_while_it_starts_is_ended() -> None:
    async with Site().serving() as site, rendering([site.target]) as at:
        site.extra["/"] = PAGE
        page = asyncio.create_task(at.get(site.url))
        await eventually(lambda: len(at.browsers.keepers) == 1)
        (keeper,) = at.browsers.keepers
        page.cancel()
        await asyncio.wait([page])
        await eventually(lambda: not is_running(keeper) and not at.browsers.keepers, within_s=10)
        assert SENTENCE.strip() in await at.text(site.url)


class FailsToEnd:
    memory_bytes, pid = 0, 1

    async def start(self) -> tuple[Cdp, Version]:
        raise BrowserGone("it is not here")

    async def aclose(self) -> None:
        raise OSError("no")


async def test_browser_whose_end_fails_is_told_and_not_counted_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    browsers = Browsers(FailsToEnd)
    with pytest.raises(RenderFailed, match="not here"):
        async with browsers.lend():
            pass
    await browsers.aclose()
    assert not browsers.keepers
    assert "did not end" in caplog.text


async def test_keeper_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_END_TIMEOUT_S", 0.2)
    async with Site().serving() as site, rendering([site.target]) as at:
        site.extra["/"] = PAGE
        await at.get(site.url)
        (keeper,) = at.browsers.keepers
        running = processes_of(keeper)
        os.kill(keeper, signal.SIGSTOP)
    await eventually(lambda: not any(map(is_running, [keeper, *running])), within_s=5)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("exit 3", "ended without a word"),
        ("echo out of luck >&2; exit 3", "out of luck"),
        (
            r"""printf 'first\nout of \303\244 "luck" \\ \t\033 here' >&2; exit 3""",
            r'out of \ufffd\ufffd "luck" \\ \t\x1b here',
        ),
        ("echo 'FATAL: No usable sandbox!' >&2; exit 1", "BROWSER_SANDBOX=false"),
    ],
)
async def test_browser_that_does_not_start_says_why(lines: str, words: str) -> None:
    command = ["/bin/sh", "-c", lines]
    async with Site().serving() as site, rendering([site.target], command=command) as at:
        for message in (words, "tried again in"):
            with pytest.raises(RenderFailed, match=message):
                await at.get(site.url)


# a user namespace that allows no further ones: the browser's sandbox cannot start in it
NO_NAMESPACES = [
    *("unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c"),
    'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"',
    "sh",
]


async def test_browser_that_cannot_sandbox_its_pages_says_what_to_do() -> None:
    require(shutil.which("unshare") is not None, "unshare is not installed (util-linux)")
    browser = command_line(find_browser("auto") or "")
    async with Site().serving() as site, rendering([site.target], command=[*NO_NAMESPACES, *browser]) as at:
        site.extra["/"] = PAGE
        with pytest.raises(RenderFailed, match=r"sandbox does not start.*BROWSER_SANDBOX=false"):
            await at.get(site.url)
    unsafe = [*NO_NAMESPACES, *command_line(find_browser("auto") or "", sandbox=False)]
    async with Site().serving() as site, rendering([site.target], command=unsafe) as at:
        site.extra["/"] = PAGE
        assert SENTENCE.strip() in await at.text(site.url), "once it is said that it may run without"


async def test_browser_that_is_missing_is_a_typed_error() -> None:
    async with Site().serving() as site, rendering([site.target], command=["/nowhere/browser"]) as at:
        with pytest.raises(RenderFailed, match="nowhere"):
            await at.get(site.url)


GATEWAY = """
import asyncio, sys
from tests.fetch.browser.pages import rendering

async def main():
    async with rendering([sys.argv[1]]) as at:
        print(len(await at.text(sys.argv[2])), *at.browsers.keepers, flush=True)
        await at.get(sys.argv[2] + "spin")

asyncio.run(main())
"""


def start_gateway(site: Site, *before: str) -> "subprocess.Popen[str]":
    command = [*before, sys.executable, "-c", GATEWAY, site.target, site.url + "/"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def test_gateway_that_is_killed_leaves_no_browser() -> None:
    async with Site().serving() as site:
        site.extra["/"] = PAGE
        site.extra["/spin"] = SPIN
        gateway = start_gateway(site)
        assert gateway.stdout is not None
        with gateway.stdout:
            _, keeper = (await asyncio.to_thread(gateway.stdout.readline)).split()
        running = [int(keeper), *processes_of(int(keeper))]
        await asyncio.sleep(0.5)
        gateway.kill()
        await asyncio.to_thread(gateway.wait)
        killed_at = time.monotonic()
        await eventually(lambda: not any(map(is_running, running)), within_s=10)
        assert time.monotonic() - killed_at < 5


def facts_of(pids: Iterable[int], ask: Callable[[int], int]) -> set[int]:
    """What is true of the processes that are still there: a browser has some for a moment only."""
    facts = set()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            facts.add(ask(pid))
    return facts


@pytest.mark.parametrize(("own", "browsers"), [(0, 10), (15, 19)])
async def test_browser_yields_to_the_gateway_in_its_session(own: int, browsers: int) -> None:
    at_rest = os.getpriority(os.PRIO_PROCESS, 0)
    async with Site().serving() as site:
        site.extra["/"] = PAGE
        site.extra["/spin"] = SPIN
        gateway = start_gateway(site, "nice", "-n", str(own))
        assert gateway.stdout is not None
        with gateway.stdout:
            words, keeper = map(int, (await asyncio.to_thread(gateway.stdout.readline)).split())
        running = processes_of(keeper)
        assert words and len(running) > 3
        # where sessions share the CPU evenly, niceness counts within one only
        assert facts_of(running, os.getsid) == {os.getsid(gateway.pid)}
        assert facts_of(running, partial(os.getpriority, os.PRIO_PROCESS)) == {min(at_rest + browsers, 19)}
        # a terminal's Ctrl-C is for the gateway alone
        assert os.getpgid(gateway.pid) not in facts_of([keeper, *running], os.getpgid)
        gateway.kill()
        await asyncio.to_thread(gateway.wait)
        await eventually(lambda: not any(map(is_running, running)), within_s=10)


def leave_profile(target: Path) -> Path:
    """One with a file, a folder, and a link to a folder that is not its own."""
    stale = Path("/tmp") / f"{PROFILE_PREFIX}stale"
    (stale / "Default").mkdir(parents=True, exist_ok=True)
    (stale / "Default" / "Cookies").write_text("x")
    (stale / "link").unlink(missing_ok=True)
    (stale / "link").symlink_to(target)
    if os.geteuid() == 0:
        for each in (stale, stale / "Default", stale / "Default" / "Cookies"):
            os.chown(each, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
    return stale


async def test_profile_of_a_killed_keeper_is_removed_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    stale = leave_profile(tmp_path)
    async with Site().serving() as site, rendering([site.target]) as at:
        site.extra["/"] = PAGE
        await at.get(site.url)
        assert not is_there(stale) and is_there(tmp_path / "kept")


def test_keeper_loads_few_modules() -> None:
    """Each takes memory as long as the browser runs."""
    script = "import sys, gateway.fetch.browser.keeper; print(*sys.modules)"
    environ = {"PYTHONPATH": os.pathsep.join(sys.path)}
    loaded = subprocess.check_output([sys.executable, "-S", "-P", "-c", script], env=environ, text=True)
    assert not {"json", "pathlib", "re", "shutil", "socket", "subprocess"} & set(loaded.split())


def renderers_of(keepers: list[int]) -> list[int]:
    return [pid for keeper in keepers for pid in processes_of(keeper) if "--type=renderer" in command_of(pid)]


async def test_page_runs_in_a_sandbox_as_nobody_without_our_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_SECRET", "hunter2")
    async with Site().serving() as site, rendering([site.target]) as at:
        site.extra["/spin"] = SPIN
        page = asyncio.create_task(at.get(site.url + "/spin"))
        await eventually(lambda: renderers_of(at.browsers.keepers) != [])
        await asyncio.sleep(0.5)
        renderers = 0
        for pid in processes_of(at.browsers.keepers[0]):
            here = Path(f"/proc/{pid}")
            assert b"SOME_SECRET" not in (here / "environ").read_bytes()
            status = dict(
                line.split(":\t", 1) for line in (here / "status").read_text().splitlines() if ":\t" in line
            )
            if os.geteuid() == 0:
                assert "0" not in status["Uid"].split()
            if "--type=renderer" in (command := (here / "cmdline").read_text()):
                renderers += 1
                assert status["Seccomp"] == "2" and len(status["NSpid"].split()) > 1
            if "--type=gpu-process" in command:
                assert status["Seccomp"] == "2"
        assert renderers >= 1
        page.cancel()
        await asyncio.gather(page, return_exceptions=True)


@pytest.mark.parametrize(
    ("setting", "found"), [("off", False), ("/nowhere/browser", False), ("/bin/sh", True), ("auto", True)]
)
def test_setting_names_the_browser(setting: str, found: bool) -> None:
    assert (find_browser(setting) is not None) is found


@pytest.mark.parametrize("sandbox", [True, False])
def test_sandbox_is_given_up_only_when_that_is_said(sandbox: bool) -> None:
    assert ("--no-sandbox" in command_line("/bin/sh", sandbox=sandbox)) is not sandbox


async def test_a_link_that_is_called_like_a_profile_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("x")
    (tmp_path / f"{PROFILE_PREFIX}link").symlink_to(victim)
    os.mkfifo(tmp_path / f"{PROFILE_PREFIX}pipe")
    (tmp_path / f"{PROFILE_PREFIX}stale" / "Default").mkdir(parents=True)
    remove_stale_profiles()
    assert is_there(victim / "file")
    assert not is_there(tmp_path / f"{PROFILE_PREFIX}stale")
