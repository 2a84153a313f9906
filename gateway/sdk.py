"""The client: `sdk.scrape(url)` against a running gateway, sync and async from one description.

Sans-IO: a `Call` says what to send and how to read the answer, `_exchange` decides what comes next, and
`Client` and `AsyncClient` are two thin loops that send and sleep when it tells them to. Errors are the
server's own classes (`gateway.errors`).
429 and 503 are tried again, honouring Retry-After.
"""

import os
import random
import time
from collections.abc import Callable, Generator, Mapping
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import msgspec
from msgspec import Struct

from gateway.errors import BY_CODE, GatewayError, GatewayUnreachable
from gateway.wire import ScrapeRequest, ScrapeResponse, TokensRequest, TokensResponse

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_TRIES = 3
MAX_RETRY_WAIT_S = 30.0
_GRACE_S = 10.0  # what the gateway needs beyond the page's own deadline
_RETRIED = {429, 503}

T = TypeVar("T")


class Call(Struct, Generic[T], kw_only=True, frozen=True):
    """One exchange, not yet sent: the request, and how to read the body of a 200."""

    path: str
    body: bytes
    read: Callable[[bytes], T]
    timeout_s: float


def scrape_call(url: str | ScrapeRequest | None = None, **options: Any) -> Call[ScrapeResponse]:
    """The exchange behind `Client.scrape`."""
    request = url if isinstance(url, ScrapeRequest) else ScrapeRequest(url=url, **options)
    return Call(
        path="/v1/scrape",
        body=_encode(request),
        read=msgspec.json.Decoder(ScrapeResponse).decode,
        timeout_s=request.timeout_s + _GRACE_S,
    )


def tokens_call(text: str | None = None, **options: Any) -> Call[TokensResponse]:
    """The exchange behind `Client.tokens`."""
    request = TokensRequest(text=text, **options)
    return Call(
        path="/v1/tokens",
        body=_encode(request),
        read=msgspec.json.Decoder(TokensResponse).decode,
        timeout_s=30 + _GRACE_S,
    )


def _encode(request: Struct) -> bytes:
    """Only what differs from the defaults is sent, so an older gateway understands a newer client."""
    fields = msgspec.structs.fields(request)
    sent = {f.encode_name: getattr(request, f.name) for f in fields if getattr(request, f.name) != f.default}
    return msgspec.json.encode({name: value for name, value in sent.items() if value not in ([], {})})


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
    """The exception that a problem document stands for."""
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        problem = {}
    kind = BY_CODE.get(str(problem.get("code")), GatewayError)
    detail = str(problem.get("detail") or f"the gateway answered {status} without saying why")
    extra = problem.get("extra")
    error = kind(detail, retry_after_s=_retry_after_s(headers), **(extra if isinstance(extra, dict) else {}))
    error.request_id = problem.get("request_id") or headers.get("x-request-id")
    return error


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    raw = headers.get("retry-after", "")
    return float(raw) if raw.isdigit() else None


class _Answer(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes


def _exchange(call: Call[T], tries: int) -> Generator[Call[T] | float, _Answer | None, T]:
    """Yields the call when it is to be sent, or seconds to sleep; returns what the call reads."""
    for attempt in range(tries):
        answer = yield call
        assert answer is not None
        if answer.status == 200:
            return call.read(answer.body)
        error = read_error(answer.status, answer.headers, answer.body)
        wait_s = (
            error.retry_after_s
            if error.retry_after_s is not None
            else 0.5 * 2**attempt * (1 + random.random())
        )
        if answer.status not in _RETRIED or attempt + 1 == tries or wait_s > MAX_RETRY_WAIT_S:
            raise error
        yield wait_s
    raise ValueError(f"tries must be at least 1, not {tries}")


class _Settings(Struct, kw_only=True, frozen=True):
    base_url: str
    headers: dict[str, str]
    tries: int


def _settings(url: str | None, api_key: str | None, tries: int) -> _Settings:
    key = api_key or os.environ.get("WINNOW_API_KEY")
    return _Settings(
        base_url=(url or os.environ.get("WINNOW_URL") or DEFAULT_URL).rstrip("/"),
        headers={"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {}),
        tries=tries,
    )


def _unreachable(base_url: str, exc: Exception) -> GatewayUnreachable:
    return GatewayUnreachable(
        f"no gateway answers at {base_url} ({exc or type(exc).__name__}); "
        "start one with `winnow serve`, or name another with WINNOW_URL"
    )


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

    def scrape(self, url: str | ScrapeRequest | None = None, **options: Any) -> ScrapeResponse:
        """Fetch and clean a page: its address and the fields of `wire.ScrapeRequest`, or one of those."""
        return self._send(scrape_call(url, **options))

    def tokens(self, text: str | None = None, **options: Any) -> TokensResponse:
        """Count tokens exactly; `options` are the fields of `wire.TokensRequest`."""
        return self._send(tokens_call(text, **options))

    def _send(self, call: Call[T]) -> T:
        exchange, answer = _exchange(call, self._settings.tries), None
        while True:
            try:
                step = exchange.send(answer)
            except StopIteration as done:
                result: T = done.value
                return result
            answer = None if isinstance(step, float) else self._post(step)
            if isinstance(step, float):
                time.sleep(step)

    def _post(self, call: Call[T]) -> _Answer:
        import httpx2

        try:
            response = self._http.post(call.path, content=call.body, timeout=call.timeout_s)
        except httpx2.TransportError as exc:
            raise _unreachable(self._settings.base_url, exc) from exc
        return _Answer(response.status_code, response.headers, response.content)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """`Client` for asyncio: the same calls, awaited."""

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, tries: int = DEFAULT_TRIES
    ) -> None:
        import httpx2

        self._settings = _settings(url, api_key, tries)
        self._http: httpx2.AsyncClient = httpx2.AsyncClient(
            base_url=self._settings.base_url, headers=self._settings.headers
        )

    async def scrape(self, url: str | ScrapeRequest | None = None, **options: Any) -> ScrapeResponse:
        """Fetch and clean a page: its address and the fields of `wire.ScrapeRequest`, or one of those."""
        return await self._send(scrape_call(url, **options))

    async def tokens(self, text: str | None = None, **options: Any) -> TokensResponse:
        """Count tokens exactly; `options` are the fields of `wire.TokensRequest`."""
        return await self._send(tokens_call(text, **options))

    async def _send(self, call: Call[T]) -> T:
        from asyncio import sleep

        exchange, answer = _exchange(call, self._settings.tries), None
        while True:
            try:
                step = exchange.send(answer)
            except StopIteration as done:
                result: T = done.value
                return result
            answer = None if isinstance(step, float) else await self._post(step)
            if isinstance(step, float):
                await sleep(step)

    async def _post(self, call: Call[T]) -> _Answer:
        import httpx2

        try:
            response = await self._http.post(call.path, content=call.body, timeout=call.timeout_s)
        except httpx2.TransportError as exc:
            raise _unreachable(self._settings.base_url, exc) from exc
        return _Answer(response.status_code, response.headers, response.content)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()


def scrape(url: str | None = None, **options: Any) -> ScrapeResponse:
    """`Client().scrape(...)` with a client of its own."""
    with Client() as client:
        return client.scrape(url, **options)


def tokens(text: str | None = None, **options: Any) -> TokensResponse:
    """`Client().tokens(...)` with a client of its own."""
    with Client() as client:
        return client.tokens(text, **options)
