"""What a model's backend takes, gives and promises.

A backend is an adapter to one place that runs models. It knows nothing of pages, caches or HTTP routes. Other
packages write theirs against this module and `backends.specs` (docs/backends.md).
"""

import hashlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any, ClassVar, Literal, Protocol, runtime_checkable

import msgspec
from msgspec import Meta, Struct

from gateway.primitives.did_you_mean import did_you_mean
from gateway.wire import ANSWER_TIMEOUT_S

# what a backend of another package is written against
__all__ = [
    "Backend",
    "Completion",
    "CompletionRequest",
    "ContextExceeded",
    "Delta",
    "Embedder",
    "EmbeddingRequest",
    "Embeddings",
    "FinishReason",
    "HasVocabulary",
    "ModelInfo",
    "Price",
    "UpstreamError",
    "UpstreamInterrupted",
    "UpstreamRejected",
    "UpstreamTimeout",
    "UpstreamUnavailable",
    "Usage",
    "VocabularyFile",
    "embeds_tokens",
    "identity_of",
    "reads_files",
    "reads_native",
]

# anything else a server says is reported as stop
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class UpstreamError(Exception):
    """Base of what a backend raises; `status` is what the gateway should answer with."""

    status: ClassVar[int] = 502

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s
        self.headers = headers or {}


class UpstreamUnavailable(UpstreamError):
    """Not reachable, starting, or out of capacity; nothing was generated."""

    status = 503


class UpstreamTimeout(UpstreamError):
    """No answer within the request's deadline; nothing was generated."""

    status = 504


class UpstreamRejected(UpstreamError):
    """The backend refused the request itself (4xx): `upstream_status` and `body` are its answer."""

    def __init__(
        self,
        message: str,
        *,
        upstream_status: int,
        body: dict[str, Any] | None = None,
        retry_after_s: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s, headers=headers)
        self.upstream_status = upstream_status
        self.body = body or {}


class ContextExceeded(UpstreamError):
    """The prompt is longer than the model's context, found before any work."""

    status = 400

    def __init__(self, message: str, *, prompt_tokens: int, context_tokens: int) -> None:
        super().__init__(message)
        self.prompt_tokens, self.context_tokens = prompt_tokens, context_tokens


class UpstreamInterrupted(UpstreamError):
    """It failed after the first delta; what was streamed is incomplete."""


class UnknownModel(LookupError):
    """No configured backend serves this model; `known` are those that are served."""

    def __init__(self, model: str, known: list[str]) -> None:
        self.model, self.known = model, known
        listed = ", ".join(known[:30]) + (f" and {len(known) - 30} more" if len(known) > 30 else "")
        hint = did_you_mean(model, known)
        super().__init__(f"the model `{model}` is not served here; known models: {listed or 'none'}{hint}")


class CompletionRequest(Struct, kw_only=True, frozen=True):
    """A prompt and how to answer it, in OpenAI's terms.

    `messages` are OpenAI chat messages. `parameters` holds every other field the client sent (temperature,
    tools, response_format …), passed on untouched; the typed fields are those that backends of other formats
    read, so they are filled from `parameters` too; where both name a thing, `parameters` is what was sent.
    With `json_schema` an adapter asks for such JSON in whatever way its models have (response_format, a
    forced tool, an instruction), and the deltas' text is that JSON.
    """

    # the backend's own name for it, aliases resolved
    model: str
    messages: list[dict[str, Any]]
    # a text to go on from without a chat template, where the backend can; `messages` hold it as well
    prompt: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    stop: list[str] = []
    # the answer must validate against it
    json_schema: dict[str, Any] | None = None
    parameters: dict[str, Any] = {}
    # False: the deltas may come all at once at the end, where that is cheaper to make
    stream: bool = True
    timeout_s: float = ANSWER_TIMEOUT_S
    # who asks: a backend with a queue of its own shares it fairly between tenants
    tenant: str = ""
    # the body as the client wrote it in Anthropic's shape, for a backend that speaks it: nothing is lost there
    native: dict[str, Any] = {}
    # why `messages` are not all that `native` holds: a backend without `reads_native` is not asked then
    unsaid: str = ""
    # for the model's server, where there is one (a trace's context)
    headers: dict[str, str] = {}


class Delta(Struct, kw_only=True, frozen=True):
    """A piece of an answer.

    `text` is what the first choice's content grew by; empty when the piece carries something else. `raw` is
    that choice's `delta` object (role, reasoning_content, tool_calls …), empty when `text` is all there is.
    `chunk` is the whole `chat.completion.chunk` in JSON as the server sent it, without usage, when it speaks
    OpenAI's format: then it goes to the client as it is, and it includes the one with `finish_reason`.
    """

    text: str = ""
    raw: dict[str, Any] = {}
    chunk: bytes = b""

    @property
    def is_token(self) -> bool:
        """Whether this holds output of the model, not only a role, an empty string or the end."""
        return bool(self.text) or any(value for key, value in self.raw.items() if key != "role")


