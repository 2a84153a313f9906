"""The links of a page, and what a crawl makes of them."""

from functools import partial
from typing import Any

from gateway.core.crawling.links import find_links
from gateway.core.crawling.scope import Scope
from gateway.core.tasks.crawling import FollowLinks, IdentifyAddresses

PAGE = b"""<html><head><base href="/docs/"><link rel="canonical" href="https://a.test/docs/home"></head><body>
<nav><a href="one">One <b>page</b></a> <a href="one#part">again</a></nav><a href="mailto:x@a.test">mail</a>
<a href="JaVaScript:void(0)">no</a><a href="#top">top</a><a href="">empty</a><a href="https://b.test/x">away</a>
<a href="https://user:pw@a.test/">refused</a><map><area href="/two"></map><a href="a.png">picture</a></body></html>"""
URL = "https://a.test/index"


def test_find_links_reads_each_address_once() -> None:
    found = find_links(PAGE.decode(), url=URL)
    assert [(link.url.text, link.text) for link in found.links] == [
        ("https://a.test/docs/one", "One page"),
        ("https://b.test/x", "away"),
        ("https://a.test/two", ""),
        ("https://a.test/docs/a.png", "picture"),
    ]
    assert found.canonical is not None and found.canonical.text == "https://a.test/docs/home"


def test_follow_links_keeps_to_the_scope() -> None:
    found = FollowLinks(body=PAGE, content_type="text/html", url=URL, scope=Scope(host="a.test")).run()
    assert [address.url for address in found.addresses] == ["https://a.test/docs/one", "https://a.test/two"]
    assert found.canonical is not None


def test_follow_links_believes_no_canonical_address_of_another_site() -> None:
    page = b'<link rel=canonical href="https://b.test/"><a href=/x>x</a>'
    found = FollowLinks(
        body=page, content_type="text/html", url=URL, scope=Scope(host="a.test", external=True)
    ).run()
    assert found.canonical is None


def test_follow_links_believes_no_page_that_calls_itself_the_front_page() -> None:
    page = b"<link rel=canonical href=/><p>text"
    follow = FollowLinks(body=page, content_type="text/html", url=URL, scope=Scope(host="a.test"))
    assert follow.run().canonical is None


def test_follow_links_reads_markdown() -> None:
    follow = FollowLinks(
        body=b"# Title\n\n[one](one.md) and <https://a.test/two>",
        content_type="text/markdown",
        url="https://a.test/docs/",
        scope=Scope(host="a.test"),
    )
    assert [address.url for address in follow.run().addresses] == [
        "https://a.test/docs/one.md",
        "https://a.test/two",
    ]


APP = b"""<a href="#/users/7?tab=a">Seven</a><a href="/app#/users/7?tab=a">again</a><a href="#!/news">News</a>
<a href="#top">top</a><a href="#!">close</a><a href="#/">home</a><a href="other#part">other</a><a href="https://b.test/#/x">away</a>"""


def test_follow_links_takes_routes_of_a_rendered_app_alone() -> None:
    fields: dict[str, Any] = {"body": APP, "content_type": "text/html", "url": "https://a.test/app"}
    follow = partial(FollowLinks, scope=Scope(host="a.test"), **fields)
    assert [address.url for address in follow(routes=True).run().addresses] == [
        "https://a.test/app#/users/7?tab=a",
        "https://a.test/app#!/news",
        "https://a.test/other",
    ]
    assert [address.url for address in follow().run().addresses] == [
        "https://a.test/app",
        "https://a.test/other",
    ]


def test_batch_keeps_fragments_that_scripts_may_read() -> None:
    urls = [f"https://a.test/app{each}" for each in ("#/users/7", "#/users/8", "#part", "#other", "")]
    identify = partial(IdentifyAddresses, urls=urls)
    assert [address.url for address in identify(routes=True).run()] == urls[:3]
    assert [address.url for address in identify().run()] == ["https://a.test/app"]
