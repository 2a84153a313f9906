"""OpenAI's chat completions as bytes: a request out, streamed chunks in. Pure."""

import base64
import struct
from collections.abc import Collection
from typing import Annotated, Any, cast, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from backends.base import (
    Completion,
    CompletionRequest,
    Delta,
    EmbeddingRequest,
    Embeddings,
    FinishReason,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamRejected,
    Usage,
    is_count,
)

# what a request may gain here and a server may not take (reasoning models: no temperature but their own)
OPTIONAL = ("stream_options", "response_format", "temperature")
_FINISH_REASONS = set(get_args(FinishReason))
_OBJECT = dict[str, Any]
_OBJECTS = list[_OBJECT]
_encode = msgspec.json.Encoder().encode


class _Function(Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(Struct):
    index: Annotated[int, Meta(ge=0)] | None = None
    id: str | None = None
    type: str | None = None
    function: _Function | None = None


class _Said(Struct):
    """The fields of a delta that are read further on, other dialects' among them; any other may hold anything."""

    content: str | list[dict[str, Any]] | None = None
    role: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(Struct):
    index: Annotated[int, Meta(ge=0)] = 0
    delta: dict[str, Any] | None = None
    finish_reason: str | None = None


class _Chunk(Struct):
    """What the gateway reads from a chunk; clients get its bytes."""

    choices: list[_Choice] | None = None
    usage: dict[str, Any] | UnsetType | None = UNSET
    error: Any = None
    # of an error that is the event itself
    message: str | None = None
    code: Any = None


_decode_chunk = msgspec.json.Decoder(_Chunk).decode


class StreamReader:
    """Chunks in order of arrival → deltas, and at the end the completion.

    Usage may come with the last choice, or after it in a chunk of its own; either way it is taken out of what
    clients see, who may not have asked for it.
    """

    def __init__(self) -> None:
        self.begun = False
        self._finish_reason: str | None = None
        self._usage: dict[str, Any] | None = None
        self._envelope: dict[str, Any] = {}

    def read(self, data: bytes) -> Delta | None:
        """One chunk's delta; None for a chunk without choices.

        Raises:
            UpstreamError: the chunk is an error; UpstreamInterrupted when there were tokens before it.
            msgspec.DecodeError: it is no chunk.
        """
        chunk = _decode_chunk(data)
        if chunk.error is not None:
            raise _error(chunk.error, begun=self.begun)
        if chunk.usage:
            self._usage = chunk.usage
        if not chunk.choices:
            if chunk.message:
                raise _error({"message": chunk.message, "code": chunk.code}, begun=self.begun)
            return None
        if chunk.usage is not UNSET:
            whole = msgspec.json.decode(data)
            del whole["usage"]
            data = _encode(whole)
        text, raw = "", {}
        for choice in chunk.choices:
            # nearly every one has a text and nothing else
            if choice.delta and not (len(choice.delta) == 1 and isinstance(choice.delta.get("content"), str)):
                msgspec.convert(choice.delta, _Said)
            if choice.index == 0 and choice.delta:
                raw = choice.delta
                text = raw.get("content") or ""
            if choice.finish_reason:
                self._finish_reason = choice.finish_reason
                self._envelope = msgspec.json.decode(data)
        delta = Delta(text=text if isinstance(text, str) else "", raw=raw, chunk=data)
        self.begun = self.begun or delta.is_token
        return delta

    def completion(self, *, default_model: str) -> Completion:
        """The end of the stream.

        Raises:
            UpstreamError: no choice was ever finished, so this is a stream cut short.
        """
        if self._finish_reason is None:
            reason = "its stream ended without a finish_reason"
            raise UpstreamInterrupted(reason) if self.begun else UpstreamError(reason)
        known = self._finish_reason in _FINISH_REASONS
        reason = cast(FinishReason, self._finish_reason if known else "stop")
        rest = {
            k: v
            for k, v in self._envelope.items()
            if k not in ("choices", "object", "model") and v is not None
        }
        return Completion(
            finish_reason=reason,
            usage=usage_from(self._usage) if self._usage else None,
            model=str(self._envelope.get("model") or default_model),
            raw=rest,
        )


def usage_from(usage: dict[str, Any]) -> Usage | None:
    """OpenAI's usage object; None where its counts are none, as if nothing had been reported.

    `prompt_tokens` includes the cached ones, which its details count.
    """
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    counts = [
        usage.get("prompt_tokens") or 0,
        usage.get("completion_tokens") or 0,
        usage.get("total_tokens") or 0,
        cached or usage.get("prompt_cache_hit_tokens") or 0,
    ]
    if not all(map(is_count, counts)):
        return None
    return Usage(
        input_tokens=counts[0], output_tokens=counts[1], cached_input_tokens=counts[3], details=usage
    )


def request_body(request: CompletionRequest, *, without: Collection[str] = (), newest: bool = False) -> bytes:
    """The request as a chat completion.

    Args:
        request: its `parameters` win over its typed fields.
        without: of `OPTIONAL`, what the server does not take; a temperature above 0 is somebody's choice and stays.
        newest: whether the server wants `max_completion_tokens` (OpenAI's own does, others may not know it).
    """
    typed: dict[str, Any] = {
        "max_completion_tokens" if newest else "max_tokens": request.max_output_tokens,
        "temperature": request.temperature or (None if "temperature" in without else request.temperature),
        "seed": request.seed,
        "stop": request.stop or None,
    }
    messages = request.messages
    schema = request.json_schema
    if schema is not None and "response_format" not in request.parameters:
        if "response_format" in without:
            messages = with_instruction(messages, schema_instruction(schema))
        else:
            typed["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": schema},
            }
    if {"max_tokens", "max_completion_tokens"} & request.parameters.keys():
        typed.pop("max_completion_tokens" if newest else "max_tokens")
    body = {name: value for name, value in typed.items() if value is not None} | request.parameters
    body |= {"model": request.model, "stream": request.stream}
    body |= {"messages": messages} if request.prompt is None else {"prompt": request.prompt}
    body.pop("stream_options", None)
    if request.stream and "stream_options" not in without:
        body["stream_options"] = (request.parameters.get("stream_options") or {}) | {"include_usage": True}
    return _encode(body)


