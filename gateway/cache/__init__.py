"""Bytes by key, shared by coroutines, worker processes and replicas. Imports leaf modules, never core or wire."""

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cache.base import Cache, Store

if TYPE_CHECKING:
    from gateway.cache.valkey_server import ValkeyServer


def open_server(url: str | None) -> "ValkeyServer | None":
    """The Valkey or Redis server that replicas share, not yet connected; None without a `url`.

    Raises:
        ValueError: the URL is not understood.
        ModuleNotFoundError: it needs the extra `valkey`, which is not installed.
    """
    if not url:
        return None
    from gateway.cache.valkey_server import ValkeyServer

    return ValkeyServer(url)


def open_cache(
    *,
    directory: str | Path,
    size_bytes: int,
    server: "ValkeyServer | None" = None,
    memory_bytes: int = 16 * 1024**2,
    alone: bool = False,
) -> Cache:
    """The cache that the settings ask for, with a small tier in memory before it; nothing is touched yet.

    Args:
        directory: where the disk cache is, when there is no `server`.
        size_bytes: the most it may take on disk.
        server: shared by replicas; the cache closes it.
        memory_bytes: size of the tier in memory; 0 for none.
        alone: no other process uses the disk cache, so writes to it may be buffered for a moment.
    """
    below: Store
    if server:
        from gateway.cache.valkey import ValkeyCache

        below = ValkeyCache(server)
    else:
        from gateway.cache.behind import WriteBehind
        from gateway.cache.disk import DiskCache

        disk = DiskCache(Path(directory), size_bytes=size_bytes)
        below = WriteBehind(disk) if alone else disk
    if not memory_bytes:
        return below
    from gateway.cache.memory import MemoryCache

    return MemoryCache(below, size_bytes=memory_bytes)
