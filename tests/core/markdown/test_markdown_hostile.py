"""Pages made to hurt: the work stays in proportion to the page, and nothing recurses."""

import time

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.markdown import render
from gateway.core.model.page import CleanOptions
from tests.core.markdown.reading import joined, markdown_of, rendered

SHAPES = {
    "nested divs": lambda n: "<div>" * min(n, 2000) + "x" * n,
    "nested spans": lambda n: "<span>" * min(n, 5000) + "x" * n,
    "nested tables": lambda n: "<table><tr><td>" * 100 + "<p>a</p>" * n,
    "nested lists": lambda n: "<ul><li>a" * 150 + "<ul>" + "<li>b" * n,
    "nested quotes": lambda n: "<blockquote>" * 200 + "<p>a</p>" * n,
    "cells": lambda n: "<table>" + ("<tr>" + "<td>a b</td>" * 10 + "</tr>") * (n // 10) + "</table>",
    "wide table": lambda n: (
        "<table><tr>" + "<td>a</td>" * (n // 2) + "</tr><tr>" + "<td>b</td>" * (n // 2) + "</table>"
    ),
    "spans": lambda n: "<table>" + "<tr><td colspan=9999999 rowspan=9999999>x<td>y</tr>" * n + "</table>",
    "tall cells": lambda n: (
        "<table>" + ("<tr>" + "<td rowspan=1000>some text" * 5 + "<tr><td>b" * 20) * (n // 25) + "</table>"
    ),
    "lines in a cell": lambda n: "<table><tr><td>a<td>" + "<div>b</div><br>" * n + "<tr><td>c<td>d</table>",
    "definitions": lambda n: "<dl>" + "<dt>a<dd><ul><li>b</ul>" * n,
    "nested definitions": lambda n: "<dl><dt>a<dd>" * 150 + "<dt>b<dd>c" * n,
    "custom elements": lambda n: "<p>a" + "<x-y>b</x-y>" * n,
    "nested custom elements": lambda n: "<p>" + "<x-y>a" * min(n, 5000) + "b" * n,
    "spans side by side": lambda n: "<div>" + "<span>ab</span>" * n,
    "breaks in marks": lambda n: "<p>" + "<b><i>a<br></i></b>" * n,
    "marks beside marks": lambda n: "<p>" + "<b>a</b><i>b</i>" * n,
    "brackets at marks": lambda n: "<p>" + "a<b>（b）</b>" * n,
    "brackets in a mark": lambda n: "<p>a<b>" + "（" * n + "b" + "）" * n + "</b>c",
    "ruby": lambda n: "<p><ruby>" + "a<rt>b</rt>" * n,
    "items of lists alone": lambda n: "<ul><li>a" + "<li><ul><li>b</ul>" * n,
    "blocks in a heading": lambda n: "<h2>" + "<div>a</div>" * n,
    "paragraphs in an item": lambda n: "<ul><li>" + "<p>some text</p>" * n,
    "terms": lambda n: "<dl>" + "<dt>some text" * n,
    "brackets": lambda n: "<p>" + "[" * n * 8,
    "half links": lambda n: "<p>" + "[a](b" * n * 4,
    "delimiters": lambda n: "<p>" + "*a_b`~~" * n * 2,
    "half formulas": lambda n: "<p>" + "\\(a\\[" * n * 4,
    "marks": lambda n: "<p>" + "<b>a</b>b<i>c</i>" * n,
    "code spans": lambda n: "<p>" + "<code>`a</code>" * n,
    "links": lambda n: "<p>" + "<a href=/x>!a</a>" * n,
    "fence": lambda n: "<pre>" + "`" * n * 8 + "</pre>",
    "lines of code": lambda n: "<pre>" + "<span>a\n</span>" * n,
    "nested gutters": lambda n: "<pre>" + '<span class="gutter">' * 200 + "1" * n * 8 + "x",
    "pre in pre": lambda n: "<pre>" * 200 + "<code>x</code>" * n,
    "lines without ends": lambda n: "<pre>" + '<span class="line">a</span>' * n,
    "code shown as a block": lambda n: "<p><code>a\nb</code></p>" * n,
    "code tables": lambda n: "<table><tr><td class=gutter>1<td class=code>x</table>" * (n // 10),
    "labels of code": lambda n: "<pre class=lang-js>x</pre><span>js</span>" * (n // 2),
    "formulas": lambda n: "<p>" + "<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>" * (n // 4),
    "fractions in fractions": lambda n: "<math>" + "<mfrac>" * 300 + "<mi>x</mi>" * n,
    "fences of a formula": lambda n: (
        "<math>" + "<mo>(</mo><mfrac><mi>x</mi></mfrac>" * (n // 2) + "<mo>)</mo>" * n
    ),
    "cells of a matrix": lambda n: "<math><mtable>" + "<mtr><mtd><mi>x</mi></mtd></mtr>" * n,
    "dollars": lambda n: "<p>" + "$x^ $$y" * n * 2,
    "edit links": lambda n: "<p>" + "[<a href='?action=edit&section=1'>edit</a>]" * n,
    "dashes": lambda n: "<p>" + "- " * n * 8 + "x",
    "bars": lambda n: "<p>" + "|-" * n * 8 + "x",
    "hashes": lambda n: "<h2>" + "#" * n * 8,
}


def cpu_s(html: str) -> float:
    root = LexborHTMLParser(html).body
    assert root is not None
    start = time.process_time()
    render(root, kept=None, hidden={}, base_url="https://a.org/", options=CleanOptions())
    return time.process_time() - start


@pytest.mark.parametrize("shape", SHAPES)
def test_work_grows_with_the_page_and_no_faster(shape: str) -> None:
    make = SHAPES[shape]
    small, large = make(2_000), make(16_000)
    # eight times the page; a quadratic step would make it 64 times the work. A floor of 10 ms keeps noise out,
    # and so does the best of three: a busy machine's neighbours cost CPU too
    once = max(cpu_s(small), 0.010)
    assert min(cpu_s(large) for _ in range(3)) < 30 * once


def test_depth_is_capped_and_said() -> None:
    page = rendered("<p>a</p>" + "<div>" * 3000 + "b" + "</div>" * 3000 + "<p>c</p>")
    assert page.truncated
    assert joined(page) == "a\n\nc"


def test_blocks_are_capped_and_said() -> None:
    page = rendered("<p>a</p>" * 30, max_blocks=10)
    assert page.truncated
    assert len(page.blocks) == 10


def test_a_page_within_the_bounds_is_whole() -> None:
    assert not rendered("<p>a</p>" * 30).truncated


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<p>",
        "\0",
        "<table><td>",
        "<frameset><frame></frameset>",
        "<!doctype html>",
        "<a href=>",
        "<ol start=" + "9" * 5000,
        "<td colspan=" + "9" * 5000 + ">x",
        "<math>",
        "<pre>",
        "<a href='http://['>x</a>",
        "<li value=²>a",
        "<svg><p>a",
    ],
)
def test_odd_pages_are_written_without_a_fault(html: str) -> None:
    assert isinstance(markdown_of(html, images="inline", html=True), str)
    assert isinstance(markdown_of(html, renderer="markdownify"), str)


def test_script_and_markup_in_text_stay_text() -> None:
    markdown = markdown_of("<p>&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=y&gt;</p>")
    assert markdown == r"\<script>alert(1)\</script> \<img src=x onerror=y>"