def schema_instruction(schema: dict[str, Any]) -> str:
    """How to ask for JSON where a server has no other way."""
    return (
        "Answer with one JSON value and nothing else: no fence, no explanation. "
        f"It must validate against this JSON Schema: {_encode(schema).decode()}"
    )


def with_instruction(messages: list[dict[str, Any]], instruction: str) -> list[dict[str, Any]]:
    """The messages with an instruction at the end of their system message, or in one of its own."""
    first = messages[0] if messages else {}
    if first.get("role") == "system" and isinstance(first.get("content"), str):
        return [first | {"content": f"{first['content']}\n\n{instruction}"}, *messages[1:]]
    return [{"role": "system", "content": instruction}, *messages]


def completion_to_chunk(body: bytes) -> bytes:
    """A plain completion as one chunk, for servers that do not stream though asked to.

    Raises:
        msgspec.DecodeError: it is no JSON object, or its choices are none.
    """
    whole = msgspec.json.decode(body, type=dict[str, Any])
    choices = []
    for choice in msgspec.convert(whole.get("choices") or [], _OBJECTS):
        delta = dict(msgspec.convert(choice.get("message") or {}, _OBJECT))
        if delta.get("tool_calls"):
            calls = msgspec.convert(delta["tool_calls"], _OBJECTS)
            delta["tool_calls"] = [{"index": at, **call} for at, call in enumerate(calls)]
        choices.append({k: v for k, v in choice.items() if k != "message"} | {"delta": delta})
    return _encode(whole | {"object": "chat.completion.chunk", "choices": choices})


def text_to_chat(body: bytes) -> bytes:
    """A chunk of a text completion, or a whole one, as a chunk of a chat.

    Raises:
        msgspec.DecodeError: it is no JSON object, or its choices are none.
    """
    whole = msgspec.json.decode(body, type=_OBJECT)
    if not whole.get("choices"):
        return body
    choices = []
    for choice in msgspec.convert(whole["choices"], _OBJECTS):
        rest = {name: value for name, value in choice.items() if name not in ("text", "delta")}
        choices.append(rest | {"delta": {"content": choice.get("text") or ""}})
    return _encode(whole | {"object": "chat.completion.chunk", "choices": choices})


class _EmbeddingUsage(Struct, frozen=True):
    prompt_tokens: int = 0


class _Embedded(Struct):
    """The part of a list of embeddings that the gateway reads; clients get its bytes."""

    usage: _EmbeddingUsage = _EmbeddingUsage()


def embeddings_request(request: EmbeddingRequest) -> bytes:
    """The request for embeddings as OpenAI's servers take it."""
    form = {"encoding_format": "base64" if request.as_base64 else "float"}
    return _encode(request.parameters | form | {"model": request.model, "input": request.input})


def read_embeddings(body: bytes) -> Embeddings:
    """A server's list of embeddings. Raises msgspec.DecodeError: it is none."""
    return Embeddings(body=body, input_tokens=msgspec.json.decode(body, type=_Embedded).usage.prompt_tokens)


def embeddings_body(vectors: list[bytes], *, model: str, input_tokens: int, as_base64: bool) -> Embeddings:
    """Vectors as OpenAI's list.

    Args:
        vectors: the numbers of each as 32-bit floats, little-endian, as they stay in base64.
    """
    # one at a time: as Python's numbers all of them take many times the room
    data = [
        msgspec.Raw(
            _encode(
                {
                    "object": "embedding",
                    "index": at,
                    "embedding": base64.b64encode(vector).decode()
                    if as_base64
                    else struct.unpack(f"<{len(vector) // 4}f", vector),
                }
            )
        )
        for at, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": input_tokens, "total_tokens": input_tokens}
    body = _encode({"object": "list", "data": data, "model": model, "usage": usage})
    return Embeddings(body=body, input_tokens=input_tokens)


def _error(error: Any, *, begun: bool) -> UpstreamError:
    """An error inside a stream that had begun with status 200."""
    body = error if isinstance(error, dict) else {"message": str(error)}
    message = f"it reported: {str(body.get('message') or 'an error without words')[:1000]}"
    code = body.get("code")
    if begun:
        return UpstreamInterrupted(message)
    if isinstance(code, int) and 400 <= code < 500:
        return UpstreamRejected(message, upstream_status=code, body=body)
    return UpstreamError(message)
