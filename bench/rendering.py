"""What rendering costs here and in another checkout of this repository, by turns in one run, on WCXB.

    git worktree add ../before COMMIT
    python -m bench.rendering ../before --data DIR
    python -m bench.rendering ../before --data DIR --sample 300

"content" is the text that the ground truth has, wherever it stands in the tree; "page" is everything a reader sees.
Both checkouts render the same tree and the same choice of it, page by page, and share what the machine does meanwhile.
Costs are CPU-ms of their own processes, each the best of five runs; the ratio is here / there, of the sums and of the
median page.
"""

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parents[1]
KINDS = ("content", "page")
RUNS = 5


def answer(data: Path) -> None:
    """Say what the two renderings of each page cost that is asked for on standard input; runs in either checkout."""
    from selectolax.lexbor import LexborHTMLParser

    from bench.markdown import find_kept
    from gateway.core.markdown import render
    from gateway.core.model.page import CleanOptions

    def best_ms(run: Callable[[], object]) -> float:
        spent = []
        for _ in range(RUNS):
            start = time.process_time()
            run()
            spent.append((time.process_time() - start) * 1e3)
        return min(spent)

    for line in sys.stdin:
        page = line.strip()
        html = gzip.decompress((data / "html" / f"{page}.html.gz").read_bytes()).decode("utf-8", "replace")
        truth = json.loads((data / "ground-truth" / f"{page}.json").read_text("utf-8"))
        # what owns the nodes
        tree = LexborHTMLParser(html)
        body = tree.body
        assert body is not None
        chosen = find_kept(body, truth["ground_truth"].get("main_content") or "")
        costs = [
            best_ms(
                lambda: render(
                    body,  # noqa: B023
                    kept=kept,  # noqa: B023
                    hidden={},
                    base_url=truth.get("url"),  # noqa: B023
                    options=CleanOptions(),
                )
            )
            for kept in (chosen, None)
        ]
        print(*costs, flush=True)


def start(checkout: Path, data: Path) -> subprocess.Popen[str]:
    """Start a checkout's own renderer; this file may be newer than the checkout."""
    command = [sys.executable, "-P", __file__, str(checkout), "--data", str(data), "--answer"]
    environ = os.environ | {"PYTHONPATH": str(checkout)}
    return subprocess.Popen(
        command, cwd=checkout, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def ask(process: subprocess.Popen[str], page: str) -> list[float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{page}\n")
    process.stdin.flush()
    return [float(cost) for cost in process.stdout.readline().split()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("--data", type=Path, required=True, help="a WCXB split: html/, ground-truth/")
    parser.add_argument("--sample", type=int, default=120)
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    data = args.data.resolve()
    if args.answer:
        answer(data)
        return
    pages = sorted(path.stem for path in (data / "ground-truth").glob("*.json"))
    pages = random.Random(1).sample(pages, min(args.sample, len(pages)))
    checkouts = [start(HERE, data), start(args.other.resolve(), data)]
    seen: list[list[list[float]]] = []
    try:
        for number, page in enumerate(pages):
            costs: list[list[float]] = [[], []]
            for i in (0, 1) if number % 2 else (1, 0):
                costs[i] = ask(checkouts[i], page)
            seen.append(costs)
    finally:
        for process in checkouts:
            process.terminate()
            process.wait(20)
    print(f"{len(pages)} pages{'CPU-ms here':>20}{'there':>8}{'ratio':>8}{'median page':>14}")
    for kind, name in enumerate(KINDS):
        here, there = ([costs[i][kind] for costs in seen] for i in (0, 1))
        middle = statistics.median(one / other for one, other in zip(here, there, strict=True) if other)
        sums = sum(here) / len(pages), sum(there) / len(pages)
        print(f"{name:10}{sums[0]:19.3f}{sums[1]:8.3f}{sums[0] / sums[1]:8.3f}{middle:14.3f}")


if __name__ == "__main__":
    main()
