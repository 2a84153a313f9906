"""Score title, author and date on WCXB's ground truth, beside trafilatura where it is installed.

    python -m bench.metadata --data DIR                  # one table: share right of the pages that have the fact

A title or name is right with the same words in the same order ("and" aside), a date with the same day. `stated`
is the share of pages where something was said, `invented` the pages with no such fact where it was. Only the
page's HTML and address are given to either. CPU ms include the parse of each.
"""

import argparse
import gzip
import html
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

WORD = re.compile(r"\w+")
JOINS = ("and", "by")  # between names, before them
FACTS = {"title": "title", "author": "author", "published": "publish_date"}
Reader = Callable[[str, str], dict[str, str | None]]


def winnow() -> Reader:
    from selectolax.lexbor import LexborHTMLParser

    from gateway.core.metadata.page_metadata import read_metadata
    from gateway.core.metadata.structured import read_structured

    def read(text: str, url: str) -> dict[str, str | None]:
        tree = LexborHTMLParser(text, scripting=True)
        facts = read_metadata(tree, read_structured(tree, base_url=url), url=url)
        return {"title": facts.title, "author": facts.metadata.author, "published": facts.metadata.published}

    return read


def trafilatura() -> Reader:
    from trafilatura.metadata import extract_metadata

    def read(text: str, url: str) -> dict[str, str | None]:
        found = extract_metadata(text, default_url=url or None)
        return {"title": found.title, "author": found.author, "published": found.date} if found else {}

    return read


def same(fact: str, said: str, truth: str) -> bool:
    if fact == "published":
        return said[:10] == truth[:10]
    left, right = (
        [word for word in WORD.findall(html.unescape(text).lower()) if fact != "author" or word not in JOINS]
        for text in (said, truth)
    )
    return left == right


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="score every n-th page only")
    parser.add_argument("--misses", choices=FACTS, help="print the pages where winnow is wrong")
    args = parser.parse_args()
    readers: dict[str, Reader] = {}
    for make in (winnow, trafilatura):
        try:
            readers[make.__name__] = make()
        except ImportError as exc:
            print(f"{make.__name__} left out: {exc}")
    tally = {
        (name, fact): [0, 0, 0, 0] for name in readers for fact in FACTS
    }  # right, said, invented, with truth
    spent = dict.fromkeys(readers, 0.0)
    files = sorted((args.data / "ground-truth").glob("*.json"))[:: args.every]
    for file in files:
        truth_file = json.loads(file.read_text("utf-8"))
        text = gzip.decompress((args.data / "html" / f"{file.stem}.html.gz").read_bytes()).decode(
            "utf-8", "replace"
        )
        for name, read in readers.items():
            start = time.process_time()
            said = read(text, truth_file.get("url") or "")
            spent[name] += time.process_time() - start
            for fact, field in FACTS.items():
                truth, value, row = truth_file["ground_truth"].get(field), said.get(fact), tally[name, fact]
                if truth:
                    row[0] += bool(value) and same(fact, value or "", truth)
                    row[1] += bool(value)
                    row[3] += 1
                    if args.misses == fact and name == "winnow" and not same(fact, value or "", truth):
                        print(file.stem, repr(truth)[:90], repr(value)[:90], sep=" | ")
                else:
                    row[2] += bool(value)
    print(f"{'':14}" + "".join(f"{fact:>24}" for fact in FACTS))
    print(f"{'':14}" + f"{'right  stated  invented':>24}" * len(FACTS) + f"{'CPU ms':>9}")
    for name in readers:
        cells = [f"{r / n:12.3f}{s / n:7.3f}{i:5}" for r, s, i, n in (tally[name, fact] for fact in FACTS)]
        print(f"{name:14}" + "".join(cells) + f"{spent[name] / len(files) * 1e3:9.2f}")
    print(
        "pages with the fact: "
        + ", ".join(f"{f} {tally['winnow', f][3]}" for f in FACTS)
        + f", of {len(files)}"
    )


if __name__ == "__main__":
    main()
