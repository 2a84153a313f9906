"""Anything that speaks OpenAI's chat completions: OpenAI, vLLM, TGI, Ollama, llama-server, RunPod, Modal …

The `openai` client carries configuration, authentication, retries and errors; the answer's bytes are read
raw and parsed here, which costs a sixth of what its own chunk objects do. Upstream is always asked to stream,
with usage, whatever the caller wants: so one call can serve callers of both kinds, times are known for both,
and a proxy in between sees no idle connection.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, cast

import httpx2
import msgspec
import openai

from backends.base import (
    BackendFailure,
    BackendInterrupted,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    Completion,
    CompletionRequest,
    Delta,
    ModelInfo,
)
from backends.openai_wire import OPTIONAL, StreamReader, completion_to_chunk, request_body
from backends.specs import OPENAI_URL, BackendSpec
from gateway.sse import EventDecoder, EventTooLarge

CONNECT_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 5.0
DRAIN_S = 0.25  # how long the end of the body may lag behind its last event before the connection is given up
_PASSED_ON = ("x-ratelimit-", "ratelimit")  # headers of a refusal that tell the caller when to return
_JSON = {"content-type": "application/json"}


class RemoteBackend:
    """An OpenAI-compatible server.

    Args:
        name: the backend's name.
        url: base URL, with `/v1` where the server has it; a query (Azure's `api-version`) is kept.
        api_key: sent as a bearer token; None sends none.
        headers: sent on every request (Azure's `api-key`, a proxy's token).
        timeout_s: between two pieces of an answer.
        max_retries: of a connection that failed or a 5xx, with the client's own back-off. An answer that says
            when to return is not retried here: the caller is told.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        api_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 600,
        max_retries: int = 1,
    ) -> None:
        self.name = name
        address = httpx2.URL(url)
        self._is_openai = address.host == httpx2.URL(OPENAI_URL).host
        self._declined: dict[str, set[str]] = {}  # model -> what it answered 400 to
        own = (
            {} if self._is_openai else {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
        )
        self._headers: dict[str, Any] = {} if api_key else {"Authorization": openai.Omit()}
        self._client = openai.AsyncOpenAI(
            base_url=str(address.copy_with(query=None)),
            api_key=api_key or "none",
            default_headers=cast(dict[str, str], own | dict(headers or {})),  # Omit drops a header
            default_query=dict(address.params),
            max_retries=max_retries,
            http_client=httpx2.AsyncClient(
                timeout=httpx2.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100),
                follow_redirects=True,  # Modal answers 303 while a container starts
                event_hooks={"response": [_leave_waiting_to_the_caller]},
            ),
        )

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        response = await self._send(request)
        reader = StreamReader()
        try:
            async with aclosing(_events(response)) as events:
                async for data in events:
                    if (delta := reader.read(data)) is not None:
                        yield delta
            yield reader.completion(default_model=request.model)
        except (httpx2.HTTPError, EventTooLarge, msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise self._failure_of_stream(exc, begun=reader.begun) from exc
        finally:
            await response.aclose()

    async def models(self) -> list[ModelInfo]:
        try:
            response = await self._client.get(
                "/models",
                cast_to=httpx2.Response,
                options={"headers": self._headers, "timeout": PROBE_TIMEOUT_S, "max_retries": 0},
            )
            listing = msgspec.json.decode(response.content, type=_Listing)
        except openai.OpenAIError as exc:
            raise self._failure_of_request(exc) from exc
        except msgspec.DecodeError as exc:
            raise BackendUnavailable(f"its list of models cannot be read: {exc}") from exc
        return [ModelInfo(name=model.id, context_tokens=model.context_tokens) for model in listing.data]

    async def count_tokens(self, text: str, *, model: str) -> int | None:
        return None

    async def health(self) -> str | None:
        try:
            await self.models()
        except BackendRejected as exc:
            return exc.message if exc.upstream_status in (401, 403) else None  # it answers: that will do
        except BackendFailure as exc:
            return exc.message
        return None

    async def aclose(self) -> None:
        await self._client.close()

    async def _send(self, request: CompletionRequest) -> httpx2.Response:
        """The response, its status good and its body unread; a field the server declines is left out."""
        declined = self._declined.setdefault(request.model, set())
        while True:
            body = request_body(request, without=declined, newest=self._is_openai)
            timeout = httpx2.Timeout(request.timeout_s, connect=CONNECT_TIMEOUT_S)
            try:
                response = await self._client.post(
                    "/chat/completions",
                    cast_to=httpx2.Response,
                    content=body,
                    stream=True,
                    stream_cls=openai.AsyncStream[object],
                    options={"headers": self._headers | _JSON, "timeout": timeout},
                )
                return cast(httpx2.Response, response)  # what `cast_to` says, unread because of `stream`
            except openai.OpenAIError as exc:
                failure = self._failure_of_request(exc)
                field = _declined_field(failure, request)
                if field is None or field in declined:
                    raise failure from exc
                declined.add(field)

    def _failure_of_request(self, exc: openai.OpenAIError) -> BackendFailure:
        """The client's error in our terms. A refusal of our key is told without the server's words."""
        if isinstance(exc, openai.APIStatusError):
            return _refusal(exc)
        if isinstance(exc, openai.APITimeoutError):
            if isinstance(exc.__cause__, httpx2.ConnectTimeout):
                return BackendUnavailable(f"it accepted no connection within {CONNECT_TIMEOUT_S:g} s")
            return BackendTimeout("it took the request and did not answer in time")
        if isinstance(exc, openai.APIConnectionError):
            return BackendUnavailable(f"it cannot be reached: {type(exc.__cause__ or exc).__name__}")
        return BackendFailure(f"the request could not be made: {type(exc).__name__}")

    def _failure_of_stream(self, exc: Exception, *, begun: bool) -> BackendFailure:
        if isinstance(exc, httpx2.TimeoutException):
            reason = "it fell silent"
            return BackendInterrupted(reason) if begun else BackendTimeout(reason)
        if isinstance(exc, httpx2.HTTPError):
            reason = f"the connection broke: {type(exc).__name__}"
            return BackendInterrupted(reason) if begun else BackendUnavailable(reason)
        reason = f"its answer cannot be read: {exc}"
        return BackendInterrupted(reason) if begun else BackendFailure(reason)


def build(spec: BackendSpec) -> RemoteBackend:
    """A backend from a spec."""
    return RemoteBackend(
        name=spec.name,
        url=spec.url or OPENAI_URL,
        api_key=spec.api_key,
        headers=spec.headers,
        timeout_s=spec.timeout_s,
    )


class _Listed(msgspec.Struct):
    """One model of a listing, and where servers tell its context: vLLM, OpenRouter, Groq."""

    id: str
    max_model_len: int | None = None
    context_length: int | None = None
    context_window: int | None = None

    @property
    def context_tokens(self) -> int | None:
        return self.max_model_len or self.context_length or self.context_window


class _Listing(msgspec.Struct):
    data: list[_Listed]


async def _events(response: httpx2.Response) -> AsyncGenerator[bytes, None]:
    """Each event's data up to `[DONE]`; the body is read to its end, so that the connection can be reused."""
    if response.headers.get("content-type", "").startswith("application/json"):  # it does not stream
        yield completion_to_chunk(await response.aread())
        return
    decoder = EventDecoder()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            for event in decoder.feed(chunk):
                if event.data == b"[DONE]":
                    await _drain(chunks)
                    return
                yield event.data


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            async for _ in chunks:
                pass
    except (TimeoutError, httpx2.HTTPError):
        pass  # the answer is whole; only the connection is lost


async def _leave_waiting_to_the_caller(response: httpx2.Response) -> None:
    """The client obeys this header: an answer that says when to return goes to the caller at once."""
    if response.status_code == 429 or "retry-after" in response.headers:
        response.headers["x-should-retry"] = "false"


def _refusal(exc: openai.APIStatusError) -> BackendFailure:
    status, headers = exc.status_code, exc.response.headers
    body = exc.body if isinstance(exc.body, dict) else {}
    said = str(body.get("message") or body.get("error") or body.get("detail") or "")[:1000]
    after = retry_after_s(headers)
    kept = {name: value for name, value in headers.items() if name.lower().startswith(_PASSED_ON)}
    if status in (401, 403):
        return BackendRejected(f"it refused the configured key ({status})", upstream_status=status)
    message = f"it answered {status}" + (f": {said}" if said else "")
    if status in (502, 503, 529):
        return BackendUnavailable(message, retry_after_s=after, headers=kept)
    if status in (408, 504):
        return BackendTimeout(message, retry_after_s=after, headers=kept)
    return BackendRejected(message, upstream_status=status, body=body, retry_after_s=after, headers=kept)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as an answer's headers say: `retry-after-ms`, seconds, or a date (RFC 9110, 10.2.3)."""
    if (milliseconds := headers.get("retry-after-ms", "")).isdigit():
        return int(milliseconds) / 1000
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except ValueError:
        return None


def _declined_field(failure: BackendFailure, request: CompletionRequest) -> str | None:
    """The field that a refusal names, if it is one that we added."""
    if not isinstance(failure, BackendRejected) or failure.upstream_status not in (400, 422):
        return None
    words = f"{failure.message} {failure.body}"
    return next((field for field in OPTIONAL if field in words and field not in request.parameters), None)
