"""What callers do with jobs: create them, look at them, read their results, cancel them; and maps of sites."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import msgspec

from gateway.core.crawling.identity import identify
from gateway.core.crawling.scope import Scope
from gateway.core.http.url import Url, fragment_of, parse_url, route_of
from gateway.core.tasks.answers import CheckSchema
from gateway.core.tasks.base import Workers
from gateway.core.tasks.crawling import CheckScope, IdentifyAddresses
from gateway.errors import GatewayError, InvalidRequest, NotFound, RateLimited, UrlRefused
from gateway.jobs.discovery import Discovery, SiteFiles
from gateway.jobs.frontier import Address, Frontier, Job, NewJob, Result
from gateway.jobs.page_reader import WholeScraper, follow_links, to_address, unpack_result
from gateway.jobs.specification import Specification, checked_webhook, pack
from gateway.primitives.ids import new_id
from gateway.wire import Notice, ScrapeRequest, encode_json
from gateway.wire.jobs import (
    BatchRequest,
    CrawlRequest,
    JobOptions,
    JobReport,
    JobResult,
    MappedLink,
    MapRequest,
    MapResponse,
)

MAX_IDEMPOTENCY_KEY_CHARS = 200
_RETRY_AFTER_S = 30.0
_AT_ONCE = 20
_LOOK_EVERY_S = 0.2


class Jobs:
    """Jobs as their owners see them. One for the whole service; safe to call concurrently.

    Args:
        scraper: reads the page that a map begins with, with regard to robots.txt.
        max_pages: of one job.
        per_owner: jobs of one key that run at a time.
        keep_s: how long a job and its results are kept after its end.
        created: is called when there is new work.
    """

    def __init__(
        self,
        *,
        frontier: Frontier,
        workers: Workers,
        scraper: WholeScraper,
        site_files: SiteFiles,
        max_pages: int,
        per_owner: int,
        keep_s: float,
        created: Callable[[], None] = lambda: None,
    ) -> None:
        self._frontier = frontier
        self._workers = workers
        self._scraper = scraper
        self._site_files = site_files
        self._max_pages = max_pages
        self._per_owner = per_owner
        self._keep_s = keep_s
        self._created = created

    @property
    def max_pages(self) -> int:
        """Of one job."""
        return self._max_pages

    def expires_at(self, job: Job, *, now: float) -> float:
        """When a job is deleted, in Unix seconds: of one that runs, if it ended now."""
        return job.expires_at if job.expires_at is not None else now + self._keep_s

    async def batch(self, request: BatchRequest, *, owner: str, idempotency_key: str | None = None) -> Job:
        """Create a job of the pages that are named.

        Raises:
            InvalidRequest: an address, an option or a schema does not fit, or there are too many pages.
            RateLimited: the owner has as many jobs running as it may.
        """
        self._check_limit(len(request.urls), "urls")
        addresses = await self._workers.run(
            IdentifyAddresses(urls=request.urls, routes=request.scrape.render != "never")
        )
        specification = await self._specify(request)
        new = NewJob(
            id=new_id(),
            owner=owner,
            kind="batch",
            specification=pack(specification),
            page_limit=len(addresses),
            idempotency_key=_checked_key(idempotency_key),
            keep_s=self._keep_s,
            events=request.webhook.events if request.webhook else [],
        )
        return await self._create(new, [to_address(each, depth=0) for each in addresses])

    async def crawl(self, request: CrawlRequest, *, owner: str, idempotency_key: str | None = None) -> Job:
        """Create a job that follows the links of a site. Raises as `batch`."""
        self._check_limit(request.limit, "limit")
        start = _parsed(request.url)
        scope = Scope(
            host=start.host,
            include=request.include,
            exclude=request.exclude,
            subdomains=request.subdomains,
            external=request.external,
            ignore_query=request.ignore_query,
            max_depth=request.max_depth,
        )
        await self._workers.run(CheckScope(scope=scope, url=start.text))
        specification = await self._specify(request, scope=scope)
        new = NewJob(
            id=new_id(),
            owner=owner,
            kind="crawl",
            specification=pack(specification),
            page_limit=request.limit,
            pattern_limit=request.pattern_limit,
            idempotency_key=_checked_key(idempotency_key),
            keep_s=self._keep_s,
            events=request.webhook.events if request.webhook else [],
        )
        return await self._create(new, [_start_of(request, start)])

    async def map(self, request: MapRequest) -> MapResponse:
        """The addresses of a site, as far as they are found within the request's time.

        Raises:
            GatewayError: neither sitemaps nor the page could be read; the error is the page's.
        """
        start = _parsed(request.url)
        scope = Scope(host=start.host, subdomains=request.subdomains)
        discovery = Discovery(addresses={}, warnings=[])
        # a search looks at more than it returns
        limit = request.limit if request.search is None else max(request.limit, self._max_pages)
        failure: GatewayError | None = None
        try:
            async with asyncio.timeout(request.timeout_s):
                if request.sitemap != "skip":
                    await self._site_files.discover(start, scope, limit=limit, into=discovery)
                if request.sitemap != "only":
                    await self._add_links(request.url, scope, into=discovery)
        except TimeoutError:
            message = (
                f"not all of the site was looked at within {request.timeout_s:g} s; timeout_s gives it longer"
            )
            discovery.warnings.append(Notice(code="map_incomplete", message=message))
        except GatewayError as exc:
            failure = exc
        if failure and not discovery.addresses:
            raise failure
        links = [
            MappedLink(url=each.url, title=each.title, lastmod=each.lastmod)
            for each in discovery.addresses.values()
        ]
        if request.search is not None:
            words = request.search.lower().split()
            links = [link for link in links if _has_all(link, words)]
        return MapResponse(links=links[: request.limit], warnings=discovery.warnings)

    async def find(self, job_id: str, *, owner: str) -> Job:
        """A job of the owner.

        Raises:
            NotFound: there is none, or it is another's.
        """
        job = await self._frontier.find(job_id)
        if job is None or job.owner != owner:
            raise NotFound(f"no job {job_id[:64]}: it has expired, or was created with another key")
        return job

    async def list_jobs(self, *, owner: str, limit: int) -> list[Job]:
        """The owner's jobs, the newest first."""
        return await self._frontier.list_jobs(owner, limit=limit)

    async def cancel(self, job_id: str, *, owner: str) -> Job:
        """End a job; its results stay. Raises as `find`."""
        await self.find(job_id, owner=owner)
        cancelled = await self._frontier.cancel(job_id)
        return cancelled if cancelled is not None else await self.find(job_id, owner=owner)

    async def results(self, job: Job, *, after: int, limit: int) -> list[Result]:
        """Results beyond number `after`, in order."""
        return await self._frontier.results(job.id, after=after, limit=limit)

    async def follow(
        self, job_id: str, *, owner: str, after: int = 0, look_every_s: float = _LOOK_EVERY_S
    ) -> AsyncGenerator[list[Result], None]:
        """Results beyond number `after`, some at a time as they come, until the job has ended.

        Where none has come since the last look, an empty list is. Raises as `find`, also when the job expires.
        """
        while True:
            job = await self.find(job_id, owner=owner)
            found = await self.results(job, after=after, limit=_AT_ONCE)
            # the state is older than the results
            if not found and job.status != "running":
                return
            yield found
            if found:
                after = found[-1].sequence
            else:
                await asyncio.sleep(look_every_s)

    async def read(self, job_id: str, *, owner: str, after: int = 0) -> AsyncGenerator[JobResult, None]:
        """Results beyond number `after` as they come, until the job has ended. Raises as `find`."""
        async with aclosing(self.follow(job_id, owner=owner, after=after)) as parts:
            async for part in parts:
                for each in part:
                    content = unpack_result(each.content, sequence=each.sequence)
                    yield msgspec.json.decode(content, type=JobResult)

    async def _create(self, new: NewJob, addresses: list[Address]) -> Job:
        if await self._frontier.count_running(new.owner) >= self._per_owner:
            raise RateLimited(
                f"{self._per_owner} jobs of this key are running, its limit; wait for one to end, or cancel one with "
                "DELETE /v1/jobs/{id}",
                retry_after_s=_RETRY_AFTER_S,
            )
        job = await self._frontier.create(new, addresses)
        self._created()
        return job

    async def _specify(self, request: JobOptions, *, scope: Scope | None = None) -> Specification:
        webhook = request.webhook
        if webhook is not None:
            _parsed(webhook.url, field="webhook")
            webhook = checked_webhook(webhook)
        if request.scrape.cursor is not None:
            raise InvalidRequest(
                "`scrape`: a cursor continues one page, and a job reads many", field="scrape"
            )
        if question := request.extract:
            if question.prompt is None and question.schema is None:
                raise InvalidRequest("`extract`: send `prompt`, `schema` or both", field="extract")
            if question.schema is not None:
                await self._workers.run(CheckSchema(schema=encode_json(question.schema)))
        return Specification(
            scrape=request.scrape,
            extract=request.extract,
            webhook=webhook,
            robots=request.robots,
            delay_s=request.delay_s,
            scope=scope,
            sitemap=request.sitemap if isinstance(request, CrawlRequest) else "skip",
        )

    async def _add_links(self, start: str, scope: Scope, *, into: Discovery) -> None:
        whole = await self._scraper.scrape_whole(ScrapeRequest(url=start, scope="page"))
        for each in (await follow_links(whole, scope, self._workers)).addresses:
            into.addresses.setdefault(each.key, each)

    def _check_limit(self, pages: int, field: str) -> None:
        if pages > self._max_pages:
            raise InvalidRequest(
                f"`{field}`: {pages} pages are more than the {self._max_pages} that this gateway allows a job; its "
                "setting JOB_MAX_PAGES can be raised",
                field=field,
            )


