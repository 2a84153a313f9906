"""A request's parameters, checked: what OpenAI's fields mean for a local model. Pure."""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from backends.local.messages import Generate

T = TypeVar("T")
MAX_STOP_STRINGS = 16


class RequestRejected(Exception):
    """The request cannot be served as it is; the message names the field."""


class Sampling(Struct, frozen=True, kw_only=True):
    """How the next token is chosen; defaults are llama.cpp's, which suit small models better than OpenAI's.

    Unknown fields are ignored, as OpenAI-compatible servers do.
    """

    temperature: Annotated[float, Meta(ge=0, le=5)] = 0.8
    top_k: Annotated[int, Meta(ge=0, le=1_000_000)] = 40
    top_p: Annotated[float, Meta(gt=0, le=1)] = 0.95
    min_p: Annotated[float, Meta(ge=0, le=1)] = 0.05
    repeat_penalty: Annotated[float, Meta(gt=0, le=10)] = 1.0
    frequency_penalty: Annotated[float, Meta(ge=-2, le=2)] = 0.0
    presence_penalty: Annotated[float, Meta(ge=-2, le=2)] = 0.0
    seed: int | None = None
    logit_bias: dict[int, Annotated[float, Meta(ge=-100, le=100)]] | None = None
    logprobs: bool = False
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] = 0


class _Shape(Struct, kw_only=True):
    """The fields that decide whether we can serve the request at all."""

    response_format: dict[str, Any] | None = None


class Wanted(Struct, frozen=True, kw_only=True):
    """What a request asks for. `schema` is None for free text, `{"type": "object"}` for JSON mode."""

    sampling: Sampling
    schema: dict[str, Any] | None
    stop: list[str]
    max_output_tokens: int | None


def read_request(request: Generate) -> Wanted:
    """Check a request.

    Raises:
        RequestRejected: a value is out of range, or asks for what local models do not support.
    """
    given = {name: value for name, value in request.parameters.items() if value is not None}
    typed = {"temperature": request.temperature, "seed": request.seed}
    given |= {name: value for name, value in typed.items() if value is not None}
    shape = _convert(given, _Shape)
    if request.prompt is not None:
        for name in ("echo", "suffix", "logprobs", "best_of"):
            if given.get(name, False) not in (False, "", *([1] if name == "best_of" else [])):
                raise RequestRejected(
                    f"{name}: a local model does not do this for /v1/completions; leave it out"
                )
    if not request.messages:
        raise RequestRejected("messages: at least one is needed")
    if request.max_output_tokens is not None and request.max_output_tokens < 0:
        raise RequestRejected(f"max_tokens: {request.max_output_tokens} is below 0")
    if len(request.stop) > MAX_STOP_STRINGS:
        raise RequestRejected(f"stop: {len(request.stop)} strings, at most {MAX_STOP_STRINGS} are allowed")
    return Wanted(
        sampling=_convert(given, Sampling),
        schema=request.json_schema if request.json_schema is not None else _schema(shape.response_format),
        stop=request.stop,
        max_output_tokens=request.max_output_tokens,
    )


def _convert(values: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(values, kind, strict=False, str_keys=True)
    except msgspec.ValidationError as exc:
        raise RequestRejected(str(exc)) from exc


def _schema(response_format: dict[str, Any] | None) -> dict[str, Any] | None:
    kind = (response_format or {}).get("type", "text")
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    if response_format and kind == "json_schema":
        schema = (response_format.get("json_schema") or {}).get("schema")
        if isinstance(schema, dict):
            return schema
        raise RequestRejected("response_format.json_schema.schema: an object is needed")
    raise RequestRejected(f"response_format.type: {kind!r} is none of text, json_object, json_schema")


def text_of(message: dict[str, Any]) -> str:
    """A message's text: a string, or OpenAI's list of parts where all are text."""
    content = message.get("content")
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise RequestRejected(
            f"messages: content is {type(content).__name__}, neither text nor a list of parts"
        )
    texts = []
    for part in content:
        kind = part.get("type", "nothing") if isinstance(part, dict) else "nothing"
        if kind != "text" or not isinstance(part.get("text"), str):
            raise RequestRejected(
                f"messages: a part of type {kind!r} was sent; the local backend reads text only"
            )
        texts.append(part["text"])
    return "".join(texts)
