"""Servers with OpenAI's chat completions: OpenAI, vLLM, TGI, Ollama, llama-server, RunPod, Modal …

The `openai` client carries configuration, authentication, retries and errors; the answer's bytes are read
raw and parsed here, which costs a sixth of what its own chunk objects do. A stream is always asked for usage;
whether the caller wanted to see it is the caller's adapter's business.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, TypeVar, cast

import httpx2
import msgspec
import openai

from backends.base import (
    Completion,
    CompletionRequest,
    Delta,
    EmbeddingRequest,
    Embeddings,
    ModelInfo,
    UpstreamError,
    UpstreamRejected,
    UpstreamUnavailable,
    identity_of,
)
from backends.http import (
    MAX_RETRIES,
    PROBE_TIMEOUT_S,
    failure_of_request,
    failure_of_stream,
    fault_of,
    open_http_client,
    timeouts,
)
from backends.specs import OPENAI_URL, BackendSpec
from backends.wire.openai import (
    OPTIONAL,
    StreamReader,
    completion_to_chunk,
    embeddings_request,
    read_embeddings,
    request_body,
    text_to_chat,
)
from gateway.net.sse import EventDecoder, EventTooLarge
from gateway.wire import ANSWER_TIMEOUT_S

T = TypeVar("T")
# of a listing, for what it does not say itself
_MOST_ASKED = 50
# how long the end of the body may lag behind its last event before the connection is given up
DRAIN_S = 0.25
# what the client would tell every server of this machine, and read from its environment
_TELLTALE = tuple(
    f"X-Stainless-{fact}"
    for fact in ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
)
_TELLTALE_EACH = ("X-Stainless-Retry-Count", "X-Stainless-Read-Timeout")


class RemoteBackend:
    """An OpenAI-compatible server.

    Args:
        name: the backend's name.
        url: base URL, with `/v1` where the server has it; a query (Azure's `api-version`) is kept.
        api_key: sent as a bearer token; None sends none.
        headers: sent on every request (Azure's `api-key`, a proxy's token).
        timeout_s: the longest silence.
        reads_files: whether it takes the files of messages as they are; None: if it is OpenAI's own.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        api_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
        reads_files: bool | None = None,
    ) -> None:
        self.name = name
        self._identity = identity_of(url, dict(headers or {}))
        address = httpx2.URL(url)
        self._is_openai = address.host == httpx2.URL(OPENAI_URL).host
        self.reads_files = self._is_openai if reads_files is None else reads_files
        # model -> what it answered 400 to
        self._declined: dict[str, frozenset[str]] = {}
        left_out = _TELLTALE if self._is_openai else (*_TELLTALE, "OpenAI-Organization", "OpenAI-Project")
        own = dict.fromkeys(left_out, openai.Omit())
        self._headers: dict[str, Any] = dict.fromkeys(_TELLTALE_EACH, openai.Omit())
        if not api_key:
            self._headers["Authorization"] = openai.Omit()
        self._post_headers = self._headers | {"content-type": "application/json"}
        self._client = openai.AsyncOpenAI(
            base_url=str(address.copy_with(query=None)),
            api_key=api_key or "none",
            # typed without Omit
            default_headers=cast(dict[str, str], own | dict(headers or {})),
            default_query=dict(address.params),
            max_retries=MAX_RETRIES,
            http_client=open_http_client(url, timeout_s=timeout_s),
        )

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]:
        response = await self._send(request)
        reader = StreamReader()
        try:
            async with aclosing(_events(response)) as events:
                async for data in events:
                    if request.prompt is not None:
                        data = text_to_chat(data)
                    if (delta := reader.read(data)) is not None:
                        yield delta
            yield reader.completion(default_model=request.model)
        except (httpx2.HTTPError, EventTooLarge, msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise failure_of_stream(exc, begun=reader.begun) from exc
        finally:
            await response.aclose()

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        """OpenAI's embeddings, passed on as the server wrote them."""
        try:
            response = await self._client.post(
                "/embeddings",
                cast_to=httpx2.Response,
                content=embeddings_request(request),
                options={
                    "headers": self._post_headers | request.headers,
                    "timeout": timeouts(request.timeout_s),
                },
            )
            return read_embeddings(response.content)
        except openai.OpenAIError as exc:
            raise failure_of_request(exc) from exc
        except msgspec.DecodeError as exc:
            raise UpstreamError(f"its embeddings cannot be read: {exc}") from exc

    async def models(self) -> list[ModelInfo]:
        """What it lists, with the context of each where it says that, there or elsewhere."""
        try:
            listing = await self._ask("GET", "/models", _Listing)
        except openai.OpenAIError as exc:
            raise failure_of_request(exc) from exc
        except msgspec.DecodeError as exc:
            raise UpstreamUnavailable(f"its list of models cannot be read: {exc}") from exc
        contexts = await asyncio.gather(*[self._context_of(model) for model in listing.data[:_MOST_ASKED]])
        known = dict(zip((model.id for model in listing.data), contexts, strict=False))
        return [
            ModelInfo(name=model.id, context_tokens=known.get(model.id) or model.context_tokens)
            for model in listing.data
        ]

    async def _context_of(self, model: "_Listed") -> int | None:
        """The tokens of a model's context, by the ways of the servers that do not list it; None: not known."""
        root = str(self._client.base_url).rstrip("/").removesuffix("/v1")
        if model.context_tokens or model.owned_by not in ("llamacpp", "library"):
            return model.context_tokens
        try:
            if model.owned_by == "llamacpp":
                props = await self._ask("GET", f"{root}/props", _LlamaServerProps)
                return props.default_generation_settings.n_ctx
            shown = await self._ask("POST", f"{root}/api/show", _OllamaModel, {"model": model.id})
            return shown.context_tokens
        except (openai.OpenAIError, msgspec.DecodeError):
            return None

    async def _ask(self, method: str, path: str, kind: type[T], body: dict[str, Any] | None = None) -> T:
        """What the server tells of itself."""
        options: Any = {"headers": self._headers, "timeout": PROBE_TIMEOUT_S, "max_retries": 0}
        if method == "GET":
            response = await self._client.get(path, cast_to=httpx2.Response, options=options)
        else:
            response = await self._client.post(path, cast_to=httpx2.Response, body=body, options=options)
        return msgspec.json.decode(response.content, type=kind)

    async def identity(self, model: str) -> str:
        """Where it is asked and with which headers, since proxies choose by them; not with which key."""
        return self._identity

    async def count_tokens(self, text: str, *, model: str) -> int | None:
        return None

    async def health(self) -> str | None:
        return await fault_of(self.models())

    async def aclose(self) -> None:
        await self._client.close()

    async def _send(self, request: CompletionRequest) -> httpx2.Response:
        """The response, its status good and its body unread; a field the server declines is left out."""
        declined = self._declined.get(request.model, frozenset())
        while True:
            newest = self._is_openai and request.prompt is None
            body = request_body(request, without=declined, newest=newest)
            try:
                response = await self._client.post(
                    "/chat/completions" if request.prompt is None else "/completions",
                    cast_to=httpx2.Response,
                    content=body,
                    stream=True,
                    stream_cls=openai.AsyncStream[object],
                    options={
                        "headers": self._post_headers | request.headers,
                        "timeout": timeouts(request.timeout_s),
                    },
                )
                # what `cast_to` says, unread because of `stream`
                return cast(httpx2.Response, response)
            except openai.OpenAIError as exc:
                failure = failure_of_request(exc)
                field = _declined_field(failure, request)
                if field is None or field in declined:
                    raise failure from exc
                declined |= {field}
                if "invalid schema" not in failure.message.lower():
                    # that is about this request, not the model
                    self._declined[request.model] = declined


def build(spec: BackendSpec) -> RemoteBackend:
    """A backend from a spec."""
    return RemoteBackend(
        name=spec.name,
        url=spec.url or OPENAI_URL,
        api_key=spec.api_key,
        headers=spec.headers,
        timeout_s=spec.timeout_s,
        reads_files=spec.reads_files,
    )


class _Listed(msgspec.Struct):
    """One model of a listing, and where servers report its context: vLLM, OpenRouter, Groq."""

    id: str
    owned_by: str | None = None
    max_model_len: int | None = None
    context_length: int | None = None
    context_window: int | None = None

    @property
    def context_tokens(self) -> int | None:
        return self.max_model_len or self.context_length or self.context_window


class _Listing(msgspec.Struct):
    data: list[_Listed]


class _LlamaServerSettings(msgspec.Struct, frozen=True):
    n_ctx: int | None = None


class _LlamaServerProps(msgspec.Struct):
    """`/props` of llama-server: the context of one slot."""

    default_generation_settings: _LlamaServerSettings = _LlamaServerSettings()


class _OllamaModel(msgspec.Struct):
    """`/api/show` of Ollama: what its Modelfile sets, and what the model was made for."""

    parameters: str = ""
    model_info: dict[str, Any] = {}

    @property
    def context_tokens(self) -> int | None:
        words = self.parameters.split()
        for name, value in itertools.pairwise(words):
            if name == "num_ctx" and value.isdecimal():
                return int(value)
        made_for = [size for name, size in self.model_info.items() if name.endswith(".context_length")]
        return made_for[0] if made_for and isinstance(made_for[0], int) else None


async def _events(response: httpx2.Response) -> AsyncGenerator[bytes, None]:
    """Each event's data up to `[DONE]`; the body is read to its end, so that the connection can be reused."""
    kind = response.headers.get("content-type", "")
    if kind.startswith("application/json"):
        # it does not stream
        yield completion_to_chunk(await response.aread())
        return
    if kind.startswith("text/html"):
        raise UpstreamError(
            "it answered with a page (text/html): is its address right, with /v1 where it has one?"
        )
    decoder = EventDecoder()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            for event in decoder.feed(chunk):
                if event.data.strip() == b"[DONE]":
                    await _drain(chunks)
                    return
                if event.data:
                    # an empty one keeps the connection awake
                    yield event.data


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            async for _ in chunks:
                pass
    except (TimeoutError, httpx2.HTTPError):
        # the answer is whole; only the connection is lost
        pass


def _declined_field(failure: UpstreamError, request: CompletionRequest) -> str | None:
    """The field that a refusal names, if it is one that we added."""
    if not isinstance(failure, UpstreamRejected) or failure.upstream_status not in (400, 422):
        return None
    words = f"{failure.message} {failure.body}"
    chosen = {*request.parameters, *(["temperature"] if request.temperature else [])}
    return next((field for field in OPTIONAL if field in words and field not in chosen), None)
