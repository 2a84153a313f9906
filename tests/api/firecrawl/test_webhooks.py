"""Events of jobs as Firecrawl sends them, to a receiver on loopback."""

import hmac
import json
import warnings
from typing import Any

import httpx2
import pytest

from fixtures.site import Answer, Asked, Site
from tests.api.firecrawl.conftest import WEBHOOK_SECRET
from tests.leaks import wait_until

with warnings.catch_warnings():
    # of pydantic, about names of fields
    warnings.simplefilter("ignore")
    from firecrawl import Firecrawl
    from firecrawl.v1.client import V1FirecrawlApp, V1WebhookConfig
    from firecrawl.v2.types import WebhookConfig

KEY = {"x-api-key": "ann-secret"}
OK = Answer(200, {}, b"")


def posted(pages: Site, path: str) -> list[Asked]:
    return [asked for asked in list(pages.requests) if (asked.method, asked.path) == ("POST", path)]


def heard(pages: Site, path: str, count: int) -> list[dict[str, Any]]:
    """The bodies of so many events, in the order of their coming; all of them are signed."""
    wait_until(lambda: len(posted(pages, path)) >= count)
    bodies = []
    for asked in posted(pages, path):
        assert asked.headers["content-type"] == "application/json"
        digest = hmac.new(WEBHOOK_SECRET.encode(), asked.body, "sha256").hexdigest()
        assert asked.headers["x-firecrawl-signature"] == f"sha256={digest}"
        bodies.append(json.loads(asked.body))
    return bodies


def test_crawl_of_the_client_tells_its_events(url: str, pages: Site) -> None:
    pages.extra["/hook/crawl"] = OK
    client = Firecrawl(api_key="ann-secret", api_url=url)
    webhook = WebhookConfig(
        url=f"{pages.url}/hook/crawl",
        headers={"Authorization": "Bearer mine", "Webhook-Token": "mine"},
        metadata={"run": "7"},
    )
    job = client.start_crawl(f"{pages.url}/docs/", sitemap="skip", webhook=webhook)
    bodies = heard(pages, "/hook/crawl", 4)
    assert sorted(body["type"] for body in bodies) == [
        "crawl.completed",
        "crawl.page",
        "crawl.page",
        "crawl.started",
    ]
    for body in bodies:
        assert (body["success"], body["id"], body["metadata"]) == (True, job.id, {"run": "7"})
        assert "error" not in body and bool(body["data"]) == (body["type"] == "crawl.page")
    assert len({body["webhookId"] for body in bodies}) == 4
    documents = [page for body in bodies for page in body["data"]]
    assert sorted(page["metadata"]["title"] for page in documents) == ["docs", "docs/in"]
    assert all(page["markdown"].startswith("# docs") and "extract" not in page for page in documents)
    for asked in posted(pages, "/hook/crawl"):
        assert (asked.headers["authorization"], asked.headers["webhook-token"]) == ("Bearer mine", "mine")


