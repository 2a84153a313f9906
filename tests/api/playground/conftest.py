"""One browser for all that people look at, and tabs that nothing may go wrong in."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.requirements import require

CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP gateway 127.0.0.1"),
]
# where pictures of the pages go, for a person to look at (`make screenshots`)
PICTURES = os.environ.get("PICTURES")


# of a module: while Playwright runs, no test can run an event loop
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require(CHROMIUM is not None, "chromium is missing: `make system` installs it on Debian as root")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens tabs with the options of `new_page`; an error in a tab's console fails the test."""
    tabs: list[Page] = []
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_one(url: str, **options: object) -> Page:
        tab = browser.new_page(**options)  # type: ignore[arg-type]
        tab.on("console", listen)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(url)
        tabs.append(tab)
        return tab

    yield open_one
    for tab in tabs:
        tab.close()
    assert not complaints
