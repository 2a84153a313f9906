"""Examples from pages, classifiers from examples, and honest figures for both."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gateway.core import clean
from gateway.core.classifier.features import Features, PageHints
from gateway.core.classifier.lexicon import Lexicon
from gateway.core.classifier.native import build_features
from gateway.core.classifier.network import PAGE_TYPES, Classifier, Network, read_classifier
from gateway.core.dom.blocks import Blocks
from gateway.core.model.page import CleanOptions
from gateway.core.parsing import read
from training.corpus import Sample, domain_of, read_doubtful, read_news, read_samples
from training.labels import label_blocks, share_left_out
from training.lexicon import Counts, count_group, learn_lexicon
from training.network import REACH, Example, Recipe, fit_network
from training.score import word_f1, words_of
from training.weights import write_classifier

_PARTS = 5  # of a fold: each part's rows are described by the lexicon of all other parts
_SAMPLED = 100  # blocks a page that the scale of the features is taken from
_BINS = 25  # of equal size, for the calibration
_LEFT_OUT = 0.3  # of an article's paragraphs: a label with less is cut off and teaches the wrong end
_NAMELESS = 2  # every so-manieth page is also shown without what the lexicon knows
_NO_LEXICON = Lexicon({}, {})


Group = tuple[int, int]  # fold, and part of it; a domain is in one group


class Labelled(NamedTuple):
    """A page, its blocks and which of them are its content."""

    sample: Sample
    blocks: Blocks
    head: PageHints
    labels: np.ndarray
    group: Group
    teaches: bool
    # the label is plainly wrong
    is_doubtful: bool = False

    @property
    def fold(self) -> int:
        return self.group[0]


class Corpus(NamedTuple):
    """The labelled pages, and by group what they say of tokens and words."""

    pages: list[Labelled]
    counts: dict[Group, Counts]


class PageScore(NamedTuple):
    """What became of a page whose site was left out of the training."""

    page_type: str
    guessed_type: str
    f1: float
    confidence: float
    corpus: str = "wcxb"
    is_doubtful: bool = False
    page_id: str = ""
    # nothing was chosen: the page was taken for one without content
    is_empty: bool = False


class Scores(NamedTuple):
    """Of one cross-validation a seed: every page once for each."""

    pages: list[PageScore]
    seeds: int = 1

    def by_type(self) -> dict[str, list[float]]:
        groups: dict[str, list[float]] = defaultdict(list)
        for page in self.pages:
            groups[page.page_type].append(page.f1)
        return {kind: groups[kind] for kind in PAGE_TYPES if groups[kind]} | {
            "total": [p.f1 for p in self.pages]
        }

    def of(self, corpus: str) -> "Scores":
        return Scores([page for page in self.pages if page.corpus == corpus], self.seeds)

    def without_doubtful(self) -> "Scores":
        """Without the pages whose label is plainly wrong."""
        return Scores([page for page in self.pages if not page.is_doubtful], self.seeds)

    def page_type_accuracy(self) -> float:
        return statistics.fmean(page.page_type == page.guessed_type for page in self.pages)

    def table(self) -> str:
        """By page type, also without doubtful pages where there are some."""
        sound = self.without_doubtful()
        doubted = len(sound.pages) < len(self.pages)
        lines = [
            "| page type | pages | F1 |" + " of these with a sound label | F1 |" * doubted,
            "|---|---|---|" + "---|---|" * doubted,
        ]
        of_sound = sound.by_type()
        for kind, f1 in self.by_type().items():
            line = f"| {kind} |{self._cells(f1)}"
            lines.append(line + self._cells(of_sound.get(kind, [])) * doubted)
        return "\n".join([*lines, "", f"Page type guessed right: {self.page_type_accuracy():.3f}"])

    def _cells(self, f1: list[float]) -> str:
        return f" {len(f1) // self.seeds} | {statistics.fmean(f1):.4f} |" if f1 else " 0 | |"


def read_corpus(folder: Path, *, news: Path | None = None, folds: int) -> Corpus:
    """Every page, walked and labelled; its markup is kept for the end-to-end score.

    Args:
        folder: the Web Content Extraction Benchmark.
        news: the news articles. With them a domain is a registered one in both, and in one fold.
        folds: so many.
    """
    samples = list(read_samples(folder))
    if news is not None:
        samples = [sample._replace(domain=domain_of(sample.url) or sample.domain) for sample in samples]
        samples += read_news(news)
    group_of = _assign_groups([sample.domain for sample in samples], folds)
    doubtful = read_doubtful()
    pages = []
    for sample in samples:
        parsed = read(sample.html, url=sample.url, options=CleanOptions())
        labels = label_blocks(parsed.blocks.texts, sample.content)
        teaches = _teaches(sample, labels, is_content=parsed.is_content)
        if sample.corpus == "news":
            is_doubtful = share_left_out(parsed.blocks, labels) > _LEFT_OUT
        else:
            is_doubtful = sample.page_id in doubtful
        pages.append(
            Labelled(
                sample,
                parsed.blocks,
                parsed.head,
                labels,
                group_of[sample.domain],
                teaches and not is_doubtful,
                is_doubtful,
            )
        )
    counts = {
        group: count_group(
            (p.sample.domain, p.blocks, p.labels)
            for p in pages
            if p.group == group and p.teaches and p.labels.any()
        )
        for group in sorted(set(group_of.values()))
    }
    return Corpus(pages, counts)


def _teaches(sample: Sample, labels: np.ndarray, *, is_content: bool) -> bool:
    """Whether there is a lesson: that blocks are the content, or that none is (a wall, an empty shell).

    There is none on a page recovered from data, which leaves no choice, or without its truth in the DOM.
    """
    return not is_content and bool(labels.any() or (len(labels) and not words_of(sample.content)))


def _assign_groups(domains: list[str], folds: int) -> dict[str, Group]:
    """Domains to folds, and those of a fold to its parts."""
    fold_of = _assign_folds(domains, folds)
    group_of: dict[str, Group] = {}
    for fold in range(folds):
        part_of = _assign_folds([domain for domain in domains if fold_of[domain] == fold], _PARTS)
        group_of |= {domain: (fold, part) for domain, part in part_of.items()}
    return group_of


def _assign_folds(domains: list[str], folds: int) -> dict[str, int]:
    """Whole domains, the largest first, each to the fold with the fewest pages; ties by a fixed shuffle."""
    sizes = Counter(domains)
    names = sorted(sizes)
    np.random.default_rng(0).shuffle(names)
    pages, fold_of = [0] * folds, {}
    for name in sorted(names, key=lambda name: -sizes[name]):
        fold_of[name] = pages.index(min(pages))
        pages[fold_of[name]] += sizes[name]
    return fold_of


def fit_classifier(corpus: Corpus, *, leave_out: int | None, recipe: Recipe) -> Classifier:
    """Fit on all folds but one; confidences are not calibrated yet."""
    counts = {group: count for group, count in corpus.counts.items() if group[0] != leave_out}
    named = [page for page in corpus.pages if page.fold != leave_out and page.teaches]
    lexicons = {group: learn_lexicon(counts[other] for other in counts if other != group) for group in counts}
    features = [build_features(page.blocks, page.head, lexicons[page.group]) for page in named]
    # In other languages, and with class names that a machine made, the lexicon knows nothing: so it is learned too
    # what is left to go by then.
    nameless = named[::_NAMELESS]
    features += [build_features(page.blocks, page.head, _NO_LEXICON) for page in nameless]
    used = named + nameless
    scale = measure_scale(features)
    examples = [
        Example(scale.apply(spread(f)), page.labels, f.words, PAGE_TYPES.index(page.sample.page_type))
        for page, f in zip(used, features, strict=True)
    ]
    del features
    network = scale.fold_into(fit_network(examples, recipe=recipe))
    identity = np.array([0.0, 1.0], dtype=np.float32)
    return Classifier(learn_lexicon(counts.values()), network, identity, identity)


class Scale(NamedTuple):
    """Makes all features alike for the fit; in the network that comes of it, it is part of the weights."""

    mean: np.ndarray
    slope: np.ndarray  # 0 switches a feature off that never varies

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """(features, blocks) to (blocks, features) within REACH, in half precision: there are many."""
        scaled = (rows - self.mean[:, None]) * self.slope[:, None]
        return np.clip(scaled, -REACH, REACH).T.astype(np.float16)

    def fold_into(self, network: Network) -> Network:
        """The same network for features as they are."""
        reach = REACH / np.where(self.slope > 0, self.slope, np.inf)
        return network._replace(
            low=self.mean - reach,
            high=self.mean + reach,
            input_weight=network.input_weight * self.slope[:, None],
            input_bias=network.input_bias - (self.mean * self.slope) @ network.input_weight,
        )


def measure_scale(features: list[Features]) -> Scale:
    """The scale of all features, over a sample of every page's blocks."""
    sampled = np.concatenate(
        [
            spread(f)[:, np.linspace(0, len(f.words) - 1, min(_SAMPLED, len(f.words))).astype(int)]
            for f in features
        ],
        axis=1,
    )
    deviation = sampled.std(axis=1)
    varies = deviation > 1e-5
    slope = np.where(varies, 1 / np.where(varies, deviation, 1), 0)
    return Scale(sampled.mean(axis=1).astype(np.float32), slope.astype(np.float32))


