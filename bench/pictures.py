"""Pictures of the content beside those that Mozilla's reader mode keeps, on articles of WCXB and the news.

    npm install --prefix DIR @mozilla/readability linkedom
    python -m bench.pictures --reader DIR --wcxb DIR --news DIR
    python -m bench.pictures ... --kept FILE       # what reader mode kept is written there, and read the next time
    python -m bench.pictures ... --differences     # a line for each picture that only one of the two keeps, by row

Two pictures are one where they share an address, or the name of their file. Left out are those that reader mode keeps
without an address or at a size of 1 or 2 pixels.

Reader mode is no truth: it keeps cards of other stories, avatars and logos, and leaves out pictures that stand apart
from the text. So a second row counts those of its pictures alone that stand beside labelled text: the nearest text of
40 characters or more before the picture and the nearest one after it, captions left out, are both in the page's label.
Where no such text is on one side, as before a first picture or after a last one, the other decides alone. A text is in
the label if four in five of its sequences of four words are. This row still has adverts between two paragraphs and
cards behind the last one; it lacks pictures beside a text that the label leaves out, as a standfirst.

Prints for each row the pictures that reader mode keeps, how many of them are kept here, and the mean of the pages;
then how many are kept here that reader mode leaves out.
"""

import argparse
import json
import statistics
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import msgspec
from msgspec import Struct

from bench.figures import note
from gateway.core import CleanOptions, clean
from gateway.core.documents.charset import decode
from gateway.core.text.words import words_of
from training.corpus import Sample, read_news, read_samples

_SCRIPT = Path(__file__).with_name("reader_mode.mjs")
_INVISIBLE = ("1", "2", "1px", "2px")
_LEAST_NAME = 6  # characters of a file's name that tell one picture from another

_SEQUENCE = 4  # words that are compared at once
_LEAST_LABELLED = 0.8  # of a text's sequences


class Picture(Struct, frozen=True):
    """An image that reader mode keeps.

    Args:
        attributes: names and values, also those of the `<picture>` around it.
        before: the nearest text before it, as `reader_mode.mjs` defines it; empty where there is none.
        after: the nearest one after it.
    """

    attributes: list[tuple[str, str]]
    before: str
    after: str


class Page(Struct, frozen=True):
    """What reader mode keeps of a page."""

    id: str
    pictures: list[Picture]
    fault: str = ""


class Row(Struct):
    """How many of a kind of pictures are kept here."""

    wanted: int = 0
    found: int = 0
    shares: list[float] = []

    def add(self, pictures: list[set[str]], ours: set[str]) -> None:
        """Count the pictures of a page, each by its keys."""
        found = sum(not keys.isdisjoint(ours) for keys in pictures)
        self.wanted += len(pictures)
        self.found += found
        if pictures:
            self.shares.append(found / len(pictures))

    def figures(self) -> dict[str, float]:
        return {
            "pages": len(self.shares),
            "pictures": self.wanted,
            "found": self.found,
            "share": self.found / self.wanted if self.wanted else 0.0,
            "mean_of_pages": statistics.fmean(self.shares or [0.0]),
        }


def read_articles(wcxb: Path | None, news: Path | None) -> Iterator[Sample]:
    if wcxb is not None:
        yield from (sample for sample in read_samples(wcxb) if sample.page_type == "article")
    if news is not None:
        yield from read_news(news)


def ask_reader_mode(samples: list[Sample], modules: Path) -> list[Page]:
    """What reader mode keeps of the pages, in their order."""
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
    return [msgspec.json.decode(line, type=Page) for line in done.stdout.splitlines()]


def keys_of(picture: Picture, base: str) -> set[str]:
    """Addresses and file names by which a picture is known; empty where nobody sees it."""
    if any(name in ("width", "height") and value in _INVISIBLE for name, value in picture.attributes):
        return set()
    keys: set[str] = set()
    for name, value in picture.attributes:
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


def sequences_of(text: str) -> list[tuple[str, ...]]:
    words = [word for word, _, _ in words_of(text)]
    return [tuple(words[at : at + _SEQUENCE]) for at in range(len(words) - _SEQUENCE + 1)]


def is_beside(picture: Picture, label: set[tuple[str, ...]]) -> bool:
    """Whether the texts around a picture are in the label, of which the sequences are given."""
    texts = [text for text in (picture.before, picture.after) if text]
    return bool(texts) and all(_is_in(sequences_of(text), label) for text in texts)


def _is_in(text: list[tuple[str, ...]], label: set[tuple[str, ...]]) -> bool:
    return bool(text) and sum(each in label for each in text) >= _LEAST_LABELLED * len(text)


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
        pages = msgspec.json.decode(args.kept.read_bytes(), type=list[Page])
    else:
        pages = ask_reader_mode(samples, args.reader)
        if args.kept:
            args.kept.write_bytes(msgspec.json.encode(pages))
    rows = {"all": Row(), "beside labelled text": Row()}
    alone = 0
    for sample, kept in zip(samples, pages, strict=True):
        if kept.fault:
            print(f"{kept.id}: {kept.fault}")
        page = clean(sample.html, url=sample.url, options=CleanOptions(images="inline"))
        ours = once([keys_of_address(image.url, sample.url) for image in page.images])
        all_ours = set(chain.from_iterable(ours))
        theirs = {"all": once([keys_of(picture, sample.url) for picture in kept.pictures])}
        label = set(sequences_of(sample.content))
        labelled = [picture for picture in kept.pictures if is_beside(picture, label)]
        theirs["beside labelled text"] = once([keys_of(picture, sample.url) for picture in labelled])
        for name, row in rows.items():
            row.add(theirs[name], all_ours)
        all_theirs = set(chain.from_iterable(theirs["all"]))
        only_ours = [keys for keys in ours if keys.isdisjoint(all_theirs)]
        alone += len(only_ours)
        if args.differences:
            for who, pictures in (*theirs.items(), ("here alone", only_ours)):
                for keys in pictures:
                    if who == "here alone" or keys.isdisjoint(all_ours):
                        print(who, sample.page_id, max(keys, key=len), sep="\t")
    figures = {name: row.figures() for name, row in rows.items()}
    for name, each in figures.items():
        print(
            f"{name}: reader mode keeps {each['pictures']} pictures on {each['pages']} of {len(samples)} articles; "
            f"kept here: {each['found']}, {each['share']:.1%}; mean of the pages {each['mean_of_pages']:.1%}"
        )
    print(f"kept here alone: {alone}")
    note(
        articles=len(samples),
        kept_by_reader_mode=figures["all"],
        beside_labelled_text=figures["beside labelled text"],
        kept_here_alone=alone,
    )


if __name__ == "__main__":
    main()
