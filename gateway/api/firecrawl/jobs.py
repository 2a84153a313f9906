"""`/v2/crawl…` and `/v2/batch/scrape…`: decode, call, encode."""

import asyncio
import time
from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody
from litestar.response.base import ASGIResponse

from gateway.api.absent import why_absent
from gateway.api.allowed import allow
from gateway.api.context import hosts_in
from gateway.api.firecrawl.answers import (
    Document,
    JobEnded,
    JobFailures,
    JobStarted,
    JobState,
    PageFailure,
    State,
)
from gateway.api.firecrawl.documents import document_of_job, iso
from gateway.api.firecrawl.events import to_webhook
from gateway.api.firecrawl.options import Wanted, read_options, warning_of, with_scheme
from gateway.api.firecrawl.requests import WORK, as_json, check_questions, decode, is_v1
from gateway.api.firecrawl.sites import job_options, to_crawl, with_one_question
from gateway.api.firecrawl.types import BatchBody, CrawlBody
from gateway.api.middleware import request_context
from gateway.api.query import read_number
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.core.tasks.crawling import FindNoAddresses
from gateway.errors import Conflict, InvalidRequest, NotFound
from gateway.jobs.frontier import Job
from gateway.jobs.jobs import report
from gateway.jobs.page_reader import has_failed, unpack_result
from gateway.jobs.specification import unpack
from gateway.wire import ScrapeOptions
from gateway.wire.jobs import BatchRequest, JobError, JobResult

# pages and bytes of one answer; the pages that follow have an address
PAGES_AT_ONCE = 100
MAX_ANSWER_BYTES = 8 * 1024**2
MAX_FAILURES = 1_000
# results are large: few of them are unpacked in one turn of the event loop
_PER_TURN = 10
# all results are looked through
_SEARCHED = {"access": "scrape", "work": True}
_STATES: dict[str, State] = {
    "running": "scraping",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}


class _Failed(msgspec.Struct):
    """Of a failed result, what its error needs; the page is not read."""

    url: str
    error: JobError


