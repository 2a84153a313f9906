"""The same corpus gives the same weights, byte for byte, whatever the order a process keeps its sets in."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the `training` extra")

KINDS = ("article", "forum", "product")
PAGES = 30


def write_corpus(folder: Path) -> None:
    """A few small pages in the layout of WCXB: menu, content under one of three class names, footer."""
    for name in ("html", "ground-truth"):
        (folder / name).mkdir(parents=True)
    about = {}
    for number in range(PAGES):
        kind = KINDS[number % len(KINDS)]
        sentences = [
            f"Sentence {i} of page {number} is about what it is, and not of much else." for i in range(6)
        ]
        html = (
            f"<title>Page {number}</title><nav class=menu><a href=/>Home</a> <a href=/a>Share {number}</a></nav>"
            f"<div class='{kind}-body'><h1>Page {number}</h1>{''.join(f'<p>{s}</p>' for s in sentences)}</div>"
            "<footer class=site-footer><p>Reply to us and share</p></footer>"
        )
        content = "\n".join([f"Page {number}", *sentences])
        truth = {"url": f"https://site{number}.test/", "ground_truth": {"main_content": content}}
        about[f"{number:04}"] = {"domain": f"site{number}.test", "page_type": kind}
        (folder / "html" / f"{number:04}.html.gz").write_bytes(gzip.compress(html.encode(), mtime=0))
        (folder / "ground-truth" / f"{number:04}.json").write_text(json.dumps(truth))
    (folder / "metadata.json").write_text(json.dumps(about))


def train(corpus: Path, output: Path, *, hash_seed: str) -> bytes:
    command = [sys.executable, "-m", "training", "--corpus", str(corpus), "--output", str(output)]
    subprocess.run(
        [*command, "--folds", "2"],
        check=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        timeout=300,
    )
    return (output / "classifier.npz").read_bytes()


def test_training_writes_the_same_weights_twice(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus")
    first = train(tmp_path / "corpus", tmp_path / "first", hash_seed="1")
    assert first == train(tmp_path / "corpus", tmp_path / "second", hash_seed="2")
