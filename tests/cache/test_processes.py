"""Several real processes on one cache: nothing lost, nothing mixed up, one piece of work for all."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cache.disk import DiskCache

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 25

PRELUDE = """
import asyncio, hashlib, sys
from pathlib import Path
from gateway.cache.disk import DiskCache
from gateway.cache.memory import MemoryCache
def value_of(index):  # rows and files, told apart by their index alone
    return hashlib.sha256(str(index).encode()).digest() * (10 if index % 3 else 6000)
def cache():
    if len(sys.argv) > 2 and sys.argv[2]:
        from gateway.cache.valkey import ValkeyCache
        from gateway.cache.valkey_server import ValkeyServer
        return MemoryCache(ValkeyCache(ValkeyServer(sys.argv[2], timeout_s=5)), size_bytes=10**7)
    return MemoryCache(DiskCache(Path(sys.argv[1]), size_bytes=500_000_000, deadline_s=30), size_bytes=10**7)
"""

WRITE_FOR_EVER = """
async def main():
    store = cache()
    for index in range(int(sys.argv[3]), 10**9):
        await store.set(f"page:1:{index}", value_of(index), ttl_s=3600)
        print(index, flush=True)
asyncio.run(main())
"""

USE_TOGETHER = """
import random
async def main():
    store, wrong = cache(), 0
    for turn in range(300):
        index = random.randrange(40)
        found = await store.get(f"page:1:{index}")
        wrong += found not in (None, value_of(index))
        await store.set(f"page:1:{index}", value_of(index), ttl_s=3600)
    print(wrong, await store.health())
asyncio.run(main())
"""

FETCH_ONCE = """
from gateway.cache.single_flight import SingleFlight
async def main():
    store = cache()
    flight = SingleFlight(store)
    async def fetch():
        reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[3]))
        body = await reader.read()
        writer.close()
        await store.set("page:1:one", body, ttl_s=60, fence=flight.fence("page:1:one"))
        return body
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    look = lambda: store.get("page:1:one")
    bodies = await asyncio.gather(*(flight.run("page:1:one", fetch, look=look) for _ in range(50)))
    print(len(bodies), set(bodies))
    await store.aclose()
asyncio.run(main())
"""


def spawn(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PRELUDE + script, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def value_of(index: int) -> bytes:
    namespace: dict[str, Callable[[int], bytes]] = {}
    exec(PRELUDE, namespace)
    return namespace["value_of"](index)


async def test_kill_in_mid_write_loses_nothing_and_mixes_nothing(
    open_disk: Callable[..., DiskCache], tmp_path: Path
) -> None:
    observer = open_disk()
    written = 0
    for _ in range(ROUNDS):
        child = spawn(WRITE_FOR_EVER, tmp_path / "cache", "", written)
        assert child.stdout
        child.stdout.readline()
        await asyncio.sleep(random.uniform(0.0, 0.15))
        child.send_signal(signal.SIGKILL)
        confirmed = [written, *(int(line) for line in child.stdout.read().split())]
        child.communicate()
        for index in confirmed:
            assert await observer.get(f"page:1:{index}") == value_of(index), index
        in_flight = confirmed[-1] + 1
        assert await observer.get(f"page:1:{in_flight}") in (None, value_of(in_flight))
        written = in_flight
    assert written > ROUNDS
    fresh = open_disk()
    for index in range(written):
        assert await fresh.get(f"page:1:{index}") == value_of(index)
    assert await fresh.health() is None and await observer.health() is None
    stats = await fresh.stats()
    assert (stats["misses"], stats["damaged"]) == (0, 0)


async def test_processes_share_one_folder(tmp_path: Path) -> None:
    children = [spawn(USE_TOGETHER, tmp_path / "cache") for _ in range(4)]
    outcomes = [(await asyncio.to_thread(child.communicate, timeout=100))[0].split() for child in children]
    assert outcomes == [["0", "None"]] * 4


@pytest.mark.parametrize("kind", ["disk", "valkey"])
async def test_200_identical_misses_in_4_processes_fetch_once(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = request.getfixturevalue("redis").url if kind == "valkey" else ""
    fetched = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal fetched
        fetched += 1
        await asyncio.sleep(0.5)
        writer.write(b"the page")
        writer.close()

    origin = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = origin.sockets[0].getsockname()[1]
    children = [spawn(FETCH_ONCE, tmp_path / "cache", url, port) for _ in range(4)]
    for child in children:
        assert child.stdout
        await asyncio.to_thread(child.stdout.readline)
    outcomes = await asyncio.gather(*(asyncio.to_thread(child.communicate, "go\n") for child in children))
    origin.close()
    assert [out.strip() for out, _ in outcomes] == ["50 {b'the page'}"] * 4
    assert fetched == 1