def report(job: Job, *, now: float | None = None) -> JobReport:
    """A job as its owner sees it.

    Args:
        now: Unix seconds of the store's clock; this machine's by default.
    """
    ended = job.done + job.failed
    seconds = max((job.finished_at or now or time.time()) - job.created_at, 0.001)
    rate = ended / seconds
    warnings = []
    if job.alike:
        message = (
            "addresses that differ from others in numbers or query values alone were left out; `pattern_limit` "
            "allows more of them, `exclude` none"
        )
        warnings.append(Notice(code="pattern_limit", message=message, count=job.alike))
    if job.is_spent:
        message = "most addresses led to pages that were read already, and the job ended; `ignore_query` may join them"
        warnings.append(Notice(code="duplicates", message=message, count=job.duplicates))
    if job.dropped:
        message = (
            "the job knows as many addresses as it may, and took no more of them; `include` narrows it down"
        )
        warnings.append(Notice(code="addresses_left_out", message=message, count=job.dropped))
    return JobReport(
        id=job.id,
        kind=job.kind,
        status=job.status,
        total=job.total,
        done=job.done,
        failed=job.failed,
        duplicates=job.duplicates,
        per_error=job.per_error,
        pages_per_s=round(rate, 3),
        eta_s=round((job.total - ended) / rate, 1) if ended and job.status == "running" else None,
        started_at=job.created_at,
        finished_at=job.finished_at,
        expires_at=job.expires_at,
        warnings=warnings,
    )


def _start_of(request: CrawlRequest, start: Url) -> Address:
    """Where a crawl begins: with the fragment where the page may be rendered, since its scripts read that."""
    fragment = fragment_of(request.url) if request.scrape.render != "never" else ""
    route = route_of(request.url) if fragment else ""
    return Address(
        key=identify(start, route=route, ignore_query=request.ignore_query),
        url=f"{start.text}#{fragment}" if fragment else start.text,
        host=f"{start.host}:{start.port}",
    )


def _parsed(url: str, *, field: str = "url") -> Url:
    try:
        return parse_url(url)
    except UrlRefused as exc:
        raise InvalidRequest(f"`{field}`: {exc.detail}", field=field) from exc


def _checked_key(key: str | None) -> str | None:
    if key is not None and not 0 < len(key) <= MAX_IDEMPOTENCY_KEY_CHARS:
        raise InvalidRequest(f"Idempotency-Key: has to have 1 to {MAX_IDEMPOTENCY_KEY_CHARS} characters")
    return key


def _has_all(link: MappedLink, words: list[str]) -> bool:
    text = f"{link.url} {link.title or ''}".lower()
    return all(word in text for word in words)
