"""Get hold of a page: from the cache, or from its origin through the fetcher.

Two kinds of entry are cached: the page (what an address answered last, without its body, read on every request) and
the snapshot (the whole response, shared by all options, named by a cursor).

The page is written after its snapshot, so no entry points at one that is not there yet. One entry serves every
request for the address, but for one case: markdown that the site sent in the place of its HTML is no answer to a
request that needs the HTML, which fetches it and takes the entry over.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec
from msgspec import Struct

from gateway.cache.base import NOT_TAKEN, Cache
from gateway.cache.keys import digest_of, page_key, snapshot_key
from gateway.cache.single_flight import SingleFlight
from gateway.cache.typed import load, save
from gateway.core.documents.reader import HEAD_BYTES, Received, may_offer_markdown
from gateway.core.http.cache_policy import (
    after_not_modified,
    current_age_s,
    judge_freshness,
    merge_cache_headers,
    not_storable_reason,
    personal_header,
)
from gateway.core.http.url import parse_url
from gateway.core.tasks.alternate import FindMarkdownAlternate
from gateway.core.tasks.base import Workers
from gateway.errors import CleanError, FetchTimeout, GatewayError
from gateway.fetch.base import Fetched, Fetcher, FetchRequest
from gateway.wire import CacheReport, CacheStatus, ScrapeRequest

SNAPSHOT_TTL_S = 30 * 86_400
_PARTS_OF_HTML = {"structured", "metadata", "html", "hidden"}  # what markdown has none of
# a follower whose leader ran out of time tries again with more than this share of its own left: of callers
# that came together none does
_WORTH_ANOTHER_TRY = 0.1


class PageEntry(Struct, kw_only=True, frozen=True):
    """What an address answered last, without the body."""

    digest: str
    final_url: str | None  # None for HTML that came in the request without a base address
    status: int | None  # None for HTML that came in the request
    headers: dict[str, str]
    fetched_at: float  # Unix seconds
    instead_of_html: bool = False  # markdown, where the site would have sent HTML or has sent both


class Snapshot(Struct, kw_only=True, frozen=True):
    """A page as it was received, and the key of the address it was fetched for."""

    key: str
    entry: PageEntry
    body: bytes
    page: Received | None = None  # the HTML that linked to the body, the site's own markdown


class CacheTarget(Struct, kw_only=True, frozen=True):
    """How the page of a request is found in the cache."""

    key: str
    consulted: bool  # the cache may answer


class LoadedPage(Struct, kw_only=True, frozen=True):
    """A page ready to be read: where it came from, and the whole of it unless the cache holds it."""

    source: CacheTarget
    entry: PageEntry
    cache: CacheReport
    snapshot: Snapshot | None = None
    storable: bool = False
    is_new: bool = (
        False  # the address answered something else before, if anything: nothing made of this is kept
    )
    fetch_ms: float = 0


def find_cache_target(request: ScrapeRequest, *, tenant: str) -> CacheTarget:
    """Plain pages are shared; headers of the caller make an entry of their own; personal ones make none."""
    assert request.url is not None
    address = parse_url(request.url).text
    headers = {name.lower(): value for name, value in request.headers.items()}
    return CacheTarget(
        key=page_key(address, headers=headers, tenant=tenant),
        consulted=personal_header(headers) is None and (request.store or request.max_age_s > 0),
    )


def needs_html(request: ScrapeRequest) -> bool:
    """Whether the request asks for what the site's own markdown of the page could not give."""
    return bool(
        request.select
        or request.remove
        or request.scope == "page"
        or request.format == "html"
        or _PARTS_OF_HTML.intersection(request.include)
    )


def _satisfies(entry: PageEntry, request: ScrapeRequest) -> bool:
    return not (entry.instead_of_html and needs_html(request))


