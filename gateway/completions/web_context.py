"""Use case: web pages into a conversation, under a budget.

Every page is read; if together they pass the budget, each is cut to its share of it, at a block where one fits.
The pages stand in the conversation as `core.prompt` fences them: data, not instructions.
"""

import secrets
from typing import Any

import msgspec
from msgspec import Struct

from backends.base import CompletionRequest, Route
from gateway.completions.context import most_tokens
from gateway.core.llm.prompt import PromptPage, ground_messages
from gateway.core.tasks.base import Workers
from gateway.core.tasks.prompts import MakeDelimiter
from gateway.errors import GatewayError, InvalidRequest
from gateway.scraping.scraped_page import ScrapedPage
from gateway.scraping.together import CutPage, PageScraper, cut_all, scrape_all
from gateway.wire import ScrapeRequest, WebOptions, WebSource

# where neither the request nor the model's configuration says how much fits
DEFAULT_BUDGET_TOKENS = 16_000
# left free for an answer of unsaid length
DEFAULT_ANSWER_TOKENS = 1_024
# rules, fences and titles, and what the model's own tokenizer makes of it all
MARGIN_TOKENS = 200


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
        options = {name: getattr(web, name) for name in web.__struct_fields__ if name != "urls"}
        requests = [ScrapeRequest(**options | {"url": url, "max_tokens": None}) for url in web.urls]
        read = await scrape_all(self._scraper, requests, tenant=tenant)
        if not any(isinstance(page, ScrapedPage) for page in read):
            raise next(page for page in read if isinstance(page, GatewayError))
        budget = web.max_tokens or budget_for(request, route)
        cut = await cut_all(self._scraper, self._workers, requests, read, budget=budget, tenant=tenant)
        sources = [_report(url, each) for url, each in zip(web.urls, cut, strict=True)]
        pages = [
            PromptPage(content=each.piece.content, url=each.piece.final_url or url, title=each.piece.title)
            for url, each in zip(web.urls, cut, strict=True)
            if each.piece is not None
        ]
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


def _report(url: str, page: CutPage) -> WebSource:
    whole = page.whole
    if isinstance(whole, GatewayError):
        return WebSource(url=url, title=None, tokens=0, page_tokens=0, error=whole.code)
    return WebSource(
        url=url,
        title=whole.title,
        tokens=page.piece.tokens.content if page.piece else 0,
        page_tokens=whole.tokens.content,
        cache=whole.cache,
        status=whole.status if whole.status and whole.status >= 400 else None,
    )
