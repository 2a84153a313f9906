"""Pages that are no article: one picture, one table, an alphabet that nothing was learned of, blocks without end."""

import pytest

from gateway.core import CleanOptions, clean
from gateway.core.model.page import Page

P = "<p>The harbour office will close the inner basin for repairs, because the wall gives way in two places.</p>"
# Ugaritic: the letters of no page that was learned from
WORDS = ["".join(chr(0x10380 + (n * 7 + k) % 26) for k in range(2 + n % 6)) for n in range(240)]
PARAGRAPHS = [" ".join(WORDS[n : n + 30]) + "\U0001039f" for n in range(0, 240, 30)]


def cleaned(body: str, **options: str) -> Page:
    html = f"<html><head><title>Pier in fog</title></head><body>{body}</body></html>"
    return clean(html, url="https://example.org/", options=CleanOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("images", "last"),
    [
        pytest.param("inline", "![The pier](https://example.org/pier.jpg)", id="inline"),
        pytest.param("alt", "The pier", id="alt"),
    ],
)
def test_page_of_one_picture_is_that_picture(images: str, last: str) -> None:
    page = cleaned('<img src="/pier.jpg" alt="The pier">', images=images)
    assert page.markdown == f"# Pier in fog\n\n{last}"


def test_page_of_figures_is_all_of_them() -> None:
    figures = "".join(f"<figure><img src=/{n}.jpg><figcaption>Pier {n}, seen from the quay" for n in range(9))
    page = cleaned(f"<h1>Pier in fog</h1>{figures}", images="inline")
    assert [image.url for image in page.images] == [f"https://example.org/{n}.jpg" for n in range(9)]
    assert all(f"Pier {n}, seen" in page.markdown for n in range(9))


def test_page_of_one_table_is_that_table() -> None:
    rows = "".join(f"<tr><td>{day} May<td>{day}:12<td>{day}:55" for day in range(1, 20))
    page = cleaned(f"<table><tr><th>Day<th>High<th>Low{rows}</table>")
    assert page.markdown.startswith(
        "# Pier in fog\n\n| Day | High | Low |\n|---|---|---|\n| 1 May | 1:12 | 1:55 |"
    )
    assert page.markdown.endswith("| 19 May | 19:12 | 19:55 |")


def test_article_in_an_unknown_alphabet_is_whole_and_its_menu_is_not() -> None:
    menu = "".join(f"<li><a href=/{n}>{word}</a>" for n, word in enumerate(WORDS[:9]))
    article = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    page = cleaned(f"<div class=a><ul>{menu}</ul></div><div class=b><h1>{WORDS[5]}</h1>{article}</div>")
    assert [text for text in PARAGRAPHS if text not in page.text] == []
    assert "\n".join(WORDS[:2]) not in page.text


def test_blocks_beyond_the_bound_are_said_and_the_first_are_kept() -> None:
    page = cleaned(f"<article><h1>Pier in fog</h1>{P * 3}{'<p>x y' * 50_000}</article>")
    assert "truncated" in {notice.code for notice in page.warnings}
    assert "The harbour office" in page.text
