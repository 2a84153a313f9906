"""CPU of the renderer on the content of WCXB pages, beside markdownify and the bare parse of the same pages.

    python -m bench.markdown --data DIR            # a WCXB split: html/, ground-truth/
    python -m bench.markdown --data DIR --sample 300

"content" is the text that the ground truth has, wherever it stands in the tree; "page" is everything a reader
sees. Prints the mean CPU-ms a page and the multiple of the parse; the multiples hold on a noisy machine, the
milliseconds do not. Also: in how many words of a page (share, mean) the markdown, read back, differs from the
text, and native from markdownify.
"""

import argparse
import gzip
import json
import random
import re
import statistics
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from markdown_it import MarkdownIt
from markdownify import markdownify
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.markdown import Rendered, render
from gateway.core.model.page import CleanOptions, KeptNodes

T = TypeVar("T")
WORD = re.compile(r"\w+")
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def find_kept(body: LexborNode, truth: str) -> KeptNodes:
    """The text nodes that the ground truth contains, and the elements above them."""
    truth = " ".join(truth.split())
    kept = KeptNodes(set(), set())
    for node in body.traverse(include_text=True):
        text = " ".join((node.text_content or "").split()) if node.tag == "-text" else ""
        if text and text in truth and node.parent is not None and node.parent.tag not in ("script", "style"):
            kept.texts.add(node.mem_id)
            above: LexborNode | None = node.parent
            while above is not None and above.mem_id not in kept.elements:
                kept.elements.add(above.mem_id)
                above = above.parent
    return kept


def read_back(markdown: str) -> str:
    parts: list[str] = []
    for token in READER.parse(markdown):
        if token.type == "inline":
            inline = (child.content or "\n" for child in token.children or [] if child.type != "html_inline")
            parts += [*inline, "\n"]
        elif token.type in ("fence", "code_block"):
            parts.append(token.content + "\n")
    return "".join(parts)


def differing(one: str, other: str) -> float:
    """Share of words that only one of two texts has."""
    a, b = Counter(WORD.findall(one.lower())), Counter(WORD.findall(other.lower()))
    return ((a - b).total() + (b - a).total()) / max(1, (a + b).total())


def timed(run: Callable[[], T]) -> tuple[float, T]:
    """CPU-ms, the best of three runs, and the result."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        result = run()
        spent.append((time.process_time() - start) * 1e3)
    return min(spent), result


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=150)
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # BeautifulSoup, on text that looks like an address
    pages = sorted(path.stem for path in (args.data / "ground-truth").glob("*.json"))
    pages = random.Random(0).sample(pages, min(args.sample, len(pages)))
    times: dict[str, list[float]] = {}
    against_text, against_markdownify = [], []
    for page in pages:
        truth = json.loads((args.data / "ground-truth" / f"{page}.json").read_text("utf-8"))
        packed = (args.data / "html" / f"{page}.html.gz").read_bytes()
        html = gzip.decompress(packed).decode("utf-8", "replace")
        base = truth.get("url")

        def write(kept: KeptNodes | None, **options: object) -> Rendered:
            chosen = CleanOptions(**options)  # type: ignore[arg-type]
            return render(body, kept=kept, hidden={}, base_url=base, options=chosen)  # noqa: B023

        parse_ms, tree = timed(lambda: LexborHTMLParser(html))  # noqa: B023
        body = tree.body
        if body is None:
            continue
        kept = find_kept(body, truth["ground_truth"]["main_content"] or "")
        native_ms, native = timed(lambda: write(kept))  # noqa: B023
        second_ms, second = timed(lambda: write(kept, renderer="markdownify"))  # noqa: B023
        pruned = "\n".join(block.html for block in write(kept, html=True).blocks)
        package_ms, _ = timed(lambda: markdownify(pruned))  # noqa: B023
        page_ms, _ = timed(lambda: write(None))
        rows = {
            "bare parse": parse_ms,
            "content, native": native_ms,
            "content, renderer: markdownify": second_ms,
            "content, the markdownify package": package_ms,
            "page, native": page_ms,
        }
        for name, ms in rows.items():
            times.setdefault(name, []).append(ms)
        markdown = "".join(block.gap + block.markdown for block in native.blocks)
        text = "".join(block.gap + block.text for block in native.blocks)
        against_text.append(differing(read_back(markdown), text))
        other = "".join(block.gap + block.markdown for block in second.blocks)
        against_markdownify.append(differing(read_back(markdown), read_back(other)))
    parse = statistics.fmean(times["bare parse"])
    print(f"{len(pages)} pages{'CPU-ms':>40}{'x parse':>10}")
    for name, values in times.items():
        print(f"{name:34}{statistics.fmean(values):14.2f}{statistics.fmean(values) / parse:10.2f}")
    native = statistics.fmean(times["content, native"])
    package = statistics.fmean(times["content, the markdownify package"])
    print(f"native is {package / native:.1f} x faster than the markdownify package on the same content")
    print(f"words that differ: markdown and text {statistics.fmean(against_text):.5f}", end="")
    print(f", native and markdownify {statistics.fmean(against_markdownify):.5f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
