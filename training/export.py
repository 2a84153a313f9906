"""Writes the card that says where the weights come from and what they are worth."""

import statistics
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np

from gateway.core.classifier.features import BLOCK_NAMES, PAGE_NAMES
from gateway.core.classifier.network import Classifier
from training.fit import PageScore, Scores
from training.network import Recipe

_CARD = """\
# Model card: main-content classifier

Convolutional network of {hidden} channels over {of_blocks} features a block and {of_page} a page; a lexicon of
{tokens} class tokens and {words} words. Written by `python -m training` on {date}; not edited by hand.

{corpora}
- Recipe: `{recipe}`{earlier}
- Languages: nearly all pages are English. Text measures work without spaces and without case; what was learned about
  class names and short words is about English ones, and every second page was also shown without them.
- {doubtful} pages of WCXB whose label is plainly wrong (`training/doubtful.toml` says why) were not trained on; figures
  are given with them and without.
- {cut_off} labels of news that leave out more than 0.3 of an article's own paragraphs were not trained on; figures are
  given with them and without.

## Scores

Word-level F1 a page, averaged over pages, of `clean(...).text`. {folds} folds, grouped by domain: no page was
cleaned by a classifier that had seen its site. Means of {seeds} seeds. Figures on pages trained on would say nothing
and are not given.

{tables}

{peers}## Confidence

Mean F1 of the out-of-fold pages by confidence, which is calibrated to the pages of all corpora together on which
something was chosen. The interval is that of the mean, over pages drawn with replacement. Where nothing was found the
confidence is near 0, whether the page has content or not; such a page is worth 1 if it has none, and 0 if it has some.

{confidence}
"""

_CORPORA = {
    "wcxb": "Web Content Extraction Benchmark (WCXB), development split, {pages} pages scored, CC-BY-4.0,\n"
    "  Murrough Foley (2026), `Murrough-Foley/web-content-extraction-benchmark` on GitHub.",
    "news": "News articles, {pages} pages scored, Apache-2.0, `AndyTheFactory/article-extraction-dataset` on GitHub.",
}

_EARLIER = """
- The weights beside this card are of an earlier run, which also learned from the pages of WCXB that are doubted below.
  The figures are of classifiers fitted by this recipe, and of all that `clean` does now."""

# samples of pages that an interval is taken from
_DRAWS = 2000
_PEERS = Path(__file__).with_name("peers.toml")


def write_card(
    path: Path,
    scores: Scores,
    recipe: Recipe,
    *,
    classifier: Classifier,
    hashes: dict[str, str],
    folds: str,
    earlier: bool = False,
) -> None:
    """Write the model card.

    Args:
        scores: out of fold, of all corpora.
        hashes: by corpus, over its pages and labels.
        folds: those that were scored, of how many.
        earlier: the weights are not of this run but of an earlier one.
    """
    parts = {name: scores.of(name) for name in hashes}
    path.write_text(
        _CARD.format(
            hidden=recipe.hidden,
            of_blocks=len(BLOCK_NAMES),
            of_page=len(PAGE_NAMES),
            tokens=len(classifier.lexicon.tokens),
            words=len(classifier.lexicon.words),
            date=date.today().isoformat(),
            corpora="\n".join(
                f"- Corpus: {_CORPORA[name].format(pages=len(part.pages) // scores.seeds)} SHA-256 over pages and\n"
                f"  labels: `{hashes[name]}`."
                for name, part in parts.items()
            ),
            recipe=recipe,
            folds=folds,
            earlier=_EARLIER if earlier else "",
            seeds=scores.seeds,
            doubtful=_count_doubtful(scores, "wcxb"),
            cut_off=_count_doubtful(scores, "news"),
            peers=tabulate_peers(list(parts)),
            tables="\n\n".join(f"### {name}\n\n{part.table()}" for name, part in parts.items()),
            confidence="\n\n".join(
                f"### {name}: confidence\n\n| confidence | pages | mean confidence | F1 | 95 % interval |\n"
                "|---|---|---|---|---|\n" + tabulate_confidence(part, classifier)
                for name, part in parts.items()
            ),
        ),
        "utf-8",
    )


def _count_doubtful(scores: Scores, corpus: str) -> int:
    return sum(page.is_doubtful for page in scores.of(corpus).pages) // scores.seeds


def tabulate_peers(corpora: Sequence[str]) -> str:
    """What `training.peers` measured of others on the same corpora, as a section; empty where it was not run."""
    if not _PEERS.exists():
        return ""
    peers = tomllib.loads(_PEERS.read_text("utf-8"))
    rows = [
        f"| {name} | {' | '.join(f'{of[corpus]:.4f}' for corpus in corpora)} |"
        for name, of in peers["f1"].items()
    ]
    head = [f"| peer | {' | '.join(corpora)} |", "|---" * (len(corpora) + 1) + "|"]
    table = "\n".join(head + rows)
    return f"### Peers\n\nThe same pages and the same F1, of each peer's text ({peers['measured']}):\n\n{table}\n\n"


def tabulate_confidence(scores: Scores, classifier: Classifier) -> str:
    """Rows of a table: pages by calibrated confidence, and the mean F1 they came to with its interval."""
    empty = [page for page in scores.pages if page.is_empty]
    lines = [_row_of("nothing found", empty, classifier, scores.seeds)] if empty else []
    chosen = [page for page in scores.pages if not page.is_empty]
    confidence = _calibrated(chosen, classifier)
    for low, high in pairwise((0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)):
        inside = [page for page, sure in zip(chosen, confidence, strict=True) if low <= sure < high]
        if inside:
            lines.append(_row_of(f"{low:.1f} to {min(high, 1):.1f}", inside, classifier, scores.seeds))
    return "\n".join(lines)


def _row_of(name: str, pages: Sequence[PageScore], classifier: Classifier, seeds: int) -> str:
    low, high = interval_of(pages)
    mean = statistics.fmean(page.f1 for page in pages)
    stated = _calibrated(pages, classifier).mean()
    return f"| {name} | {len(pages) // seeds} | {stated:.3f} | {mean:.3f} | {low:.3f} to {high:.3f} |"


def _calibrated(pages: Sequence[PageScore], classifier: Classifier) -> np.ndarray:
    stated: np.ndarray = np.interp(
        [page.confidence for page in pages], classifier.expected, classifier.observed
    )
    return stated


def interval_of(pages: Sequence[PageScore]) -> tuple[float, float]:
    """Where 95 % of the means of F1 lie, over pages drawn with replacement; a page's seeds are drawn together."""
    by_page: dict[tuple[str, str], list[float]] = defaultdict(list)
    for page in pages:
        by_page[page.corpus, page.page_id].append(page.f1)
    sums = np.array([sum(f1) for f1 in by_page.values()])
    counts = np.array([len(f1) for f1 in by_page.values()])
    drawn = np.random.default_rng(0).integers(len(sums), size=(_DRAWS, len(sums)))
    low, high = np.quantile(sums[drawn].sum(1) / counts[drawn].sum(1), (0.025, 0.975))
    return float(low), float(high)
