"""Real stores for the cache tests: folders, and a redis-server of our own on a free loopback port."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from gateway.cache import open_cache
from gateway.cache.base import Cache, Store
from gateway.cache.disk import DiskCache
from gateway.cache.memory import MemoryCache

Open = Callable[[], Store]


class RedisServer:
    """A redis-server process without persistence, which tests may stop, freeze and start again."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._folder, self._options = folder, options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"valkey://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        fixed = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command = ["redis-server", *fixed, "--dir", str(self._folder), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if b"PONG" in self._exchange(b"PING\r\n") or b"--tls-port" in " ".join(self._options).encode():
                return
            time.sleep(0.02)
        raise RuntimeError(f"redis-server did not answer on port {self.port} within 30 s")

    def command(self, *words: str) -> bytes:
        return self._exchange(" ".join(words).encode() + b"\r\n")

    def freeze(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def _exchange(self, line: bytes) -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(line)
                return connection.recv(65536)
        except OSError:
            return b""


@pytest.fixture(scope="session")
def start_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RedisServer]]:
    """Starts redis-servers; all are stopped at the end."""
    if not shutil.which("redis-server"):
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server is missing: apt-get install redis-server")
        pytest.skip("redis-server is missing: apt-get install redis-server")
    started: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        started.append(RedisServer(tmp_path_factory.mktemp("redis"), *options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def shared_redis(start_redis: Callable[..., RedisServer]) -> RedisServer:
    return start_redis()


@pytest.fixture
def redis(shared_redis: RedisServer) -> RedisServer:
    shared_redis.command("FLUSHALL")
    return shared_redis


@pytest.fixture
async def close_later() -> AsyncIterator[Callable[[Cache], None]]:
    closing: list[Callable[[], Awaitable[None]]] = []
    yield lambda cache: closing.append(cache.aclose)
    for close in closing:
        await close()


STORES = ["disk", "valkey", "memory-over-disk", "memory-over-valkey"]


@pytest.fixture(params=STORES)
def open_store(request: pytest.FixtureRequest, tmp_path: Path, close_later: Callable[[Cache], None]) -> Open:
    """Opens the store under test; every call is another worker on the same one."""
    tier, _, below = str(request.param).rpartition("-over-")
    url = request.getfixturevalue("redis").url if below == "valkey" else None

    def start() -> Store:
        store = open_cache(directory=tmp_path / "cache", size_bytes=100 * 1024**2, url=url, memory_bytes=0)
        cache = MemoryCache(store, size_bytes=1024**2, hold_s=0.2) if tier else store
        close_later(cache)
        return cache

    return start


@pytest.fixture
def store(open_store: Open) -> Store:
    return open_store()


@pytest.fixture
def open_disk(tmp_path: Path, close_later: Callable[[Cache], None]) -> Callable[..., DiskCache]:
    def start(**options: int) -> DiskCache:
        cache = DiskCache(tmp_path / "cache", **{"size_bytes": 100 * 1024**2, **options})
        close_later(cache)
        return cache

    return start
