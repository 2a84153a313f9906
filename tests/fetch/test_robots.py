"""robots.txt by RFC 9309, beside a second reader of the same files."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protego import Protego

from gateway.core.http.robots import product_token, read_robots


@pytest.mark.parametrize(
    ("text", "target", "allowed"),
    [
        pytest.param("", "/", True, id="empty"),
        pytest.param("User-agent: *\nDisallow: /a", "/a", False, id="prefix"),
        pytest.param("User-agent: *\nDisallow: /a", "/b", True, id="other"),
        pytest.param("User-agent: *\nDisallow:", "/", True, id="empty-rule"),
        pytest.param("Disallow: /", "/", True, id="rule-outside-a-group"),
        pytest.param("user-AGENT : *\n disallow : /a # why", "/a", False, id="case-and-space-and-comment"),
        pytest.param("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True, id="longest-wins"),
        pytest.param("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True, id="allow-wins-a-draw"),
        pytest.param("User-agent: *\nDisallow: /*.gif$", "/x/y.gif", False, id="wildcard-anchored"),
        pytest.param("User-agent: *\nDisallow: /*.gif$", "/x/y.gif?z", True, id="wildcard-anchored-longer"),
        pytest.param("User-agent: *\nDisallow: /a*b*c", "/a-b-c-d", False, id="wildcards"),
        pytest.param("User-agent: *\nDisallow: /a*b*c", "/a-c-b", True, id="wildcards-in-order"),
        pytest.param("User-agent: *\nDisallow: /a$", "/a", False, id="anchored"),
        pytest.param("User-agent: *\nDisallow: /a$", "/ab", True, id="anchored-longer"),
        pytest.param("User-agent: *\nDisallow: /a*a$", "/a", True, id="pieces-do-not-overlap"),
        pytest.param("User-agent: *\nDisallow: /ä", "/%C3%A4", False, id="escaped-alike"),
        pytest.param("User-agent: *\nDisallow: /%7ejoe", "/~joe", False, id="needless-escape"),
        pytest.param("User-agent: *\nDisallow: /a%2Fb", "/a/b", True, id="escaped-slash-is-another"),
        pytest.param(
            "User-agent: Winnow\nDisallow: /\n\nUser-agent: *\nAllow: /", "/", False, id="named-group"
        ),
        pytest.param("User-agent: other\nDisallow: /", "/", True, id="another-crawler"),
        pytest.param("User-agent: other\nUser-agent: winnow/2.0\nDisallow: /", "/", False, id="shared-group"),
        pytest.param(
            "User-agent: winnow\nDisallow: /a\n\nUser-agent: x\nDisallow: /\n\nUser-agent: winnow\nDisallow: /b",
            "/b",
            False,
            id="groups-of-one-name-are-joined",
        ),
        pytest.param("\ufeffUser-agent: *\r\nDisallow: /a\r\n", "/a", False, id="bom-and-crlf"),
        pytest.param("User-agent: *\nSitemap: /x\nDisallow: /a", "/a", False, id="other-lines-end-no-group"),
    ],
)
def test_robots_decide(text: str, target: str, allowed: bool) -> None:
    assert read_robots(text, product="Winnow").allows(target) == allowed


@pytest.mark.parametrize(
    ("value", "delay"), [("2", 2.0), ("0.5", 0.5), ("-1", 0.0), ("soon", 0.0), ("99999", 10.0), ("nan", 0.0)]
)
def test_crawl_delay_is_read_within_bounds(value: str, delay: float) -> None:
    assert read_robots(f"User-agent: *\nCrawl-delay: {value}", product="x").crawl_delay_s == delay


def test_hostile_pattern_takes_no_time() -> None:
    rules = read_robots(f"User-agent: *\nDisallow: /{'*a' * 2000}*b$", product="x")
    started = time.process_time()
    assert rules.allows("/" + "a" * 8000)
    assert time.process_time() - started < 0.5


def test_many_agents_and_many_rules_are_not_multiplied() -> None:
    def cost_s(lines: int) -> float:
        agents = "".join([f"user-agent: a{number}\n" for number in range(lines)])
        text = agents + "disallow: /x\n" * lines
        started = time.process_time()
        read_robots(text, product="winnow")
        return time.process_time() - started

    cost_s(1000)
    assert min(cost_s(16_000) / cost_s(4_000) for _ in range(3)) < 4 * 2.5


@pytest.mark.parametrize(
    ("user_agent", "token"),
    [
        ("Mozilla/5.0 (compatible; WinnowGateway/0.1)", "WinnowGateway"),
        ("ExampleBot/1.0 (+https://bot.example)", "ExampleBot"),
        ("123", "winnow"),
    ],
)
def test_product_token_is_the_crawlers_name(user_agent: str, token: str) -> None:
    assert product_token(user_agent) == token


PATHS = st.text("ab/*$", max_size=6).map("/{}".format)
FILES = st.lists(st.builds("{}: {}".format, st.sampled_from(["Allow", "Disallow"]), PATHS), max_size=5).map(
    lambda lines: "\n".join(["User-agent: *", *lines])
)


@settings(max_examples=500, deadline=None)
@given(FILES, st.text("ab/", max_size=8).map("/{}".format))
def test_robots_agree_with_protego(text: str, target: str) -> None:
    """Oracle: Protego 0.7, on files without "$" in the middle of a pattern, which RFC 9309 leaves open."""
    if any("$" in line.rstrip("$") or "$$" in line for line in text.splitlines()):
        return
    theirs = Protego.parse(text).can_fetch(f"http://h{target}", "winnow")
    assert read_robots(text, product="winnow").allows(target) == theirs
