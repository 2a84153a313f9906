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


def train(corpus: Path, output: Path, *options: str, hash_seed: str = "0") -> None:
    command = [sys.executable, "-m", "training", "--corpus", str(corpus), "--output", str(output)]
    subprocess.run(
        [*command, "--folds", "2", *options],
        check=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        timeout=300,
    )


def test_training_writes_the_same_weights_twice(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus")
    weights = []
    for seed in ("1", "2"):
        train(tmp_path / "corpus", tmp_path / seed, hash_seed=seed)
        weights.append((tmp_path / seed / "classifier.npz").read_bytes())
    assert weights[0] == weights[1]


def test_kept_fits_give_the_same_card_and_are_not_fitted_again(tmp_path: Path) -> None:
    corpus, fits = tmp_path / "corpus", tmp_path / "fits"
    write_corpus(corpus)
    cards, times = [], []
    for run in ("first", "second"):
        output = tmp_path / run
        output.mkdir()
        train(corpus, output, "--card", "--fits", str(fits))
        assert not (output / "classifier.npz").exists()
        cards.append((output / "MODEL_CARD.md").read_text())
        times.append({path.name: path.stat().st_mtime_ns for path in fits.iterdir()})
    assert cards[0] == cards[1]
    assert times[0] == times[1] and times[0].keys() == {"s0f0.npz", "s0f1.npz"}
