"""Jina Reader's dialect over real sockets, and its headers at `/r/<url>`."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from fixtures.site import Answer, Site
from gateway.net.sse import EventDecoder

PAGE = "/pages/documentation-go-tutorial"


@pytest.fixture
def client(gateway_url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=gateway_url, timeout=60) as opened:
        yield opened


def test_page_is_text_under_a_head(client: httpx2.Client, site: Site) -> None:
    answer = client.get(f"/jina/{site.url}{PAGE}")
    title, _, source, *_ = answer.text.splitlines()
    assert title.startswith("Title: ") and source == f"URL Source: {site.url}{PAGE}"
    content = answer.text.partition("\nMarkdown Content:\n")[2]
    plain = client.get(f"/r/{site.url}{PAGE}", headers={"x-retain-images": "all"}).text
    assert content == plain + "\n"
    assert (
        answer.headers["content-type"].startswith("text/plain")
        and int(answer.headers["x-usage-tokens"]) > 100
    )
    assert "sandbox" in answer.headers["content-security-policy"]


def test_page_is_json(client: httpx2.Client, site: Site) -> None:
    headers = {"accept": "application/json", "x-with-links-summary": "true"}
    answer = client.get(f"/jina/{site.url}{PAGE}", headers=headers).json()
    assert (answer["code"], answer["status"]) == (200, 20_000)
    data = answer["data"]
    assert data["url"] == f"{site.url}{PAGE}" and data["content"].startswith("#") and data["links"]
    assert data["usage"] == answer["meta"]["usage"] and data["usage"]["tokens"] > 100


@pytest.mark.parametrize(("path", "event"), [(PAGE, "data"), ("/missing-it", "error")])
def test_page_is_an_event(client: httpx2.Client, site: Site, path: str, event: str) -> None:
    site.extra["/missing-it"] = Answer(404, {}, b"")
    answer = client.get(f"/jina/{site.url}{path}", headers={"accept": "text/event-stream"})
    (seen,) = EventDecoder().feed(answer.content)
    made = json.loads(seen.data)
    assert seen.name == event and (made["title"] if event == "data" else made["name"] == "origin_status")


@pytest.mark.parametrize("route", ["/jina/", "/r/"])
def test_forms_of_a_page(client: httpx2.Client, site: Site, route: str) -> None:
    whole = client.get(f"{route}{site.url}{PAGE}", headers={"x-respond-with": "html"})
    assert whole.text == site.pages["documentation-go-tutorial"].read_text("utf-8")
    assert whole.headers["content-type"].startswith("text/plain")
    text = client.get(f"{route}{site.url}{PAGE}", headers={"x-respond-with": "text"}).text
    assert "# " not in text[:50] and len(text) > 500
    cut = client.get(f"{route}{site.url}{PAGE}", headers={"x-max-output-tokens": "100"}).text
    assert len(cut) < 1500
    listed = client.get(f"{route}{site.url}{PAGE}", headers={"x-with-links-summary": "1"}).text
    assert "\n\nLinks/Buttons:\n- [" in listed


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("url={url}&targetSelector=h1", "application/x-www-form-urlencoded"),
        ('{{"url": "{url}", "targetSelector": ["h1"]}}', "application/json"),
        (
            '{{"url": "{url}", "html": "<h1>Tutorial</h1><p>other</p>", "targetSelector": "h1"}}',
            "application/json",
        ),
    ],
)
def test_body_names_page_and_options(client: httpx2.Client, site: Site, body: str, kind: str) -> None:
    sent = body.format(url=site.url + PAGE)
    answer = client.post("/jina", content=sent, headers={"content-type": kind})
    assert answer.status_code == 200, answer.text
    content = answer.text.partition("Markdown Content:\n")[2].strip()
    assert content.startswith("# Tutorial") and "\n" not in content


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "name"),
    [
        pytest.param("GET", "/jina/http://10.0.0.1/", {}, 400, "url_refused", id="private"),
        pytest.param(
            "GET", "/jina/{url}", {"headers": {"x-engine": "vlm"}}, 400, "invalid_request", id="engine"
        ),
        pytest.param(
            "GET", "/jina/{url}", {"headers": {"x-token-budget": "5"}}, 413, "too_large", id="budget"
        ),
        pytest.param(
            "GET", "/jina/{url}", {"headers": {"x-target-selector": "<"}}, 400, "invalid_request", id="css"
        ),
        pytest.param("POST", "/jina", {"content": b""}, 400, "invalid_request", id="no-url"),
        pytest.param("POST", "/jina", {"json": {"url": {}}}, 400, "invalid_request", id="no-text"),
        pytest.param(
            "POST", "/jina", {"json": {"url": "u", "tarSelector": 1}}, 400, "invalid_request", id="field"
        ),
        pytest.param(
            "POST",
            "/jina",
            {"json": {"url": "u", "aB" * 500_000: 1}},
            400,
            "invalid_request",
            id="long-field",
        ),
        pytest.param(
            "POST",
            "/jina",
            {"json": {"url": "https://a.test/", "setCookies": ["a=1"] * 9999}},
            400,
            "invalid_request",
            id="cookies",
        ),
        pytest.param("GET", "/%6aina/http://10.0.0.1/", {}, 400, "url_refused", id="escaped-prefix"),
        pytest.param("GET", "/jina%2Fhttp://10.0.0.1/", {}, 400, "invalid_request", id="escaped-slash"),
        pytest.param("POST", "/jina/{url}", {"json": {"url": "u"}}, 400, "invalid_request", id="two-urls"),
        pytest.param("POST", "/jina", {"content": b"\xff=1"}, 400, "invalid_request", id="no-utf8"),
        pytest.param("POST", "/jina", {"content": b"url=" + b"a" * 99_999}, 413, "too_large", id="long-form"),
        pytest.param("DELETE", "/jina/{url}", {}, 405, "method_not_allowed", id="method"),
    ],
)
def test_failures_have_the_dialects_form(
    client: httpx2.Client, site: Site, method: str, path: str, options: dict[str, Any], status: int, name: str
) -> None:
    answer = client.request(method, path.format(url=site.url + PAGE), **options)
    failure = answer.json()
    assert (answer.status_code, failure["code"], failure["name"]) == (status, status, name)
    assert failure["data"] is None and failure["readableMessage"] == f"{name}: {failure['message']}"


def test_failures_at_r_stay_problem_documents(client: httpx2.Client, site: Site) -> None:
    answer = client.get(f"/r/{site.url}{PAGE}", headers={"x-retain-images": "alt_p"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
