"""Writes what was learned: half-precision arrays in one file, and a card that says where they come from."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np

from gateway.core.classifier.features import BLOCK_NAMES, PAGE_NAMES
from gateway.core.classifier.network import Classifier
from training.fit import Scores
from training.network import Recipe

_CARD = """\
# Model card: main-content classifier

Convolutional network of {hidden} channels over {of_blocks} features a block and {of_page} a page; a lexicon of
{tokens} class tokens and {words} words. Written by `python -m training` on {date}; not edited by hand.

- Corpus: Web Content Extraction Benchmark (WCXB), development split, {pages} pages, CC-BY-4.0, Murrough Foley
  (2026), `Murrough-Foley/web-content-extraction-benchmark` on GitHub. SHA-256 over pages and labels: `{corpus}`.
- Recipe: `{recipe}`
- Languages: nearly all pages are English. Text measures work without spaces and without case, but what was learned
  about class names and short words is about English ones.

## Scores

Word-level F1 a page, averaged over pages, of `clean(...).text`. Five folds, grouped by domain: no page was cleaned by
a classifier that had seen its site. Figures on pages trained on would say nothing and are not given.

{table}

## Confidence

Mean F1 of the out-of-fold pages by confidence, which is what the confidence is calibrated to:

| confidence | pages | F1 |
|---|---|---|
{confidence}
"""

_WIDE = {"low", "high", "input_weight", "input_bias"}  # half precision does not span features as they are


def write_classifier(path: Path, classifier: Classifier) -> None:
    """Write the arrays `gateway.core.classifier.network.read_classifier` reads."""
    half = np.float16
    arrays: dict[str, np.ndarray] = {
        "expected": classifier.expected,
        "observed": classifier.observed,
    }
    for name, table in (("tokens", classifier.lexicon.tokens), ("words", classifier.lexicon.words)):
        arrays[f"{name}_names"] = np.frombuffer("\n".join(table).encode(), dtype=np.uint8)
        arrays[f"{name}_scores"] = np.array(list(table.values()), dtype=half)
    for field, weights in classifier.network._asdict().items():
        arrays[field] = weights.astype(np.float32 if field in _WIDE else half)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, allow_pickle=False, **arrays)


def write_card(
    path: Path, scores: Scores, recipe: Recipe, *, classifier: Classifier, corpus_hash: str
) -> None:
    """Write the model card."""
    path.write_text(
        _CARD.format(
            hidden=recipe.hidden,
            of_blocks=len(BLOCK_NAMES),
            of_page=len(PAGE_NAMES),
            tokens=len(classifier.lexicon.tokens),
            words=len(classifier.lexicon.words),
            date=date.today().isoformat(),
            pages=len(scores.pages),
            corpus=corpus_hash,
            recipe=recipe,
            table=scores.table(),
            confidence=_confidence_table(scores, classifier),
        ),
        "utf-8",
    )


def _confidence_table(scores: Scores, classifier: Classifier) -> str:
    confidence = np.interp([p.confidence for p in scores.pages], classifier.expected, classifier.observed)
    f1 = np.array([page.f1 for page in scores.pages])
    edges = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
    lines = []
    for low, high in pairwise(edges):
        inside = (confidence >= low) & (confidence < high)
        if inside.any():
            lines.append(f"| {low:.1f} to {min(high, 1):.1f} | {inside.sum()} | {f1[inside].mean():.3f} |")
    return "\n".join(lines)
