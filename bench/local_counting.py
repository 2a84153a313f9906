"""What counting by the starter's own vocabulary costs: to have it, and to count by it.

    python -m bench.local_counting

CPU times of processes, medians of five. Memory is the proportional set size (PSS) of a pool's processes after a page:
the fork server, one worker and the spare.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable

from backends.local import LocalBackend
from backends.local.vocabulary import Vocabulary, deepen_stacks, load_vocabulary, start_library
from bench.processes import ROOT, family, proportional_mb
from gateway.core.model.page import CleanOptions
from gateway.core.tasks.page import CleanPage
from gateway.core.tokens.counters import get_counter
from gateway.core.tokens.tokenizer import ModelVocabulary, Tokenizer
from gateway.wire import encode_json
from gateway.workers.pool import WorkerPool

ROUNDS = 5
BLOCK = "A lamp that costs nothing to run. "


def cpu_ms(work: Callable[[], object]) -> float:
    """CPU of this process while it does it."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e3


async def memory_mb(pool: WorkerPool, tokenizer: Tokenizer, body: bytes) -> float:
    """Of a pool's processes, which have cleaned and counted a page."""
    mine = set(family(os.getpid()))
    task = CleanPage(
        body=body,
        content_type="text/html",
        url=None,
        options=CleanOptions(),
        format="markdown",
        include=[],
        tokenizer=tokenizer,
    )
    for _ in range(3):
        await pool.run(task)
    total = sum(map(proportional_mb, set(family(os.getpid())) - mine))
    await pool.aclose()
    return total


async def main() -> None:
    backend = LocalBackend(path="starter", context_tokens=512, parallel=1, threads=1)
    file = await backend.vocabulary("local")
    vocabulary = ModelVocabulary(name="local", path=file.path, identity=file.identity)
    pages = [page.read_bytes() for page in sorted((ROOT / "fixtures" / "pages").glob("*/source.html"))]
    largest = max(pages, key=len)

    limits = {"workers": 1, "timeout_s": 60, "memory_bytes": sys.maxsize}
    ours = await memory_mb(WorkerPool(**limits), "o200k_base", largest)
    theirs = WorkerPool(
        **limits,
        work="backends.local.counting",
        given=[encode_json(vocabulary).decode()],
        computes=True,
    )
    models = await memory_mb(theirs, vocabulary, largest)
    print(f"processes with o200k_base {ours:.0f} MB, those with the model's vocabulary {models:.0f} MB")

    deepen_stacks()
    start_library()
    before = proportional_mb(os.getpid())
    loads = [cpu_ms(lambda: load_vocabulary(file.path)) for _ in range(ROUNDS)]
    each = (proportional_mb(os.getpid()) - before) / ROUNDS
    print(f"loading the vocabulary: {statistics.median(loads):.0f} CPU-ms, {each:.0f} MB")

    model, count = Vocabulary(load_vocabulary(file.path)), get_counter("o200k_base")
    count("")
    texts = [page.decode("utf-8", "replace") for page in pages]
    size = sum(map(len, pages)) / 2**20
    for name, by in {"the model's": model.count, "o200k_base": count}.items():
        of_pages = statistics.median(cpu_ms(lambda by=by: list(map(by, texts))) for _ in range(ROUNDS))
        of_block = statistics.median(
            cpu_ms(lambda by=by: [by(BLOCK) for _ in range(1000)]) for _ in range(ROUNDS)
        )
        worst = max(
            (cpu_ms(lambda by=by, text=character * 2**20: by(text)), character) for character in "a 1-é字🙂\n"
        )
        print(
            f"{name}: {of_pages / size:.0f} CPU-ms a MB of pages, {of_block:.0f} µs a short block, "
            f"at most {worst[0]:.0f} ms for 2**20 times {worst[1]!r}"
        )
    await backend.aclose()


if __name__ == "__main__":
    asyncio.run(main())
