"""Tokens before and after: the fixture pages one by one, and a labelled corpus as a median.

    python -m bench.tokens [--data ../shared/data/wcxb]
    python -m bench.record tokens --data ../shared/data/wcxb    # into bench/results and the README

Counts are o200k_base, of the HTML as received and of the markdown returned. A saving is worth something only
beside the F1, which `python -m training` cross-validates (gateway/core/classifier/weights/MODEL_CARD.md).
"""

import argparse
import gzip
import json
import statistics
from pathlib import Path

from bench.figures import note
from bench.processes import ROOT
from gateway.core import clean
from gateway.core.tokens.counters import get_counter


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="a WCXB split: html/ and ground-truth/")
    arguments = parser.parse_args()
    count = get_counter("o200k_base")
    fixtures = {}
    print("| page | HTML | markdown | saved |\n|---|---|---|---|")
    for source in sorted((ROOT / "fixtures" / "pages").glob("*/source.html")):
        html = source.read_text("utf-8")
        origin = (source.parent / "ORIGIN.md").read_text("utf-8")
        url = next(
            line.removeprefix("- Page: ") for line in origin.splitlines() if line.startswith("- Page: ")
        )
        before, after = count(html), count(clean(html, url=url).markdown)
        print(f"| {source.parent.name} | {before:,} | {after:,} | {1 - after / before:.0%} |")
        fixtures[source.parent.name] = {
            "html": before,
            "markdown": after,
            "saved_percent": 100 * (1 - after / before),
        }
    note(fixtures=fixtures)
    if arguments.data:
        pairs = []
        for path in sorted((arguments.data / "html").glob("*.html.gz")):
            html = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
            truth = arguments.data / "ground-truth" / f"{path.name.partition('.')[0]}.json"
            url = json.loads(truth.read_text("utf-8")).get("url")
            pairs.append((count(html), count(clean(html, url=url).markdown)))
        saved = statistics.median(1 - after / before for before, after in pairs if before)
        before, after = (statistics.median(column) for column in zip(*pairs, strict=True))
        note(pages=len(pairs), html=int(before), markdown=int(after), saved_percent=100 * saved)
        print(f"\n{len(pairs)} pages: median {before:,.0f} → {after:,.0f} tokens, median saving {saved:.1%}")


if __name__ == "__main__":
    main()
