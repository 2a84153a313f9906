"""Use case: a page in, a piece of counted content out; fetch → clean → count → cache.

Three kinds of entry are cached, so that nothing is done twice:

`page:<address>`          which snapshot an address has, when it was fetched, its validators
`snapshot:<digest>`       the response itself, shared by all options; a cursor names it
`content:<digest>:<how>`  what a set of options made of a snapshot

A page's entry is written last, so an address never points at a snapshot that is not there.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Literal, Protocol
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from gateway.cache.base import Cache
from gateway.cache.single_flight import SingleFlight
from gateway.core import jobs
from gateway.core.freshness import judge_freshness
from gateway.core.page import CleanOptions
from gateway.errors import FetchError, InvalidRequest, OriginStatus
from gateway.fetch.base import Fetched, Fetcher, FetchRequest
from gateway.wire import (
    CacheReport,
    CacheStatus,
    Notice,
    ScrapeRequest,
    ScrapeResponse,
    ScrapeTimings,
    Section,
    TokenReport,
)

SNAPSHOT_TTL_S = 30 * 86_400
CONTENT_TTL_S = 7 * 86_400
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization", "x-api-key"}


class Workers(Protocol):
    """Runs jobs of `core.jobs` off the event loop, within a deadline."""

    async def run(self, job: jobs.Job) -> jobs.Result: ...


class Snapshot(Struct, kw_only=True, frozen=True):
    """A page as it was received, under the digest that names it."""

    digest: str
    url: str
    final_url: str
    status: int
    headers: dict[str, str]
    body: bytes


class PageEntry(Struct, kw_only=True, frozen=True):
    """What an address answered last, without the body."""

    digest: str
    url: str
    final_url: str
    status: int
    headers: dict[str, str]
    fetched_at: float  # Unix seconds


class Opened(Struct, kw_only=True, frozen=True):
    """A source ready to be read: where it came from, and its body unless the cache holds it."""

    entry: PageEntry
    body: bytes | None
    start: int
    cache: CacheReport
    storable: bool
    fetch_ms: float
    began: float  # time.perf_counter()


class Content(Struct, kw_only=True, frozen=True):
    """What a set of options made of a snapshot: everything a response needs but its own id and times."""

    cleaned: jobs.Cleaned
    html_tokens: int


class Scraper:
    """Fetches, cleans, counts and caches. One for the whole service; safe to call concurrently."""

    def __init__(
        self, *, fetcher: Fetcher, workers: Workers, cache: Cache, flights: SingleFlight, now: Callable[[], float] = time.time
    ) -> None:
        self._fetcher = fetcher
        self._workers = workers
        self._cache = cache
        self._flights = flights
        self._now = now
        self._background: set[asyncio.Task[None]] = set()

    async def scrape(self, request: ScrapeRequest, *, tenant: str = "") -> ScrapeResponse:
        """One page, by `request`.

        Args:
            tenant: whose cache entries credentialed requests use; public pages are shared by all.
        Raises:
            GatewayError: every failure of fetching and cleaning, and InvalidRequest.
        """
        return await self.read(request, await self.open(request, tenant=tenant))

    async def open(self, request: ScrapeRequest, *, tenant: str = "") -> Opened:
        """Get hold of the source: from the request, the cache or the origin."""
        began = time.perf_counter()
        if (request.url is None) == (request.html is None) and request.html is None:
            raise InvalidRequest("send either `url` or `html`: the request has neither")
        if request.render == "always":
            raise InvalidRequest("`render`: always needs a browser, and none is configured; send auto or never")
        resolve_tokenizer(request.tokenizer)
        if request.html is not None:
            return _open_html(request, began)
        ...
