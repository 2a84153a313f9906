"""A disk that fails: served uncached, named in health, no wrong value, no exception, and well again."""

import asyncio
import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from gateway.cache.disk import DiskCache
from gateway.cache.disk_store import FILE_BYTES

pytestmark = pytest.mark.anyio

KEY = "page:1:abc"
Open = Callable[..., DiskCache]


async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float = 60) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if await condition():
            return True
        await asyncio.sleep(0.1)
    return False


async def is_well(cache: DiskCache) -> bool:
    """Whether a value can be written and read, and health says so."""
    await cache.set("page:1:probe", b"probe", ttl_s=60)
    return await cache.get("page:1:probe") == b"probe" and await cache.health() is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The cache's folder on a file system of 3 MiB, which tests may fill or make read-only."""
    folder = tmp_path / "cache"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)


async def test_full_disk_serves_uncached_and_recovers(open_disk: Open, small_disk: Path) -> None:
    cache = open_disk()
    await cache.set(KEY, b"value", ttl_s=600)
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(bytes(4096))
    values = {f"page:1:{index}": os.urandom(FILE_BYTES if index % 2 else 30_000) for index in range(20)}
    claims = {key: await cache.set(key, value, ttl_s=600) for key, value in values.items()}
    assert False in claims.values()
    assert "full" in str(await cache.health()) or "No space" in str(await cache.health())
    for key, value in values.items():
        assert await cache.get(key) in (None, value)
    assert all([await cache.get(key) for key, kept in claims.items() if kept]), "what is claimed is there"
    await cache.delete(KEY)
    assert await cache.get(KEY) in (None, b"value")
    filler.unlink()
    assert await eventually(lambda: is_well(cache))


async def test_file_size_limit_serves_uncached_and_recovers(open_disk: Open) -> None:
    cache = open_disk()
    await cache.set(KEY, b"value", ttl_s=600)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, old[1]))
    try:
        for index in range(10):
            await cache.set(f"page:1:{index}", os.urandom(FILE_BYTES), ttl_s=600)
        fault = await cache.health()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert fault is not None
    assert await cache.get(KEY) == b"value"
    assert await eventually(lambda: is_well(cache))


async def test_read_only_disk_is_named_and_recovers(open_disk: Open, small_disk: Path) -> None:
    before = open_disk()
    await before.set(KEY, b"value", ttl_s=600)
    await before.aclose()
    remount(small_disk, "ro")
    cache = open_disk()
    assert not await cache.set("page:1:new", b"new", ttl_s=600)
    assert await cache.get("page:1:new") is None
    assert await cache.get(KEY) in (None, b"value")
    assert "read" in str(await cache.health()), "read-only, in the system's words"
    assert await cache.lease(KEY, ttl_s=10)
    remount(small_disk, "rw")
    assert await eventually(lambda: is_well(cache))
    assert await cache.get(KEY) == b"value"
    await cache.aclose()


async def test_folder_deleted_live_is_made_anew_by_every_worker(open_disk: Open, tmp_path: Path) -> None:
    one, other = open_disk(), open_disk()
    await one.set(KEY, b"old", ttl_s=600)
    assert await other.get(KEY) == b"old"
    shutil.rmtree(tmp_path / "cache")
    assert await one.get(KEY) is None
    await one.set(KEY, b"new", ttl_s=600)
    assert await other.get(KEY) == b"new"
    assert await one.health() is None and await other.health() is None
    assert (tmp_path / "cache" / "store").stat().st_mode & 0o777 == 0o700


async def test_file_in_place_of_the_folder_is_named_and_recovers(open_disk: Open, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("not a folder")
    cache = open_disk()
    assert not await cache.set(KEY, b"value", ttl_s=600)
    assert await cache.get(KEY) is None
    assert str(tmp_path / "cache") in str(await cache.health())
    (tmp_path / "cache").unlink()
    assert await eventually(lambda: is_well(cache))


@pytest.mark.parametrize("size", [0, 100, 50_000])
async def test_database_overwritten_live_is_set_aside(open_disk: Open, tmp_path: Path, size: int) -> None:
    cache, other = open_disk(), open_disk()
    for index in range(50):
        await cache.set(f"page:1:{index}", os.urandom(5000), ttl_s=600)
    await other.get(KEY)
    for name in ("cache.db", "cache.db-wal"):  # truncating cache.db-shm, which is mapped, is a SIGBUS
        (tmp_path / "cache" / "store" / name).write_bytes(os.urandom(size))
    fresh = open_disk()
    for store in (cache, other, fresh):
        await store.set(KEY, b"value", ttl_s=600)
        assert await store.get(KEY) in (None, b"value")
    for store in (cache, other, fresh):
        assert await eventually(lambda store=store: is_well(store))


async def test_locked_database_delays_nobody_for_long(open_disk: Open, tmp_path: Path) -> None:
    cache = open_disk()
    await cache.set(KEY, b"value", ttl_s=600)
    lock = sqlite3.connect(tmp_path / "cache" / "store" / "cache.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    await cache.set(KEY, b"other", ttl_s=600)
    waited = time.monotonic() - started
    await asyncio.gather(*(cache.set(f"page:1:{index}", b"other", ttl_s=600) for index in range(50)))
    assert time.monotonic() - started < 10 * waited, "a few waits for the lock, not fifty"
    assert await cache.get(KEY) == b"value", "reads go on"
    assert "locked" in str(await cache.health())
    lock.execute("ROLLBACK")
    lock.close()
    assert await eventually(lambda: is_well(cache))
