"""A standfirst that was not chosen is kept: it repeats the description, or is a likely sentence below the headline."""

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.classifier.standfirst import with_standfirst
from gateway.core.dom.blocks import read_blocks

DECK = "Nobody had asked the keeper of the light about it."
TEXT = "<p>" + "The ferry leaves the north pier at nine and comes back when the lamps are lit again. " * 3
OTHER = "<p>" + "The new pier stands in nobody's way, says the harbour office in its answer to us. " * 3


def kept(html: str, *, description: str = "", likely: float = 0.0) -> list[str]:
    """The texts that are kept of a page of which the paragraphs were chosen."""
    root = LexborHTMLParser(html).body
    assert root is not None
    blocks = read_blocks(root)
    words = np.array([len(text.split()) for text in blocks.texts], np.float32)
    described = np.array(
        [np.mean([word in description.split() for word in text.split()]) for text in blocks.texts]
    )
    link = np.array(
        [linked / chars for linked, chars in zip(blocks.link_chars, blocks.chars, strict=True)], np.float32
    )
    chosen = [index for index in range(len(words)) if words[index] > 20]
    probabilities = np.full(len(words), likely, np.float32)
    found = with_standfirst(chosen, probabilities, words, link, described, blocks)
    assert set(chosen) <= set(found)
    return [blocks.texts[index] for index in found if index not in chosen]


HEAD = f"<header><h1>The pier</h1><p>{DECK}</p><p>By Ada Bell, 4 May</p></header>"


def test_line_that_repeats_the_description_is_kept() -> None:
    assert kept(HEAD + TEXT + OTHER, description=DECK) == [DECK]
    assert kept(HEAD + TEXT + OTHER, description="Tides of the week") == []


def test_likely_sentence_right_below_the_headline_is_kept() -> None:
    assert kept(HEAD + TEXT + OTHER, likely=0.2) == [DECK]
    assert (
        kept(f"<h1>The pier</h1><p>By Ada Bell of the harbour desk, 4 May, 3 p.m.</p>{TEXT}", likely=0.2)
        == []
    )
    assert kept(f"<h1>The pier</h1><p>By Ada Bell</p><p>{DECK}</p>{TEXT}", likely=0.2) == []


def test_standfirst_that_the_first_paragraph_says_is_not_said_twice() -> None:
    said = "The ferry leaves the “north pier” at nine and comes back"
    assert kept(f"<h1>The pier</h1><p>{said}</p>{TEXT}", description=said) == []
    assert kept(f"<h1>The pier</h1><p>{said} …</p>{TEXT}", description=said) == []
    twice = f"<p>{DECK}</p><div>{DECK.upper()}</div>"
    assert kept(f"<h1>The pier</h1>{twice}{TEXT}", description=DECK) == [DECK]


def test_sentence_with_numbers_is_a_standfirst_where_it_is_long() -> None:
    said = "Nobody had asked the keeper of the light about it since the great storm of 1953."
    assert kept(f"<h1>The pier</h1><p>{said}</p>{TEXT}", likely=0.2) == [said]


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(f"<p>{DECK}</p><h1>The pier</h1>{TEXT}", id="above-the-headline"),
        pytest.param(f"<h1>The pier</h1>{TEXT}<p>{DECK}</p>", id="below-the-first-paragraph"),
        pytest.param(f"<h1>The pier</h1><ul><li>{DECK}</li></ul>{TEXT}", id="list"),
        pytest.param(f"<h1>The pier</h1><p><a href=/>{DECK}</a></p>{TEXT}", id="link"),
        pytest.param(
            f"<h1>The pier</h1><figure><figcaption>{DECK}</figcaption></figure>{TEXT}", id="caption"
        ),
        pytest.param(f"<h1>The pier</h1><p>Home › {DECK}</p>{TEXT}", id="way-to-the-page"),
        pytest.param(f"<h2>The pier</h2><p>{DECK}</p>{TEXT}", id="no-headline"),
    ],
)
def test_other_lines_are_not(html: str) -> None:
    assert kept(html, description=DECK, likely=0.2) == []


def test_standfirst_is_said_once() -> None:
    html = f"<h1>The pier</h1><p class=wide>{DECK}</p><div class=narrow><p>{DECK}</p></div>{TEXT}"
    assert kept(html, description=DECK) == [DECK]


@pytest.mark.parametrize("language", ["ar", "hi", "zh"])
def test_sentences_end_in_other_scripts_too(language: str) -> None:
    deck = {
        "ar": "هل سأل أحد حارس المنارة إن كان العمل يزعجه في الليل؟",
        "hi": "किसी ने प्रकाशस्तंभ के रखवाले से नहीं पूछा कि यह काम उसे कैसा लगता है।",
        "zh": "没有 人 问过 守 灯塔 的 人 这 工程 是否 妨碍 他。",
    }[language]
    assert kept(f"<h1>The pier</h1><p>{deck}</p>{TEXT}", likely=0.2) == [deck]
