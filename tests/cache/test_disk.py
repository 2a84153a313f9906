"""The disk cache's own promises: private, bounded, and nothing in it is ever unpickled or taken on trust."""

import os
import pickle
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cache.base import Entry
from gateway.cache.disk import DiskCache
from gateway.cache.disk_store import FILE_BYTES, PatientCache, sweep_orphans
from gateway.cache.envelope import seal

pytestmark = pytest.mark.anyio

KEY = "page:1:abc"
Open = Callable[..., DiskCache]


def database(tmp_path: Path) -> sqlite3.Connection:
    return sqlite3.connect(tmp_path / "cache" / "store" / "cache.db", isolation_level=None)


def plant(tmp_path: Path, **columns: object) -> None:
    connection = database(tmp_path)
    changes = ", ".join(f"{name} = ?" for name in columns)
    changed = connection.execute(f"UPDATE Cache SET {changes} WHERE key = ?", (*columns.values(), KEY))
    assert changed.rowcount == 1
    connection.close()


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


async def test_folder_is_for_its_owner_alone(open_disk: Open, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        await open_disk().set(KEY, b"value", ttl_s=60)
    finally:
        os.umask(old)
    for folder in (tmp_path / "cache", tmp_path / "cache" / "store"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_folder_that_is_open_to_others_is_closed(open_disk: Open, tmp_path: Path) -> None:
    (tmp_path / "cache" / "store").mkdir(parents=True)
    (tmp_path / "cache" / "store").chmod(0o777)
    await open_disk().set(KEY, b"value", ttl_s=60)
    assert stat.S_IMODE((tmp_path / "cache" / "store").stat().st_mode) == 0o700


async def test_folder_that_is_a_link_is_refused(open_disk: Open, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "store").symlink_to(tmp_path / "elsewhere")
    cache = open_disk()
    await cache.set(KEY, b"value", ttl_s=60)
    assert await cache.get(KEY) is None
    assert "link" in str(await cache.health())
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    "value", [pytest.param(b"v", id="row"), pytest.param(os.urandom(FILE_BYTES), id="file")]
)
async def test_planted_pickle_is_a_miss_and_never_loaded(
    open_disk: Open, tmp_path: Path, value: bytes
) -> None:
    cache = open_disk()
    await cache.set(KEY, value, ttl_s=60)
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    for file in (tmp_path / "cache").rglob("*.val"):
        file.write_bytes(bomb)
    plant(tmp_path, mode=4, **({"value": bomb} if len(value) == 1 else {}))
    assert await cache.get(KEY) is None
    assert not (tmp_path / "exploded").exists()
    assert (await cache.stats())["damaged"] == 1
    assert await cache.get(KEY) is None
    assert (await cache.stats())["damaged"] == 1, "the row is gone"
    await cache.set(KEY, b"again", ttl_s=60)
    assert await cache.get(KEY) == b"again"


async def test_planted_pickle_key_is_never_loaded(open_disk: Open, tmp_path: Path) -> None:
    cache = open_disk()
    await cache.set(KEY, b"value", ttl_s=60)
    plant(tmp_path, key=pickle.dumps(Bomb(tmp_path / "exploded")), raw=0)
    assert await cache.get(KEY) is None
    assert await cache.clear() == 1
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("planted", [7, 2.5, "text", None, b"", b"WN", b"WN\x01" + bytes(200)])
async def test_row_of_another_kind_is_a_miss(open_disk: Open, tmp_path: Path, planted: object) -> None:
    cache = open_disk()
    await cache.set(KEY, b"value", ttl_s=60)
    plant(tmp_path, value=planted)
    assert await cache.get(KEY) is None


async def test_row_that_names_a_file_outside_neither_reads_nor_deletes_it(
    open_disk: Open, tmp_path: Path
) -> None:
    outside = tmp_path / "secret"
    outside.write_bytes(seal(KEY, Entry(b"secret", time.time() + 60)))
    cache = open_disk()
    for name in ("../../secret", str(outside)):
        await cache.set(KEY, b"value", ttl_s=60)
        plant(tmp_path, filename=name, value=None, mode=2)
        assert await cache.get(KEY) is None
        await cache.set(KEY, b"value", ttl_s=60)
        plant(tmp_path, filename=name)
        await cache.set(KEY, b"value", ttl_s=60)
        await cache.delete(KEY)
        assert outside.exists()


async def test_entry_moved_to_another_key_is_a_miss(open_disk: Open, tmp_path: Path) -> None:
    cache = open_disk()
    await cache.set("page:1:other", b"somebody else's", ttl_s=60)
    await cache.set(KEY, b"mine", ttl_s=60)
    connection = database(tmp_path)
    connection.execute("UPDATE Cache SET value = (SELECT value FROM Cache WHERE key = 'page:1:other')")
    connection.close()
    assert await cache.get(KEY) is None


async def test_every_flipped_byte_is_a_miss(open_disk: Open, tmp_path: Path) -> None:
    cache = open_disk()
    await cache.set(KEY, b"a value that is long enough to be compressed " * 20, ttl_s=60)
    connection = database(tmp_path)
    sealed = connection.execute("SELECT value FROM Cache WHERE key = ?", (KEY,)).fetchone()[0]
    connection.close()
    for index in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[index] ^= 0x40
        plant(tmp_path, value=bytes(damaged))
        assert await cache.get(KEY) is None, index
        await cache.set(KEY, b"value", ttl_s=60)
    plant(tmp_path, value=sealed)
    assert await cache.get(KEY) == b"a value that is long enough to be compressed " * 20


@pytest.mark.parametrize("change", ["truncate", "delete", "overwrite"])
async def test_damaged_value_file_is_a_miss(open_disk: Open, tmp_path: Path, change: str) -> None:
    cache = open_disk()
    await cache.set(KEY, os.urandom(FILE_BYTES), ttl_s=60)
    (file,) = (tmp_path / "cache").rglob("*.val")
    if change == "delete":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1] if change == "truncate" else bytes(FILE_BYTES))
    assert await cache.get(KEY) is None
    await cache.set(KEY, b"again", ttl_s=60)
    assert await cache.get(KEY) == b"again"


