"""Get hold of a page: from the cache, or from its origin through the fetcher.

Two kinds of entry are cached:

`page:<schema>:<address>`     what an address answered last: digest, headers, when; read on every request
`snapshot:<schema>:<digest>`  the whole response, shared by all options; a cursor names it

The page is written after its snapshot, so no entry points at one that is not there yet.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from gateway.cache.base import Cache, cache_key
from gateway.cache.single_flight import SingleFlight
from gateway.cache.typed import load, save
from gateway.core.documents import markdown_alternate
from gateway.core.freshness import after_not_modified, current_age_s, judge_freshness, why_not_stored
from gateway.core.url import parse_url
from gateway.errors import FetchError, GatewayError
from gateway.fetch.base import Fetched, Fetcher, FetchRequest
from gateway.wire import CacheReport, CacheStatus, ScrapeRequest

SNAPSHOT_TTL_S = 30 * 86_400
SCHEMA = 1  # of both kinds: raised when their layout or meaning changes, so that older entries are misses
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization", "x-api-key"}
_encode = msgspec.msgpack.Encoder().encode


class PageEntry(Struct, kw_only=True, frozen=True):
    """What an address answered last, without the body."""

    digest: str
    final_url: str | None  # None for HTML that came in the request without a base address
    status: int | None  # None for HTML that came in the request
    headers: dict[str, str]
    fetched_at: float  # Unix seconds


class Snapshot(Struct, kw_only=True, frozen=True):
    """A page as it was received, and the key of the address it was fetched for."""

    key: str
    entry: PageEntry
    body: bytes


class Source(Struct, kw_only=True, frozen=True):
    """How the page of a request is found in the cache, and whether it may be kept there."""

    key: str
    consulted: bool  # the cache may answer
    stored: bool  # the answer may be cached


class Opened(Struct, kw_only=True, frozen=True):
    """A page ready to be read: where it came from, and its body unless the cache holds it."""

    source: Source
    entry: PageEntry
    cache: CacheReport
    body: bytes | None = None
    storable: bool = False
    fetch_ms: float = 0


def find_source(request: ScrapeRequest, *, tenant: str) -> Source:
    """Plain pages are shared; headers of the caller make an entry of their own; credentials make none."""
    assert request.url is not None
    address = parse_url(request.url).text
    headers = {name.lower(): value for name, value in request.headers.items()}
    credentialed = not _CREDENTIALS.isdisjoint(headers)
    return Source(
        key=cache_key("page", schema=SCHEMA, tenant=tenant if headers else None, parts=[address, headers]),
        consulted=not credentialed and (request.store or request.max_age_s > 0),
        stored=not credentialed and request.store,
    )


def digest_of(value: Any) -> str:
    """A short, stable name for a value: 32 hexadecimal digits."""
    return hashlib.blake2b(_encode(value), digest_size=16).hexdigest()


def _snapshot_key(digest: str) -> str:
    return f"snapshot:{SCHEMA}:{digest}"


class Pages:
    """Opens pages by address. One for the whole service; safe to call concurrently."""

    def __init__(
        self, *, fetcher: Fetcher, cache: Cache, flights: SingleFlight, now: Callable[[], float] = time.time
    ) -> None:
        self._fetcher = fetcher
        self._cache = cache
        self._flights = flights
        self._now = now
        self._refreshes: dict[str, asyncio.Task[None]] = {}

    async def open(self, request: ScrapeRequest, *, tenant: str = "", digest: str | None = None) -> Opened:
        """The page at `request.url`.

        Args:
            digest: the snapshot a cursor continues; preferred at any age while the cache holds it.
        Raises:
            FetchError and its kin, UrlRefused.
        """
        source = find_source(request, tenant=tenant)
        if not source.consulted:
            return await self.fetch(request, source)
        entry = await load(self._cache, source.key, PageEntry)
        if digest and (entry is None or entry.digest != digest):
            # fetched again since the first piece, or elsewhere: the snapshot may still be there
            older = await load(self._cache, _snapshot_key(digest), Snapshot)
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
            if verdict.action == "stale":
                self._refresh_later(request, source, entry)
                return self._cached(source, entry, "stale")
        began_at = self._now()

        async def look() -> Opened | None:
            newer = await load(self._cache, source.key, PageEntry)
            return self._cached(source, newer, "hit") if newer and newer.fetched_at >= began_at else None

        return await self._flights.run(
            source.key, lambda: self.fetch(request, source, known=entry), look=look
        )

    def supplied(self, html: str, *, base: str | None) -> Opened:
        """A page that came in the request itself."""
        content_type, body = "text/html; charset=utf-8", html.encode("utf-8", "replace")
        entry = PageEntry(
            digest=digest_of([base, content_type, body]),
            final_url=base,
            status=None,
            headers={"content-type": content_type},
            fetched_at=self._now(),
        )
        source = Source(key="", consulted=False, stored=False)
        return Opened(source=source, entry=entry, body=body, cache=CacheReport(status="bypass"))

    async def body(self, opened: Opened) -> bytes | None:
        """The body of an opened page; None when the cache has dropped it meanwhile."""
        if opened.body is not None:
            return opened.body
        snapshot = await load(self._cache, _snapshot_key(opened.entry.digest), Snapshot)
        return snapshot.body if snapshot else None

    async def fetch(
        self, request: ScrapeRequest, source: Source, *, known: PageEntry | None = None
    ) -> Opened:
        """Ask the origin, conditionally when an older answer is `known`, and keep what may be kept."""
        assert request.url is not None
        validators = known.headers if known else {}
        fetched = await self._fetcher.fetch(
            FetchRequest(
                url=request.url,
                timeout_s=request.timeout_s,
                headers=request.headers,
                etag=validators.get("etag"),
                last_modified=validators.get("last-modified"),
                validated_url=known.final_url if known else None,
            )
        )
        if fetched.status == 304 and known:
            headers = after_not_modified(known.headers, fetched.headers)
            entry = msgspec.structs.replace(known, headers=headers, fetched_at=self._now())
            await self._keep(source, entry)
            opened = self._cached(source, entry, "revalidated")
            return msgspec.structs.replace(opened, fetch_ms=fetched.fetch_ms)
        fetched = await self._prefer_markdown(request, fetched)
        entry = PageEntry(
            digest=digest_of([fetched.final_url, fetched.content_type, fetched.body]),
            final_url=fetched.final_url,
            status=fetched.status,
            headers=fetched.headers,
            fetched_at=self._now(),
        )
        reason = why_not_stored(
            status=fetched.status, headers=fetched.headers, caller_headers=request.headers
        )
        storable = source.stored and reason is None and fetched.status < 400  # a passing error is not kept
        if storable:
            snapshot = Snapshot(key=source.key, entry=entry, body=fetched.body)
            await save(self._cache, _snapshot_key(entry.digest), snapshot, ttl_s=SNAPSHOT_TTL_S)
            await self._keep(source, entry)
        return Opened(
            source=source,
            entry=entry,
            cache=CacheReport(status="miss" if source.consulted else "bypass"),
            body=fetched.body,
            storable=storable,
            fetch_ms=fetched.fetch_ms,
        )

    async def _keep(self, source: Source, entry: PageEntry) -> None:
        """Say that an address answered so last, unless another process has taken the lead on it meanwhile."""
        fence = self._flights.fence(source.key)
        await save(self._cache, source.key, entry, ttl_s=SNAPSHOT_TTL_S, fence=fence)

    async def _prefer_markdown(self, request: ScrapeRequest, page: Fetched) -> Fetched:
        """The site's own markdown of a page, where the page links to one; else the page itself."""
        address = markdown_alternate(page.body, headers=page.headers, url=page.final_url)
        left_s = request.timeout_s - page.fetch_ms / 1e3
        if address is None or page.status != 200 or left_s <= 0:
            return page
        try:
            own = await self._fetcher.fetch(
                FetchRequest(url=address, timeout_s=left_s, headers=request.headers)
            )
        except GatewayError:
            return page  # an offer that is not kept costs nothing but the try
        if own.status != 200 or not own.content_type.startswith("text/markdown") or not own.body.strip():
            return page
        return msgspec.structs.replace(own, url=page.url, fetch_ms=page.fetch_ms + own.fetch_ms)

    async def aclose(self) -> None:
        """Give up the refreshes under way."""
        tasks = list(self._refreshes.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _cached(self, source: Source, entry: PageEntry, status: CacheStatus) -> Opened:
        age_s = current_age_s(entry.headers, stored_at_s=entry.fetched_at, now_s=self._now())
        report = CacheReport(status=status, age_s=round(age_s, 3))
        return Opened(source=source, entry=entry, cache=report, storable=True)

    def _refresh_later(self, request: ScrapeRequest, source: Source, entry: PageEntry) -> None:
        """Fetch anew behind a stale answer; one refresh an address."""
        if source.key in self._refreshes:
            return

        async def refresh() -> None:
            try:
                await self._flights.run(source.key, lambda: self.fetch(request, source, known=entry))
            except FetchError:
                pass  # the stale copy stays; the request that finds it too old will meet the error
            finally:
                del self._refreshes[source.key]

        self._refreshes[source.key] = asyncio.create_task(refresh())
