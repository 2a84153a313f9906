"""What a request costs here and in another checkout of this repository, side by side.

    git worktree add ../before COMMIT
    python -m bench.versions ../before

Both gateways run at once, with the same Python and packages, and are asked by turns in short rounds, so that both
share what the machine does meanwhile. Costs are CPU-ms of the gateway's own process by the kernel's count; the ratio
is the median of the rounds' ratios (here / there), with the middle half of them.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.forwarding import Connection, cpu_ms, request, wait_for
from bench.processes import ROOT, start
from fixtures.redis import free_port

ROUNDS, REQUESTS = 60, 30
KINDS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "plain": ("/v1/chat/completions", lambda: request("mock", stream=False)),
    "50-chunk stream": ("/v1/chat/completions", lambda: request("mock", stream=True)),
    "cached plain": ("/v1/chat/completions", lambda: request("mock", stream=False, same=True)),
    "cached stream": ("/v1/chat/completions", lambda: request("mock", stream=True, same=True)),
    "count tokens": ("/v1/tokens", lambda: {"text": "why is the sky blue? " * 20}),
}


def serve(checkout: Path, port: int, upstream: str, site: int, cache: str) -> subprocess.Popen[bytes]:
    """Start the gateway of one checkout."""
    environ = os.environ | {
        "PYTHONPATH": str(checkout),
        "WINNOW_PORT": str(port),
        "WINNOW_REMOTE_URL": upstream,
        "WINNOW_REMOTE_API_KEY": "k",
        "WINNOW_REMOTE_MODELS": "mock,paced",
        "WINNOW_CACHE_DIR": cache,
        "WINNOW_CLEAN_WORKERS": "1",
        "WINNOW_ALLOW_TARGETS": f"127.0.0.1/32:{site}",
    }
    quiet = subprocess.DEVNULL
    # older checkouts have the command in one module
    module = "gateway.cli.main" if (checkout / "gateway/cli/main.py").exists() else "gateway.cli"
    command = [sys.executable, "-m", module, "serve"]
    return subprocess.Popen(command, cwd=checkout, env=environ, stdout=quiet, stderr=quiet)


async def measure(ports: list[int], pids: list[int], site: int) -> None:
    page = {"url": f"http://127.0.0.1:{site}/pages/documentation-go-tutorial"}
    connections = [Connection(port) for port in ports]
    print(f"{'CPU-ms a request':20}{'here':>8}{'there':>8}{'ratio':>8}   middle half")
    for kind, (path, make) in {**KINDS, "cached scrape": ("/v1/scrape", lambda: page)}.items():
        costs: list[list[float]] = [[], []]
        for round_number in range(ROUNDS + 5):
            for i in (0, 1) if round_number % 2 else (1, 0):
                before = cpu_ms(pids[i])
                for _ in range(REQUESTS):
                    await connections[i].ask(make(), path)
                if round_number >= 5:
                    costs[i].append((cpu_ms(pids[i]) - before) / REQUESTS)
        ratios = [here / there for here, there in zip(*costs, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        here, there = (statistics.median(seen) for seen in costs)
        print(f"{kind:20}{here:8.3f}{there:8.3f}{middle:8.3f}   {low:.3f}–{high:.3f}", flush=True)


async def main(other: Path) -> None:
    mock_port, site, *ports = (free_port() for _ in range(4))
    upstream = f"http://127.0.0.1:{mock_port}/v1"
    running = [start([sys.executable, "-m", "bench.forwarding", "mock", str(mock_port)])]
    running.append(start([sys.executable, "-m", "fixtures.site", "--port", str(site)]))
    try:
        with tempfile.TemporaryDirectory() as scratch:
            for name, checkout, port in zip(("here", "there"), (ROOT, other), ports, strict=True):
                running.append(serve(checkout, port, upstream, site, f"{scratch}/{name}"))
            await wait_for(mock_port, running[0])
            for port, process in zip(ports, running[2:], strict=True):
                await wait_for(port, process)
            await measure(ports, [process.pid for process in running[2:]], site)
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).resolve()))
