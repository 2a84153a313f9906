"""The local backend against sequential `llama_cpp.Llama`, on a 100 M model with random weights, in one run.

    python -m bench.local                    # throughput, prefix reuse, cancellation
    python -m bench.local throughput --weights q8_0 --repeat 3

Costs are CPU-seconds (ours: gateway side and the model's process together), which a busy machine changes
little; ratios compare runs of one invocation. The model is made at the start, in a temporary folder.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from backends.base import Completion, CompletionRequest
from backends.local import LocalBackend
from bench.figures import note
from bench.processes import cpu_s
from fixtures.make_gguf import SHAPES, write_model

PROMPT_TOKENS, NEW_TOKENS, REQUESTS = 64, 32, 8
TEMPLATE = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
TEMPLATE_TOKENS = 17  # what the template adds around a text, with the byte-level tokenizer
SHARED_TOKENS, QUESTION_TOKENS = 2000, 20


def text_of(tokens: int, seed: int) -> str:
    """A text of exactly so many tokens: letters that no merge joins."""
    letters = random.Random(seed)
    return "".join(letters.choice("bcdfgjklmpqsuvwxyz") for _ in range(tokens))


def prompts(count: int, seed: int = 0) -> list[str]:
    return [text_of(PROMPT_TOKENS - TEMPLATE_TOKENS, 1000 * seed + n) for n in range(count)]


# -- the peer, in a process of its own


def run_peer(model: str, texts: list[str], threads: int) -> dict[str, Any]:
    task = json.dumps({"model": model, "texts": texts, "threads": threads})
    done = subprocess.run(
        [sys.executable, "-m", "bench.local", "peer"], input=task, capture_output=True, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def peer() -> None:
    """One `Llama`, one request after another, greedy; prints texts and CPU-seconds."""
    from llama_cpp import Llama

    task = json.load(sys.stdin)
    llama = Llama(
        task["model"],
        n_ctx=1024,
        n_threads=task["threads"],
        n_threads_batch=task["threads"],
        verbose=False,
    )
    answers, began = [], time.process_time()
    for text in task["texts"]:
        tokens = llama.tokenize(TEMPLATE.format(text).encode(), add_bos=False, special=True)
        said = list(itertools.islice(llama.generate(tokens, temp=0), NEW_TOKENS))
        answers.append(llama.detokenize(said).decode("utf-8", "replace"))
    print(json.dumps({"answers": answers, "cpu_s": time.process_time() - began}))


# -- ours


async def ask(backend: LocalBackend, text: str, **fields: Any) -> tuple[str, Completion]:
    request: dict[str, Any] = {"model": "local", "temperature": 0, "max_output_tokens": NEW_TOKENS} | fields
    said = ""
    stream = backend.stream(CompletionRequest(messages=[{"role": "user", "content": text}], **request))
    async for item in stream:
        if isinstance(item, Completion):
            return said, item
        said += item.text
    raise AssertionError("no completion")


async def measured(backend: LocalBackend, texts: list[str], **fields: Any) -> tuple[list[str], float]:
    """All at once; the answers, and CPU-seconds of both processes."""
    pid = backend.pid
    assert pid
    began = time.process_time() + cpu_s(pid)
    answers = await asyncio.gather(*(ask(backend, text, **fields) for text in texts))
    return [text for text, _ in answers], time.process_time() + cpu_s(pid) - began


async def throughput(model: str, options: argparse.Namespace) -> dict[str, Any]:
    rows: dict[str, list[float]] = {}
    same: Counter[str] = Counter()
    for round_ in range(options.repeat):
        texts = prompts(REQUESTS, round_)
        sequential = run_peer(model, texts, options.threads)
        rows.setdefault("sequential Llama", []).append(sequential["cpu_s"])
        for parallel, flash_attention in ((1, False), (REQUESTS, False), (REQUESTS, True)):
            backend = LocalBackend(
                path=model,
                parallel=parallel,
                threads=options.threads,
                context_tokens=1024,
                flash_attention=flash_attention,
            )
            await backend.start()
            answers, spent_s = await measured(backend, texts)
            await backend.aclose()
            name = f"local, {parallel} at a time" + ", FlashAttention" * flash_attention
            rows.setdefault(name, []).append(spent_s)
            same[name] += sum(map(str.__eq__, answers, sequential["answers"]))
    base = statistics.median(rows["sequential Llama"])
    ratios = {name: base / statistics.median(values) for name, values in rows.items()}
    for name, values in rows.items():
        spent_s = statistics.median(values)
        rate = REQUESTS * NEW_TOKENS / spent_s
        print(
            f"  {name:34} {spent_s:7.2f} CPU-s  {rate:7.1f} tokens/CPU-s  {ratios[name]:5.2f} x"
            + (f"  {same[name]} of {REQUESTS * options.repeat} answers identical" if name in same else "")
        )
    return {"ratio": ratios, "identical": dict(same), "answers": REQUESTS * options.repeat}


async def prefix(model: str, options: argparse.Namespace) -> dict[str, Any]:
    shared = text_of(SHARED_TOKENS - TEMPLATE_TOKENS, 1)
    backend = LocalBackend(path=model, parallel=4, threads=options.threads, context_tokens=4096)
    await backend.start()
    cold_s, warm_s = [], []
    for round_ in range(options.repeat):
        page = f"{round_}{shared}"  # another first letter: nothing of the last round fits
        for kind, number in ((cold_s, 0), (warm_s, 1), (warm_s, 2)):
            question = text_of(QUESTION_TOKENS, 10 * round_ + number)
            kind.append((await measured(backend, [page + question], max_output_tokens=1))[1])
    await backend.aclose()
    cold, warm = statistics.median(cold_s), statistics.median(warm_s)
    print(f"  {SHARED_TOKENS} + {QUESTION_TOKENS} tokens to the first token")
    print(f"  cold {cold * 1000:7.0f} CPU-ms\n  warm {warm * 1000:7.0f} CPU-ms  {warm / cold:.1%} of cold")
    return {"warm_percent": 100 * warm / cold}


async def cancellation(model: str, options: argparse.Namespace) -> dict[str, Any]:
    backend = LocalBackend(path=model, parallel=1, threads=options.threads, context_tokens=4096)
    await backend.start()
    for what, text, wait_s in (
        ("while decoding", text_of(20, 1), None),
        ("in a prefill of 3000 tokens", text_of(3000, 2), 1.0),
    ):
        freed_ms = []
        for _ in range(options.repeat):
            freed_ms.append(await _freed_ms(backend, text, wait_s))
        print(f"  {what:28} slot free after {max(freed_ms):5.0f} ms at most")
    await backend.aclose()
    return {}


async def _freed_ms(backend: LocalBackend, text: str, wait_s: float | None) -> float:
    request = CompletionRequest(
        model="local", messages=[{"role": "user", "content": text}], max_output_tokens=500, temperature=0
    )
    stream = backend.stream(request)
    first = asyncio.ensure_future(anext(stream))
    await (first if wait_s is None else asyncio.sleep(wait_s))
    before, began = backend.stats()["cancelled"], time.perf_counter()
    if not first.done():
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    await stream.aclose()
    while backend.stats()["cancelled"] == before:  # noqa: ASYNC110 - the count comes from another process
        await asyncio.sleep(0.002)
    return (time.perf_counter() - began) * 1000


MEASURES = {"throughput": throughput, "prefix": prefix, "cancellation": cancellation}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measure", nargs="?", choices=[*MEASURES, "all", "peer"], default="all")
    parser.add_argument("--weights", nargs="+", default=["f16", "q8_0"])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if options.measure == "peer":
        peer()
        return
    with tempfile.TemporaryDirectory() as folder:
        for weights in options.weights:
            model = str(write_model(Path(folder) / f"{weights}.gguf", shape=SHAPES["100m"], weights=weights))
            found: dict[str, Any] = {}
            for name, measure in MEASURES.items():
                if options.measure in (name, "all"):
                    print(f"{name}, 100 M {weights}, {options.threads} thread(s)")
                    found |= asyncio.run(measure(model, options))
            note(**{weights: found})


if __name__ == "__main__":
    main()
