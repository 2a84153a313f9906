"""Thirty thousand blocks parsed back, one by one: of the pages in the repository, and of trees made at random."""

import random
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.core import CleanOptions, clean
from gateway.core.model.page import Block
from tests.core.markdown.reading import read_back, rendered

FIXTURES = Path(__file__).parents[3] / "fixtures"
BLOCKS = 30_000
MOST_DIFFERENCES = 0
TEXTS = [
    "word",
    "two words",
    "*",
    "_a_",
    "`x",
    "[a](b)",
    "1. ",
    "- ",
    "# h",
    "a|b",
    "&lt;b&gt;",
    "！",
    "「中文」",
    "\\",
    "(x)",
]
INLINES = ["b", "i", "em", "code", "a href=/x", "span", "sup", "kbd", "s", "q"]
SHELLS = [
    "div",
    "p",
    "blockquote",
    "ul><li",
    "ol><li",
    "dl><dt>t</dt><dd",
    "h2",
    "section",
    "table><tr><th>h<th>i<tr><td>c<td",
]
_CALLOUT = re.compile(r"(?m)^((?:> )+)\[![A-Z]+\]$")
_BOX = re.compile(r"(?m)(?<=^- )\[[x ]\] ")
_NOT_LETTERS = re.compile(
    r"[\s:$\\\[\]()^]"
)  # marks of definitions, formulas and footnotes, which `text` has not


def line(rng: random.Random, depth: int = 0) -> str:
    parts = []
    for _ in range(rng.randint(1, 4)):
        if depth < 3 and rng.random() < 0.4:
            name = rng.choice(INLINES)
            parts.append(f"<{name}>{line(rng, depth + 1)}</{name.split()[0]}>")
        else:
            parts.append(rng.choice(TEXTS) + " " * rng.randint(0, 1))
        if rng.random() < 0.1:
            parts.append("<br>")
    return "".join(parts)


def tree(rng: random.Random, depth: int = 0) -> str:
    if depth > 3 or rng.random() < 0.3:
        return f"<p>{line(rng)}</p>"
    shell = rng.choice(SHELLS)
    inside = "".join(
        tree(rng, depth + 1) if rng.random() < 0.6 else line(rng) for _ in range(rng.randint(1, 4))
    )
    ends = "".join(
        f"</{name.split()[0].rstrip('>')}>" for name in reversed(re.findall(r"(?:^|<|>)(\w+)(?=>|$)", shell))
    )
    return f"<{shell}>{inside}{ends}"


def blocks_of_pages() -> Iterator[Block]:
    for path in sorted(FIXTURES.glob("*/**/*.html")):
        for scope in ("main", "page"):
            yield from clean(
                path.read_bytes(), url="https://example.org/", options=CleanOptions(scope=scope)
            ).blocks  # type: ignore[arg-type]


def blocks_of_trees(seed: int) -> Iterator[Block]:
    rng = random.Random(seed)
    while True:
        yield from rendered("".join(tree(rng) for _ in range(10))).blocks


def differs(block: Block) -> bool:
    if block.kind == "rule" or not block.text:
        return False
    markdown = _BOX.sub("", _CALLOUT.sub("", textwrap.dedent(block.markdown)))  # an item stands alone here
    back, text = (_NOT_LETTERS.sub("", part) for part in (read_back(markdown), block.text))
    return back != text and not (markdown != block.markdown and text.endswith(back))


def count_differences(blocks: Iterator[Block], most: int) -> tuple[int, list[Block]]:
    seen, differing = 0, []
    for block in blocks:
        seen += 1
        if differs(block):
            differing.append(block)
        if seen >= most:
            break
    return seen, differing


def test_a_thousand_blocks_of_trees_read_back() -> None:
    _, differing = count_differences(blocks_of_trees(1), 1_000)
    assert not differing, differing[:3]


@pytest.mark.slow
def test_thirty_thousand_blocks_read_back() -> None:
    seen, differing = count_differences(blocks_of_pages(), BLOCKS)
    more, others = count_differences(blocks_of_trees(2), BLOCKS - seen)
    assert seen + more >= BLOCKS
    assert len(differing + others) <= MOST_DIFFERENCES, [
        (block.markdown, block.text) for block in differing + others
    ][:5]
