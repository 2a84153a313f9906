"""JSON-LD as found in the wild, microdata, OpenGraph: typed items, bounded."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core import clean
from gateway.core.metadata.structured import Item, absolute, read_structured

BASE = "https://shop.example/p/1"


def read(html: str) -> list[Item]:
    return read_structured(LexborHTMLParser(html, scripting=True), base_url=BASE)


def ld(text: str) -> list[Item]:
    return read(f'<script type="application/ld+json">{text}</script>')


PRODUCT = {"@type": "Product", "name": "Kettle", "offers": {"@type": "Offer", "price": "19.90"}}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps(PRODUCT), id="plain"),
        pytest.param(json.dumps({"@context": "https://schema.org"} | PRODUCT), id="context-dropped"),
        pytest.param(json.dumps([PRODUCT]), id="array"),
        pytest.param(json.dumps({"@context": "x", "@graph": [PRODUCT]}), id="graph"),
        pytest.param(json.dumps(PRODUCT | {"@type": ["https://schema.org/Product"]}), id="full-type"),
        pytest.param("<!-- " + json.dumps(PRODUCT) + " -->", id="html-comment"),
        pytest.param("//<![CDATA[\n" + json.dumps(PRODUCT) + "\n//]]>", id="cdata"),
        pytest.param("/* <![CDATA[ */" + json.dumps(PRODUCT) + "/* ]]> */", id="cdata-in-comments"),
        pytest.param(json.dumps(PRODUCT).replace("}}", ",},}") + ";", id="trailing-commas"),
        pytest.param("/* made by x */ // and y\n" + json.dumps(PRODUCT), id="script-comments"),
        pytest.param(json.dumps(PRODUCT) + '{"@type":', id="second-document-cut"),
    ],
)
def test_read_structured_reads_json_ld_as_found_in_the_wild(text: str) -> None:
    assert ld(text) == [PRODUCT]


def test_read_structured_keeps_strings_as_they_are() -> None:
    item = {"@type": "Thing", "url": "https://x.example/a//b", "name": "a, ] /* no comment */"}
    assert ld(json.dumps(item)[:-1] + ",}") == [item]
    assert ld('{"@type": "Thing", "name": "line\nbreak"}') == [{"@type": "Thing", "name": "line\nbreak"}]


@pytest.mark.parametrize(
    "text", ["", "null", "42", '"text"', "{", "[[[", "not json", '{"name": "untyped"}', "{'a': 1}"]
)
def test_read_structured_ignores_what_is_no_item(text: str) -> None:
    assert ld(text) == []


def test_read_structured_bounds_depth_and_number() -> None:
    deep = '{"@type":"A","x":' * 5000 + "1" + "}" * 5000
    assert len(ld(deep)) <= 1
    nested: Item = {"@type": "A"}
    for _ in range(60):
        nested = {"@type": "A", "x": nested}
    assert json.dumps(ld(json.dumps(nested))).count('"A"') < 30
    assert len(ld(json.dumps([PRODUCT] * 1000))) == 300


MICRODATA = """
<div itemscope itemtype="https://schema.org/Product">
  <h1 itemprop="name">Green
    kettle</h1><img itemprop="image" src="/k.jpg"><a itemprop="url" href="javascript:alert(1)">x</a>
  <span itemprop="color">green</span><span itemprop="color">lime</span>
  <div itemprop="offers" itemscope itemtype="http://schema.org/Offer">
    <meta itemprop="price" content="19.90"><data itemprop="sku" value="K1">one</data>
    <time itemprop="validFrom" datetime="2025-01-02">2 January</time>
  </div>
</div>"""


def test_read_structured_nests_microdata() -> None:
    assert read(MICRODATA) == [
        {
            "@type": "Product",
            "name": "Green kettle",
            "image": "https://shop.example/k.jpg",
            "color": ["green", "lime"],
            "offers": {"@type": "Offer", "price": "19.90", "sku": "K1", "validFrom": "2025-01-02"},
        }
    ]


def test_read_structured_reads_cards() -> None:
    head = """<meta property="og:title" content=" Kettle "><meta property="og:image" content="/a.jpg">
    <meta property="og:image" content="/b.jpg"><meta property="product:price:amount" content="19.90">
    <meta name="twitter:card" content="summary"><meta property="fb:app_id" content="1">"""
    assert read(head) == [
        {
            "@type": "OpenGraph",
            "title": "Kettle",
            "image": ["/a.jpg", "/b.jpg"],
            "product:price:amount": "19.90",
        },
        {"@type": "TwitterCard", "card": "summary"},
    ]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/a", "https://shop.example/a"),
        ("b?c=1", "https://shop.example/p/b?c=1"),
        ("//cdn.example/x", "https://cdn.example/x"),
        (" JaVa\tscript:alert(1)", None),
        ("data:text/html,x", None),
        ("http://[", None),
        ("ftp://x/y", None),
    ],
)
def test_absolute_gives_http_addresses_only(address: str, expected: str | None) -> None:
    assert absolute(address, BASE) == expected


@given(st.text('{}[]",:\\/*<!-@typegraph01 \n', max_size=60))
def test_read_structured_never_raises(text: str) -> None:
    for item in ld(text.replace("</", "")):
        assert "@type" in item


def depth_of(value: object) -> int:
    """How deep containers nest, found level by level."""
    level, depth = [value], 0
    while level := [
        child
        for one in level
        if isinstance(one, dict | list)
        for child in (one.values() if isinstance(one, dict) else one)
    ]:
        depth += 1
    return depth


@pytest.mark.parametrize("depth", [30, 1500, 2000])
@pytest.mark.parametrize("names", ["x", "x y", "x y z " * 40])
def test_microdata_nested_deep_is_bounded_in_depth_and_size(depth: int, names: str) -> None:
    inner = (
        f'<div itemscope itemtype="https://schema.org/Part" itemprop="{names}"><b itemprop="{names}">text</b>'
    )
    items = read(
        '<div itemscope itemtype="https://schema.org/Thing"><b itemprop=name>Top</b>' + inner * depth
    )
    assert items[0]["name"] == "Top" and "x" in items[0]
    assert depth_of(items) < 60
    assert len(json.dumps(items)) < 20_000


def test_page_with_deep_microdata_keeps_its_words() -> None:
    for depth in (1500, 100_000):
        page = clean("<p>The words of the page stand here.</p>" + '<div itemscope itemprop="a b">' * depth)
        assert "The words of the page" in page.markdown
        assert msgspec.json.encode(page)


@pytest.mark.parametrize("opening", ["[", '{"@type":"A","x":', '{"@graph":[', '[{"x":['])
@pytest.mark.parametrize("kind", ["application/ld+json", "application/json", "text/javascript"])
def test_page_with_deep_json_keeps_its_words(opening: str, kind: str) -> None:
    closing = opening[::-1].translate(str.maketrans("[{", "]}", '":Axtypegrh@,'))
    for depth in (900, 100_000):
        for json_text in (opening * depth, opening * depth + "1" + closing * depth):
            state = f"window.__STATE__ = {json_text}" if kind == "text/javascript" else json_text
            page = clean(f"<p>The words of the page stand here.</p><script type='{kind}'>{state}</script>")
            assert "The words of the page" in page.markdown
            assert msgspec.json.encode(page)


def test_text_under_many_names_is_not_copied_for_each() -> None:
    names = " ".join(f"n{number}" for number in range(20_000))
    items = read(f'<div itemscope itemtype=T><p itemprop="{names}">{"word " * 1000}</p></div>')
    assert len(json.dumps(items)) < 100_000
