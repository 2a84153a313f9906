"""Pages in the cache: the last to lead is the last to write."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gateway.cache.base import Lease
from gateway.cache.disk import DiskCache
from gateway.cache.single_flight import SingleFlight
from gateway.fetch.base import Fetched, FetchRequest
from gateway.pages import PageEntry, Pages, find_source
from gateway.wire import ScrapeRequest

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
        key = find_source(REQUEST, tenant="").key
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
    pages = Pages(fetcher=StalledFetcher(other), cache=cache, flights=flights)
    opened = await pages.open(REQUEST)
    assert opened.body == b"<p>older</p>"  # its own caller gets what it fetched
    kept = await cache.get(opened.source.key)
    assert kept and msgspec.msgpack.decode(kept, type=PageEntry).digest == "newer"
    for part in (pages, cache, other):
        await part.aclose()
