"""What a key's rate and budget add to a cached scrape, in one process and on a store that replicas share.

    python -m bench.limits        # needs redis-server (Debian package)

Two gateways run at once, one with the embedded cache and one on redis-server, and each is asked by turns with keys
that differ in their limits alone. Costs are CPU-ms of the gateway's own process by the kernel's count, times are those
of one request after another; ratios are medians of the rounds' ratios to the key without limits.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import note
from bench.forwarding import Connection, cpu_ms
from bench.processes import start
from fixtures.redis import RedisServer, free_port

ROUNDS, REQUESTS = 60, 50
KEYS = {
    "no limit": "",
    "rate": "requests_per_minute = 1000000000",
    "budget": "tokens_per_month = 1000000000000",
}


def config() -> str:
    from gateway.auth.keys import hash_secret

    return "".join(
        f'[[keys]]\nname = "k{number}"\nsha256 = "{hash_secret(name)}"\n{limit}\n'
        for number, (name, limit) in enumerate(KEYS.items())
    )


async def measure(kind: str, port: int, pid: int, page: dict[str, str]) -> None:
    connections = [Connection(port, key=key) for key in KEYS]
    costs: list[list[float]] = [[] for _ in KEYS]
    times: list[list[float]] = [[] for _ in KEYS]
    for connection in connections:
        for _ in range(200):
            await connection.ask(page, "/v1/scrape")
    for round_number in range(ROUNDS):
        for turn in range(len(KEYS)):
            index = (turn + round_number) % len(KEYS)
            before, began = cpu_ms(pid), time.perf_counter()
            for _ in range(REQUESTS):
                await connections[index].ask(page, "/v1/scrape")
            times[index].append((time.perf_counter() - began) * 1e3 / REQUESTS)
            costs[index].append((cpu_ms(pid) - before) / REQUESTS)
    found = {}
    for name, cost, took in zip(KEYS, costs, times, strict=True):
        ratio = statistics.median(each / free for each, free in zip(cost, costs[0], strict=True))
        middle = statistics.median(cost), ratio, statistics.median(took)
        added = statistics.median(each - free for each, free in zip(cost, costs[0], strict=True))
        found[name] = {"cpu_ms": middle[0], "ratio": ratio, "added_cpu_ms": added, "ms": middle[2]}
        print(f"{kind:16}{name:10}{middle[0]:8.3f} CPU-ms  ×{middle[1]:.2f} {middle[2]:8.3f} ms", flush=True)
    note(**{kind.replace(" ", "_"): found})


async def main() -> None:
    site, *ports = (free_port() for _ in range(3))
    with tempfile.TemporaryDirectory() as scratch:
        redis = RedisServer(Path(scratch))
        (Path(scratch) / "winnow.toml").write_text(config())
        running = [start([sys.executable, "-m", "fixtures.site", "--port", str(site)])]
        try:
            for url, port in zip(("", redis.url), ports, strict=True):
                environ = {
                    "WINNOW_PORT": str(port),
                    "WINNOW_CONFIG": f"{scratch}/winnow.toml",
                    "WINNOW_CACHE_DIR": f"{scratch}/{port}",
                    "WINNOW_CACHE_URL": url,
                    "WINNOW_CLEAN_WORKERS": "1",
                    "WINNOW_ALLOW_TARGETS": f"127.0.0.1/32:{site}",
                }
                running.append(start([sys.executable, "-m", "gateway.cli.main", "serve"], environ))
            page = {"url": f"http://127.0.0.1:{site}/pages/documentation-go-tutorial"}
            for kind, port, process in zip(("this process", "shared store"), ports, running[1:], strict=True):
                deadline = time.monotonic() + 60
                while time.monotonic() < deadline:
                    try:
                        await Connection(port, key="no limit").ask(page, "/v1/scrape")
                        break
                    except OSError:
                        await asyncio.sleep(0.2)
                await measure(kind, port, process.pid, page)
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait(20)
            redis.stop()


if __name__ == "__main__":
    asyncio.run(main())
