"""The second renderer says the same words, in markdownify's way; and markdownify itself is the oracle."""

import re
import warnings

import pytest
from hypothesis import given, settings
from markdownify import markdownify

from tests.core.markdown.reading import joined, markdown_of, read_back, rendered
from tests.core.markdown.test_markdown_roundtrip import PAGE, WORD, numbered, once, words_of


@settings(max_examples=120, deadline=None)
@given(PAGE.map(numbered))
def test_both_renderers_write_the_same_words_in_order(html: str) -> None:
    assert once(read_back(markdown_of(html, renderer="markdownify"))) == words_of(html)


PLAIN_PAGES = [
    "<h1>A</h1><p>b <b>c</b> <a href='https://d.org/'>e</a></p><ul><li>f<ul><li>g</ul><li>h</ul><p>i</p>",
    "<table><tr><th>A<th>B</tr><tr><td>c<td>d</tr></table><pre>e  f\n g</pre><blockquote><p>h</p><p>i</p></blockquote>",
    "<ol start=4><li><p>a</p><p>b</p><li>c</ol><p>d<br>e</p><hr><p>f <code>g h</code> <em>i</em></p>",
    "<dl><dt>a<dd>b</dl><div>c<div>d</div>e</div><h2>f</h2><h3>g <i>h</i></h3>",
]


@pytest.mark.parametrize("html", PLAIN_PAGES)
def test_native_markdown_says_what_markdownify_says(html: str) -> None:
    oracle = read_back(markdownify(html))
    assert re.findall(r"\w+", read_back(markdown_of(html))) == re.findall(r"\w+", oracle)


@settings(max_examples=120, deadline=None)
@given(PAGE.map(numbered))
def test_no_word_of_markdownify_is_missed(html: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # text that looks like an address
        oracle = WORD.findall(markdownify(html))
    assert set(WORD.findall(markdown_of(html))) == set(oracle)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param("<h1>A</h1><h3>B</h3>", "A\n=\n\n### B", id="headings"),
        pytest.param("<ul><li>a<ul><li>b</ul></ul>", "* a\n  + b", id="bullets"),
        pytest.param("<ol start=3><li>a<li>b</ol>", "3. a\n4. b", id="numbers"),
        pytest.param(
            "<pre><code class='language-py'>a ``` b</code></pre>", "````py\na ``` b\n````", id="fence"
        ),
        pytest.param("<p>1. a &lt;b&gt;</p>", "1\\. a \\<b\\>", id="escapes"),
        pytest.param(
            "<table><tr><th>A<th>B<tr><td><code>a|b</code><td>c</table>",
            "| A | B |\n| --- | --- |\n| `a\\|b` | c |",
            id="pipes",
        ),
        pytest.param("<p>Look!<a href='/x'>a</a></p>", "Look\\![a](https://example.org/x)", id="no-image"),
    ],
)
def test_markdownify_conventions_hold(html: str, markdown: str) -> None:
    assert markdown_of(html, renderer="markdownify") == markdown


def test_links_can_be_left_out() -> None:
    assert markdown_of("<a href='/x'>a</a>", renderer="markdownify", links="none") == "a"


def test_the_second_renderer_keeps_blocks_and_text() -> None:
    html = "<h1>A</h1><ul><li>b<li>c</ul><table><tr><th>d<th>e<tr><td>f<td>g</table>"
    first, second = rendered(html), rendered(html, renderer="markdownify")
    assert [(b.kind, b.gap, b.text, b.level, b.heading, b.html) for b in first.blocks] == [
        (b.kind, b.gap, b.text, b.level, b.heading, b.html) for b in second.blocks
    ]


def test_what_nests_too_deep_stays_native_with_a_notice() -> None:
    page = rendered(
        "<blockquote>" + "<ul><li>a" * 240 + "</blockquote>", renderer="markdownify", max_depth=2000
    )
    assert joined(page).count("a") == 240
    assert [notice.code for notice in page.notices] in ([], ["renderer_fallback"])
