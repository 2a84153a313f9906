"""The bytes contract every cache keeps."""

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

    A cache never fails its caller: a fault of the store is a miss, a write that went nowhere, or a lease
    that is granted, and shows in `health`. What was read is what was written, or None: a damaged, planted
    or foreign entry is a miss. Keys are made in `gateway.cache.keys`.
    """

    async def get(self, key: str) -> bytes | None: ...

    def peek(self, key: str) -> bytes | None:
        """As `get`, but only what is at hand in memory: None says nothing about the store."""
        ...

    async def set(self, key: str, value: bytes, *, ttl_s: float, fence: int | None = None) -> bool:
        """Keep `value` for `ttl_s` seconds; with `fence`, unless a newer lease was granted on the key.

        Returns:
            False when it was not taken: a fault of the store, a value too large for it. What lost to a newer lease
            counts as taken, since something newer is there.
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
        """Delete every entry, or those of one namespace; how many went."""
        ...

    async def aclose(self) -> None: ...


class Store(Cache, Protocol):
    """A cache that also returns when an entry expires, so that a faster tier can be put before it."""

    async def get_entry(self, key: str) -> Entry | None: ...


class BatchStore(Store, Protocol):
    """A store that makes many writes in one go."""

    async def set_many(self, entries: Mapping[str, Entry]) -> bool: ...
