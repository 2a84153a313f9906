"""The headline is the first heading of the markdown, once, unless the caller leaves it out."""

import pytest

from gateway.core import CleanOptions, clean
from gateway.core.tokens.formats import parts_of

PROSE = (
    "<p>"
    + "The harbour office will close the inner basin for repairs until the end of the month. " * 8
    + "</p>"
)
HEAD = "<title>A new pier | Harbour Notes</title><meta property=og:title content='A new pier'>"


def markdown_of(html: str, **options: object) -> str:
    return clean(html, options=CleanOptions(**options)).markdown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "headings"),
    [
        pytest.param(f"<article><h1>A new pier</h1>{PROSE}</article>", ["# A new pier"], id="in-the-content"),
        pytest.param(f"<article>{PROSE}</article>", ["# A new pier"], id="nowhere"),
        pytest.param(
            f"<nav><h1>A new pier</h1></nav><article>{PROSE}</article>",
            ["# A new pier"],
            id="outside-the-content",
        ),
        pytest.param(
            f"<article><h2>A new pier</h2>{PROSE}<h2>What it costs</h2>{PROSE}</article>",
            ["## A new pier", "## What it costs"],
            id="at-another-level",
        ),
        pytest.param(
            f"<article><h1>The pier that nobody wanted</h1>{PROSE}</article>",
            ["# The pier that nobody wanted"],
            id="said-otherwise",
        ),
    ],
)
def test_headline_is_said_once(body: str, headings: list[str]) -> None:
    lines = markdown_of(f"{HEAD}<body>{body}").splitlines()
    assert [line for line in lines if line.startswith("#")] == headings


@pytest.mark.parametrize(
    "body", [f"<article><h1>A new pier</h1>{PROSE}</article>", f"<article>{PROSE}</article>"]
)
def test_headline_is_left_out_where_asked(body: str) -> None:
    assert markdown_of(f"{HEAD}<body>{body}", headline=False).startswith("The harbour office")


@pytest.mark.parametrize("options", [{"scope": "page"}, {"select": "article"}])
def test_headline_is_added_to_the_main_content_alone(options: dict[str, str]) -> None:
    assert "#" not in markdown_of(f"{HEAD}<body><article>{PROSE}</article>", **options)


def test_headline_is_escaped() -> None:
    html = f"<title>*Stars* &amp; _b_ # </title><body><article>{PROSE}</article>"
    page = clean(html, options=CleanOptions(html=True))
    assert page.markdown.startswith("# \\*Stars\\* & \\_b\\_ \\#\n\n")
    assert page.html.startswith("<h1>*Stars* &amp; _b_ #</h1>")


def test_headline_that_was_added_is_not_in_the_plain_text() -> None:
    page = clean(f"{HEAD}<body><article>{PROSE}</article>")
    assert page.text.startswith("The harbour office")
    assert "".join(parts_of(page, "text")) == page.text
    assert len(parts_of(page, "text")) == len(parts_of(page, "markdown"))


@pytest.mark.parametrize("body", ["", "<p>404</p>", "<img src=/a.png>"])
def test_headline_of_a_page_without_content_makes_no_content(body: str) -> None:
    assert markdown_of(f"{HEAD}<body>{body}") in ("", "404", "# A new pier\n\n404")
