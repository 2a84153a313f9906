"""Use case: web pages into a conversation, under a budget.

Every page is read; if together they pass the budget, each is cut to its share of it, at a block where one fits.
The pages stand in the conversation as `core.prompt` fences them: data, not instructions.
"""

import asyncio
import secrets
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from backends.base import CompletionRequest, Route
from gateway.completions.context import most_tokens
from gateway.core.llm.prompt import PromptPage, ground_messages, share_budget
from gateway.core.tasks.base import Workers
from gateway.core.tasks.prompts import CutMarkdown, MakeDelimiter
from gateway.errors import GatewayError, InvalidRequest
from gateway.scraping.scraped_page import ScrapedPage
from gateway.wire import ScrapeRequest, WebOptions, WebSource

# where neither the request nor the model's configuration says how much fits
DEFAULT_BUDGET_TOKENS = 16_000
# left free for an answer of unsaid length
DEFAULT_ANSWER_TOKENS = 1_024
SCRAPES_AT_ONCE = 8
# rules, fences and titles, and what the model's own tokenizer makes of it all
MARGIN_TOKENS = 200


class PageScraper(Protocol):
    """What a WebContextBuilder needs of gateway.scraping.scraper.Scraper."""

    async def scrape(self, request: ScrapeRequest, *, tenant: str = "") -> ScrapedPage: ...


class WebContext(Struct, kw_only=True, frozen=True):
    """The request with its pages, what stands for it in a cache's key, and what became of each page."""

    request: CompletionRequest
    identity: list[dict[str, Any]]
    sources: list[WebSource]


class WebContextBuilder:
    """Puts pages into prompts. One for the whole service.

    Args:
        workers: cut pages and make delimiters.
        secret: makes the delimiters that fence pages; a random one when absent.
    """

    def __init__(self, *, scraper: PageScraper, workers: Workers, secret: bytes | None = None) -> None:
        self._scraper = scraper
        self._workers = workers
        self._secret = secret or secrets.token_bytes(32)

    async def ground(
        self, request: CompletionRequest, web: WebOptions, *, route: Route, tenant: str = ""
    ) -> WebContext:
        """Read the pages and put them before the last user message.

        Raises:
            GatewayError: the first page's failure when none could be read; InvalidRequest when the budget has no
                room for pages.
        """
        read = await self._scrape_all(web, [None] * len(web.urls), tenant)
        if not any(isinstance(page, ScrapedPage) for page in read):
            raise next(page for page in read if isinstance(page, GatewayError))
        sizes = [page.tokens.content if isinstance(page, ScrapedPage) else 0 for page in read]
        budget = web.max_tokens or budget_for(request, route)
        shares = share_budget(sizes, budget)
        cut = [share if 0 < share < size else None for share, size in zip(shares, sizes, strict=True)]
        pieces = await self._scrape_all(web, cut, tenant) if any(cut) else read
        pieces = [await self._within(piece, share) for piece, share in zip(pieces, shares, strict=True)]
        sources, pages = [], []
        for url, whole, piece, share in zip(web.urls, read, pieces, shares, strict=True):
            if isinstance(piece, ScrapedPage) and isinstance(whole, ScrapedPage) and share:
                pages.append(PromptPage(content=piece.content, url=piece.final_url or url, title=piece.title))
            sources.append(_report(url, whole, piece if share else None))
        if not pages:
            raise InvalidRequest(
                f"a budget of {budget} tokens has no room for {len(web.urls)} pages", field="web.max_tokens"
            )
        delimiter = await self._workers.run(MakeDelimiter(pages=pages, secret=self._secret))
        messages = ground_messages(request.messages, pages, delimiter=delimiter)
        return WebContext(
            request=msgspec.structs.replace(request, messages=messages),
            identity=ground_messages(request.messages, pages, delimiter="page"),
            sources=sources,
        )

    async def _scrape_all(
        self, web: WebOptions, limits: list[int | None], tenant: str
    ) -> list[ScrapedPage | GatewayError]:
        gate = asyncio.Semaphore(SCRAPES_AT_ONCE)
        options = {name: getattr(web, name) for name in web.__struct_fields__ if name != "urls"}

        async def scrape(url: str, max_tokens: int | None) -> ScrapedPage | GatewayError:
            asked = ScrapeRequest(**options | {"url": url, "max_tokens": max_tokens})
            async with gate:
                try:
                    return await self._scraper.scrape(asked, tenant=tenant)
                except GatewayError as error:
                    return error

        return await asyncio.gather(*(scrape(*each) for each in zip(web.urls, limits, strict=True)))

    async def _within(self, piece: ScrapedPage | GatewayError, share: int) -> ScrapedPage | GatewayError:
        """The piece, cut inside a block if needed: a scrape never splits a table or fence, a budget is exact."""
        if isinstance(piece, GatewayError) or not 0 < share < piece.tokens.content:
            return piece
        cut = await self._workers.run(
            CutMarkdown(content=piece.content, max_tokens=share, tokenizer=piece.tokens.tokenizer)
        )
        tokens = msgspec.structs.replace(piece.tokens, content=cut.tokens)
        return msgspec.structs.replace(piece, content=cut.content, tokens=tokens)


def budget_for(request: CompletionRequest, route: Route) -> int:
    """What is left of the model's context for pages.

    Raises:
        InvalidRequest: nothing is.
    """
    if route.context_tokens is None:
        return DEFAULT_BUDGET_TOKENS
    asked = most_tokens(request.messages) + (request.max_output_tokens or DEFAULT_ANSWER_TOKENS)
    left = route.context_tokens - asked - MARGIN_TOKENS
    if left <= 0:
        raise InvalidRequest(
            f"prompt and answer may fill the {route.context_tokens} tokens of model `{route.name}`: no room for "
            "pages; shorten them or set web.max_tokens",
            field="web",
        )
    return left


def _report(
    url: str, whole: ScrapedPage | GatewayError, piece: ScrapedPage | GatewayError | None
) -> WebSource:
    if isinstance(whole, GatewayError):
        return WebSource(url=url, title=None, tokens=0, page_tokens=0, error=whole.code)
    used = piece.tokens.content if isinstance(piece, ScrapedPage) else 0
    return WebSource(
        url=url,
        title=whole.title,
        tokens=used,
        page_tokens=whole.tokens.content,
        cache=whole.cache,
        status=whole.status if whole.status and whole.status >= 400 else None,
    )
