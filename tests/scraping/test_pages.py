"""Pages and their cache: who may be told what, what may be kept, who waits for whom, and for how long."""

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from gateway.cache.base import NOT_TAKEN, Lease
from gateway.cache.disk import DiskCache
from gateway.cache.single_flight import SingleFlight
from gateway.errors import FetchTimeout
from gateway.fetch.base import Fetched, FetchRequest
from gateway.scraping.page import PageEntry, find_cache_target
from gateway.scraping.pages import Pages
from gateway.wire import ScrapeRequest
from tests.fetch.origins import Exchange, Origin, fetcher, origin
from tests.inline import InlineWorkers

pytestmark = pytest.mark.anyio

REQUEST = ScrapeRequest(url="http://site.example/page")
LEASE_TTL_S = 0.2


class StalledFetcher:
    """Its process stops for longer than its lease lasts; meanwhile another one takes the lead and stores."""

    def __init__(self, other: DiskCache) -> None:
        self.other = other
        self.lease: Lease | None = None

    async def fetch(self, request: FetchRequest) -> Fetched:
        time.sleep(3 * LEASE_TTL_S)  # noqa: ASYNC251 - nothing else may run, least of all the lease's renewal
        key = find_cache_target(REQUEST, tenant="").key
        self.lease = await self.other.lease(key, ttl_s=60)
        assert self.lease
        newer = PageEntry(
            digest="newer", final_url=request.url, status=200, headers={}, fetched_at=time.time()
        )
        await self.other.set(key, msgspec.msgpack.encode(newer), ttl_s=60, fence=self.lease.fence)
        return Fetched(
            url=request.url,
            final_url=request.url,
            status=200,
            headers={"content-type": "text/html"},
            body=b"<p>older</p>",
            fetch_ms=1,
        )

    async def aclose(self) -> None:
        pass


async def test_leader_that_was_replaced_does_not_overwrite_its_successor(tmp_path: Path) -> None:
    make: Callable[[], DiskCache] = lambda: DiskCache(tmp_path, size_bytes=10**8, deadline_s=30)  # noqa: E731
    cache, other = make(), make()
    flights = SingleFlight(cache, lease_ttl_s=LEASE_TTL_S)
    pages = Pages(workers=InlineWorkers(), fetcher=StalledFetcher(other), cache=cache, single_flight=flights)
    loaded = await pages.open(REQUEST)
    assert loaded.snapshot and loaded.snapshot.body == b"<p>older</p>"  # its own caller gets what it fetched
    kept = await cache.get(loaded.source.key)
    assert kept and msgspec.msgpack.decode(kept, type=PageEntry).digest == "newer"
    for part in (pages, cache, other):
        await part.aclose()


HTML = "content-type: text/html\r\n"
MARKDOWN = "content-type: text/markdown\r\n"
OFFER = b'<link rel="alternate" type="text/markdown" href="/own.md"><p>The page as HTML.</p>'


@contextlib.asynccontextmanager
async def opener(folder: Path, *origins: Origin, timeout_s: float = 30) -> AsyncIterator[Pages]:
    """What one worker has: several on the same folder are workers of one service."""
    cache = DiskCache(folder, size_bytes=10**8, deadline_s=30)
    async with fetcher(*(each.port for each in origins)) as fetch:
        pages = Pages(
            workers=InlineWorkers(),
            fetcher=fetch,
            cache=cache,
            single_flight=SingleFlight(cache),
            timeout_s=timeout_s,
        )
        yield pages
        await pages.aclose()
    await cache.aclose()


def serving(
    **answers: tuple[bytes, str] | tuple[bytes, str, str],
) -> Callable[[Exchange], Awaitable[None]]:
    """Path -> body, headers and status line."""

    async def behave(exchange: Exchange) -> None:
        body, headers, *status = answers[exchange.path.strip("/").replace(".", "_")]
        await exchange.answer(body, headers=headers, status=status[0] if status else "200 OK")

    return behave


