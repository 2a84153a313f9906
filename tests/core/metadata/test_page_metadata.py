"""What a page says of itself, from the most credible source that says it."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.metadata.iso_dates import date_of_address, to_iso
from gateway.core.metadata.names import clean_name
from gateway.core.metadata.page_metadata import Facts, read_metadata
from gateway.core.metadata.structured import read_structured
from gateway.core.metadata.title import choose_titles

URL = "https://www.daily.example/2024/03/05/rivers"


def read(html: str, url: str | None = URL) -> Facts:
    tree = LexborHTMLParser(html, scripting=True)
    return read_metadata(tree, read_structured(tree, base_url=url), url=url)


FULL = """<html lang="en_us"><head><title>Rivers rise | The Daily</title>
<meta name="description" content="Why rivers &amp; lakes rise.">
<meta property="og:site_name" content="The Daily">
<meta property="og:image" content="/r.jpg"><link rel="canonical" href="/rivers">
<meta name="author" content="Desk">
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Rivers rise", "inLanguage": "de",
"author": [{"@type": "Person", "name": "Ada Lovelace"}, {"name": "Alan Turing"}],
"datePublished": "2024-03-05T10:00:00+0100"}</script></head><body><h1>Rivers rise</h1></body>"""


def test_read_metadata_reads_every_fact() -> None:
    facts = read(FULL)
    assert facts.title == "Rivers rise"
    assert facts.metadata.description == "Why rivers & lakes rise."
    assert facts.metadata.author == "Ada Lovelace, Alan Turing"
    assert facts.metadata.published == "2024-03-05T10:00:00+01:00"
    assert facts.metadata.language == "en-US"
    assert facts.metadata.site_name == "The Daily"
    assert facts.metadata.canonical_url == "https://www.daily.example/rivers"
    assert facts.metadata.image == "https://www.daily.example/r.jpg"


@pytest.mark.parametrize(
    "html", ["", "<p>", "\x00", "<html lang=''><title> </title><meta name=author content=''>"]
)
def test_read_metadata_says_nothing_where_the_page_says_nothing(html: str) -> None:
    facts = read(html, url=None)
    assert facts.title is None
    assert facts.metadata == type(facts.metadata)()


@pytest.mark.parametrize(
    ("html", "author"),
    [
        (
            '<meta name="author" content="https://fb.example/x"><p class="byline">By Ada Lovelace on May 5',
            "Ada Lovelace",
        ),
        ('<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Ada">', "Ada"),
        ('<a rel="author" href="/ada">Ada Lovelace</a>', "Ada Lovelace"),
        # LaTeXML: a name an element, or all in one above their addresses
        (
            '<h1>Walls</h1><div class="ltx_authors"><span class="ltx_creator ltx_role_author">'
            '<span class="ltx_personname">'
            'Ane Holm<sup class="ltx_sup">1,2</sup></span><span class="ltx_author_notes"><span class="'
            'ltx_contact ltx_role_affiliation">Institute of Quays</span></span></span>'
            '<span class="ltx_author_before">, </span>'
            '<span class="ltx_creator ltx_role_author"><span class="ltx_personname">Ole Dahl</span></span></div>',
            "Ane Holm, Ole Dahl",
        ),
        (
            '<h1>Walls</h1><div class="ltx_authors"><span class="ltx_creator ltx_role_author">'
            '<span class="ltx_personname">'
            'Ane Holm<span class="ltx_note ltx_role_footnotemark"><sup>1</sup></span>, Ole Dahl,\n'
            '<br class="ltx_break">and Nina Vik<math alttext="{}^{1}"><mn>1</mn></math><br class="ltx_break">New Quay,'
            " Norway</span></span></div>",
            "Ane Holm, Ole Dahl, Nina Vik",
        ),
        # GitHub: whoever opened it, not the owner of the repository
        (
            '<span class="author" itemprop="author"><a href="/quayside">quayside</a></span><h1>Tides are late #4</h1>'
            '<div><a class="author" href="/mira-olsen">mira-olsen</a> opened this issue</div>'
            '<b><a class="author">tomk</a></b> commented',
            "mira-olsen",
        ),
        (
            '<span class="author" itemprop="author"><a href="/quayside">quayside</a></span><h1>Ask for each day</h1>'
            '<div><a class="author Link--secondary" href="/tomk">tomk</a> merged 3 commits into <a>main</a></div>',
            "tomk",
        ),
        (
            '<h1>Tides are late #4</h1><a data-testid="issue-body-header-author" href="https://github.com/mira-olsen">'
            "mira-olsen</a><div><span>opened</span> <relative-time>on May 5</relative-time></div>",
            "mira-olsen",
        ),
        # MediaWiki: the box of library catalogues is none of authors
        (
            '<script type="application/ld+json">{"@type": "Article", "author": {"@type": "Organization", "name":'
            ' "Contributors to Wikimedia projects"}}</script><h1>Lighthouse</h1><div class="navbox authority-control">'
            '<ul><li><span class="uid"><a href="/x">United States</a></span></li></ul></div>',
            "Contributors to Wikimedia projects",
        ),
        ('<h1>Lighthouse</h1><div class="authority-control"><a href="/x">Czech Republic</a></div>', None),
        # the box of another story below has a byline too
        (
            '<h1>Prize for a singer</h1>by QuayFan, <small><time datetime="2023-12-19">Dec 19</time></small>'
            "<p>Text.</p>"
            '<div class="box"><div><h3><a href="/review/1">A review</a></h3><div class="byline"><time>Dec 24</time>'
            '<span class="topics"><a href="/all">manga</a></span></div></div></div>',
            "QuayFan",
        ),
        ('<div class="post-author"><a href="/a"> Ada\n Lovelace </a></div>', "Ada Lovelace"),
        (
            '<p itemscope itemtype="https://schema.org/BlogPosting"><b itemprop="author">Ada</b></p>',
            "Ada",
        ),
        ('<a class="author" href="/a">Read more</a>', None),
        ("<h1>老码头改造完成</h1><p>2026-02-10 来源：海港日报 作者：王小明</p>", "王小明"),
        # who made the pictures
        ("<h1>On ships</h1><p>Photos by Ana Lima</p>", None),
        ("<h1>On ships</h1><p>Photos by Ana Lima</p><p>By Bo Ek</p>", "Bo Ek"),
    ],
)
def test_read_metadata_finds_the_author(html: str, author: str | None) -> None:
    assert read(html).metadata.author == author


def test_a_label_before_the_headline_is_no_part_of_it() -> None:
    head = '<title>[2401.1] Walls: a study</title><meta property="og:title" content="Walls: a study">'
    assert (
        read(f'{head}<h1><span class="descriptor">Title:</span>Walls: a study</h1>').title == "Walls: a study"
    )
    assert read(f"{head}<h1>Walls: a study</h1>").title == "Walls: a study"


@pytest.mark.parametrize(
    ("html", "published"),
    [
        ('<meta property="article:published_time" content="2025-01-02T03:04:05Z">', "2025-01-02T03:04:05Z"),
        ('<time datetime="2025-01-02">today</time>', "2025-01-02"),
        (
            '<span class="updated-date">3 May 2025</span><span class="post-date">2 May 2025</span>',
            "2025-05-02",
        ),
        ('<p class="byline">By Ada, May 2, 2025</p>', "2025-05-02"),
        ("<p>nothing</p>", "2024-03-05"),
    ],
)
def test_read_metadata_finds_the_date(html: str, published: str) -> None:
    assert read(html).metadata.published == published


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2025-1-2", "2025-01-02"),
        ("2025-01-02 3:04", "2025-01-02T03:04"),
        ("2025-01-02T03:04:05.123+02", "2025-01-02T03:04:05+02:00"),
        ("20250102", "2025-01-02"),
        ("Mon, 02 Jan 2025 10:00:00 GMT", "2025-01-02T10:00:00Z"),
        ("2. Januar 2025", "2025-01-02"),
        ("2025年1月2日", "2025-01-02"),
        ("4/5/2025", "2025-04-05"),
        ("2025-02-30", None),
        ("0001-01-01", None),
        ("soon", None),
    ],
)
def test_to_iso_reads_dates_as_pages_write_them(text: str, iso: str | None) -> None:
    assert to_iso(text, month_first=True) == iso


def test_to_iso_reads_day_first_where_the_language_does() -> None:
    assert to_iso("4/5/2025", month_first=False) == "2025-05-04"


def test_date_of_address_needs_a_whole_date() -> None:
    assert date_of_address("https://x.example/2025/09/04/title/") == "2025-09-04"
    assert date_of_address("https://x.example/2025/09/title/") is None


@pytest.mark.parametrize(
    ("byline", "name"),
    [
        ("By Ada Lovelace", "Ada Lovelace"),
        ("Written by: Ada Lovelace | Editor", "Ada Lovelace"),
        ("von Ada Lovelace, 3. Mai 2025", "Ada Lovelace"),
        ("Posted by Ada on Monday", "Ada"),
        ("von Ada » 11. Jun 2025", "Ada"),
        ("Ludwig von Mises", "Ludwig von Mises"),
        ("夏目漱石", "夏目漱石"),
        ("ada@example.com", None),
        ("View all posts", None),
        ("x" * 200, None),
    ],
)
def test_clean_name_takes_the_name_out_of_a_byline(byline: str, name: str | None) -> None:
    assert clean_name(byline) == name


@pytest.mark.parametrize(
    ("title", "headings", "expected"),
    [
        ("Rivers rise | The Daily", ["Rivers rise"], "Rivers rise"),
        ("Rivers rise - The Daily", [], "Rivers rise"),
        ("The Daily: Rivers rise", [], "The Daily: Rivers rise"),
        ("Daily » Rivers rise", [], "Rivers rise"),
        ("python - Why? - Stack", ["Why?", "Related"], "Why?"),
        ("Rivers - why they rise - The Daily", ["The Daily"], "Rivers - why they rise"),
        ("The Daily", ["The Daily", "Rivers rise"], "Rivers rise"),
        ("", ["Rivers rise"], "Rivers rise"),
        ("河流上涨｜每日新闻", [], "河流上涨"),
        ("", [], None),
    ],
)
def test_headline_leaves_the_name_of_the_site_out(
    title: str, headings: list[str], expected: str | None
) -> None:
    titles = choose_titles(title, headings, stated=[], site_names=["The Daily", "Stack"], url=URL)
    assert titles.headline == expected
