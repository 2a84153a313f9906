"""Author, dates, section, tags and direction from pages as sites of many kinds write them, and from broken ones."""

import json

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.metadata.iso_dates import reads_month_first
from gateway.core.metadata.page_metadata import read_metadata
from gateway.core.metadata.structured import read_structured
from gateway.wire import Metadata

URL = "https://www.daily.example/story/rivers-rise"


def read(html: str, url: str | None = URL) -> Metadata:
    tree = LexborHTMLParser(html, scripting=True)
    return read_metadata(tree, read_structured(tree, base_url=url), url=url).metadata


def article(**facts: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **facts})}</script>'


SITE = (
    '<meta property="og:site_name" content="The Daily"><title>Rivers rise</title><body><h1>Rivers rise</h1>'
)
ORGANISATION = {"@type": "Organization", "name": "The Daily"}


@pytest.mark.parametrize(
    ("html", "author"),
    [
        pytest.param(
            article(author=ORGANISATION) + SITE + "<p>By <a href=/staff/ada>Ada Lovelace</a></p>",
            "Ada Lovelace",
            id="byline-over-organisation",
        ),
        pytest.param(
            article(author=ORGANISATION) + SITE + "<p>Rivers rose.</p>", "The Daily", id="organisation-alone"
        ),
        pytest.param(
            article(author={"@type": "Person", "name": "Ada"}) + SITE + "<p>By Alan Turing</p>",
            "Ada",
            id="one-word",
        ),
        pytest.param(
            article(author={"givenName": "Ada", "familyName": "Lovelace"}),
            "Ada Lovelace",
            id="given-and-family-name",
        ),
        pytest.param(article(author=[{"name": "Ada B"}, "Alan T"]), "Ada B, Alan T", id="array"),
        pytest.param(article(author={"name": "{{author}}"}), None, id="template"),
        pytest.param(
            '<meta name=author content="Di Lorenzo, Mauro">', "Di Lorenzo, Mauro", id="family-name-first"
        ),
        pytest.param(
            '<meta name=citation_author content="Roy, Ana"><meta name=citation_author content="Bo, Li">',
            "Roy, Ana; Bo, Li",
            id="several-family-name-first",
        ),
        pytest.param('<meta name="parsely-author" content="Ada Lovelace">', "Ada Lovelace", id="parsely"),
        pytest.param('<meta name="sailthru.author" content="Ada Lovelace">', "Ada Lovelace", id="sailthru"),
        pytest.param('<meta name="dc.creator" content="Ada Lovelace">', "Ada Lovelace", id="dublin-core"),
        pytest.param('<meta property="article:author" content="https://x.example/ada">', None, id="address"),
        pytest.param(
            SITE + "<p>by <a>Bram K. Olsen</a></p><p>The north pier</p>", "Bram K. Olsen", id="next-paragraph"
        ),
        pytest.param(SITE + "<p>Written by</p><p>Ada Lovelace</p>", "Ada Lovelace", id="by-in-its-own-line"),
        pytest.param(
            SITE + "<p><span>Ada Lovelace</span><span>Dec 5, 2023</span></p>",
            "Ada Lovelace",
            id="name-and-date",
        ),
        pytest.param(SITE + "<p>Los Angeles<p>Rivers rose again.", None, id="name-without-a-date"),
        pytest.param(SITE + '<p class="byline">Published May 22, 2026</p>', None, id="published"),
        pytest.param(
            SITE + "<span class=username>Username</span><p class=byline>By Erin Quay</p>",
            "Erin Quay",
            id="label",
        ),
        pytest.param(
            '<body class="single author-43"><a href="#c">Skip to content</a>' + SITE, None, id="body-class"
        ),
        pytest.param(
            SITE + "<div itemprop=author itemscope><a href=/m>mara</a><i itemprop=name>mara</i></div>",
            "mara",
            id="twice",
        ),
        pytest.param(
            SITE
            + '<a itemprop=author><span class="first-name">Ada</span> <b class="last-name">Lovelace</b></a>',
            "Ada Lovelace",
            id="two-elements",
        ),
        pytest.param(
            SITE + '<div class="comments"><b class="comment-author">Hanna Tiemann</b></div>',
            None,
            id="comment",
        ),
        pytest.param(
            "<nav><a class=author href=/authors>Alan Turing</a></nav>"
            + SITE
            + "<p class=author>Ada Lovelace",
            "Ada Lovelace",
            id="navigation",
        ),
        pytest.param(
            SITE
            + '<p class="byline-names">By <a href="/author/a">Ada Lovelace</a> and <a>Alan Turing</a>, Staff</p>',
            "Ada Lovelace",
            id="link-to-an-author",
        ),
        pytest.param(SITE + '<p class="byline">Par <b>Élise Durand</b></p>', "Élise Durand", id="french"),
        pytest.param(SITE + '<p class="byline">Von Lars Müller, Berlin</p>', "Lars Müller", id="german"),
    ],
)
def test_author_is_a_person_where_one_is_named(html: str, author: str | None) -> None:
    assert read(html).author == author


