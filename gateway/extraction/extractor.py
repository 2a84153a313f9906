"""Use case: pages and a question in, an answer with evidence out.

    extractor = Extractor(scraper=scraper, completer=completer, workers=workers)
    response = await extractor.extract(request, tenant="alice")
    async for event in extractor.stream(request, tenant="alice"):   # source…, delta…, evidence, done

One road for both: the work emits its events as they come, and `extract` collects them. Sources are scraped at
once and emitted in the order asked for; then `gateway.extraction.strategy` finds the answer, and every value of it
is judged against the pages.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Protocol

import msgspec

from backends.base import Route
from gateway.completions.broadcast import Broadcast, Subscriber
from gateway.completions.completer import Completer, Spend, spend_nothing
from gateway.core.tasks.answers import CheckSchema
from gateway.core.tasks.base import Workers
from gateway.core.tasks.evidence import MAX_LEAVES, FindEvidence
from gateway.core.tasks.tokens import CountTokens
from gateway.core.tokens.tokenizer import name_of
from gateway.errors import BackendUnavailable, CleanError, GatewayError, InvalidRequest
from gateway.extraction.call_planner import CallPlanner
from gateway.extraction.state import STRUCTURED, ExtractionState, ReadPage, summarise
from gateway.extraction.strategy import ExtractionStrategy
from gateway.scraping.scraped_page import ScrapedPage
from gateway.scraping.tokenizers import ENCODINGS, Tokenizers
from gateway.wire import (
    CacheReport,
    EvidenceEvent,
    ExtractDone,
    ExtractEvent,
    ExtractRequest,
    ExtractResponse,
    ExtractSource,
    Notice,
    ScrapeOptions,
    ScrapeRequest,
    SourceEvent,
    TokenReport,
    collect,
    encode_json,
)

SCRAPES_AT_ONCE = 8

Emit = Callable[[ExtractEvent], None]


class PageScraper(Protocol):
    """What an Extractor needs of gateway.scraping.scraper.Scraper."""

    async def scrape(self, request: ScrapeRequest, *, tenant: str = "") -> ScrapedPage: ...


class Extractor:
    """Answers questions about pages. One for the whole service; safe to call concurrently.

    Args:
        workers: check, count, validate and find evidence.
        tokenizers: what requests may count by.
        secret: makes the delimiters that fence pages; a random one when absent.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        *,
        scraper: PageScraper,
        completer: Completer,
        workers: Workers,
        tokenizers: Tokenizers = ENCODINGS,
        secret: bytes | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._scraper = scraper
        self._completer = completer
        self._workers = workers
        self._secret = secret or secrets.token_bytes(32)
        self._clock = clock
        self._tokenizers = tokenizers
        self._planner = CallPlanner(workers=workers, tokenizers=tokenizers, clock=clock)

    async def extract(
        self,
        request: ExtractRequest,
        *,
        tenant: str = "",
        spend: Spend = spend_nothing,
        page: ScrapedPage | None = None,
    ) -> ExtractResponse:
        """The whole answer.

        Args:
            tenant, spend: as in `Completer.open`.
            page: that of `request.url`, read with `scrape_options`; without, it is scraped.
        Raises:
            GatewayError: the page's failure when no page could be read, the backend's, ContextOverflow,
                SchemaUnsatisfied, or InvalidRequest.
        """
        async with aclosing(self.stream(request, tenant=tenant, spend=spend, page=page)) as stream:
            return collect([event async for event in stream])

    async def stream(
        self,
        request: ExtractRequest,
        *,
        tenant: str = "",
        spend: Spend = spend_nothing,
        page: ScrapedPage | None = None,
    ) -> AsyncGenerator[ExtractEvent, None]:
        """One `SourceEvent` a page, `DeltaEvent`s, an `EvidenceEvent` for data, one `ExtractDone`.

        Close the generator (`contextlib.aclosing`) when leaving it early. Errors as in `extract`.
        """
        reader = self.begin(request, tenant=tenant, spend=spend, page=page)
        try:
            while reader.end is None:
                for event in await reader.batch():
                    yield event
            yield reader.end
        finally:
            reader.close()

    def begin(
        self,
        request: ExtractRequest,
        *,
        tenant: str = "",
        spend: Spend = spend_nothing,
        page: ScrapedPage | None = None,
    ) -> Subscriber[ExtractEvent, ExtractDone]:
        """Start the work in a task of its own: events are read in batches, the reader's `end` is the last.

        Closing the reader, at any time, stops fetches and generation. Errors as in `extract`.
        """
        broadcast: Broadcast[ExtractEvent, ExtractDone] = Broadcast()
        broadcast.launch(
            lambda: self._work(request, tenant, spend, page, broadcast.publish), forget=lambda: None
        )
        return broadcast.follow()

    async def _work(
        self,
        request: ExtractRequest,
        tenant: str,
        spend: Spend,
        page: ScrapedPage | None,
        emit: Emit,
    ) -> ExtractDone:
        began = self._clock()
        check_request(request)
        if request.schema is not None:
            await self._workers.run(CheckSchema(schema=encode_json(request.schema)))
        route: Route | BackendUnavailable
        try:
            route = await self._completer.resolve(request.model)
        except BackendUnavailable as exc:
            # structured data may answer all the same
            route = exc
        state = ExtractionState(route=route)
        await self._read(request, tenant, page, state, emit)
        strategy = ExtractionStrategy(
            self._completer,
            request,
            state,
            workers=self._workers,
            planner=self._planner,
            tenant=tenant,
            secret=self._secret,
            emit=emit,
            spend=spend,
        )
        await strategy.answer()
        if state.data is not None and request.evidence:
            await self._find_evidence(state)
            emit(EvidenceEvent(evidence=state.evidence))
        return summarise(state, total_ms=(self._clock() - began) * 1000)

    async def _find_evidence(self, state: ExtractionState) -> None:
        """Judge the answer's values; an answer whose evidence takes too long is an answer all the same."""
        structured = state.backend == STRUCTURED
        pages = [page.as_evidence(structured=structured) for page in state.pages]
        try:
            state.evidence = await self._workers.run(FindEvidence(data=state.data or b"null", pages=pages))
        except CleanError as exc:
            state.warnings.append(Notice(code="evidence_missing", message=exc.detail))
            return
        if len(state.evidence) == MAX_LEAVES:
            cut = f"the first {MAX_LEAVES} values were judged"
            state.warnings.append(Notice(code="evidence_cut", message=cut))

    async def _page_of(self, content: str, named: str) -> ReadPage:
        tokenizer = await self._tokenizers.find(named)
        tokens = await self._workers.run(CountTokens(text=content, tokenizer=tokenizer))
        report = TokenReport.of(tokenizer=name_of(tokenizer), html=tokens, full=tokens, content=tokens)
        supplied = CacheReport(status="bypass", not_stored="it came in the request")
        source = ExtractSource(url=None, title=None, tokens=report, cache=supplied)
        return ReadPage(content=content, source=source)

    async def _read(
        self,
        request: ExtractRequest,
        tenant: str,
        known: ScrapedPage | None,
        state: ExtractionState,
        emit: Emit,
    ) -> None:
        """Read the sources; one of several that fails is a warning."""

        def add(page: ReadPage) -> None:
            emit(SourceEvent(index=len(state.pages), **_fields(page.source)))
            state.pages.append(page)

        if request.content is not None:
            add(await self._page_of(request.content, request.scrape.tokenizer))
            return
        limit = asyncio.Semaphore(SCRAPES_AT_ONCE)

        async def scrape(each: ScrapeRequest) -> ScrapedPage:
            if known is not None:
                return known
            async with limit:
                return await self._scraper.scrape(each, tenant=tenant)

        wanted = _scrape_requests(request)
        tasks = [asyncio.ensure_future(scrape(each)) for each in wanted]
        failures: list[GatewayError] = []
        try:
            for each, task in zip(wanted, tasks, strict=True):
                try:
                    response = await task
                except GatewayError as exc:
                    failures.append(exc)
                    failed = f"{each.url} could not be read and was left out ({exc.code}): {exc.detail}"
                    state.warnings.append(Notice(code="page_failed", message=failed))
                else:
                    state.warnings += _warnings_of(each.url if len(wanted) > 1 else None, response.warnings)
                    if response.next_cursor:
                        cut = f"{each.url or 'the page'} was read only up to scrape.max_tokens"
                        state.warnings.append(Notice(code="content_cut", message=cut))
                    add(ReadPage.from_scrape(response))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not state.pages:
            raise failures[0]


