"""Pages that need their scripts: rendered where a renderer is there, kept as what they are, given to whom it may be."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fixtures.site import Answer, Site
from gateway.cache.disk import DiskCache
from gateway.cache.single_flight import SingleFlight
from gateway.errors import FetchError, InvalidRequest
from gateway.fetch.base import Fetched, FetchRequest
from gateway.fetch.http.client import HttpFetcher
from gateway.fetch.http.guard import Policy
from gateway.scraping.pages import Pages
from gateway.scraping.scraped_page import ScrapedPage
from gateway.scraping.scraper import Scraper
from gateway.wire import ScrapeRequest
from tests.inline import InlineWorkers
from tests.parts import make_fetcher

pytestmark = pytest.mark.anyio

SHELL = "<title>App</title><div id=root></div><script src=/main.js></script>"
ARTICLE = f"<title>App</title><article><p>{'The words that the script has written. ' * 10}</p></article>"


class SecondAddress:
    """A renderer whose pages stand, as they are after their scripts, at another address of the same site."""

    name = "second-address"

    def __init__(self, fetcher: HttpFetcher) -> None:
        self.fetcher = fetcher
        self.asked: list[FetchRequest] = []

    async def render(self, request: FetchRequest) -> Fetched:
        self.asked.append(request)
        there = msgspec.structs.replace(request, url=f"{request.url.partition('#')[0]}-rendered")
        fetched = await self.fetcher.fetch(there)
        if fetched.status != 200:
            raise FetchError("the page crashed")
        return msgspec.structs.replace(fetched, url=request.url, final_url=request.url)

    async def probe(self) -> str:
        return self.name

    async def aclose(self) -> None:
        pass


class Stack:
    def __init__(self, site: Site, scraper: Scraper, pages: Pages, renderer: SecondAddress) -> None:
        self.site, self.scraper, self.pages, self.renderer = site, scraper, pages, renderer

    def put(self, path: str, html: str, **headers: str) -> str:
        self.site.extra[path] = Answer(200, {"content-type": "text/html", **headers}, html.encode())
        return self.site.url + path

    def put_app(self, path: str, **headers: str) -> str:
        self.put(f"{path}-rendered", ARTICLE, **headers)
        return self.put(path, SHELL, etag='"shell"')

    async def scrape(self, url: str, **options: Any) -> ScrapedPage:
        return await self.scraper.scrape(ScrapeRequest(url=url, **options))


@contextlib.asynccontextmanager
async def stack(site: Site, folder: Path, *, renders: bool = True) -> AsyncIterator[Stack]:
    cache = DiskCache(folder, size_bytes=10**8, deadline_s=30)
    fetcher = make_fetcher(policy=Policy(allow_targets=[site.target]))
    renderer = SecondAddress(fetcher)
    pages = Pages(
        workers=InlineWorkers(),
        fetcher=fetcher,
        renderer=renderer if renders else None,
        cache=cache,
        single_flight=SingleFlight(cache),
    )
    yield Stack(
        site, Scraper(pages=pages, workers=InlineWorkers(), cache=cache, code="this"), pages, renderer
    )
    for part in (pages, fetcher, cache):
        await part.aclose()


def codes(page: ScrapedPage) -> list[str]:
    """What warns of the page as a whole."""
    return [notice.code for notice in page.warnings if notice.code != "low_confidence"]


async def test_shell_is_rendered_once_and_kept_as_a_page_of_its_own(site: Site, tmp_path: Path) -> None:
    async with stack(site, tmp_path) as at:
        url = at.put_app("/app")
        made, found = await at.scrape(url), await at.scrape(url)
        assert "the script has written" in made.content and found.content == made.content
        assert [page.cache.status for page in (made, found)] == ["miss", "hit"]
        assert (codes(made), len(at.renderer.asked)) == ([], 1)
        assert (await at.scrape(url, format="text")).cache.status == "hit" and len(at.renderer.asked) == 1

        kept = await at.pages.open(ScrapeRequest(url=url), rendered=True)
        plain = await at.pages.open(ScrapeRequest(url=url))
        assert kept.entry.rendering and kept.entry.rendering.engine == "second-address"
        assert plain.entry.rendering is None


async def test_rendered_page_is_never_given_to_who_wants_none(site: Site, tmp_path: Path) -> None:
    async with stack(site, tmp_path) as at:
        url = at.put_app("/app-never")
        await at.scrape(url)
        never = await at.scrape(url, render="never")
        assert (never.content.strip(), codes(never)) == ("", ["js_shell"])
        assert (await at.scrape(url)).content, "and the other way round"


async def test_rendered_page_is_not_confirmed_by_the_shells_validators(site: Site, tmp_path: Path) -> None:
    async with stack(site, tmp_path) as at:
        url = at.put_app("/app-etag", etag='"article"')
        await at.scrape(url)
        again = await at.scrape(url, max_age_s=0)
        assert again.cache.status == "miss" and len(at.renderer.asked) == 2
        assert [(each.etag, each.last_modified) for each in at.renderer.asked] == [(None, None)] * 2


async def test_page_that_needs_no_scripts_is_rendered_only_when_always_is_asked(
    site: Site, tmp_path: Path
) -> None:
    async with stack(site, tmp_path) as at:
        at.put("/article-rendered", ARTICLE.replace("written", "rewritten"))
        url = at.put("/article", ARTICLE)
        assert "has written" in (await at.scrape(url)).content and not at.renderer.asked
        always = await at.scrape(url, render="always")
        assert "has rewritten" in always.content and len(at.renderer.asked) == 1
        assert (await at.scrape(url, render="always")).cache.status == "hit"


async def test_routes_behind_the_hash_are_pages_of_their_own_once_rendered(
    site: Site, tmp_path: Path
) -> None:
    async with stack(site, tmp_path) as at:
        url = at.put_app("/app-routed")
        pages = [await at.scrape(url + route) for route in ("#/one", "#/two", "#/one")]
        assert [page.cache.status for page in pages] == ["miss", "miss", "hit"]
        assert [each.url for each in at.renderer.asked] == [f"{url}#/one", f"{url}#/two"]
        assert site.hits["/app-routed"] == 1, "as it is sent, it is one page"


async def test_rendered_page_that_may_not_be_stored_is_not(site: Site, tmp_path: Path) -> None:
    async with stack(site, tmp_path) as at:
        url = at.put_app("/app-private", **{"cache-control": "no-store"})
        for asked in (1, 2):
            page = await at.scrape(url)
            assert (page.cache.not_stored, len(at.renderer.asked)) == ("no-store", asked)


async def test_shell_that_cannot_be_rendered_is_given_with_a_warning(site: Site, tmp_path: Path) -> None:
    async with stack(site, tmp_path) as at:
        page = await at.scrape(at.put("/app-crash", SHELL))
        assert codes(page) == ["js_shell", "render_failed"]
        with pytest.raises(FetchError, match="crashed"):
            await at.scrape(at.put("/app-crash", SHELL), render="always")


async def test_cursor_continues_the_rendered_page(site: Site, tmp_path: Path) -> None:
    async with stack(site, tmp_path) as at:
        url = at.put("/app-long", SHELL)
        paragraphs = "".join(f"<p>Paragraph {number} of the words written.</p>" for number in range(40))
        at.put("/app-long-rendered", f"<article>{paragraphs}</article>")
        first = await at.scrape(url, max_tokens=100)
        second = await at.scrape(url, max_tokens=100, cursor=first.next_cursor)
        assert "Paragraph 0 " in first.content and second.content.startswith("Paragraph ")
        assert len(at.renderer.asked) == 1


async def test_without_a_renderer_a_shell_is_what_it_was_and_always_is_refused(
    site: Site, tmp_path: Path
) -> None:
    async with stack(site, tmp_path, renders=False) as at:
        url = at.put_app("/app-static")
        assert codes(await at.scrape(url)) == ["js_shell"]
        with pytest.raises(InvalidRequest, match="this gateway has none"):
            await at.scrape(url, render="always")


async def test_html_that_came_in_the_request_is_not_rendered(site: Site, tmp_path: Path) -> None:
    async with stack(site, tmp_path) as at:
        page = await at.scraper.scrape(ScrapeRequest(html=SHELL, url=site.url))
        assert codes(page) == ["js_shell"] and not at.renderer.asked
        with pytest.raises(InvalidRequest, match="taken as it is"):
            await at.scraper.scrape(ScrapeRequest(html=SHELL, render="always"))
