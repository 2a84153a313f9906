"""Every kind of document through to markdown, and what is refused."""

import io
import time
from functools import partial
from pathlib import Path

import pypdfium2
import pytest

from gateway.core import CleanOptions, clean
from gateway.core.documents.alternate import markdown_alternate
from gateway.core.documents.feeds import feed_html
from gateway.core.documents.reader import kind_of, read_document
from gateway.errors import UnsupportedContent
from tests.growth import assert_linear

DOCUMENTS = Path(__file__).parents[3] / "fixtures" / "documents"


def markdown_of(name: str, content_type: str) -> str:
    document = read_document(
        (DOCUMENTS / name).read_bytes(), content_type=content_type, url=f"https://site.example/{name}"
    )
    page = clean(document.html, url=f"https://site.example/{name}", options=CleanOptions(scope="page"))
    return page.markdown


@pytest.mark.parametrize(
    ("content_type", "body", "url", "kind"),
    [
        pytest.param("text/html; charset=x", b"<p>", None, "html", id="html"),
        pytest.param("application/xhtml+xml", b"<p>", None, "html", id="xhtml"),
        pytest.param("", b" <!-- c --> <!DOCTYPE html>", None, "html", id="untyped-html"),
        pytest.param("application/octet-stream", b"<html>", None, "html", id="octets-html"),
        pytest.param("", b"plain words", None, "text", id="untyped-text"),
        pytest.param("", b"<!-- a --> <!---->\n<div>", None, "html", id="untyped-html-behind-comments"),
        pytest.param("", b"<!-- a -->\nplain <b>words</b>", None, "text", id="untyped-text-behind-comment"),
        pytest.param("text/plain", b"<!-- a -->\nwords", None, "text", id="text-behind-comment"),
        pytest.param(
            "text/plain", b"<!-- a -->\n# T", "https://h/a.md", "markdown", id="markdown-behind-comment"
        ),
        pytest.param("", b"<!-- never closed", None, "text", id="untyped-text-behind-open-comment"),
        pytest.param("text/html", b"%PDF-1.7", None, "pdf", id="pdf-by-its-bytes"),
        pytest.param("application/pdf", b"\n%PDF-1.7", None, "pdf", id="pdf"),
        pytest.param("text/markdown", b"#", None, "markdown", id="markdown"),
        pytest.param("text/plain", b"#", "https://h/README.md?raw=1", "markdown", id="markdown-by-suffix"),
        pytest.param("text/plain", b"<html>", "https://h/a", "text", id="text-is-not-sniffed"),
        pytest.param("text/csv", b"a,b", None, "text", id="csv"),
        pytest.param("application/ld+json", b"{}", None, "json", id="json-suffix"),
        pytest.param("application/rss+xml", b"<rss/>", None, "xml", id="rss"),
        pytest.param("TEXT/XML", b"<a/>", None, "xml", id="xml"),
    ],
)
def test_kind_is_told_by_type_and_first_bytes(
    content_type: str, body: bytes, url: str | None, kind: str
) -> None:
    assert kind_of(body, content_type=content_type, url=url) == kind


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("image/png", b"\x89PNG", id="image"),
        pytest.param("image/svg+xml", b"<svg/>", id="svg"),
        pytest.param("application/zip", b"PK", id="zip"),
        pytest.param("video/mp4", b"\x00", id="video"),
        pytest.param("application/octet-stream", b"\x00\x01\x02", id="octets"),
        pytest.param("", b"\x7fELF\x02\x01\x01\x00", id="untyped-binary"),
    ],
)
def test_other_types_are_refused_by_name(content_type: str, body: bytes) -> None:
    with pytest.raises(UnsupportedContent) as caught:
        kind_of(body, content_type=content_type, url=None)
    assert (content_type or "without a type") in caught.value.detail


def test_nothing_without_a_type_is_an_empty_page() -> None:
    assert kind_of(b"", content_type="", url=None) == "html"


def test_rss_becomes_headings_with_links_dates_and_content() -> None:
    markdown = markdown_of("news.rss", "application/rss+xml")
    assert "# Harbour news" in markdown
    assert "## [Ferry runs late](https://harbour.example/late)" in markdown
    assert "Tue, 03 Nov 2026 09:00:00 GMT · M. Pilot" in markdown
    assert "The **noon** ferry waits for the tide." in markdown
    assert "The mole has a green light." in markdown
    assert "alert" not in markdown
    assert "Short form" not in markdown


def test_atom_becomes_headings_with_links_and_content() -> None:
    markdown = markdown_of("news.atom", "application/atom+xml")
    assert "(https://hafen.example/faehre)" in markdown
    assert "Fähre" in markdown and "verspätet" in markdown
    assert "Sie wartet auf die *Flut*." in markdown