async def test_callers_headers_do_not_follow_a_redirect_to_the_markdown_of_another_site(
    tmp_path: Path,
) -> None:
    async with origin(serving(landing=(OFFER, HTML), own_md=(b"# Own", MARKDOWN))) as other:
        to_other = (b"", f"location: {other.url}landing\r\n", "302 Found")
        behave = serving(away=to_other, page=(OFFER, HTML), own_md=(b"# Own", MARKDOWN))
        async with origin(behave) as first, opener(tmp_path, first, other) as pages:
            headers = {"Authorization": "Bearer secret", "X-Api-Key": "secret"}
            loaded = await pages.open(ScrapeRequest(url=first.url + "away", headers=headers))
            assert loaded.snapshot and loaded.snapshot.body == b"# Own"
            assert b"secret" in first.heads[0]
            assert len(other.heads) == 2 and not any(b"secret" in head for head in other.heads)
            await pages.open(ScrapeRequest(url=first.url + "page", headers=headers))
            assert b"GET /own.md" in first.heads[-1] and b"secret" in first.heads[-1]


FORBID = "cache-control: no-store, private\r\nset-cookie: a=1\r\n"


@pytest.mark.parametrize(
    ("redirect", "page", "own", "statuses"),
    [
        pytest.param("", "", None, ["miss", "hit"], id="says-nothing"),
        pytest.param("cache-control: public, max-age=9\r\n", "", None, ["miss", "hit"], id="allows"),
        pytest.param(FORBID, "", None, ["miss", "miss"], id="redirect-forbids"),
        pytest.param("set-cookie: a=1\r\n", "", None, ["miss", "miss"], id="redirect-sets-a-cookie"),
        pytest.param(
            "cache-control: max-age=0\r\n", "", None, ["miss", "miss"], id="redirect-is-short-lived"
        ),
        pytest.param("", FORBID, "", ["miss", "miss"], id="page-forbids-and-its-markdown-does-not"),
        pytest.param("", "", FORBID, ["miss", "miss"], id="markdown-forbids"),
        pytest.param("", "", "", ["miss", "hit"], id="markdown-says-nothing"),
    ],
)
async def test_page_is_kept_only_as_every_response_on_the_way_allows(
    tmp_path: Path, redirect: str, page: str, own: str | None, statuses: list[str]
) -> None:
    behave = serving(
        to=(b"", f"location: /page\r\n{redirect}", "302 Found"),
        page=(b"<p>plain" if own is None else OFFER, HTML + page),
        own_md=(b"# Own", MARKDOWN + (own or "")),
    )
    async with origin(behave) as seen, opener(tmp_path, seen) as pages:
        request = ScrapeRequest(url=seen.url + "to")
        assert [(await pages.open(request)).cache.status for _ in range(2)] == statuses


@pytest.mark.parametrize("last_word", ["cache-control: no-store\r\n", "set-cookie: a=1\r\n"])
async def test_page_is_forgotten_when_its_confirmation_says_so(tmp_path: Path, last_word: str) -> None:
    async def behave(exchange: Exchange) -> None:
        if exchange.header("if-none-match"):
            await exchange.send(b"HTTP/1.1 304 Not Modified\r\netag: x\r\n" + last_word.encode() + b"\r\n")
        else:
            await exchange.answer(b"<p>kept", headers=HTML + "etag: x\r\n")

    async with origin(behave) as seen, opener(tmp_path, seen) as pages:
        await pages.open(ScrapeRequest(url=seen.url))
        confirmed = await pages.open(ScrapeRequest(url=seen.url, max_age_s=0))
        assert (confirmed.cache.status, confirmed.storable) == ("revalidated", False)
        assert confirmed.snapshot and confirmed.snapshot.body == b"<p>kept"
        assert (await pages.open(ScrapeRequest(url=seen.url))).cache.status == "miss"


