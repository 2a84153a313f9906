"""Pages that list other stories: who wrote one of those is not the page's author."""

import json

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.metadata.page_metadata import read_metadata
from gateway.core.metadata.structured import read_structured

FRONT, SECTION, STORY = (f"https://harbour.example{path}" for path in ("/", "/culture/", "/2026/pier-plan"))
NAMES = ["Anna Berg", "Kai Holm", "Mira Olsen", "Jon Vik"]
LOGO = '<h1 class="logo"><a href="/">Harbour Post</a></h1>'


def author_of(html: str, url: str = STORY) -> str | None:
    tree = LexborHTMLParser(html)
    return read_metadata(tree, read_structured(tree, base_url=url), url=url).metadata.author


def teasers(
    tag: str = "article", heading: str = "h2", by: str = '<a rel="author" href="/a/{0}">{0}</a>'
) -> str:
    return "".join(
        f'<{tag} class="teaser"><{heading}><a href="/story-{number}">Story {number} of the day</a></{heading}>'
        f"<p>{by.format(name)}</p><p>Some words of it.</p></{tag}>"
        for number, name in enumerate(NAMES)
    )


CARDS = "".join(
    f'<a href="/story-{number}"><h3>Story {number} of the day</h3><span class="author">{name}</span></a>'
    for number, name in enumerate(NAMES)
)


@pytest.mark.parametrize(
    ("html", "url"),
    [
        pytest.param(LOGO + teasers(), FRONT, id="front-page"),
        pytest.param(f"<main>{teasers()}</main>", FRONT, id="without-a-heading"),
        pytest.param("<h1>Culture</h1>" + teasers("div", "h3"), SECTION, id="section"),
        pytest.param(
            "<h1>Culture</h1>" + teasers("li", "h3", "By {0}"), SECTION, id="bylines-that-nothing-marks"
        ),
        pytest.param(teasers("article", "h1"), FRONT, id="headlines-of-the-first-level"),
        pytest.param(
            '<h1><a href="/lead">What the board says of the pier</a></h1><p class="byline">By Lena Moe</p>'
            + teasers(),
            FRONT,
            id="a-story-that-leads",
        ),
        pytest.param("<h1>Stories</h1>" + CARDS, SECTION, id="cards"),
        pytest.param(
            "<h1>Ropes that hold</h1>"
            + "".join(f'<p>Fine.</p><p class="author">{name}</p>' for name in NAMES[:2]),
            FRONT,
            id="praise",
        ),
        pytest.param(
            '<h1>Ropes</h1><blockquote>Fine. <cite class="author">Anna Berg</cite></blockquote>'
            '<div class="testimonial"><p class="author">Kai Holm</p></div>',
            STORY,
            id="quotations",
        ),
        pytest.param(
            f"<article><h1>Pier plan</h1><p>Text.</p></article>{teasers()}", STORY, id="story-of-nobody"
        ),
    ],
)
def test_no_author_is_said_where_every_byline_is_another_story_s(html: str, url: str) -> None:
    assert author_of(html, url) is None