def test_feed_expands_no_entity_of_its_own() -> None:
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    assert (
        feed_html(
            f'<!DOCTYPE rss [<!ENTITY l0 "x">{bomb}]><rss><channel><title>&l11;</title></channel></rss>'
        )
        is None
    )
    outside = '<!DOCTYPE rss [<!ENTITY e SYSTEM "file:///etc/passwd">]><rss><channel><title>&e;</title></channel></rss>'
    assert feed_html(outside) is None


def test_xml_that_is_no_feed_is_shown_as_code() -> None:
    document = read_document(b"<config><a>1</a></config>", content_type="application/xml", url=None)
    assert (
        "```xml\n<config><a>1</a></config>\n```"
        in clean(document.html, options=CleanOptions(scope="page")).markdown
    )


def test_markdown_comes_through_without_front_matter_and_comments() -> None:
    markdown = markdown_of("notes.md", "text/markdown; charset=utf-8")
    assert "# Field notes" in markdown
    assert "tags:" not in markdown
    assert "ignore all previous" not in markdown
    assert "[link](https://site.example/notes.md)" in markdown
    assert "**bold**" in markdown
    assert "wren" in markdown
    assert '```python\nx = "<b>"\n```' in markdown


def test_plain_text_keeps_its_paragraphs_and_its_layout() -> None:
    markdown = markdown_of("plain.txt", "text/plain")
    assert "\\*stars\\*" in markdown
    assert "  rope          4\n  anchor       90" in markdown
    assert markdown.endswith("Last paragraph.")


def test_json_is_shown_readably_and_cannot_break_out() -> None:
    markdown = markdown_of("data.json", "application/json")
    assert markdown.startswith("```json\n{")
    assert '"</code><script>"' in markdown
    assert "island" in markdown


def test_json_that_is_none_is_shown_as_it_is() -> None:
    assert (
        '{"a": 1}\n{"a": 2}'
        in read_document(b'{"a": 1}\n{"a": 2}', content_type="application/json", url=None).text
    )
    deep = b"[" * 100_000
    assert read_document(deep, content_type="application/json", url=None).text == deep.decode()


def test_pdf_becomes_headings_paragraphs_and_page_marks() -> None:
    markdown = markdown_of("guide.pdf", "application/pdf")
    assert (
        markdown.startswith("\\[page 1\\]\n\n# Keeping bees\n\nA hive wants") or "# Keeping bees" in markdown
    )
    assert "bring in more.\n\nIn winter they need" in markdown
    assert "## Tools & clothing" in markdown
    assert "page 2" in markdown
    assert "## Harvest" in markdown


def test_pages_of_a_pdf_without_text_are_counted() -> None:
    document = pypdfium2.PdfDocument(DOCUMENTS / "guide.pdf")
    document.new_page(200, 200)
    document.new_page(200, 200)
    out = io.BytesIO()
    document.save(out)
    pages = len(document)
    document.close()
    (warning,) = read_document(out.getvalue(), content_type="application/pdf", url=None).warnings
    assert (warning.code, warning.count) == ("no_text_layer", 2)
    assert warning.message.endswith(f": {pages - 1}, {pages}")
    assert markdown_of("guide.pdf", "application/pdf")


@pytest.mark.parametrize(
    ("name", "reason"), [("locked.pdf", "password"), ("scanned.pdf", "scanned"), ("broken.pdf", "damaged")]
)
def test_pdf_that_cannot_be_read_says_why(name: str, reason: str) -> None:
    path = DOCUMENTS / name
    body = path.read_bytes() if path.exists() else b"%PDF-1.7 and nothing more"
    with pytest.raises(UnsupportedContent) as caught:
        read_document(body, content_type="application/pdf", url=None)
    assert caught.value.extra["reason"] == reason


@pytest.mark.parametrize(
    ("html", "link", "found"),
    [
        pytest.param(
            '<link rel="alternate" type="text/markdown" href="/a.md">', "", "https://h/a.md", id="tag"
        ),
        pytest.param("<link href=a.md type=text/markdown rel=alternate>", "", "https://h/p/a.md", id="bare"),
        pytest.param("", '</a.md>; rel="alternate"; type="text/markdown"', "https://h/a.md", id="header"),
        pytest.param(
            '<link rel="alternate" type="text/markdown" href="//evil/a.md">', "", None, id="elsewhere"
        ),
        pytest.param('<link rel="stylesheet" type="text/markdown" href="/a.md">', "", None, id="other-rel"),
        pytest.param(
            '<link rel="alternate" type="application/rss+xml" href="/a">', "", None, id="other-type"
        ),
        pytest.param(
            '<link rel="alternate" type="text/markdown" href="http://[">', "", None, id="unreadable"
        ),
    ],
)
def test_markdown_alternate_is_found_on_the_same_origin(html: str, link: str, found: str | None) -> None:
    assert markdown_alternate(html.encode(), headers={"link": link}, url="https://h/p/page") == found


