"""Embeds leave a titled link, callouts say what they are, and task lists, abbreviations and summaries keep theirs."""

import pytest

from gateway.core import CleanOptions, clean
from tests.core.markdown.reading import html_of, read_back

URL = "https://example.org/guide/page.html"


def page_of(html: str, **options: object) -> str:
    return clean(html, url=URL, options=CleanOptions(scope="page", **options)).markdown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param(
            '<iframe src="https://www.youtube.com/embed/abcdefgh?rel=0" title="The pier"></iframe>',
            "[The pier](https://www.youtube.com/watch?v=abcdefgh)",
            id="youtube",
        ),
        pytest.param(
            '<iframe data-src="//player.vimeo.com/video/1234"></iframe>',
            "[Video](https://vimeo.com/1234)",
            id="late",
        ),
        pytest.param(
            '<lite-youtube videoid="abcdefgh" playlabel="Play: pier"></lite-youtube>',
            "[pier](https://www.youtube.com/watch?v=abcdefgh)",
            id="custom-element",
        ),
        pytest.param(
            '<amp-youtube data-videoid="abcdefgh"></amp-youtube>',
            "[Video](https://www.youtube.com/watch?v=abcdefgh)",
            id="amp",
        ),
        pytest.param(
            '<video><source src="/v.mp4"><p>Too old</p></video>',
            "[Video](https://example.org/v.mp4)",
            id="video",
        ),
        pytest.param(
            '<audio src="/a.mp3" aria-label="Episode 1"></audio>',
            "[Episode 1](https://example.org/a.mp3)",
            id="audio",
        ),
        pytest.param(
            '<iframe src="https://www.google.com/maps/embed?pb=1"></iframe>',
            "[Map](https://www.google.com/maps/embed?pb=1)",
            id="map",
        ),
        pytest.param(
            '<p>a</p><script src="https://gist.github.com/anna/0123.js"></script>',
            "a\n\n[Gist anna/0123](https://gist.github.com/anna/0123)",
            id="gist",
        ),
        pytest.param(
            '<object data="/plan.pdf" title="Plan of the pier">x</object>',
            "[Plan of the pier](https://example.org/plan.pdf)",
            id="object",
        ),
        pytest.param(
            '<blockquote class="instagram-media" data-instgrm-permalink="https://www.instagram.com/p/a/?b">c</blockquote>',
            "> c\n>\n> [Post](https://www.instagram.com/p/a/?b)",
            id="post",
        ),
        pytest.param(
            '<blockquote class="twitter-tweet" cite="https://twitter.com/a/status/1">b '
            '<a href="https://twitter.com/a/status/1?c">d</a></blockquote>',
            "> b [d](https://twitter.com/a/status/1?c)",
            id="post-with-its-link",
        ),
        pytest.param(
            '<iframe src="https://docs.google.com/forms/d/1/viewform" title="Ask"></iframe>', "", id="form"
        ),
        pytest.param(
            '<iframe src="https://ad.doubleclick.net/x" title="Boats"></iframe>', "", id="advertisement"
        ),
        pytest.param('<iframe src="https://example.com/x"></iframe>', "", id="nobody-knows-it"),
        pytest.param('<iframe src="https://vimeo.com/1" width=1 height=1></iframe>', "", id="counter"),
        pytest.param('<video src="/a.mp4" autoplay loop muted></video>', "", id="moving-background"),
        pytest.param('<iframe src="javascript:x" title="y"></iframe>', "", id="script"),
        pytest.param('<iframe src="about:blank" title="y"></iframe><video></video>', "", id="nothing"),
        pytest.param(
            '<iframe src="https://e.org/a)b" title="](c) `d` <b>"></iframe>',
            "[\\](c) \\`d\\` \\<b>](https://e.org/a%29b)",
            id="hostile-title",
        ),
        pytest.param(
            '<iframe src="https://vimeo.com/1"></iframe>' * 1000,
            "[Video](https://vimeo.com/1)",
            id="a-thousand-times",
        ),
    ],
)
def test_embeds_leave_a_titled_link(html: str, markdown: str) -> None:
    assert page_of(html) == markdown


