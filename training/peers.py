"""What other extractors make of the labelled pages: `python -m training.peers --corpus DIR --news DIR`.

Writes peers.toml, which the model card quotes. A peer that is not installed keeps no row.
"""

import argparse
import statistics
import sys
from collections import defaultdict
from datetime import date
from importlib.metadata import version
from pathlib import Path

from bench.extraction import EXTRACTORS, strip_markdown
from training.corpus import read_news, read_samples
from training.score import word_f1

# as `bench.extraction` calls it, by distribution
PEERS = {
    "resiliparse": "resiliparse",
    "trafilatura": "trafilatura",
    "rs-trafilatura": "rs-trafilatura",
    "readability-lxml": "readability-lxml",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--news", type=Path, required=True)
    args = parser.parse_args()
    samples = [*read_samples(args.corpus), *read_news(args.news)]
    lines = [f'measured = "{date.today().isoformat()}"']
    for name, distribution in PEERS.items():
        make, is_markdown = EXTRACTORS[name]
        try:
            extract = make()
        except ImportError as exc:
            print(f"left out: {name} ({exc})", file=sys.stderr)
            continue
        f1: dict[str, list[float]] = defaultdict(list)
        for sample in samples:
            try:
                text = extract(sample.html.decode("utf-8", "replace"), sample.url)
            except Exception:  # a peer's own; the page counts as empty
                text = ""
            f1[sample.corpus].append(word_f1(strip_markdown(text) if is_markdown else text, sample.content))
        lines.append(f'\n[f1."{name} {version(distribution)}"]')
        lines += [f"{corpus} = {statistics.fmean(of):.4f}" for corpus, of in f1.items()]
        Path(__file__).with_name("peers.toml").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