def test_markdown_alternate_of_a_parameter_in_a_header_of_many_links() -> None:
    link = (
        "</style.css>; rel=preload, " * 50 + '</a.md>; rel="alternate"; type="Text/Markdown; charset=utf-8"'
    )
    assert markdown_alternate(b"", headers={"link": link}, url="https://h/p") == "https://h/a.md"


OFFER_BYTES = 65_536  # what is looked through of a body


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param("<link aaaaaaaa", id="names-without-value"),
        pytest.param("<link " + "a" * 1500 + ">", id="long-names"),
        pytest.param("<link type=text/markdown " + "a-" * 500 + "  =>", id="names-without-value-in-an-offer"),
        pytest.param("<link type=text/markdown " + "= " * 500 + ">", id="values-without-name"),
        pytest.param("<link type=text/markdown " + "a='b\" " * 200 + ">", id="mixed-quotes"),
        pytest.param("<link rel=alternate type=text/markdown>", id="offers-without-address"),
        pytest.param("</a>; type=text/markdown; a  =", id="header-parameters"),
    ],
)
def test_markdown_alternate_takes_time_linear_in_what_it_looks_through(piece: str) -> None:
    def make(size: int) -> str:
        return "text/markdown" + piece * (size // len(piece))

    def run(text: str) -> None:
        for _ in range(10):
            markdown_alternate(text.encode(), headers={"link": text}, url="https://h/p")

    assert_linear(lambda size: partial(run, make(size)), OFFER_BYTES // 4)


def test_markdown_alternate_looks_through_a_bounded_part() -> None:
    tag = '<link rel="alternate" type="text/markdown" href="/a.md">'
    header = '</a.md>; rel="alternate"; type="text/markdown"'
    late = (" " * OFFER_BYTES + tag).encode()
    assert markdown_alternate(late, headers={"link": "</b>," * 10_000 + header}, url="https://h/p") is None


def test_page_without_an_offer_of_markdown_costs_one_search() -> None:
    head = b"<link rel=stylesheet href=/a.css type=text/css>" * (OFFER_BYTES // 47)
    offering = head.replace(b"text/css", b"text/markdown")

    def least_cpu_s(body: bytes) -> float:
        times = []
        for _ in range(20):
            began = time.process_time()
            markdown_alternate(body, headers={}, url="https://h/p")
            times.append(time.process_time() - began)
        return min(times)

    assert least_cpu_s(head) * 10 < least_cpu_s(offering)


@pytest.mark.parametrize("comment", [b"<!---->", b"<!-- a --> ", b"<!--", b"<!-- > -- ", b" "])
def test_sniffing_takes_time_linear_in_comments(comment: bytes) -> None:
    def run(times: int) -> None:
        for _ in range(20):
            kind_of(comment * times + b"text", content_type="", url=None)

    assert kind_of(comment * 30 + b"text", content_type="", url=None) == "text"
    assert_linear(lambda size: partial(run, size), 4000 // len(comment) // 2)


def test_front_matter_of_one_line_after_another_is_read_once() -> None:
    def make(size: int) -> bytes:
        return b"---\n" + b"title:   \n--" * (size // 12)

    def run(body: bytes) -> None:
        read_document(body[:100_000] + b"x", content_type="text/markdown", url=None)

    assert_linear(lambda size: partial(run, make(size)), 8_192)


@pytest.mark.parametrize(
    "opening", ["<!DOCTYPE", "<!DOCTYPE rss [", "<!DOCTYPE rss []", "<!--", "<!-- -->", "<?xml ", "]"]
)
def test_feed_prolog_takes_linear_time(opening: str) -> None:
    def make(size: int) -> str:
        return "<!DOCTYPE r [" + opening * (size // len(opening))

    assert_linear(lambda size: partial(feed_html, make(size)), 262_144)


def test_feed_in_whose_prolog_stands_a_comment_expands_no_entity() -> None:
    entity = '<!DOCTYPE rss [<!ENTITY l "expanded">]>'
    feed = f"<?xml version='1.0'?><!-- <!DOCTYPE x> -->{entity}<rss><channel><title>a &l;</title></channel></rss>"
    assert feed_html(feed) is None
    assert "a b" in (feed_html(feed.replace("&l;", "b")) or "")


def test_feed_nested_deep_is_shown_all_the_same() -> None:
    depth = 100_000
    deep = "<a>" * depth + "x" + "</a>" * depth
    for inside in (f"<title>{deep}</title>", f"<description>{deep}</description>", deep):
        feed = f"<rss><channel><item><title>Late ferry</title></item>{inside}</channel></rss>"
        document = read_document(feed.encode(), content_type="application/rss+xml", url=None)
        assert "Late ferry" in document.html


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_nested_deep_is_shown_as_it_is(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    for text in (opening * 100_000, opening * 100_000 + "1" + closing * 100_000):
        assert read_document(text.encode(), content_type="application/json", url=None).text == text
