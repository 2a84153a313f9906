"""Several pages at once, under one budget of tokens."""

import asyncio
from typing import Protocol

import msgspec
from msgspec import Struct

from gateway.core.llm.prompt import share_budget
from gateway.core.tasks.base import Workers
from gateway.core.tasks.prompts import CutMarkdown
from gateway.errors import GatewayError
from gateway.scraping.scraped_page import ScrapedPage
from gateway.wire import ScrapeRequest

SCRAPES_AT_ONCE = 8


class PageScraper(Protocol):
    """What is needed here of gateway.scraping.scraper.Scraper."""

    async def scrape(
        self, request: ScrapeRequest, *, tenant: str = "", again: bool = False
    ) -> ScrapedPage: ...


class CutPage(Struct, kw_only=True, frozen=True):
    """A page and its part of the budget: `piece` is None where there is no room for it, or the page's error."""

    whole: ScrapedPage | GatewayError
    piece: ScrapedPage | None


async def scrape_all(
    scraper: PageScraper, requests: list[ScrapeRequest], *, tenant: str, again: bool = False
) -> list[ScrapedPage | GatewayError]:
    """Every page, or the error in its place; `again` as of `PageScraper`."""
    gate = asyncio.Semaphore(SCRAPES_AT_ONCE)

    async def scrape(request: ScrapeRequest) -> ScrapedPage | GatewayError:
        async with gate:
            try:
                return await scraper.scrape(request, tenant=tenant, again=again)
            except GatewayError as error:
                return error

    return await asyncio.gather(*map(scrape, requests))


async def cut_all(
    scraper: PageScraper,
    workers: Workers,
    requests: list[ScrapeRequest],
    pages: list[ScrapedPage | GatewayError],
    *,
    budget: int,
    tenant: str,
) -> list[CutPage]:
    """Cut pages to their shares of a budget, at blocks where one fits; pages that are short leave theirs to others.

    Args:
        requests, pages: what was asked, and what `scrape_all` gave.
        budget: tokens of all pages together.
    """
    sizes = [page.tokens.content if isinstance(page, ScrapedPage) else 0 for page in pages]
    shares = share_budget(sizes, budget)
    cut = [0 < share < size for share, size in zip(shares, sizes, strict=True)]
    cuts = [
        msgspec.structs.replace(request, max_tokens=share)
        for request, share, is_cut in zip(requests, shares, cut, strict=True)
        if is_cut
    ]
    shorter = iter(await scrape_all(scraper, cuts, tenant=tenant, again=True))
    pieces = [next(shorter) if is_cut else page for page, is_cut in zip(pages, cut, strict=True)]
    return [
        CutPage(whole=page, piece=await _within(piece, share, workers))
        for page, piece, share in zip(pages, pieces, shares, strict=True)
    ]


async def _within(piece: ScrapedPage | GatewayError, share: int, workers: Workers) -> ScrapedPage | None:
    """The piece, cut inside a block if needed: a scrape never splits a table or fence, a budget is exact."""
    if isinstance(piece, GatewayError) or not share:
        return None
    if share >= piece.tokens.content:
        return piece
    task = CutMarkdown(content=piece.content, max_tokens=share, tokenizer=piece.tokenizer)
    cut = await workers.run(task)
    tokens = msgspec.structs.replace(piece.tokens, content=cut.tokens)
    return msgspec.structs.replace(piece, content=cut.content, tokens=tokens)