async def test_size_on_disk_stays_under_the_limit(open_disk: Open, tmp_path: Path) -> None:
    limit = 6 * 1024**2
    cache = open_disk(size_bytes=limit)
    for index in range(250):
        await cache.set(f"page:1:{index}", os.urandom(20_000 if index % 4 else 200_000), ttl_s=3600)
    used = sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*"))
    journal = 5 * 1024**2  # SQLite's write-ahead log comes on top
    assert used < limit * 1.1 + journal
    assert await cache.get("page:1:249") is not None
    assert await cache.get("page:1:0") is None


async def test_value_above_half_the_limit_is_not_kept_and_evicts_nothing(open_disk: Open) -> None:
    cache = open_disk(size_bytes=4 * 1024**2)
    await cache.set(KEY, b"value", ttl_s=60)
    await cache.set("page:1:huge", os.urandom(3 * 1024**2), ttl_s=60)
    assert await cache.get("page:1:huge") is None
    assert await cache.get(KEY) == b"value"


async def test_sweep_deletes_old_files_that_no_row_names(open_disk: Open, tmp_path: Path) -> None:
    await open_disk().set(KEY, os.urandom(FILE_BYTES), ttl_s=60)
    home = tmp_path / "cache" / "store"
    (kept,) = home.rglob("*.val")
    orphan = home / "aa" / "bb" / f"{'c' * 28}.val"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"left behind")
    assert sweep_orphans(home) == 0, "it may belong to a write under way"
    assert sweep_orphans(home, older_than_s=-1) == 1
    assert kept.exists() and not orphan.exists()


def test_opening_waits_for_another_writer_at_its_last_step(tmp_path: Path) -> None:
    class Interrupted(PatientCache):
        def create_tag_index(self) -> None:
            writer = sqlite3.connect(tmp_path / "cache.db", isolation_level=None, check_same_thread=False)
            writer.execute("BEGIN IMMEDIATE")
            threading.Timer(0.2, writer.close).start()
            super().create_tag_index()

    cache = Interrupted(str(tmp_path), tag_index=True)
    assert cache.set(KEY, b"value")
    cache.close()
