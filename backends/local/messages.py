"""The messages between the gateway and the model's process: msgpack Structs in length-prefixed frames.

One frame is four bytes of length, big-endian, then one message. The parent opens the conversation with
`Open`; the child answers `Ready` or `Broken`. After that every message carries the number of its request,
and a request ends with exactly one of `Finished`, `Refused`, `Embedded`, or at its `Cancel`.
Closing the child's input ends the child.
"""

from typing import Any, Literal

import msgspec
from msgspec import Struct

MAX_FRAME_BYTES = 64 * 1024**2
LENGTH_BYTES = 4

RefusalKind = Literal["rejected", "context", "unavailable"]


# gateway → model


class Open(Struct, tag=True, frozen=True, kw_only=True):
    """Load this file. `extra_buffers`: repacked weights, faster, and what crashes on some CPUs."""

    path: str
    context_tokens: int | None
    parallel: int
    gpu_layers: int | None
    threads: int
    # None: where nothing is lost by it
    flash_attention: bool | None = None
    extra_buffers: bool = True


class Generate(Struct, tag=True, frozen=True, kw_only=True):
    """Answer these messages, or go on from `prompt` as it stands.

    `parameters` are OpenAI's, plus top_k, min_p and repeat_penalty.
    """

    id: int
    messages: list[dict[str, Any]]
    parameters: dict[str, Any]
    tenant: str
    max_output_tokens: int | None
    temperature: float | None
    seed: int | None
    stop: list[str]
    json_schema: dict[str, Any] | None
    prompt: str | None = None


class Embed(Struct, tag=True, frozen=True):
    id: int
    texts: list[str]


class Cancel(Struct, tag=True, frozen=True):
    id: int


class Ping(Struct, tag=True, frozen=True):
    """Answered by the thread that prepares prompts; without an answer the process is stuck."""


# model → gateway


class ModelFacts(Struct, frozen=True, kw_only=True):
    """What was loaded and how: what `winnow doctor` prints."""

    # its identity, as `model_file` tells it
    file: str
    description: str
    size_bytes: int
    parameters: int
    # for one request
    context_tokens: int
    trained_context_tokens: int
    parallel: int
    threads: int
    gpu_layers: int
    devices: list[str]
    unified_kv: bool
    flash_attention: bool
    extra_buffers: bool
    kv_bytes: int
    embeds: bool
    # what was adjusted or is missing, in words
    notes: list[str] = []


class Counters(Struct, kw_only=True, array_like=True):
    """Totals since the child started, and the present. Cheap enough to ride on every step."""

    queued: int = 0
    running: int = 0
    kv_cells_used: int = 0
    kv_cells: int = 0
    steps: int = 0
    # over `steps`: tokens a step
    batched_tokens: int = 0
    # over `decode_steps`: sequences a decoding step
    decoding_sequences: int = 0
    decode_steps: int = 0
    prefix_lookups: int = 0
    prefix_hits: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    cancelled: int = 0


class Ready(Struct, tag=True, frozen=True):
    facts: ModelFacts


class Broken(Struct, tag=True, frozen=True):
    """The model cannot be served; the child exits after this message."""

    message: str


class Piece(Struct, frozen=True, array_like=True):
    """Text that became final in this step: whole characters, no part of a stop string."""

    id: int
    text: str
    # OpenAI's `logprobs.content` entries, when asked for
    logprobs: list[dict[str, Any]] = []


class Step(Struct, tag=True, frozen=True):
    pieces: list[Piece]
    counters: Counters | None = None


class Finished(Struct, tag=True, frozen=True, kw_only=True):
    id: int
    reason: Literal["stop", "length"]
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    queue_ms: float
    warnings: list[dict[str, str]] = []


class Refused(Struct, tag=True, frozen=True, kw_only=True):
    id: int
    kind: RefusalKind
    message: str
    prompt_tokens: int = 0
    context_tokens: int = 0


class Embedded(Struct, tag=True, frozen=True):
    """`vectors`: the numbers of each as 32-bit floats, little-endian."""

    id: int
    vectors: list[bytes]
    input_tokens: int


class Pong(Struct, tag=True, frozen=True):
    counters: Counters


ToModel = Open | Generate | Embed | Cancel | Ping
FromModel = Ready | Broken | Step | Finished | Refused | Embedded | Pong

_encoder = msgspec.msgpack.Encoder()
_to_model: msgspec.msgpack.Decoder[ToModel] = msgspec.msgpack.Decoder(ToModel)
_from_model: msgspec.msgpack.Decoder[FromModel] = msgspec.msgpack.Decoder(FromModel)


def encode_frame(message: ToModel | FromModel) -> bytes:
    """Raises ValueError for a message above MAX_FRAME_BYTES."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError(f"a message of {len(body)} bytes is above the limit of {MAX_FRAME_BYTES}")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def frame_length(prefix: bytes) -> int:
    """Raises ValueError when the prefix cannot be ours: something else wrote into the pipe."""
    length = int.from_bytes(prefix, "big")
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame claims {length} bytes, above the limit of {MAX_FRAME_BYTES}")
    return length


def decode_to_model(body: bytes) -> ToModel:
    return _to_model.decode(body)


def decode_from_model(body: bytes) -> FromModel:
    return _from_model.decode(body)
