"""One request and its response over the guarded pool, with every cap and every fault translated."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator

import h2.exceptions
import httpcore2

from gateway.core.http.url import Url
from gateway.errors import ConnectFailed, GatewayError, Overloaded, TooLarge
from gateway.fetch.http.guard import CREDIT_BYTES, CreditedStream
from gateway.fetch.http.headers import response_headers
from gateway.net.asyncio_backend import is_out_of_descriptors
from gateway.net.decoding import BodyDecoder

TLS_TIMEOUT_S = 10.0
# worth reading to keep the connection
_SMALL_BODY_BYTES = 64 * 1024
# decoded between two turns of the event loop
_BREATHE_BYTES = 1024 * 1024
_NO_BODY = frozenset({204, 205, 304})


class ConnectionLost(ConnectFailed):
    """No connection, or it ended before the response began: another try may do better."""


class Reply:
    """A response whose body is still on the wire."""

    def __init__(self, url: Url, response: httpcore2.Response) -> None:
        self.url = url
        self.status: int = response.status
        self.lines: list[tuple[bytes, bytes]] = list(response.headers)
        self.headers = response_headers(self.lines)
        self._response = response

    async def body(self, *, max_bytes: int, cut: bool = False) -> bytes:
        """The decoded body; with `cut`, what is beyond the limit is left unread instead of an error."""
        if self.status in _NO_BODY:
            return b""
        decoder = BodyDecoder(self.headers.get("content-encoding", ""), max_bytes=max_bytes)
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > max_bytes and not cut:
            raise TooLarge(f"{self.url.shown} announces {declared} bytes, more than the limit of {max_bytes}")
        pieces: list[bytes] = []
        unheard = 0
        try:
            async with contextlib.aclosing(_chunks(self.url, self._response)) as chunks:
                async for chunk in chunks:
                    for piece in decoder.feed(chunk):
                        pieces.append(piece)
                        unheard += len(piece)
                        if unheard > _BREATHE_BYTES:
                            unheard = 0
                            await asyncio.sleep(0)
        except TooLarge:
            if not cut:
                raise
            return b"".join(pieces)[:max_bytes]
        decoder.finish()
        return b"".join(pieces)

    async def discard(self) -> None:
        """Read a small body to its end, so that the connection can be used again."""
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) <= _SMALL_BODY_BYTES:
            async with contextlib.aclosing(_chunks(self.url, self._response)) as chunks:
                async for _ in chunks:
                    pass


@contextlib.asynccontextmanager
async def exchange(
    pool: httpcore2.AsyncConnectionPool,
    url: Url,
    lines: list[tuple[bytes, bytes]],
    *,
    posted: bytes | None = None,
) -> AsyncIterator[Reply]:
    """Send a GET, or a POST of what is `posted`, and yield its response.

    The connection is released or closed on the way out.

    Raises:
        ConnectionLost: nothing was answered.
        ConnectFailed: what was answered is not valid HTTP, or TLS failed.
        TooLarge: headers, or what surrounds them, without end.
        UrlRefused: the host is at an address the policy does not allow.
    """
    request = httpcore2.Request(
        "GET" if posted is None else "POST",
        httpcore2.URL(
            scheme=url.scheme.encode("ascii"),
            host=url.host.encode("ascii"),
            port=url.port,
            target=url.target.encode("ascii"),
        ),
        headers=lines,
        content=posted or b"",
        extensions={"timeout": {"connect": TLS_TIMEOUT_S}},
    )
    with _translated(url, before_answer=True):
        response = await pool.handle_async_request(request)
    try:
        if response.status < 200:
            raise ConnectFailed(f"{url.shown} answered {response.status}, which ends no request")
        _earn(response, CREDIT_BYTES)
        yield Reply(url, response)
    finally:
        with _translated(url, before_answer=False):
            await response.aclose()


def _earn(response: httpcore2.Response, count: int) -> None:
    stream = response.extensions.get("network_stream")
    if isinstance(stream, CreditedStream):
        stream.earn(count)


async def _chunks(url: Url, response: httpcore2.Response) -> AsyncGenerator[bytes, None]:
    assert isinstance(response.stream, AsyncIterable)
    with _translated(url, before_answer=False):
        async for chunk in response.stream:
            _earn(response, len(chunk))
            yield chunk


@contextlib.contextmanager
def _translated(url: Url, *, before_answer: bool) -> Iterator[None]:
    """Turn what the HTTP stack raises, fed with a stranger's bytes, into our own errors."""
    try:
        with _translated_of_the_origin(url, before_answer=before_answer):
            yield
    except Exception as exc:
        if is_out_of_descriptors(exc):
            raise Overloaded(
                "the gateway has no socket left to fetch with; try again shortly", retry_after_s=1
            ) from exc
        raise


@contextlib.contextmanager
def _translated_of_the_origin(url: Url, *, before_answer: bool) -> Iterator[None]:
    try:
        yield
    except (GatewayError, asyncio.CancelledError, GeneratorExit):
        raise
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as exc:
        if reason := _tls_reason(exc):
            raise ConnectFailed(f"no TLS session with {url.origin}: {reason}") from exc
        raise ConnectionLost(f"no connection to {url.origin}") from exc
    except (httpcore2.ReadError, httpcore2.WriteError) as exc:
        kind = ConnectionLost if before_answer else ConnectFailed
        raise kind(f"the connection to {url.origin} broke off") from exc
    except httpcore2.RemoteProtocolError as exc:
        kind = ConnectionLost if before_answer and "without sending" in str(exc) else ConnectFailed
        raise kind(f"{url.origin} does not answer in valid HTTP: {str(exc)[:200]}") from exc
    except (
        httpcore2.ProtocolError,
        h2.exceptions.H2Error,
        OSError,
        EOFError,
        ValueError,
        LookupError,
    ) as exc:
        raise ConnectFailed(f"{url.origin} does not answer in valid HTTP") from exc


def _tls_reason(exc: BaseException) -> str | None:
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate does not hold ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return (cause.reason or "handshake failure").replace("_", " ").lower()
        cause = cause.__cause__ or cause.__context__
    return None
