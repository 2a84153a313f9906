"""`POST /v1/scrape` and `GET /r/<url>` over real sockets: the contract of api.md, and what bad input gets."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from fixtures.site import Answer, Site
from gateway.core.tokens.counters import get_counter
from gateway.net.sse import EventDecoder
from tests.core import endings

PAGE = "/pages/documentation-go-tutorial"


@pytest.fixture(scope="module")
def client(gateway_url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=gateway_url, timeout=30) as http:
        yield http


def scrape(client: httpx2.Client, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/scrape", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def problem(response: httpx2.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= document.keys()
    assert document["status"] == response.status_code
    assert document["request_id"] == response.headers["x-request-id"]
    return document


def test_scrape_answers_with_every_field_of_the_contract(client: httpx2.Client, site: Site) -> None:
    page = scrape(client, url=site.url + PAGE)
    assert page.keys() == {
        *("id", "url", "final_url", "status", "content_type", "title", "content", "metadata", "tokens"),
        *("confidence", "next_cursor", "outline", "cache", "timings", "warnings"),
    }
    assert (page["status"], page["content_type"]) == (200, "text/html")
    assert "Hello, World!" in page["content"]
    assert page["metadata"].keys() == {
        *(
            "description",
            "author",
            "published",
            "language",
            "site_name",
            "canonical_url",
            "image",
            "page_type",
            "modified",
            "section",
            "tags",
            "text_direction",
            "social_title",
        ),
    }


def test_scrape_counts_exactly(client: httpx2.Client, site: Site) -> None:
    page = scrape(client, url=site.url + PAGE, tokenizer="gpt-4")
    count = get_counter("cl100k_base")
    html = httpx2.get(site.url + PAGE, timeout=60).text
    tokens = page["tokens"]
    assert tokens["tokenizer"] == "cl100k_base"
    assert (tokens["html"], tokens["content"]) == (count(html), count(page["content"]))
    assert tokens["full"] == tokens["content"]
    assert tokens["saved"] == tokens["html"] - tokens["content"]
    assert tokens["reduction"] == pytest.approx(tokens["saved"] / tokens["html"], abs=1e-4)


@pytest.mark.parametrize("format_", ["markdown", "text", "html"])
@pytest.mark.parametrize(
    ("options", "cut"),
    [
        pytest.param({}, {"max_tokens": 200}, id="budget"),
        pytest.param({}, {"max_tokens": 200, "focus": "import a package"}, id="focus"),
        pytest.param({}, {"max_tokens": 200, "focus": "nothing-of-it"}, id="focus-that-finds-nothing"),
        pytest.param({}, {"select": "h1"}, id="select"),
        pytest.param({}, {"select": "footer", "max_tokens": 50}, id="select-beside-the-content"),
        pytest.param({}, {"select": "blink"}, id="select-that-finds-nothing"),
        pytest.param({"scope": "page", "links": "reference"}, {"select": "p"}, id="select-of-the-whole-page"),
        pytest.param({"remove": ["pre"], "headline": False}, {"select": "p"}, id="select-beside-remove"),
        pytest.param(
            {"images": "inline", "renderer": "markdownify"}, {"select": "p"}, id="select-markdownify"
        ),
    ],
)
def test_what_a_budget_or_select_leaves_out_is_not_saved(
    client: httpx2.Client, site: Site, format_: str, options: dict[str, Any], cut: dict[str, Any]
) -> None:
    asked = {"url": site.url + PAGE, "format": format_, **options}
    whole = scrape(client, **asked)
    page = scrape(client, **asked, **cut)
    assert page["content"] != whole["content"]
    returned = get_counter("o200k_base")(page["content"])
    assert page["tokens"] == whole["tokens"] | {"content": returned}


def test_scrape_fetches_a_page_once_for_all_options(client: httpx2.Client, site: Site) -> None:
    path = "/pages/article-debusine?once"
    first = scrape(client, url=site.url + path)
    again = scrape(client, url=site.url + path)
    other = scrape(client, url=site.url + path, format="text", links="none", scope="page")
    assert [page["cache"]["status"] for page in (first, again, other)] == ["miss", "hit", "hit"]
    assert again["content"] == first["content"] != other["content"]
    assert again["id"] != first["id"]
    assert site.hits[path] == 1


def test_scrape_with_max_age_zero_asks_the_origin(client: httpx2.Client, site: Site) -> None:
    path = "/pages/article-debusine?age"
    scrape(client, url=site.url + path)
    page = scrape(client, url=site.url + path, max_age_s=0)
    assert page["cache"]["status"] == "revalidated"
    assert site.hits[path] == 2
    bare = scrape(client, url=site.url + "/bare" + path, max_age_s=0)
    assert bare["cache"]["status"] == "miss"


def test_scrape_without_store_keeps_nothing(client: httpx2.Client, site: Site) -> None:
    url = site.url + "/pages/article-debusine?store"
    assert scrape(client, url=url, store=False)["cache"]["status"] == "miss"
    assert scrape(client, url=url)["cache"]["status"] == "miss"
    assert scrape(client, url=url, store=False)["cache"]["status"] == "hit"
    assert scrape(client, url=url, store=False, max_age_s=0)["cache"]["status"] == "bypass"


def test_scrape_with_credentials_is_neither_cached_nor_shared(client: httpx2.Client, site: Site) -> None:
    path = "/pages/article-debusine?credentials"
    for _ in range(2):
        page = scrape(client, url=site.url + path, headers={"Authorization": "Bearer x"})
        assert page["cache"]["status"] == "bypass"
    assert site.hits[path] == 2
    assert [asked.headers["authorization"] for asked in site.requests if asked.path == path] == [
        "Bearer x"
    ] * 2
    assert scrape(client, url=site.url + path)["cache"]["status"] == "miss"


def test_scrape_takes_html_and_a_base_address(client: httpx2.Client) -> None:
    html = (
        "<html><head><title>T</title></head><body><p>Read <a href='/more'>more</a> of this.</p></body></html>"
    )
    page = scrape(client, html=html, url="https://example.com/base/page", scope="page")
    assert page["content"] == "Read [more](https://example.com/more) of this."
    assert (page["cache"]["status"], page["status"], page["title"]) == ("bypass", None, "T")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"format": "text"}, "Title\n\nRead more of this.", id="text"),
        pytest.param({"links": "none"}, "# Title\n\nRead more of this.", id="links-none"),
        pytest.param(
            {"links": "reference"},
            "# Title\n\nRead [more][1] of this.\n\n[1]: https://example.com/more",
            id="links-reference",
        ),
        pytest.param({"select": "p"}, "Read [more](https://example.com/more) of this.", id="select"),
        pytest.param({"remove": ["p"]}, "# Title", id="remove"),
    ],
)
def test_scrape_honours_option(client: httpx2.Client, options: dict[str, Any], expected: str) -> None:
    html = "<body><h1>Title</h1><p>Read <a href='https://example.com/more'>more</a> of this.</p></body>"
    assert scrape(client, html=html, scope="page", **options)["content"] == expected


def test_scrape_includes_what_is_asked_for(client: httpx2.Client, site: Site) -> None:
    include = ["links", "images", "structured", "outline", "chunks", "html", "metadata"]
    page = scrape(client, url=site.url + PAGE, include=include)
    assert {"links", "images", "structured", "chunks", "html"} <= page.keys()
    assert any(link["url"].startswith("http") for link in page["links"])
    assert "Prerequisites" in [section["heading"] for section in page["outline"]]
    assert sum(chunk["tokens"] for chunk in page["chunks"]) <= page["tokens"]["content"] + len(page["chunks"])


@pytest.mark.parametrize("format_", ["markdown", "text", "html"])
def test_scrape_pieces_joined_are_the_whole(client: httpx2.Client, site: Site, format_: str) -> None:
    options = {"url": site.url + PAGE, "format": format_, "include": ["html"], "links": "reference"}
    whole = scrape(client, **options)
    count = get_counter("o200k_base")
    pieces, beside, cursor = [], [], None
    while True:
        page = scrape(client, **options, max_tokens=200, **({"cursor": cursor} if cursor else {}))
        pieces.append(page["content"])
        beside.append(page["html"])  # the same piece
        assert page["tokens"] == whole["tokens"] | {"content": count(page["content"])}
        codes = [notice["code"] for notice in page["warnings"]]
        assert page["tokens"]["content"] <= 200 or "over_budget" in codes
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(pieces) > 2
    assert "".join(pieces) == whole["content"]
    assert "".join(beside) == whole["html"] and len(beside[0]) < len(whole["html"]) / 2
    assert format_ != "html" or beside == pieces


def test_scrape_cursor_continues_the_snapshot_it_was_cut_from(client: httpx2.Client, site: Site) -> None:
    path = "/made/up/page"
    old, new = (
        Answer(
            200,
            {"content-type": "text/html"},
            "".join(f"<p>{word} {n} page.</p>" for n in range(99)).encode(),
        )
        for word in ("old", "new")
    )
    site.extra[path] = old
    first = scrape(client, url=site.url + path, max_tokens=100, scope="page")
    site.extra[path] = new
    assert "new" in scrape(client, url=site.url + path, max_age_s=0, scope="page")["content"]
    second = scrape(client, url=site.url + path, max_tokens=100, scope="page", cursor=first["next_cursor"])
    assert "old" in second["content"] and "new" not in second["content"]


def test_scrape_outline_cursors_begin_at_their_headings(client: httpx2.Client, site: Site) -> None:
    page = scrape(client, url=site.url + PAGE, include=["outline"])
    section = page["outline"][-1]
    piece = scrape(client, url=site.url + PAGE, cursor=section["cursor"])
    assert piece["content"].startswith("#" * section["level"] + " ")
    assert section["heading"].split()[0] in piece["content"].splitlines()[0]


def test_scrape_answers_bare_markdown(client: httpx2.Client, site: Site) -> None:
    headers = {"accept": "text/markdown"}
    response = client.post("/v1/scrape", json={"url": site.url + PAGE, "max_tokens": 300}, headers=headers)
    assert response.headers["content-type"] == "text/markdown; charset=utf-8"
    assert int(response.headers["x-markdown-tokens"]) == get_counter("o200k_base")(response.text)
    assert response.headers["x-cache"] in {"hit", "miss"} and response.headers["x-next-cursor"]
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["x-origin-status"] == "200"


def test_headline_that_the_page_shows_outside_its_text_is_the_first_heading_of_bare_markdown(
    client: httpx2.Client, site: Site
) -> None:
    html = endings.page_of("sv", "wrapped").encode()
    site.extra["/mill.html"] = Answer(200, {"content-type": "text/html"}, html)
    url, headline = f"{site.url}/mill.html", endings.LANGUAGES["sv"].headline
    read = client.get(f"/r/{url}").text
    bare = client.post("/v1/scrape", json={"url": url}, headers={"accept": "text/markdown"}).text
    for text in (read, bare):
        assert text.startswith(f"# {headline}\n") and text.count(headline) == 1
    assert headline not in scrape(client, url=url, headline=False)["content"]


def test_bare_markdown_of_an_error_page_does_not_claim_success(client: httpx2.Client, site: Site) -> None:
    response = client.get(f"/r/{site.url}/status/404{PAGE}")
    assert (response.status_code, response.headers["x-origin-status"]) == (200, "404")
    assert "origin_status" in response.headers["x-warnings"].split(", ")


def test_scrape_streams_source_content_done(client: httpx2.Client, site: Site) -> None:
    headers = {"accept": "text/event-stream"}
    response = client.post("/v1/scrape", json={"url": site.url + PAGE}, headers=headers)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = EventDecoder().feed(response.content)
    assert [event.name for event in events] == ["source", "content", "done"]
    source, content, done = (json.loads(event.data) for event in events)
    assert source["final_url"] == site.url + PAGE
    assert content["content"] == done["content"] and done["tokens"]["content"] > 0


def test_scrape_stream_ends_with_the_error(client: httpx2.Client, site: Site) -> None:
    site.extra["/empty-500"] = Answer(500, {"content-type": "text/html"}, b"")
    headers = {"accept": "text/event-stream"}
    response = client.post("/v1/scrape", json={"url": site.url + "/empty-500"}, headers=headers)
    events = EventDecoder().feed(response.content)
    assert [event.name for event in events] == ["source", "error"]
    assert json.loads(events[-1].data)["code"] == "origin_status"


@pytest.mark.parametrize(
    "address",
    ["{url}", "{escaped}", "{one_slash}"],
    ids=["plain", "escaped-colon", "folded-slashes"],
)
def test_read_keeps_the_query_of_the_target(client: httpx2.Client, site: Site, address: str) -> None:
    path = "/pages/article-debusine?a=1&b=%20two&c"
    url = site.url + path
    form = address.format(
        url=url, escaped=url.replace("://", "%3A%2F%2F"), one_slash=url.replace("://", ":/")
    )
    before = site.hits[path]
    response = client.get("/r/" + form, headers={"cache-control": "no-cache"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/markdown")
    assert site.hits[path] >= max(before, 1)


def test_read_answers_json_when_asked(client: httpx2.Client, site: Site) -> None:
    response = client.get(f"/r/{site.url}{PAGE}", headers={"accept": "application/json"})
    assert response.json()["final_url"] == site.url + PAGE


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"url": "http://x.example", "colour": 1}, "unknown field `colour`", id="unknown-key"),
        pytest.param({"url": 7}, "url: Expected `str", id="wrong-type"),
        pytest.param({"url": "http://x.example", "max_tokens": 0}, "max_tokens: Expected `int`", id="range"),
        pytest.param({"url": "http://x.example", "format": "pdf"}, "format: ", id="not-a-choice"),
        pytest.param({"url": "http://x.example", "headers": {"a": {}}}, "headers", id="nested-wrong-type"),
        pytest.param({}, "send `url` or `html`", id="no-source"),
        pytest.param({"html": "<p>x", "tokenizer": "abacus"}, "tokenizer 'abacus'", id="unknown-tokenizer"),
        pytest.param({"html": "<p>x", "select": "p[["}, "select", id="bad-selector"),
        pytest.param({"html": "<p>x", "remove": ["a", "::"]}, "remove", id="bad-remove"),
        pytest.param({"html": "<p>x", "cursor": "AAAA"}, "cursor", id="foreign-cursor"),
        pytest.param({"html": "<p>x", "render": "always"}, "render", id="no-browser"),
    ],
)
def test_scrape_refuses_bad_request(client: httpx2.Client, body: dict[str, Any], message: str) -> None:
    response = client.post("/v1/scrape", json=body)
    document = problem(response)
    assert (response.status_code, document["code"]) == (400, "invalid_request")
    assert message in document["detail"]


def test_scrape_refuses_a_cursor_that_belongs_elsewhere(client: httpx2.Client, site: Site) -> None:
    page = scrape(client, url=site.url + PAGE, max_tokens=100)
    cursor = page["next_cursor"]
    for other in ({"url": site.url + "/pages/article-debusine"}, {"url": site.url + PAGE, "links": "none"}):
        response = client.post("/v1/scrape", json={**other, "cursor": cursor, "max_tokens": 100})
        assert (response.status_code, problem(response)["code"]) == (400, "invalid_request")
        assert response.json()["extra"]["field"] == "cursor"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "the body is empty", id="nothing"),
        pytest.param(b'{"url": ', "", id="cut-short"),
        pytest.param(b"[" * 100_000, "", id="deeply-nested"),
        pytest.param(b'{"html": "\xff\xfe"}', "", id="not-utf-8"),
    ],
)
def test_scrape_refuses_bad_json(client: httpx2.Client, content: bytes, message: str) -> None:
    response = client.post("/v1/scrape", content=content, headers={"content-type": "application/json"})
    document = problem(response)
    assert (response.status_code, document["code"]) == (400, "invalid_request")
    assert message in document["detail"]


def test_scrape_refuses_a_body_above_the_limit(client: httpx2.Client) -> None:
    response = client.post("/v1/scrape", content=b'{"html": "' + b"x" * 25_000_000 + b'"}')
    document = problem(response)
    assert (response.status_code, document["code"]) == (413, "too_large")
    assert "send the page's `url`" in document["detail"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        pytest.param("/missing", 200, None, id="404-with-words"),
        pytest.param("/empty/404", 502, "origin_status", id="404-without-words"),
        pytest.param("/empty/500", 502, "origin_status", id="500-without-words"),
        pytest.param("/untyped/404", 502, "origin_status", id="404-without-anything"),
        pytest.param("/octets/500", 502, "origin_status", id="500-of-no-octets"),
        pytest.param("/picture/404", 502, "origin_status", id="404-with-a-picture"),
        pytest.param("/foo/403", 502, "origin_status", id="403-of-an-unknown-type"),
        pytest.param("/picture", 415, "unsupported_content", id="not-a-page"),
        pytest.param("/redirect/9/missing", 502, "too_many_redirects", id="redirects"),
        pytest.param("/slow/5000/missing", 504, "fetch_timeout", id="timeout"),
    ],
)
def test_scrape_reports_what_the_origin_did(
    client: httpx2.Client, site: Site, path: str, status: int, code: str | None
) -> None:
    site.extra["/empty/404"] = Answer(404, {"content-type": "text/html"}, b"")
    site.extra["/empty/500"] = Answer(500, {"content-type": "text/html"}, b"<html></html>")
    site.extra["/untyped/404"] = Answer(404, {}, b"")
    site.extra["/octets/500"] = Answer(500, {"content-type": "application/octet-stream"}, b"")
    site.extra["/picture/404"] = Answer(404, {"content-type": "image/png"}, b"\x89PNG\r\n\x1a\n")
    site.extra["/foo/403"] = Answer(403, {"content-type": "application/x-foo"}, b"blocked")
    site.extra["/picture"] = Answer(200, {"content-type": "image/png"}, b"\x89PNG\r\n\x1a\n")
    response = client.post("/v1/scrape", json={"url": site.url + path, "timeout_s": 1})
    assert response.status_code == status
    if code is None:
        answer = response.json()
        assert answer["status"] == 404
        assert "origin_status" in [notice["code"] for notice in answer["warnings"]]
    else:
        document = problem(response)
        assert document["code"] == code
        assert code != "unsupported_content" or "image/png" in document["detail"]
    again = client.post("/v1/scrape", json={"url": site.url + path, "timeout_s": 1})
    assert again.status_code == status
    assert code is not None or again.json()["cache"]["status"] == "miss"  # a failure is not cached


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param("http://127.0.0.1:9/", "url_refused", id="port-not-allowed"),
        pytest.param("http://10.0.0.1/", "url_refused", id="private"),
        pytest.param("ftp://example.com/", "url_refused", id="scheme"),
        pytest.param("http://name.invalid/", "dns_failed", id="no-such-host"),
    ],
)
def test_scrape_refuses_or_fails_on_address(client: httpx2.Client, url: str, code: str) -> None:
    assert problem(client.post("/v1/scrape", json={"url": url}))["code"] == code


def test_scrape_prefers_the_sites_own_markdown(client: httpx2.Client, site: Site) -> None:
    html = b'<link rel="alternate" type="text/markdown" href="/own.md"><p>The page as HTML.</p>'
    site.extra["/offers"] = Answer(200, {"content-type": "text/html"}, html)
    site.extra["/own.md"] = Answer(
        200, {"content-type": "text/markdown"}, b"# Own\n\nThe page as **markdown**.\n"
    )
    site.extra["/offers-nothing"] = Answer(
        200, {"content-type": "text/html"}, html.replace(b"own.md", b"gone.md")
    )
    assert scrape(client, url=site.url + "/offers")["content"] == "# Own\n\nThe page as **markdown**."
    assert "as HTML" in scrape(client, url=site.url + "/offers-nothing", scope="page")["content"]


def test_scrape_counts_the_html_that_linked_to_the_sites_own_markdown(
    client: httpx2.Client, site: Site
) -> None:
    html = '<link rel="alternate" type="text/markdown" href="/counted.md"><p>Grüße, as HTML.</p>'
    site.extra["/counted"] = Answer(
        200, {"content-type": "text/html; charset=latin-1"}, html.encode("latin-1")
    )
    site.extra["/counted.md"] = Answer(200, {"content-type": "text/markdown"}, b"# Own\n")
    for tokenizer in ("o200k_base", "cl100k_base"):  # of the page as fetched, and as cached
        tokens = scrape(client, url=site.url + "/counted", tokenizer=tokenizer)["tokens"]
        count = get_counter(tokenizer)
        assert (tokens["html"], tokens["content"]) == (count(html), count("# Own"))


@pytest.mark.parametrize(
    ("options", "part", "found"),
    [
        pytest.param({"select": "#price"}, "content", "42", id="select"),
        pytest.param({"remove": ["#price"]}, "content", "Lamp", id="remove"),
        pytest.param({"scope": "page"}, "content", "42", id="scope"),
        pytest.param({"format": "html"}, "content", "42", id="format"),
        pytest.param({"include": ["html"]}, "html", "42", id="html"),
        pytest.param({"include": ["structured"]}, "structured", "EUR", id="structured"),
        pytest.param({"include": ["metadata"]}, "metadata", "A light.", id="metadata"),
    ],
)
def test_scrape_takes_the_html_where_markdown_could_not_answer(
    client: httpx2.Client, site: Site, options: dict[str, Any], part: str, found: str
) -> None:
    html = (
        '<head><link rel="alternate" type="text/markdown" href="/lamp.md"><meta name="description" '
        'content="A light."><script type="application/ld+json">{"@type": "Product", "name": "Lamp", "offers": '
        '{"@type": "Offer", "price": "42", "priceCurrency": "EUR"}}</script></head>'
        '<body><main><h1>Lamp</h1><p id="price">It costs 42 euros, as every lamp here does.</p></main></body>'
    )
    site.extra["/lamp"] = Answer(200, {"content-type": "text/html"}, html.encode())
    site.extra["/lamp.md"] = Answer(200, {"content-type": "text/markdown"}, b"# A word of our own\n")
    url = f"{site.url}/lamp"
    plain = scrape(client, url=url, headers={"accept-language": part + next(iter(options))})
    assert plain["content"] == "# A word of our own"
    page = scrape(client, url=url, headers={"accept-language": part + next(iter(options))}, **options)
    assert found in json.dumps(page[part])
    assert "own" not in page["content"]


@pytest.mark.parametrize("url", ["not a url", "javascript:alert(1)", "http://user@host/"])
def test_scrape_refuses_a_base_address_that_is_none(client: httpx2.Client, url: str) -> None:
    document = problem(client.post("/v1/scrape", json={"html": "<p>x", "url": url}))
    assert (document["status"], document["code"]) == (400, "invalid_request")
    assert "`url`" in document["detail"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(200, {"content-type": "text/html"}, b""), id="typed"),
        pytest.param(Answer(200, {}, b""), id="untyped"),
        pytest.param(Answer(204, {}, b""), id="204"),
    ],
)
def test_scrape_of_an_empty_page_says_so(client: httpx2.Client, site: Site, answer: Answer) -> None:
    site.extra["/void"] = answer
    page = scrape(client, url=site.url + "/void", max_age_s=0)
    assert page["content"] == ""
    assert page["warnings"]


@pytest.mark.parametrize("path", ["/nowhere", "/v1/nothing"])
def test_unknown_route_is_a_problem(client: httpx2.Client, path: str) -> None:
    assert problem(client.get(path))["code"] == "not_found"


def test_request_id_of_the_caller_comes_back(client: httpx2.Client) -> None:
    response = client.get("/health/live", headers={"x-request-id": "abc-123"})
    assert response.headers["x-request-id"] == "abc-123"
    strange = client.get("/health/live", headers={"x-request-id": "a b\tc" * 40})
    assert len(strange.headers["x-request-id"]) == 16


def test_scrape_asked_for_again_and_again_is_the_same_answer(client: httpx2.Client, site: Site) -> None:
    body = {"url": f"{site.url}{PAGE}?again"}
    answers = [client.post("/v1/scrape", json=body) for _ in range(5)]
    pages = [answer.json() for answer in answers]
    assert [page["cache"]["status"] for page in pages] == ["miss", *["hit"] * 4]
    assert len({page["id"] for page in pages}) == 5
    ages = [page["cache"]["age_s"] for page in pages[1:]]
    assert ages == sorted(ages)
    same = [
        {name: value for name, value in page.items() if name not in ("id", "cache", "timings")}
        for page in pages
    ]
    assert all(page == same[0] for page in same)
    heads = [{**answer.headers, "x-request-id": "", "content-length": "", "date": ""} for answer in answers]
    assert all(head == heads[0] for head in heads)
    bare = client.post("/v1/scrape", json=body, headers={"accept": "text/markdown"})
    assert bare.text == pages[0]["content"]


def test_scrape_takes_a_body_in_pieces(client: httpx2.Client, site: Site) -> None:
    body = json.dumps({"url": f"{site.url}{PAGE}?pieces"}).encode()
    for _ in range(3):
        answer = client.post("/v1/scrape", content=iter([body[:10], body[10:]]))
        assert answer.status_code == 200
    assert answer.json()["cache"]["status"] == "hit"


def test_lines_of_accept_are_one_list(client: httpx2.Client) -> None:
    headers = [("accept", "text/x-other"), ("accept", "text/markdown")]
    answer = client.post("/v1/scrape", json={"html": "<p>Some words."}, headers=headers)
    assert answer.headers["content-type"].startswith("text/markdown")
    page = {"content": "Some words.", "prompt": "What?", "dry_run": True}
    headers = [("accept", "text/x-other"), ("accept", "text/event-stream")]
    answer = client.post("/v1/extract", json=page, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_scrape_tells_what_became_of_every_block(client: httpx2.Client, site: Site) -> None:
    page = scrape(client, url=site.url + PAGE, include=["removed"])
    kept = [block["text"] for block in page["removed"] if block["reason"] is None]
    left_out = {block["reason"] for block in page["removed"] if block["reason"]}
    assert page["title"] in kept and {"not_main", "hidden"} <= left_out
    # from the cache too
    again = scrape(client, url=site.url + PAGE, include=["removed"])
    assert (again["cache"]["status"], again["removed"]) == ("hit", page["removed"])


def test_scrape_tells_what_changed_since_an_earlier_copy(client: httpx2.Client, site: Site) -> None:
    def article(*paragraphs: str) -> Answer:
        words = " and some more words, so that it is a paragraph of an article that somebody reads"
        body = "".join(f"<p>{paragraph}{words}.</p>" for paragraph in paragraphs)
        html = f"<title>News</title><article><h1>News</h1>{body}</article>"
        return Answer(200, {"content-type": "text/html"}, html.encode())

    def changes(**options: Any) -> dict[str, Any]:
        page = scrape(client, url=f"{site.url}/changing", include=["changes"], max_age_s=0, **options)
        found: dict[str, Any] = page["changes"]
        return found

    site.extra["/changing"] = article("First", "Second", "Third")
    assert changes() == {"status": "new", "compared_with": None, "blocks": []}
    assert changes()["status"] == "new"
    site.extra["/changing"] = article("First", "2nd", "Third", "Fourth")
    found = changes()
    assert found["status"] == "changed" and found["compared_with"] > 0
    starts = [(each["old"] and each["old"][:6], each["new"] and each["new"][:6]) for each in found["blocks"]]
    assert starts == [("Second", "2nd an"), (None, "Fourth")]
    # found in the cache, it is the same answer
    assert scrape(client, url=f"{site.url}/changing", include=["changes"])["changes"] == found
    site.extra["/changing"] = article("First", "Second", "Third")
    assert changes(changes_age_s=3600)["status"] == "same"
    assert [each["new"] and each["new"][:6] for each in changes()["blocks"]] == ["Second", None]


def test_scrape_with_focus_answers_and_names_the_rest(client: httpx2.Client) -> None:
    filler = "".join(f"<p>Sentence number {n} tells of nothing in particular.</p>" for n in range(40))
    sections = {"Hours": "Open from nine to five.", "Tickets": "A ticket costs twelve euros."}
    body = "".join(f"<h2>{name}</h2><p>{text}</p>{filler}" for name, text in sections.items())
    request = {"html": f"<h1>Museum</h1>{body}", "scope": "page", "max_tokens": 300, "include": ["html"]}
    page = scrape(client, **request, focus="What does a ticket cost?")
    assert "twelve euros" in page["content"] and "nine to five" not in page["content"]
    assert page["tokens"]["content"] <= 300 and page["next_cursor"] is None
    assert "twelve euros" in page["html"] and "nine to five" not in page["html"]
    assert [notice["code"] for notice in page["warnings"]] == ["focused"]
    hours = next(section for section in page["outline"] if section["heading"] == "Hours")
    rest = scrape(client, **request, focus="What does a ticket cost?", cursor=hours["cursor"])
    assert rest["content"].startswith("## Hours") and "nine to five" in rest["content"]
