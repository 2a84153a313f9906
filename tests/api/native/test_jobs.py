"""Batches, crawls and maps through the whole service, on a site that each test makes up."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from fixtures.site import Answer, Site, running_site
from gateway.auth.keys import Key, hash_secret
from gateway.settings import BackendSettings
from tests.service import running_gateway

SECRET = "a secret of sixteen or more"
Client = httpx2.Client


def page(name: str, *links: str, head: str = "") -> Answer:
    """A page with some words of its own and links."""
    words = " ".join(f"{name} has sentence number {n} of its own." for n in range(12))
    anchors = "".join(f'<li><a href="{link}">to {link}</a></li>' for link in links)
    body = f"<html><head><title>{name}</title>{head}</head><body><nav><ul>{anchors}</ul></nav><article><h1>{name}</h1>"
    return Answer(
        200, {"content-type": "text/html"}, f"{body}<p>{words}</p></article></body></html>".encode()
    )


def text(content: str, kind: str = "text/plain") -> Answer:
    return Answer(200, {"content-type": kind}, content.encode())


# a site and keys for each test: what one test leaves in the cache or in the store is not met by the next
TESTS = 60
SITES: list[Site] = []


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, scripted: BackendSettings) -> Iterator[str]:
    names = [f"{name}{number}" for number in range(TESTS) for name in ("ann", "bob")]
    with ExitStack() as stack:
        SITES.extend(stack.enter_context(running_site({})) for _ in range(TESTS))
        keys = [Key(name=name, sha256=hash_secret(f"{name}-secret")) for name in names]
        keys.append(Key(name="reader", sha256=hash_secret("reader-secret"), scopes=("scrape",)))
        keys.append(Key(name="small", sha256=hash_secret("small-secret"), tokens_per_month=10))
        yield stack.enter_context(
            running_gateway(
                tmp_path_factory.mktemp("jobs"),
                allow_targets=[site.target for site in SITES],
                keys=keys,
                backends=[scripted],
                webhook_secret=SECRET,
                job_max_pages=100,
                jobs_per_key=2,
            )
        )


@pytest.fixture
def pages(gateway: str) -> Site:
    """An empty site of the test's own."""
    return SITES.pop()


@pytest.fixture
def client(gateway: str, pages: Site) -> Iterator[Client]:
    """A client with a key of the test's own."""
    headers = {"x-api-key": f"ann{len(SITES)}-secret"}
    with httpx2.Client(base_url=gateway, headers=headers, timeout=30) as opened:
        yield opened
        for job in opened.get("/v1/jobs").json()["jobs"]:
            opened.delete(f"/v1/jobs/{job['id']}")


@pytest.fixture
def bob(pages: Site) -> dict[str, str]:
    """The headers of somebody else."""
    return {"x-api-key": f"bob{len(SITES)}-secret"}


def start(client: Client, route: str, **body: Any) -> str:
    answer = client.post(route, json=body)
    assert answer.status_code == 202, answer.text
    created = answer.json()
    assert created["url"] == answer.headers["location"] == f"/v1/jobs/{created['id']}"
    return str(created["id"])


def wait(client: Client, job_id: str) -> dict[str, Any]:
    """The job once it has ended."""
    for _ in range(300):
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").json()
        if job["status"] != "running":
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job does not end: {job}")


def results(client: Client, job_id: str) -> list[dict[str, Any]]:
    lines = client.get(f"/v1/jobs/{job_id}/results", headers={"accept": "application/x-ndjson"}).text
    return [json.loads(line) for line in lines.splitlines() if line]


def paths(found: list[dict[str, Any]], site: Site) -> list[str]:
    return sorted(each["url"].removeprefix(site.url) for each in found)


