"""What a cache hit costs, what a page takes, and whether memory stays flat.

    python -m bench.cache                     # needs redis-server (Debian package)
    python -m bench.cache --pages FOLDER      # HTML files (.html or .html.gz) for the bytes a page takes

CPU is of this process, all threads; the floor in the same run is a dict, diskcache as it comes (which pickles), and
a bare GET of the valkey client. Entries are 20 KB of page text unless said otherwise.
"""

import argparse
import asyncio
import gzip
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import diskcache
import msgspec

from bench.figures import note
from bench.processes import ROOT, resident_mb
from fixtures.redis import RedisServer
from gateway.cache import open_cache, open_server
from gateway.cache.base import Cache, Entry
from gateway.cache.envelope import seal
from gateway.cache.valkey_server import connect

ENTRY_BYTES = 20_000
ROUNDS, CALLS = 5, 400
SOAK_HITS = 100_000


def page_text(size: int) -> bytes:
    """Real page text, as long as asked."""
    sources = sorted((ROOT / "fixtures" / "pages").glob("*/source.html"))
    return b"".join(path.read_bytes() for path in sources)[:size]


async def measure(call: Callable[[int], Awaitable[object]]) -> tuple[float, float]:
    """Medians over rounds: CPU-ms a call, and the p50 of its wall-clock ms."""
    cpu, wall = [], []
    for _ in range(ROUNDS):
        began = time.process_time()
        for index in range(CALLS):
            started = time.perf_counter()
            await call(index)
            wall.append(time.perf_counter() - started)
        cpu.append((time.process_time() - began) / CALLS)
    return statistics.median(cpu) * 1e3, statistics.median(wall) * 1e3


async def measure_hits(folder: Path, redis: RedisServer) -> None:
    value = page_text(ENTRY_BYTES)
    packed = msgspec.msgpack.encode({"page": value})
    caches: dict[str, Cache] = {
        "disk": open_cache(directory=folder / "disk", size_bytes=2**31, memory_bytes=0),
        "Valkey": open_cache(directory=folder, size_bytes=1, server=open_server(redis.url), memory_bytes=0),
        "memory over disk": open_cache(directory=folder / "disk", size_bytes=2**31),
    }
    plain = diskcache.Cache(str(folder / "plain"))
    for index in range(CALLS):
        plain.set(str(index), packed)
    client, _ = connect(redis.url, timeout_s=0.25)
    await client.set("bare", packed)

    async def from_plain(index: int) -> object:
        return plain.get(str(index))

    floors = {
        "floor: diskcache alone, on the loop": from_plain,
        "floor: GET of the same bytes": lambda _: client.get("bare"),
    }
    hits: dict[str, dict[str, float]] = {}
    print(f"{'20 KB entry':38}{'CPU-ms':>10}{'p50 ms':>10}")
    for name, call in floors.items():
        print_row(name, *await measure(call))
    for name, cache in caches.items():

        async def write(index: int, cache: Cache = cache) -> None:
            await cache.set(f"page:1:{index}", msgspec.msgpack.encode({"page": value}), ttl_s=3600)

        async def read(index: int, cache: Cache = cache) -> None:
            found = await cache.get(f"page:1:{index}")
            assert found is not None and msgspec.msgpack.decode(found)["page"] == value

        async def lead(index: int, cache: Cache = cache) -> None:
            lease = await cache.lease(f"page:1:{index}", ttl_s=10)
            assert lease
            await lease.release()

        print_row(f"{name}: write", *await measure(write))
        cpu_ms, p50_ms = await measure(read)
        hits[name] = {"cpu_ms": cpu_ms, "p50_ms": p50_ms}
        print_row(f"{name}: hit, decoded", cpu_ms, p50_ms)
        print_row(f"{name}: lease and release", *await measure(lead))
    note(hits=hits)
    for cache in caches.values():
        await cache.aclose()
    await client.aclose()
    plain.close()


def print_row(name: str, cpu_ms: float, wall_ms: float) -> None:
    print(f"{name:38}{cpu_ms:10.3f}{wall_ms:10.3f}")


async def measure_memory(folder: Path, redis: RedisServer) -> None:
    value = page_text(ENTRY_BYTES)
    held_mb = {}
    print(f"\nresident memory over {SOAK_HITS:,} hits, MB at every fifth")
    for name, url in (("disk", None), ("Valkey", redis.url)):
        cache = open_cache(directory=folder / "soak", size_bytes=2**31, server=open_server(url))
        for index in range(2000):
            await cache.set(f"page:1:{index}", value, ttl_s=3600)
        sizes = []
        for hit in range(SOAK_HITS + 1):
            if hit % (SOAK_HITS // 5) == 0:
                sizes.append(resident_mb())
            assert await cache.get(f"page:1:{hit * 7 % 2000}") is not None
        print(f"{name:10}" + " ".join(f"{size:8.1f}" for size in sizes))
        held_mb[name] = [sizes[0], sizes[-1]]
        await cache.aclose()
    note(held_mb=held_mb)


def measure_bytes(pages: list[bytes]) -> None:
    stored = [len(seal("page:1:x", Entry(page, 0))) for page in pages]
    html = [len(page) for page in pages]
    print(f"\nbytes stored of a page's HTML, {len(pages)} pages")
    for name, sizes in (("HTML", html), ("stored", stored)):
        print(f"{name:10}mean {statistics.mean(sizes):10,.0f}   median {statistics.median(sizes):10,.0f}")
    print(f"ratio of the sums {sum(html) / sum(stored):.2f}")


def read_pages(folder: Path) -> list[bytes]:
    found = [path.read_bytes() for path in sorted(folder.rglob("*.html"))]
    return found + [gzip.decompress(path.read_bytes()) for path in sorted(folder.rglob("*.html.gz"))]


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=Path, default=ROOT / "fixtures" / "pages")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder))
        try:
            await measure_hits(Path(folder), redis)
            await measure_memory(Path(folder), redis)
        finally:
            redis.stop()
    measure_bytes(read_pages(options.pages))


if __name__ == "__main__":
    asyncio.run(main())
