"""One address of a job: read it, extract from it, and find the addresses that it leads to."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec
import zstandard
from msgspec import Struct

from gateway.completions.completer import Spend
from gateway.core.crawling.identity import identify
from gateway.core.crawling.scope import Scope, is_within
from gateway.core.http.url import Url, parse_url, route_of
from gateway.core.tasks.base import Workers
from gateway.core.tasks.crawling import FollowLinks, Found, FoundAddress
from gateway.errors import (
    BackendRateLimited,
    GatewayError,
    InternalError,
    JobPageAbandoned,
    OutOfScope,
    Overloaded,
    RobotsDenied,
)
from gateway.extraction.extractor import scrape_options
from gateway.jobs.discovery import Discovery, SiteFiles
from gateway.jobs.frontier import Address, Claim, Outcome
from gateway.jobs.specification import Specification
from gateway.scraping.response import to_response
from gateway.scraping.scraped_page import ScrapedPage
from gateway.scraping.scraper import WholePage
from gateway.wire import ExtractRequest, ExtractResponse, ScrapeRequest
from gateway.wire.jobs import JobError, JobResult, PageQuestion
from gateway.wire.scrape import ScrapeOptions

T = TypeVar("T")

MAX_ATTEMPTS = 3
MAX_RETRY_AFTER_S = 30.0
# shorter pages (a login form, an error) may say the same and be different ones
_COMPARED_CHARS = 50
_INLINE_BYTES = 256 * 1024
# of a result: its address, and its state after it; a quotation mark in an address is escaped
_BEGINNING_BYTES = 16 * 1024
_log = logging.getLogger("winnow.jobs")


class WholeScraper(Protocol):
    """What a job needs of gateway.scraping.scraper.Scraper."""

    async def scrape_whole(self, request: ScrapeRequest, *, tenant: str = "") -> WholePage: ...


class JobExtractor(Protocol):
    """What a job needs of gateway.extraction.extractor.Extractor."""

    async def extract(
        self,
        request: ExtractRequest,
        *,
        tenant: str = "",
        spend: Spend = ...,
        page: ScrapedPage | None = None,
    ) -> ExtractResponse: ...


class Budget(Protocol):
    """What the owner of a job may still use."""

    async def check(self) -> None:
        """Raises GatewayError when that is nothing."""
        ...

    def spend(self, tokens: int) -> None:
        """Count tokens against it."""
        ...


class NoBudget:
    """The budget of work that nobody counts."""

    async def check(self) -> None:
        """Never raises."""

    def spend(self, tokens: int) -> None:
        """Counts nothing."""


class Tools(Struct, kw_only=True, frozen=True):
    """What reads pages for jobs.

    Args:
        polite, plain: with and without regard to robots.txt.
        extractor: is given the page that was read.
        workers: find links.
        check_robots: a site's Crawl-delay in seconds, by an address of it; raises RobotsDenied.
    """

    polite: WholeScraper
    plain: WholeScraper
    extractor: JobExtractor
    site_files: SiteFiles
    workers: Workers
    check_robots: Callable[[Url], Awaitable[float]]


class PageReader:
    """Turns claims into outcomes. One for the whole service; safe to call concurrently."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def read(
        self, claim: Claim, specification: Specification, *, owner: str, limit: int, budget: Budget
    ) -> Outcome:
        """The outcome of a claim: a failure is one too; what robots.txt denies is no page that was read.

        Args:
            owner: whose cache entries are used.
            limit: pages of the job.
        """
        found: list[Address] = []
        aliases: list[str] = []
        fields: dict[str, Any] = {"status": "done"}
        error: GatewayError | None = None
        gap_s = specification.delay_s
        try:
            if claim.attempt > MAX_ATTEMPTS:
                raise JobPageAbandoned(
                    f"{MAX_ATTEMPTS} processes ended while they read this page, or took too long; scrape it by itself "
                    "to see why"
                )
            await budget.check()
            if specification.robots:
                # a browser that renders the page does not ask
                gap_s = max(gap_s, await self._tools.check_robots(parse_url(claim.address.url)))
            if specification.scope and claim.address.depth == 0:
                found += await self._listed(claim, specification, limit)
            whole = await _patiently(lambda: self._scrape(claim, specification, owner))
            # the parts that were asked for, not those that the extraction wants beside them
            asked = msgspec.structs.replace(whole.page.request, include=specification.scrape.include)
            page = to_response(msgspec.structs.replace(whole.page, request=asked))
            budget.spend(page.tokens.content)
            if scope := specification.scope:
                links = await self._follow(whole, scope, claim, specification)
                found += [to_address(each, depth=claim.address.depth + 1) for each in links.addresses]
                aliases = _aliases(claim.address.url, page.final_url, links.canonical, page.content, scope)
            fields["page"] = page
            if specification.extract:
                fields |= await self._extract(
                    whole.page, specification.extract, specification.scrape, owner, budget
                )
        except GatewayError as exc:
            error = exc
        except Exception:
            _log.exception("a page of job %s failed", claim.job_id)
            error = InternalError("the gateway failed; its log has the reason")
        if error is not None:
            status = error.extra.get("origin_status")
            report = JobError(code=error.code, detail=error.detail, origin_status=status)
            fields |= {"error": report, "status": "failed"}
        result = JobResult(seq=0, url=claim.address.url, depth=claim.address.depth, **fields)
        return Outcome(
            result=await _pack(result),
            error=error.code if error else None,
            counts=not isinstance(error, RobotsDenied),
            found=found,
            aliases=aliases,
            host_gap_s=gap_s,
        )

    async def _scrape(self, claim: Claim, specification: Specification, owner: str) -> WholePage:
        scraper = self._tools.polite if specification.robots else self._tools.plain
        options = specification.scrape
        if specification.extract:
            options = scrape_options(options, schema=specification.extract.schema)
        fields = {name: getattr(options, name) for name in options.__struct_fields__}
        whole = await scraper.scrape_whole(ScrapeRequest(url=claim.address.url, **fields), tenant=owner)
        scope, final = specification.scope, whole.page.final_url
        if scope and final and not is_within(parse_url(final), scope):
            raise OutOfScope(
                f"the address redirects to {parse_url(final).shown}, outside of the crawl; `external` follows it"
            )
        return whole

    async def _listed(self, claim: Claim, specification: Specification, limit: int) -> list[Address]:
        """The addresses that the site names of itself."""
        if specification.sitemap == "skip" or specification.scope is None:
            return []
        discovery = Discovery(addresses={}, warnings=[])
        start = parse_url(claim.address.url)
        await self._tools.site_files.discover(start, specification.scope, limit=limit, into=discovery)
        return [to_address(each, depth=1) for each in discovery.addresses.values()]

    async def _follow(
        self, whole: WholePage, scope: Scope, claim: Claim, specification: Specification
    ) -> Found:
        """The links of the page that belong to the crawl, unless it has no links or goes no deeper."""
        found = await follow_links(whole, scope, self._tools.workers)
        is_deepest = scope.max_depth is not None and claim.address.depth >= scope.max_depth
        if is_deepest or specification.sitemap == "only":
            return Found(addresses=[], canonical=found.canonical)
        return found

    async def _extract(
        self, page: ScrapedPage, question: PageQuestion, scrape: ScrapeOptions, owner: str, budget: Budget
    ) -> dict[str, Any]:
        options = {name: getattr(question, name) for name in question.__struct_fields__}
        request = ExtractRequest(url=page.request.url, scrape=scrape, **options)
        extract = partial(self._tools.extractor.extract, request, tenant=owner, spend=budget.spend, page=page)
        answer = await _patiently(extract)
        return {
            "usage": answer.usage,
            **({"text": answer.text} if question.schema is None else {"data": answer.data}),
            **({"evidence": answer.evidence} if question.evidence and question.schema is not None else {}),
        }


