"""The protocols of caches: bytes by key."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

# what a report says where `Cache.set` answers False
NOT_TAKEN = "the cache did not take it"


class Entry(NamedTuple):
    """A value and when it expires, in seconds since the epoch."""

    value: bytes
    expires_at: float


class Lease(Protocol):
    """Leadership over one key: held until released, expired or lost."""

    # grows with every lease granted on the key
    fence: int

    async def renew(self) -> bool:
        """Extend the lease; False when it was lost."""
        ...

    async def release(self) -> None: ...


class Cache(Protocol):
    """Bytes by key, possibly shared with other processes and machines.

    A cache never raises. Where its store fails, `get` returns None, `set` returns False, `lease` is granted, and
    `health` names the fault. An entry that is damaged, or was not written by this cache, is a miss. Keys are made in
    `gateway.cache.keys`.
    """

    async def get(self, key: str) -> bytes | None: ...

    def peek(self, key: str) -> bytes | None:
        """As `get`, from memory alone: None does not mean that the store has no entry."""
        ...

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        """Keep `value` for `ttl_s` seconds; with `fence`, unless a newer lease was granted on the key.

        Returns:
            False when the value was not stored: the store failed, or the value is too large for it. A write that lost
            to a newer lease returns True, because a newer value is stored.
        """
        ...

    async def delete(self, key: str) -> None: ...

    async def lease(self, key: str, *, ttl_s: float) -> Lease | None:
        """Leadership over `key` for `ttl_s` seconds, or None while another caller holds it."""
        ...

    async def health(self) -> str | None:
        """None when well, else one line that names the fault."""
        ...

    async def stats(self) -> Mapping[str, int | float | str]: ...

    async def clear(self, namespace: str | None = None) -> int:
        """Delete every entry, or those of one namespace; returns how many."""
        ...

    async def aclose(self) -> None: ...


class Store(Cache, Protocol):
    """A cache that also returns when an entry expires, so that a faster tier can be put before it."""

    async def get_entry(self, key: str) -> Entry | None: ...


class BatchStore(Store, Protocol):
    """A store that writes many entries in one transaction."""

    async def set_many(self, entries: Mapping[str, Entry]) -> bool: ...