def test_an_embed_between_content_is_content() -> None:
    text = (
        "The north pier was rebuilt after the winter storms, and the harbour office has a new plan for boats. "
        * 3
    )
    video = '<div class="a"><div><iframe src="https://www.youtube.com/embed/abcdefgh" title="%s"></iframe></div></div>'
    markdown = clean(
        f"<body><nav><a href=/a>Boats</a></nav><article><h1>Pier</h1><p>{text}</p>{video % 'Inside'}<p>{text[::-1]}</p>"
        f"</article><aside>{video.replace('abcdefgh', 'zyxwvuts') % 'Beside'}<a href=/b>Tides</a></aside></body>",
        url=URL,
    ).markdown
    assert "[Inside](https://www.youtube.com/watch?v=abcdefgh)" in markdown
    assert "Beside" not in markdown


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param(
            '<div class="admonition note"><p class="admonition-title">Note</p><p>a</p><p>b</p></div>',
            "> [!NOTE]\n> a\n>\n> b",
            id="sphinx",
        ),
        pytest.param(
            '<div class="theme-admonition theme-admonition-tip alert alert--success"><div class="admonition'
            'Heading_y"><svg></svg>Mind this</div><div class="admonitionContent_z"><p>a</p></div></div>',
            "> [!TIP]\n> **Mind this**\n>\n> a",
            id="docusaurus",
        ),
        pytest.param(
            '<div class="markdown-alert markdown-alert-caution"><p class="markdown-alert-title"><svg></svg>Caution</p>'
            "<p>a</p></div>",
            "> [!CAUTION]\n> a",
            id="github",
        ),
        pytest.param(
            '<details class="warning"><summary>Warning</summary><p>a</p></details>',
            "> [!WARNING]\n> a",
            id="mkdocs",
        ),
        pytest.param(
            '<div class="confluence-information-macro confluence-information-macro-note"><div class="x">a</div></div>',
            "> [!NOTE]\n> a",
            id="confluence",
        ),
        pytest.param(
            '<div class="alert alert-danger" role="alert">a</div>', "> [!CAUTION]\n> a", id="bootstrap"
        ),
        pytest.param('<div class="notecard warning"><b>Warning:</b> a</div>', "> [!WARNING]\n> a", id="mdn"),
        pytest.param('<aside role="note">a</aside>', "> [!NOTE]\n> a", id="role"),
        pytest.param('<div class="alerts note-list">a</div>', "a", id="no-callout"),
        pytest.param("<details><summary>a</summary><p>b</p></details>", "**a**\n\nb", id="plain-details"),
    ],
)
def test_callouts_say_what_they_are(html: str, markdown: str) -> None:
    assert page_of(html) == markdown


def test_nested_callouts_stop_nesting() -> None:
    markdown = page_of('<div class="admonition note"><p>a</p>' * 300)
    assert markdown.count("a") == 300
    assert html_of(markdown).count("<blockquote>") < 20


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(
            "<li><label><input type=checkbox checked> a</label><li><input type=checkbox> b", id="inputs"
        ),
        pytest.param("<li data-checked=true>a<li data-checked=false>b", id="tiptap"),
        pytest.param("<li class=checked data-inline-task-id=1>a<li data-inline-task-id=2>b", id="confluence"),
        pytest.param(
            "<li><div class='checkbox checkbox-on'></div>a<li><div class='checkbox checkbox-off'></div>b",
            id="notion",
        ),
    ],
)
def test_tasks_keep_their_boxes(html: str) -> None:
    assert page_of(f"<ul class=task-list>{html}</ul>") == "- [x] a\n- [ ] b"


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param('<abbr title="b c">a</abbr>, <abbr title="b c">a</abbr>', "a (b c), a", id="once"),
        pytest.param('<abbr title="b c">a</abbr> (b c)', "a (b c)", id="said-already"),
        pytest.param('<abbr title="2026-01-01">Jan</abbr>', "Jan", id="date"),
        pytest.param('<abbr title="A">a</abbr>', "a", id="itself"),
        pytest.param('<abbr title="](x) <b>">a</abbr>', "a (](x) \\<b>)", id="hostile"),
    ],
)
def test_abbreviations_are_said_in_full_once(html: str, markdown: str) -> None:
    assert page_of(f"<p>{html}</p>") == markdown


def test_a_broken_callout_reads_back() -> None:
    html = '<div class="admonition warning"><p class="title">Warning<p>- a<table><tr><td>b<td>c<tr><td>d<td>e'
    assert read_back(page_of(html)).split() == ["[!WARNING]", "-", "a", "b", "c", "d", "e"]
