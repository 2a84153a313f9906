"""What is kept of a page's content: found again by the code that made it, and by no other."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.site import Site
from gateway.cache import open_cache
from gateway.cache.single_flight import SingleFlight
from gateway.fetch.http.guard import Policy
from gateway.scraping.pages import Pages
from gateway.scraping.scraper import Scraper
from gateway.wire import ScrapeRequest
from gateway.workers.pool import WorkerPool
from tests.inline import InlineWorkers
from tests.parts import make_fetcher, make_pool

pytestmark = pytest.mark.anyio

MakeScraper = Callable[[str], Scraper]


class RecordingWorkers:
    """Real workers, and what they were asked."""

    def __init__(self, pool: WorkerPool) -> None:
        self.jobs: list[Any] = []
        self._pool = pool

    async def run(self, job: Any) -> Any:
        self.jobs.append(job)
        return await self._pool.run(job)


@contextlib.asynccontextmanager
async def scraping(site: Site, folder: Path) -> AsyncIterator[tuple[MakeScraper, RecordingWorkers]]:
    """Scrapers of any code over one cache."""
    cache = open_cache(directory=folder, size_bytes=10**8)
    pool = make_pool(workers=1, timeout_s=10, memory_bytes=2**30)
    await pool.start()
    fetcher = make_fetcher(policy=Policy(allow_targets=[site.target]))
    pages = Pages(workers=InlineWorkers(), fetcher=fetcher, cache=cache, single_flight=SingleFlight(cache))
    workers = RecordingWorkers(pool)
    yield lambda code: Scraper(pages=pages, workers=workers, cache=cache, code=code), workers
    for part in (pages, pool, fetcher, cache):
        await part.aclose()


async def test_content_is_made_anew_by_other_code_from_the_page_that_is_kept(
    site: Site, tmp_path: Path
) -> None:
    request = ScrapeRequest(url=f"{site.url}/pages/documentation-go-tutorial")
    async with scraping(site, tmp_path) as (scraper_of, workers):
        made = await scraper_of("old code").scrape(request)
        found = await scraper_of("old code").scrape(request)
        assert len(workers.jobs) == 1
        remade = await scraper_of("new code").scrape(request)
        refound = await scraper_of("new code").scrape(request)
        assert len(workers.jobs) == 2
    assert [page.cache.status for page in (made, found, remade, refound)] == ["miss", "hit", "hit", "hit"]
    assert {page.content for page in (found, remade, refound)} == {made.content}


@pytest.mark.parametrize(("later", "counts"), [("old code", False), ("new code", True)])
@pytest.mark.parametrize("tokenizer", ["o200k_base", "o200k_harmony"])
async def test_count_of_the_html_is_known_to_the_code_and_the_vocabulary_that_counted(
    site: Site, tmp_path: Path, later: str, counts: bool, tokenizer: str
) -> None:
    url = f"{site.url}/pages/documentation-go-tutorial"
    async with scraping(site, tmp_path) as (scraper_of, workers):
        first = await scraper_of("old code").scrape(ScrapeRequest(url=url))
        second = await scraper_of(later).scrape(ScrapeRequest(url=url, format="text", tokenizer=tokenizer))
        assert second.tokens.html == first.tokens.html
        assert [job.count_html for job in workers.jobs] == [True, counts]
