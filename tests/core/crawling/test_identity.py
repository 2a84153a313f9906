"""Which addresses are one page, and which are made by one template."""

import pytest

from gateway.core.crawling.identity import identify, pattern_of
from gateway.core.http.url import parse_url


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.test/p", "http://a.test/p"),
        ("https://a.test/p", "https://www.a.test/p"),
        ("https://a.test/p", "https://a.test/p#part"),
        ("https://a.test/p?b=2&a=1", "https://a.test/p?a=1&b=2"),
        ("https://a.test/p", "https://a.test/p?utm_source=x&gclid=1"),
        ("https://a.test/p", "https://a.test/p;jsessionid=12AB"),
        ("https://a.test/p?id=1", "https://a.test/p?PHPSESSID=8&id=1"),
        ("https://a.test", "https://a.test/"),
    ],
)
def test_identify_joins_addresses_of_one_page(one: str, other: str) -> None:
    assert identify(parse_url(one)) == identify(parse_url(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.test/p", "https://a.test/p/"),
        ("https://a.test/p", "https://b.test/p"),
        ("https://a.test/p", "https://a.test:8443/p"),
        ("https://a.test/p?id=1", "https://a.test/p?id=2"),
        ("https://a.test/p?id=", "https://a.test/p"),
        ("https://a.test/P", "https://a.test/p"),
    ],
)
def test_identify_keeps_pages_apart(one: str, other: str) -> None:
    assert identify(parse_url(one)) != identify(parse_url(other))


def test_routes_of_an_app_are_pages_of_their_own() -> None:
    app = parse_url("https://a.test/app")
    routes = ["", "/users/7", "/users/8", "!/users/7"]
    assert len({identify(app, route=route) for route in routes}) == 4
    assert identify(app, route="/users/7", ignore_query=True) != identify(app, ignore_query=True)
    patterns = [pattern_of(app, route=route) for route in routes]
    assert patterns[1] == patterns[2] and len(set(patterns)) == 3


def test_identify_without_query_joins_what_differs_there() -> None:
    keys = {
        identify(parse_url(f"https://a.test/p{query}"), ignore_query=True) for query in ("", "?id=1", "?id=2")
    }
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("/calendar/2024/05", "/calendar/2025/12", True),
        ("/list?page=2&sort=a", "/list?sort=b&page=9", True),
        ("/item/0f3a9b77c2", "/item/99bb12aa04", True),
        ("/blog/first-words", "/blog/other-words", False),
        ("/list?page=2", "/list?tag=2", False),
        ("/facade/1", "/decade/1", False),
    ],
)
def test_pattern_of_ignores_numbers_and_values(one: str, other: str, same: bool) -> None:
    first, second = (pattern_of(parse_url(f"https://a.test{path}")) for path in (one, other))
    assert (first == second) is same
