"""The playground's tab for sites: a crawl started, watched, read, cancelled and kept, in a real browser."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from fixtures.site import Answer, Site, running_site
from tests.api.playground.test_playground import asked_in_python, copied
from tests.service import running_gateway

WORDS = " ".join(f"Sentence number {n} of the page has a few words." for n in range(30))
WIDTHS = [390, 1280]


@pytest.fixture(scope="module")
def pages() -> Iterator[Site]:
    with running_site({}) as site:

        def add(path: str, title: str, *links: str) -> None:
            anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
            text = f"<title>{title}</title><article><h1>{title}</h1><p>{WORDS}</p><p>{anchors}</p></article>"
            site.extra[path] = Answer(200, {"content-type": "text/html"}, text.encode())

        for width in WIDTHS:
            # the other width's pages would be in the cache
            links = (f"/a?{width}", f"/held/{width}/b", "/missing")
            add(f"/{width}", "A guide to kettles &amp; &lt;b&gt;cups&lt;/b&gt;", *links)
            add(f"/a?{width}", "A page whose title is longer than a list of pages has room for " * 2)
        add("/b", "Cups")
        add("/endless", "Endless", *(f"/held/never/{n}/b" for n in range(3)))
        site.extra["/missing"] = Answer(404, {}, b"")
        yield site


@pytest.fixture(scope="module")
def gateway(pages: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_gateway(tmp_path_factory.mktemp("site"), allow_targets=[pages.target]) as url:
        yield url


@pytest.fixture(params=WIDTHS)
def tab(browser: Browser, gateway: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": request.param, "height": 800}, accept_downloads=True)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if "Content Security" in m.text else None)
    page.goto(gateway + "/")
    page.click("#tab-site")
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") <= request.param
    page.close()
    assert not complaints


def test_site_is_crawled_watched_and_kept(tab: Page, pages: Site, tmp_path: Path) -> None:
    assert tab.viewport_size
    width = str(tab.viewport_size["width"])
    tab.fill("#url", f"{pages.url}/{width}")
    tab.fill("#crawl [name=limit]", "10")
    tab.click("#crawling")
    # what has come is there to read while another page is not
    tab.wait_for_function("() => document.querySelectorAll('#pages li').length === 3", timeout=60_000)
    assert tab.is_visible("#cancel") and tab.is_disabled("#crawling")
    assert tab.locator("#pages b").count() == 0
    tab.click("#pages button:has-text('A guide to kettles & <b>cups</b>')")
    assert tab.inner_text("#shown").startswith("# A guide to kettles")
    tab.click("#pages button.problem")
    assert tab.inner_text("#shown").startswith("origin_status: ")
    pages.released.add(width)
    tab.wait_for_selector("#crawl-status.well", timeout=60_000)
    assert tab.inner_text("#crawl-status").startswith("Done: 4 of 4 pages, 1 failed, ")
    # the state may be read before the last result is
    tab.wait_for_selector("#cancel", state="hidden")

    with tab.expect_download() as lines:
        tab.click("#save-lines")
    lines.value.save_as(tmp_path / "pages.jsonl")
    read = [json.loads(line) for line in (tmp_path / "pages.jsonl").read_text().splitlines()]
    assert sorted(line["seq"] for line in read) == [1, 2, 3, 4]
    with tab.expect_download() as markdown:
        tab.click("#save-markdown")
    markdown.value.save_as(tmp_path / "pages.md")
    text = (tmp_path / "pages.md").read_text()
    assert text.count("<!-- http") == 3 and "# Cups" in text


def test_crawl_is_cancelled(tab: Page, pages: Site) -> None:
    tab.fill("#url", pages.url + "/endless")
    tab.click("#crawling")
    tab.wait_for_selector("#pages li", timeout=60_000)
    tab.click("#cancel")
    tab.wait_for_function("() => document.getElementById('crawl-status').innerText.startsWith('Cancelled')")
    # its results end within half a second
    tab.wait_for_selector("#crawling:enabled")


def test_crawl_that_cannot_begin_says_why(tab: Page) -> None:
    tab.click("#crawling")
    assert "fill it in above" in tab.inner_text("#crawl-status")
    tab.fill("#url", "https://a.test/")
    tab.fill("#crawl [name=include]", "(")
    tab.click("#crawling")
    tab.wait_for_selector("#crawl-status.problem")
    assert tab.inner_text("#crawl-status").startswith("invalid_request: ")


def test_crawl_is_copied_as_it_is_sent(tab: Page) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.fill("#url", "https://a.test/")
    tab.fill("#crawl [name=limit]", "7")
    tab.fill("#crawl [name=exclude]", "/tag/")
    wanted = {"url": "https://a.test/", "limit": 7, "exclude": ["/tag/"]}
    tab.click("#copy-box summary")
    words = shlex.split(copied(tab, "curl"))
    assert json.loads(words[words.index("-d") + 1]) == wanted
    assert asked_in_python(copied(tab, "python"), "crawl") == wanted
