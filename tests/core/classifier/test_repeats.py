"""What a template shows twice is a copy; what a writer repeats is not."""

from collections import Counter

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.classifier.features import LONG_WORDS
from gateway.core.classifier.repeats import find_repeats
from gateway.core.dom.blocks import read_blocks

A = "the ferry leaves the north pier at nine and comes back when the lamps are lit again"
B = "nobody had asked the keeper of the light whether the new pier would be in his way"
Q, R = "When does it leave?", "And when does it come back?"


def repeats_of(html: str, probabilities: list[float] | None = None) -> dict[int, int]:
    root = LexborHTMLParser(html).body
    assert root is not None
    blocks = read_blocks(root)
    words = np.array([len(text.split()) for text in blocks.texts], np.float32)
    times = Counter(blocks.texts)
    repeated = [i for i, text in enumerate(blocks.texts) if times[text] > 1 and words[i] >= LONG_WORDS]
    return find_repeats(repeated, np.array(probabilities or [0.5] * len(words), np.float32), words, blocks)


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(f"<p>{A}<p>{B}<p>{A}", id="refrain"),
        pytest.param(f"<p class=chorus>{A}<p class=verse>{B}<p class=chorus>{A}", id="refrain-with-classes"),
        pytest.param(f"<section><p>{A}</section><section><p>{A}</section>", id="sections-of-one-paragraph"),
        pytest.param(
            f"<section><h2>{Q}</h2><p>{A}</section><section><h2>{Q}</h2><p>{A}</section>", id="equal-sections"
        ),
        pytest.param(f"<h2>{Q}</h2><div>{A}</div><h2>{R}</h2><p>{A}", id="different-tags"),
        pytest.param(
            f"<div class=item><h3>{Q}</h3><p>{A}</div><div class=item><h3>{R}</h3><p>{A}</div>", id="answers"
        ),
        pytest.param(
            f"<div class=item><h3>{Q}</h3><div>{A}</div></div>"
            f"<div class=item><h3>{R}</h3><div hidden>{A}</div></div>",
            id="answers-one-of-them-open",
        ),
        pytest.param(f"<table><tr><td>{A}<tr><td>{B}<tr><td>{A}</table>", id="rows"),
        pytest.param(f"<ul><li>{A}<li>{B}</ul><p>{A}", id="list"),
        pytest.param(f"<p>{Q}<p hidden>{Q}", id="short"),
        pytest.param(f"<p>{A}<p>{B}", id="nothing-repeated"),
    ],
)
def test_repeats_in_reading_order_stay(html: str) -> None:
    assert repeats_of(html) == {}


@pytest.mark.parametrize(
    ("html", "copies"),
    [
        pytest.param(
            f"<div class=wide><p>{A}<p>{B}</div><div class=narrow><p>{A}<p>{B}</div>",
            {2: 0, 3: 1},
            id="another-width",
        ),
        pytest.param(
            f"<div class=wide><h2>{Q}</h2><p>{A}</div><div class=narrow><h2>{Q}</h2><p>{A}</div>",
            {2: 0, 3: 1},
            id="with-its-short-texts",
        ),
        pytest.param(
            f"<div class=page><p>{A}<p>{B}</div><div class=print><p>{A}<p>{B}<p>{Q}</div>",
            {0: 2, 1: 3},
            id="print-copy",
        ),
        pytest.param(
            "".join(f"<div class=slide><a href=/>{Q}</a><p>{text}</div>" for text in (B, A, B)),
            {4: 0, 5: 1},
            id="carousel-clone",
        ),
        pytest.param(f"<p class=wide>{A}<p hidden>{A}", {1: 0}, id="hidden"),
        pytest.param(f"<div><p>{A}<p>{B}</div><blockquote><p>{A}</blockquote>", {2: 0}, id="quoted"),
        pytest.param(
            f"<div class=body><p>{A}<p>{B}</div><div class=summary><h3>{Q}</h3><div>{A}</div></div>",
            {3: 0},
            id="another-place",
        ),
    ],
)
def test_repeats_of_a_template_are_copies(html: str, copies: dict[int, int]) -> None:
    assert repeats_of(html) == copies


@pytest.mark.parametrize(
    ("probabilities", "copies"),
    [
        pytest.param([0.6, 0.7, 0.8], {0: 2}, id="the-likeliest-stays"),
        pytest.param([0.5, 0.5, 0.5], {2: 0}, id="the-first-of-equals"),
    ],
)
def test_repeats_leave_the_likeliest_copy(probabilities: list[float], copies: dict[int, int]) -> None:
    assert repeats_of(f"<p>{A}<p>{B}<p hidden>{A}", probabilities) == copies


def test_repeats_of_one_text_in_thousands_of_places_are_found_in_bounded_work() -> None:
    nested = "".join(f"<div class=c{n}><p>{A}<p>{B}" for n in range(400))
    assert len(repeats_of(f"<div>{nested}")) < 800
    many = "".join(f"<p class=c{n}>{A}" for n in range(5000))
    assert repeats_of(many) == {}
