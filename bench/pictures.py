"""Pictures of the content beside those that Mozilla's reader mode keeps, on articles of WCXB and the news.

    npm install --prefix DIR @mozilla/readability linkedom
    python -m bench.pictures --reader DIR --wcxb DIR --news DIR
    python -m bench.pictures ... --kept FILE       # what reader mode kept is written there, and read the next time
    python -m bench.pictures ... --differences     # a line for each picture that only one of the two keeps

Reader mode is no truth: it keeps cards of other stories, avatars and logos, and leaves out pictures that stand apart
from the text. Two pictures are one where they share an address, or the name of their file. Left out are those that
reader mode keeps without an address or at a size of 1 or 2 pixels. Prints the pictures that reader mode keeps, how
many of them are kept here, and how many are kept here that reader mode leaves out.
"""

import argparse
import json
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from gateway.core import CleanOptions, clean
from gateway.core.documents.charset import decode
from training.corpus import Sample, read_news, read_samples

_SCRIPT = Path(__file__).with_name("reader_mode.mjs")
_INVISIBLE = ("1", "2", "1px", "2px")
_LEAST_NAME = 6  # characters of a file's name that tell one picture from another

Picture = list[list[str]]  # names and values of attributes


def read_articles(wcxb: Path | None, news: Path | None) -> Iterator[Sample]:
    if wcxb is not None:
        yield from (sample for sample in read_samples(wcxb) if sample.page_type == "article")
    if news is not None:
        yield from read_news(news)


def ask_reader_mode(samples: list[Sample], modules: Path) -> dict[str, list[Picture]]:
    """By page, the pictures that reader mode keeps."""
    lines = [
        json.dumps({"id": sample.page_id, "url": sample.url, "html": decode(sample.html).text})
        for sample in samples
    ]
    done = subprocess.run(
        ["node", str(_SCRIPT), str(modules)],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for page in found:
        if "fault" in page:
            print(f"{page['id']}: {page['fault']}")
    return {page["id"]: page["pictures"] for page in found}


def keys_of(picture: Picture, base: str) -> set[str]:
    """Addresses and file names by which a picture is known; empty where nobody sees it."""
    if any(name in ("width", "height") and value in _INVISIBLE for name, value in picture):
        return set()
    keys: set[str] = set()
    for name, value in picture:
        if "data:" in value:  # a placeholder, which reader mode also writes where files stand
            continue
        if name.endswith("srcset"):
            for part in value.replace(", ", " ").split():
                keys |= keys_of_address(part.rstrip(","), base)
        elif name.endswith("src") or name.startswith("data-"):
            keys |= keys_of_address(value.strip(), base)
    return keys


def keys_of_address(address: str, base: str) -> set[str]:
    """The address in full and the name of its file; empty where it is none."""
    if address[:5] == "data:" or not ("/" in address or "." in address):
        return set()
    try:
        whole = unquote(urljoin(base, address))
        name = urlsplit(whole).path.rpartition("/")[2].lower()
    except ValueError:
        return set()
    return {whole, name} if len(name) >= _LEAST_NAME and "." in name else {whole}


def once(pictures: list[set[str]]) -> list[set[str]]:
    """Without those that share a key with an earlier one: a page shows the same star many times."""
    seen: set[str] = set()
    kept = []
    for keys in pictures:
        if keys and seen.isdisjoint(keys):
            kept.append(keys)
        seen |= keys
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reader", type=Path, required=True)
    parser.add_argument("--wcxb", type=Path)
    parser.add_argument("--news", type=Path)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--differences", action="store_true")
    args = parser.parse_args()
    samples = list(read_articles(args.wcxb, args.news))
    if args.kept and args.kept.exists():
        theirs_by_page = json.loads(args.kept.read_text("utf-8"))
    else:
        theirs_by_page = ask_reader_mode(samples, args.reader)
        if args.kept:
            args.kept.write_text(json.dumps(theirs_by_page), "utf-8")
    wanted = found = alone = 0
    shares: list[float] = []
    for sample in samples:
        theirs = once([keys_of(picture, sample.url) for picture in theirs_by_page[sample.page_id]])
        page = clean(sample.html, url=sample.url, options=CleanOptions(images="inline"))
        ours = once([keys_of_address(image.url, sample.url) for image in page.images])
        all_ours = set[str]().union(*ours)
        all_theirs = set[str]().union(*theirs)
        missed = [keys for keys in theirs if keys.isdisjoint(all_ours)]
        only_ours = [keys for keys in ours if keys.isdisjoint(all_theirs)]
        if theirs:
            shares.append(1 - len(missed) / len(theirs))
        wanted += len(theirs)
        found += len(theirs) - len(missed)
        alone += len(only_ours)
        if args.differences:
            for who, pictures in (("reader mode", missed), ("winnow", only_ours)):
                for keys in pictures:
                    print(who, sample.page_id, max(keys, key=len), sep="\t")
    print(f"{len(samples)} articles, on {len(shares)} of them reader mode keeps {wanted} pictures")
    print(
        f"of these kept here: {found}, {found / wanted:.1%}; mean of the pages {statistics.fmean(shares):.1%}"
    )
    print(f"kept here alone: {alone}")


if __name__ == "__main__":
    main()