def is_count(value: object) -> bool:
    """Whether a number that a server reports can be one of tokens."""
    return isinstance(value, int) and 0 <= value < 2**40


class Usage(Struct, kw_only=True, frozen=True):
    """What the model reported. `input_tokens` includes the cached ones."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    # OpenAI's usage object as the server sent it, with all its details
    details: dict[str, Any] = {}


class Completion(Struct, kw_only=True, frozen=True):
    """The terminal item of a stream."""

    finish_reason: FinishReason
    # None: the server reported none
    usage: Usage | None
    # as the backend named it
    model: str
    # what else the last chunk carried (id, system_fingerprint …)
    raw: dict[str, Any] = {}
    # waited for a slot, where the backend knows
    queue_ms: float = 0
    # the backend checked the answer, and it does not validate
    violates_schema: bool = False


class ModelInfo(Struct, kw_only=True, frozen=True):
    """A model a backend serves."""

    name: str
    context_tokens: int | None = None


class EmbeddingRequest(Struct, kw_only=True, frozen=True):
    """Texts to embed, in OpenAI's terms: `input` may also be tokens; `parameters` are further fields as sent."""

    # the backend's own name for it
    model: str
    input: list[Any]
    as_base64: bool = False
    parameters: dict[str, Any] = {}
    timeout_s: float = ANSWER_TIMEOUT_S
    headers: dict[str, str] = {}


class Embeddings(Struct, kw_only=True, frozen=True):
    """OpenAI's list of embeddings in JSON, and the tokens of all texts together."""

    body: bytes
    input_tokens: int


@runtime_checkable
class Embedder(Protocol):
    """What a backend is besides, when its models make embeddings. Raises UpstreamErrors."""

    async def embed(self, request: EmbeddingRequest) -> Embeddings: ...


class VocabularyFile(Struct, kw_only=True, frozen=True):
    """A GGUF file whose vocabulary is a model's; `identity` is another one wherever counts may be others."""

    path: str
    identity: str


@runtime_checkable
class HasVocabulary(Protocol):
    """What a backend is besides, when tokens can be counted here as its models do. Raises UpstreamUnavailable."""

    async def vocabulary(self, model: str) -> VocabularyFile: ...


class Backend(Protocol):
    """Zero or more `Delta`, then exactly one `Completion`.

    Raises UpstreamErrors other than UpstreamInterrupted before the first delta, UpstreamInterrupted
    after it, and nothing else. Closing the iterator stops generation and frees whatever it held.
    """

    name: str

    def stream(self, request: CompletionRequest) -> AsyncGenerator[Delta | Completion, None]: ...

    async def models(self) -> list[ModelInfo]: ...

    async def identity(self, model: str) -> str:
        """What decides the model's answers, beyond its name: a cached answer is used where it is the same."""
        ...

    async def count_tokens(self, text: str, *, model: str) -> int | None:
        """Exact count by the model's own tokenizer, None where the backend does not know."""
        ...

    async def health(self) -> str | None:
        """None when well, else one line that names the fault."""
        ...

    async def aclose(self) -> None: ...


def reads_native(backend: Backend) -> bool:
    """Whether a backend sends on `CompletionRequest.native`: it says so by an attribute `reads_native`."""
    return bool(getattr(backend, "reads_native", False))


def embeds_tokens(backend: Backend) -> bool:
    """Whether `EmbeddingRequest.input` may be tokens; a backend that takes texts alone has `embeds_tokens = False`."""
    return bool(getattr(backend, "embeds_tokens", True))


def reads_files(backend: Backend) -> bool:
    """Whether a backend's server reads the files (PDFs) of messages: it says so by an attribute `reads_files`.

    Others get their text.
    """
    return bool(getattr(backend, "reads_files", False))


def identity_of(*parts: Any) -> str:
    """A digest of what decides a backend's answers; secrets in it cannot be read back."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


class Price(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """US dollars per million tokens; cached input costs as much as other input unless said."""

    input: Annotated[float, Meta(ge=0, description="US dollars per million tokens sent.")] = 0
    output: Annotated[float, Meta(ge=0, description="US dollars per million tokens answered.")] = 0
    cached_input: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(
            description="US dollars per million tokens sent that the backend had cached. Unset: as `input`."
        ),
    ] = None


class Route(Struct, kw_only=True, frozen=True):
    """Where one model's requests go."""

    # what callers call the model
    name: str
    backend: Backend
    # what the backend calls it
    model: str
    context_tokens: int | None = None
    tokenizer: str | None = None
    price: Price | None = None
    # names of models, tried in order
    fallbacks: list[str] = []
    timeout_s: float = ANSWER_TIMEOUT_S
