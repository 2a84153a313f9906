"""Main-content extraction beside its peers, on WCXB: F1 by page type, tokens, and CPU as multiples of a parse.

    python -m bench.extraction --data DIR                # 300 pages, a fixed sample
    python -m bench.extraction --data DIR --pages 0      # all of them

Peers that are not installed are named and left out: pip install trafilatura rs-trafilatura readability-lxml
lxml_html_clean resiliparse html-to-markdown markdownify newspaper4k. Every extractor reads the same pages in the
same run, one page at a time; markdown is stripped to its text before it is scored. CPU is that of the process,
divided by Lexbor's bare parse of the same pages; the ratio holds on a busy machine, milliseconds do not.
Winnow's classifier was trained on the development split: scored there, its F1 is in-sample, and the
cross-validated figure stands in gateway/core/classifier/weights/MODEL_CARD.md.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from bench.figures import note
from gateway.core import clean
from gateway.core.tokens.counters import get_counter
from training.corpus import Sample, page_ids, read_samples
from training.score import word_f1

Extractor = Callable[[str, str], str]


def winnow() -> Extractor:
    return lambda html, url: clean(html, url=url).markdown


def winnow_text() -> Extractor:
    return lambda html, url: clean(html, url=url).text


def trafilatura() -> Extractor:
    extract = import_module("trafilatura").extract
    return lambda html, url: extract(html, url=url or None, output_format="markdown") or ""


def rs_trafilatura() -> Extractor:
    extract = import_module("rs_trafilatura").extract
    return lambda html, url: extract(html, url=url or None).main_content or ""


def readability() -> Extractor:
    document = import_module("readability").Document

    def run(html: str, url: str) -> str:
        return LexborHTMLParser(document(html, url=url or None).summary()).text(separator=" ") or ""

    return run


def resiliparse() -> Extractor:
    extract = import_module("resiliparse.extract.html2text").extract_plain_text
    return lambda html, url: extract(html, main_content=True)


def html_to_markdown() -> Extractor:
    convert: Any = import_module("html_to_markdown").convert

    def run(html: str, url: str) -> str:
        result = convert(html)
        return result if isinstance(result, str) else result.content or ""

    return run


def markdownify() -> Extractor:
    convert = import_module("markdownify").markdownify
    return lambda html, url: convert(html)


def newspaper() -> Extractor:
    article = import_module("newspaper").Article

    def run(html: str, url: str) -> str:
        read = article(url or "http://localhost/", fetch_images=False)
        read.download(input_html=html)
        read.parse()
        return str(read.text)

    return run


EXTRACTORS: dict[str, tuple[Callable[[], Extractor], bool]] = {  # name -> maker, whether it writes markdown
    "winnow, markdown": (winnow, True),
    "winnow, text": (winnow_text, False),
    "rs-trafilatura": (rs_trafilatura, False),
    "trafilatura": (trafilatura, True),
    "resiliparse": (resiliparse, False),
    "readability-lxml": (readability, False),
    "newspaper4k": (newspaper, False),
    "html-to-markdown, whole page": (html_to_markdown, True),
    "markdownify, whole page": (markdownify, True),
}


def strip_markdown(markdown: str) -> str:
    """The text a markdown document shows."""
    out: list[str] = []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown):
        for child in token.children or []:
            out.append(child.content if child.type in ("text", "code_inline") else "\n")
        if token.type in ("inline", "fence", "code_block"):
            out.append(token.content if token.type != "inline" else "\n")
    return "".join(out)


class Result:
    """What one extractor did."""

    def __init__(self) -> None:
        self.f1: dict[str, list[float]] = defaultdict(list)
        self.tokens: list[int] = []
        self.seconds: list[float] = []
        self.failed = 0

    def add(self, sample: Sample, text: str, tokens: int, seconds: float) -> None:
        f1 = word_f1(text, sample.content)
        self.f1[sample.page_type].append(f1)
        self.f1["all"].append(f1)
        self.tokens.append(tokens)
        self.seconds.append(seconds)


def run(samples: list[Sample]) -> tuple[dict[str, Result], list[float], list[int]]:
    """Every extractor on every page; the parse's seconds and the raw pages' tokens beside them."""
    ready = {}
    for name, (make, is_markdown) in EXTRACTORS.items():
        try:
            ready[name] = (make(), is_markdown)
        except ImportError as exc:
            print(f"left out: {name} ({exc})")
    count = get_counter("o200k_base")
    results = {name: Result() for name in ready}
    parses, raw_tokens = [], []
    for sample in samples[:5]:  # imports and tables that load late
        for extract, _ in ready.values():
            extract(sample.html.decode("utf-8", "replace"), sample.url)
    for sample in samples:
        html = sample.html.decode("utf-8", "replace")
        parses.append(measure(lambda html=html: LexborHTMLParser(html))[1])
        raw_tokens.append(count(html))
        for name, (extract, is_markdown) in ready.items():
            try:
                text, seconds = measure(lambda extract=extract, html=html, url=sample.url: extract(html, url))
            except Exception:  # a peer's own; the page counts as empty
                text, seconds = "", 0.0
                results[name].failed += 1
            results[name].add(sample, strip_markdown(text) if is_markdown else text, count(text), seconds)
    return results, parses, raw_tokens


def measure(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    done = work()
    return done, time.process_time() - began


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=300)
    args = parser.parse_args()

    ids = page_ids(args.data, sample=args.pages)
    results, parses, raw_tokens = run(list(read_samples(args.data, ids)))
    kinds = ["all", *sorted({kind for kind in results["winnow, text"].f1 if kind != "all"})]
    print(f"{len(ids)} pages; raw HTML: median {statistics.median(raw_tokens):,.0f} tokens (o200k_base)")
    print(
        f"Lexbor parse: mean {statistics.fmean(parses) * 1e3:.2f} ms, p99 {percentile(parses, 0.99) * 1e3:.1f} ms"
    )
    print(f"| | {' | '.join(kinds)} | tokens, median | saved, median | CPU, mean | CPU, p99 | failed |")
    print("|---" * (len(kinds) + 6) + "|")
    ratios = {
        name: statistics.fmean(each.seconds) / statistics.fmean(parses) for name, each in results.items()
    }
    note(
        pages=len(ids),
        cpu=ratios,
        f1={name: statistics.fmean(each.f1["all"]) for name, each in results.items()},
    )
    for name, result in results.items():
        scores = " | ".join(f"{statistics.fmean(result.f1[kind]):.3f}" for kind in kinds)
        saved = statistics.median(
            1 - tokens / max(1, raw) for tokens, raw in zip(result.tokens, raw_tokens, strict=True)
        )
        tail = percentile(result.seconds, 0.99) / percentile(parses, 0.99)
        print(
            f"| {name} | {scores} | {statistics.median(result.tokens):,.0f} | {saved:.1%} | {ratios[name]:.1f} x "
            f"| {tail:.1f} x | {result.failed} |"
        )


if __name__ == "__main__":
    main()
