"""The choice among blocks: which prefix is taken, what becomes of code and of what is said twice."""

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.classifier.choice import find_special, select, settle, with_beside, with_data
from gateway.core.dom.blocks import FLAGS, Blocks, read_blocks


def blocks_of(html: str) -> Blocks:
    root = LexborHTMLParser(html).body
    assert root is not None
    return read_blocks(root)


def settled(html: str, probabilities: list[float], *, page_type: str = "article") -> list[float]:
    """The probabilities of a page whose blocks have twenty words each, rounded."""
    words = np.full(len(probabilities), 20, np.float32)
    blocks = blocks_of(html)
    repeated = [index for index, text in enumerate(blocks.texts) if blocks.texts.count(text) > 1]
    in_code = np.array([blocks.flags[owner] >> FLAGS.index("pre") & 1 for owner in blocks.owners], np.float32)
    after = settle(
        np.array(probabilities, np.float32), words, repeated, in_code, blocks, page_type=page_type
    ).probabilities
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
    ("page_type", "after"),
    [
        pytest.param("article", [0, 0.7], id="article"),
        pytest.param("documentation", [0.6, 0.7], id="documentation"),
    ],
)
def test_settle_leaves_one_copy_of_what_a_template_shows_twice(page_type: str, after: list[float]) -> None:
    html = "<p hidden>the same text<p>the same text"
    assert settled(html, [0.6, 0.7], page_type=page_type) == pytest.approx(after)


@pytest.mark.parametrize(
    ("html", "chosen", "after"),
    [
        pytest.param(
            "<p>a</p><table><tr><td>b</table><p>c", [0, 2], [0, 1, 2], id="table-between-paragraphs"
        ),
        pytest.param("<dl><dt>a<dd>b<dt>c<dd>d</dl>", [0, 3], [0, 1, 3], id="definition-of-a-chosen-term"),
        pytest.param("<p>a</p><table><tr><td><a href=/>b</a></table>", [0], [0], id="links"),
        pytest.param("<div><p>a</div><table><tr><td>b</table>", [0], [0], id="elsewhere"),
    ],
)
def test_data_stays_with_the_text_it_belongs_to(html: str, chosen: list[int], after: list[int]) -> None:
    blocks = blocks_of(html)
    link = np.array(blocks.link_chars, np.float32) / np.array(blocks.chars, np.float32)
    assert with_data(chosen, link, find_special(blocks), blocks, is_article=True) == after


PARAGRAPHS = "<p>one<p>two"


@pytest.mark.parametrize(
    ("html", "page_type", "chosen", "after"),
    [
        pytest.param(f"<h1>title</h1>{PARAGRAPHS}", "documentation", [1, 2], [0, 1, 2], id="title"),
        pytest.param(f"<h2>title</h2>{PARAGRAPHS}", "documentation", [1, 2], [1, 2], id="lower-heading"),
        pytest.param(
            f"<table><tr><th>a<td>b</table>{PARAGRAPHS}", "article", [1, 2], [0, 1, 2], id="infobox"
        ),
        pytest.param(
            f"<table><tr><th>a<td><a href=/>b</a></table>{PARAGRAPHS}", "article", [1, 2], [1, 2], id="links"
        ),
        pytest.param(
            f"<div><table><tr><td>a</table></div>{PARAGRAPHS}",
            "article",
            [1, 2],
            [1, 2],
            id="table-elsewhere",
        ),
        pytest.param(
            f"{PARAGRAPHS}<figure><blockquote>said</blockquote></figure>",
            "forum",
            [0, 1],
            [0, 1, 2],
            id="quotation",
        ),
        pytest.param(f"{PARAGRAPHS}<blockquote>said</blockquote>", "article", [0, 1], [0, 1], id="article"),
        pytest.param(
            f"<blockquote>said</blockquote>{PARAGRAPHS}", "forum", [1, 2], [1, 2], id="nothing-before"
        ),
        pytest.param(f"{PARAGRAPHS}<details>more</details>", "product", [0, 1], [0, 1, 2], id="folded"),
        pytest.param(
            f"{PARAGRAPHS}<details>more</details>", "article", [0, 1], [0, 1], id="folded-elsewhere"
        ),
        pytest.param(PARAGRAPHS, "article", [], [], id="nothing"),
    ],
)
def test_with_beside_adds_what_belongs_to_a_chosen_block(
    html: str, page_type: str, chosen: list[int], after: list[int]
) -> None:
    blocks = blocks_of(html)
    count = len(blocks.texts)
    link = np.array(blocks.link_chars, np.float32) / np.array(blocks.chars, np.float32)
    likely = np.full(count, 0.5, np.float32)
    assert with_beside(chosen, likely, link, find_special(blocks), blocks, page_type=page_type) == after
    assert with_beside(chosen, likely / 10, link, find_special(blocks), blocks, page_type=page_type) == chosen