def spread(features: Features) -> np.ndarray:
    """All rows, with what holds of the page repeated for every block."""
    of_page = np.broadcast_to(features.page[:, None], (len(features.page), len(features.words)))
    return np.concatenate((features.rows, of_page))


def cross_validate(
    corpus: Corpus,
    *,
    folds: Iterable[int],
    recipe: Recipe,
    say: Callable[[str], None],
    fits: Path | None = None,
) -> Scores:
    """Clean every page of each fold with a classifier fitted on the others.

    Args:
        fits: where those classifiers are kept, and taken from if they are there. The folder is for one corpus and one
            recipe but for its seed, and for features and labels as they are.
    """
    pages: list[PageScore] = []
    for fold in folds:
        classifier = _fit_once(corpus, leave_out=fold, recipe=recipe, fits=fits)
        scored = [_score(page, classifier) for page in corpus.pages if page.fold == fold]
        pages += scored
        say(f"fold {fold}: F1 {statistics.fmean(page.f1 for page in scored):.4f} on {len(scored)} pages")
    return Scores(pages)


def _fit_once(corpus: Corpus, *, leave_out: int, recipe: Recipe, fits: Path | None) -> Classifier:
    if fits is None:
        return fit_classifier(corpus, leave_out=leave_out, recipe=recipe)
    path = fits / f"s{recipe.seed}f{leave_out}.npz"
    if not path.exists():
        write_classifier(path, fit_classifier(corpus, leave_out=leave_out, recipe=recipe))
    with path.open("rb") as file:
        return read_classifier(file)


