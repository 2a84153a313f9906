"""What stands behind an article, and between its parts, is left out in any language; the article is whole."""

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core import clean
from gateway.core.classifier.article_column import find_column
from gateway.core.classifier.endings import drop_ending
from gateway.core.classifier.siblings import Siblings
from gateway.core.dom.blocks import read_blocks
from tests.core.endings import LANGUAGES, LAYOUTS, lines_of_article, lines_of_others, page_of

A = "<p>" + "the ferry leaves the north pier at nine and comes back when the lamps are lit again " * 5
B = "<p>" + "nobody had asked the keeper of the light whether the new pier would be in his way " * 5
ABOUT = "Ada Bell writes about harbours, and has lived on a boat since the pier was built."


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_article_is_whole_and_nothing_else_is_kept(language: str, layout: str) -> None:
    lines = clean(page_of(language, layout)).text.split("\n")
    assert [line for line in lines_of_article(language) if line not in lines] == []
    assert [line for line in lines_of_others(language) if line in lines] == []
    # the gallery's numbers, and "more: a headline" between the paragraphs
    story = LANGUAGES[language].stories[0]
    assert [line for line in lines if line.endswith("/ 3") or story in line] == []


def left_out(
    html: str, *, author: str = "", unlikely: str = "", likely: str = "", is_forum: bool = False
) -> list[str]:
    """The texts that are dropped of a page all of which was chosen.

    Args:
        unlikely: begins the text that the network held for less likely.
        likely: begins a text that led elsewhere and was dropped for it.
    """
    root = LexborHTMLParser(html).body
    assert root is not None
    blocks = read_blocks(root)
    words = np.array([len(text.split()) for text in blocks.texts], np.float32)
    link = np.array(
        [linked / chars for linked, chars in zip(blocks.link_chars, blocks.chars, strict=True)], np.float32
    )
    probabilities = np.array(
        [0.5 if unlikely and text.startswith(unlikely) else 0.9 for text in blocks.texts], np.float32
    )
    every = list(range(len(words)))
    chosen = [index for index in every if not likely or not blocks.texts[index].startswith(likely)]
    column = find_column(every, words, link, blocks)
    siblings = Siblings(blocks)
    kept = drop_ending(
        chosen, every, column, probabilities, words, link, author, blocks, siblings, is_forum=is_forum
    )
    return [blocks.texts[index] for index in chosen if index not in kept]


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(f"<div><p>{ABOUT}</p></div>", id="sentence"),
        pytest.param("<div><h3>Ada Bell</h3><p>Lives on a boat.</p></div>", id="box"),
        pytest.param("<section><div>Ada Bell</div><div>Lives on a boat.</div></section>", id="rows"),
    ],
)
def test_box_about_the_author_is_left_out(box: str) -> None:
    html = f"<main><article>{A}{B}</article>{box}</main>"
    assert left_out(html, author="Bo Ek, Ada Bell")
    assert left_out(html, author="Bo Ek") == []
    assert left_out(html) == []


def test_last_paragraphs_about_the_authors_are_left_out() -> None:
    there = "<p>Ada Bell was there, and saw the first ship come in that day."
    html = f"<article>{A}{there}{B}<p>Bo Ek is a pilot.<p>{ABOUT}</article>"
    assert left_out(html, author="Ada Bell; Bo Ek") == ["Bo Ek is a pilot.", ABOUT]


COMMENT = "<div class=c><b>Kim</b> <i>5 May</i><p>I have never seen it so full of ships.</div>"


def test_comments_behind_an_article_are_left_out() -> None:
    html = f"<main><article>{A}{B}</article><section>{COMMENT}{COMMENT}</section></main>"
    assert set(left_out(html)) == {"Kim 5 May", "I have never seen it so full of ships."}
    assert left_out(html, is_forum=True) == []
    assert left_out(f"<main><article>{A}{B}</article><section>{COMMENT}</section></main>") == []


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param("<div class=n><div>1</div><p>Pier papers, volume 4 of 1998.</p></div>", id="footnotes"),
        pytest.param(
            "<div class=n><h4>Fees</h4><p>5 May</p><p>Nobody asks for one.</p></div>", id="sections"
        ),
        pytest.param(
            "<div class=n><button>The fees</button><p>5 May</p><p>Nobody asks for one.</p></div>", id="folded"
        ),
        pytest.param("<div class=n><p>Ships</p><p>Nobody counts what comes in.</p></div>", id="no-time"),
    ],
)
def test_other_entries_in_a_row_stay(entry: str) -> None:
    assert left_out(f"<main><article>{A}{B}</article><section>{entry}{entry}</section></main>") == []


def test_unlikely_text_behind_a_whole_article_is_left_out() -> None:
    said = "Sign up for the letter of the harbour"
    assert left_out(f"<main><article>{A}{B}</article><p>{said}</main>", unlikely="Sign") == [said]
    assert left_out(f"<main><article>{A}{B}</article><p>{said}</main>") == []
    # an article of which much stands elsewhere, and lists, are not judged so
    rest = f"<div>{B}</div>"
    assert left_out(f"<main><article>{A}{B}</article>{rest}<p>{said}</main>", unlikely="Sign") == []
    assert left_out(f"<main><article>{A}{B}</article><ul><li>{said}</ul></main>", unlikely="Sign") == []


def test_index_words_behind_an_article_are_left_out() -> None:
    tags = "<ul><li><a href=/1>piers</a><li><a href=/2>old ships</a></ul>"
    sources = "<ul><li><a href=/3>Papers of the harbour office of 1998</a></ul>"
    assert left_out(f"<article>{A}{B}{tags}{sources}</article>") == ["piers", "old ships"]
    assert left_out(f"<article>{A}{tags}{B}</article>") == []


def test_heading_over_a_dropped_box_is_left_out() -> None:
    box = "<h2>More of the harbour</h2><p>Ten quiet bays</p>"
    html = f"<main><article>{A}{B}</article>{box}</main>"
    assert left_out(html, likely="Ten") == ["More of the harbour"]
    assert left_out(html) == []
    assert left_out(f"<main><article>{A}{box}{B}</article></main>", likely="Ten") == []
    assert left_out(f"<main><article>{A}{B}</article>{box}<p>Six more</p></main>", likely="Ten") == []


def test_page_without_a_column_is_as_it_was() -> None:
    assert left_out(f"<p>Ada Bell</p>{COMMENT}{COMMENT}", author="Ada Bell") == []
