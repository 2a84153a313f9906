"""Ready answers: the same as those made anew, and gone when their page is another one or too old."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fixtures.site import Answer, Site
from gateway.cache import open_cache
from gateway.cache.base import Cache
from gateway.cache.single_flight import SingleFlight
from gateway.fetch.http.guard import Policy
from gateway.scraping.cached_responses import CachedResponses
from gateway.scraping.pages import Pages
from gateway.scraping.response import to_response
from gateway.scraping.scraped_page import ScrapedPage
from gateway.scraping.scraper import Scraper
from gateway.wire import ScrapeRequest, ScrapeResponse, encode_json
from tests.inline import InlineWorkers
from tests.parts import make_fetcher, make_pool

pytestmark = pytest.mark.anyio


class Bench:
    """A scraper over a real site and a real cache, and the answers it has ready."""

    def __init__(self, scraper: Scraper, cache: Cache) -> None:
        self.scraper, self.cache = scraper, cache
        self.now_s, self.on_event = 0.0, list[ScrapedPage]()
        self.ready = self.make_ready()

    def make_ready(self, **options: Any) -> CachedResponses:
        return CachedResponses(self.cache, on_event=self.on_event.append, **options)

    async def ask(self, body: bytes, tenant: str = "") -> ScrapeResponse:
        """As the route does when nothing is ready."""
        prepared = await self.scraper.open(msgspec.json.decode(body, type=ScrapeRequest), tenant=tenant)
        page = await self.scraper.read(prepared)
        response = to_response(page)
        self.ready.keep(body, tenant=tenant, page=page, response=response)
        return response


@pytest.fixture
async def bench(site: Site, tmp_path: Path) -> AsyncIterator[Bench]:
    policy = Policy(allow_targets=[site.target])
    cache = open_cache(directory=tmp_path, size_bytes=10**8)
    workers = make_pool(workers=1, timeout_s=10, memory_bytes=2**30)
    await workers.start()
    fetcher = make_fetcher(policy=policy)
    pages = Pages(workers=InlineWorkers(), fetcher=fetcher, cache=cache, single_flight=SingleFlight(cache))
    yield Bench(Scraper(pages=pages, workers=workers, cache=cache, code="this"), cache)
    for part in (pages, workers, fetcher, cache):
        await part.aclose()


def page_of(site: Site, path: str, text: str = "Some words to read.", **headers: str) -> bytes:
    body = f"<html><body><p>{text}</p></body></html>".encode()
    site.extra[path] = Answer(200, {"content-type": "text/html", **headers}, body)
    return encode_json({"url": site.url + path})


async def test_ready_answer_differs_in_id_age_and_times_alone(bench: Bench, site: Site) -> None:
    body = encode_json(
        {
            "url": f"{site.url}/pages/documentation-go-tutorial",
            "include": ["structured", "chunks", "links", "images", "html"],
        }
    )
    assert (await bench.ask(body)).cache.status == "miss"
    assert bench.ready.find(body, tenant="") is None  # it came once
    made = await bench.ask(body)
    answer = bench.ready.find(body, tenant="")
    assert answer is not None
    sent = bench.ready.render(answer, took_ms=1.25)
    found = msgspec.json.decode(sent, type=ScrapeResponse)
    assert found.id != made.id and found.cache.age_s >= made.cache.age_s and found.timings.total_ms == 1.25
    assert msgspec.structs.replace(found, id=made.id, cache=made.cache, timings=made.timings) == made
    (on_event,) = bench.on_event
    assert (on_event.tokens, on_event.cache.status) == (made.tokens, "hit")


async def test_ready_answer_of_a_dialect_differs_in_its_id_alone(bench: Bench, site: Site) -> None:
    body = page_of(site, "/ready-dialect")
    await bench.ask(body)
    page = await bench.scraper.scrape(msgspec.json.decode(body, type=ScrapeRequest))
    encoded = b'{"text":"an \\"ID\\":\\"x","ID":"first","more":1}'

    def keep(opening: bytes) -> None:
        bench.ready.keep_encoded(body, tenant="", path="/v2", page=page, encoded=encoded, opening=opening)

    keep(b'"none":"')
    assert bench.ready.find(body, tenant="", path="/v2") is None
    keep(b'"ID":"')
    assert (
        bench.ready.find(body, tenant="") is None and bench.ready.find(body, tenant="t", path="/v2") is None
    )
    answer = bench.ready.find(body, tenant="", path="/v2")
    assert answer is not None
    sent = [msgspec.json.decode(bench.ready.render(answer, took_ms=1)) for _ in range(2)]
    assert sent[0]["ID"] != sent[1]["ID"] and "first" not in (sent[0]["ID"], sent[1]["ID"])
    assert {**sent[0], "ID": "first"} == msgspec.json.decode(encoded)


async def test_ready_answer_goes_with_its_page(bench: Bench, site: Site) -> None:
    body = page_of(site, "/ready-changes")
    await bench.ask(body)
    await bench.ask(body)
    assert bench.ready.find(body, tenant="")
    page_of(site, "/ready-changes", "Other words to read.")
    await bench.ask(encode_json({"url": f"{site.url}/ready-changes", "max_age_s": 0}))
    assert bench.ready.find(body, tenant="") is None
    assert "Other words" in (await bench.ask(body)).content
    assert bench.ready.find(body, tenant="")
    await bench.cache.clear()
    assert bench.ready.find(body, tenant="") is None


async def test_ready_answer_is_as_fresh_as_was_asked(bench: Bench, site: Site) -> None:
    body = page_of(site, "/ready-ages", **{"cache-control": "max-age=60"})
    now_s = 0.0
    bench.ready = bench.make_ready(now=lambda: now_s)
    await bench.ask(body)
    prepared = await bench.scraper.open(msgspec.json.decode(body, type=ScrapeRequest))
    now_s = prepared.page.entry.fetched_at + 30
    await bench.ask(body)
    assert bench.ready.find(body, tenant="")
    now_s += 31
    assert bench.ready.find(body, tenant="") is None


async def test_ready_answer_is_its_tenants(bench: Bench, site: Site) -> None:
    path = "/ready-tenant"
    page_of(site, path)
    body = encode_json({"url": site.url + path, "headers": {"accept-language": "de"}})
    await bench.ask(body, "alice")
    await bench.ask(body, "alice")
    assert bench.ready.find(body, tenant="alice")
    assert bench.ready.find(body, tenant="bob") is None


@pytest.mark.parametrize(
    "options",
    [{"store": False}, {"max_age_s": 0}, {"headers": {"cookie": "a=1"}}, {"headers": {"x-token": "a"}}],
)
async def test_what_may_not_come_from_the_cache_is_never_ready(
    bench: Bench, site: Site, options: dict[str, Any]
) -> None:
    path = "/ready-never"
    plain = page_of(site, path)
    if "headers" in options:
        await bench.ask(plain)  # what is kept of the page for everyone is not for this request
    body = encode_json({"url": site.url + path, **options})
    for _ in range(3):
        await bench.ask(body)
    assert bench.ready.find(body, tenant="") is None


async def test_supplied_html_is_never_ready(bench: Bench) -> None:
    body = encode_json({"html": "<p>Some words to read.</p>"})
    await bench.ask(body)
    await bench.ask(body)
    assert bench.ready.find(body, tenant="") is None


async def test_ready_answers_keep_to_their_size(bench: Bench, site: Site) -> None:
    bench.ready = bench.make_ready(size_bytes=20_000)
    bodies = [page_of(site, f"/ready-size-{n}", "Some words to read. " * 50) for n in range(12)]
    for body in bodies:
        await bench.ask(body)
        await bench.ask(body)
    kept = [bench.ready.find(body, tenant="") is not None for body in bodies]
    assert kept[-1] and not kept[0] and 2 <= sum(kept) < 12
    large = page_of(site, "/ready-large", "Some words to read. " * 2000)
    await bench.ask(large)
    await bench.ask(large)
    assert bench.ready.find(large, tenant="") is None