def test_crawl_reads_a_site_along_its_links(client: Client, pages: Site) -> None:
    pages.extra = {
        "/": page("home", "/one", "/two#part", "https://elsewhere.test/", "/picture.png"),
        "/one": page("one", "/", "/three?utm_source=x"),
        "/two": page("two", "/three"),
        "/three": page("three", "/missing"),
        "/three?utm_source=x": page("three", "/missing"),
        "/missing": Answer(404, {}, b""),
    }
    job_id = start(client, "/v1/crawl", url=f"{pages.url}/", sitemap="skip")
    job = wait(client, job_id)
    assert (job["kind"], job["status"], job["total"], job["done"], job["failed"]) == (
        "crawl",
        "completed",
        5,
        4,
        1,
    )
    assert job["per_error"] == {"origin_status": 1} and job["expires_at"] > job["finished_at"]
    found = results(client, job_id)
    assert sorted((each["seq"]) for each in found) == [1, 2, 3, 4, 5]
    by_path = {each["url"].removeprefix(pages.url).partition("?")[0]: each for each in found}
    depths = {path: each["depth"] for path, each in by_path.items()}
    assert depths == {"/": 0, "/one": 1, "/two": 1, "/three": 2, "/missing": 3}
    one = by_path["/one"]["page"]
    assert one["title"] == "one" and "one has sentence" in one["content"]
    assert by_path["/missing"]["error"]["origin_status"] == 404 and "page" not in by_path["/missing"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"max_depth": 1}, ["/", "/blog/1", "/shop/1"], id="max_depth"),
        pytest.param({"limit": 2}, None, id="limit"),
        pytest.param({"include": ["^/blog/", "^/$"]}, ["/", "/blog/1", "/blog/2"], id="include"),
        pytest.param({"exclude": ["/blog/"]}, ["/", "/shop/1"], id="exclude"),
        pytest.param({"sitemap": "only"}, ["/", "/blog/2", "/only-listed"], id="sitemap-only"),
        pytest.param(
            {"sitemap": "include"}, ["/", "/blog/1", "/blog/2", "/only-listed", "/shop/1"], id="sitemap"
        ),
    ],
)
def test_crawl_keeps_to_its_options(
    client: Client, pages: Site, options: dict[str, Any], expected: list[str] | None
) -> None:
    listed = "".join(f"<url><loc>{pages.url}{path}</loc></url>" for path in ("/blog/2", "/only-listed"))
    pages.extra = {
        "/": page("home", "/blog/1", "/shop/1"),
        "/blog/1": page("first", "/blog/2"),
        "/blog/2": page("second"),
        "/shop/1": page("shop"),
        "/only-listed": page("listed"),
        "/sitemap.xml": text(f"<urlset>{listed}</urlset>", "application/xml"),
    }
    job_id = start(client, "/v1/crawl", url=f"{pages.url}/", **{"sitemap": "skip"} | options)
    assert wait(client, job_id)["status"] == "completed"
    found = results(client, job_id)
    assert len(found) == 2 if expected is None else paths(found, pages) == expected


def test_crawl_reads_a_page_of_several_addresses_once(client: Client, pages: Site) -> None:
    pages.extra = {
        "/": page("home", "/old", "/new", "/print", "/copy-of-new"),
        "/old": Answer(301, {"location": "/new"}, b""),
        "/new": page("new"),
        "/print": page("print", head='<link rel="canonical" href="/new">'),
        "/copy-of-new": page("new"),
    }
    job_id = start(client, "/v1/crawl", url=f"{pages.url}/", sitemap="skip")
    job = wait(client, job_id)
    assert (job["done"], job["duplicates"], job["failed"]) == (2, 3, 0)


def test_crawl_follows_no_redirect_out_of_its_site(client: Client, pages: Site) -> None:
    with running_site({}) as other:
        other.extra = {"/": page("other")}
        pages.extra = {"/": page("home", "/away"), "/away": Answer(302, {"location": f"{other.url}/"}, b"")}
        job_id = start(client, "/v1/crawl", url=f"{pages.url}/", sitemap="skip")
        # the other site is on a port that this gateway may not fetch from
        assert wait(client, job_id)["per_error"] in ({"url_refused": 1}, {"out_of_scope": 1})


