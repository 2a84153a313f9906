"""Links: absolute, safe, and never broken by their text."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.markdown import render
from gateway.core.markdown.links import Resolver, encode
from gateway.core.model.page import CleanOptions
from gateway.wire import Link
from tests.core.markdown.reading import html_of, joined, markdown_of, read_back, rendered

# RFC 3986 section 5.4, normal and abnormal examples; those that name no http(s) address are None here
RFC_3986 = [
    ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
    ("//g", "http://g"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("g#s", "http://a/b/c/g#s"),
    ("g?y#s", "http://a/b/c/g?y#s"), (";x", "http://a/b/c/;x"), ("g;x", "http://a/b/c/g;x"),
    ("g;x?y#s", "http://a/b/c/g;x?y#s"), (".", "http://a/b/c/"), ("./", "http://a/b/c/"), ("..", "http://a/b/"),
    ("../", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"), ("../../", "http://a/"),
    ("../../g", "http://a/g"), ("../../../g", "http://a/g"), ("../../../../g", "http://a/g"),
    ("/./g", "http://a/g"), ("/../g", "http://a/g"), ("g.", "http://a/b/c/g."), (".g", "http://a/b/c/.g"),
    ("g..", "http://a/b/c/g.."), ("..g", "http://a/b/c/..g"), ("./../g", "http://a/b/g"),
    ("./g/.", "http://a/b/c/g/"), ("g/./h", "http://a/b/c/g/h"), ("g/../h", "http://a/b/c/h"),
    ("g;x=1/./y", "http://a/b/c/g;x=1/y"), ("g;x=1/../y", "http://a/b/c/y"),
    ("g?y/./x", "http://a/b/c/g?y/./x"), ("g?y/../x", "http://a/b/c/g?y/../x"), ("g:h", None),
]  # fmt: skip


@pytest.mark.parametrize(("reference", "url"), RFC_3986)
def test_references_resolve_as_in_rfc_3986(reference: str, url: str | None) -> None:
    assert Resolver("http://a/b/c/d;p?q").resolve(reference) == url


BASES = [
    "https://h.example/a/b/c.html", "http://h/", "http://h", "https://h/a//b/c", "https://h/a;x/b;y", "https://h/a(b)/c",
    "https://h/a/../b/c?d/e#f/g", "https://h:80/a b/c", "http:///x", "https://h/a/b/", "HTTP://H/Q?x#y",
]  # fmt: skip
PARTS = [
    "a",
    "b-c",
    ".",
    "..",
    "/",
    "?",
    "#",
    "x=1",
    "&",
    "(",
    ")",
    "%20",
    "a.html",
    ";p",
    "~",
    "é",
    "@",
    "+",
]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(BASES), st.lists(st.sampled_from(PARTS), min_size=1, max_size=7).map("".join))
def test_references_resolve_as_urllib_joins_them(base: str, reference: str) -> None:
    url = urljoin(base, reference)
    resolved = Resolver(base).resolve(reference)
    # an empty query or fragment may stay
    assert (resolved or "").rstrip("?#") == (encode(url) if urlsplit(url).netloc else "").rstrip("?#")


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("https://b.org/x?utm_source=y&a=b#c", "https://b.org/x?utm_source=y&a=b#c"),
        ("HTTPS://b.org/", "HTTPS://b.org/"),
        (" \n/x\t\r ", "https://a.org/x"),
        ("/a b", "https://a.org/a%20b"),
        ("/a\nb", "https://a.org/ab"),
        ("\\\\b.org\\x", "https://b.org/x"),
        ("/x?a=\\", "https://a.org/x?a=%5C"),
        ("/(a)", "https://a.org/(a)"),
        ("/(a", "https://a.org/%28a"),
        ("/a)b(", "https://a.org/a%29b%28"),
        ('/<a>`"|', "https://a.org/%3Ca%3E%60%22%7C"),
        ("/中", "https://a.org/中"),
        ("JaVa\tscript:alert(1)", None),
        (" \x01javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("vbscript:x", None),
        ("mailto:a@b.org", None),
        ("tel:1", None),
        ("http://[", None),
        ("https://b.org/" + "x" * 5000, None),
        ("", None),
    ],
)
def test_addresses_are_absolute_http_and_safe(reference: str, url: str | None) -> None:
    assert Resolver("https://a.org/").resolve(reference) == url


@pytest.mark.parametrize("base", [None, "", "file:///etc/", "about:blank"])
def test_relative_addresses_need_a_base(base: str | None) -> None:
    assert Resolver(base).resolve("/x") is None
    assert Resolver(base).resolve("https://b.org/") == "https://b.org/"


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("/other/", "https://example.org/other/x"),
        ("https://cdn.org/a/b", "https://cdn.org/a/x"),
        ("data:,", None),
    ],
)
def test_the_base_element_counts(base: str, url: str | None) -> None:
    page = rendered(f'<head><base href="{base}"></head><a href="x">a</a>')
    assert [link.url for link in page.links] == [url or "https://example.org/guide/x"]


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param('<a href="x">a</a>', "[a](https://example.org/guide/x)", id="relative"),
        pytest.param('a<a href="/"> b </a>c', "a [b](https://example.org/) c", id="white-space"),
        pytest.param('<a href="/"><b>a</b></a>', "[**a**](https://example.org/)", id="bold-inside"),
        pytest.param('<b><a href="/">a</a></b>', "**[a](https://example.org/)**", id="bold-outside"),
        pytest.param('<a href="/"><code>[a]</code></a>', "[`[a]`](https://example.org/)", id="code"),
        pytest.param('<a href="/">[a](b)</a>', r"[\[a\](b)](https://example.org/)", id="brackets"),
        pytest.param('<a href="/">a]</a>', r"[a\]](https://example.org/)", id="bracket"),
        pytest.param('wow!<a href="/">a</a>', r"wow\![a](https://example.org/)", id="never-an-image"),
        pytest.param('<a href="https://b.org/">https://b.org/</a>', "<https://b.org/>", id="autolink"),
        pytest.param('<a href="/"></a><a href="/"><img src=x></a>', "", id="without-text"),
        pytest.param(
            '<a href="/"><div>a</div><div>b</div></a>', "[a](https://example.org/)\n\nb", id="around-blocks"
        ),
        pytest.param('<a href="#x">a</a> <a name="y">b</a>', "a b", id="inside-the-page"),
        pytest.param('<a href="javascript:x">a</a> <a href="mailto:b">b</a>', "a b", id="other-schemes"),
    ],
)
def test_links_are_written_inline(html: str, markdown: str) -> None:
    assert markdown_of(f"{html}") == markdown


def test_links_can_be_references() -> None:
    html = '<p><a href="/a">one</a> [1] <a href="/b">two</a></p><p><a href="/a">three</a></p>'
    assert markdown_of(html, links="reference") == (
        "[one][1] \\[1\\] [two][2]\n\n[three][1]\n\n[1]: https://example.org/a\n[2]: https://example.org/b"
    )


def test_links_can_be_left_out_and_are_listed_all_the_same() -> None:
    page = rendered('<p><a href="/a">one</a> <a href="/a">one</a> <a href="/b">two</a></p>', links="none")
    assert page.blocks[0].markdown == "one one two"
    assert page.links == [
        Link(url="https://example.org/a", text="one"),
        Link(url="https://example.org/b", text="two"),
    ]


@pytest.mark.parametrize("style", ["inline", "reference", "none"])
@pytest.mark.parametrize(
    "text",
    [
        "](javascript:x) [",
        "a](b",
        "[",
        "\\",
        "`",
        "![x](y)",
        "<b>",
        "]: x",
        "|",
        "a\\](x)",
        "*a*",
        "][1]",
        "![",
        "](",
    ],
)
def test_text_cannot_break_out_of_a_link(text: str, style: str) -> None:
    html = text.replace("<", "&lt;")
    markdown = markdown_of(f'<p>x <a href="/safe">{html}</a> y</p>', links=style)
    assert read_back(markdown).split() == ["x", *text.split(), "y"]
    assert html_of(markdown).count("href=") == (style != "none")
    assert "<img" not in html_of(markdown)


def test_trees_beside_the_page_share_its_references() -> None:
    page, more = LexborHTMLParser("<a href='/a'>a</a>"), LexborHTMLParser("<a href='/b'>b</a><p>c")
    assert page.body is not None
    assert more.body is not None
    options = CleanOptions(links="reference")
    written = render(
        page.body, kept=None, hidden={}, base_url="https://d.org/", options=options, beside=[more.body]
    )
    assert joined(written) == "[a][1]\n\n[b][2]\n\nc\n\n[1]: https://d.org/a\n[2]: https://d.org/b"


@pytest.mark.parametrize("renderer", ["native", "markdownify"])
@pytest.mark.parametrize(("links", "tags"), [("inline", 2), ("reference", 2), ("none", 0)])
def test_style_of_links_holds_for_html(renderer: str, links: str, tags: int) -> None:
    html = '<h2><a href="/a">one</a></h2><p>and <b><a href="/b">two</a></b></p>'
    page = rendered(html, links=links, renderer=renderer, html=True)
    written = "".join(block.html for block in page.blocks)
    assert written.count("<a ") == written.count("</a>") == tags
    assert "one" in written and "<strong>" in written
