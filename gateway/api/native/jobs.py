"""`POST /v1/batch`, `/v1/crawl` and `/v1/map`, `GET` and `DELETE /v1/jobs…`: decode, call, encode."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import ASGIApp

from gateway.api.allowed import allow
from gateway.api.context import hosts_in
from gateway.api.middleware import request_context
from gateway.api.negotiation import preferred
from gateway.api.problems import to_document
from gateway.api.query import read_number
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.errors import Forbidden, GatewayError
from gateway.jobs.frontier import Job, Result
from gateway.jobs.jobs import Jobs, report
from gateway.jobs.page_reader import unpack_result
from gateway.wire import encode_json
from gateway.wire.jobs import BatchRequest, CrawlRequest, JobCreated, JobList, JobOptions, MapRequest

JSON, LINES = "application/json", "application/x-ndjson"
MAX_RESULTS = 1_000
# results of pages are large: few of them are unpacked in one turn of the event loop
_AT_ONCE = 20
_FOLLOW_EVERY_S = 0.5
# an empty line, so that nobody between here and the client takes the connection for dead
_KEEP_ALIVE_EVERY_S = 15.0
_WORK = {"access": "scrape", "work": True, "body": "page"}


@post("/v1/batch", status_code=202, summary="Read many pages", tags=["jobs"], opt=_WORK)
async def batch(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Create a job that reads the pages at the given addresses, and extracts from each if asked.

    Sent again with the same `Idempotency-Key`, the request finds the job of the first time.
    """
    async with cancelled_on_disconnect(request.receive):
        data = await services.bodies.decode(body, BatchRequest)
        owner = _owner(request, data)
        job = await services.jobs.batch(data, owner=owner, idempotency_key=_idempotency_key(request))
    return _created(job)


@post("/v1/crawl", status_code=202, summary="Read a site", tags=["jobs"], opt=_WORK)
async def crawl(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Create a job that reads a site from one address on, along its links and sitemaps.

    Sent again with the same `Idempotency-Key`, the request finds the job of the first time.
    """
    async with cancelled_on_disconnect(request.receive):
        data = await services.bodies.decode(body, CrawlRequest)
        owner = _owner(request, data)
        request_context(request).facts["host"] = hosts_in(data.url)
        job = await services.jobs.crawl(data, owner=owner, idempotency_key=_idempotency_key(request))
    return _created(job)


@post(
    "/v1/map",
    status_code=200,
    summary="List the addresses of a site",
    tags=["jobs"],
    opt={"access": "scrape", "work": True},
)
async def map_site(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """The addresses of a site, from its sitemaps, its llms.txt and the links of one page, at once."""
    async with cancelled_on_disconnect(request.receive):
        data = await services.bodies.decode(body, MapRequest)
        request_context(request).facts["host"] = hosts_in(data.url)
        return _json(await services.jobs.map(data))


@get("/v1/jobs", summary="List jobs", tags=["jobs"], opt={"access": "scrape"})
async def list_jobs(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> ASGIResponse:
    """The jobs of this key, the newest first."""
    limit = read_number(request, "limit", default=100, most=MAX_RESULTS)
    jobs = await services.jobs.list_jobs(owner=request_context(request).key, limit=limit)
    return _json(JobList(jobs=[report(job) for job in jobs]))


@get("/v1/jobs/{job_id:str}", summary="A job's state", tags=["jobs"], opt={"access": "scrape"})
async def find_job(
    request: Request[Any, Any, Any], job_id: FromPath[str], services: NamedDependency[Services]
) -> ASGIResponse:
    """How far a job of this key is."""
    return _json(report(await services.jobs.find(job_id, owner=request_context(request).key)))


@delete(
    "/v1/jobs/{job_id:str}",
    status_code=200,
    summary="Cancel a job",
    tags=["jobs"],
    opt={"access": "scrape"},
)
async def cancel_job(
    request: Request[Any, Any, Any], job_id: FromPath[str], services: NamedDependency[Services]
) -> ASGIResponse:
    """End a job. What it has read so far stays until it expires."""
    return _json(report(await services.jobs.cancel(job_id, owner=request_context(request).key)))


@get("/v1/jobs/{job_id:str}/results", summary="A job's results", tags=["jobs"], opt={"access": "scrape"})
async def job_results(
    request: Request[Any, Any, Any], job_id: FromPath[str], services: NamedDependency[Services]
) -> ASGIApp:
    """Results in the order of their coming: send `next` as `after` for those that follow.

    `Accept: application/x-ndjson` answers with a line a result, and goes on until the job has ended; empty lines keep
    the connection open. A last line that has `error` alone, the body of an error elsewhere, says why no more results
    come although the job goes on: ask again with the last `seq` as `after`.
    """
    after = read_number(request, "after", default=0, least=0, most=2**53)
    limit = read_number(request, "limit", default=100, most=MAX_RESULTS)
    owner = request_context(request).key
    job = await services.jobs.find(job_id, owner=owner)
    if preferred(request, JSON, LINES) == LINES:
        return ASGIStreamingResponse(iterator=_lines(services.jobs, job, after), media_type=LINES)
    found = await services.jobs.results(job, after=after, limit=limit)
    # one that has ended has no more than these; and the state is older than the results
    is_over = job.status != "running" and len(found) < limit
    pieces = [piece async for piece in _unpacked(found)]
    next_after = b"null" if is_over else b"%d" % (found[-1].sequence if found else after)
    body = b'{"results":[' + b",".join(pieces) + b'],"next":' + next_after + b"}"
    return ASGIResponse(body=body, media_type=JSON)


async def _lines(jobs: Jobs, job: Job, after: int) -> AsyncIterator[bytes]:
    """A line a result until the job has ended; a last line says why not all of them came."""
    silent_s = 0.0
    parts = jobs.follow(job.id, owner=job.owner, after=after, look_every_s=_FOLLOW_EVERY_S)
    try:
        async with aclosing(parts):
            async for part in parts:
                async for piece in _unpacked(part):
                    yield piece + b"\n"
                silent_s = 0.0 if part else silent_s + _FOLLOW_EVERY_S
                if silent_s >= _KEEP_ALIVE_EVERY_S:
                    silent_s = 0.0
                    yield b"\n"
    except GatewayError as error:
        yield encode_json({"error": to_document(error)}) + b"\n"


async def _unpacked(results: list[Result]) -> AsyncIterator[bytes]:
    for count, result in enumerate(results, 1):
        yield unpack_result(result.content, sequence=result.sequence)
        if count % _AT_ONCE == 0:
            await asyncio.sleep(0)


def _owner(request: Request[Any, Any, Any], data: JobOptions) -> str:
    """The key of the request, which may do what the job is to do."""
    context = request_context(request)
    if data.extract is not None and "extract" not in context.scopes:
        raise Forbidden(f"the key {context.key} may not extract: it needs the scope extract")
    return context.key


def _idempotency_key(request: Request[Any, Any, Any]) -> str | None:
    return request.headers.get("idempotency-key")


def _created(job: Job) -> ASGIResponse:
    path = f"/v1/jobs/{job.id}"
    body = encode_json(JobCreated(id=job.id, url=path))
    return ASGIResponse(body=body, status_code=202, media_type=JSON, headers={"location": path})


def _json(value: Any) -> ASGIResponse:
    return ASGIResponse(body=encode_json(value), media_type=JSON)


handlers = [
    batch,
    crawl,
    map_site,
    list_jobs,
    allow("/v1/jobs/{job_id:str}", methods="DELETE, GET, OPTIONS"),
    find_job,
    cancel_job,
    job_results,
]