def test_crawl_obeys_robots_unless_told_otherwise(client: Client, pages: Site) -> None:
    pages.extra = {
        "/robots.txt": text("User-agent: *\nDisallow: /private/\n"),
        "/": page("home", "/private/x"),
        "/private/x": page("private"),
    }
    first = start(client, "/v1/crawl", url=f"{pages.url}/", sitemap="skip")
    assert wait(client, first)["per_error"] == {"robots_denied": 1}
    assert pages.hits["/private/x"] == 0
    second = start(client, "/v1/crawl", url=f"{pages.url}/", sitemap="skip", robots=False)
    assert wait(client, second)["done"] == 2


def test_page_that_robots_txt_denies_takes_none_of_the_limit(client: Client, pages: Site) -> None:
    pages.extra = {
        "/robots.txt": text("User-agent: *\nDisallow: /private/\n"),
        "/": page("home", *(f"/private/{n}" for n in range(5)), "/last"),
        "/last": page("last"),
    }
    job = wait(client, start(client, "/v1/crawl", url=f"{pages.url}/", sitemap="skip", limit=2))
    assert (job["done"], job["failed"], job["per_error"]) == (2, 5, {"robots_denied": 5})


def test_crawl_keeps_the_delay_between_pages(client: Client, pages: Site) -> None:
    pages.extra = {"/": page("home", *"abcd"), **{f"/{name}": page(name) for name in "abcd"}}
    job_id = start(
        client, "/v1/crawl", url=f"{pages.url}/", sitemap="skip", delay_s=0.3, scrape={"store": False}
    )
    job = wait(client, job_id)
    # four gaps follow the first page
    assert job["done"] == 5 and job["finished_at"] - job["started_at"] >= 4 * 0.3 * 0.8


def test_batch_reads_every_address_once(client: Client, pages: Site) -> None:
    pages.extra = {"/a": page("a"), "/b": page("b"), "/down": Answer(500, {}, b"")}
    urls = [f"{pages.url}{path}" for path in ("/a", "/b", "/a", "/down")]
    job_id = start(client, "/v1/batch", urls=urls, scrape={"format": "text"})
    job = wait(client, job_id)
    assert (job["total"], job["done"], job["failed"]) == (3, 2, 1)
    found = results(client, job_id)
    assert paths(found, pages) == ["/a", "/b", "/down"]
    assert all(not each["page"]["content"].startswith("#") for each in found if each["status"] == "done")


def test_batch_extracts_from_every_page(client: Client, pages: Site) -> None:
    pages.extra = {"/a": page("a"), "/b": page("b")}
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "price": {"type": "number"}}}
    job_id = start(
        client,
        "/v1/batch",
        urls=[f"{pages.url}/a", f"{pages.url}/b"],
        extract={"prompt": "price", "schema": schema},
    )
    assert wait(client, job_id)["done"] == 2
    for each in results(client, job_id):
        assert each["data"] == {"name": "Acme Widget", "price": 1299} and each["usage"] and each["evidence"]


def test_page_that_is_not_kept_is_extracted_from_as_it_was_read(client: Client, pages: Site) -> None:
    data = '<script type="application/ld+json">{"@type": "Product", "name": "Lamp"}</script>'
    pages.extra = {"/lamp": page("Lamp", head=data)}
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    scrape = {"store": False, "max_age_s": 0}
    job_id = start(client, "/v1/batch", urls=[f"{pages.url}/lamp"], extract={"schema": schema}, scrape=scrape)
    [result] = results(client, job_id)
    assert result["data"] == {"name": "Lamp"} and "structured" not in result["page"]
    assert pages.hits["/lamp"] == 1


def test_results_come_in_parts(client: Client, pages: Site) -> None:
    pages.extra = {f"/{n}": page(str(n)) for n in range(5)}
    job_id = start(client, "/v1/batch", urls=[f"{pages.url}/{n}" for n in range(5)])
    wait(client, job_id)
    after, seen = 0, []
    while after is not None:
        part = client.get(f"/v1/jobs/{job_id}/results", params={"after": after, "limit": 2}).json()
        seen += [each["seq"] for each in part["results"]]
        after = part["next"]
    assert seen == [1, 2, 3, 4, 5]