def answering_after(*delays_s: float) -> Callable[[Exchange], Awaitable[None]]:
    """The first request is answered after the first delay, and so on; the last one stays."""
    left = list(delays_s)

    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(left.pop(0) if len(left) > 1 else left[0])
        await exchange.answer(b"<p>slow", headers=HTML)

    return behave


async def test_time_of_a_request_that_gives_none_is_the_settings(tmp_path: Path) -> None:
    async with origin(answering_after(5)) as seen, opener(tmp_path, seen, timeout_s=0.2) as pages:
        for store in (True, False):  # with the cache and without
            with pytest.raises(FetchTimeout, match=r"within 0\.2 s"):
                await pages.open(ScrapeRequest(url=seen.url, store=store, max_age_s=0))


@pytest.mark.parametrize("workers", [1, 2])
async def test_follower_waits_as_long_as_its_own_request_says(tmp_path: Path, workers: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        release = asyncio.Event()

        async def behave(exchange: Exchange) -> None:
            await release.wait()
            await exchange.answer(b"<p>slow", headers=HTML)

        seen = await stack.enter_async_context(origin(behave))
        first, *others = [await stack.enter_async_context(opener(tmp_path, seen)) for _ in range(workers)]
        other = others[0] if others else first
        leader = asyncio.create_task(first.open(ScrapeRequest(url=seen.url, timeout_s=200)))
        await seen.asked.wait()
        with pytest.raises(FetchTimeout, match=r"within 0\.2 s"):
            await other.open(ScrapeRequest(url=seen.url, timeout_s=0.2))
        assert not leader.done()
        release.set()
        assert (await leader).cache.status == "miss"
        assert len(seen.heads) == 1


@pytest.mark.parametrize("workers", [1, 2])
async def test_followers_try_again_when_their_leader_runs_out_of_time(tmp_path: Path, workers: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        seen = await stack.enter_async_context(origin(answering_after(60, 0)))
        first, *others = [await stack.enter_async_context(opener(tmp_path, seen)) for _ in range(workers)]
        other = others[0] if others else first
        leader = asyncio.create_task(first.open(ScrapeRequest(url=seen.url, timeout_s=2)))
        await seen.asked.wait()
        patient = [
            asyncio.create_task(other.open(ScrapeRequest(url=seen.url, timeout_s=100))) for _ in range(20)
        ]
        with pytest.raises(FetchTimeout, match=r"within 2\.?0? s"):
            await leader
        assert {(await each).entry.status for each in patient} == {200}
        assert len(seen.heads) == 2, "one fetch for all that had time left"


async def test_followers_are_served_when_their_leader_leaves(tmp_path: Path) -> None:
    async with origin(answering_after(1)) as seen, opener(tmp_path, seen) as pages:
        leader, *followers = [asyncio.create_task(pages.open(ScrapeRequest(url=seen.url))) for _ in range(5)]
        await seen.asked.wait()
        leader.cancel()
        assert {(await each).cache.status for each in followers} == {"miss"}
        assert len(seen.heads) == 1


async def test_callers_that_came_together_share_the_end_of_their_time(tmp_path: Path) -> None:
    async with origin(answering_after(60)) as seen, opener(tmp_path, seen) as pages:
        request = ScrapeRequest(url=seen.url, timeout_s=3)
        together = [asyncio.create_task(pages.open(request)) for _ in range(51)]
        ends = await asyncio.gather(*together, return_exceptions=True)
        assert {type(end) for end in ends} == {FetchTimeout}
        assert len(seen.heads) == 1


async def test_refresh_that_is_led_astray_leaves_the_stale_copy_and_no_trace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def behave(exchange: Exchange) -> None:
        if len(seen.heads) == 1:
            cached = "age: 1\r\ncache-control: max-age=1, stale-while-revalidate=60\r\n"
            await exchange.answer(b"<p>old", headers=HTML + cached)
        else:
            await exchange.answer(
                b"", status="302 Found", headers="location: http://10.0.0.1/?token=secret\r\n"
            )

    async with origin(behave) as seen, opener(tmp_path, seen) as pages:
        await pages.open(ScrapeRequest(url=seen.url))
        seen.asked.clear()
        stale = await pages.open(ScrapeRequest(url=seen.url))
        await asyncio.wait_for(seen.asked.wait(), 60)
        await asyncio.sleep(0.1)  # the refresh meets its refusal
        gc.collect()
        assert stale.cache.status == "stale"
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_request_that_needs_the_html_gets_it_where_markdown_is_cached(tmp_path: Path) -> None:
    async def negotiate(exchange: Exchange) -> None:
        if (exchange.header("accept") or "").startswith("text/markdown"):
            await exchange.answer(b"# Own", headers=MARKDOWN)
        else:
            await exchange.answer(b"<p>The page as HTML.", headers=HTML)

    linked = serving(page=(OFFER, HTML), own_md=(b"# Own", MARKDOWN))
    for number, behave in enumerate((negotiate, linked)):
        async with origin(behave) as seen, opener(tmp_path / str(number), seen) as pages:
            plain = ScrapeRequest(url=seen.url + "page")
            whole = ScrapeRequest(url=seen.url + "page", scope="page")
            first = await pages.open(plain)
            assert first.snapshot and first.snapshot.body == b"# Own"
            second = await pages.open(whole)
            assert second.snapshot and b"as HTML" in second.snapshot.body
            asked = len(seen.heads)
            assert [(await pages.open(each)).cache.status for each in (plain, whole)] == ["hit", "hit"]
            assert len(seen.heads) == asked, "the HTML serves both"


async def test_request_that_needs_the_html_is_not_served_by_a_fetch_that_asked_for_markdown(
    tmp_path: Path,
) -> None:
    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(0.2)
        await serving(page=(OFFER, HTML), own_md=(b"# Own", MARKDOWN))(exchange)

    async with origin(behave) as seen, opener(tmp_path, seen) as pages:
        plain = asyncio.create_task(pages.open(ScrapeRequest(url=seen.url + "page")))
        await seen.asked.wait()
        whole = await pages.open(ScrapeRequest(url=seen.url + "page", select="p"))
        assert not whole.entry.instead_of_html
        assert (await plain).entry.instead_of_html


async def test_markdown_of_a_site_that_has_nothing_else_serves_every_request(tmp_path: Path) -> None:
    async with origin(serving(readme=(b"# Only", MARKDOWN))) as seen, opener(tmp_path, seen) as pages:
        whole = ScrapeRequest(url=seen.url + "readme", scope="page")
        assert [(await pages.open(whole)).cache.status for _ in range(2)] == ["miss", "hit"]


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "X-Api-Key", "X-Auth-Token"])
async def test_page_asked_for_with_a_personal_header_is_neither_kept_nor_shared(
    tmp_path: Path, name: str
) -> None:
    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(0.1)  # long enough to be joined
        whose = exchange.header(name.lower()) or "nobody"
        await exchange.answer(f"<p>of {whose}".encode(), headers=HTML)

    async with origin(behave) as seen, opener(tmp_path, seen) as pages:

        async def ask(whose: str, tenant: str) -> tuple[str, str, str | None]:
            headers = {name: whose} if whose else {}
            loaded = await pages.open(ScrapeRequest(url=seen.url, headers=headers), tenant=tenant)
            snapshot = await pages.snapshot(loaded)
            assert snapshot
            return snapshot.body.decode(), loaded.cache.status, loaded.cache.not_stored

        reason = f"the request carried {name.lower()}"
        assert await ask("", "alice") == ("<p>of nobody", "miss", None)
        assert await ask("alice", "alice") == ("<p>of alice", "bypass", reason), (
            "the plain page is not served"
        )
        assert await ask("alice", "alice") == ("<p>of alice", "bypass", reason), "nor one's own"
        assert await ask("alice", "bob") == ("<p>of alice", "bypass", reason)
        assert await ask("", "alice") == ("<p>of nobody", "hit", None), "and the plain page stays"
        before = len(seen.heads)
        both = await asyncio.gather(ask("carol", "carol"), ask("carol", "carol"))
        assert [body for body, *_ in both] == ["<p>of carol"] * 2
        assert len(seen.heads) == before + 2, "not even a fetch is shared"


