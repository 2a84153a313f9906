"""diskcache, made safe: no pickle, no path out of its folder, a private directory, one exception for all faults.

Its calls block; `disk.py` makes them async. Several threads and processes share one directory; SQLite's write-ahead log
lets them read while one writes.
"""

import contextlib
import os
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import diskcache
import msgspec

from gateway.cache.base import Entry
from gateway.cache.envelope import MAX_VALUE_BYTES, seal, unseal
from gateway.cache.keys import namespace_of

# values of this size and more are files beside the database: measured, rows are quicker to write up to 64 KB
# (0.39 against 0.44 ms), files from 512 KB on (2.0 against 3.4 ms), and there is no difference in between
FILE_BYTES = 128 * 1024
FENCE_MEMORY_S = 600
# diskcache's own, for the other steps of opening
OPENING_PATIENCE_S = 60

_VALUE_FILE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}\.val")
_LEASES = "lease"
# a file that is no database, was cut short, or has not our tables (SQLITE_ERROR)
_DAMAGE = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_IOERR_SHORT_READ,
    sqlite3.SQLITE_ERROR,
}


class StoreFault(Exception):
    """The directory or its database cannot be used; the message says why."""


class DamagedEntry(Exception):
    """The entry is not what was written under its key."""


class _Hold(NamedTuple):
    """The row of a lease; `until` 0 means released, kept so that its fence is remembered."""

    token: str
    fence: int
    until: float