def _score(labelled: Labelled, classifier: Classifier) -> PageScore:
    sample = labelled.sample
    page = clean(sample.html, url=sample.url, classifier=classifier)
    f1 = word_f1(page.text, sample.content)
    return PageScore(
        sample.page_type,
        page.page_type or "",
        f1,
        page.confidence or 0.0,
        sample.corpus,
        labelled.is_doubtful,
        sample.page_id,
        is_empty=not page.text,
    )


def calibrate(classifier: Classifier, scores: Scores) -> Classifier:
    """Map the confidence as computed to the mean F1 it came to out of fold, rising throughout.

    Where nothing was chosen there is no choice to be sure of: such a page is worth 1 if it has no content and 0 if it
    has, and would lift the least confidences of choices that were made.
    """
    pages = sorted((page.confidence, page.f1) for page in scores.pages if not page.is_empty)
    bins = np.array_split(np.array(pages), _BINS)
    expected = [float(part[:, 0].mean()) for part in bins]
    observed = _isotonic([float(part[:, 1].mean()) for part in bins])
    return classifier._replace(
        expected=np.array([0.0, *expected, 1.0], dtype=np.float32),
        observed=np.array([0.0, *observed, observed[-1]], dtype=np.float32),
    )


def _isotonic(values: list[float]) -> list[float]:
    """The closest rising sequence (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in values:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, few), (high, more) = pools.pop(), pools.pop()
            pools.append(((low * few + high * more) / (few + more), few + more))
    return [value for value, count in pools for _ in range(count)]
