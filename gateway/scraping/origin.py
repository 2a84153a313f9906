"""Requests a page from its origin: as it is sent, or as it is once its scripts have run."""

import time
from collections.abc import Callable

import msgspec
from msgspec import Struct

from gateway.cache.keys import digest_of
from gateway.core.documents.alternate import HEAD_BYTES, may_offer_markdown
from gateway.core.documents.document import Received
from gateway.core.http.cache_policy import merge_cache_headers
from gateway.core.tasks.alternate import FindMarkdownAlternate
from gateway.core.tasks.base import Workers
from gateway.errors import CleanError, GatewayError
from gateway.fetch.base import Fetched, Fetcher, FetchRequest, Renderer, Rendering, RenderRequest
from gateway.scraping.page import PageEntry, needs_html
from gateway.wire import ScrapeRequest


class Answer(Struct, kw_only=True, frozen=True):
    """A page that came: `entry` is as it would be kept."""

    entry: PageEntry
    body: bytes
    # the HTML that linked to the body, the site's own markdown
    received: Received | None = None
    fetch_ms: float = 0
    render_ms: float = 0
    screenshot: bytes | None = None
    pdf: bytes | None = None


class NotModified(Struct, kw_only=True, frozen=True):
    """The origin confirmed the page that was known."""

    fetched: Fetched


class Origin:
    """Asks through the fetcher or the renderer; keeps nothing.

    Args:
        renderer: runs a page's scripts; None where there is no browser.
    """

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        workers: Workers,
        renderer: Renderer | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._fetcher = fetcher
        self._workers = workers
        self._now = now
        self.renderer = renderer

    async def fetch(
        self, request: ScrapeRequest, *, known: PageEntry | None, timeout_s: float
    ) -> Answer | NotModified:
        """The page as it is sent, asked for conditionally when an older answer is `known`."""
        assert request.url is not None
        validators = known.headers if known else {}
        html_first = needs_html(request)
        page = await self._fetcher.fetch(
            FetchRequest(
                url=request.url,
                timeout_s=timeout_s,
                headers=request.headers,
                html_first=html_first,
                etag=validators.get("etag"),
                last_modified=validators.get("last-modified"),
                validated_url=known.final_url if known else None,
            )
        )
        if page.status == 304 and known:
            return NotModified(fetched=page)
        own = None if html_first else await self._own_markdown(request, page, left_s=timeout_s)
        if own is None:
            instead = not html_first and _is_markdown(page)
            return _answer(page, earlier=page.redirects, now_s=self._now(), instead_of_html=instead)
        answer = _answer(
            own,
            earlier=[*page.redirects, page.headers, *own.redirects],
            now_s=self._now(),
            instead_of_html=True,
            received=Received(body=page.body, content_type=page.content_type),
        )
        return msgspec.structs.replace(answer, fetch_ms=page.fetch_ms + own.fetch_ms)

    async def render(self, request: ScrapeRequest, *, timeout_s: float) -> Answer:
        """The page once its scripts have run."""
        assert request.url is not None and self.renderer is not None
        page = await self.renderer.render(
            RenderRequest(
                url=request.url,
                timeout_s=timeout_s,
                headers=request.headers,
                html_first=True,
                wait_for=request.wait_for,
                actions=request.actions,
                screenshot="screenshot" in request.include,
                pdf="pdf" in request.include,
            )
        )
        rendering = page.rendering or Rendering(engine=self.renderer.name)
        rendering = msgspec.structs.replace(rendering, ms=round(page.fetch_ms, 2))
        answer = _answer(page, earlier=page.redirects, now_s=self._now(), rendering=rendering)
        return msgspec.structs.replace(
            answer, fetch_ms=0, render_ms=page.fetch_ms, screenshot=page.screenshot, pdf=page.pdf
        )

    async def _own_markdown(self, request: ScrapeRequest, page: Fetched, *, left_s: float) -> Fetched | None:
        """The site's own markdown of a page, where the page links to one."""
        if page.status != 200 or not may_offer_markdown(page.body, headers=page.headers):
            return None
        offer = FindMarkdownAlternate(body=page.body[:HEAD_BYTES], headers=page.headers, url=page.final_url)
        try:
            address = await self._workers.run(offer)
        except CleanError:
            # the HTML is at hand
            address = None
        left_s -= page.fetch_ms / 1e3
        if address is None or left_s <= 0:
            return None
        # the first origin's headers are not sent to another
        headers = request.headers if page.stayed else {}
        try:
            own = await self._fetcher.fetch(FetchRequest(url=address, timeout_s=left_s, headers=headers))
        except GatewayError:
            # an offer that is not kept costs nothing but the try
            return None
        return own if own.status == 200 and _is_markdown(own) and own.body.strip() else None


def _answer(
    page: Fetched,
    *,
    earlier: list[dict[str, str]],
    now_s: float,
    received: Received | None = None,
    instead_of_html: bool = False,
    rendering: Rendering | None = None,
) -> Answer:
    shown = rendering and [rendering.engine, rendering.warnings, page.screenshot, page.pdf]
    digest = digest_of([page.final_url, page.content_type, page.body, received, shown])
    entry = PageEntry(
        digest=digest,
        final_url=page.final_url,
        status=page.status,
        headers=merge_cache_headers(earlier, page.headers),
        fetched_at=now_s,
        instead_of_html=instead_of_html,
        rendering=rendering,
    )
    return Answer(entry=entry, body=page.body, received=received, fetch_ms=page.fetch_ms)


def _is_markdown(page: Fetched) -> bool:
    return page.content_type.startswith("text/markdown")
