"""The quality gate: 200 pages of the labelled corpus, whose figures may not fall.

The classifier was trained on these pages, so the figures are in-sample: a gate against regressions, not a claim.
What it is worth on pages it never saw stands in its model card.
"""

import os
import random
import re
import statistics
from collections import defaultdict
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from gateway.core import Page, clean
from training.corpus import Sample, hash_corpus, page_ids, read_samples
from training.score import word_f1

CORPUS = Path(os.environ.get("WINNOW_CORPUS") or Path(__file__).parents[2] / "shared" / "data" / "wcxb")
CORPUS_HASH = "20a45b40fa40f1308df3912e9df4c527023ea712856341efcbf536b34d90d344"
# Mean F1 by page type on those pages. Lowered only with a reason in the commit.
FLOORS = {
    "all": 0.907,
    "article": 0.965,
    "documentation": 0.966,
    "forum": 0.822,
    "service": 0.872,
    "collection": 0.780,
    "listing": 0.840,
    "product": 0.688,
}
MAX_DIFFERENCE = 0.003  # of F1, between the text and the markdown stripped of its marks
TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.S)

Cleaned = list[tuple[Sample, Page]]


@pytest.fixture(scope="module")
def ids() -> list[str]:
    if not (CORPUS / "ground-truth").is_dir():
        pytest.skip(f"no corpus at {CORPUS}: set WINNOW_CORPUS to a copy of WCXB's development split")
    return sorted(random.Random(0).sample(page_ids(CORPUS), 200))


@pytest.fixture(scope="module")
def cleaned(ids: list[str]) -> Cleaned:
    return [(sample, clean(sample.html, url=sample.url)) for sample in read_samples(CORPUS, ids)]


def strip_markdown(markdown: str) -> str:
    out: list[str] = []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown):
        out += [
            child.content if child.type in ("text", "code_inline") else "\n" if "break" in child.type else ""
            for child in token.children or []
        ]
        out.append("\n" if token.type == "inline" else token.content if token.type != "html_block" else "")
        if token.type == "html_block":
            out.append(TAG.sub(" ", token.content))
    return "".join(out)


def test_floors_are_for_these_pages(ids: list[str]) -> None:
    assert hash_corpus(CORPUS, ids) == CORPUS_HASH


def test_content_is_as_good_as_it_was(cleaned: Cleaned) -> None:
    scores: dict[str, list[float]] = defaultdict(list)
    for sample, page in cleaned:
        f1 = word_f1(page.text, sample.content)
        scores[sample.page_type].append(f1)
        scores["all"].append(f1)
    means = {kind: round(statistics.fmean(f1), 4) for kind, f1 in scores.items()}
    fallen = {kind: (means[kind], floor) for kind, floor in FLOORS.items() if means[kind] < floor}
    assert not fallen, f"F1 now and its floor: {fallen}; all of it: {means}"


def test_markdown_says_what_the_text_says(cleaned: Cleaned) -> None:
    text = statistics.fmean(word_f1(page.text, sample.content) for sample, page in cleaned)
    marked = statistics.fmean(
        word_f1(strip_markdown(page.markdown), sample.content) for sample, page in cleaned
    )
    assert marked == pytest.approx(text, abs=MAX_DIFFERENCE)


def test_confidence_tells_good_pages_from_bad(cleaned: Cleaned) -> None:
    by_sureness: dict[bool, list[float]] = defaultdict(list)
    for sample, page in cleaned:
        by_sureness[(page.confidence or 0) >= 0.8].append(word_f1(page.text, sample.content))
    assert statistics.fmean(by_sureness[True]) > statistics.fmean(by_sureness[False]) + 0.1
