"""The choice among blocks: which prefix is taken, what becomes of code and of what is said twice."""

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.classifier.choice import adjust_probabilities, select
from gateway.core.dom.blocks import Blocks, read_blocks


def blocks_of(html: str) -> Blocks:
    root = LexborHTMLParser(html).body
    assert root is not None
    return read_blocks(root)


def settled(html: str, probabilities: list[float], *, page_type: str = "article") -> list[float]:
    """The probabilities of a page whose blocks have twenty words each, rounded."""
    words = np.full(len(probabilities), 20, np.float32)
    blocks = blocks_of(html)
    after = adjust_probabilities(np.array(probabilities, np.float32), words, blocks, page_type=page_type)
    assert len(after) == len(blocks.texts)
    return [round(float(p), 2) for p in after]


@pytest.mark.parametrize(
    ("probabilities", "words", "chosen"),
    [
        pytest.param([0.9, 0.1, 0.8], [10, 10, 10], [0, 2], id="the-likely-ones"),
        pytest.param([0.3, 0.1, 0.05], [10, 10, 10], [0], id="one-that-may-be"),
        pytest.param([0.05, 0.02, 0.02], [10, 10, 10], [], id="none-that-is-likely"),
        pytest.param([0.9, 0.45], [10, 100], [0, 1], id="words-weigh"),
        pytest.param([0.5, 0.5, 0.5], [1, 1, 1], [0, 1, 2], id="ties-together"),
    ],
)
def test_select_takes_the_prefix_with_the_best_expected_f1(
    probabilities: list[float], words: list[float], chosen: list[int]
) -> None:
    assert select(np.array(probabilities, np.float32), np.array(words, np.float32))[0] == chosen


@pytest.mark.parametrize(
    ("probability", "chosen"),
    [
        pytest.param(0.1455, [0], id="a-little-more"),  # F1 of 2p / (1 + 1.1p) = 0.2508
        pytest.param(0.1445, [], id="a-little-less"),  # 0.2494
    ],
)
def test_select_takes_nothing_where_an_f1_below_a_quarter_is_expected(
    probability: float, chosen: list[int]
) -> None:
    found, expected = select(np.array([probability], np.float32), np.array([1000], np.float32))
    assert found == chosen
    assert expected == pytest.approx(0.25, abs=0.001)


def test_select_expects_more_of_a_clear_page() -> None:
    words = np.full(4, 10, np.float32)
    clear = select(np.array([0.99, 0.99, 0.01, 0.01], np.float32), words)[1]
    unclear = select(np.array([0.6, 0.5, 0.5, 0.4], np.float32), words)[1]
    assert 0 <= unclear < clear <= 1


@pytest.mark.parametrize(
    ("html", "probabilities", "after"),
    [
        pytest.param("<p>a<pre>b</pre><p>c", [0.8, 0.1, 0.9], [0.8, 0.72, 0.9], id="between"),
        pytest.param("<p>a<pre>b</pre><p>c", [0.8, 0.9, 0.9], [0.8, 0.9, 0.9], id="likelier-already"),
        pytest.param("<p>a<pre>b</pre>", [0.9, 0.1], [0.9, 0.1], id="at-the-end"),
        pytest.param("<pre>a</pre>", [0.1], [0.1], id="alone"),
        pytest.param(
            "<p>a<pre><p>b<p>c</pre><p>d", [1.0, 0.1, 0.2, 1.0], [1.0, 0.9, 0.9, 1.0], id="in-several-blocks"
        ),
        pytest.param(
            "<p>a<p>b<pre>c</pre><p>d<p>e", [1, 0.1, 0.1, 0.1, 1], [1, 0.1, 0.9, 0.1, 1], id="past-a-label"
        ),
    ],
)
def test_settle_raises_code_to_the_text_around_it(
    html: str, probabilities: list[float], after: list[float]
) -> None:
    assert settled(html, probabilities) == pytest.approx(after)


@pytest.mark.parametrize(
    ("html", "page_type", "after"),
    [
        pytest.param("<p>a<p>b<p>a", "article", [0, 0.7, 0.8], id="the-likeliest-stays"),
        pytest.param("<p>a<p>b<p>c", "article", [0.6, 0.7, 0.8], id="nothing-repeated"),
        pytest.param("<p>a<p>b<p>a", "documentation", [0.6, 0.7, 0.8], id="documentation"),
        pytest.param("<table><tr><td>a<tr><td>b<tr><td>a</table>", "article", [0.6, 0.7, 0.8], id="rows"),
        pytest.param("<ul><li>a<li>b</ul><p>a", "article", [0.6, 0.7, 0.8], id="list"),
    ],
)
def test_settle_keeps_one_of_what_is_said_twice(html: str, page_type: str, after: list[float]) -> None:
    assert settled(html, [0.6, 0.7, 0.8], page_type=page_type) == pytest.approx(after)


def test_settle_leaves_short_texts_that_are_repeated() -> None:
    words = np.full(2, 3, np.float32)
    probabilities = np.array([0.6, 0.7], np.float32)
    blocks = blocks_of("<p>Sold out today<p>Sold out today")
    assert (
        adjust_probabilities(probabilities, words, blocks, page_type="listing").tolist()
        == probabilities.tolist()
    )


def test_settle_keeps_the_first_of_equally_likely_texts() -> None:
    assert settled("<p>a<p>a<p>a", [0.5, 0.5, 0.5]) == [0.5, 0, 0]
