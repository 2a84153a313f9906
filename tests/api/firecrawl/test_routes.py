"""What Firecrawl's clients do not send, and what everybody may: over plain HTTP."""

import time
from typing import Any

import httpx2
import pytest

from fixtures.site import Site

KEY = {"authorization": "Bearer ann-secret"}


def post(url: str, body: Any, *, key: str = "ann") -> httpx2.Response:
    return httpx2.post(url, json=body, headers={"x-api-key": f"{key}-secret"}, timeout=60)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        pytest.param("POST", "/v2/scrape", b"{", 400, "invalid_request", id="no-json"),
        pytest.param("POST", "/v2/scrape", b"[]", 400, "invalid_request", id="list"),
        pytest.param("POST", "/v2/scrape", b"{}", 400, "invalid_request", id="no-url"),
        pytest.param("POST", "/v2/scrape", b'{"url":5}', 400, "invalid_request", id="number"),
        pytest.param("POST", "/v2/scrape", b'{"url":"\xff"}', 400, "invalid_request", id="no-utf8"),
        pytest.param("POST", "/v2/scrape", b'{"a":' + b"[" * 9999, 400, "invalid_request", id="nested"),
        pytest.param("POST", "/v2/scrape", b'{"url":"http://10.0.0.1/"}', 400, "url_refused", id="private"),
        pytest.param("POST", "/v2/scrape", b" " * 25_000_000, 413, "too_large", id="huge"),
        pytest.param(
            "POST", "/v2/crawl", b'{"url":"a.test","includePaths":["("]}', 400, "invalid_request", id="re"
        ),
        pytest.param(
            "POST", "/v2/crawl", b'{"url":"a.test","limit":99999}', 400, "invalid_request", id="limit"
        ),
        pytest.param("POST", "/v2/batch/scrape", b'{"urls":[]}', 400, "invalid_request", id="no-urls"),
        pytest.param(
            "POST", "/v2/batch/scrape", b'{"urls":["http://10..1/"]}', 400, "invalid_request", id="bad-urls"
        ),
        pytest.param("GET", "/v2/crawl/none", b"", 404, "not_found", id="no-job"),
        pytest.param("GET", "/v2/crawl/none?skip=x", b"", 400, "invalid_request", id="skip"),
        pytest.param("GET", "/v2/crawl/none/errors", b"", 404, "not_found", id="no-job-errors"),
        pytest.param("DELETE", "/firecrawl/v1/batch/scrape/none", b"", 404, "not_found", id="no-job-cancel"),
        pytest.param("GET", "/v2/monitor", b"", 404, "not_found", id="no-route"),
        pytest.param("GET", "/firecrawl/v3/scrape", b"", 404, "not_found", id="no-version"),
        pytest.param("GET", "/v2/scrape", b"", 405, "method_not_allowed", id="method"),
    ],
)
def test_failures_have_the_dialects_form(
    url: str, method: str, path: str, body: bytes, status: int, code: str
) -> None:
    answer = httpx2.request(method, url + path, content=body, headers=KEY, timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    failure = answer.json()
    assert (failure["success"], failure["code"]) == (False, code) and len(failure["error"]) > 10
    assert answer.headers["x-request-id"]


def test_failures_elsewhere_stay_problem_documents(url: str) -> None:
    for path in ("/v3", "/v2", "/nothing"):
        answer = httpx2.get(url + path, headers=KEY)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.headers["content-type"].startswith("application/problem+json")


def test_v1_bodies_are_understood_by_v2(url: str, pages: Site) -> None:
    body = {
        "url": f"{pages.url}/product",
        "formats": ["extract", "links"],
        "extract": {
            "schema": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
        },
        "pageOptions": {"includeHtml": True},
    }
    data = post(f"{url}/v2/scrape", body).json()["data"]
    assert data["extract"] == {"sku": "A-7"} and data["links"] == [] and "markdown" not in data


def test_jobs_of_others_are_not_there(url: str, pages: Site) -> None:
    started = post(f"{url}/firecrawl/v2/batch/scrape", {"urls": [f"{pages.url}/one"]}).json()
    assert started["url"] == f"{url}/firecrawl/v2/batch/scrape/{started['id']}"
    bob = {"x-api-key": "bob-secret"}
    for path in ("", "/errors"):
        assert httpx2.get(started["url"] + path, headers=bob).status_code == 404
    assert httpx2.delete(started["url"], headers=bob).status_code == 404
    assert httpx2.get(started["url"], headers=KEY).json()["success"] is True


def test_addresses_that_are_none_are_named_as_sent(url: str, pages: Site) -> None:
    started = post(f"{url}/v2/batch/scrape", {"urls": [f"{pages.url}/one", "10..2"]}).json()
    assert started["invalidURLs"] == ["10..2"]


@pytest.mark.parametrize(
    "options",
    [
        {"includeTags": [f"#{number:040}" for number in range(30)]},
        {"formats": [{"type": "json", "prompt": "p" * 100_001}]},
        {"formats": [{"type": "json", "schema": {"enum": [2**70]}}]},
    ],
)
def test_job_that_could_not_be_read_is_refused(url: str, pages: Site, options: dict[str, Any]) -> None:
    answer = post(f"{url}/v2/batch/scrape", {"urls": [f"{pages.url}/one"]} | options)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_job_that_has_ended_is_not_cancelled(url: str, pages: Site) -> None:
    started = post(f"{url}/v2/batch/scrape", {"urls": [f"{pages.url}/one"]}).json()
    while httpx2.get(started["url"], headers=KEY).json()["status"] == "scraping":
        time.sleep(0.02)
    answer = httpx2.delete(started["url"], headers=KEY)
    assert (answer.status_code, answer.json()["success"]) == (409, False)


def test_page_without_its_answer_says_why(url: str, pages: Site) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}
    form = {"type": "json", "prompt": "wrongly", "schema": schema}
    body = {"urls": [f"{pages.url}/two"], "formats": ["markdown", form], "mobile": True}
    started = post(f"{url}/v2/batch/scrape", body).json()
    assert started["warning"] == "this gateway does not do: mobile"
    while (job := httpx2.get(started["url"], headers=KEY).json())["status"] == "scraping":
        time.sleep(0.02)
    (document,) = job["data"]
    assert document["markdown"].startswith("# two") and "json" not in document and "n" in document["warning"]
    (failure,) = httpx2.get(started["url"] + "/errors", headers=KEY).json()["errors"]
    assert failure["code"] == "schema_unsatisfied"


