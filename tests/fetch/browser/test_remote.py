"""A browser that runs elsewhere: a second one on loopback, with a port that it listens on."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fixtures.canary import canary
from fixtures.site import Answer, Site
from gateway.container import check_parts
from gateway.environment import child_environment
from gateway.errors import RenderFailed, UrlRefused
from gateway.fetch.base import NO_BROWSER
from gateway.fetch.browser.executable import find_browser
from gateway.fetch.browser.keeper import UNPRIVILEGED_ID
from gateway.fetch.browser.remote import RemoteBrowser
from gateway.settings import Settings, SettingsError
from tests.fetch.browser.pages import SENTENCE, WRITE, rendering, script
from tests.requirements import require, require_packages

pytestmark = pytest.mark.anyio
HTML = {"content-type": "text/html; charset=utf-8"}


@contextlib.asynccontextmanager
async def another_browser() -> AsyncIterator[str]:
    """The address of a browser that listens, as an operator would run one."""
    executable = find_browser("auto")
    require(executable is not None, NO_BROWSER)
    require_packages(["websockets"], extra="render")
    as_nobody = {"user": UNPRIVILEGED_ID, "group": UNPRIVILEGED_ID, "extra_groups": []}
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        if os.geteuid() == 0:
            os.chown(folder, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
        process = await asyncio.create_subprocess_exec(
            str(executable),
            *("--headless", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={folder}"),
            stderr=asyncio.subprocess.PIPE,
            env=child_environment(os.environ, HOME=folder),
            **(as_nobody if os.geteuid() == 0 else {}),  # type: ignore[arg-type]
        )
        assert process.stderr is not None
        try:
            async with asyncio.timeout(30):
                while "DevTools listening on " not in (line := (await process.stderr.readline()).decode()):
                    assert line, "it did not start"
            yield line.split()[-1]
        finally:
            process.kill()
            await process.wait()


async def test_remote_browser_renders_behind_the_same_guard() -> None:
    async with another_browser() as address, Site().serving() as site, canary() as bird:
        site.extra["/"] = Answer(
            200, HTML, script(f"{WRITE}; fetch('http://127.0.0.1:{bird.port}/')").encode()
        )
        plain = "http://" + address.split("/")[2]
        for named in (address, plain):
            async with rendering([site.target], launch=lambda named=named: RemoteBrowser(named)) as at:  # type: ignore[misc]
                assert SENTENCE.strip() in await at.text(site.url)
                assert at.browsers.keepers == []
                with pytest.raises(UrlRefused):
                    await at.get(f"http://127.0.0.1:{bird.port}/")
        assert dict(bird.hits) == {}
        async with rendering([site.target], launch=lambda: RemoteBrowser(address), own_network=True) as at:
            assert SENTENCE.strip() in await at.text(site.url)
        assert bird.hits["tcp"] > 0, "as its operator has said"


async def test_two_gateways_share_a_remote_browser_and_neither_holds_the_others_pages() -> None:
    async with another_browser() as address, Site().serving() as site:
        site.extra["/"] = Answer(
            200, HTML, script(WRITE, body="<img src=/x.png><div id=root></div>").encode()
        )
        launch = lambda: RemoteBrowser(address)  # noqa: E731
        async with (
            rendering([site.target], launch=launch) as one,
            rendering([site.target], launch=launch) as two,
        ):
            pages = await asyncio.gather(*(at.text(site.url) for at in (one, two, one, two)))
        assert all(SENTENCE.strip() in page for page in pages)
        assert site.hits["/x.png"] == 0, "a page waits for the gateway it belongs to"


async def test_remote_browser_that_leaves_or_never_was_is_a_typed_error() -> None:
    async with Site().serving() as site:
        site.extra["/"] = Answer(200, HTML, script("for (;;) {}").encode())
        async with another_browser() as address:
            at_once = rendering([site.target], launch=lambda: RemoteBrowser(address))
            at = await at_once.__aenter__()
            page = asyncio.create_task(at.get(site.url))
            await asyncio.sleep(1)
        with pytest.raises(RenderFailed, match="connection to the browser was lost"):
            await page
        with pytest.raises(RenderFailed, match="cannot be reached") as caught:
            await at.get(site.url)
        assert address not in str(caught.value)
        await at_once.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"browser_url": "ws://10.0.0.7:9222/devtools/browser/x?token=secret"}, "BROWSER_OWN_NETWORK"),
        ({"browser_url": "ftp://127.0.0.1"}, "not an address such as"),
        ({"browser_url": "nonsense"}, "not an address such as"),
        ({"browser": "/nowhere/browser"}, "cannot be run"),
    ],
)
def test_browser_that_is_named_wrongly_is_refused_at_the_start(
    given: dict[str, str], words: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        check_parts(Settings(cache_dir=str(tmp_path), **given), {})  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)
