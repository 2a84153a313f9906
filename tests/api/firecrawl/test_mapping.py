"""Firecrawl's bodies as the use cases take them, and pages as Firecrawl's documents: no service."""

from typing import Any

import msgspec
import pytest

from gateway.api.bodies import to_kind
from gateway.api.firecrawl.documents import to_document
from gateway.api.firecrawl.options import SUMMARY, Wanted, read_options, warning_of
from gateway.api.firecrawl.sites import to_crawl, to_extract, to_links, to_map, to_search, wanted_of_site
from gateway.api.firecrawl.types import CrawlBody, ExtractBody, MapBody, PageOptions, SearchBody
from gateway.errors import InvalidRequest
from gateway.wire import CacheReport, Metadata, Notice, ScrapeResponse, ScrapeTimings, TokenReport, actions
from gateway.wire.jobs import MappedLink, MapResponse, PageQuestion


def wanted(given: dict[str, Any]) -> Wanted:
    return read_options(to_kind(given, PageOptions), given)


@pytest.mark.parametrize(
    ("given", "options"),
    [
        pytest.param(
            {}, {"format": "markdown", "include": [], "images": "inline", "scope": "main"}, id="none"
        ),
        pytest.param({"formats": None, "onlyMainContent": None, "waitFor": 0}, {"scope": "main"}, id="null"),
        pytest.param({"onlyMainContent": False}, {"scope": "page"}, id="whole-page"),
        pytest.param({"formats": ["html"]}, {"format": "html", "include": []}, id="html-alone"),
        pytest.param(
            {"formats": ["markdown", "html"]}, {"format": "markdown", "include": ["html"]}, id="both"
        ),
        pytest.param(
            {"formats": ["rawHtml", {"type": "links"}, "images", "screenshot@fullPage"]},
            {"include": ["images", "links", "raw_html", "screenshot"]},
            id="parts",
        ),
        pytest.param(
            {"includeTags": ["#a", "b"], "excludeTags": ["c"]},
            {"select": "#a, b", "remove": ["c"]},
            id="tags",
        ),
        pytest.param(
            {"maxAge": 5000, "timeout": 7500}, {"max_age_s": 5, "timeout_s": 7.5}, id="milliseconds"
        ),
        pytest.param(
            {"maxAge": 1e14, "timeout": 1e9}, {"max_age_s": 31_536_000, "timeout_s": 300}, id="bounds"
        ),
        pytest.param(
            {"formats": ["changeTracking"], "maxAge": 9},
            {"include": ["changes"], "max_age_s": 0},
            id="changes",
        ),
        pytest.param(
            {"formats": [{"type": "changeTracking", "modes": None}]}, {"include": ["changes"]}, id="no-modes"
        ),
        pytest.param({"storeInCache": False}, {"store": False}, id="store"),
        pytest.param({"zeroDataRetention": True}, {"store": False}, id="retention"),
        pytest.param({"waitFor": 1500}, {"wait_for": 1500}, id="wait"),
        pytest.param(
            {
                "actions": [
                    {"type": "wait", "milliseconds": 5},
                    {"type": "click", "selector": "#x", "all": True},
                    {"type": "write", "text": "t"},
                    {"type": "press", "key": "Enter"},
                    {"type": "scroll", "direction": "down"},
                    {"type": "screenshot"},
                ]
            },
            {
                "actions": [
                    actions.Wait(ms=5),
                    actions.Click(selector="#x"),
                    actions.Write(text="t"),
                    actions.Press(key="Enter"),
                    actions.Scroll(),
                ],
                "include": ["screenshot"],
            },
            id="actions",
        ),
        pytest.param({"origin": "x", "integration": None, "notKnown": [1]}, {"include": []}, id="unknown"),
    ],
)
def test_options_are_read(given: dict[str, Any], options: dict[str, Any]) -> None:
    found = wanted(given).options
    assert {name: getattr(found, name) for name in options} == options


