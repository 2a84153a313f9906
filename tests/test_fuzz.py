"""Byte-mutated pages through the worker pool: each ends in a result or a typed error, and nothing is left over.

20,000 pages here; `make fuzz` runs a million (FUZZ_PAGES), always the same ones (FUZZ_SEED).
"""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from gateway.core import CleanOptions
from gateway.core.tasks.page import CleanPage
from gateway.errors import GatewayError
from tests.leaks import descriptors, eventually
from tests.parts import make_pool

PAGES = int(os.environ.get("FUZZ_PAGES", 20_000))
SEED = int(os.environ.get("FUZZ_SEED", 4))
WORKERS = 2
PIECE_BYTES = 600
FIXTURES = Path(__file__).parents[1] / "fixtures"

# what parsers and renderers have tripped over
SPLICES = [
    b"<div hidden>",
    b"<table><tr><td colspan=9999 rowspan=9999>",
    b"<ul><li><ol start=-9><li>",
    b"<pre><code>```",
    b"<a href='javascript:x'>",
    b"<a href='http://[::1'>",
    b"<base href='//x'>",
    b"<b><i><p></b></i>",
    b"<svg><foreignObject><math><mi>",
    b"<template><noscript><iframe/>",
    b"<!--",
    b"<![CDATA[",
    b"</body></html>",
    b"<script type='application/ld+json'>{\"@graph\":[[[",
    b"<meta charset=utf-7>",
    b"<style>p{display:none",
    b"\x00",
    b"\xff\xfe",
    b"&#x110000;&#xD800;&notin;",
    "\u202e\u200b\U000e0041\ufeff".encode(),
    "漢字ไทย".encode(),
    b"|`*_[]()~$\\",
    b"\r\n\t ",
]


def seeds() -> list[bytes]:
    """Pieces of the fixture pages and documents, each with a head of its own."""
    files = [*sorted((FIXTURES / "pages").glob("*/source.html")), *sorted((FIXTURES / "documents").iterdir())]
    pieces = []
    for file in files:
        body = file.read_bytes()
        middle = len(body) // 2
        pieces += [body[:PIECE_BYTES], body[middle : middle + PIECE_BYTES]]
    return pieces


def mutate(piece: bytes, chance: random.Random) -> bytes:
    """Flip, cut, repeat and splice a few times."""
    page = bytearray(piece)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(page) + 1)
        match chance.randrange(5):
            case 0 if page:
                page[at % len(page)] = chance.randrange(256)
            case 1:
                del page[at : at + chance.randrange(40)]
            case 2:
                page[at:at] = page[at : at + chance.randrange(60)] * chance.randint(1, 4)
            case _:
                page[at:at] = chance.choice(SPLICES)
    return bytes(page)


def job_of(page: bytes, chance: random.Random) -> CleanPage:
    kinds = ["text/html"] * 8 + ["text/markdown", "application/xml", "text/plain", "application/pdf", ""]
    return CleanPage(
        body=page,
        content_type=chance.choice(kinds),
        url="https://site.example/a/b",
        options=CleanOptions(
            scope=chance.choice(["main", "page"]),
            links=chance.choice(["inline", "reference", "none"]),
            images=chance.choice(["none", "alt", "inline"]),
            html=chance.random() < 0.1,
        ),
        format=chance.choice(["markdown", "text", "html"]),
        include=["outline", "links"] if chance.random() < 0.2 else [],
        tokenizer="o200k_base",
        max_tokens=chance.choice([None, 50]),
    )


@pytest.mark.anyio
@pytest.mark.timeout(0)
async def test_mutated_pages_break_nothing() -> None:
    before = descriptors()
    chance = random.Random(SEED)
    pieces = seeds()
    ends: Counter[str] = Counter()
    broken: list[bytes] = []
    pool = make_pool(workers=WORKERS)
    await pool.start()
    pages = (mutate(chance.choice(pieces), chance) for _ in range(PAGES))

    async def clean_pages() -> None:
        for page in pages:
            try:
                result = await pool.run(job_of(page, chance))
                ends[type(result).__name__] += 1
            except GatewayError as exc:
                ends[exc.code] += 1
                if exc.code in ("clean_failed", "clean_timeout"):
                    broken.append(page)

    await asyncio.gather(*(clean_pages() for _ in range(2 * WORKERS)))
    assert pool.health() is None
    await pool.aclose()
    print(dict(ends))
    assert sum(ends.values()) == PAGES
    assert set(ends) <= {"Cleaned", "unsupported_content", "clean_failed", "clean_timeout"}
    assert broken == [], f"{len(broken)} pages broke the cleaner, the first is {broken[0]!r}"
    await eventually(lambda: descriptors() <= before)
