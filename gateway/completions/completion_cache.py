"""The cache of answers: the key of an entry, its content, and who may read or write it."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from backends.base import Completion, CompletionRequest, Route
from gateway.cache import keys
from gateway.cache.base import Cache
from gateway.wire import AnswerCacheOptions

DEFAULT_TTL_S = AnswerCacheOptions().max_age_s
_NOT_SEMANTIC = {"stream", "stream_options", "user", "metadata"}


class CachePolicy(Struct, kw_only=True, frozen=True):
    """What a request allows the cache to do.

    `sampled` asks that an answer left to chance (see `is_repeatable`) may be kept and served again; without it such
    requests neither read, nor write, nor share.
    """

    read: bool = True
    write: bool = True
    max_age_s: float = DEFAULT_TTL_S
    sampled: bool = False


class Stored(Struct, kw_only=True, frozen=True):
    """A cleanly finished answer, in the shape of a plain completion; `completion.raw` has its id and time."""

    # Unix seconds
    stored_at: float
    completion: Completion
    choices: list[dict[str, Any]]


def completion_key(
    request: CompletionRequest,
    route: Route,
    *,
    model_identity: str,
    tenant: str,
    identity: Any = None,
    code: str = "",
) -> str:
    """The name of a request's entry, made of all that could change the answer.

    Args:
        request: its `model` is not read; `stream`, `stream_options` and `user` do not count.
        route: the backend, its model and its context count, so that two aliases of one model share an entry.
        model_identity: what the model is now, as its backend reports it: the name may come to mean another one.
        tenant: whose entry it is; tenants never share.
        identity: what stands for the messages when these hold something random, such as a fence.
        code: the fingerprint of what makes messages of `identity`.
    """
    parameters = {
        name: _canonical(value)
        for name, value in request.parameters.items()
        if value is not None and name not in _NOT_SEMANTIC
    }
    typed = [
        request.max_output_tokens,
        _canonical(request.temperature),
        request.seed,
        request.stop,
        request.json_schema,
        *(["raw"] if request.prompt is not None else []),
        *([{k: v for k, v in request.native.items() if k not in _NOT_SEMANTIC}] if request.native else []),
    ]
    prompt = request.messages if identity is None else [code, identity]
    served_by = [route.backend.name, route.model, route.context_tokens, model_identity]
    return keys.completion_key(
        tenant=tenant, served_by=served_by, prompt=prompt, parameters=[typed, parameters]
    )


def is_repeatable(request: CompletionRequest) -> bool:
    """Whether the same request gives the same answer: temperature 0 or a seed; otherwise the model samples."""
    return request.temperature == 0 or request.seed is not None


class CompletionCache:
    """Stored answers over a byte cache; what cannot be read is a miss."""

    def __init__(self, cache: Cache, *, now: Callable[[], float] = time.time) -> None:
        self._cache = cache
        self._now = now
        self._decode = msgspec.msgpack.Decoder(Stored).decode
        self._encode = msgspec.msgpack.Encoder().encode

    async def get(self, key: str, *, max_age_s: float) -> Stored | None:
        stored = await self._load(key)
        return stored if stored and self.age_s(stored) <= max_age_s else None

    async def set(self, key: str, stored: Stored, *, max_age_s: float) -> bool:
        """Whether it was taken, as `Cache.set` returns."""
        return await self._cache.set(key, self._encode(stored), ttl_s=max_age_s or DEFAULT_TTL_S)

    async def drop(self, key: str, stored: Stored) -> None:
        """Forget `stored`, unless another answer has taken its place."""
        found = await self._load(key)
        if found and found.stored_at == stored.stored_at:
            await self._cache.delete(key)

    async def _load(self, key: str) -> Stored | None:
        data = await self._cache.get(key)
        try:
            return None if data is None else self._decode(data)
        except msgspec.DecodeError:
            return None

    def age_s(self, stored: Stored) -> float:
        return max(0.0, self._now() - stored.stored_at)


def _canonical(value: Any) -> Any:
    """1.0 is 1: clients differ in how they write the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
