"""Which addresses belong to a crawl."""

from typing import Any

import pytest

from gateway.core.crawling.scope import Border, Scope
from gateway.core.http.url import parse_url
from gateway.errors import InvalidRequest


@pytest.mark.parametrize(
    ("url", "fields", "admitted"),
    [
        pytest.param("https://a.test/x", {}, True, id="same-host"),
        pytest.param("https://www.a.test/x", {}, True, id="www"),
        pytest.param("https://b.test/x", {}, False, id="other-host"),
        pytest.param("https://b.test/x", {"external": True}, True, id="external"),
        pytest.param("https://sub.a.test/x", {}, False, id="subdomain"),
        pytest.param("https://sub.a.test/x", {"subdomains": True}, True, id="subdomain-wanted"),
        pytest.param("https://nota.test/x", {"subdomains": True}, False, id="ends-alike"),
        pytest.param("https://a.test/blog/1", {"include": ["^/blog/"]}, True, id="included"),
        pytest.param("https://a.test/shop/1", {"include": ["^/blog/"]}, False, id="not-included"),
        pytest.param("https://a.test/shop/1", {"include": ["^/blog/", "/shop/"]}, True, id="either"),
        pytest.param("https://a.test/blog/1", {"include": ["blog"], "exclude": ["1$"]}, False, id="excluded"),
        pytest.param("https://a.test/x?blog", {"include": ["blog"]}, False, id="query-is-no-path"),
        pytest.param("https://a.test/a.png", {}, False, id="picture"),
        pytest.param("https://a.test/a.PDF", {}, True, id="document"),
        pytest.param("https://a.test/v1.2", {}, True, id="dot"),
        pytest.param("https://a.test/" + "a/b/" * 4, {}, False, id="repeats-itself"),
        pytest.param("https://a.test/" + "/".join(map(str, range(40))), {}, False, id="deep-path"),
    ],
)
def test_border_admits(url: str, fields: dict[str, Any], admitted: bool) -> None:
    assert Border(Scope(host="a.test", **fields)).admits(parse_url(url)) is admitted


@pytest.mark.parametrize(
    ("fields", "admitted"),
    [
        ({"include": ["#/users/"]}, True),
        ({"include": ["^/app#"]}, True),
        ({"exclude": ["#/users/7$"]}, False),
        ({"include": ["^/users/"]}, False),
    ],
)
def test_border_looks_at_routes_behind_the_path(fields: dict[str, Any], admitted: bool) -> None:
    border = Border(Scope(host="a.test", **fields))
    assert border.admits(parse_url("https://a.test/app?q"), route="/users/7") is admitted


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(?=a)", "((a{1000}){1000}){1000}", "a" * 501])
def test_border_refuses_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(InvalidRequest, match="include"):
        Border(Scope(host="a.test", include=[pattern]))
