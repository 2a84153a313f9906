"""The client's half of jobs without a network: what to send, how to read results, when to connect again."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Unpack

import msgspec
from msgspec import UNSET

from gateway.errors import (
    BackendInterrupted,
    GatewayError,
    GatewayUnreachable,
    JobsUnavailable,
    Overloaded,
    SchemaUnsatisfied,
)
from gateway.sdk.calls import (
    GRACE_S,
    SHORT_CALL_S,
    Call,
    encode_request,
    make_request,
    not_a_gateway,
    read_error,
    reader_of,
    type_of,
)
from gateway.sdk.keywords import BatchKeywords, CrawlKeywords, MapKeywords
from gateway.sdk.schemas import instance_of, json_schema_of
from gateway.wire import AnswerCacheOptions, ScrapeOptions
from gateway.wire.jobs import (
    BatchRequest,
    CrawlRequest,
    JobCreated,
    JobError,
    JobList,
    JobReport,
    JobResult,
    JobResults,
    MapRequest,
    MapResponse,
    PageQuestion,
    Webhook,
)

LINES = "application/x-ndjson"
# what a line begins with that is no result, whose first field is its number
_FAILURE = b'{"error":'
# how a connection is lost that may be had again
LOST = (BackendInterrupted, GatewayUnreachable, Overloaded, JobsUnavailable)
# waits between tries to connect again, about a minute together: a gateway restarts in less
_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 10.0)


def batch_call(
    urls: Iterable[str] | BatchRequest,
    *,
    idempotency_key: str | None = None,
    **options: Unpack[BatchKeywords],
) -> Call[JobCreated]:
    """The exchange behind `Client.batch`."""
    if isinstance(urls, str):
        raise TypeError("`urls` is a list of addresses; `scrape` reads a single one")
    if isinstance(urls, BatchRequest):
        return _create("/v1/batch", urls, idempotency_key)
    return _create("/v1/batch", _job(BatchRequest, {"urls": list(urls), **options}), idempotency_key)


def crawl_call(
    url: str | CrawlRequest, *, idempotency_key: str | None = None, **options: Unpack[CrawlKeywords]
) -> Call[JobCreated]:
    """The exchange behind `Client.crawl`."""
    request = url if isinstance(url, CrawlRequest) else _job(CrawlRequest, {"url": url, **options})
    return _create("/v1/crawl", request, idempotency_key)


def map_call(url: str | MapRequest, **options: Unpack[MapKeywords]) -> Call[MapResponse]:
    """The exchange behind `Client.map`."""
    request = url if isinstance(url, MapRequest) else make_request(MapRequest, {"url": url, **options})
    return Call(
        path="/v1/map",
        body=encode_request(request),
        read=reader_of(MapResponse),
        timeout_s=request.timeout_s + GRACE_S,
    )


def jobs_call(*, limit: int) -> Call[list[JobReport]]:
    """The exchange behind `Client.jobs`."""
    decode = reader_of(JobList)
    return Call(
        path=f"/v1/jobs?limit={limit}",
        method="GET",
        read=lambda body: decode(body).jobs,
        timeout_s=SHORT_CALL_S,
    )


def report_call(job_id: str, *, cancel: bool = False) -> Call[JobReport]:
    """The exchange behind `Job.report` and `Job.cancel`."""
    return Call(
        path=_path(job_id),
        method="DELETE" if cancel else "GET",
        read=reader_of(JobReport),
        timeout_s=SHORT_CALL_S,
    )


def results_call(job_id: str, *, after: int) -> Call[JobResults]:
    """Some of the results beyond number `after`."""
    return Call(
        path=f"{_path(job_id)}/results?after={after}",
        method="GET",
        read=reader_of(JobResults),
        timeout_s=SHORT_CALL_S,
    )


def follow_call(job_id: str, *, after: int) -> Call[Any]:
    """Results beyond number `after` as they come, for a `ResultReader`."""
    return msgspec.structs.replace(results_call(job_id, after=after), headers={"accept": LINES})


def _path(job_id: str) -> str:
    from urllib.parse import quote

    return f"/v1/jobs/{quote(job_id, safe='')}"


def _job(kind: type[Any], fields: dict[str, Any]) -> Any:
    if isinstance(question := fields.get("extract"), dict):
        question = {**question, "schema": json_schema_of(question.get("schema"))}
        fields["extract"] = make_request(PageQuestion, question, inside="extract", cache=AnswerCacheOptions)
    return make_request(kind, fields, scrape=ScrapeOptions, webhook=Webhook)


def _create(path: str, request: BatchRequest | CrawlRequest, idempotency_key: str | None) -> Call[JobCreated]:
    return Call(
        path=path,
        body=encode_request(request),
        read=reader_of(JobCreated),
        timeout_s=SHORT_CALL_S,
        # sent again after a 503, it is the same job
        headers={"idempotency-key": idempotency_key or uuid.uuid4().hex},
    )


def schema_type(options: Mapping[str, Any]) -> Any:
    """The type that each page's `data` is made an instance of, by the options of a job; None for none."""
    question = options.get("extract")
    return type_of(question.get("schema")) if isinstance(question, dict) else None


class ResultReader:
    """Bytes of a job's results in, typed results out; sans-IO.

    Args:
        kind: the type that `data` is made an instance of; None leaves it as it is.
    """

    def __init__(self, kind: Any = None) -> None:
        self._kind = kind
        self._decode = reader_of(JobResult)
        self._rest: list[bytes] = []

    def begin(self, headers: Mapping[str, str]) -> None:
        """A success has come with these headers; raises GatewayUnreachable when they are of no results."""
        if not headers.get("content-type", "").startswith(LINES):
            raise not_a_gateway("no lines of results came")

    def feed(self, chunk: bytes) -> Iterator[JobResult]:
        """The results that `chunk` completes.

        Raises:
            GatewayError: a line that says why no more come.
        """
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            whole = b"".join((*self._rest, line))
            self._rest.clear()
            # an empty line keeps the connection open
            if not whole:
                continue
            if whole.startswith(_FAILURE):
                raise read_error(200, {}, whole.removeprefix(_FAILURE).removesuffix(b"}"))
            yield with_instance(self._decode(whole), self._kind)
        if rest:
            self._rest.append(rest)

    def end(self) -> None:
        """The stream is over; raises BackendInterrupted when a line of it is not whole."""
        if self._rest:
            raise BackendInterrupted("the results ended within a line; what came is incomplete")


def with_instance(result: JobResult, kind: Any) -> JobResult:
    """The result with `data` as an instance of `kind`; data that makes none is a failure in its place."""
    if kind is None or result.data is UNSET or result.data is None:
        return result
    try:
        return msgspec.structs.replace(result, data=instance_of(kind, result.data))
    except SchemaUnsatisfied as exc:
        return msgspec.structs.replace(
            result, status="failed", error=JobError(code=exc.code, detail=exc.detail)
        )


class Reconnection:
    """How long to wait before connecting again; it gives up when nothing comes any more.

    Args:
        connected: whether the gateway has answered before; a first connection that fails is not tried again.
    """

    def __init__(self, *, connected: bool) -> None:
        self._connected = connected
        self._failures = 0

    def succeed(self) -> None:
        """A result has come."""
        self._connected = True
        self._failures = 0

    def wait_s(self, error: GatewayError) -> float:
        """Seconds to wait; raises `error` when it is time to give up."""
        if not self._connected or self._failures == len(_WAITS_S):
            raise error
        self._failures += 1
        return _WAITS_S[self._failures - 1]
