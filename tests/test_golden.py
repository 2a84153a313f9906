"""Golden pages: real pages, their pinned markdown and response. `make golden` shows and accepts changes."""

from pathlib import Path

import msgspec
import pytest

from gateway.core import clean
from gateway.core.model.page import Page
from gateway.core.tokens.counters import get_counter

PAGES = Path(__file__).parent.parent / "fixtures" / "pages"
SLUGS = sorted(path.name for path in PAGES.iterdir())


def describe(page: Page, html: str) -> bytes:
    """What is pinned beside the markdown; the confidence to one digit, since it may move with a new model."""
    count = get_counter("o200k_base")
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "title": page.title,
                "metadata": page.metadata,
                "confidence": round(page.confidence or 0, 1),
                "tokens": {"html": count(html), "content": count(page.markdown)},
                "links": len(page.links),
                "outline": [block.heading for block in page.outline],
                "warnings": sorted(notice.code for notice in page.warnings),
            }
        ),
        indent=2,
    )


def address_of(folder: Path) -> str:
    return next(
        line.removeprefix("- Page: ")
        for line in (folder / "ORIGIN.md").read_text("utf-8").splitlines()
        if line.startswith("- Page: ")
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_page_is_cleaned_as_pinned(slug: str, request: pytest.FixtureRequest) -> None:
    folder = PAGES / slug
    body = (folder / "source.html").read_bytes()
    page = clean(body, url=address_of(folder))
    outputs = {
        "expected.md": page.markdown.encode() + b"\n",
        "expected.json": describe(page, body.decode("utf-8")) + b"\n",
    }
    for name, content in outputs.items():
        if request.config.getoption("--update"):
            (folder / name).write_bytes(content)
        assert (folder / name).read_bytes() == content


def test_there_are_two_pages_of_every_kind() -> None:
    kinds = [slug.partition("-")[0] for slug in SLUGS]
    assert {kind: kinds.count(kind) for kind in kinds} == dict.fromkeys(
        ["article", "collection", "documentation", "forum", "listing", "product", "service"], 2
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_page_names_its_origin_and_licence(slug: str) -> None:
    text = (PAGES / slug / "ORIGIN.md").read_text("utf-8")
    assert "CC-BY-4.0" in text and "http" in address_of(PAGES / slug)
