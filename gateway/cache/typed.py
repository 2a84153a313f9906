"""Typed values in a cache of bytes, as msgpack."""

from typing import Any, TypeVar

import msgspec

from gateway.cache.base import Cache

T = TypeVar("T")
_encode = msgspec.msgpack.Encoder().encode


async def load(cache: Cache, key: str, kind: type[T]) -> T | None:
    """The value at `key`; None where there is none, or one that does not decode as this type."""
    raw = await cache.get(key)
    if raw is None:
        return None
    try:
        return msgspec.msgpack.decode(raw, type=kind)
    except msgspec.DecodeError:
        return None


async def save(cache: Cache, key: str, value: Any, *, ttl_s: float, fence: int | None = None) -> bool:
    """Keep `value` at `key` for `ttl_s` seconds at most; `fence` and what is returned as in `Cache.set`."""
    return await cache.set(key, _encode(value), ttl_s=ttl_s, fence=fence)
