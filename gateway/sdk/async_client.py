"""The client for asyncio: the methods of `gateway.sdk.client.Client`, over the same calls."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import nullcontext
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack, overload

from gateway.errors import GatewayError
from gateway.sdk.calls import (
    AHEAD,
    EventReader,
    Model,
    check_concurrency,
    extract_call,
    models_call,
    scrape_call,
    search_call,
    tokens_call,
)
from gateway.sdk.connection import DEFAULT_TRIES, AsyncConnection
from gateway.sdk.job_calls import batch_call, crawl_call, jobs_call, map_call, schema_type
from gateway.sdk.jobs import AsyncJob
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


class AsyncClient:
    """`Client` for asyncio: the same calls, awaited; what is iterated over takes `async for`, without await.

    A job of `crawl` or `batch` is created with its first use.
    """

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, tries: int = DEFAULT_TRIES
    ) -> None:
        self._connection = AsyncConnection(url, api_key=api_key, tries=tries)

    async def scrape(
        self, url: str | ScrapeRequest | None = None, **options: Unpack[ScrapeKeywords]
    ) -> ScrapeResponse:
        """Fetch and clean a page.

        Args:
            url: the page's address, or a whole `wire.ScrapeRequest`; None where the option `html` has the page.
            options: the fields of `wire.ScrapeRequest`.
        """
        return await self._connection.send(scrape_call(url, **options))

    async def tokens(self, text: str | None = None, **options: Unpack[TokensKeywords]) -> TokensResponse:
        """Count tokens exactly.

        Args:
            text: what is counted; None where the option `messages` has it.
            options: the fields of `wire.TokensRequest`.
        """
        return await self._connection.send(tokens_call(text, **options))

    async def models(self) -> list[Model]:
        """Every model that can be asked for."""
        return await self._connection.send(models_call())

    @overload
    def extract(
        self,
        url: str | None = None,
        *,
        schema: type[T],
        stream: Literal[False] = False,
        **options: Unpack[ExtractKeywords],
    ) -> Coroutine[Any, Any, T]: ...
    @overload
    def extract(
        self,
        url: str | None = None,
        *,
        stream: Literal[True],
        schema: Any = None,
        **options: Unpack[ExtractKeywords],
    ) -> AsyncIterator[ExtractEvent]: ...
    @overload
    def extract(
        self,
        url: str | ExtractRequest | None = None,
        *,
        schema: dict[str, Any] | None = None,
        stream: Literal[False] = False,
        **options: Unpack[ExtractKeywords],
    ) -> Coroutine[Any, Any, ExtractResponse]: ...
    def extract(
        self, url: Any = None, *, stream: bool = False, schema: Any = None, **options: Unpack[ExtractKeywords]
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
        call = extract_call(url, schema=schema, stream=stream, **options)
        return self._connection.stream(call, EventReader(schema)) if stream else self._connection.send(call)

    def pages(self, url: str, **options: Unpack[ScrapeKeywords]) -> AsyncIterator[ScrapeResponse]:
        """The pieces of a long page, one after the other as they are asked for.

        Args:
            url: the page's address.
            options: as of `scrape`: each piece has `max_tokens` at most, the first begins at `cursor`.
        """
        call = scrape_call(url, **options)

        async def walk() -> AsyncIterator[ScrapeResponse]:
            piece = await self._connection.send(call)
            yield piece
            while piece.next_cursor is not None:
                options["cursor"] = piece.next_cursor
                piece = await self._connection.send(scrape_call(url, **options))
                yield piece

        return walk()

    def scrape_many(
        self, urls: Iterable[str], *, concurrency: int = 8, **options: Unpack[PageKeywords]
    ) -> AsyncIterator[ScrapeResponse | GatewayError]:
        """Scrape many pages; what came of each stands in its place, an error too.

        Args:
            urls: read as far as is needed.
            concurrency: pages at a time, at least 1.
            options: as of `scrape`.
        """
        scrape_call("", **options)
        check_concurrency(concurrency)
        places = asyncio.Semaphore(concurrency)

        async def scrape(url: str) -> ScrapeResponse | GatewayError:
            async with places:
                try:
                    return await self._connection.send(scrape_call(url, **options))
                except GatewayError as exc:
                    return exc

        async def read() -> AsyncIterator[ScrapeResponse | GatewayError]:
            due: deque[asyncio.Task[ScrapeResponse | GatewayError]] = deque()
            try:
                for url in urls:
                    due.append(asyncio.create_task(scrape(url)))
                    if len(due) >= concurrency * AHEAD:
                        yield await due.popleft()
                while due:
                    yield await due.popleft()
            finally:
                for task in due:
                    task.cancel()

        return read()

    async def map(self, url: str | MapRequest, **options: Unpack[MapKeywords]) -> MapResponse:
        """The addresses of a site.

        Args:
            url: an address of the site, or a whole `wire.jobs.MapRequest`.
            options: the fields of `wire.jobs.MapRequest`.
        """
        return await self._connection.send(map_call(url, **options))

    async def search(self, query: str | SearchRequest, **options: Unpack[SearchKeywords]) -> SearchResponse:
        """Search the web, and read what is found if asked.

        Args:
            query: what is looked for, or a whole `wire.search.SearchRequest`.
            options: the fields of `wire.search.SearchRequest`.
        """
        return await self._connection.send(search_call(query, **options))

    def crawl(
        self,
        url: str | CrawlRequest,
        *,
        idempotency_key: str | None = None,
        **options: Unpack[CrawlKeywords],
    ) -> AsyncJob:
        """Read a site, from one address on, and iterate over its pages as they come.

        Args:
            url: where it begins, or a whole `wire.jobs.CrawlRequest`.
            idempotency_key: a call with the same one finds the job of the first.
            options: the fields of `wire.jobs.CrawlRequest`; if the `schema` of `extract` is a type, `data` is an
                instance of it.
        """
        call = crawl_call(url, idempotency_key=idempotency_key, **options)
        return AsyncJob(lambda: nullcontext(self._connection), call, kind=schema_type(options))

    def batch(
        self,
        urls: Iterable[str] | BatchRequest,
        *,
        idempotency_key: str | None = None,
        **options: Unpack[BatchKeywords],
    ) -> AsyncJob:
        """Read pages by their addresses, and iterate over them as they come.

        Args:
            urls: the addresses, or a whole `wire.jobs.BatchRequest`.
            idempotency_key: a call with the same one finds the job of the first.
            options: the fields of `wire.jobs.BatchRequest`; if the `schema` of `extract` is a type, `data` is an
                instance of it.
        """
        call = batch_call(urls, idempotency_key=idempotency_key, **options)
        return AsyncJob(lambda: nullcontext(self._connection), call, kind=schema_type(options))

    async def start_crawl(
        self,
        url: str | CrawlRequest,
        *,
        idempotency_key: str | None = None,
        **options: Unpack[CrawlKeywords],
    ) -> JobCreated:
        """Create a crawl and leave it to the gateway; `job` finds it by its id.

        Args:
            url: where it begins, or a whole `wire.jobs.CrawlRequest`.
            idempotency_key: a call with the same one finds the job of the first.
            options: the fields of `wire.jobs.CrawlRequest`.
        """
        return await self._connection.send(crawl_call(url, idempotency_key=idempotency_key, **options))

    async def start_batch(
        self,
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
        return await self._connection.send(batch_call(urls, idempotency_key=idempotency_key, **options))

    def job(self, job_id: str, *, after: int = 0, schema: Any = None) -> AsyncJob:
        """A job by its identifier; nothing is sent yet.

        Args:
            job_id: what `start_crawl` or `start_batch` gave as `id`.
            after: number of the last result that is not wanted again.
            schema: a type that each page's `data` is made an instance of.
        """
        kind = schema_type({"extract": {"schema": schema}})
        return AsyncJob(lambda: nullcontext(self._connection), job_id, after=after, kind=kind)

    async def jobs(self, *, limit: int = 100) -> list[JobReport]:
        """The jobs of this key, the newest first.

        Args:
            limit: how many at most, from 1 to 1,000.
        """
        return await self._connection.send(jobs_call(limit=limit))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()
