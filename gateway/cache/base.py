"""The bytes contract every cache keeps."""

from collections.abc import Mapping
from typing import Protocol


class Lease(Protocol):
    """Leadership over one key: held until released, expired or lost."""

    fence: int  # grows with every lease granted on the key

    async def renew(self) -> bool:
        """Extend the lease; False when it was lost."""
        ...

    async def release(self) -> None: ...


class Cache(Protocol):
    """Bytes by key, possibly shared with other processes and machines.

    A cache never fails its caller: a fault of the store is a miss, a write that went nowhere, or a lease
    that is granted, and shows in `health`. What was read is what was written, or None: a damaged, planted
    or foreign entry is a miss. Keys are ASCII, at most 512 characters, `namespace:rest`.
    """

    async def get(self, key: str) -> bytes | None: ...

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> None: ...

    async def delete(self, key: str) -> None: ...

    async def lease(self, key: str, *, ttl_s: float) -> Lease | None:
        """Leadership over `key` for `ttl_s` seconds, or None while somebody else holds it."""
        ...

    async def health(self) -> str | None:
        """None when well, else one line that names the fault."""
        ...

    async def stats(self) -> Mapping[str, int | float | str]: ...

    async def clear(self, namespace: str | None = None) -> int:
        """Delete every entry, or those of one namespace; how many went."""
        ...

    async def aclose(self) -> None: ...
