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
    """Fetch and clean a page.

    Args:
        url: the page's address, or a whole `wire.ScrapeRequest`; None where the option `html` has the page.
        options: the fields of `wire.ScrapeRequest`.
    """
    with Client() as client:
        return client.scrape(url, **options)


def models() -> list[Model]:
    """Every model that can be asked for."""
    with Client() as client:
        return client.models()


def tokens(text: str | None = None, **options: Unpack[TokensKeywords]) -> TokensResponse:
    """Count tokens exactly.

    Args:
        text: what is counted; None where the option `messages` has it.
        options: the fields of `wire.TokensRequest`.
    """
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
    """Ask about pages.

    Args:
        url: a page's address, or a whole `wire.ExtractRequest`; None where an option names the pages.
        stream: give the events as they come; `data` of the last is then an instance of `schema`.
        schema: a JSON Schema, or a msgspec Struct, dataclass or pydantic model.
        options: the fields of `wire.ExtractRequest`, the question as `prompt`.
    Returns:
        An instance of `schema` when it is a type, else (and for a dry run) the whole response.
    """
    if stream:
        return _extract_events(url, schema, **options)
    with Client() as client:
        return client.extract(url, schema=schema, **options)


def _extract_events(url: Any, schema: Any, **options: Unpack[ExtractKeywords]) -> Iterator[ExtractEvent]:
    with Client() as client:
        yield from client.extract(url, stream=True, schema=schema, **options)


def pages(url: str, **options: Unpack[ScrapeKeywords]) -> Iterator[ScrapeResponse]:
    """The pieces of a long page, one after the other as they are asked for.

    Args:
        url: the page's address.
        options: as of `scrape`: each piece has `max_tokens` at most, the first begins at `cursor`.
    """
    with Client() as client:
        yield from client.pages(url, **options)


def scrape_many(
    urls: Iterable[str], *, concurrency: int = 8, **options: Unpack[PageKeywords]
) -> Iterator[ScrapeResponse | GatewayError]:
    """Scrape many pages; what came of each stands in its place, an error too.

    Args:
        urls: read as far as is needed.
        concurrency: pages at a time, at least 1.
        options: as of `scrape`.
    """
    with Client() as client:
        yield from client.scrape_many(urls, concurrency=concurrency, **options)


# `map` would hide Python's own in this module
def map_site(url: str | MapRequest, **options: Unpack[MapKeywords]) -> MapResponse:
    """The addresses of a site.

    Args:
        url: an address of the site, or a whole `wire.jobs.MapRequest`.
        options: the fields of `wire.jobs.MapRequest`.
    """
    with Client() as client:
        return client.map(url, **options)


def search(query: str | SearchRequest, **options: Unpack[SearchKeywords]) -> SearchResponse:
    """Search the web, and read what is found if asked.

    Args:
        query: what is looked for, or a whole `wire.search.SearchRequest`.
        options: the fields of `wire.search.SearchRequest`.
    """
    with Client() as client:
        return client.search(query, **options)


def crawl(
    url: str | CrawlRequest, *, idempotency_key: str | None = None, **options: Unpack[CrawlKeywords]
) -> Job:
    """Read a site, from one address on, and iterate over its pages as they come.

    Args:
        url: where it begins, or a whole `wire.jobs.CrawlRequest`.
        idempotency_key: a call with the same one finds the job of the first.
        options: the fields of `wire.jobs.CrawlRequest`; if the `schema` of `extract` is a type, `data` is an
            instance of it.
    """
    created = start_crawl(url, idempotency_key=idempotency_key, **options)
    return Job(Connection, created.id, kind=schema_type(options), connected=True)


def batch(
    urls: Iterable[str] | BatchRequest,
    *,
    idempotency_key: str | None = None,
    **options: Unpack[BatchKeywords],
) -> Job:
    """Read pages by their addresses, and iterate over them as they come.

    Args:
        urls: the addresses, or a whole `wire.jobs.BatchRequest`.
        idempotency_key: a call with the same one finds the job of the first.
        options: the fields of `wire.jobs.BatchRequest`; if the `schema` of `extract` is a type, `data` is an
            instance of it.
    """
    created = start_batch(urls, idempotency_key=idempotency_key, **options)
    return Job(Connection, created.id, kind=schema_type(options), connected=True)


def start_crawl(
    url: str | CrawlRequest, *, idempotency_key: str | None = None, **options: Unpack[CrawlKeywords]
) -> JobCreated:
    """Create a crawl and leave it to the gateway; `job` finds it by its id.

    Args:
        url: where it begins, or a whole `wire.jobs.CrawlRequest`.
        idempotency_key: a call with the same one finds the job of the first.
        options: the fields of `wire.jobs.CrawlRequest`.
    """
    with Client() as client:
        return client.start_crawl(url, idempotency_key=idempotency_key, **options)


def start_batch(
    urls: Iterable[str] | BatchRequest,
    *,
    idempotency_key: str | None = None,
    **options: Unpack[BatchKeywords],
) -> JobCreated:
    """Create a batch and leave it to the gateway; `job` finds it by its id.

    Args:
        urls: the addresses, or a whole `wire.jobs.BatchRequest`.
        idempotency_key: a call with the same one finds the job of the first.
        options: the fields of `wire.jobs.BatchRequest`.
    """
    with Client() as client:
        return client.start_batch(urls, idempotency_key=idempotency_key, **options)


def job(job_id: str, *, after: int = 0, schema: Any = None) -> Job:
    """A job by its identifier; nothing is sent yet.

    Args:
        job_id: what `start_crawl` or `start_batch` gave as `id`.
        after: number of the last result that is not wanted again.
        schema: a type that each page's `data` is made an instance of.
    """
    kind = schema_type({"extract": {"schema": schema}})
    return Job(Connection, job_id, after=after, kind=kind)


def jobs(*, limit: int = 100) -> list[JobReport]:
    """The jobs of this key, the newest first.

    Args:
        limit: how many at most, from 1 to 1,000.
    """
    with Client() as client:
        return client.jobs(limit=limit)
