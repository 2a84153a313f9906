"""Cleaning takes time linear in the page, whatever the page has much of."""

import gc
from collections.abc import Iterator
from functools import partial

import pytest

from gateway.core import clean
from tests.growth import assert_linear

PAGE_BYTES = 200_000  # and twice that
LARGER = {"deep-and-long": 1_000_000}  # where the tags that nest too deep are thinned out


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    """The collector looks at what other tests left, too."""
    gc.disable()
    yield
    gc.enable()


def many(piece: str, *, before: str = "", after: str = "") -> tuple[str, str, str]:
    """A page of one piece again and again; `@` in it is a number, another each time."""
    return before, piece, after


KINDS = {
    "links": many('<a href="/p/@">link @</a> ', before="<p>"),
    "metas": many('<meta property="og:image" content="/@.jpg">'),
    "authors": many('<meta name="citation_author" content="Name @">'),
    "json-ld": many('<script type="application/ld+json">{"@type":"Product","name":"A @",}</script>'),
    "items-of-json-ld": many(
        '{"@type":"Article","articleBody":"Some words @"},',
        before='<script type="application/ld+json">[',
        after="1]</script>",
    ),
    "headings": many("<h1>Heading @</h1>"),
    "table": many("<tr><td>@<td>b<td>c</tr>", before="<table>"),
    "wide-table": many("<td rowspan=999>@</td>", before="<table><tr>"),
    "nested-lists": many("<ul><li>@<ul><li>x</ul></ul>"),
    "style-rules": many(".c@{display:none}", before="<style>", after="</style><p class=c5>x</p>"),
    "style-elements": many("<style>.c@{display:none}</style>"),
    "ids": many('<a href="#i@">to</a><p id="i@" hidden>A text that is shown on demand, @</p>'),
    "breaks": many("x<br>", before="<p>"),
    "long-text": many("another word and ", before="<p>"),
    "one-word": many("a", before="<p>"),
    "brackets": many("[", before="<p>"),
    "backticks": many("`a", before="<p>"),
    "bars": many("|-", before="<p>"),
    "data-images": many('<img alt="i @" src="data:image/png;base64,AAAAAAAAAAAAAAAAAAAAAAAAAA">'),
    "long-attribute": many("author date ", before='<p class="', after='">Text of 3 May 2024</p>'),
    "hidden": many('<div style="display:none">hidden @</div><p>shown</p>'),
    "slides": many('<li class="slide" hidden>slide @</li>', before='<ul class="carousel">'),
    "tabs-in-tabs": many('<div class="tab c@" hidden><!-- --> <!-- -->@'),
    "deep": many("<div>@"),
    "deep-and-long": many('<div class="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">@'),
    "options": many("<option>@</option>", before="<select>"),
    "entities": many("&amp;&lt;&#x41;&foo;", before="<p>"),
    "comments": many("<!---->", after="text"),
    "code": many("<span>x@</span>\n", before="<pre>"),
    "footnotes": many('<sup><a href="#f@">@</a></sup><ol><li id="f@">note @</li></ol>'),
    "environments": many("\\begin{align} x ", before="<p>"),
    "formulas-in-attributes": many('<span data-tex="x_@">y</span> ', before="<p>"),
    "lines-that-a-style-keeps": many("x@\n", before='<p style="white-space: pre-wrap">'),
    "permalinks": many('<h2>Part @<a class="headerlink" href="#p@">Link to this heading</a></h2>'),
    "stories": many('<div><h3><a href="/s@">Story @ of the day</a></h3><b class="author">Ann Berg</b></div>'),
    "drawn-tables": many("<i role=grid><i role=row><i role=cell>a</i><i role=cell>b@</i></i></i>"),
    "rows-in-rows": many("<i role=grid><i role=row><i role=cell>b@"),
    "microdata": many('<div itemscope itemprop="a b"><b itemprop="c d">text @</b>'),
    "assignments": many('data = {"a": @; ', before="<script>", after="</script>"),
    "assigned-data": many("data = [[", before="<script>", after="</script>"),
    "string-literals": many('\\"', before='<script>window.__NUXT__=(function(){"', after="</script>"),
    "flight": many('self.__next_f.push([1,"@:[1]\\n"]) ', before="<script>", after="</script>"),
}


def page_of(kind: tuple[str, str, str], size: int) -> str:
    before, piece, after = kind
    times = size // len(piece.replace("@", "12345"))
    pieces = piece * times if "@" not in piece else "".join(piece.replace("@", str(n)) for n in range(times))
    return before + pieces + after


@pytest.mark.parametrize("name", KINDS)
def test_clean_takes_time_linear_in_a_page_of_many(name: str) -> None:
    clean("<p>warm")
    size = LARGER.get(name, PAGE_BYTES)
    assert_linear(lambda size: partial(clean, page_of(KINDS[name], size), url="https://h/p"), size)