class PlainDisk(diskcache.Disk):  # type: ignore[misc]
    """Text keys and bytes values, nothing else in or out.

    diskcache unpickles whatever a row says is a pickle (CVE-2025-69872) and opens or deletes whatever file a
    row names: here both are refused.
    """

    def put(self, key: object) -> tuple[str, bool]:
        if type(key) is not str:
            raise TypeError(f"a cache key is text, not {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: object) -> str:
        if not raw or type(key) is not str:
            raise DamagedEntry("a key that is not text")
        return key

    def store(self, value: object, read: bool, key: object = diskcache.UNKNOWN) -> Any:
        if read or type(value) is not bytes:
            raise TypeError(f"a cache value is bytes, not {type(value).__name__}")
        return super().store(value, read, key=key)

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:
        if filename is not None:
            if not _VALUE_FILE.fullmatch(str(filename)):
                raise DamagedEntry("a value outside the cache's directory")
            return (Path(self._directory) / filename).read_bytes()
        if type(value) is not bytes:
            raise DamagedEntry("a value that is not bytes")
        return value

    def remove(self, file_path: str) -> None:
        if _VALUE_FILE.fullmatch(str(file_path)):
            super().remove(file_path)


class PatientCache(diskcache.Cache):  # type: ignore[misc]
    """Every step of opening waits for the lock: diskcache itself gives up at once at the index of tags, and a
    store that several workers open at the same time failed for one of them.
    """

    def create_tag_index(self) -> None:
        give_up_at = time.monotonic() + OPENING_PATIENCE_S
        while True:
            try:
                super().create_tag_index()
                return
            except sqlite3.OperationalError as exc:
                if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                    raise
            time.sleep(0.001)


class DiskStore:
    """Entries and leases in `directory`/store. Everything but the constructor may raise StoreFault.

    A directory deleted, or replaced, while it is in use is made anew; a database that SQLite calls malformed
    is renamed and deleted.
    """

    def __init__(self, directory: Path, *, size_bytes: int, lock_timeout_s: float) -> None:
        self._home = directory / "store"
        self._size_bytes = size_bytes
        self._lock_timeout_s = lock_timeout_s
        # opened once for all threads, since opening writes; each thread has a connection of its own to it
        self._shared: diskcache.Cache | None = None
        self._identity: tuple[int, int] | None = None
        self._opening = threading.Lock()
        self._mine = threading.local()

    def read(self, key: str) -> Entry | None:
        """The entry of `key`, None if there is none.

        Raises:
            DamagedEntry: there is something else.
        """
        with self._database() as database:
            sealed = database.get(key)
        if sealed is None:
            return None
        entry = unseal(key, sealed)
        if entry is None:
            raise DamagedEntry(key)
        return entry

    def write(self, key: str, entry: Entry, *, fence: int | None = None) -> bool:
        """Keep an entry; one above half the size limit, or with an old fence, is dropped.

        Returns:
            As `Cache.set`.
        """
        ttl_s = entry.expires_at - time.time()
        sealed = seal(key, entry) if ttl_s > 0 and len(entry.value) <= MAX_VALUE_BYTES else None
        if sealed is None or len(sealed) > self._size_bytes // 2:
            self.remove(key)
            return False
        with self._database() as database:
            if fence is None:
                database.set(key, sealed, expire=ttl_s, tag=namespace_of(key))
                return True
            with database.transact():
                hold = _read_hold(database, key)
                if hold is None or hold.fence <= fence:
                    database.set(key, sealed, expire=ttl_s, tag=namespace_of(key))
        return True

    def write_all(self, entries: Mapping[str, Entry]) -> bool:
        """As `write`, for many; all or none."""
        with self._database() as database, database.transact():
            return all([self.write(key, entry) for key, entry in entries.items()])

    def remove(self, key: str) -> None:
        with self._database() as database:
            database.delete(key)

    def acquire(self, key: str, token: str, *, ttl_s: float) -> int | None:
        """Take the lease on `key`: its fence, or None while another token holds it."""
        with self._database() as database, database.transact():
            now = time.time()
            hold = _read_hold(database, key)
            if hold is not None and hold.until > now:
                return None
            # the clock keeps fences growing where the row has been forgotten
            fence = max(hold.fence + 1 if hold else 0, int(now * 1e6))
            _write_hold(database, key, _Hold(token, fence, now + ttl_s))
            return fence

    def renew(self, key: str, token: str, *, ttl_s: float) -> bool:
        with self._database() as database, database.transact():
            hold, now = _read_hold(database, key), time.time()
            if hold is None or hold.token != token or hold.until <= now:
                return False
            _write_hold(database, key, hold._replace(until=now + ttl_s))
            return True

    def release(self, key: str, token: str) -> None:
        with self._database() as database, database.transact():
            hold = _read_hold(database, key)
            if hold is not None and hold.token == token:
                _write_hold(database, key, hold._replace(token="", until=0))

    def clear(self, namespace: str | None) -> int:
        with self._database() as database:
            if namespace is not None:
                return int(database.evict(namespace))
            database.evict(_LEASES)
            return int(database.clear())

    def usage(self) -> dict[str, int]:
        with self._database() as database:
            return {"entries": len(database), "bytes": int(database.volume())}

    def close(self) -> None:
        """Close the calling thread's connection."""
        database, self._mine.database = getattr(self._mine, "database", None), None
        if database is not None:
            with contextlib.suppress(sqlite3.Error):
                database.close()

    @contextlib.contextmanager
    def _database(self) -> Iterator[Any]:
        """The open database; after a failure the connection is closed: it may be left in a transaction."""
        try:
            yield self._opened()
        except (diskcache.Timeout, sqlite3.Error, OSError) as exc:
            # diskcache calls every failure to begin a transaction a time-out
            cause = exc.__context__ or exc if isinstance(exc, diskcache.Timeout) else exc
            self.close()
            code = getattr(cause, "sqlite_errorcode", 0)
            if code in _DAMAGE or code & 0xFF in _DAMAGE:
                # the low byte is the kind of an extended code
                self._set_aside()
                raise StoreFault(f"the database was damaged and has been deleted: {cause}") from exc
            raise StoreFault(_reason(cause)) from exc

    def _opened(self) -> Any:
        path = self._home / diskcache.core.DBNAME
        with self._opening:
            if self._shared is None or self._identity != _identity(path):
                self._shared = None
                make_private(self._home)
                self._identity = _identity(path)
                self._shared = PatientCache(
                    str(self._home),
                    timeout=self._lock_timeout_s,
                    disk=PlainDisk,
                    size_limit=self._size_bytes,
                    # a read stays a read: no write lock on a hit
                    eviction_policy="least-recently-stored",
                    disk_min_file_size=FILE_BYTES,
                    # pages: 4 MiB a connection
                    sqlite_cache_size=1024,
                    sqlite_mmap_size=0,
                    tag_index=True,
                )
                self._identity = _identity(path)
                sweep_orphans(self._home)
            shared = self._shared
        if getattr(self._mine, "database", None) is not shared:
            self.close()
            self._mine.database = shared
        return shared

    def _set_aside(self) -> None:
        """Move the store away in one step, so that one worker alone deletes it and the others start anew."""
        with self._opening:
            if self._identity != _identity(self._home / diskcache.core.DBNAME):
                # another thread has done it
                return
            self._shared = None
            damaged = self._home.with_name(f"damaged-{uuid4().hex}")
            with contextlib.suppress(OSError):
                self._home.rename(damaged)
                shutil.rmtree(damaged, ignore_errors=True)


def make_private(folder: Path) -> None:
    """Create a folder that its owner alone can enter, parents likewise, and close an existing one.

    Raises:
        PermissionError: it is a link, or belongs to somebody else, who could put anything there.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.geteuid():
        raise PermissionError(f"{folder} is a link or belongs to another user; choose another CACHE_DIR")
    if found.st_mode & 0o077:
        folder.chmod(0o700)


def sweep_orphans(home: Path, *, older_than_s: float = 3600) -> int:
    """Delete value files that no row names, left by processes killed between file and row; how many went."""
    limit = time.time() - older_than_s
    files = [path for path in home.glob("??/??/*.val") if _modified(path) < limit]
    if not files:
        return 0
    with contextlib.closing(sqlite3.connect(home / diskcache.core.DBNAME, timeout=1)) as connection:
        named = {
            row[0] for row in connection.execute("SELECT filename FROM Cache WHERE filename IS NOT NULL")
        }
    orphans = [path for path in files if str(path.relative_to(home)) not in named]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _read_hold(database: Any, key: str) -> _Hold | None:
    try:
        row = database.get(f"{_LEASES}:{key}")
        return msgspec.msgpack.decode(row, type=_Hold) if row is not None else None
    except (DamagedEntry, msgspec.MsgspecError):
        return None


def _write_hold(database: Any, key: str, hold: _Hold) -> None:
    row = msgspec.msgpack.encode(hold)
    database.set(f"{_LEASES}:{key}", row, expire=FENCE_MEMORY_S, tag=_LEASES)


def _reason(exc: BaseException) -> str:
    return (exc.strerror if isinstance(exc, OSError) else None) or str(exc) or type(exc).__name__