@pytest.mark.parametrize(
    ("headers", "status", "options", "reason"),
    [
        pytest.param("", "200 OK", {}, None, id="kept"),
        pytest.param("", "200 OK", {"store": False}, "store is false", id="store-is-false"),
        pytest.param("", "200 OK", {"store": False, "max_age_s": 0}, "store is false", id="cache-unused"),
        pytest.param("cache-control: no-store\r\n", "200 OK", {}, "no-store", id="no-store"),
        pytest.param("cache-control: private\r\n", "200 OK", {}, "private", id="private"),
        pytest.param("set-cookie: a=1\r\n", "200 OK", {}, "set-cookie", id="set-cookie"),
        pytest.param("vary: *\r\n", "200 OK", {}, "vary: *", id="vary"),
        pytest.param("", "404 Not Found", {}, "status 404", id="not-found"),
        pytest.param("", "503 Service Unavailable", {}, "status 503", id="broken"),
    ],
)
async def test_report_says_why_a_page_was_not_kept(
    tmp_path: Path, headers: str, status: str, options: dict[str, bool], reason: str | None
) -> None:
    async with (
        origin(serving(page=(b"<p>words", HTML + headers, status))) as seen,
        opener(tmp_path, seen) as pages,
    ):
        request = msgspec.convert({"url": seen.url + "page", **options}, ScrapeRequest)
        assert (await pages.open(request)).cache.not_stored == reason
        assert (await pages.open(request)).cache.status == ("hit" if reason is None else "miss") or (
            options.get("max_age_s") == 0
        )


