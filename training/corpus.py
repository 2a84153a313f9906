"""The labelled corpora: pages, and what people said their content is.

The Web Content Extraction Benchmark publishes html/, ground-truth/ and metadata.json; the news articles are html/
and articles.json.
"""

import gzip
import hashlib
import json
import random
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

_SHORT_SUFFIXES = frozenset(("ac", "co", "com", "gov", "net", "org"))  # before a country's: example.co.uk


class Sample(NamedTuple):
    """A page and what people said its content is."""

    page_id: str
    url: str
    domain: str
    page_type: str
    html: bytes
    content: str
    title: str | None
    author: str | None
    published: str | None
    corpus: str = "wcxb"


def read_doubtful() -> dict[str, str]:
    """The pages of WCXB whose label is plainly wrong: by id, what is wrong with it."""
    found: dict[str, str] = tomllib.loads(Path(__file__).with_name("doubtful.toml").read_text("utf-8"))
    return found


def page_ids(corpus: Path, *, sample: int = 0, seed: int = 0) -> list[str]:
    """In order; where fewer are asked for, always the same ones by a seed. 0 asks for all."""
    ids = sorted(path.stem for path in (corpus / "ground-truth").glob("*.json"))
    return sorted(random.Random(seed).sample(ids, sample)) if 0 < sample < len(ids) else ids


def read_samples(corpus: Path, ids: list[str] | None = None) -> Iterator[Sample]:
    """Pages in the order of their ids."""
    about = json.loads((corpus / "metadata.json").read_text("utf-8"))
    for page_id in ids or page_ids(corpus):
        record = json.loads((corpus / "ground-truth" / f"{page_id}.json").read_text("utf-8"))
        truth = record["ground_truth"]
        with gzip.open(corpus / "html" / f"{page_id}.html.gz") as file:
            html = file.read()
        yield Sample(
            page_id=page_id,
            url=record.get("url") or "",
            domain=about[page_id]["domain"],
            page_type=about[page_id]["page_type"],
            html=html,
            content=truth.get("main_content") or "",
            title=truth.get("title"),
            author=truth.get("author"),
            published=truth.get("publish_date"),
        )


def read_news(corpus: Path) -> Iterator[Sample]:
    """The news articles, in the order of the file; all of them are of the type `article`."""
    for record in json.loads((corpus / "articles.json").read_text("utf-8")):
        with gzip.open(corpus / "html" / f"{record['id']}.html.gz") as file:
            html = file.read()
        yield Sample(
            page_id=record["id"],
            url=record["url"],
            domain=domain_of(record["url"]),
            page_type="article",
            html=html,
            content=record["text"],
            title=record["title"],
            author=None,
            published=None,
            corpus="news",
        )


def domain_of(url: str) -> str:
    """The registered part of a host, near enough to keep a site's pages in one fold: `example.co.uk`."""
    labels = (urlsplit(url).hostname or "").split(".")
    is_short = len(labels) > 2 and labels[-2] in _SHORT_SUFFIXES and len(labels[-1]) == 2
    return ".".join(labels[-3 if is_short else -2 :])


def hash_corpus(corpus: Path, ids: list[str] | None = None) -> str:
    """SHA-256 over ids, labels and pages (unpacked): what a figure was measured on."""
    return hash_samples(read_samples(corpus, ids))


def hash_samples(samples: Iterable[Sample]) -> str:
    """SHA-256 over ids, labels and pages (unpacked)."""
    digest = hashlib.sha256()
    for sample in samples:
        for part in (sample.page_id.encode(), sample.html, sample.content.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
