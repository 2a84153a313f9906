"""Through HTTP: this gateway with a local model beside llama.cpp's own server and `python -m llama_cpp.server`.

    python -m bench.local_http --llama-server PATH        # built from llama-cpp-python's own source, see --help
    python -m bench.local_http --peer-python PYTHON       # one with llama-cpp-python[server]
    python -m bench.local_http --only page beside         # this gateway alone

All serve the starter model in one quantisation, greedy, and all run from beginning to end: in every round each is asked
the same, in turn, in another order. CPU is that of all of a server's processes; a ratio is the median of its rounds'.

* alone, eight: CPU a request, one client or eight, each of which sends its next request when the last is answered.
* streams: the same for streamed answers, and the time to their first text.
* prefix: eight requests at once that share a beginning which nobody has sent before.
* page: the first extraction from a page, then another question, then another schema.
* beside: how much slower /health/live and /v1/scrape answer while eight sequences decode.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bench.figures import note
from bench.local_quants import FILE_TYPES, make
from bench.local_servers import LLAMA_CPP_SERVER, LLAMA_SERVER, PARALLEL, WINNOW, Server, served

BUILD = """llama-server: pip download --no-deps --no-binary :all: llama-cpp-python, unpack it, and in vendor/llama.cpp
cmake -B build -DCMAKE_BUILD_TYPE=Release -DLLAMA_USE_PREBUILT_UI=OFF $(python deploy/llama_cmake_args.py)
cmake --build build --target llama-server"""
# common words are a token each
WORDS = "time year people way day man thing woman life child world school state family student group country".split()
PROMPT_WORDS, NEW_TOKENS, PREFIX_WORDS, PREFIX_NEW_TOKENS = 64, 32, 1500, 16
QUESTIONS = (
    ("What is sold, and for how much?", {"name": {"type": "string", "maxLength": 20}}),
    ("Where is it made?", {"name": {"type": "string", "maxLength": 20}}),
    ("How much does it weigh?", {"weight": {"type": "integer"}, "unit": {"enum": ["g", "kg"]}}),
)


def words(count: int, seed: object) -> str:
    chosen = random.Random(str(seed))
    return " ".join(chosen.choice(WORDS) for _ in range(count))


# -- what is asked of every server


class Found:
    """What was measured of each server, by round."""

    def __init__(self) -> None:
        self.cpu_ms: dict[str, dict[str, list[float]]] = {}
        self.output_tokens: dict[str, dict[str, int]] = {}
        self.ttft_s: dict[str, list[float]] = {}


async def spent_ms(server: Server, work: Awaitable[Any], requests: int) -> tuple[float, Any]:
    """CPU-milliseconds a request."""
    before = server.cpu_s()
    result = await work
    return (server.cpu_s() - before) * 1e3 / requests, result


async def in_loops(call: Callable[[str], Awaitable[Any]], clients: int, texts: list[str]) -> list[Any]:
    """Each client sends its next request when the last is answered."""
    left, results = iter(texts), []

    async def client() -> None:
        for text in left:
            results.append(await call(text))

    await asyncio.gather(*(client() for _ in range(clients)))
    return results


async def loads(
    server: Server, clients: int, *, each: int, seed: str, stream: bool
) -> tuple[float, list[Any]]:
    texts = [f"Tell a long story of these: {words(PROMPT_WORDS, (seed, n))}" for n in range(clients * each)]
    ask = server.first_text_s if stream else server.answer
    work = in_loops(lambda text: ask(text, max_tokens=NEW_TOKENS), clients, texts)
    return await spent_ms(server, work, len(texts))


async def shared_prefix(server: Server, seed: str) -> float:
    beginning = words(PREFIX_WORDS, seed)
    texts = [f"{beginning}\n\nQuestion {n}: {words(8, (seed, n))}" for n in range(PARALLEL)]
    work = in_loops(lambda text: server.answer(text, max_tokens=PREFIX_NEW_TOKENS), PARALLEL, texts)
    return (await spent_ms(server, work, PARALLEL))[0]


async def compare(servers: list[Server], options: argparse.Namespace) -> dict[str, Any]:
    found = Found()

    def add(measure: str, server: Server, cost_ms: float) -> None:
        print(f"{measure}, {server.name}: {cost_ms:.0f} CPU-ms a request", flush=True)
        found.cpu_ms.setdefault(measure, {}).setdefault(server.name, []).append(cost_ms)

    for round_ in range(options.rounds):
        for clients, measure, stream in (
            (1, "alone", False),
            (PARALLEL, "eight", False),
            (PARALLEL, "streams", True),
        ):
            if measure not in options.only:
                continue
            for server in turned(servers, round_):
                cost_ms, results = await loads(
                    server, clients, each=options.each, seed=f"{round_} {measure}", stream=stream
                )
                add(measure, server, cost_ms)
                if stream:
                    found.ttft_s.setdefault(server.name, []).extend(results)
                else:
                    said = found.output_tokens.setdefault(measure, {})
                    said[server.name] = said.get(server.name, 0) + sum(results)
        if "prefix" in options.only:
            # one after the other takes llama_cpp.server minutes
            for server in turned([each for each in servers if each.name != LLAMA_CPP_SERVER], round_):
                add("prefix", server, await shared_prefix(server, f"{round_} prefix"))
    return report(found)


def turned(servers: list[Server], round_: int) -> list[Server]:
    at = round_ % len(servers) if servers else 0
    return servers[at:] + servers[:at]


def report(found: Found) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    print(f"{'':10}{'server':18}{'CPU-ms a request':>18}{'tokens':>8}{'winnow of it':>14}")
    for measure, by_server in found.cpu_ms.items():
        for name, costs in by_server.items():
            ratios = [ours / theirs for ours, theirs in zip(by_server[WINNOW], costs, strict=True)]
            said = found.output_tokens.get(measure, {}).get(name, "")
            print(
                f"{measure:10}{name:18}{statistics.median(costs):18.1f}{said:>8}{statistics.median(ratios):12.3f} x"
                f"   {' '.join(f'{ratio:.2f}' for ratio in ratios)}"
            )
            figures.setdefault(measure, {})[name] = {
                "cpu_ms": statistics.median(costs),
                "ratio": statistics.median(ratios),
                "ratios": [min(ratios), max(ratios)],
            }
    for name, seconds in found.ttft_s.items():
        p50, p95 = quantile(seconds, 0.5), quantile(seconds, 0.95)
        medians, ratio = (quantile(found.ttft_s[WINNOW], at) / of for at, of in ((0.5, p50), (0.95, p95)))
        print(f"first text {name:18} p50 {p50:6.2f} s, p95 {p95:6.2f} s, winnow of it {ratio:.2f} x")
        figures.setdefault("first_text", {})[name] = {
            "p50_s": p50,
            "p95_s": p95,
            "p50_ratio": medians,
            "p95_ratio": ratio,
        }
    return figures


# -- what is asked of this gateway alone


async def page(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    costs: list[list[float]] = [[] for _ in QUESTIONS]
    for round_ in range(options.rounds):
        # about 1,900 tokens with the words of the prompt
        html = f"<main><h1>Brass lamp {round_}</h1>" + "".join(
            f"<p>{words(50, (round_, n))}.</p>" for n in range(34)
        )
        for cost, (prompt, properties) in zip(costs, QUESTIONS, strict=True):
            schema = {"type": "object", "properties": properties, "required": list(properties)}
            body = {"html": html, "prompt": prompt, "schema": schema, "evidence": False}
            cost_ms, response = await spent_ms(server, server.client.post("/v1/extract", json=body), 1)
            response.raise_for_status()
            usage = response.json()["usage"]
            cost.append(cost_ms)
            print(f"page: {usage}, {cost_ms:.0f} CPU-ms")
    first, question, schema = (statistics.median(each) for each in costs)
    print(
        f"page: first {first:.0f} CPU-ms, another question {question / first:.1%}, another schema {schema / first:.1%}"
    )
    percents = {"question_percent": 100 * question / first, "schema_percent": 100 * schema / first}
    return {"page": {"first_ms": first, **percents}}


async def beside(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    async def live(_: int) -> None:
        (await server.client.get("/health/live")).raise_for_status()

    async def scrape(number: int) -> None:
        body = {"html": f"<main><h1>{number}</h1>" + "<p>Some words about nothing.</p>" * 40, "store": False}
        (await server.client.post("/v1/scrape", json=body)).raise_for_status()

    async def forever(number: int) -> None:
        for round_ in range(10_000):
            await server.answer(f"{number} {round_}", max_tokens=400)

    for what, call in (("/health/live", live), ("/v1/scrape", scrape)):
        idle = await latencies_s(call, options.probes)
        endless = [asyncio.create_task(forever(n)) for n in range(PARALLEL)]
        await asyncio.sleep(1)
        busy = await latencies_s(call, options.probes)
        for task in endless:
            task.cancel()
        await asyncio.gather(*endless, return_exceptions=True)
        for name, index in (("p50", 0.5), ("p99", 0.99)):
            before, after = quantile(idle, index) * 1e3, quantile(busy, index) * 1e3
            print(
                f"beside: {what:14} {name} idle {before:7.1f} ms, 8 decoding {after:7.1f} ms, {after / before:.2f} x"
            )
    return {}


async def latencies_s(call: Callable[[int], Awaitable[None]], count: int) -> list[float]:
    seconds = []
    for number in range(count):
        began = time.perf_counter()
        await call(number)
        seconds.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    # the first open connections and fill caches
    return seconds[count // 10 :]


def quantile(values: list[float], index: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * index))]


async def run(options: argparse.Namespace) -> None:
    programs = {
        WINNOW: sys.executable,
        LLAMA_SERVER: options.llama_server,
        LLAMA_CPP_SERVER: options.peer_python,
    }
    with tempfile.TemporaryDirectory() as folder:
        model = str(make(Path(folder), options.quant))
        async with AsyncExitStack() as stack:
            servers = [
                await stack.enter_async_context(
                    served(
                        name, program, model, threads=options.threads, flash_attention=options.flash_attention
                    )
                )
                for name, program in programs.items()
                if program
            ]
            print(
                f"starter {options.quant}, {options.threads} thread(s), {[each.name for each in servers]}",
                flush=True,
            )
            figures = await compare(servers, options)
            if "page" in options.only:
                figures |= await page(servers[0], options)
            if "beside" in options.only:
                figures |= await beside(servers[0], options)
    note(**figures)


MEASURES = ("alone", "eight", "streams", "prefix", "page", "beside")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=BUILD, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES)
    parser.add_argument("--llama-server", help="the program")
    parser.add_argument("--peer-python", help="a Python with llama-cpp-python[server]")
    parser.add_argument("--quant", choices=FILE_TYPES, default="Q4_0")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--flash-attention", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--each", type=int, default=3, help="requests a client")
    parser.add_argument("--probes", type=int, default=300)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