@pytest.mark.parametrize(
    ("given", "names"),
    [
        pytest.param({"blockAds": True, "proxy": "auto", "mobile": False, "location": {}}, [], id="defaults"),
        pytest.param(
            {"mobile": True, "proxy": "stealth", "location": {"country": "DE"}},
            ["location", "mobile", "proxy"],
            id="named",
        ),
        pytest.param(
            {"formats": ["branding", {"type": "changeTracking", "modes": ["git-diff", "json"]}]},
            ["formats.branding", "formats.changeTracking.json"],
            id="forms",
        ),
        pytest.param({"parsers": ["pdf"]}, [], id="pdf"),
        pytest.param({"parsers": [{"type": "pdf", "maxPages": 3}]}, ["parsers"], id="pages-of-pdf"),
        pytest.param({"parsers": []}, ["parsers"], id="no-parsers"),
        pytest.param({"actions": [{"type": "scrape"}]}, ["actions.scrape"], id="actions"),
    ],
)
def test_what_is_not_done_is_named(given: dict[str, Any], names: list[str]) -> None:
    found = wanted(given).not_done
    assert found == names
    assert (warning_of(found) or "").endswith(", ".join(names))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        pytest.param({"skipTlsVerification": True}, "skipTlsVerification", id="certificates"),
        pytest.param({"redactPII": {"mode": "fast"}}, "redactPII", id="redaction"),
        pytest.param({"lockdown": True}, "lockdown", id="lockdown"),
        pytest.param({"formats": ["markdwn"]}, "formats", id="form"),
        pytest.param({"formats": ["json"]}, "json", id="no-question"),
        pytest.param({"actions": [{"type": "executeJavascript", "script": "1"}]}, "actions", id="script"),
        pytest.param({"actions": [{"type": "click"}]}, "actions", id="click-on-nothing"),
        pytest.param({"timeout": 0}, "timeout", id="no-time"),
        pytest.param({"timeout": 1e-322}, "timeout", id="hardly-any-time"),
        pytest.param(
            {"includeTags": [f"#{number:040}" for number in range(30)]}, "includeTags", id="selectors"
        ),
        pytest.param({"formats": [{"type": "json", "prompt": "p" * 100_001}]}, "prompt", id="long-prompt"),
        pytest.param({"maxAge": "1"}, "maxAge", id="text-for-number"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        wanted(given)
    assert caught.value.extra["field"] == field


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("given", "questions"),
    [
        pytest.param({"formats": ["summary"]}, {"summary": (SUMMARY, None)}, id="summary"),
        pytest.param(
            {"formats": [{"type": "json", "prompt": "p", "schema": SCHEMA}]}, {"json": ("p", SCHEMA)}, id="v2"
        ),
        pytest.param(
            {"formats": [{"type": "json", "prompt": "p"}]},
            {"json": ("p", {"type": "object"})},
            id="any-object",
        ),
        pytest.param(
            {"formats": ["json"], "jsonOptions": {"schema": SCHEMA, "systemPrompt": "s", "prompt": "p"}},
            {"json": ("s\n\np", SCHEMA)},
            id="v1",
        ),
        pytest.param(
            {"formats": ["extract"], "extract": {"schema": SCHEMA}},
            {"extract": (None, SCHEMA)},
            id="v1-extract",
        ),
    ],
)
def test_questions_are_read(given: dict[str, Any], questions: dict[str, Any]) -> None:
    found = wanted(given).questions
    assert {name: (asked.prompt, asked.schema) for name, asked in found.items()} == questions


