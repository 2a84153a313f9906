"""The client: `sdk.scrape(url)`, `sdk.extract(url, schema=…)` against a running gateway, sync and async.

What to send and how to read the answer is `gateway.sdk.calls`; `Client` and `AsyncClient` are two thin loops
that send and sleep when it tells them to. Errors are the server's own classes (`gateway.errors`). 429 and 503
are tried again, honouring Retry-After, as long as no event of a stream has come.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack, overload

from msgspec import Struct

from gateway.errors import BackendInterrupted, GatewayUnreachable, InvalidRequest
from gateway.sdk.calls import (
    Answer,
    Call,
    EventReader,
    Model,
    exchange,
    extract_call,
    models_call,
    scrape_call,
    tokens_call,
)
from gateway.sdk.keywords import ExtractKeywords, ScrapeKeywords, TokensKeywords
from gateway.wire import (
    ExtractEvent,
    ExtractRequest,
    ExtractResponse,
    ScrapeRequest,
    ScrapeResponse,
    TokensResponse,
)

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_TRIES = 3

T = TypeVar("T")


class _Settings(Struct, kw_only=True, frozen=True):
    base_url: str
    headers: dict[str, str]
    tries: int


def _settings(url: str | None, api_key: str | None, tries: int) -> _Settings:
    import httpx2

    base_url = (url or os.environ.get("WINNOW_URL") or DEFAULT_URL).strip().rstrip("/")
    try:
        httpx2.URL(base_url)
    except httpx2.InvalidURL:
        raise GatewayUnreachable(
            f"{_without_secret(base_url)} is no address of a gateway; one looks like {DEFAULT_URL}"
            # what the cause quotes may be a part of a password
        ) from None
    # a key read from a file often has the end of its line
    key = (api_key or os.environ.get("WINNOW_API_KEY") or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise InvalidRequest(
            "the API key holds a character that no key has (a control character, or one beyond ASCII); "
            "look at WINNOW_API_KEY, or at where `api_key` comes from",
            field="api_key",
        )
    return _Settings(
        base_url=base_url,
        headers={"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {}),
        tries=tries,
    )


def _without_secret(url: str) -> str:
    """The address without the name and password that it may carry."""
    before, _, after = url.partition("//")
    return f"{before}//…@{after.rpartition('@')[2]}" if "@" in after else url


def _unreachable(base_url: str, exc: Exception, *, timeout_s: float) -> GatewayUnreachable:
    import httpx2

    address = _without_secret(base_url)
    if isinstance(exc, httpx2.ReadTimeout):
        return GatewayUnreachable(
            f"the gateway at {address} took the request and was silent for {timeout_s:g} s"
        )
    return GatewayUnreachable(
        f"no gateway answers at {address} ({exc or type(exc).__name__}); "
        "start one with `winnow serve`, or name another with WINNOW_URL"
    )


def _broken_off(exc: Exception) -> BackendInterrupted:
    return BackendInterrupted(f"the stream broke off ({exc or type(exc).__name__}); what came is incomplete")


class Client:
    """A connection to one gateway.

    Args:
        url: the gateway's address; WINNOW_URL, then http://127.0.0.1:8000 when absent.
        api_key: WINNOW_API_KEY when absent.
        tries: how often a call is sent when the gateway answers 429 or 503, at least 1.

    Every method raises what the gateway answered, as a class of `gateway.errors`, or GatewayUnreachable.
    """

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, tries: int = DEFAULT_TRIES
    ) -> None:
        import httpx2

        self._settings = _settings(url, api_key, tries)
        self._http: httpx2.Client = httpx2.Client(
            base_url=self._settings.base_url, headers=self._settings.headers
        )

    def scrape(
        self, url: str | ScrapeRequest | None = None, **options: Unpack[ScrapeKeywords]
    ) -> ScrapeResponse:
        """Fetch and clean a page: its address and the fields of `wire.ScrapeRequest`, or one of those."""
        return self._send(scrape_call(url, **options))

    def tokens(self, text: str | None = None, **options: Unpack[TokensKeywords]) -> TokensResponse:
        """Count tokens exactly; `options` are the fields of `wire.TokensRequest`."""
        return self._send(tokens_call(text, **options))

    def models(self) -> list[Model]:
        """Every model that can be asked for."""
        return self._send(models_call())

    @overload
    def extract(
        self,
        url: str | None = None,
        *,
        schema: type[T],
        stream: Literal[False] = False,
        **options: Unpack[ExtractKeywords],
    ) -> T: ...
    @overload
    def extract(
        self,
        url: str | None = None,
        *,
        stream: Literal[True],
        schema: Any = None,
        **options: Unpack[ExtractKeywords],
    ) -> Iterator[ExtractEvent]: ...
    @overload
    def extract(
        self,
        url: str | ExtractRequest | None = None,
        *,
        schema: dict[str, Any] | None = None,
        stream: Literal[False] = False,
        **options: Unpack[ExtractKeywords],
    ) -> ExtractResponse: ...
    def extract(
        self, url: Any = None, *, stream: bool = False, schema: Any = None, **options: Unpack[ExtractKeywords]
    ) -> Any:
        """Ask about pages: an address and the fields of `wire.ExtractRequest`, or one of those.

        Args:
            schema: a JSON Schema, or a msgspec Struct, dataclass or pydantic model.
            stream: give the events as they come; `data` of the last is then an instance of `schema`.
        Returns:
            An instance of `schema` when it is a type, else (and for a dry run) the whole response.
        """
        call = extract_call(url, schema=schema, stream=stream, **options)
        return self._stream(call, EventReader(schema)) if stream else self._send(call)

    def _stream(self, call: Call[Any], reader: EventReader) -> Iterator[ExtractEvent]:
        import httpx2

        response = self._settle(call, self._open).stream
        try:
            reader.begin(response.headers)
            for chunk in response.iter_bytes():
                yield from reader.feed(chunk)
            reader.end()
        except httpx2.RequestError as exc:
            raise _broken_off(exc) from exc
        finally:
            response.close()

    def _send(self, call: Call[T]) -> T:
        return call.read(self._settle(call, self._request).body)

    def _settle(self, call: Call[T], send: Callable[[Call[T]], Answer]) -> Answer:
        """Send until there is an answer to return, or an error to raise."""
        import httpx2

        steps, answer = exchange(call, self._settings.tries), None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as done:
                settled: Answer = done.value
                return settled
            if isinstance(step, float):
                time.sleep(step)
                answer = None
                continue
            try:
                answer = send(step)
            except httpx2.RequestError as exc:
                raise _unreachable(self._settings.base_url, exc, timeout_s=call.timeout_s) from exc

    def _request(self, call: Call[T]) -> Answer:
        response = self._http.request(call.method, call.path, content=call.body, timeout=call.timeout_s)
        return Answer(response.status_code, response.headers, response.content)

    def _open(self, call: Call[T]) -> Answer:
        request = self._http.build_request(call.method, call.path, content=call.body, timeout=call.timeout_s)
        response = self._http.send(request, stream=True)
        body = b"" if response.status_code == 200 else response.read()
        return Answer(response.status_code, response.headers, body, response)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """`Client` for asyncio: the same calls, awaited; a stream is iterated with `async for`, without await."""

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, tries: int = DEFAULT_TRIES
    ) -> None:
        import httpx2

        self._settings = _settings(url, api_key, tries)
        self._http: httpx2.AsyncClient = httpx2.AsyncClient(
            base_url=self._settings.base_url, headers=self._settings.headers
        )

    async def scrape(
        self, url: str | ScrapeRequest | None = None, **options: Unpack[ScrapeKeywords]
    ) -> ScrapeResponse:
        """Fetch and clean a page: its address and the fields of `wire.ScrapeRequest`, or one of those."""
        return await self._send(scrape_call(url, **options))

    async def tokens(self, text: str | None = None, **options: Unpack[TokensKeywords]) -> TokensResponse:
        """Count tokens exactly; `options` are the fields of `wire.TokensRequest`."""
        return await self._send(tokens_call(text, **options))

    async def models(self) -> list[Model]:
        """Every model that can be asked for."""
        return await self._send(models_call())

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
        """Ask about pages; arguments and results as in `Client.extract`."""
        call = extract_call(url, schema=schema, stream=stream, **options)
        return self._stream(call, EventReader(schema)) if stream else self._send(call)

    async def _stream(self, call: Call[Any], reader: EventReader) -> AsyncIterator[ExtractEvent]:
        import httpx2

        response = (await self._settle(call, self._open)).stream
        try:
            reader.begin(response.headers)
            async for chunk in response.aiter_bytes():
                for event in reader.feed(chunk):
                    yield event
            reader.end()
        except httpx2.RequestError as exc:
            raise _broken_off(exc) from exc
        finally:
            await response.aclose()

    async def _send(self, call: Call[T]) -> T:
        return call.read((await self._settle(call, self._request)).body)

    async def _settle(self, call: Call[T], send: Callable[[Call[T]], Coroutine[Any, Any, Answer]]) -> Answer:
        """Send until there is an answer to return, or an error to raise."""
        import httpx2

        steps, answer = exchange(call, self._settings.tries), None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as done:
                settled: Answer = done.value
                return settled
            if isinstance(step, float):
                await asyncio.sleep(step)
                answer = None
                continue
            try:
                answer = await send(step)
            except httpx2.RequestError as exc:
                raise _unreachable(self._settings.base_url, exc, timeout_s=call.timeout_s) from exc

    async def _request(self, call: Call[T]) -> Answer:
        response = await self._http.request(call.method, call.path, content=call.body, timeout=call.timeout_s)
        return Answer(response.status_code, response.headers, response.content)

    async def _open(self, call: Call[T]) -> Answer:
        request = self._http.build_request(call.method, call.path, content=call.body, timeout=call.timeout_s)
        response = await self._http.send(request, stream=True)
        body = b"" if response.status_code == 200 else await response.aread()
        return Answer(response.status_code, response.headers, body, response)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()


def scrape(url: str | ScrapeRequest | None = None, **options: Unpack[ScrapeKeywords]) -> ScrapeResponse:
    """`Client().scrape(...)` with a client of its own."""
    with Client() as client:
        return client.scrape(url, **options)


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
