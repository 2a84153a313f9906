"""What the first steps of `clean` and all of it cost, as multiples of Lexbor's bare parse of the same pages, on WCXB.

    python -m bench.clean_steps --data DIR                # 300 pages, a fixed sample
    python -m bench.clean_steps --data DIR --pages 0      # all of them
    python -m bench.clean_steps --data DIR --script-free  # without scripts, which parsing pays for more than cleaning

CPU of this process, the steps one after the other on each page; the multiples hold on a busy machine. `hidden` is what
finds text that no reader sees; `landmarks` is the one query of the page whose elements it and the metadata share;
`walk` is `read_blocks`; `metadata` is what the page says of itself, its structured data with it. `read` is all that
comes before the content is chosen: the parse and those four. `choose` chooses the content, `render` writes it. Where
`winnow-native` is installed all of them are measured with it too, by turns.
"""

import argparse
import gc
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from gateway.core import clean
from gateway.core.classifier.network import choose, load_classifier
from gateway.core.dom.blocks import keep
from gateway.core.dom.boxes import find_boxes
from gateway.core.dom.landmarks import Landmarks
from gateway.core.dom.native import find_marks, find_walk, prefer_native, read_blocks
from gateway.core.dom.nesting import limit_nesting
from gateway.core.markdown import render
from gateway.core.metadata.page_metadata import Facts, read_metadata
from gateway.core.metadata.structured import read_structured
from gateway.core.model.page import CleanOptions, KeptNodes
from gateway.core.parsing import ALSO, ParsedPage, read, root_of
from gateway.core.visibility.hidden import find_hidden
from training.corpus import Sample, page_ids, read_samples

_OPTIONS = CleanOptions()
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.S | re.I)


class Steps:
    """The CPU of each step, a page an entry; where C reads the tree that is said behind its name."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self._turns = ("", " in C") if find_walk().extension else ("",)

    def measure(self, step: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        done = work()
        self.seconds[step].append(time.process_time() - began)
        return done

    def read(self, sample: Sample, *, script_free: bool) -> None:
        html = sample.html.decode("utf-8", "replace")
        if script_free:
            html = _SCRIPT.sub("", html)
        markup = limit_nesting(html.encode()).markup
        self.measure("parse", lambda: LexborHTMLParser(html))
        tree = LexborHTMLParser(markup, scripting=True)
        root, marks = root_of(tree), find_marks(tree, ALSO)
        hidden = find_hidden(tree, marks=marks)
        # each of the two goes first on every second page
        self._turns = self._turns[::-1]
        for turn in self._turns:
            prefer_native(turn != "")
            find_walk()
            self.measure(f"hidden{turn}", lambda: find_hidden(tree, marks=marks))
            self.measure(f"landmarks{turn}", lambda: find_marks(tree, ALSO))
            self.measure(f"walk{turn}", lambda: read_blocks(root, left_out=hidden))
            parsed = self.measure(f"read{turn}", lambda: read(html, url=sample.url, options=_OPTIONS))
            found = find_marks(tree, ALSO)
            self.measure(f"metadata{turn}", lambda found=found: read_said(tree, sample.url, found))
            choice = self.measure(
                f"choose{turn}", lambda parsed=parsed: choose(parsed.blocks, parsed.head, load_classifier())
            )
            kept = None if parsed.is_content else keep(parsed.blocks, choice.blocks)
            self.measure(f"render{turn}", lambda parsed=parsed, kept=kept: write(parsed, kept, sample.url))
            self.measure(f"clean{turn}", lambda: clean(html, url=sample.url))


def read_said(tree: LexborHTMLParser, url: str | None, marks: Landmarks) -> Facts:
    """Read structured data and metadata as `read` does."""
    return read_metadata(tree, read_structured(tree, base_url=url, marks=marks), url=url, marks=marks)


def write(parsed: ParsedPage, kept: KeptNodes | None, url: str | None) -> None:
    """Render the chosen blocks as `clean` does."""
    codes, callouts = find_boxes(parsed.blocks)
    render(
        parsed.root,
        kept=kept,
        hidden=parsed.hidden,
        base_url=url,
        options=_OPTIONS,
        beside=[root_of(tree) for tree in parsed.beside],
        codes=codes,
        callouts=callouts,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--script-free", action="store_true")
    args = parser.parse_args()

    ids = page_ids(args.data, sample=args.pages)
    samples = list(read_samples(args.data, ids))
    steps = Steps()
    for sample in samples[:5]:  # imports and tables that load late
        steps.read(sample, script_free=args.script_free)
    gc.freeze()
    steps.seconds.clear()
    for sample in samples:
        steps.read(sample, script_free=args.script_free)
    parse = statistics.fmean(steps.seconds.pop("parse"))
    print(f"{len(ids)} pages; parse: mean {parse * 1e3:.2f} ms")
    for step, seconds in sorted(steps.seconds.items()):
        print(f"{step:<15}{statistics.fmean(seconds) / parse:6.2f} x")


if __name__ == "__main__":
    main()