STORY = "<a href=/story>The keeper of the light was never asked about it</a>"


@pytest.mark.parametrize(
    ("html", "published", "modified"),
    [
        pytest.param(
            SITE
            + "<ul><li>Received: 3 March 2022<li>Accepted: 16 December 2022<li>Published: 2 January 2023</ul>",
            "2023-01-02",
            None,
            id="received-accepted-published",
        ),
        pytest.param(
            SITE + "<dl><dt>Updated</dt><dd>4 May 2024</dd><dt>Published</dt><dd>2 May 2024</dd></dl>",
            "2024-05-02",
            None,
            id="definition-list",
        ),
        pytest.param(
            article(datePublished="2024-01-02T10:00:00+0100", dateModified="2024-01-03"),
            "2024-01-02T10:00:00+01:00",
            "2024-01-03",
            id="json-ld",
        ),
        pytest.param(article(datePublished=1704189600), "2024-01-02T10:00:00Z", None, id="seconds"),
        pytest.param(article(datePublished=1704189600000), "2024-01-02T10:00:00Z", None, id="milliseconds"),
        pytest.param(article(datePublished=10**40), None, None, id="huge-number"),
        pytest.param(article(datePublished="0000-01-01"), None, None, id="year-0"),
        pytest.param(article(datePublished="99999-01-01"), None, None, id="year-99999"),
        pytest.param(article(datePublished="{{ date }}"), None, None, id="template"),
        pytest.param(SITE + "<time>2 hours ago</time><p>Yesterday at 10:00</p>", None, None, id="relative"),
        pytest.param(
            SITE + "<time class=updated datetime=2024-05-04></time><time datetime=2024-05-02></time>",
            "2024-05-02",
            "2024-05-04",
            id="time-elements",
        ),
        pytest.param(
            '<meta property="article:published_time" content="2024-05-02">'
            '<meta property="article:modified_time" content="2024-05-04T01:02:03Z">',
            "2024-05-02",
            "2024-05-04T01:02:03Z",
            id="metas",
        ),
        pytest.param(
            "<nav><ul><li>News <time datetime=2024-01-09></time></ul></nav>" + SITE + "<p>2 May 2024</p>",
            "2024-05-02",
            None,
            id="not-in-navigation",
        ),
        pytest.param(
            f"<ul><li>{STORY}<time datetime=2024-01-09></time></ul>"
            + SITE
            + "<time datetime=2024-05-02></time>",
            "2024-05-02",
            None,
            id="not-in-a-list-of-stories",
        ),
        pytest.param(
            f"<div>{STORY[:-4]}<time datetime=2024-01-09></time></a></div>"
            + SITE
            + "<p class=date>2 May 2024</p>",
            "2024-05-02",
            None,
            id="not-in-a-link-to-a-story",
        ),
        pytest.param(
            SITE
            + "<div><h3><a href='topic.php?p=2#p2'>Re: Rivers</a></h3><time datetime=2024-05-02></time></div>"
            "<dl class=posted><dd>Joined: 9 Jan 2024</dl>",
            "2024-05-02",
            None,
            id="of-a-post-in-a-discussion",
        ),
        pytest.param(
            SITE + "<div class='story with sidebar'><p class=date>2 May 2024</p></div>",
            "2024-05-02",
            None,
            id="in-what-is-called-a-side-bar-where-nothing-else-is-dated",
        ),
        pytest.param(
            "<nav><time datetime=2024-01-09></time></nav>" + SITE + "<p>Long ago</p>",
            None,
            None,
            id="of-navigation-alone",
        ),
        pytest.param(
            SITE + "<a href=/this rel=bookmark><time datetime=2024-05-02>2 May 2024</time></a>",
            "2024-05-02",
            None,
            id="in-a-link-of-its-own",
        ),
        pytest.param(
            SITE + f"<ul><li>{STORY}<time datetime=2024-01-09></time></ul>",
            "2024-01-09",
            None,
            id="of-a-list-where-nothing-else-is-dated",
        ),
        pytest.param(
            "<html lang=en>" + SITE + "<p class=date>4/5/2024</p>", "2024-04-05", None, id="month-first"
        ),
        pytest.param(
            "<html lang=en-GB>" + SITE + "<p class=date>4/5/2024</p>", "2024-05-04", None, id="day-first"
        ),
        pytest.param(
            "<html lang=en>" + SITE + "<p class=date>4/5/2024</p><p class=date>25/5/2024</p>",
            "2024-05-04",
            None,
            id="another-date-settles-the-order",
        ),
    ],
)
def test_dates_are_those_the_page_states(html: str, published: str | None, modified: str | None) -> None:
    found = read(html)
    assert (found.published, found.modified) == (published, modified)


