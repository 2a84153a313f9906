"""Load a page: from the cache, or from its origin through the fetcher.

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

from gateway.cache.base import NOT_TAKEN, Cache
from gateway.cache.keys import digest_of, snapshot_key
from gateway.cache.single_flight import SingleFlight
from gateway.cache.typed import load, save
from gateway.core.http.cache_policy import (
    after_not_modified,
    current_age_s,
    judge_freshness,
    merge_cache_headers,
    not_storable_reason,
)
from gateway.core.http.url import parse_url
from gateway.core.tasks.base import Workers
from gateway.errors import FetchTimeout, GatewayError
from gateway.fetch.base import Fetched, Fetcher, Renderer
from gateway.scraping.origin import Answer, NotModified, Origin
from gateway.scraping.page import (
    CacheTarget,
    LoadedPage,
    PageEntry,
    Snapshot,
    find_cache_target,
    following,
    satisfies,
)
from gateway.scraping.versions import to_compare
from gateway.wire import FETCH_TIMEOUT_S, CacheReport, CacheStatus, ScrapeRequest

SNAPSHOT_TTL_S = 30 * 86_400
# A caller that waited for another's fetch, which ran out of time, tries again if more than this share of its own
# time is left. Callers that came together do not try again.
_WORTH_ANOTHER_TRY = 0.1


class Pages:
    """Opens pages by address. One for the whole service; safe to call concurrently.

    Args:
        renderer: opens pages after their scripts ran, where there is one.
        timeout_s: how long a page may take when its request does not say.
    """

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        workers: Workers,
        cache: Cache,
        single_flight: SingleFlight,
        renderer: Renderer | None = None,
        timeout_s: float = FETCH_TIMEOUT_S,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._origin = Origin(fetcher=fetcher, workers=workers, renderer=renderer, now=now)
        self._cache = cache
        self._single_flight = single_flight
        self._timeout_s = timeout_s
        self._now = now
        self._refreshes: dict[str, asyncio.Task[None]] = {}

    @property
    def renderer(self) -> Renderer | None:
        return self._origin.renderer

    async def open(
        self, request: ScrapeRequest, *, tenant: str = "", digest: str | None = None, rendered: bool = False
    ) -> LoadedPage:
        """The page at `request.url`.

        Args:
            digest: the snapshot a cursor continues; preferred at any age while the cache holds it.
            rendered: the page after its scripts ran; there has to be a renderer.
        Raises:
            FetchError and its kin, UrlRefused.
        """
        source = find_cache_target(request, tenant=tenant, rendered=rendered)
        if not source.consulted:
            return await self.fetch(request, source)
        entry = await self._find(request, source)
        if digest and (entry is None or entry.digest != digest):
            # fetched again since the first piece, or elsewhere: the snapshot may still be there
            older = await load(self._cache, snapshot_key(digest), Snapshot)
            if older and (found := self._target_of(older, request, tenant)):
                return self._cached(found, older.entry, "hit")
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
            if verdict.action == "stale" and request.store:
                # else the refresh would be for nothing
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

    async def earlier(self, loaded: LoadedPage, *, age_s: float | None) -> tuple[float, Snapshot] | None:
        """An earlier copy of the page, and the Unix seconds it came at; None where the cache has none.

        Args:
            age_s: how old it is to be at least, if there is one; None takes the copy before this one.
        """
        for version in to_compare(loaded.entry.versions, age_s=age_s, now_s=self._now()):
            if snapshot := await load(self._cache, snapshot_key(version.digest), Snapshot):
                return version.came_at, snapshot
        return None

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
        timeout_s = self._timeout_of(request) if left_s is None else left_s
        answer: Answer | NotModified
        if source.rendered:
            answer = await self._origin.render(request, timeout_s=timeout_s)
        else:
            answer = await self._origin.fetch(request, known=known, timeout_s=timeout_s)
        if isinstance(answer, NotModified):
            assert known is not None
            return await self._confirmed(request, source, known, answer.fetched)
        entry = following(answer.entry, known)
        snapshot = Snapshot(
            key=source.key,
            entry=entry,
            body=answer.body,
            page=answer.received,
            screenshot=answer.screenshot,
            pdf=answer.pdf,
        )
        reason = not_storable_reason(
            store=request.store,
            caller_headers=request.headers,
            status=entry.status or 200,
            headers=entry.headers,
        )
        if reason is None and entry.rendering and entry.rendering.warnings:
            reason = "it was not rendered to its end"
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
            fetch_ms=answer.fetch_ms,
            render_ms=answer.render_ms,
        )

    async def _fetch_together(
        self, request: ScrapeRequest, source: CacheTarget, *, known: PageEntry | None
    ) -> LoadedPage:
        """Fetch, or share a fetch that is running; either way for no longer than this request may take.

        A fetch that runs out of its caller's time does not fail for those who share it: those that have time left try
        again, together.
        """
        timeout_s = self._timeout_of(request)
        time_s = asyncio.get_running_loop().time
        deadline, began_at = time_s() + timeout_s, self._now()
        leads = False
        # what one caller does not want kept is not fetched for another who does
        key = source.key if request.store else f"{source.key}:unstored"

        async def look() -> LoadedPage | None:
            newer = await self._find(request, source)
            return self._cached(source, newer, "hit") if newer and newer.fetched_at >= began_at else None

        def was_stored(loaded: LoadedPage) -> bool:
            return request.store and loaded.cache.not_stored is None

        async def lead() -> LoadedPage:
            nonlocal leads
            leads = True
            left_s = deadline - time_s()
            if left_s <= 0:
                # the leader has left, after waiting for another process
                raise FetchTimeout("no time was left to fetch the page")
            return await self.fetch(request, source, known=known, left_s=left_s)

        try:
            async with asyncio.timeout_at(deadline):
                while True:
                    try:
                        loaded = await self._single_flight.run(key, lead, look=look, was_stored=was_stored)
                    except FetchTimeout:
                        if leads or deadline - time_s() < timeout_s * _WORTH_ANOTHER_TRY:
                            raise
                        continue
                    if satisfies(loaded.entry, request):
                        return loaded
        except (TimeoutError, FetchTimeout):
            address = parse_url(request.url or "").shown
            raise FetchTimeout(
                f"{address} did not arrive within {timeout_s:g} s; timeout_s gives it longer"
            ) from None

    async def _find(self, request: ScrapeRequest, source: CacheTarget) -> PageEntry | None:
        """The cached entry of an address, unless the request cannot use it."""
        entry = await load(self._cache, source.key, PageEntry)
        return entry if entry and satisfies(entry, request) else None

    def _target_of(self, snapshot: Snapshot, request: ScrapeRequest, tenant: str) -> CacheTarget | None:
        """Where a snapshot's page is, if it is one of the pages that the request may be answered with."""
        kinds = [False] if request.render == "never" or self.renderer is None else [False, True]
        targets = [find_cache_target(request, tenant=tenant, rendered=kind) for kind in kinds]
        return next((target for target in targets if target.key == snapshot.key), None)

    def _timeout_of(self, request: ScrapeRequest) -> float:
        return request.timeout_s or self._timeout_s

    async def _confirmed(
        self, request: ScrapeRequest, source: CacheTarget, known: PageEntry, answer: Fetched
    ) -> LoadedPage:
        """The known page after a 304, which may also say that it is to be kept no longer."""
        headers = merge_cache_headers(answer.redirects, after_not_modified(known.headers, answer.headers))
        entry = msgspec.structs.replace(known, headers=headers, fetched_at=self._now())
        loaded = msgspec.structs.replace(self._cached(source, entry, "revalidated"), fetch_ms=answer.fetch_ms)
        # it is kept already, whatever this caller says of storing
        reason = not_storable_reason(
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
        """Store the last answer of an address, unless another process holds its lease now."""
        fence = self._single_flight.fence(source.key)
        return await save(self._cache, source.key, entry, ttl_s=SNAPSHOT_TTL_S, fence=fence)

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
                await self._single_flight.run(source.key, lambda: self.fetch(request, source, known=entry))
            except GatewayError:
                # the stale copy stays; the request that finds it too old will meet the error
                pass
            finally:
                del self._refreshes[source.key]

        self._refreshes[source.key] = asyncio.create_task(refresh())
