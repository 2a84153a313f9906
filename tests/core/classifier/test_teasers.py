"""What leads away from an article is left out by its place and its links, whatever language it is in."""

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core import clean
from gateway.core.classifier.article_column import find_column
from gateway.core.classifier.siblings import Siblings
from gateway.core.classifier.teasers import drop_teasers
from gateway.core.dom.blocks import read_blocks
from tests.core.articles import LANGUAGES, LAYOUTS, page_of, paragraphs_of

A = "<p>" + "the ferry leaves the north pier at nine and comes back when the lamps are lit again " * 3
B = "<p>" + "nobody had asked the keeper of the light whether the new pier would be in his way " * 3
SUMMARY = (
    "The bays are deep and quiet, and nobody asks for a fee in any of them, says whoever was there before"
)
STORY = "<a href=/1>Ten quiet bays to anchor in</a>"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_article_is_kept_and_the_box_beside_it_is_not(language: str, layout: str) -> None:
    texts = LANGUAGES[language]
    lines = clean(page_of(language, layout)).text.split("\n")
    assert [text for text in paragraphs_of(language) if text not in lines] == []
    assert [
        text for text in (*texts.stories, texts.more, texts.newsletter, *texts.menu) if text in lines
    ] == []


def left_out(html: str, *, is_article: bool = True) -> list[str]:
    """The texts that are dropped of a page all of which was chosen."""
    root = LexborHTMLParser(html).body
    assert root is not None
    blocks = read_blocks(root)
    words = np.array([len(text.split()) for text in blocks.texts], np.float32)
    link = np.array(
        [linked / chars for linked, chars in zip(blocks.link_chars, blocks.chars, strict=True)], np.float32
    )
    every = list(range(len(words)))
    column = find_column(every, words, link, blocks)
    kept = drop_teasers(every, column, words, link, blocks, Siblings(blocks), is_article=is_article)
    return [blocks.texts[index] for index in every if index not in kept]


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(f"<article>{A}<p>{STORY}{B}</article>", id="line-between-paragraphs"),
        pytest.param(f"<article>{A}{B}</article><aside><p>{STORY}</aside>", id="box-after"),
        pytest.param(f"<aside><p>{STORY}</aside><article>{A}{B}</article>", id="box-before"),
        pytest.param(f"<article>{A}<div><p>{STORY}<ul><li>{STORY}</ul></div>{B}</article>", id="box-between"),
    ],
)
def test_links_around_paragraphs_are_left_out(html: str) -> None:
    assert set(left_out(html)) == {"Ten quiet bays to anchor in"}


def test_text_of_a_box_that_asks_is_left_out() -> None:
    box = "<div><p>Never miss a ship.<form><button>Sign up</button></form></div>"
    assert left_out(f"<article>{A}{box}{B}</article>") == ["Never miss a ship.", "Sign up"]


def test_text_of_a_box_that_asks_is_left_out_beside_the_article_too() -> None:
    box = "<section><h4>By letter</h4><div><p>Never miss a ship.<form><button>Sign up</button></form></div></section>"
    assert left_out(f"<main><div>{A}{B}</div>{box}</main>") == ["By letter", "Never miss a ship.", "Sign up"]


def test_cards_behind_an_article_are_left_out() -> None:
    cards = "".join(f"<div class=card><h3>{STORY}</h3><p>{SUMMARY} {n}.</div>" for n in range(3))
    html = f"<main><div>{A}{B}</div><section><h2>More</h2>{cards}</section></main>"
    assert [text for text in left_out(html) if text.startswith(SUMMARY)] == [
        f"{SUMMARY} {n}." for n in range(3)
    ]
    assert not any(text.startswith(SUMMARY) for text in left_out(html, is_article=False))


def test_one_box_of_its_kind_behind_an_article_is_no_card() -> None:
    html = f"<main><div>{A}{B}</div><section class=more><h3>{STORY}</h3><p>{SUMMARY} 1.</section></main>"
    assert f"{SUMMARY} 1." not in left_out(html)


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(f"<article>{A}<ul><li>{STORY}<li>{STORY}</ul>{B}</article>", id="list-of-links"),
        pytest.param(f"<article>{A}<p><a href=/1>Anna Berg</a>{B}</article>", id="name"),
        pytest.param(
            f"<article>{A}<div><pre>pier --open</pre><button>Copy</button></div>{B}</article>", id="code"
        ),
        pytest.param(f"<header><h1>{STORY}</h1></header><article>{A}{B}</article>", id="headline"),
        pytest.param(
            f"<header><div>{STORY}</div><p>The deck.</header><article>A{B}</article>", id="no-column"
        ),
        pytest.param(
            f"<ul><li><h2>{STORY}</h2><p>Ten of them.<li><h2>{STORY}</h2><p>More.</ul>", id="listing"
        ),
    ],
)
def test_content_with_links_stays(html: str) -> None:
    assert left_out(html) == []


def test_another_kind_of_page_needs_a_column_of_most_of_its_words() -> None:
    cards = "".join(f"<div><h3>{STORY}</h3></div>" for _ in range(40))
    assert left_out(f"<article>{A}{B}</article><div>{cards}</div>", is_article=False) == []
    assert left_out(f"<article>{A}{B}</article><div>{cards}</div>") != []


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f"Read more: {STORY}", id="label"),
        pytest.param(f"[Lesen Sie auch: {STORY}]", id="in-brackets"),
        pytest.param(f"あわせて読みたい：{STORY}", id="wide-colon"),
    ],
)
def test_link_behind_a_label_is_left_out(line: str) -> None:
    html = f"<article>{A}<p>{line}{B}</article>"
    assert [text for text in left_out(html) if "Ten quiet bays" in text]
    assert left_out(html, is_article=False) == []


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Website: <a href=/1>harbour.example</a>", id="short-link"),
        pytest.param(f"As we said before in a report of the harbour office: {STORY}", id="more-than-a-label"),
        pytest.param(f"Read more: {STORY}, and what comes of it for the boats", id="sentence"),
    ],
)
def test_other_lines_with_a_colon_stay(line: str) -> None:
    assert left_out(f"<article>{A}<p>{line}{B}</article>") == []


def test_buttons_before_an_article_are_left_out() -> None:
    slide = "<button><h3>The last sailmaker stops</h3></button>"
    assert left_out(f"<main><div>{slide}</div><article>{A}{B}</article></main>") == [
        "The last sailmaker stops"
    ]
    assert left_out(f"<main><article>{A}{B}</article><div>{slide}</div></main>") == []


def test_questions_that_a_button_unfolds_stay() -> None:
    question = "<div class=q><button>What is a fathom?</button><p>Six feet, says the almanac.</div>"
    assert left_out(f"<article>{A}{question * 3}{B}</article>") == []
    assert left_out(f"<article>{A}{question}{B}</article>") != []


def test_paragraphs_in_boxes_of_their_own_are_one_column() -> None:
    def row(inner: str) -> str:
        return f"<div class=r><div class=t>{inner}</div></div>"

    stories = "<ul>" + f"<li>{STORY}" * 3 + "</ul>"
    html = f"<main>{row(A)}{row(B)}{row('<div>' + stories + '</div>')}</main>"
    assert set(left_out(html)) == {"Ten quiet bays to anchor in"}
