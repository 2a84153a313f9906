"""The quality gate: labelled pages, whose figures may not fall. Floors and how they were measured: quality.toml."""

import gzip
import hashlib
import json
import os
import re
import statistics
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from gateway.core import CleanOptions, Page, clean
from tests.requirements import SHARED, require_folder
from training.corpus import Sample, hash_corpus, page_ids, read_samples
from training.score import word_f1

CORPUS = Path(os.environ.get("WINNOW_CORPUS") or SHARED / "data" / "wcxb")
NEWS, CASES = SHARED / "data" / "news", SHARED / "cases"
PINNED: dict[str, Any] = tomllib.loads(Path(__file__).with_name("quality.toml").read_text("utf-8"))
MAX_DIFFERENCE = 0.003  # of F1, between the text and the markdown stripped of its marks
CASES_ADDRESS = "https://harbour.example/2026/pier-plan.html"
TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.S)

Cleaned = list[tuple[Sample, Page]]


@pytest.fixture(scope="module")
def ids() -> list[str]:
    require_folder(CORPUS / "ground-truth")
    pinned = PINNED["wcxb"]
    return page_ids(CORPUS, sample=pinned["sample"], seed=pinned["seed"])


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
    assert hash_corpus(CORPUS, ids) == PINNED["wcxb"]["sha256"]


def test_content_is_as_good_as_it_was(cleaned: Cleaned) -> None:
    scores: dict[str, list[float]] = defaultdict(list)
    for sample, page in cleaned:
        f1 = word_f1(page.text, sample.content)
        scores[sample.page_type].append(f1)
        scores["all"].append(f1)
    floors = PINNED["wcxb"]["f1"]
    means = {kind: round(statistics.fmean(f1), 4) for kind, f1 in scores.items()}
    assert means.keys() == floors.keys()
    fallen = {kind: (means[kind], floor) for kind, floor in floors.items() if means[kind] < floor}
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


def test_news_are_as_good_as_they_were() -> None:
    articles = json.loads((require_folder(NEWS) / "articles.json").read_text("utf-8"))
    digest, scores = hashlib.sha256(), []
    for article in articles:
        html = gzip.decompress((NEWS / "html" / f"{article['id']}.html.gz").read_bytes())
        for part in (html, article["text"].encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
        scores.append(word_f1(clean(html, url=article["url"]).text, article["text"]))
    assert digest.hexdigest() == PINNED["news"]["sha256"], "the floor is for other pages"
    assert round(statistics.fmean(scores), 4) >= PINNED["news"]["f1"]


def test_no_case_that_came_out_right_is_lost() -> None:
    cases = json.loads((require_folder(CASES) / "cases.json").read_text("utf-8"))
    faults = {case["file"]: faults_of(case) for case in cases}
    right = PINNED["cases"]["right"]
    assert set(right) <= faults.keys(), "the floor is for other cases"
    lost = {file: faults[file] for file in right if faults[file]}
    assert not lost, lost
    gained = [file for file, found in faults.items() if not found and file not in right]
    assert not gained, f"write these into quality.toml, so that they are kept: {gained}"


def faults_of(case: dict[str, Any]) -> list[str]:
    """What is wrong with the cleaned page of one case, as score_cases.py judges it."""
    chosen = {"scope": case["scope"]} | ({} if case["images"] == "none" else {"images": case["images"]})
    page = clean((CASES / case["file"]).read_bytes(), url=CASES_ADDRESS, options=CleanOptions(**chosen))
    text = page.text if case["fmt"] == "text" else page.markdown
    faults = [f"lacks {part!r}" for part in case["must"] if part not in text]
    faults += [f"has {part!r}" for part in case["mustnot"] if part in text]
    faults += [f"{part!r} not {n} times" for part, n in case["count"].items() if text.count(part) != n]
    for name, wanted in case["meta"].items():
        found = page.title if name == "title" else getattr(page.metadata, name)
        found = (found or "")[:10] if name == "published" else found
        if (found or None) != wanted:
            faults.append(f"{name} {found!r}, not {wanted!r}")
    return faults
