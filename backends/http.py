"""What the adapters of HTTP APIs share: the connection, and failures as errors of ours."""

from collections.abc import AsyncIterator, Awaitable
from time import time
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from backends.base import (
    UpstreamError,
    UpstreamInterrupted,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from gateway.net.asyncio_backend import AsyncioBackend
from gateway.net.retry_after import read_retry_after

CONNECT_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 5.0
# of a connection that failed or a 5xx, by the client library, with its own back-off
MAX_RETRIES = 1
# as sent, before a content coding is undone: of an answer, and of an error, of which a line is shown
MAX_ANSWER_BYTES = 128 * 1024**2
MAX_ERROR_BYTES = 64 * 1024
# these tell a caller when to return
_PASSED_ON = ("x-ratelimit-", "ratelimit-", "anthropic-ratelimit-")


class AsyncioTransport(httpx2.AsyncHTTPTransport):
    """`httpx2`'s transport over our own sockets; without proxies."""

    def __init__(self, *, limits: httpx2.Limits) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=AsyncioBackend(),
        )


def open_http_client(url: str, *, timeout_s: float) -> httpx2.AsyncClient:
    """The client of the backend at `url`; `timeout_s` is the longest silence."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100)
    return httpx2.AsyncClient(
        timeout=timeouts(timeout_s),
        limits=limits,
        transport=None if _goes_through_a_proxy(url) else AsyncioTransport(limits=limits),
        # Modal answers 303 while a container starts
        follow_redirects=True,
        event_hooks={"response": [_leave_waiting_to_the_caller, _bound]},
    )


def _goes_through_a_proxy(url: str) -> bool:
    """Whether HTTPS_PROXY, NO_PROXY and the like say so; the client's own transport reads them too."""
    address = httpx2.URL(url)
    proxies = getproxies()
    return not proxies.keys().isdisjoint((address.scheme, "all")) and not proxy_bypass(address.host)


def timeouts(timeout_s: float) -> httpx2.Timeout:
    return httpx2.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s))


class _Bounded(httpx2.AsyncByteStream):
    """A body as it comes from the connection, up to a limit.

    Args:
        is_cut: end silently at the limit, as does the page of an error, of which only the beginning matters.
    Raises:
        ReadError: it goes on behind the limit, and is not to be cut.
    """

    def __init__(self, stream: httpx2.AsyncByteStream, *, max_bytes: int, is_cut: bool) -> None:
        self._stream, self._left, self._is_cut = stream, max_bytes, is_cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0:
                if self._is_cut:
                    return
                raise httpx2.ReadError("the body is longer than any answer")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    """Whoever reads a body whole, as the client library does with errors, would read an endless one for ever."""
    stream = response.stream
    assert isinstance(stream, httpx2.AsyncByteStream)
    limit = MAX_ERROR_BYTES if response.is_error else MAX_ANSWER_BYTES
    response.stream = _Bounded(stream, max_bytes=limit, is_cut=response.is_error)


async def _leave_waiting_to_the_caller(response: httpx2.Response) -> None:
    """Do not let the client library wait by this header: the caller gets an answer with Retry-After at once."""
    if response.status_code == 429 or "retry-after" in response.headers:
        response.headers["x-should-retry"] = "false"


def failure_of_request(exc: Exception) -> UpstreamError:
    """An error of the `openai` or `anthropic` client, which raise the same ones, before the answer began.

    A refusal of our key is reported without the server's words, which may hold a part of it.
    """
    response = getattr(exc, "response", None)
    if isinstance(response, httpx2.Response):
        return _refusal(response, getattr(exc, "body", None))
    cause = exc.__cause__
    if isinstance(cause, httpx2.ConnectTimeout):
        return UpstreamUnavailable(f"it accepted no connection within {CONNECT_TIMEOUT_S:g} s")
    if isinstance(cause, httpx2.TimeoutException):
        return UpstreamTimeout("it took the request and did not answer in time")
    if isinstance(cause, httpx2.HTTPError):
        return UpstreamUnavailable(f"it cannot be reached: {type(cause).__name__}")
    return UpstreamError(f"the request could not be made: {type(exc).__name__}")


def failure_of_stream(exc: Exception, *, begun: bool) -> UpstreamError:
    """An error while the answer was read; `begun` says that it had tokens."""
    if isinstance(exc, httpx2.TimeoutException):
        reason = "it fell silent"
        return UpstreamInterrupted(reason) if begun else UpstreamTimeout(reason)
    if isinstance(exc, httpx2.HTTPError):
        reason = f"the connection broke: {type(exc).__name__}"
        return UpstreamInterrupted(reason) if begun else UpstreamUnavailable(reason)
    reason = f"its answer cannot be read: {exc}"
    return UpstreamInterrupted(reason) if begun else UpstreamError(reason)


async def fault_of(probe: Awaitable[object]) -> str | None:
    """The fault that a probe of the server shows; None when it answers, even if it cannot list models."""
    try:
        await probe
    except UpstreamRejected as exc:
        return exc.message if exc.upstream_status in (401, 403) else None
    except UpstreamError as exc:
        return exc.message
    return None


def _refusal(response: httpx2.Response, body: object) -> UpstreamError:
    status, headers = response.status_code, response.headers
    fields = _error_object(body)
    said = str(fields.get("message") or fields.get("detail") or "")[:1000]
    after = read_retry_after(headers, now=time())
    kept = {name: value for name, value in headers.items() if name.lower().startswith(_PASSED_ON)}
    if status in (401, 403):
        return UpstreamRejected(f"it refused the configured key ({status})", upstream_status=status)
    message = f"it answered {status}" + (f": {said}" if said else "")
    if status in (502, 503, 529):
        return UpstreamUnavailable(message, retry_after_s=after, headers=kept)
    if status in (408, 504):
        return UpstreamTimeout(message, retry_after_s=after, headers=kept)
    return UpstreamRejected(message, upstream_status=status, body=fields, retry_after_s=after, headers=kept)


def _error_object(body: object) -> dict[str, Any]:
    """The error object of a body, in any of the usual shapes."""
    if not isinstance(body, dict):
        return {}
    error = body.get("error", body)
    return error if isinstance(error, dict) else {"message": error}
