"""Use case: a page in, a piece of counted content out; open → clean → count → cache.

What one set of options made of a snapshot is cached, and its HTML's token count: another format or budget of the
same page costs no fetch, the same request costs no work at all.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from gateway.cache.base import Cache
from gateway.cache.keys import content_key, tokens_key
from gateway.cache.typed import load, save
from gateway.core.documents.document import Received
from gateway.core.recovery.shell import needs_scripts
from gateway.core.tasks.base import Workers
from gateway.core.tasks.changes import FindChanges
from gateway.core.tasks.tokens import CountTokens
from gateway.core.tokens.counters import vocabulary_digest
from gateway.core.tokens.cursor import Cursor, decode_cursor, encode_cursor
from gateway.core.tokens.tokenizer import name_of
from gateway.errors import (
    CleanError,
    InvalidRequest,
    OriginStatus,
    Overloaded,
    UnsupportedContent,
    shutting_down,
)
from gateway.fetch.acquire import RENDER_FAILED, Acquired, acquire, renders_first
from gateway.fetch.base import NO_BROWSER
from gateway.scraping.checks import check_request
from gateway.scraping.content import (
    Content,
    PreparedScrape,
    clean_options,
    clean_task,
    options_digest,
    piece_digest,
)
from gateway.scraping.page import LoadedPage, Snapshot
from gateway.scraping.pages import Pages
from gateway.scraping.scraped_page import ScrapedPage
from gateway.scraping.tokenizers import ENCODINGS, Tokenizers
from gateway.wire import (
    Notice,
    PageChanges,
    RenderReport,
    ScrapeRequest,
    ScrapeTimings,
    Section,
    TokenReport,
    TokensRequest,
    TokensResponse,
)

CONTENT_TTL_S = 7 * 86_400


class WholePage(Struct, kw_only=True, frozen=True):
    """A scraped page, and the page as it was received; None where the cache has dropped it meanwhile."""

    page: ScrapedPage
    received: Received | None


class Scraper:
    """Opens, cleans, counts and caches. One for the whole service; safe to call concurrently.

    Args:
        code: the fingerprint of what cleans and counts.
        tokenizers: what requests may count by.
        on_event: is called with every page (metrics), once where one answer needs it twice.
    """

    def __init__(
        self,
        *,
        pages: Pages,
        workers: Workers,
        cache: Cache,
        code: str,
        tokenizers: Tokenizers = ENCODINGS,
        on_event: Callable[[ScrapedPage], None] = lambda page: None,
    ) -> None:
        self._pages = pages
        self._workers = workers
        self._cache = cache
        self._code = code
        self._tokenizers = tokenizers
        self._on_event = on_event
        self._under_way: set[asyncio.Task[Any]] = set()
        self._ended = False

    def end(self) -> None:
        """End every scrape, running or new, with Overloaded."""
        self._ended = True
        for task in self._under_way:
            task.cancel()

    async def scrape(self, request: ScrapeRequest, *, tenant: str = "", again: bool = False) -> ScrapedPage:
        """One page, by `request`.

        Args:
            tenant: whose cache entries a request with headers of its own uses; plain pages are shared.
            again: the same answer has scraped the page before; `on_event` knows it already.
        Raises:
            GatewayError: InvalidRequest, and every failure of fetching and cleaning.
        """
        return await self.read(await self.open(request, tenant=tenant, again=again))

    async def scrape_whole(self, request: ScrapeRequest, *, tenant: str = "") -> WholePage:
        """As `scrape`, with the page as it was received: its HTML, where the content is the site's own markdown."""
        page, loaded = await self._read(await self.open(request, tenant=tenant))
        if (snapshot := await self._pages.snapshot(loaded)) is None:
            return WholePage(page=page, received=None)
        return WholePage(page=page, received=snapshot.page or _received(snapshot))

    async def open(self, request: ScrapeRequest, *, tenant: str = "", again: bool = False) -> PreparedScrape:
        """The first half of `scrape`: check the request and load its page."""
        began = time.perf_counter()
        check_request(request, can_render=self._pages.renderer is not None)
        tokenizer = await self._tokenizers.find(request.tokenizer)
        cursor = decode_cursor(request.cursor) if request.cursor else None
        if cursor and cursor.options != options_digest(request):
            raise InvalidRequest(
                "`cursor`: made with other options; repeat those of the first piece", field="cursor"
            )
        if request.html is not None:
            page = self._pages.supplied(request.html, base=request.url)
        else:
            with self._until_the_end():
                page = await self._pages.open(
                    request,
                    tenant=tenant,
                    digest=cursor.digest if cursor else None,
                    rendered=renders_first(request),
                )
        if cursor and cursor.digest != page.entry.digest:
            raise InvalidRequest(
                "`cursor`: of another page, or the page has changed; start again without it", field="cursor"
            )
        return PreparedScrape(
            request=request,
            tenant=tenant,
            page=page,
            tokenizer=tokenizer,
            start=cursor.start if cursor else 0,
            began=began,
            again=again,
        )

    async def read(self, prepared: PreparedScrape) -> ScrapedPage:
        """The second half: the piece of content that the request asks for, and what there is to say of it."""
        page, _ = await self._read(prepared)
        return page

    async def _read(self, prepared: PreparedScrape) -> tuple[ScrapedPage, LoadedPage]:
        """As `read`, and the page with its body, if that is at hand."""
        try:
            with self._until_the_end():
                acquired = await self._acquire(prepared)
        except UnsupportedContent as exc:
            if (status := prepared.page.entry.status) and status >= 400:
                raise _nothing_to_read(status) from exc
            raise
        content, page = acquired.content, acquired.page
        request, cleaned, entry = prepared.request, content.cleaned, page.entry
        cuts = cleaned.next_start is not None or bool(cleaned.outline)
        # one for all the cursors, none where none is due
        options = options_digest(request) if cuts else ""

        def cursor_at(start: int) -> str:
            return encode_cursor(Cursor(digest=entry.digest, options=options, start=start))

        warnings = self._warnings(request, acquired)
        shown = await self._shown(prepared, page)
        changes = await self._changes(prepared, page, warnings) if "changes" in request.include else None
        if entry.status is not None and entry.status >= 400:
            if not cleaned.content.strip():
                raise _nothing_to_read(entry.status)
            message = f"the origin answered {entry.status}; this is what it sent with it"
            warnings.append(Notice(code="origin_status", message=message))
        scraped = ScrapedPage(
            request=request,
            loaded=msgspec.structs.replace(page, snapshot=None),
            title=cleaned.title,
            content=cleaned.content,
            metadata=cleaned.metadata,
            tokens=TokenReport.of(
                tokenizer=name_of(prepared.tokenizer),
                html=content.html_tokens,
                full=content.cleaned.full_tokens,
                content=content.cleaned.tokens,
            ),
            tokenizer=prepared.tokenizer,
            confidence=cleaned.confidence,
            next_cursor=None if cleaned.next_start is None else cursor_at(cleaned.next_start),
            outline=[
                Section(
                    heading=section.heading,
                    level=section.level,
                    tokens=section.tokens,
                    cursor=cursor_at(section.start),
                )
                for section in cleaned.outline
            ],
            timings=ScrapeTimings(
                fetch_ms=round(page.fetch_ms, 2),
                clean_ms=round(cleaned.clean_ms, 2),
                count_ms=round(cleaned.count_ms, 2),
                render_ms=round(page.render_ms, 2),
                total_ms=round((time.perf_counter() - prepared.began) * 1e3, 2),
            ),
            warnings=warnings,
            links=cleaned.links,
            images=cleaned.images,
            structured=cleaned.structured,
            chunks=cleaned.chunks,
            removed=cleaned.removed,
            html=cleaned.html,
            raw_html=cleaned.raw_html,
            changes=changes,
            render=_render_report(acquired),
            screenshot=shown.screenshot if shown else None,
            pdf=shown.pdf if shown else None,
        )
        if not prepared.again:
            self._on_event(scraped)
        return scraped, page

    async def count(self, request: TokensRequest) -> TokensResponse:
        """Tokens of a text or of a conversation."""
        if (request.text is None) == (request.messages is None):
            raise InvalidRequest("send exactly one of `text` and `messages`", field="text")
        tokenizer = await self._tokenizers.find(request.tokenizer)
        task = CountTokens(text=request.text, messages=request.messages, tokenizer=tokenizer)
        return TokensResponse(tokenizer=name_of(tokenizer), tokens=await self._workers.run(task))

    @contextlib.contextmanager
    def _until_the_end(self) -> Iterator[None]:
        """Let `end` break the block off, which then raises Overloaded."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            if self._ended:
                raise shutting_down(Overloaded)
            yield
        except asyncio.CancelledError:
            if not self._ended or task.uncancel():
                raise
            raise shutting_down(Overloaded) from None
        finally:
            self._under_way.discard(task)

    async def _acquire(self, prepared: PreparedScrape) -> Acquired[LoadedPage, Content]:
        """The content, of the page at hand or of the same page rendered."""
        request, first = prepared.request, prepared.page

        async def clean(page: LoadedPage) -> Acquired[LoadedPage, Content]:
            content, page = await self._content(prepared, page)
            return Acquired(page=page, content=content, warnings=content.cleaned.warnings)

        async def render() -> LoadedPage:
            page = await self._pages.open(request, tenant=prepared.tenant, rendered=True)
            return msgspec.structs.replace(page, fetch_ms=first.fetch_ms)

        # HTML that came in the request is taken as it is; a cursor continues the page that its first piece was of
        can_render = self._pages.renderer and request.html is None and not request.cursor
        return await acquire(
            first,
            mode=request.render,
            clean=clean,
            render=render if can_render and not first.source.rendered else None,
        )

    def _warnings(self, request: ScrapeRequest, acquired: Acquired[LoadedPage, Content]) -> list[Notice]:
        """Of the content, and of how its page was come by."""
        warnings = list(acquired.warnings)
        if rendering := acquired.page.entry.rendering:
            instead = "the page has few words, also after its scripts have run; `wait_for` what is missing"
            return [*_reworded(warnings, instead), *rendering.warnings]
        if self._pages.renderer is None and request.render != "never" and request.html is None:
            return _reworded(warnings, f"scripts build this page, and none were run: {NO_BROWSER}")
        return warnings

    async def _shown(self, prepared: PreparedScrape, page: LoadedPage) -> Snapshot | None:
        """The snapshot that holds the pictures asked for."""
        if not {"screenshot", "pdf"}.intersection(prepared.request.include):
            return None
        _, snapshot = await self._whole(prepared, page)
        return snapshot

    async def _changes(
        self, prepared: PreparedScrape, page: LoadedPage, warnings: list[Notice]
    ) -> PageChanges:
        """The page compared with an earlier copy; one that cannot be compared in time is a page all the same."""
        request = prepared.request
        earlier = await self._pages.earlier(page, age_s=request.changes_age_s)
        if earlier is None:
            return PageChanges(status="new")
        came_at, old = earlier
        page, new = await self._whole(prepared, page)
        task = FindChanges(
            old=_received(old),
            new=_received(new),
            url=page.entry.final_url,
            options=clean_options(request),
            format=request.format,
        )
        try:
            found = await self._workers.run(task)
        except CleanError as exc:
            warnings.append(Notice(code="changes_missing", message=exc.detail))
            return PageChanges(status="changed", compared_with=came_at)
        if found.left_out:
            cut = f"the first {len(found.blocks)} changes are listed"
            warnings.append(Notice(code="changes_cut", message=cut, count=found.left_out))
        status: Literal["same", "changed"] = "changed" if found.blocks else "same"
        return PageChanges(status=status, compared_with=came_at, blocks=found.blocks)

    async def _content(self, prepared: PreparedScrape, page: LoadedPage) -> tuple[Content, LoadedPage]:
        """The content, made or found (the stage times of a found one are 0), and the page it is of."""
        key = self._content_key(prepared, page)
        if page.storable and not page.is_new and (known := await load(self._cache, key, Content)):
            return known, page
        page, snapshot = await self._whole(prepared, page)
        content = await self._make(prepared, page, snapshot)
        if page.storable:
            timeless = msgspec.structs.replace(content.cleaned, clean_ms=0, count_ms=0)
            kept = msgspec.structs.replace(content, cleaned=timeless)
            await save(self._cache, self._content_key(prepared, page), kept, ttl_s=CONTENT_TTL_S)
        return content, page

    async def _whole(self, prepared: PreparedScrape, page: LoadedPage) -> tuple[LoadedPage, Snapshot]:
        """The page with its body; fetched again where the cache has dropped it meanwhile."""
        if snapshot := await self._pages.snapshot(page):
            return page, snapshot
        if prepared.start:
            raise InvalidRequest(
                "`cursor`: the page it continues is no longer cached; start again", field="cursor"
            )
        page = await self._pages.fetch(prepared.request, page.source)
        # as nothing was known that the origin could have confirmed
        assert page.snapshot is not None
        return page, page.snapshot

    async def _make(self, prepared: PreparedScrape, page: LoadedPage, snapshot: Snapshot) -> Content:
        """Clean and count; the count of the page as received is kept for other options."""
        count_key = tokens_key(
            code=self._code, snapshot=page.entry.digest, vocabulary=vocabulary_digest(prepared.tokenizer)
        )
        # a page that was just fetched is counted beside its cleaning: that costs less than a look into the cache
        was_kept = page.storable and page.snapshot is None
        html_tokens = await load(self._cache, count_key, int) if was_kept else None
        task = clean_task(prepared, snapshot, count_html=html_tokens is None)
        cleaned = await self._workers.run(task)
        if html_tokens is not None:
            return Content(cleaned=cleaned, html_tokens=html_tokens)
        html_tokens = cleaned.html_tokens or 0
        if was_kept or (page.storable and page.is_new):
            await save(self._cache, count_key, html_tokens, ttl_s=CONTENT_TTL_S)
        return Content(cleaned=cleaned, html_tokens=html_tokens)

    def _content_key(self, prepared: PreparedScrape, page: LoadedPage) -> str:
        return content_key(code=self._code, snapshot=page.entry.digest, piece=piece_digest(prepared))


def _received(snapshot: Snapshot) -> Received:
    return Received(body=snapshot.body, content_type=snapshot.entry.headers.get("content-type", ""))


def _reworded(warnings: list[Notice], message: str) -> list[Notice]:
    """With this message where a page needs its scripts."""
    return [
        msgspec.structs.replace(notice, message=message) if needs_scripts([notice]) else notice
        for notice in warnings
    ]


def _render_report(acquired: Acquired[LoadedPage, Content]) -> RenderReport | None:
    if rendering := acquired.page.entry.rendering:
        return RenderReport(used=True, engine=rendering.engine, ms=rendering.ms, requests=rendering.requests)
    failed = any(notice.code == RENDER_FAILED for notice in acquired.warnings)
    return RenderReport(used=False) if failed else None


def _nothing_to_read(status: int) -> OriginStatus:
    return OriginStatus(f"the origin answered {status} and sent nothing to read", origin_status=status)