class Pages:
    """Opens pages by address. One for the whole service; safe to call concurrently.

    Args:
        timeout_s: how long a page may take when its request does not say.
    """

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        workers: Workers,
        cache: Cache,
        flights: SingleFlight,
        timeout_s: float = 30,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._fetcher = fetcher
        self._workers = workers
        self._cache = cache
        self._flights = flights
        self._timeout_s = timeout_s
        self._now = now
        self._refreshes: dict[str, asyncio.Task[None]] = {}

    async def open(
        self, request: ScrapeRequest, *, tenant: str = "", digest: str | None = None
    ) -> LoadedPage:
        """The page at `request.url`.

        Args:
            digest: the snapshot a cursor continues; preferred at any age while the cache holds it.
        Raises:
            FetchError and its kin, UrlRefused.
        """
        source = find_cache_target(request, tenant=tenant)
        if not source.consulted:
            return await self.fetch(request, source)
        entry = await self._find(request, source)
        if digest and (entry is None or entry.digest != digest):
            # fetched again since the first piece, or elsewhere: the snapshot may still be there
            older = await load(self._cache, snapshot_key(digest), Snapshot)
            if older and older.key == source.key:
                return self._cached(source, older.entry, "hit")
        if entry:
            if entry.digest == digest:
                return self._cached(source, entry, "hit")
            verdict = judge_freshness(
                headers=entry.headers,
                stored_at_s=entry.fetched_at,
                now_s=self._now(),
                max_age_s=request.max_age_s,
            )
            if verdict.action == "hit":
                return self._cached(source, entry, "hit")
            if verdict.action == "stale" and request.store:  # else the refresh would be for nothing
                self._refresh_later(request, source, entry)
                return self._cached(source, entry, "stale")
        return await self._fetch_together(request, source, known=entry)

    def supplied(self, html: str, *, base: str | None) -> LoadedPage:
        """A page that came in the request itself."""
        source = CacheTarget(key="", consulted=False)
        content_type, body = "text/html; charset=utf-8", html.encode("utf-8", "replace")
        entry = PageEntry(
            digest=digest_of([base, content_type, body]),
            final_url=base,
            status=None,
            headers={"content-type": content_type},
            fetched_at=self._now(),
        )
        snapshot = Snapshot(key=source.key, entry=entry, body=body)
        report = CacheReport(status="bypass", not_stored="it came in the request")
        return LoadedPage(source=source, entry=entry, snapshot=snapshot, cache=report)

    async def snapshot(self, loaded: LoadedPage) -> Snapshot | None:
        """The whole of an opened page; None when the cache has dropped it meanwhile."""
        return loaded.snapshot or await load(self._cache, snapshot_key(loaded.entry.digest), Snapshot)

    async def fetch(
        self,
        request: ScrapeRequest,
        source: CacheTarget,
        *,
        known: PageEntry | None = None,
        left_s: float | None = None,
    ) -> LoadedPage:
        """Ask the origin, conditionally when an older answer is `known`, and keep what may be kept.

        Args:
            left_s: of the time that the request gives its page; all of it by default.
        """
        assert request.url is not None
        timeout_s = self._timeout_of(request) if left_s is None else left_s
        validators = known.headers if known else {}
        html_first = needs_html(request)
        page = await self._fetcher.fetch(
            FetchRequest(
                url=request.url,
                timeout_s=timeout_s,
                headers=request.headers,
                html_first=html_first,
                etag=validators.get("etag"),
                last_modified=validators.get("last-modified"),
                validated_url=known.final_url if known else None,
            )
        )
        if page.status == 304 and known:
            return await self._confirmed(request, source, known, page)
        own = None if html_first else await self._own_markdown(request, page, left_s=timeout_s)
        fetched = own or page
        received = Received(body=page.body, content_type=page.content_type) if own else None
        headers = merge_cache_headers(
            [*page.redirects, page.headers, *own.redirects] if own else page.redirects, fetched.headers
        )
        entry = PageEntry(
            digest=digest_of([fetched.final_url, fetched.content_type, fetched.body, received]),
            final_url=fetched.final_url,
            status=fetched.status,
            headers=headers,
            fetched_at=self._now(),
            instead_of_html=not html_first and _is_markdown(fetched),
        )
        snapshot = Snapshot(key=source.key, entry=entry, body=fetched.body, page=received)
        reason = not_storable_reason(
            store=request.store, caller_headers=request.headers, status=fetched.status, headers=headers
        )
        storable = reason is None
        if storable:
            taken = await save(self._cache, snapshot_key(entry.digest), snapshot, ttl_s=SNAPSHOT_TTL_S)
            if not (taken and await self._keep(source, entry)):
                reason = NOT_TAKEN
        return LoadedPage(
            source=source,
            entry=entry,
            cache=CacheReport(status="miss" if source.consulted else "bypass", not_stored=reason),
            snapshot=snapshot,
            storable=storable,
            is_new=known is None or known.digest != entry.digest,
            fetch_ms=page.fetch_ms + (own.fetch_ms if own else 0),
        )

    async def _fetch_together(
        self, request: ScrapeRequest, source: CacheTarget, *, known: PageEntry | None
    ) -> LoadedPage:
        """Fetch, or share the fetch of whoever is at it already; for as long as this request may take, either way.

        A fetch that runs out of its leader's time is no failure of the followers: those that have time left try
        again, together.
        """
        timeout_s = self._timeout_of(request)
        time_s = asyncio.get_running_loop().time
        deadline, began_at = time_s() + timeout_s, self._now()
        leads = False
        # what one caller does not want kept is not fetched for another who does
        flight = source.key if request.store else f"{source.key}:unstored"

        async def look() -> LoadedPage | None:
            newer = await self._find(request, source)
            return self._cached(source, newer, "hit") if newer and newer.fetched_at >= began_at else None

        def was_stored(loaded: LoadedPage) -> bool:
            return request.store and loaded.cache.not_stored is None

        async def lead() -> LoadedPage:
            nonlocal leads
            leads = True
            left_s = deadline - time_s()
            if left_s <= 0:  # the leader has left, after waiting for another process
                raise FetchTimeout("no time was left to fetch the page")
            return await self.fetch(request, source, known=known, left_s=left_s)

        try:
            async with asyncio.timeout_at(deadline):
                while True:
                    try:
                        loaded = await self._flights.run(flight, lead, look=look, was_stored=was_stored)
                    except FetchTimeout:
                        if leads or deadline - time_s() < timeout_s * _WORTH_ANOTHER_TRY:
                            raise
                        continue
                    if _satisfies(loaded.entry, request):
                        return loaded
        except (TimeoutError, FetchTimeout):
            address = parse_url(request.url or "").shown
            raise FetchTimeout(
                f"{address} did not arrive within {timeout_s:g} s; timeout_s gives it longer"
            ) from None

    async def _find(self, request: ScrapeRequest, source: CacheTarget) -> PageEntry | None:
        """The cached entry of an address, unless it is of no use to the request."""
        entry = await load(self._cache, source.key, PageEntry)
        return entry if entry and _satisfies(entry, request) else None

    def _timeout_of(self, request: ScrapeRequest) -> float:
        return request.timeout_s or self._timeout_s

    async def _confirmed(
        self, request: ScrapeRequest, source: CacheTarget, known: PageEntry, answer: Fetched
    ) -> LoadedPage:
        """The known page after a 304, which may also say that it is to be kept no longer."""
        headers = merge_cache_headers(answer.redirects, after_not_modified(known.headers, answer.headers))
        entry = msgspec.structs.replace(known, headers=headers, fetched_at=self._now())
        loaded = msgspec.structs.replace(self._cached(source, entry, "revalidated"), fetch_ms=answer.fetch_ms)
        reason = not_storable_reason(  # it is kept already, whatever this caller says of storing
            store=True, caller_headers=request.headers, status=known.status or 200, headers=headers
        )
        if reason is None:
            if request.store:
                await self._keep(source, entry)
            return loaded
        snapshot = await self.snapshot(loaded)
        await self._cache.delete(source.key)
        await self._cache.delete(snapshot_key(entry.digest))
        report = msgspec.structs.replace(loaded.cache, not_stored=reason)
        return msgspec.structs.replace(loaded, snapshot=snapshot, storable=False, cache=report)

    async def _keep(self, source: CacheTarget, entry: PageEntry) -> bool:
        """Say that an address answered so last, unless another process has taken the lead on it meanwhile."""
        fence = self._flights.fence(source.key)
        return await save(self._cache, source.key, entry, ttl_s=SNAPSHOT_TTL_S, fence=fence)

    async def _own_markdown(self, request: ScrapeRequest, page: Fetched, *, left_s: float) -> Fetched | None:
        """The site's own markdown of a page, where the page links to one."""
        if page.status != 200 or not may_offer_markdown(page.body, headers=page.headers):
            return None
        offer = FindMarkdownAlternate(body=page.body[:HEAD_BYTES], headers=page.headers, url=page.final_url)
        try:
            address = await self._workers.run(offer)
        except CleanError:
            address = None  # the HTML is at hand
        left_s -= page.fetch_ms / 1e3
        if address is None or left_s <= 0:
            return None
        headers = request.headers if page.stayed else {}  # another origin is not told what the first one was
        try:
            own = await self._fetcher.fetch(FetchRequest(url=address, timeout_s=left_s, headers=headers))
        except GatewayError:
            return None  # an offer that is not kept costs nothing but the try
        return own if own.status == 200 and _is_markdown(own) and own.body.strip() else None

    async def aclose(self) -> None:
        """Give up the refreshes under way."""
        tasks = list(self._refreshes.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _cached(self, source: CacheTarget, entry: PageEntry, status: CacheStatus) -> LoadedPage:
        age_s = current_age_s(entry.headers, stored_at_s=entry.fetched_at, now_s=self._now())
        report = CacheReport(status=status, age_s=round(age_s, 3))
        return LoadedPage(source=source, entry=entry, cache=report, storable=True)

    def _refresh_later(self, request: ScrapeRequest, source: CacheTarget, entry: PageEntry) -> None:
        """Fetch anew behind a stale answer; one refresh an address."""
        if source.key in self._refreshes:
            return

        async def refresh() -> None:
            try:
                await self._flights.run(source.key, lambda: self.fetch(request, source, known=entry))
            except GatewayError:
                pass  # the stale copy stays; the request that finds it too old will meet the error
            finally:
                del self._refreshes[source.key]

        self._refreshes[source.key] = asyncio.create_task(refresh())


def _is_markdown(page: Fetched) -> bool:
    return page.content_type.startswith("text/markdown")
