"""What the first steps of `clean` and all of it cost, as multiples of Lexbor's bare parse of the same pages, on WCXB.

    python -m bench.clean_steps --data DIR                # 300 pages, a fixed sample
    python -m bench.clean_steps --data DIR --pages 0      # all of them

CPU of this process, the steps one after the other on each page; the multiples hold on a busy machine. `hidden` is what
finds text that no reader sees; `landmarks` is the one query of the page whose elements it and the metadata share.
"""

import argparse
import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from gateway.core import clean
from gateway.core.dom.landmarks import find_marks
from gateway.core.dom.nesting import limit_nesting
from gateway.core.visibility.hidden import find_hidden
from training.corpus import Sample, page_ids, read_samples

STEPS = ("parse", "landmarks", "hidden", "clean")


class Steps:
    """The CPU of each step, a page an entry."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def measure(self, step: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        done = work()
        self.seconds[step].append(time.process_time() - began)
        return done

    def read(self, sample: Sample) -> None:
        html = sample.html.decode("utf-8", "replace")
        markup = limit_nesting(html.encode()).markup
        self.measure("parse", lambda: LexborHTMLParser(html))
        tree = LexborHTMLParser(markup, scripting=True)
        marks = self.measure("landmarks", lambda: find_marks(tree))
        self.measure("hidden", lambda: find_hidden(tree, marks=marks))
        self.measure("clean", lambda: clean(html, url=sample.url))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=300)
    args = parser.parse_args()

    ids = page_ids(args.data, sample=args.pages)
    samples = list(read_samples(args.data, ids))
    for sample in samples[:5]:  # imports and tables that load late
        Steps().read(sample)
    gc.freeze()
    steps = Steps()
    for sample in samples:
        steps.read(sample)
    parse = statistics.fmean(steps.seconds["parse"])
    print(f"{len(ids)} pages; parse: mean {parse * 1e3:.2f} ms")
    for step in STEPS[1:]:
        print(f"{step:<12}{statistics.fmean(steps.seconds[step]) / parse:6.2f} x")


if __name__ == "__main__":
    main()
