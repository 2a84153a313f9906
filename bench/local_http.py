"""Through HTTP: this gateway with a local model against `python -m llama_cpp.server` on the same file.

    python -m bench.local_http --peer-python /path/to/python   # one with llama-cpp-python[server]

Closed loop: every client sends its next request when the last is answered. CPU is that of the server's processes.
Then: how much slower /health/live and /v1/scrape answer while 8 sequences decode.
"""

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from bench.local import NEW_TOKENS, prompts
from bench.processes import cpu_s, family
from fixtures.make_gguf import SHAPES, write_model

PORTS = {"winnow": 8761, "llama_cpp.server": 8762}
PAGE = (
    "<html><body><main><h1>Title</h1>"
    + "<p>Some words about nothing in particular.</p>" * 40
    + "</main></body>"
)


def command(name: str, model: str, options: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    port, threads = str(PORTS[name]), str(options.threads)
    if name == "winnow":
        settings = {
            "WINNOW_LOCAL_MODEL": model,
            "WINNOW_LOCAL_PARALLEL": "8",
            "WINNOW_LOCAL_CONTEXT_TOKENS": "1024",
            "WINNOW_LOCAL_THREADS": threads,
            "WINNOW_PORT": port,
            "WINNOW_CACHE_DIR": str(Path(model).parent / "cache"),
        }
        return [sys.executable, "-m", "gateway.cli.main", "serve"], settings
    arguments = ["--model", model, "--port", port, "--n_ctx", "1024", "--interrupt_requests", "false"]
    arguments += ["--n_threads", threads, "--n_threads_batch", threads]
    return [options.peer_python, "-m", "llama_cpp.server", *arguments], {}


@asynccontextmanager
async def served(
    name: str, model: str, options: argparse.Namespace
) -> AsyncIterator[tuple[httpx2.AsyncClient, int]]:
    arguments, settings = command(name, model, options)
    with (Path(model).parent / f"{name}.log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            *arguments, env=os.environ | settings, stdout=log, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{PORTS[name]}"
            async with httpx2.AsyncClient(base_url=url, timeout=300, trust_env=False) as client:
                await answers(client)
                yield client, server.pid
        finally:
            server.send_signal(signal.SIGINT)
            await asyncio.wait_for(server.wait(), 30)


async def answers(client: httpx2.AsyncClient) -> None:
    """Wait until the server has loaded the model and answered once."""
    for _ in range(240):
        try:
            await chat(client, "warm up")
            return
        except (httpx2.TransportError, httpx2.HTTPStatusError):
            await asyncio.sleep(0.5)
    raise SystemExit("the server did not come up")


async def chat(client: httpx2.AsyncClient, text: str, max_tokens: int = NEW_TOKENS) -> float:
    """One answer; returns its seconds."""
    began = time.perf_counter()
    body: dict[str, Any] = {"model": "local", "max_tokens": max_tokens, "temperature": 0}
    body["messages"] = [{"role": "user", "content": text}]
    response = await client.post("/v1/chat/completions", json=body)
    response.raise_for_status()
    assert response.json()["usage"]["completion_tokens"] >= 1
    return time.perf_counter() - began


async def load(
    client: httpx2.AsyncClient, pid: int, clients: int, seed: int, each: int
) -> tuple[float, float, float]:
    """Tokens a CPU-second, tokens a second, median latency."""
    texts = iter(prompts(clients * each, seed))
    latencies: list[float] = []

    async def one() -> None:
        for _ in range(each):
            latencies.append(await chat(client, next(texts)))

    spent_s, began = cpu_s(*family(pid)), time.perf_counter()
    await asyncio.gather(*(one() for _ in range(clients)))
    tokens = clients * each * NEW_TOKENS
    return (
        tokens / (cpu_s(*family(pid)) - spent_s),
        tokens / (time.perf_counter() - began),
        statistics.median(latencies),
    )


async def compare(model: str, options: argparse.Namespace) -> None:
    results: dict[tuple[str, int], tuple[float, float, float]] = {}
    for name in PORTS:
        async with served(name, model, options) as (client, pid):
            for clients in (1, 4, 8):
                results[name, clients] = await load(client, pid, clients, clients, options.each)
    print(f"  {'clients':8} {'server':18} {'tokens/CPU-s':>13} {'tokens/s':>9} {'p50 s':>7}")
    for clients in (1, 4, 8):
        for name in PORTS:
            rate, speed, latency = results[name, clients]
            print(f"  {clients:<8} {name:18} {rate:13.1f} {speed:9.1f} {latency:7.2f}")
        ours, peer = (results[name, clients] for name in PORTS)
        print(
            f"           ratios {ours[0] / peer[0]:23.2f} {ours[1] / peer[1]:9.2f} {ours[2] / peer[2]:7.2f}"
        )


async def beside(model: str, options: argparse.Namespace) -> None:
    async with served("winnow", model, options) as (client, _):
        for what, call in (("/health/live", live), ("/v1/scrape", scrape)):
            idle = await latencies_of(call, client, options.probes)
            endless = [asyncio.create_task(forever(client, n)) for n in range(8)]
            await asyncio.sleep(1)
            busy = await latencies_of(call, client, options.probes)
            for task in endless:
                task.cancel()
            await asyncio.gather(*endless, return_exceptions=True)
            for name, index in (("p50", 0.5), ("p99", 0.99)):
                before, after = quantile(idle, index), quantile(busy, index)
                print(
                    f"  {what:14} {name} idle {before:7.1f} ms, 8 decoding {after:7.1f} ms, {after / before:.2f} x"
                )


def quantile(values: list[float], index: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * index))] * 1000


async def forever(client: httpx2.AsyncClient, number: int) -> None:
    for round_ in range(10_000):
        await chat(client, f"{number} {round_}", max_tokens=400)


async def live(client: httpx2.AsyncClient, _: int) -> None:
    (await client.get("/health/live")).raise_for_status()


async def scrape(client: httpx2.AsyncClient, number: int) -> None:
    body = {"html": PAGE.replace("Title", f"Title {number}"), "store": False}
    (await client.post("/v1/scrape", json=body)).raise_for_status()


async def latencies_of(call: Any, client: httpx2.AsyncClient, count: int) -> list[float]:
    seconds = []
    for number in range(count):
        began = time.perf_counter()
        await call(client, number)
        seconds.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    return seconds[count // 10 :]  # the first open connections and fill caches


def has_server(python: str) -> bool:
    code = "import llama_cpp.server, fastapi, starlette_context"
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


MEASURES = {"compare": compare, "beside": beside}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measure", nargs="?", choices=["compare", "beside", "all"], default="all")
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--weights", default="q8_0")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--each", type=int, default=3, help="requests a client")
    parser.add_argument("--probes", type=int, default=300)
    options = parser.parse_args()
    wanted = [name for name in ("compare", "beside") if options.measure in (name, "all")]
    if "compare" in wanted and not has_server(options.peer_python):
        print("compare: left out, --peer-python has no llama-cpp-python[server]")
        wanted.remove("compare")
    with tempfile.TemporaryDirectory() as folder:
        model = str(write_model(Path(folder) / "model.gguf", shape=SHAPES["100m"], weights=options.weights))
        for name in wanted:
            print(f"{name}, 100 M {options.weights}, {options.threads} thread(s)", flush=True)
            asyncio.run(MEASURES[name](model, options))


if __name__ == "__main__":
    main()