def test_results_are_followed_as_they_come(client: Client, pages: Site) -> None:
    pages.extra = {"/a": page("a"), "/b": page("b")}
    urls = [f"{pages.url}/a", f"{pages.url}/held/later/b"]
    job_id = start(client, "/v1/batch", urls=urls)
    accept = {"accept": "application/x-ndjson"}
    with client.stream("GET", f"/v1/jobs/{job_id}/results", headers=accept) as stream:
        lines = (line for line in stream.iter_lines() if line)
        assert json.loads(next(lines))["url"] == urls[0]
        pages.released.add("later")
        assert json.loads(next(lines))["url"] == urls[1]
        assert list(lines) == []


def test_cancelled_job_stops_within_a_second(client: Client, pages: Site) -> None:
    pages.extra = {"/a": page("a")}
    job_id = start(client, "/v1/batch", urls=[f"{pages.url}/held/never/{n}/a" for n in range(3)])
    for _ in range(200):
        if sum(pages.hits.values()):
            break
        time.sleep(0.02)
    assert client.delete(f"/v1/jobs/{job_id}").json()["status"] == "cancelled"
    assert results(client, job_id) == []
    deadline = time.monotonic() + 5
    while "winnow_job_pages_running 0.0" not in client.get("/metrics").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert client.delete(f"/v1/jobs/{job_id}").json()["status"] == "cancelled"


def test_job_is_its_owners_alone(client: Client, pages: Site, bob: dict[str, str]) -> None:
    pages.extra = {"/a": page("a")}
    job_id = start(client, "/v1/batch", urls=[f"{pages.url}/a"])
    for method, path in [("GET", ""), ("GET", "/results"), ("DELETE", "")]:
        answer = client.request(method, f"/v1/jobs/{job_id}{path}", headers=bob)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert client.get("/v1/jobs", headers=bob).json() == {"jobs": []}
    assert [job["id"] for job in client.get("/v1/jobs").json()["jobs"]] == [job_id]


def test_same_idempotency_key_is_one_job(client: Client, pages: Site, bob: dict[str, str]) -> None:
    pages.extra = {"/a": page("a")}
    body = {"urls": [f"{pages.url}/a"]}
    first, second = (
        client.post("/v1/batch", json=body, headers={"idempotency-key": "k"}).json() for _ in "12"
    )
    assert first == second
    other = client.post("/v1/batch", json=body, headers={"idempotency-key": "k"} | bob).json()
    assert other["id"] != first["id"]


def test_key_runs_only_so_many_jobs(client: Client, pages: Site) -> None:
    for _ in range(2):
        start(client, "/v1/batch", urls=[f"{pages.url}/held/never/a"])
    answer = client.post("/v1/batch", json={"urls": [f"{pages.url}/a"]})
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited") and answer.headers[
        "retry-after"
    ]


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        ("/v1/batch", {"urls": []}, "urls"),
        ("/v1/batch", {"urls": ["https://a.test", "ftp://a.test"]}, "urls"),
        ("/v1/batch", {"urls": ["https://a.test"] * 101}, "urls"),
        ("/v1/batch", {"urls": ["https://a.test"], "extract": {}}, "extract"),
        ("/v1/batch", {"urls": ["https://a.test"], "extract": {"schema": {"type": "nonsense"}}}, "schema"),
        ("/v1/batch", {"urls": ["https://a.test"], "extract": {"schema": {"enum": [2**70]}}}, "64"),
        ("/v1/batch", {"urls": ["https://a.test"], "webhook": {"url": "file:///x"}}, "webhook"),
        (
            "/v1/batch",
            {"urls": ["https://a.test"], "webhook": {"url": "https://a.test", "headers": {"Host": "b.test"}}},
            "webhook.headers",
        ),
        ("/v1/batch", {"urls": ["https://a.test"], "scrape": {"cursor": "x"}}, "scrape"),
        ("/v1/crawl", {"url": "https://a.test", "limit": 101}, "limit"),
        ("/v1/crawl", {"url": "https://a.test", "limit": 10**6}, "limit"),
        ("/v1/crawl", {"url": "https://a.test", "include": ["("]}, "include"),
        ("/v1/crawl", {"url": "https://a.test", "exclude": ["(?=x)"]}, "exclude"),
        ("/v1/crawl", {"url": "not an address"}, "url"),
        ("/v1/crawl", {"url": "https://a.test", "depth": 3}, "depth"),
        ("/v1/map", {"url": "https://user@a.test"}, "url"),
    ],
)
def test_job_that_cannot_be_is_refused(client: Client, route: str, body: dict[str, Any], field: str) -> None:
    answer = client.post(route, json=body)
    assert answer.status_code == 400 and field in answer.json()["detail"]


