"""The headline that a reader sees, and the title made for others."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.metadata.page_metadata import Facts, read_metadata
from gateway.core.metadata.placeholders import is_placeholder
from gateway.core.metadata.structured import read_structured

URL = "https://www.daily.example/2024/03/05/rivers-rise"


def read(html: str, url: str | None = URL) -> Facts:
    tree = LexborHTMLParser(html, scripting=True)
    return read_metadata(tree, read_structured(tree, base_url=url), url=url)


def page(heading: str, title: str = "Rivers rise | The Daily", shared: str = "") -> str:
    card = f'<meta property="og:title" content="{shared}">' if shared else ""
    site = '<meta property="og:site_name" content="The Daily">'
    return f"<title>{title}</title>{card}{site}<body><header>{heading}</header><p>Text of the page."


@pytest.mark.parametrize(
    ("html", "title"),
    [
        pytest.param(
            page("<h1>Why rivers rise</h1>", "River levels 2024: all data"),
            "Why rivers rise",
            id="for-search",
        ),
        pytest.param(page("<h1>Rivers<span>’</span> rise</h1>"), "Rivers’ rise", id="inline-tag"),
        pytest.param(page("<h1>Riv<b>ers</b> rise</h1>"), "Rivers rise", id="inside-a-word"),
        pytest.param(
            page("<h1>Rivers rise <a class=headerlink href=#x>¶</a></h1>"), "Rivers rise", id="pilcrow"
        ),
        pytest.param(page("<h1><style>.a{color:red}</style>Rivers rise</h1>"), "Rivers rise", id="style"),
        pytest.param(page("<h1><svg><title>Icon</title></svg>Rivers rise</h1>"), "Rivers rise", id="svg"),
        pytest.param(page("<h1>Rivers<br>rise</h1>"), "Rivers rise", id="line-break"),
        pytest.param(
            page("<h1 class=logo><a href=/>The Daily Mirror of it</a></h1>"), "Rivers rise", id="logo"
        ),
        pytest.param(
            page("<h1><a href='/'>Daily Rivers Home</a></h1>"), "Rivers rise", id="link-to-the-first-page"
        ),
        pytest.param(page("<h1>The Daily</h1><h1>Rivers rise</h1>"), "Rivers rise", id="site-name"),
        pytest.param(
            page(
                "<h1><span>Opinion</span><span>Why rivers rise</span></h1>",
                shared="Opinion | Why rivers rise",
            ),
            "Why rivers rise",
            id="section-in-the-heading",
        ),
        pytest.param(
            page("<h1>Opinion | Why rivers rise</h1>", shared="Why rivers rise"),
            "Why rivers rise",
            id="kicker",
        ),
        pytest.param(page("<h1>Rivers rise</h1>", "Vite + React"), "Rivers rise", id="nobody-chose-one"),
        pytest.param(page("<h1>Rivers rise</h1>", "App", "App"), "Rivers rise", id="nobody-chose-any"),
        pytest.param(page("", "App"), "App", id="default-without-a-heading"),
        pytest.param(page("<h1>The lake</h1>", "App stores", "x"), "App stores", id="begins-like-a-default"),
        pytest.param(page("<h1>Q&amp;amp;A: rivers rise</h1>"), "Q&A: rivers rise", id="entity-twice"),
        pytest.param(page("<h1>{{ post.title }}</h1>"), "Rivers rise", id="template"),
        pytest.param(page("<h1>Related</h1>"), "Rivers rise", id="another-heading"),
        pytest.param(page("<h1>Great Rivers</h1>", "Rivers"), "Great Rivers", id="title-within-the-heading"),
        pytest.param(
            page("", "Rivers - why they rise – The Daily"),
            "Rivers - why they rise",
            id="only-the-site-is-cut",
        ),
        pytest.param(page("", "${title}"), None, id="placeholder"),
        pytest.param(page("<h1>Cafe\u0301 open</h1>", "Cafe\u0301 open"), "Café open", id="nfc"),
    ],
)
def test_title_is_the_headline_a_reader_sees(html: str, title: str | None) -> None:
    assert read(html).title == title


@pytest.mark.parametrize(
    ("html", "social"),
    [
        (
            page("<h1>Why rivers rise</h1>", shared="7 rivers that will shock you"),
            "7 rivers that will shock you",
        ),
        (
            page("<h1>Why rivers rise</h1>", "River levels 2024 | The Daily", "Why rivers rise"),
            "River levels 2024",
        ),
        (page("<h1>Rivers rise</h1>", shared="Rivers rise | The Daily"), None),
        (page("<h1>Rivers rise</h1>", shared="undefined"), None),
        ("<p>nothing", None),
    ],
)
def test_social_title_is_the_other_one(html: str, social: str | None) -> None:
    assert read(html).metadata.social_title == social


@pytest.mark.parametrize(
    ("text", "placeholder"),
    [
        *(
            (text, True)
            for text in (
                "{{ title }}",
                "${page.title}",
                "<%= title %>",
                "%%title%% %%sep%%",
                "[object Object]",
            )
        ),
        *(
            (text, True)
            for text in ("undefined", "null", "NaN", "{{title}} | Site", "{% block t %}", "__TITLE__")
        ),
        *(
            (text, False)
            for text in ("How {{ mustache }} works in Vue", "100% of it", "Null and void", "Set [notation]")
        ),
        ("", False),
    ],
)
def test_is_placeholder_tells_templates_from_texts_about_them(text: str, placeholder: bool) -> None:
    assert is_placeholder(text) == placeholder