def check_request(request: ExtractRequest) -> None:
    """Check what the types cannot express.

    Raises:
        InvalidRequest: not exactly one source, or nothing is asked.
    """
    named = [name for name in ("url", "urls", "html", "content") if getattr(request, name) is not None]
    if len(named) != 1 and named != ["url", "html"]:
        given = " and ".join(f"`{name}`" for name in named) or "none"
        raise InvalidRequest(
            "send exactly one source: `url`, `urls`, `html` (with `url` as its base address) or `content`; "
            f"this request has {given}",
            field=named[1] if named else "url",
        )
    if request.prompt is None and request.schema is None:
        raise InvalidRequest("send `prompt`, `schema` or both: without them nothing is asked", field="prompt")
    if request.content is not None and not request.content.strip():
        raise InvalidRequest("`content` is empty", field="content")


def scrape_options(options: ScrapeOptions, *, schema: dict[str, Any] | None) -> ScrapeOptions:
    """How a page is scraped that is extracted from: a schema may be satisfied by what the page states as data."""
    if schema is None or "structured" in options.include:
        return options
    return msgspec.structs.replace(options, include=[*options.include, "structured"])


def _scrape_requests(request: ExtractRequest) -> list[ScrapeRequest]:
    options = scrape_options(request.scrape, schema=request.schema)
    if request.html is not None:
        return [_scrape_request(options, url=request.url, html=request.html)]
    urls = request.urls if request.urls is not None else [request.url]
    return [_scrape_request(options, url=url) for url in urls]


def _scrape_request(options: ScrapeOptions, *, url: str | None, html: str | None = None) -> ScrapeRequest:
    return ScrapeRequest(**_fields(options), url=url, html=html)


def _warnings_of(url: str | None, warnings: list[Notice]) -> list[Notice]:
    """A page's warnings, with its address where several pages have theirs."""
    if url is None:
        return warnings
    return [msgspec.structs.replace(notice, message=f"{url}: {notice.message}") for notice in warnings]


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    """A struct's fields as they are, nested structs included."""
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
