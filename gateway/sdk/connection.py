"""Connections to a gateway: send what `gateway.sdk.calls` made, sleep when it says so, read streams.

`Connection` and `AsyncConnection` are two thin loops. Errors are the server's own classes (`gateway.errors`). 429 and
503 are tried again, honouring Retry-After, as long as nothing of a stream has come.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from msgspec import Struct

from gateway.errors import BackendInterrupted, GatewayUnreachable, InvalidRequest
from gateway.sdk.calls import SUCCESSES, Answer, Call, exchange

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_TRIES = 3

T = TypeVar("T")
Item = TypeVar("Item", covariant=True)


class Reader(Protocol[Item]):
    """Bytes of a stream in, typed items out; sans-IO."""

    def begin(self, headers: Mapping[str, str]) -> None:
        """A success has come with these headers."""

    def feed(self, chunk: bytes) -> Iterator[Item]:
        """The items that `chunk` completes."""

    def end(self) -> None:
        """The stream is over; raises BackendInterrupted when it was cut off."""


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


class Connection:
    """A connection to one gateway; arguments as of `Client`."""

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, tries: int = DEFAULT_TRIES
    ) -> None:
        import httpx2

        self._settings = _settings(url, api_key, tries)
        self._http: httpx2.Client = httpx2.Client(
            base_url=self._settings.base_url, headers=self._settings.headers
        )

    def stream(self, call: Call[Any], reader: Reader[T]) -> Iterator[T]:
        """What `reader` makes of a call's stream, as it comes."""
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

    def send(self, call: Call[T]) -> T:
        """The answer to a call."""
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
        response = self._http.request(
            call.method, call.path, content=call.body, headers=dict(call.headers), timeout=call.timeout_s
        )
        return Answer(response.status_code, response.headers, response.content)

    def _open(self, call: Call[T]) -> Answer:
        request = self._http.build_request(
            call.method, call.path, content=call.body, headers=dict(call.headers), timeout=call.timeout_s
        )
        response = self._http.send(request, stream=True)
        body = b"" if response.status_code in SUCCESSES else response.read()
        return Answer(response.status_code, response.headers, body, response)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


class AsyncConnection:
    """`Connection` for asyncio."""

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, tries: int = DEFAULT_TRIES
    ) -> None:
        import httpx2

        self._settings = _settings(url, api_key, tries)
        self._http: httpx2.AsyncClient = httpx2.AsyncClient(
            base_url=self._settings.base_url, headers=self._settings.headers
        )

    async def stream(self, call: Call[Any], reader: Reader[T]) -> AsyncGenerator[T]:
        """What `reader` makes of a call's stream, as it comes."""
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

    async def send(self, call: Call[T]) -> T:
        """The answer to a call."""
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
        response = await self._http.request(
            call.method, call.path, content=call.body, headers=dict(call.headers), timeout=call.timeout_s
        )
        return Answer(response.status_code, response.headers, response.content)

    async def _open(self, call: Call[T]) -> Answer:
        request = self._http.build_request(
            call.method, call.path, content=call.body, headers=dict(call.headers), timeout=call.timeout_s
        )
        response = await self._http.send(request, stream=True)
        body = b"" if response.status_code in SUCCESSES else await response.aread()
        return Answer(response.status_code, response.headers, body, response)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()