@pytest.mark.parametrize(
    ("given", "crawl"),
    [
        pytest.param({}, {"limit": 500, "include": [], "max_depth": None, "robots": True}, id="defaults"),
        pytest.param(
            {"url": "a.test/x.y/"}, {"url": "https://a.test/x.y/", "include": ["^/x\\.y/"]}, id="below"
        ),
        pytest.param({"url": "https://a.test/x/", "crawlEntireDomain": True}, {"include": []}, id="domain"),
        pytest.param({"url": "https://a.test/x/", "includePaths": ["b"]}, {"include": ["b"]}, id="include"),
        pytest.param(
            {"excludePaths": ["c"], "maxDiscoveryDepth": 999, "sitemap": "only", "delay": 1.5},
            {"exclude": ["c"], "max_depth": 100, "sitemap": "only", "delay_s": 1.5},
            id="v2",
        ),
        pytest.param(
            {"maxDepth": 2, "ignoreSitemap": True, "allowBackwardLinks": True, "limit": 7},
            {"max_depth": 2, "sitemap": "skip", "limit": 7},
            id="v1",
        ),
        pytest.param(
            {"allowExternalLinks": True, "allowSubdomains": True, "ignoreQueryParameters": True},
            {"external": True, "subdomains": True, "ignore_query": True},
            id="borders",
        ),
        pytest.param(
            {"scrapeOptions": {"formats": ["summary", {"type": "json", "prompt": "p"}]}},
            {"extract": PageQuestion(prompt=SUMMARY, evidence=False)},
            id="one-question",
        ),
    ],
)
def test_crawls_are_read(given: dict[str, Any], crawl: dict[str, Any]) -> None:
    given = {"url": "https://a.test/"} | given
    found, asked = to_crawl(to_kind(given, CrawlBody), given, max_pages=500, is_v1=False)
    assert {name: getattr(found, name) for name in crawl} == crawl
    assert asked.not_done == (["formats.json"] if "extract" in crawl else [])


def test_crawls_that_would_be_others_are_refused() -> None:
    given = {"url": "https://a.test/", "regexOnFullURL": True}
    with pytest.raises(InvalidRequest, match="regexOnFullURL"):
        to_crawl(to_kind(given, CrawlBody), given, max_pages=500, is_v1=False)


@pytest.mark.parametrize(
    ("given", "is_v1", "found"),
    [
        pytest.param({}, False, ("include", True, 5000), id="v2"),
        pytest.param({"limit": 10**9, "sitemap": "only"}, False, ("only", True, 50_000), id="many"),
        pytest.param({"ignoreSitemap": True}, True, ("skip", False, 5000), id="v1"),
        pytest.param(
            {"sitemapOnly": True, "includeSubdomains": True}, True, ("only", True, 5000), id="v1-only"
        ),
    ],
)
def test_maps_are_read(given: dict[str, Any], is_v1: bool, found: tuple[str, bool, int]) -> None:
    asked = to_map(to_kind({"url": "a.test"} | given, MapBody), is_v1=is_v1)
    assert (asked.sitemap, asked.subdomains, asked.limit) == found and asked.url == "https://a.test"


def test_links_of_a_map_are_joined_without_their_query() -> None:
    links = [MappedLink(url="https://a.test/?b=1"), MappedLink(url="https://a.test/?c", title="t")]
    found = MapResponse(links=links)
    assert to_links(found, is_v1=True, ignore_query=False) == [link.url for link in links]
    joined = to_links(found, is_v1=False, ignore_query=True)
    assert msgspec.to_builtins(joined) == [{"url": "https://a.test/", "title": "t"}]


def test_searches_are_read() -> None:
    given = {
        "query": "q",
        "limit": 50,
        "tbs": "qdr:w",
        "excludeDomains": ["b.test"],
        "categories": ["pdf"],
        "scrapeOptions": {"formats": ["markdown", "summary"]},
    }
    asked, found = to_search(to_kind(given, SearchBody), given)
    assert (asked.query, asked.limit, asked.time_range) == ("q -site:b.test", 20, "week")
    assert asked.scrape is not None
    assert found.not_done == ["categories", "scrapeOptions.formats.summary", "limit above 20"]


@pytest.mark.parametrize("given", [{"scrapeOptions": {"storeInCache": False}}, {"zeroDataRetention": True}])
def test_answers_to_what_is_not_to_be_kept_are_not_kept(given: dict[str, Any]) -> None:
    body = to_kind({"urls": ["a.test"], "prompt": "p"} | given, ExtractBody)
    asked = to_extract(body, wanted_of_site(body.scrape_options, given, names=frozenset()))
    assert not asked.scrape.store and asked.cache is not None and not asked.cache.store