def test_batch_of_the_client_tells_what_failed(url: str, pages: Site) -> None:
    pages.extra["/hook/batch"] = OK
    client = Firecrawl(api_key="ann-secret", api_url=url)
    urls = [f"{pages.url}/one", f"{pages.url}/missing"]
    client.start_batch_scrape(urls, webhook=f"{pages.url}/hook/batch")
    bodies = heard(pages, "/hook/batch", 4)
    read, failed = sorted(
        (b for b in bodies if b["type"] == "batch_scrape.page"), key=lambda b: not b["success"]
    )
    assert read["data"][0]["metadata"]["sourceURL"] == urls[0]
    assert failed["data"] == [{"metadata": {"sourceURL": urls[1]}}] and "404" in failed["error"]
    assert {b["type"] for b in bodies if not b["data"]} == {"batch_scrape.started", "batch_scrape.completed"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_events_of_v1_are_the_ones_asked_for(url: str, pages: Site) -> None:
    pages.extra["/hook/v1"] = OK
    client = V1FirecrawlApp(api_key="ann-secret", api_url=f"{url}/firecrawl")
    webhook = V1WebhookConfig(url=f"{pages.url}/hook/v1", events=["page"])
    schema = {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
    job = client.async_batch_scrape_urls(
        [f"{pages.url}/product"], formats=["extract"], extract={"schema": schema}, webhook=webhook
    )
    (body,) = heard(pages, "/hook/v1", 1)
    assert (body["type"], body["id"], body["metadata"]) == ("batch_scrape.page", job.id, {})
    assert body["data"][0]["extract"] == {"sku": "A-7"}


def test_job_without_a_page_tells_that_it_failed(url: str, pages: Site) -> None:
    pages.extra["/hook/failed"] = OK
    body = {
        "url": f"{pages.url}/missing",
        "sitemap": "skip",
        "webhook": {"url": f"{pages.url}/hook/failed", "events": ["crawl.failed", "crawl.completed"]},
    }
    httpx2.post(f"{url}/v2/crawl", json=body, headers=KEY).raise_for_status()
    (told,) = heard(pages, "/hook/failed", 1)
    assert (told["type"], told["success"], told["data"]) == ("crawl.failed", False, [])
    assert "origin_status (1)" in told["error"]


def test_event_is_the_same_in_each_try(url: str, pages: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.jobs.webhooks.BACKOFF_S", (0.1, 0.1, 0.1))
    pages.extra["/hook/again"] = Answer(500, {}, b"")
    webhook = {"url": f"{pages.url}/hook/again", "events": ["page"]}
    body = {"urls": [f"{pages.url}/two"], "webhook": webhook}
    httpx2.post(f"{url}/v2/batch/scrape", json=body, headers=KEY).raise_for_status()
    first, second, *_ = heard(pages, "/hook/again", 2)
    pages.extra["/hook/again"] = OK
    assert first == second


def failures(url: str) -> float:
    lines = httpx2.get(f"{url}/metrics", headers=KEY).text.splitlines()
    return float(next(line for line in lines if line.startswith("winnow_webhook_failures_total ")).split()[1])


def test_event_is_never_sent_to_a_private_address(
    url: str, pages: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.jobs.webhooks.BACKOFF_S", (0.1, 0.1, 0.1))
    before = failures(url)
    webhook = {"url": "http://10.0.0.1/hook", "events": ["completed"]}
    body = {"urls": [f"{pages.url}/one"], "webhook": webhook}
    httpx2.post(f"{url}/v2/batch/scrape", json=body, headers=KEY).raise_for_status()
    # it is tried four times and given up
    wait_until(lambda: failures(url) >= before + 4)


HOOK = "https://a.test/hook"


@pytest.mark.parametrize("path", ["/v2/crawl", "/v2/batch/scrape", "/firecrawl/v1/crawl"])
@pytest.mark.parametrize(
    ("webhook", "words"),
    [
        *(
            pytest.param({"url": HOOK, "headers": {name: "x"}}, f"webhook.headers`: {name}", id=name)
            for name in (
                "Host",
                "content-length",
                "Transfer-Encoding",
                "connection",
                "webhook-signature",
                "Webhook-Id",
                "webhook-timestamp",
                "X-Firecrawl-Signature",
                "proxy-authorization",
                "X-Forwarded-For",
            )
        ),
        pytest.param({"url": HOOK, "headers": {"a b": "x"}}, "not a header name", id="no-name"),
        pytest.param({"url": HOOK, "headers": {"a": "x\r\nhost: b"}}, "line break", id="two-in-one"),
        pytest.param({"url": HOOK, "headers": {"a": 5}}, "webhook.headers", id="number"),
        pytest.param(
            {"url": HOOK, "headers": {f"a{n}": "x" for n in range(65)}}, "more than 64", id="many-headers"
        ),
        pytest.param({"url": HOOK, "metadata": {"a": "x" * 17_000}}, "webhook.metadata", id="much-metadata"),
        pytest.param({"url": HOOK, "metadata": {"a": 2**70}}, "the job cannot be kept", id="wide-number"),
        pytest.param({"url": HOOK, "metadata": []}, "webhook.metadata", id="list"),
        pytest.param({"url": HOOK, "events": ["pages"]}, "did you mean page", id="event"),
        pytest.param({"url": "file:///etc/passwd"}, "webhook", id="file"),
        pytest.param({"events": ["page"]}, "webhook", id="no-url"),
        pytest.param("here", "webhook", id="no-address"),
        pytest.param("https://a.test/" + "a" * 10_000, "webhook.url", id="long"),
        pytest.param(5, "webhook", id="no-webhook"),
    ],
)
def test_webhook_that_cannot_be_is_refused(
    url: str, pages: Site, path: str, webhook: Any, words: str
) -> None:
    body = {"urls": [f"{pages.url}/one"], "url": f"{pages.url}/one", "webhook": webhook}
    answer = httpx2.post(url + path, json=body, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert words in answer.json()["error"]


def test_extract_has_no_event(url: str, pages: Site) -> None:
    body = {"urls": [f"{pages.url}/one"], "prompt": "The price?", "webhook": HOOK}
    answer = httpx2.post(f"{url}/v2/extract", json=body, headers=KEY)
    assert answer.status_code == 400 and "at once" in answer.json()["error"]
