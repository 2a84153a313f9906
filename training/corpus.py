"""The labelled corpus, as the Web Content Extraction Benchmark publishes it: html/, ground-truth/, metadata.json."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


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


def page_ids(corpus: Path) -> list[str]:
    return sorted(path.stem for path in (corpus / "ground-truth").glob("*.json"))


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


def hash_corpus(corpus: Path, ids: list[str] | None = None) -> str:
    """SHA-256 over ids, labels and pages (unpacked): what a figure was measured on."""
    digest = hashlib.sha256()
    for sample in read_samples(corpus, ids):
        for part in (sample.page_id.encode(), sample.html, sample.content.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