@post("/batch/scrape", status_code=200, summary="Read many pages", tags=["firecrawl"], opt=WORK)
async def start_batch(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Firecrawl's batch scrape. Sent again with the same `x-idempotency-key`, it finds the job of the first time."""
    context = request_context(request)
    async with cancelled_on_disconnect(request.receive):
        given, data = await decode(services, body, BatchBody)
        wanted = with_one_question(read_options(data, given))
        webhook = to_webhook(data.webhook, kind="batch", is_v1=is_v1(request))
        check_questions(context, wanted.questions)
        sent = {with_scheme(url): url for url in data.urls}
        urls = list(sent)
        invalid: list[str] = []
        if data.ignore_invalid_urls is not False:
            invalid = await services.workers.run(FindNoAddresses(urls=urls))
            left_out = set(invalid)
            urls = [url for url in urls if url not in left_out]
            invalid = [sent[url] for url in invalid]
        if not urls:
            raise InvalidRequest(
                "`urls`: none of them is an address, such as https://example.com/", field="urls"
            )
        job = await services.jobs.batch(
            BatchRequest(urls=urls, **job_options(wanted, webhook)),
            owner=context.key,
            idempotency_key=request.headers.get("x-idempotency-key"),
        )
    return _started(request, job, wanted, invalid=invalid)


@post("/crawl", status_code=200, summary="Read a site", tags=["firecrawl"], opt=WORK)
async def start_crawl(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Firecrawl's crawl. Sent again with the same `x-idempotency-key`, it finds the job of the first time."""
    context = request_context(request)
    async with cancelled_on_disconnect(request.receive):
        given, data = await decode(services, body, CrawlBody)
        crawl, wanted = to_crawl(data, given, max_pages=services.jobs.max_pages, is_v1=is_v1(request))
        check_questions(context, wanted.questions)
        context.facts["host"] = hosts_in(crawl.url)
        job = await services.jobs.crawl(
            crawl, owner=context.key, idempotency_key=request.headers.get("x-idempotency-key")
        )
    return _started(request, job, wanted)


@get("/crawl/{job_id:str}", summary="A crawl and its pages", tags=["firecrawl"], opt={"access": "scrape"})
async def crawl_state(
    request: Request[Any, Any, Any], job_id: FromPath[str], services: NamedDependency[Services]
) -> ASGIResponse:
    """How far a crawl is, and a part of its pages; `next` has those that follow, where there are more by now."""
    if reason := why_absent(request.scope["path"]):
        # `active` is no id
        raise NotFound(f"crawls are not listed here; {reason}")
    return await _state(request, job_id, services)


@get(
    "/batch/scrape/{job_id:str}",
    summary="A batch and its pages",
    tags=["firecrawl"],
    opt={"access": "scrape"},
)
async def batch_state(
    request: Request[Any, Any, Any], job_id: FromPath[str], services: NamedDependency[Services]
) -> ASGIResponse:
    """How far a batch is, and a part of its pages; `next` has those that follow, where there are more by now."""
    return await _state(request, job_id, services)


@get(
    "/crawl/{job_id:str}/errors",
    summary="A crawl's failed pages",
    tags=["firecrawl"],
    opt=_SEARCHED,
)
async def crawl_failures(
    request: Request[Any, Any, Any], job_id: FromPath[str], services: NamedDependency[Services]
) -> ASGIResponse:
    """The pages of a crawl that could not be read."""
    return await _failures(request, job_id, services)


@get(
    "/batch/scrape/{job_id:str}/errors",
    summary="A batch's failed pages",
    tags=["firecrawl"],
    opt=_SEARCHED,
)
async def batch_failures(
    request: Request[Any, Any, Any], job_id: FromPath[str], services: NamedDependency[Services]
) -> ASGIResponse:
    """The pages of a batch that could not be read."""
    return await _failures(request, job_id, services)


@delete(
    "/crawl/{job_id:str}",
    status_code=200,
    summary="Cancel a crawl",
    tags=["firecrawl"],
    opt={"access": "scrape"},
)
async def cancel_crawl(
    request: Request[Any, Any, Any], job_id: FromPath[str], services: NamedDependency[Services]
) -> ASGIResponse:
    """End a crawl. One that has ended by itself answers 409."""
    return await _cancel(request, job_id, services)


@delete(
    "/batch/scrape/{job_id:str}",
    status_code=200,
    summary="Cancel a batch",
    tags=["firecrawl"],
    opt={"access": "scrape"},
)
async def cancel_batch(
    request: Request[Any, Any, Any], job_id: FromPath[str], services: NamedDependency[Services]
) -> ASGIResponse:
    """End a batch. One that has ended by itself answers 409."""
    return await _cancel(request, job_id, services)


def _started(
    request: Request[Any, Any, Any], job: Job, wanted: Wanted, *, invalid: list[str] | None = None
) -> ASGIResponse:
    url = f"{str(request.base_url).rstrip('/')}{request.scope['path'].rstrip('/')}/{job.id}"
    warning = warning_of(wanted.not_done)
    return as_json(
        JobStarted(success=True, id=job.id, url=url, invalid_urls=invalid or None, warning=warning)
    )


async def _state(request: Request[Any, Any, Any], job_id: str, services: Services) -> ASGIResponse:
    after = read_number(request, "skip", default=0, least=0, most=2**53)
    limit = read_number(request, "limit", default=PAGES_AT_ONCE, most=PAGES_AT_ONCE)
    job = await services.jobs.find(job_id, owner=request_context(request).key)
    specification = unpack(job.specification)
    options = ScrapeOptions() if specification is None else specification.scrape
    now = time.time()
    documents: list[Document] = []
    size_bytes = 0
    found = await services.jobs.results(job, after=after, limit=limit)
    has_more = len(found) == limit
    for count, each in enumerate(found, 1):
        content = unpack_result(each.content, sequence=each.sequence)
        size_bytes += len(content)
        if documents and size_bytes > MAX_ANSWER_BYTES:
            has_more = True
            break
        after = each.sequence
        result = msgspec.json.decode(content, type=JobResult)
        if document := document_of_job(result, options=options, now=now, is_v1=is_v1(request)):
            documents.append(document)
        if count % _PER_TURN == 0:
            await asyncio.sleep(0)
    seen = report(job)
    address = f"{str(request.base_url).rstrip('/')}{request.scope['path']}?skip={after}&limit={limit}"
    return as_json(
        JobState(
            success=True,
            status=_STATES[job.status],
            total=seen.total,
            completed=job.done,
            credits_used=job.done,
            expires_at=iso(services.jobs.expires_at(job, now=now)),
            data=documents,
            next=address if has_more else None,
            warning=warning_of([], *(notice.message for notice in seen.warnings)),
        )
    )


async def _failures(request: Request[Any, Any, Any], job_id: str, services: Services) -> ASGIResponse:
    job = await services.jobs.find(job_id, owner=request_context(request).key)
    wanted = min(job.failed, MAX_FAILURES)
    errors: list[PageFailure] = []
    after = 0
    while len(errors) < wanted:
        found = await services.jobs.results(job, after=after, limit=_PER_TURN)
        if not found:
            break
        for each in found:
            after = each.sequence
            if not has_failed(each.content):
                continue
            outcome = msgspec.json.decode(unpack_result(each.content, sequence=after), type=_Failed)
            errors.append(
                PageFailure(
                    id=str(after),
                    timestamp=iso(job.created_at),
                    url=outcome.url,
                    code=outcome.error.code,
                    error=outcome.error.detail,
                )
            )
        await asyncio.sleep(0)
    blocked = [each.url for each in errors if each.code == "robots_denied"]
    return as_json(JobFailures(errors=errors[:wanted], robots_blocked=blocked))


async def _cancel(request: Request[Any, Any, Any], job_id: str, services: Services) -> ASGIResponse:
    owner = request_context(request).key
    job = await services.jobs.find(job_id, owner=owner)
    if job.status == "running":
        job = await services.jobs.cancel(job_id, owner=owner)
    if job.status != "cancelled":
        raise Conflict(f"job {job.id} has ended already: it is {job.status}")
    return as_json(JobEnded(success=True, status="cancelled"))


handlers = [
    allow("/crawl/{job_id:str}", "/batch/scrape/{job_id:str}", methods="DELETE, GET, OPTIONS"),
    start_batch,
    start_crawl,
    crawl_state,
    batch_state,
    crawl_failures,
    batch_failures,
    cancel_crawl,
    cancel_batch,
]
