"""Bytes by key, shared by coroutines, worker processes and replicas. Imports leaf modules, never core or wire."""

from pathlib import Path

from gateway.cache.base import Cache, Store


def open_cache(
    *,
    directory: str | Path,
    size_bytes: int,
    url: str | None = None,
    memory_bytes: int = 16 * 1024**2,
    alone: bool = False,
) -> Cache:
    """The cache that the settings ask for, with a small tier in memory before it; nothing is touched yet.

    Args:
        directory: where the disk cache is, when there is no `url`.
        size_bytes: the most it may take on disk.
        url: a Valkey or Redis server shared by replicas; see `ValkeyCache`.
        memory_bytes: size of the tier in memory; 0 for none.
        alone: nobody else waits for what this process writes to the disk, so it may be written a moment later.

    Raises:
        ValueError: the URL is not understood.
        ModuleNotFoundError: the URL needs the extra `valkey`, which is not installed.
    """
    below: Store
    if url:
        from gateway.cache.valkey import ValkeyCache

        below = ValkeyCache(url)
    else:
        from gateway.cache.behind import WriteBehind
        from gateway.cache.disk import DiskCache

        disk = DiskCache(Path(directory), size_bytes=size_bytes)
        below = WriteBehind(disk) if alone else disk
    if not memory_bytes:
        return below
    from gateway.cache.memory import MemoryCache

    return MemoryCache(below, size_bytes=memory_bytes)