def test_results_want_a_number(client: Client, pages: Site) -> None:
    pages.extra = {"/a": page("a")}
    job_id = start(client, "/v1/batch", urls=[f"{pages.url}/a"])
    for query in ("after=-1", "limit=0", "limit=1001", "after=x", "after=" + "9" * 30):
        assert client.get(f"/v1/jobs/{job_id}/results?{query}").status_code == 400


def test_map_lists_what_sitemaps_and_links_name(client: Client, pages: Site) -> None:
    index = f"<sitemapindex><sitemap><loc>{pages.url}/s1.xml</loc></sitemap></sitemapindex>"
    entry = f"<url><loc>{pages.url}/listed</loc><lastmod>2024-05-01</lastmod></url>"
    foreign = "<url><loc>https://elsewhere.test/x</loc></url>"
    pages.extra = {
        "/robots.txt": text(f"Sitemap: {pages.url}/index.xml\nUser-agent: *\nAllow: /\n"),
        "/index.xml": text(index, "application/xml"),
        "/s1.xml": text(f"<urlset>{entry}{foreign}</urlset>", "application/xml"),
        "/llms.txt": text(f"# Docs\n- [Guide]({pages.url}/guide.md): all of it\n"),
        "/": page("home", "/linked"),
    }
    answer = client.post("/v1/map", json={"url": f"{pages.url}/"}).json()
    assert answer["links"] == [
        {"url": f"{pages.url}/listed", "lastmod": "2024-05-01"},
        {"url": f"{pages.url}/guide.md"},
        {"url": f"{pages.url}/linked", "title": "to /linked"},
    ]
    searched = client.post("/v1/map", json={"url": f"{pages.url}/", "search": "LINKED to"}).json()
    assert [link["url"] for link in searched["links"]] == [f"{pages.url}/linked"]
    assert len(client.post("/v1/map", json={"url": f"{pages.url}/", "limit": 1}).json()["links"]) == 1


def test_map_of_sitemaps_that_name_each_other_ends(client: Client, pages: Site) -> None:
    ring = f"<sitemapindex><sitemap><loc>{pages.url}/sitemap.xml</loc></sitemap></sitemapindex>"
    pages.extra = {"/sitemap.xml": text(ring, "application/xml"), "/": page("home", "/a")}
    answer = client.post("/v1/map", json={"url": f"{pages.url}/"})
    assert [link["url"] for link in answer.json()["links"]] == [f"{pages.url}/a"]
    assert pages.hits["/sitemap.xml"] == 1


def test_map_that_takes_too_long_returns_what_it_has(client: Client, pages: Site) -> None:
    pages.extra = {
        "/robots.txt": text(f"Sitemap: {pages.url}/quick.xml\nSitemap: {pages.url}/held/never/slow.xml\n"),
        "/quick.xml": text(f"<urlset><url><loc>{pages.url}/a</loc></url></urlset>", "application/xml"),
    }
    answer = client.post("/v1/map", json={"url": f"{pages.url}/", "timeout_s": 4}).json()
    assert [link["url"] for link in answer["links"]] == [f"{pages.url}/a"]
    assert [notice["code"] for notice in answer["warnings"]] == ["map_incomplete"]


def test_map_of_a_site_that_does_not_answer_is_an_error(client: Client) -> None:
    answer = client.post("/v1/map", json={"url": "http://127.0.0.1:1/"})
    assert answer.status_code == 400 and answer.json()["code"] == "url_refused"


def heard(site: Site, count: int) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """What was posted to the site, once there are so many."""
    for _ in range(400):
        posted = [
            (asked.headers, json.loads(asked.body)) for asked in list(site.requests) if asked.method == "POST"
        ]
        if len(posted) >= count:
            return posted
        time.sleep(0.05)
    raise AssertionError(f"only {len(posted)} events came")