def test_page_that_is_not_stored_is_asked_about_once_fetched(url: str, pages: Site) -> None:
    before = pages.hits["/two"]
    body = {"url": f"{pages.url}/two", "formats": ["summary"], "storeInCache": False, "maxAge": 0}
    assert post(f"{url}/v2/scrape", body).json()["data"]["summary"] == "In Leeds — 北京."
    assert pages.hits["/two"] == before + 1


def test_page_is_asked_several_questions_once_fetched(url: str, pages: Site) -> None:
    before = pages.hits["/product"]
    schema = {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
    body = {
        "url": f"{pages.url}/product",
        "formats": ["summary", {"type": "json", "schema": schema}],
        "maxAge": 0,
    }
    data = post(f"{url}/v2/scrape", body).json()["data"]
    assert data["summary"] and data["json"] == {"sku": "A-7"}
    assert pages.hits["/product"] == before + 1


@pytest.mark.parametrize("options", [{"scrapeOptions": {"storeInCache": False}}, {"zeroDataRetention": True}])
def test_answer_that_is_not_to_be_kept_has_no_id(url: str, pages: Site, options: dict[str, Any]) -> None:
    answer = post(
        f"{url}/v2/extract", {"urls": [f"{pages.url}/one"], "prompt": "The price?"} | options
    ).json()
    assert answer["data"] == {"name": "Acme Widget", "price": 1299}
    assert answer["status"] == "completed" and not {"id", "expiresAt"} & answer.keys()


def test_page_of_a_v1_job_has_its_answer_by_v1s_name(url: str, pages: Site) -> None:
    schema = {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
    body = {"urls": [f"{pages.url}/product"], "formats": ["extract"], "extract": {"schema": schema}}
    started = post(f"{url}/firecrawl/v1/batch/scrape", body).json()
    while (job := httpx2.get(started["url"], headers=KEY).json())["status"] == "scraping":
        time.sleep(0.02)
    assert [each["extract"] for each in job["data"]] == [{"sku": "A-7"}]


def test_page_of_the_origins_error_says_so(url: str, pages: Site) -> None:
    data = post(f"{url}/v2/scrape", {"url": f"{pages.url}/gone"}).json()["data"]
    assert (data["metadata"]["statusCode"], data["metadata"]["error"]) == (410, "Gone")
    assert "410" in data["warning"]
