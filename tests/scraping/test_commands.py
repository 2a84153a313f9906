"""What a scrape costs the cache: every command of it counted, leases included."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.site import Answer, Site
from gateway.cache.base import Lease
from gateway.cache.disk import DiskCache
from gateway.cache.keys import namespace_of
from gateway.cache.single_flight import SingleFlight
from gateway.fetch.http.guard import Policy
from gateway.scraping.pages import Pages
from gateway.scraping.scraper import Scraper
from gateway.wire import ScrapeRequest
from tests.inline import InlineWorkers
from tests.parts import make_fetcher

pytestmark = pytest.mark.anyio

MOST = 8


class CountedLease:
    def __init__(self, lease: Lease, commands: list[str]) -> None:
        self.fence, self._lease, self._commands = lease.fence, lease, commands

    async def renew(self) -> bool:
        self._commands.append("renew")
        return await self._lease.renew()

    async def release(self) -> None:
        self._commands.append("release")
        await self._lease.release()


class CountedCache(DiskCache):
    """A real store that notes what it is asked."""

    commands: list[str]

    async def get_entry(self, key: str) -> Any:
        self.commands.append(f"get {namespace_of(key)}")
        return await super().get_entry(key)

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        self.commands.append(f"set {namespace_of(key)}")
        return await super().set(key, value, ttl_s=ttl_s, fence=fence)

    async def delete(self, key: str) -> None:
        self.commands.append(f"delete {namespace_of(key)}")
        await super().delete(key)

    async def lease(self, key: str, *, ttl_s: float) -> Lease | None:
        self.commands.append("lease")
        lease = await super().lease(key, ttl_s=ttl_s)
        return lease and CountedLease(lease, self.commands)


class Counted:
    def __init__(self, scraper: Scraper, cache: CountedCache) -> None:
        self.scraper, self.cache = scraper, cache

    async def scrape(self, url: str, **options: Any) -> tuple[str, list[str]]:
        """The cache's part in a scrape: what it is reported as, and its commands."""
        self.cache.commands = []
        response = await self.scraper.scrape(ScrapeRequest(url=url, **options))
        return response.cache.status, self.cache.commands


@pytest.fixture
async def counted(site: Site, tmp_path: Path) -> AsyncIterator[Counted]:
    cache = CountedCache(tmp_path, size_bytes=10**8, deadline_s=30)
    fetcher = make_fetcher(policy=Policy(allow_targets=[site.target]))
    pages = Pages(workers=InlineWorkers(), fetcher=fetcher, cache=cache, single_flight=SingleFlight(cache))
    yield Counted(Scraper(pages=pages, workers=InlineWorkers(), cache=cache, code="this"), cache)
    for part in (pages, fetcher, cache):
        await part.aclose()


def put(site: Site, path: str, text: str, **headers: str) -> str:
    body = f"<html><body><p>{text}</p></body></html>".encode()
    site.extra[path] = Answer(200, {"content-type": "text/html", **headers}, body)
    return site.url + path


async def test_miss_makes_few_commands(counted: Counted, site: Site) -> None:
    status, commands = await counted.scrape(put(site, "/counted", "Some words."))
    assert (status, len(commands)) == ("miss", MOST), commands
    # as it was before
    assert await counted.scrape(site.url + "/counted") == ("hit", ["get page", "get content"])
    _, other = await counted.scrape(site.url + "/counted", format="text")
    assert other == ["get page", "get content", "get snapshot", "get tokens", "set content"]


@pytest.mark.parametrize("text", ["Some words.", "Other words."], ids=["unchanged", "changed"])
@pytest.mark.parametrize("options", [{}, {"format": "text"}], ids=["same-options", "other-options"])
async def test_miss_of_a_page_that_was_known_makes_no_more(
    counted: Counted, site: Site, text: str, options: dict[str, Any]
) -> None:
    await counted.scrape(put(site, "/counted-again", "Some words."))
    url = put(site, "/counted-again", text)
    status, commands = await counted.scrape(url, max_age_s=0, **options)
    assert status == "miss" and len(commands) <= MOST, commands


async def test_miss_of_what_may_not_be_stored_makes_few_commands(counted: Counted, site: Site) -> None:
    url = put(site, "/counted-private", "Some words.", **{"cache-control": "no-store"})
    for _ in range(2):
        status, commands = await counted.scrape(url)
        assert status == "miss" and len(commands) <= MOST, commands


async def test_confirmed_page_makes_few_commands(counted: Counted, site: Site) -> None:
    url = f"{site.url}/pages/documentation-go-tutorial"
    await counted.scrape(url)
    status, commands = await counted.scrape(url, max_age_s=0, format="text")
    assert (status, len(commands)) == ("revalidated", MOST + 1), commands