async def fail_unread(claim: Claim) -> Outcome:
    """The outcome of an address whose job cannot be read: it fails at once, as no try would end otherwise."""
    error = InternalError(
        "what this job asks for cannot be read by this version of the gateway; create it anew"
    )
    report = JobError(code=error.code, detail=error.detail)
    result = JobResult(seq=0, url=claim.address.url, depth=claim.address.depth, status="failed", error=report)
    return Outcome(result=await _pack(result), error=error.code)


async def follow_links(whole: WholePage, scope: Scope, workers: Workers) -> Found:
    """The links of a page that belong to a scope; none where the page as received is not at hand.

    Links to routes (`#/users/7`) are some where the page was rendered: without its scripts each would be the same page.
    """
    if whole.received is None or whole.page.final_url is None:
        return Found(addresses=[])
    task = FollowLinks(
        body=whole.received.body,
        content_type=whole.received.content_type,
        url=whole.page.final_url,
        scope=scope,
        routes=whole.page.render is not None and whole.page.render.used,
    )
    return await workers.run(task)


def to_address(found: FoundAddress, *, depth: int) -> Address:
    """An address that was found, as the frontier takes it."""
    return Address(key=found.key, url=found.url, host=found.host, depth=depth, pattern=found.pattern)


def unpack_result(content: bytes, *, sequence: int) -> bytes:
    """A result as JSON, with its number in place."""
    packed = zstandard.ZstdDecompressor().decompress(content)
    return b'{"seq":%d%b' % (sequence, packed.removeprefix(b'{"seq":0'))


def has_failed(content: bytes) -> bool:
    """Whether a result is a failure, by its beginning: the page within, which may be large, is not unpacked."""
    with zstandard.ZstdDecompressor().stream_reader(content) as reader:
        beginning = reader.read(_BEGINNING_BYTES)
    # the first one is the result's own
    return beginning.startswith(b',"status":"failed"', beginning.find(b',"status":"'))


async def _pack(result: JobResult) -> bytes:
    encoded = msgspec.json.encode(result)
    if len(encoded) < _INLINE_BYTES:
        return zstandard.compress(encoded)
    return await asyncio.to_thread(zstandard.compress, encoded)


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do it, and again when gateway or model have too much to do."""
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return await work()
        except (Overloaded, BackendRateLimited) as exc:
            await asyncio.sleep(min(exc.retry_after_s or 1.0, MAX_RETRY_AFTER_S))
    return await work()


def _aliases(url: str, final_url: str | None, canonical: str | None, content: str, scope: Scope) -> list[str]:
    """Further keys of a page: its final address, the one it calls its own, and its content.

    All routes of an app share its document, and with it those addresses: a route's page has its content alone.
    """
    has_route = bool(route_of(url))
    aliases = [] if canonical is None or has_route else [canonical]
    if final_url is not None and not has_route:
        aliases.append(identify(parse_url(final_url), ignore_query=scope.ignore_query))
    if len(content) >= _COMPARED_CHARS:
        aliases.append(f"digest-{hashlib.blake2b(content.encode(), digest_size=12).hexdigest()}")
    return list(dict.fromkeys(aliases))
