"""The client's calls as functions, each with a connection of its own; WINNOW_URL and WINNOW_API_KEY say where to."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeVar, Unpack, overload

from gateway.errors import GatewayError
from gateway.sdk.calls import Model
from gateway.sdk.client import Client
from gateway.sdk.connection import Connection
from gateway.sdk.job_calls import schema_type
from gateway.sdk.jobs import Job
from gateway.sdk.keywords import (
    BatchKeywords,
    CrawlKeywords,
    ExtractKeywords,
    MapKeywords,
    PageKeywords,
    ScrapeKeywords,
    SearchKeywords,
    TokensKeywords,
)
from gateway.wire import (
    ExtractEvent,
    ExtractRequest,
    ExtractResponse,
    ScrapeRequest,
    ScrapeResponse,
    TokensResponse,
)
from gateway.wire.jobs import (
    BatchRequest,
    CrawlRequest,
    JobCreated,
    JobReport,
    MapRequest,
    MapResponse,
)
from gateway.wire.search import SearchRequest, SearchResponse

T = TypeVar("T")


def scrape(url: str | ScrapeRequest | None = None, **options: Unpack[ScrapeKeywords]) -> ScrapeResponse:
    """`Client().scrape(...)` with a client of its own."""
    with Client() as client:
        return client.scrape(url, **options)


def models() -> list[Model]:
    """`Client().models()` with a client of its own."""
    with Client() as client:
        return client.models()


def tokens(text: str | None = None, **options: Unpack[TokensKeywords]) -> TokensResponse:
    """`Client().tokens(...)` with a client of its own."""
    with Client() as client:
        return client.tokens(text, **options)


@overload
def extract(
    url: str | None = None,
    *,
    schema: type[T],
    stream: Literal[False] = False,
    **options: Unpack[ExtractKeywords],
) -> T: ...
@overload
def extract(
    url: str | None = None, *, stream: Literal[True], schema: Any = None, **options: Unpack[ExtractKeywords]
) -> Iterator[ExtractEvent]: ...
@overload
def extract(
    url: str | ExtractRequest | None = None,
    *,
    schema: dict[str, Any] | None = None,
    stream: Literal[False] = False,
    **options: Unpack[ExtractKeywords],
) -> ExtractResponse: ...
def extract(
    url: Any = None, *, stream: bool = False, schema: Any = None, **options: Unpack[ExtractKeywords]
) -> Any:
    """`Client().extract(...)` with a client of its own."""
    if stream:
        return _extract_events(url, schema, **options)
    with Client() as client:
        return client.extract(url, schema=schema, **options)


def _extract_events(url: Any, schema: Any, **options: Unpack[ExtractKeywords]) -> Iterator[ExtractEvent]:
    with Client() as client:
        yield from client.extract(url, stream=True, schema=schema, **options)


def pages(url: str, **options: Unpack[ScrapeKeywords]) -> Iterator[ScrapeResponse]:
    """`Client().pages(...)` with a client of its own."""
    with Client() as client:
        yield from client.pages(url, **options)


def scrape_many(
    urls: Iterable[str], *, concurrency: int = 8, **options: Unpack[PageKeywords]
) -> Iterator[ScrapeResponse | GatewayError]:
    """`Client().scrape_many(...)` with a client of its own."""
    with Client() as client:
        yield from client.scrape_many(urls, concurrency=concurrency, **options)


# `map` would hide Python's own in this module
def map_site(url: str | MapRequest, **options: Unpack[MapKeywords]) -> MapResponse:
    """`Client().map(...)` with a client of its own."""
    with Client() as client:
        return client.map(url, **options)


def search(query: str | SearchRequest, **options: Unpack[SearchKeywords]) -> SearchResponse:
    """`Client().search(...)` with a client of its own."""
    with Client() as client:
        return client.search(query, **options)


def crawl(
    url: str | CrawlRequest, *, idempotency_key: str | None = None, **options: Unpack[CrawlKeywords]
) -> Job:
    """`Client().crawl(...)`; the job opens a connection whenever it needs one."""
    created = start_crawl(url, idempotency_key=idempotency_key, **options)
    return Job(Connection, created.id, kind=schema_type(options), connected=True)


def batch(
    urls: Iterable[str] | BatchRequest,
    *,
    idempotency_key: str | None = None,
    **options: Unpack[BatchKeywords],
) -> Job:
    """`Client().batch(...)`; the job opens a connection whenever it needs one."""
    created = start_batch(urls, idempotency_key=idempotency_key, **options)
    return Job(Connection, created.id, kind=schema_type(options), connected=True)


def start_crawl(
    url: str | CrawlRequest, *, idempotency_key: str | None = None, **options: Unpack[CrawlKeywords]
) -> JobCreated:
    """`Client().start_crawl(...)` with a client of its own."""
    with Client() as client:
        return client.start_crawl(url, idempotency_key=idempotency_key, **options)


def start_batch(
    urls: Iterable[str] | BatchRequest,
    *,
    idempotency_key: str | None = None,
    **options: Unpack[BatchKeywords],
) -> JobCreated:
    """`Client().start_batch(...)` with a client of its own."""
    with Client() as client:
        return client.start_batch(urls, idempotency_key=idempotency_key, **options)


def job(job_id: str, *, after: int = 0, schema: Any = None) -> Job:
    """`Client().job(...)`; the job opens a connection whenever it needs one."""
    kind = schema_type({"extract": {"schema": schema}})
    return Job(Connection, job_id, after=after, kind=kind)


def jobs(*, limit: int = 100) -> list[JobReport]:
    """`Client().jobs(...)` with a client of its own."""
    with Client() as client:
        return client.jobs(limit=limit)
