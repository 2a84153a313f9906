"""Headers of Jina Reader's clients as options of a scrape, and pages as its text: no service."""

from typing import Any

import pytest

from gateway.api.jina.answers import ReaderPage, Usage, to_text
from gateway.api.reader_headers import read_headers
from gateway.errors import InvalidRequest, TooLarge


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        pytest.param({}, {}, id="none"),
        pytest.param({"x-respond-with": "markdown"}, {"scope": "page"}, id="markdown"),
        pytest.param({"x-return-format": "TEXT"}, {"format": "text", "scope": "page"}, id="text"),
        pytest.param({"x-respond-with": "html"}, {"include": ["raw_html"]}, id="html"),
        pytest.param(
            {"x-respond-with": "pageshot"}, {"include": ["screenshot"], "render": "always"}, id="screenshot"
        ),
        pytest.param(
            {"x-target-selector": "#a", "x-remove-selector": "b, c", "x-wait-for-selector": "d"},
            {"select": "#a", "remove": ["b, c"], "wait_for": "d"},
            id="selectors",
        ),
        pytest.param({"x-timeout": "30"}, {"timeout_s": 30}, id="timeout"),
        pytest.param({"x-no-cache": "true"}, {"max_age_s": 0}, id="no-cache"),
        pytest.param({"x-no-cache": "false"}, {}, id="off"),
        pytest.param({"x-no-cache": "1", "x-cache-tolerance": "60"}, {"max_age_s": 60}, id="tolerance"),
        pytest.param({"dnt": "1"}, {"store": False}, id="dnt"),
        pytest.param({"dnt": "0"}, {}, id="dnt-off"),
        pytest.param(
            {"x-with-links-summary": "all", "x-with-images-summary": "true"},
            {"include": ["links", "images"]},
            id="summaries",
        ),
        pytest.param({"x-retain-images": "none"}, {"images": "none"}, id="images"),
        pytest.param({"x-md-link-style": "referenced"}, {"links": "reference"}, id="links"),
        pytest.param({"x-max-output-tokens": "99"}, {"max_tokens": 99}, id="tokens"),
        pytest.param({"x-engine": "browser"}, {"render": "always"}, id="browser"),
        pytest.param({"x-engine": "direct"}, {"render": "never"}, id="direct"),
        pytest.param({"x-respond-timing": "network-idle"}, {"render": "always"}, id="timing"),
        pytest.param(
            {"x-user-agent": "U", "x-referer": "R", "x-locale": "de"},
            {"headers": {"user-agent": "U", "referer": "R", "accept-language": "de"}},
            id="sent",
        ),
        pytest.param(
            {"x-set-cookie": "a=1; Path=/; Secure, b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"},
            {"headers": {"cookie": "a=1; b=2"}, "store": False},
            id="cookies",
        ),
        pytest.param({"x-proxy": "none", "x-base": "final", "x-md-heading-style": "atx"}, {}, id="as-it-is"),
        pytest.param({"x-with-iframe": "false", "x-unheard-of": "yes", "accept": "*/*"}, {}, id="others"),
    ],
)
def test_headers_are_read(headers: dict[str, str], fields: dict[str, Any]) -> None:
    assert read_headers(headers).fields == fields


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-respond-with", "vlm"),
        ("x-respond-with", "markdown,html"),
        ("x-return-format", "markdwn"),
        ("x-retain-images", "all_p"),
        ("x-with-generated-alt", "true"),
        ("x-with-iframe", "quoted"),
        ("x-proxy-url", "http://p.test"),
        ("x-proxy", "us"),
        ("x-robots-txt", "true"),
        ("x-engine", "cf-browser-rendering"),
        ("x-respond-timing", "soon"),
        ("x-base", "initial"),
        ("x-md-heading-style", "setext"),
        ("x-timeout", "0"),
        ("x-timeout", "9" * 30),
        ("x-cache-tolerance", "-1"),
        ("x-token-budget", "many"),
        ("x-max-output-tokens", "٣"),
        ("x-target-selector", "a" * 1001),
    ],
)
def test_what_is_not_done_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_headers({name: value})
    assert caught.value.extra["field"] == name and caught.value.detail.startswith(f"{name}: ")


def test_budget_is_of_the_whole_content() -> None:
    options = read_headers({"x-token-budget": "10"})
    options.check_budget(10)
    with pytest.raises(TooLarge, match="11 tokens"):
        options.check_budget(11)


def test_text_has_a_head_and_summaries() -> None:
    page = ReaderPage(
        title="A\nB",
        description="",
        url="https://a.test/",
        usage=Usage(tokens=1),
        content="# A",
        published_time="2026-01-02",
        warning="thin\npage",
        links={"x": "https://a.test/x"},
        images={},
    )
    assert to_text(page).splitlines() == [
        *("Title: A B", "", "URL Source: https://a.test/", "", "Published Time: 2026-01-02", ""),
        *("Warning: thin", "Warning: page", "", "Markdown Content:", "# A", ""),
        *("Images:", "This page has no images.", "", "Links/Buttons:", "- [x](https://a.test/x)"),
    ]