@pytest.mark.parametrize(
    "html",
    [
        '<article><h1>Pier plan</h1><p class="byline">By <span class="author">Lena Moe</span></p>Text.</article>',
        "<article><h1>Pier plan</h1><p>By Lena Moe</p>Text.</article>",
        f'<article><h2><a href="{STORY}">Pier plan</a></h2><span class="author">Lena Moe</span>Text.</article>',
        '<article><h2><a href="/2026/pier-plan/?utm_source=x">Pier plan</a></h2><a rel="author">Lena Moe</a></article>',
        '<meta name="author" content="Lena Moe"><h1>Pier plan</h1>',
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_the_author_of_a_story_is_found_among_teasers(html: str, before: bool) -> None:
    others = f"<section>{teasers()}</section>"
    assert author_of(others + html if before else html + others) == "Lena Moe"


def test_a_page_of_one_author_s_stories_is_theirs() -> None:
    page = "<h1>Lena writes</h1>" + teasers(by='<span class="author">Lena Moe</span>')
    assert author_of(page, FRONT) == "Lena Moe"


def test_a_story_whose_title_links_elsewhere_keeps_its_author() -> None:
    page = '<div class="post"><h2><a href="https://other.example/x">A find</a></h2><span class="author">Lena Moe</span>'
    assert author_of(page) == "Lena Moe"


@pytest.mark.parametrize(
    ("html", "author"),
    [
        ('<p>By <a rel="author" href="/a">Anna Berg</a> &amp; <a rel="author" href="/b">Kai Holm</a></p>',
         "Anna Berg, Kai Holm"),
        ('<p><a rel="author" href="/a">Anna Berg</a>, <a rel="author" href="/b">Kai Holm</a> and '
         '<a rel="author" href="/c">Jon Vik</a></p>', "Anna Berg, Kai Holm, Jon Vik"),
        ('<p><a rel="author" href="/a">Anna Berg</a> spoke with <a rel="author" href="/b">Kai Holm</a></p>',
         "Anna Berg"),
        ('<p class="byline">Text: Anna Berg, Fotos: Kai Holm</p>', "Anna Berg"),
        ('<p class="author">%AUTHOR%</p>', None),
        ('<p class="author">[author name]</p>', None),
        ('<p class="author">26</p>', None),
        ('<p class="byline">by $50 a year</p>', None),
    ],
)  # fmt: skip
def test_a_line_of_authors_is_read_whole(html: str, author: str | None) -> None:
    assert author_of(f"<h1>Pier plan</h1>{html}<p>Text.</p>") == author


def data(*items: tuple[str, str, str]) -> str:
    articles = [
        {
            "@type": "NewsArticle",
            "headline": headline,
            "author": {"@type": "Person", "name": name},
            "url": url,
        }
        for headline, name, url in items
    ]
    return f'<script type="application/ld+json">{json.dumps(articles)}</script>'


OTHERS = [(f"Story {number}", name, f"/story-{number}") for number, name in enumerate(NAMES)]


def test_articles_in_data_that_are_others_have_no_say() -> None:
    assert author_of(f"<title>Harbour Post</title>{data(*OTHERS)}<h1>Harbour Post</h1>", FRONT) is None
    for own in (("Pier plan", "Lena Moe", ""), ("Another headline", "Lena Moe", STORY)):
        page = f"<title>Pier plan</title>{data(*OTHERS, own)}<h1>Pier plan</h1>"
        assert author_of(page) == "Lena Moe"


def test_a_part_of_another_page_is_not_the_page() -> None:
    others = [(headline, name, f"{url}#article") for headline, name, url in OTHERS]
    assert author_of(f"<title>Harbour Post</title>{data(*others)}<h1>Harbour Post</h1>", FRONT) is None
    own = ("Another headline", "Lena Moe", f"{STORY}#article")
    assert author_of(f"<title>Pier plan</title>{data(*others, own)}<h1>Pier plan</h1>") == "Lena Moe"


def test_posts_that_link_in_headings_are_no_stories() -> None:
    post = '<div><p class="username">{0}</p><div><h3><a href="/x">A long read about ropes</a></h3>{1}</div></div>'
    posts = "".join(post.format(name, "Some words. " * 200) for name in NAMES)
    title = f'<div><h1><a href="{STORY}?page=1#2">Pier plan</a></h1></div>'
    assert author_of(f"{title}<div>{posts}</div>") == NAMES[0]


def test_an_author_in_a_heading_is_followed_by_the_date() -> None:
    page = '<h1>Pier plan</h1><h3><a href="/u/7">Lena Moe</a></h3><p>Last updated 17 December 2025</p>'
    assert read_metadata(LexborHTMLParser(page), [], url=STORY).metadata.published == "2025-12-17"


def test_many_boxes_in_each_other_are_looked_at_once() -> None:
    page = '<div><h2><a href="/x">A</a></h2>' * 200 + '<span class="author">Lena Moe</span>' * 300
    assert author_of(page) == "Lena Moe"
