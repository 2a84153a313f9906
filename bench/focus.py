"""Whether `focus` finds a known snippet of a page by three of its words within a fifth of the page's tokens, on WCXB.

    python -m bench.focus --data DIR                # 300 pages, a fixed sample
    python -m bench.focus --data DIR --pages 0      # all of them

Snippets are those that the corpus names as content. The words are the three longest, and three at random. Pages are
those of 2,000 tokens and more, snippets those that stand in one block. CPU is that of the choice, beside cleaning's.
"""

import argparse
import json
import random
import statistics
import time
from pathlib import Path

from gateway.core import clean
from gateway.core.model.page import Page
from gateway.core.text.words import words_of
from gateway.core.tokens.counters import TokenCounter, get_counter
from gateway.core.tokens.focus import focus
from gateway.core.tokens.formats import parts_of
from training.corpus import page_ids, read_samples

LONG_TOKENS, SHARE, WORDS = 2_000, 5, 3


def words(text: str) -> list[str]:
    return [word for word, _, _ in words_of(text)]


def finds(page: Page, snippet: str, query: list[str], count: TokenCounter, tokens: int) -> tuple[bool, float]:
    """Whether the block of the snippet is kept, and the CPU seconds that took."""
    holder = next(index for index, block in enumerate(page.blocks) if snippet in _plain(block.text))
    began = time.process_time()
    found = focus(page.blocks, parts_of(page), " ".join(query), max_tokens=tokens // SHARE, count=count)
    return holder in found.kept, time.process_time() - began


def _plain(text: str) -> str:
    return " ".join(words(text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--pages", type=int, default=300, help="0: all")
    options = parser.parse_args()
    ids = page_ids(options.data)
    chance = random.Random(0)
    if options.pages:
        ids = sorted(chance.sample(ids, options.pages))
    count = get_counter("o200k_base")
    hits: dict[str, list[bool]] = {"the three longest": [], "three at random": []}
    spent, cleaning, pages = [], [], 0
    for sample in read_samples(options.data, ids):
        truth = json.loads((options.data / "ground-truth" / f"{sample.page_id}.json").read_text("utf-8"))
        began = time.process_time()
        page = clean(sample.html, url=sample.url)
        cleaning.append(time.process_time() - began)
        if (tokens := count(page.markdown)) < LONG_TOKENS:
            continue
        pages += 1
        for known in truth["ground_truth"].get("with") or []:
            snippet = words(known)
            if len(set(snippet)) < WORDS or not any(
                " ".join(snippet) in _plain(block.text) for block in page.blocks
            ):
                continue
            queries = {
                "the three longest": sorted(set(snippet), key=lambda word: (-len(word), word))[:WORDS],
                "three at random": chance.sample(sorted(set(snippet)), WORDS),
            }
            for name, query in queries.items():
                found, seconds = finds(page, " ".join(snippet), query, count, tokens)
                hits[name].append(found)
                spent.append(seconds)
    print(f"{pages} pages of {LONG_TOKENS:,} tokens and more, {len(next(iter(hits.values())))} snippets")
    for name, found in hits.items():
        print(f"{name:<20} found in {sum(found) / max(len(found), 1):.1%}")
    print(
        f"CPU: focus {statistics.median(spent) * 1e3:.1f} ms, cleaning {statistics.median(cleaning) * 1e3:.1f} ms"
    )


if __name__ == "__main__":
    main()