@pytest.fixture
def quick_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.jobs.webhooks.BACKOFF_S", (0.1, 0.1, 0.1))


def test_webhook_gets_signed_events(client: Client, pages: Site) -> None:
    pages.extra = {"/a": page("a"), "/hook": text("")}
    mine = {"headers": {"Authorization": "Bearer mine", "User-Agent": "ours"}, "metadata": {"run": 7}}
    webhook = {"url": f"{pages.url}/hook"} | mine
    job_id = start(client, "/v1/batch", urls=[f"{pages.url}/a"], webhook=webhook)
    posted = heard(pages, 3)
    assert sorted(body["type"] for _, body in posted) == ["completed", "page", "started"]
    for headers, body in posted:
        assert (body["job"], body["metadata"]) == (job_id, {"run": 7})
        assert (headers["authorization"], headers["user-agent"]) == ("Bearer mine", "ours")
        raw = next(
            asked.body for asked in pages.requests if asked.headers.get("webhook-id") == headers["webhook-id"]
        )
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
        digest = base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    by_type = {body["type"]: body["data"] for _, body in posted}
    assert by_type["page"]["page"]["title"] == "a" and by_type["completed"]["done"] == 1


@pytest.mark.usefixtures("quick_webhooks")
def test_webhook_is_tried_again(client: Client, pages: Site) -> None:
    pages.extra = {"/a": page("a"), "/hook": Answer(500, {}, b"")}
    webhook = {"url": f"{pages.url}/hook", "events": ["completed"]}
    start(client, "/v1/batch", urls=[f"{pages.url}/a"], webhook=webhook)
    heard(pages, 1)
    pages.extra["/hook"] = text("")
    posted = heard(pages, 2)
    assert len({headers["webhook-id"] for headers, _ in posted}) == 1


def failures(client: Client) -> float:
    lines = client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith("winnow_webhook_failures_total ")).split()[1])


@pytest.mark.usefixtures("quick_webhooks")
@pytest.mark.parametrize("hook", ["http://10.0.0.1/hook", "http://127.0.0.1:1/hook"])
def test_webhook_to_a_private_address_is_never_sent(client: Client, pages: Site, hook: str) -> None:
    pages.extra = {"/a": page("a")}
    before = failures(client)
    job_id = start(
        client, "/v1/batch", urls=[f"{pages.url}/a"], webhook={"url": hook, "events": ["completed"]}
    )
    assert wait(client, job_id)["status"] == "completed"
    deadline = time.monotonic() + 10
    while failures(client) < before + 4:
        assert time.monotonic() < deadline, "it is tried four times and given up"
        time.sleep(0.05)


def test_job_reads_no_more_once_the_budget_of_its_key_is_used_up(gateway: str, pages: Site) -> None:
    pages.extra = {"/": page("home", "/a", "/b"), "/a": page("a"), "/b": page("b")}
    with httpx2.Client(base_url=gateway, headers={"x-api-key": "small-secret"}, timeout=30) as client:
        job_id = start(client, "/v1/crawl", url=f"{pages.url}/held/budget/", sitemap="skip")
        accept = {"accept": "application/x-ndjson"}
        with client.stream("GET", f"/v1/jobs/{job_id}/results", headers=accept) as stream:
            pages.released.add("budget")
            found = [json.loads(line) for line in stream.iter_lines() if line]
    assert [each.get("error", {}).get("code") for each in found] == [None, "rate_limited", "rate_limited"]
    assert pages.hits["/a"] == pages.hits["/b"] == 0


def test_key_without_the_scope_does_not_extract(gateway: str, pages: Site) -> None:
    body = {"urls": [f"{pages.url}/a"]}
    with httpx2.Client(base_url=gateway, headers={"x-api-key": "reader-secret"}) as client:
        assert client.post("/v1/batch", json=body).status_code == 202
        assert client.post("/v1/batch", json=body | {"extract": {"prompt": "?"}}).status_code == 403
