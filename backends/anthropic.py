"""Anthropic's Messages API, through the `anthropic` client (extra `anthropic`)."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import cast

import anthropic
import httpx2
import msgspec

from backends.base import (
    Completion,
    CompletionRequest,
    Delta,
    ModelInfo,
    UpstreamRejected,
    UpstreamUnavailable,
    identity_of,
)
from backends.choices import asked_choices, several
from backends.http import (
    MAX_RETRIES,
    PROBE_TIMEOUT_S,
    failure_of_request,
    failure_of_stream,
    fault_of,
    open_http_client,
    timeouts,
)
from backends.specs import BackendSpec
from backends.wire.anthropic import StreamReader, is_for_a_tool, request_body
from gateway.net.sse import EventDecoder, EventTooLarge
from gateway.wire import ANSWER_TIMEOUT_S

ANTHROPIC_URL = "https://api.anthropic.com"
_JSON = {"content-type": "application/json"}


class AnthropicBackend:
    """Claude models, asked in OpenAI's terms.

    Args:
        name: the backend's name.
        api_key: sent the way the client library sends it.
        url: base URL without `/v1`.
        headers: sent on every request (`anthropic-beta`).
        timeout_s: the longest silence.
    """

    reads_native = True

    def __init__(
        self,
        *,
        name: str,
        api_key: str,
        url: str = ANTHROPIC_URL,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self.name = name
        self._identity = identity_of(url, dict(headers or {}))
        self._client = anthropic.AsyncAnthropic(
            api_key=api_key,
            base_url=url.removesuffix("/").removesuffix("/v1"),
            default_headers=dict(headers or {}),
            max_retries=MAX_RETRIES,
            http_client=open_http_client(url, timeout_s=timeout_s),
        )

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        if (count := asked_choices(request)) > 1:
            async with aclosing(several(self._answer, request, count, one_prompt=False)) as items:
                async for item in items:
                    yield item
            return
        async with aclosing(self._answer(request)) as items:
            async for item in items:
                yield item

    async def _answer(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        """One answer."""
        reader = StreamReader(as_data=not request.native and is_for_a_tool(request.json_schema))
        response = await self._send(request)
        decoder = EventDecoder()
        try:
            async with aclosing(response.aiter_bytes()) as chunks:
                async for chunk in chunks:
                    for event in decoder.feed(chunk):
                        if (delta := reader.read(event.data)) is not None:
                            yield delta
            yield reader.completion(default_model=request.model)
        except (httpx2.HTTPError, EventTooLarge, msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise failure_of_stream(exc, begun=reader.begun) from exc
        finally:
            await response.aclose()

    async def models(self) -> list[ModelInfo]:
        try:
            response = await self._client.get(
                "/v1/models?limit=1000",
                cast_to=httpx2.Response,
                options={"timeout": PROBE_TIMEOUT_S, "max_retries": 0},
            )
            listing = msgspec.json.decode(response.content, type=_Listing)
        except anthropic.AnthropicError as exc:
            raise failure_of_request(exc) from exc
        except msgspec.DecodeError as exc:
            raise UpstreamUnavailable(f"its list of models cannot be read: {exc}") from exc
        return [ModelInfo(name=model.id) for model in listing.data]

    async def identity(self, model: str) -> str:
        return self._identity

    async def count_tokens(self, text: str, *, model: str) -> int | None:
        # its counting endpoint is a request of its own
        return None

    async def health(self) -> str | None:
        return await fault_of(self.models())

    async def aclose(self) -> None:
        await self._client.close()

    async def _send(self, request: CompletionRequest) -> httpx2.Response:
        try:
            body = request_body(request)
        except (LookupError, TypeError, AttributeError, msgspec.DecodeError) as exc:
            reason = f"a message or tool is not in OpenAI's format: {exc!r}"
            raise UpstreamRejected(reason, upstream_status=400) from exc
        try:
            response = await self._client.post(
                "/v1/messages",
                cast_to=httpx2.Response,
                content=body,
                stream=True,
                stream_cls=anthropic.AsyncStream[object],
                options={"headers": _JSON | request.headers, "timeout": timeouts(request.timeout_s)},
            )
        except anthropic.AnthropicError as exc:
            raise failure_of_request(exc) from exc
        # what `cast_to` says, unread because of `stream`
        return cast(httpx2.Response, response)


def build(spec: BackendSpec) -> AnthropicBackend:
    """A backend from a spec."""
    return AnthropicBackend(
        name=spec.name,
        api_key=spec.api_key or "",
        url=spec.url or ANTHROPIC_URL,
        headers=spec.headers,
        timeout_s=spec.timeout_s,
    )


class _Listed(msgspec.Struct):
    id: str


class _Listing(msgspec.Struct):
    data: list[_Listed]