@pytest.mark.parametrize(
    "text",
    [
        *("2 января 2024 г.", "2 stycznia 2024", "2. ledna 2024", "2 Ocak 2024", "2 tammikuuta 2024"),
        *(
            "2 Ιανουαρίου 2024",
            "2 يناير 2024",
            "2 ianuarie 2024",
            "2 січня 2024",
            "2024年1月2日",
            "2024년 1월 2일",
        ),
        *("2 de enero de 2024", "2 janvier 2024", "2 gennaio 2024", "2. Januar 2024", "2 januari 2024"),
    ],
)
def test_dates_are_read_in_many_languages(text: str) -> None:
    assert read(f"{SITE}<p>{text}</p>").published == "2024-01-02"


@pytest.mark.parametrize(
    ("language", "locale", "host", "month_first"),
    [
        (None, "", "a.example", True),
        ("en", "en_GB", "a.example", False),
        ("en", "en_US", "a.example", True),
        ("en", "", "a.co.uk", False),
        ("en-US", "", "a.co.uk", True),
        ("de", "", "a.example", False),
    ],
)
def test_reads_month_first_where_the_country_does(
    language: str | None, locale: str, host: str, month_first: bool
) -> None:
    assert reads_month_first(language, locale=locale, host=host, texts=[]) == month_first


@pytest.mark.parametrize(
    ("html", "section", "tags"),
    [
        (
            '<meta property="article:section" content="Sport"><meta property="article:tag" content="Rowing">'
            '<meta property="article:tag" content="rowing"><meta property="article:tag" content="Rivers">',
            "Sport",
            ["Rowing", "Rivers"],
        ),
        (article(articleSection=["World"], keywords="Rivers, Rain ,"), "World", ["Rivers", "Rain"]),
        (article(keywords=["Rivers", "{{ tag }}"]), None, ["Rivers"]),
        ('<meta name=keywords content="a,b">', None, ["a", "b"]),
        ("<p>", None, []),
    ],
)
def test_section_and_tags(html: str, section: str | None, tags: list[str]) -> None:
    found = read(html)
    assert (found.section, found.tags) == (section, tags)


@pytest.mark.parametrize(
    ("html", "direction"),
    [
        ("<html dir=rtl>", "rtl"),
        ("<html><body dir=RTL>", "rtl"),
        ("<html lang=ar>", "rtl"),
        ("<html lang=he-IL>", "rtl"),
        ("<html lang=ar dir=ltr>", "ltr"),
        ("<html lang=uz-Arab>", "rtl"),
        ("<html lang=en>", "ltr"),
        ("<html>", None),
    ],
)
def test_text_direction(html: str, direction: str | None) -> None:
    assert read(html).text_direction == direction


@pytest.mark.parametrize(
    "html",
    [
        pytest.param('<meta name="author" content="Ada Lovelace">' * 20_000, id="metas"),
        pytest.param(
            article(author=[{"name": f"Ada Nr{'x' * (n % 9)}"} for n in range(10_000)]), id="authors"
        ),
        pytest.param(
            article(author={"name": {"name": [{"name": 1}]}}, keywords=[[["a"]], {}, 1, None]), id="shapes"
        ),
        pytest.param('<meta property="article:tag" content="' + "a," * 50_000 + '">', id="tags"),
        pytest.param(SITE + "<p class=author>By</p>" * 5_000, id="empty-bylines"),
        pytest.param(SITE + "<div>by " * 3_000, id="nested-by"),
        pytest.param("<h1>" + "<b>x" * 3_000, id="nested-heading"),
        pytest.param("<h1>Rivers</h1>" * 3_000 + "<title>" + "Rivers - " * 2_000, id="headings"),
    ],
)
def test_hostile_pages_give_bounded_facts(html: str) -> None:
    found = read(html)
    assert len(found.author or "") <= 2_200
    assert len(found.tags) <= 50