async def test_page_is_not_called_kept_when_the_cache_did_not_take_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    async with (
        origin(serving(page=(b"<p>words", HTML))) as seen,
        opener(tmp_path / "file", seen) as pages,
    ):
        loaded = await pages.open(ScrapeRequest(url=seen.url + "page"))
        assert (loaded.cache.status, loaded.cache.not_stored) == ("miss", NOT_TAKEN)
        assert loaded.snapshot and loaded.snapshot.body == b"<p>words"


async def test_caller_who_wants_nothing_kept_decides_for_nobody_else(tmp_path: Path) -> None:
    async with origin(answering_after(0.3)) as seen, opener(tmp_path, seen) as pages:
        silent = asyncio.create_task(pages.open(ScrapeRequest(url=seen.url, store=False)))
        await seen.asked.wait()
        plain = await pages.open(ScrapeRequest(url=seen.url))
        assert (plain.cache.status, plain.cache.not_stored) == ("miss", None)
        assert (await silent).cache.not_stored == "store is false"
        assert (await pages.open(ScrapeRequest(url=seen.url))).cache.status == "hit"
        assert (await pages.open(ScrapeRequest(url=seen.url, store=False))).cache.not_stored is None


async def test_confirmation_is_not_written_for_a_caller_who_wants_nothing_kept(tmp_path: Path) -> None:
    async def behave(exchange: Exchange) -> None:
        if exchange.header("if-none-match"):
            await exchange.send(b"HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n")
        else:
            await exchange.answer(b"<p>kept", headers=HTML + "etag: x\r\ncache-control: max-age=0\r\n")

    async with origin(behave) as seen, opener(tmp_path, seen) as pages:
        first = await pages.open(ScrapeRequest(url=seen.url))
        confirmed = await pages.open(ScrapeRequest(url=seen.url, store=False))
        assert (confirmed.cache.status, confirmed.cache.not_stored) == ("revalidated", None)
        again = await pages.open(ScrapeRequest(url=seen.url), digest=first.entry.digest)
        assert again.entry.fetched_at == first.entry.fetched_at