def test_answers_about_a_page_that_is_not_to_be_kept_are_not_kept() -> None:
    found = wanted({"formats": ["summary"], "storeInCache": False})
    cache = found.questions["summary"].cache
    assert not found.options.store and cache is not None and not cache.store


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"excludeDomains": [f"{number}.example.test" for number in range(20)]}, "query"),
        ({"includeDomains": ["a" * 254]}, "includeDomains[0]"),
        ({"scrapeOptions": {"includeTags": ["a" * 600, "b" * 600]}}, "includeTags"),
    ],
)
def test_searches_beyond_bounds_are_refused(given: dict[str, Any], field: str) -> None:
    given = {"query": "q"} | given
    with pytest.raises(InvalidRequest) as caught:
        to_search(to_kind(given, SearchBody), given)
    assert caught.value.extra["field"] == field


@pytest.mark.parametrize(
    "given",
    [
        {"prompt": "p"},
        {"urls": ["a.test/*"], "prompt": "p"},
        {"urls": ["a.test"]},
        {"urls": ["a.test"], "prompt": "p" * 99_999, "systemPrompt": "s"},
        {"urls": ["a" * 8192], "prompt": "p"},
    ],
)
def test_questions_without_pages_or_prompt_are_refused(given: dict[str, Any]) -> None:
    body = to_kind(given, ExtractBody)
    with pytest.raises(InvalidRequest):
        to_extract(body, wanted_of_site(None, given, names=frozenset()))


def response(**fields: Any) -> ScrapeResponse:
    defaults: dict[str, Any] = {
        "id": "i",
        "url": "https://a.test/",
        "final_url": "https://a.test/b",
        "status": 200,
        "content_type": "text/html",
        "title": "T",
        "content": "# T",
        "metadata": Metadata(author="A", tags=["x", "y"], published="2026-01-02"),
        "tokens": TokenReport.of(tokenizer="t", html=2, full=1, content=1),
        "confidence": 0.5,
        "next_cursor": None,
        "outline": [],
        "cache": CacheReport(status="miss"),
        "timings": ScrapeTimings(),
        "warnings": [],
    }
    return ScrapeResponse(**defaults | fields)


def document(page: ScrapeResponse, *formats: str, **given: Any) -> dict[str, Any]:
    options = wanted({"formats": list(formats)}).options
    found = to_document(page, options=options, formats=frozenset(formats), now=1000.0, **given)
    made: dict[str, Any] = msgspec.to_builtins(found)
    return made


def test_page_becomes_a_document() -> None:
    made = document(response(), "markdown", "links")
    assert made == {
        "markdown": "# T",
        "links": [],
        "metadata": {
            "sourceURL": "https://a.test/",
            "url": "https://a.test/b",
            "statusCode": 200,
            "contentType": "text/html",
            "title": "T",
            "author": "A",
            "keywords": "x, y",
            "publishedTime": "2026-01-02",
            "scrapeId": "i",
            "cacheState": "miss",
            "creditsUsed": 1,
        },
    }


def test_document_says_what_there_is_to_know() -> None:
    cached = CacheReport(status="hit", age_s=10)
    page = response(status=404, cache=cached, warnings=[Notice(code="c", message="thin")], screenshot=b"png")
    made = document(page, "screenshot", not_done=["mobile"], failure="no model")
    assert made["warning"] == "this gateway does not do: mobile; thin; no model"
    assert made["screenshot"] == "data:image/png;base64,cG5n" and "markdown" not in made
    known = made["metadata"]
    assert (known["error"], known["cachedAt"]) == ("Not Found", "1970-01-01T00:16:30.000Z")


def test_html_alone_is_the_content() -> None:
    assert document(response(content="<h1>T</h1>"), "html")["html"] == "<h1>T</h1>"
