"""Responses that are requested again: encoded once, sent again as long as their page is the same.

A fast path and nothing else: what it answers is what `Scraper` would, found without decoding the request,
reading the cache and encoding the response anew. An answer is good while the cache has the page's entry at hand
in memory, unchanged to the byte, and the page is as fresh as the request asks.
"""

import time
from collections.abc import Callable

import msgspec
from msgspec import Struct

from gateway.cache.base import Cache
from gateway.core.http.cache_policy import fresh_until_s
from gateway.core.tokens.tokenizer import ModelVocabulary
from gateway.primitives.byte_lru import ByteLru
from gateway.primitives.ids import new_id
from gateway.scraping.page import PageEntry
from gateway.scraping.scraped_page import ScrapedPage
from gateway.wire import CacheReport, ScrapeResponse, ScrapeTimings, encode_json

MAX_REQUEST_BYTES = 4096
# the path of the gateway's own scrape
NATIVE = "/v1/scrape"
# what an answer costs beside its bytes: struct, keys, numbers
_OVERHEAD_BYTES = 1000


class CachedResponse(Struct, kw_only=True, frozen=True):
    """An encoded response, cut where one answer differs from the next: id, and age and times where it has them."""

    # without its long parts: what metrics and the log ask for
    summary: ScrapedPage
    # up to the id
    opening: bytes
    # after the id, up to the cache's report or the end
    head: bytes
    # after the times; None where there is no report
    tail: bytes | None
    page_key: str
    # the page's entry in the cache when this was made
    page: bytes
    # Unix seconds: when the page's age was 0
    born_at: float
    # Unix seconds
    fresh_until: float

    @property
    def size_bytes(self) -> int:
        return len(self.head) + len(self.tail or b"") + len(self.page) + _OVERHEAD_BYTES + len(self.opening)


class CachedResponses:
    """Keeps answers by the body of their request. For one event loop.

    Args:
        cache: its `peek` says whether a page is still the same.
        on_event: is called with every response that is sent again (metrics).
        size_bytes: least recently used answers go beyond it; one above a quarter of it is not kept.
    """

    def __init__(
        self,
        cache: Cache,
        *,
        on_event: Callable[[ScrapedPage], None] = lambda page: None,
        size_bytes: int = 8 * 1024**2,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._on_event = on_event
        self._now = now
        self._kept: ByteLru[tuple[str, str, bytes], CachedResponse] = ByteLru(size_bytes)

    def find(self, body: bytes, *, tenant: str, path: str = NATIVE) -> CachedResponse | None:
        """The answer to a request of these bytes, None when it has to be made."""
        answer = self._kept.get((tenant, path, body))
        if answer is None:
            return None
        if self._now() >= answer.fresh_until or self._cache.peek(answer.page_key) != answer.page:
            # what is made in its place is kept over it
            return None
        self._on_event(answer.summary)
        return answer

    def keep(self, body: bytes, *, tenant: str, page: ScrapedPage, response: ScrapeResponse) -> None:
        """Keep the answer to a request that came twice: one from the cache, of a page that is still fresh."""
        if (page_bytes := self._fresh(body, page)) is None:
            return
        cut = _report(response.cache, response.timings)
        opening = b'{"id":"'
        rest = encode_json(response).removeprefix(opening + response.id.encode())
        head, _, tail = rest.partition(cut)
        self._put((tenant, NATIVE, body), page, page_bytes, opening=opening, head=head, tail=tail)

    def keep_encoded(
        self, body: bytes, *, tenant: str, path: str, page: ScrapedPage, encoded: bytes, opening: bytes
    ) -> None:
        """As `keep`, of another dialect's answer.

        Args:
            path: the route's.
            encoded: the answer, in which the id alone differs from the next one's.
            opening: what stands before the id, a `"` after it.
        """
        before, found, rest = encoded.partition(opening)
        if not found or (page_bytes := self._fresh(body, page)) is None:
            return
        _, quote, head = rest.partition(b'"')
        self._put(
            (tenant, path, body), page, page_bytes, opening=before + opening, head=quote + head, tail=None
        )

    def _fresh(self, body: bytes, page: ScrapedPage) -> bytes | None:
        """The page's entry in the cache, where an answer made of it may be sent again."""
        # which copy is compared with changes as time goes by, and what a model's name counts by with its file
        varies = "changes" in page.request.include or isinstance(page.tokenizer, ModelVocabulary)
        if page.cache.status != "hit" or len(body) > MAX_REQUEST_BYTES or varies:
            return None
        raw = self._cache.peek(page.loaded.source.key)
        if raw is None or msgspec.msgpack.decode(raw, type=PageEntry) != page.loaded.entry:
            # a cursor's older snapshot, or another answer came in meanwhile
            return None
        return raw

    def _put(
        self,
        key: tuple[str, str, bytes],
        page: ScrapedPage,
        page_bytes: bytes,
        *,
        opening: bytes,
        head: bytes,
        tail: bytes | None,
    ) -> None:
        entry = page.loaded.entry
        answer = CachedResponse(
            summary=msgspec.structs.replace(
                page,
                content="",
                outline=[],
                links=[],
                images=[],
                structured=[],
                chunks=[],
                removed=[],
                html="",
                raw_html="",
                screenshot=None,
                pdf=None,
            ),
            opening=opening,
            head=head,
            tail=tail,
            page_key=page.loaded.source.key,
            page=page_bytes,
            born_at=self._now() - page.cache.age_s,
            fresh_until=fresh_until_s(
                headers=entry.headers, stored_at_s=entry.fetched_at, max_age_s=page.request.max_age_s
            ),
        )
        self._kept.put(key, answer, size_bytes=answer.size_bytes)

    def render(self, answer: CachedResponse, *, took_ms: float) -> bytes:
        """The response of this moment, as JSON."""
        if answer.tail is None:
            return b"%b%b%b" % (answer.opening, new_id().encode(), answer.head)
        cache = CacheReport(status="hit", age_s=round(self._now() - answer.born_at, 3))
        timings = msgspec.structs.replace(answer.summary.timings, total_ms=round(took_ms, 2))
        report = _report(cache, timings)
        return b"%b%b%b%b%b" % (answer.opening, new_id().encode(), answer.head, report, answer.tail)


def _report(cache: CacheReport, timings: ScrapeTimings) -> bytes:
    """Both as they stand side by side in a response; no text within one can hold such a run of bare quotes."""
    return b'"cache":%b,"timings":%b' % (encode_json(cache), encode_json(timings))
