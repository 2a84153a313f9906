"""From labelled corpora to the classifier's weights: `python -m training --corpus DIR --news DIR`.

Reads every page as the product does, labels its blocks, and cross-validates in folds grouped by domain: a
fold's pages are cleaned, end to end, by a network and a lexicon that never saw their sites. Those figures, and
nothing measured on pages trained on, go into the model card. The confidence is calibrated on the same
out-of-fold pages. Pages whose label is plainly wrong (doubtful.toml) do not teach; figures are given with them and
without. The weights that ship are fitted on all others by the same recipe. The same corpus gives the
same weights, byte for byte, on the same machine and versions (`tests/training`).
"""

import argparse
import sys
import time
from pathlib import Path

from gateway.core.classifier.network import load_classifier
from training.corpus import hash_corpus, hash_samples, read_news
from training.export import write_card
from training.fit import Scores, calibrate, cross_validate, fit_classifier, read_corpus
from training.network import Recipe
from training.weights import write_classifier

WEIGHTS = Path(__file__).parent.parent / "gateway" / "core" / "classifier" / "weights"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument(
        "--corpus", type=Path, required=True, help="folder with html/, ground-truth/, metadata.json"
    )
    parser.add_argument("--news", type=Path, help="folder with html/, articles.json")
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument(
        "--seeds", type=int, default=1, help="cross-validate with so many; the figures are their mean"
    )
    parser.add_argument(
        "--fits",
        type=Path,
        help="folder that keeps the folds' classifiers: rules outside the network do not fit again",
    )
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument(
        "--card", action="store_true", help="leave the weights as they are, and write their card alone"
    )
    kept.add_argument(
        "--calibrate", action="store_true", help="leave all weights but those of the confidence as they are"
    )
    parser.add_argument("--only-folds", type=int, help="cross-validate so many folds and write nothing")
    args = parser.parse_args()

    def say(text: str) -> None:
        print(f"{time.process_time():7.0f} s CPU  {text}", file=sys.stderr, flush=True)

    seeds = [Recipe(seed=seed) for seed in range(args.seeds)]
    say("reading the corpus")
    corpus = read_corpus(args.corpus, news=args.news, folds=args.folds)
    say(
        f"{len(corpus.pages)} pages, {sum(len(page.labels) for page in corpus.pages)} blocks; cross-validating"
    )
    folds = range(args.only_folds or args.folds)
    pages = [
        page
        for recipe in seeds
        for page in cross_validate(corpus, folds=folds, recipe=recipe, say=say, fits=args.fits).pages
    ]
    scores = Scores(pages, len(seeds))
    for name in dict.fromkeys(page.corpus for page in pages):
        print(f"{name}\n{scores.of(name).table()}\n")
    if args.only_folds:
        return 0
    if args.card or args.calibrate:
        classifier = load_classifier()
    else:
        say("fitting on all pages")
        classifier = fit_classifier(corpus, leave_out=None, recipe=seeds[0])
    if not args.card:
        classifier = calibrate(classifier, scores)
        write_classifier(args.output / "classifier.npz", classifier)
    write_card(
        args.output / "MODEL_CARD.md",
        scores,
        seeds[0],
        classifier=classifier,
        folds=f"{args.folds} of {args.folds}",
        earlier=args.card or args.calibrate,
        hashes={
            "wcxb": hash_corpus(args.corpus),
            **({"news": hash_samples(read_news(args.news))} if args.news else {}),
        },
    )
    say(f"written to {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
