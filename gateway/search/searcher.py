"""Searches, and reads what was found under one budget."""

from typing import Any

import msgspec

from gateway.core.tasks.base import Workers
from gateway.errors import GatewayError, InvalidRequest
from gateway.scraping.response import to_response
from gateway.scraping.scraped_page import ScrapedPage
from gateway.scraping.together import CutPage, PageScraper, cut_all, scrape_all
from gateway.search.providers import Query, SearchProvider
from gateway.wire import Notice, ScrapeOptions, ScrapeRequest
from gateway.wire.jobs import JobError
from gateway.wire.search import SearchRequest, SearchResponse, SearchResult


class Searcher:
    """A query in, pages out. One for the whole service.

    Args:
        scraper: reads what was found, through the address policy.
        workers: cut pages to their shares.
    """

    def __init__(self, *, provider: SearchProvider, scraper: PageScraper, workers: Workers) -> None:
        self._provider = provider
        self._scraper = scraper
        self._workers = workers

    async def search(self, request: SearchRequest, *, tenant: str = "") -> SearchResponse:
        """The results, read if the request asks for it; a page that fails is an error in its place.

        Raises:
            SearchUnavailable: no engine is configured.
            SearchFailed: the engine does not answer.
        """
        options = request.scrape
        if options is None and request.max_tokens is not None:
            options = ScrapeOptions()
        if options is not None and options.cursor is not None:
            raise InvalidRequest(
                "`scrape`: a cursor continues one page, and a search finds many", field="scrape"
            )
        query = Query(
            text=request.query, limit=request.limit, language=request.language, time_range=request.time_range
        )
        found = (await self._provider.search(query))[: request.limit]
        results = [
            SearchResult(url=page.url, title=page.title, snippet=page.snippet, published=page.published)
            for page in found
        ]
        if options is not None:
            results = await self._read(results, options, request.max_tokens, tenant)
        warnings = []
        if not results:
            warnings.append(
                Notice(code="nothing_found", message="the engine found nothing; use other or fewer words")
            )
        return SearchResponse(
            query=request.query, provider=self._provider.name, results=results, warnings=warnings
        )

    async def _read(
        self, results: list[SearchResult], options: ScrapeOptions, budget: int | None, tenant: str
    ) -> list[SearchResult]:
        fields = {name: getattr(options, name) for name in options.__struct_fields__}
        requests = [ScrapeRequest(**fields, url=result.url) for result in results]
        pages = await scrape_all(self._scraper, requests, tenant=tenant)
        cut = [CutPage(whole=page, piece=page if isinstance(page, ScrapedPage) else None) for page in pages]
        if budget is not None:
            cut = await cut_all(self._scraper, self._workers, requests, pages, budget=budget, tenant=tenant)
        return [
            msgspec.structs.replace(result, **_outcome(page))
            for result, page in zip(results, cut, strict=True)
        ]


def _outcome(page: CutPage) -> dict[str, Any]:
    if isinstance(page.whole, GatewayError):
        error = page.whole
        report = JobError(
            code=error.code, detail=error.detail, origin_status=error.extra.get("origin_status")
        )
        return {"error": report}
    piece = page.piece
    if piece is None:
        # there is no room for it: what is known of it, without its content
        piece = msgspec.structs.replace(
            page.whole, content="", tokens=msgspec.structs.replace(page.whole.tokens, content=0)
        )
    return {"page": to_response(piece)}
