"""Firecrawl's own Python client against the real service."""

import warnings
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from fixtures.site import Site
from gateway.api.firecrawl import jobs as job_routes
from tests.leaks import wait_until

with warnings.catch_warnings():
    # of pydantic, about names of fields
    warnings.simplefilter("ignore")
    from firecrawl import Firecrawl
    from firecrawl.v1.client import V1FirecrawlApp
    from firecrawl.v2.types import PaginationConfig, ScrapeOptions
    from firecrawl.v2.utils import error_handler as faults


@pytest.fixture
def client(url: str) -> Firecrawl:
    return Firecrawl(api_key="ann-secret", api_url=url)


def test_scrape_gives_every_form(client: Firecrawl, pages: Site) -> None:
    document = client.scrape(f"{pages.url}/one", formats=["markdown", "html", "rawHtml", "links", "images"])
    assert document.markdown.startswith("# one\n") and "nav" not in document.markdown
    assert f"![a picture]({pages.url}/a.png)" in document.markdown
    assert "<h1>one</h1>" in document.html and document.raw_html == pages.extra["/one"].body.decode()
    assert document.images == [f"{pages.url}/a.png"] and document.links == []
    known = document.metadata
    assert (known.title, known.language, known.status_code) == ("one", "en", 200)
    assert known.source_url == known.url == f"{pages.url}/one" and known.cache_state == "miss"
    again = client.scrape(f"{pages.url}/one")
    assert again.html is None and again.markdown == document.markdown and again.warning is None
    assert again.metadata.cache_state == "hit" and again.metadata.cached_at
    # answered without its handler, under an id of its own
    third, fourth = (client.scrape(f"{pages.url}/one") for _ in range(2))
    assert third.metadata.scrape_id != fourth.metadata.scrape_id
    assert third.model_copy(update={"metadata": None}) == again.model_copy(update={"metadata": None})


class Product(BaseModel):
    name: str
    sku: str


def test_scrape_answers_questions(client: Firecrawl, pages: Site) -> None:
    # the page's own data, no model
    document = client.scrape(f"{pages.url}/product", formats=[{"type": "json", "schema": Product}])
    assert document.json == {"name": "Anvil", "sku": "A-7"} and document.markdown is None
    schema = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}
    asked: dict[str, Any] = {"type": "json", "prompt": "The price?", "schema": schema}
    document = client.scrape(f"{pages.url}/two", formats=["markdown", "summary", asked], max_age=0)
    assert document.json == {"name": "Acme Widget", "price": 1299} and document.summary == "In Leeds — 北京."


def test_scrape_tells_what_changed(client: Firecrawl, pages: Site) -> None:
    pages.extra["/news"] = pages.extra["/two"]
    formats = ["markdown", {"type": "changeTracking", "modes": ["git-diff"]}]
    first = client.scrape(f"{pages.url}/news", formats=formats).change_tracking
    assert first == {"previousScrapeAt": None, "changeStatus": "new", "visibility": "visible", "diff": None}
    body = pages.extra["/news"].body.replace(
        b"</article>", b"<p>This paragraph is a new one, of some words.</p></article>"
    )
    pages.extra["/news"] = pages.extra["/news"]._replace(body=body)
    second = client.scrape(f"{pages.url}/news", formats=formats).change_tracking
    assert second["changeStatus"] == "changed" and second["previousScrapeAt"]
    assert second["diff"]["text"] == "+This paragraph is a new one, of some words."


def test_batch_waits_for_its_pages(client: Firecrawl, pages: Site) -> None:
    urls = [f"{pages.url}/{name}" for name in ("one", "two", "missing")]
    job = client.batch_scrape([*urls, "http://10..1/"], formats=["html"], poll_interval=0.1)
    assert (job.status, job.completed, job.total) == ("completed", 2, 3)
    assert sorted(each.metadata.title for each in job.data) == ["one", "two"]
    assert all(each.html and each.markdown is None for each in job.data)


def test_batch_names_what_is_no_address(client: Firecrawl, pages: Site) -> None:
    started = client.start_batch_scrape([f"{pages.url}/one", "http://10..1/"], idempotency_key="k1")
    assert started.invalid_urls == ["http://10..1/"]
    assert client.start_batch_scrape([f"{pages.url}/two"], idempotency_key="k1").id == started.id


def test_crawl_is_read_page_by_page(
    client: Firecrawl, pages: Site, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_routes, "PAGES_AT_ONCE", 2)
    job = client.crawl(f"{pages.url}/", limit=10, sitemap="skip", poll_interval=0.1)
    assert (job.status, job.completed, job.total) == ("completed", 5, 6)
    assert sorted(each.metadata.title for each in job.data) == ["docs/in", "home", "nav", "one", "two"]
    page = client.get_crawl_status(job.id, pagination_config=PaginationConfig(auto_paginate=False))
    assert len(page.data) == 2 and page.next.startswith(f"{url}/v2/crawl/{job.id}?skip=2")
    seen = client.get_crawl_status_page(page.next)
    assert 1 <= len(seen.data) <= 2 and page.expires_at is not None
    failures = client.get_crawl_errors(job.id)
    (failure,) = failures.errors
    assert failure.url == f"{pages.url}/missing" and failures.robots_blocked == []
    assert client.cancel_crawl(job.id) is False


def test_crawl_stays_below_its_start(client: Firecrawl, pages: Site) -> None:
    job = client.crawl(f"{pages.url}/docs/", sitemap="skip", poll_interval=0.1)
    assert sorted(each.metadata.title for each in job.data) == ["docs", "docs/in"]
    options = ScrapeOptions(formats=["links"], only_main_content=False)
    whole = client.crawl(
        f"{pages.url}/docs/",
        sitemap="skip",
        poll_interval=0.1,
        crawl_entire_domain=True,
        scrape_options=options,
    )
    assert len(whole.data) == 4 and f"{pages.url}/nav" in whole.data[0].links


def test_cancelled_job_keeps_what_it_has(client: Firecrawl, pages: Site) -> None:
    started = client.start_batch_scrape([f"{pages.url}/held/never/{name}" for name in "abc"])
    assert client.get_batch_scrape_status(started.id).status == "scraping"
    assert client.cancel_batch_scrape(started.id) is True
    assert client.get_batch_scrape_status(started.id).status == "cancelled"


@pytest.mark.parametrize("kind", ["crawl", "batch"])
def test_watcher_is_told_over_http_where_it_finds_no_web_socket(
    client: Firecrawl, pages: Site, kind: str
) -> None:
    if kind == "crawl":
        started = client.start_crawl(f"{pages.url}/docs/", sitemap="skip")
    else:
        started = client.start_batch_scrape([f"{pages.url}/one"])
    ended: list[dict[str, Any]] = []
    watcher = client.watcher(started.id, kind=kind, poll_interval=1, timeout=30)
    watcher.add_event_listener("done", ended.append)
    watcher.start()
    wait_until(lambda: ended)
    assert (ended[0]["id"], ended[0]["status"]) == (started.id, "completed")


def test_map_lists_addresses(client: Firecrawl, pages: Site) -> None:
    links = client.map(f"{pages.url}/", sitemap="skip").links
    assert {link.url: link.title for link in links}[f"{pages.url}/one"] == "at /one"
    assert [link.url for link in client.map(f"{pages.url}/", search="two").links] == [f"{pages.url}/two"]


def test_search_finds_and_reads(client: Firecrawl, pages: Site) -> None:
    found = client.search("go", limit=5).web
    assert [(each.title, each.description) for each in found] == [("one", "words"), ("missing", "words")]
    read = client.search("go", scrape_options=ScrapeOptions(formats=["markdown"]))
    assert read.web[0].markdown.startswith("# one")
    limited = client.search("go", include_domains=["a.test"], sources=["web", "news"])
    assert len(limited.web) == 2 and limited.warning == "this gateway does not do: sources.news"


def test_extract_is_kept(client: Firecrawl, pages: Site) -> None:
    with pytest.warns(DeprecationWarning):
        done = client.extract([f"{pages.url}/product"], schema=Product.model_json_schema(), show_sources=True)
        assert (done.status, done.data) == ("completed", {"name": "Anvil", "sku": "A-7"})
        assert done.sources["/sku"] == [f"{pages.url}/product"]
        # no schema: any object
        asked = client.extract([f"{pages.url}/one"], prompt="The price?")
        unkept = client.extract(
            [f"{pages.url}/one"], prompt="The price?", scrape_options=ScrapeOptions(store_in_cache=False)
        )
    assert asked.data == unkept.data == {"name": "Acme Widget", "price": 1299} and unkept.id is None


@pytest.mark.parametrize(
    ("path", "kind", "options"),
    [
        pytest.param("/one", faults.BadRequestError, {"skip_tls_verification": True}, id="refused"),
        pytest.param("/one", faults.BadRequestError, {"formats": [{"type": "markdwn"}]}, id="unknown-form"),
        pytest.param("/slow/2000/one", faults.RequestTimeoutError, {"timeout": 100}, id="timeout"),
        pytest.param("/missing", faults.FirecrawlError, {}, id="origin"),
    ],
)
def test_failures_are_the_clients_own(
    client: Firecrawl, pages: Site, path: str, kind: type[Exception], options: dict[str, Any]
) -> None:
    with pytest.raises(kind):
        client.scrape(pages.url + path, **options)


def test_failures_of_keys_and_names_are_the_clients_own(client: Firecrawl, url: str, pages: Site) -> None:
    with pytest.raises(faults.UnauthorizedError):
        Firecrawl(api_key="nobody", api_url=url).scrape(pages.url)
    with pytest.raises(faults.DNSResolutionError):
        client.scrape("http://nowhere.invalid/")
    with pytest.raises(faults.WebsiteNotSupportedError, match="scope extract"):
        Firecrawl(api_key="reader-secret", api_url=url).scrape(f"{pages.url}/one", formats=["summary"])
    started = client.start_crawl(f"{pages.url}/docs/", sitemap="skip")
    bob = Firecrawl(api_key="bob-secret", api_url=url)
    for call in (
        bob.get_crawl_status,
        bob.cancel_crawl,
        bob.get_crawl_errors,
        client.get_batch_scrape_status,
    ):
        with pytest.raises(faults.FirecrawlError) as caught:
            call(started.id if call != client.get_batch_scrape_status else "no-such-job")
        assert caught.value.status_code == 404
    with pytest.warns(DeprecationWarning), pytest.raises(faults.FirecrawlError) as caught:
        client.get_extract_status("none")
    assert caught.value.status_code == 404


def test_account_is_told_of(client: Firecrawl, url: str, pages: Site) -> None:
    usage = client.get_credit_usage()
    assert usage.remaining_credits == usage.plan_credits > 1_000_000
    assert client.get_token_usage().remaining_tokens > 1_000_000
    started = client.start_batch_scrape([f"{pages.url}/held/account/{name}" for name in "abc"])
    queue = client.get_queue_status()
    assert queue.jobs_in_queue == queue.active_jobs_in_queue + queue.waiting_jobs_in_queue >= 3
    check = client.get_concurrency()
    # of all jobs of this key, some of which other tests left running
    assert check.max_concurrency >= 1 and check.concurrency >= 0
    client.cancel_batch_scrape(started.id)
    # as n8n asks whether a key is good
    answers = [
        httpx2.get(f"{url}{prefix}/team/credit-usage", headers={"Authorization": f"Bearer {key}-secret"})
        for prefix in ("/v2", "/firecrawl/v1")
        for key in ("ann", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 200, 401]


UNSERVED: dict[str, Callable[[Firecrawl], object]] = {
    "agent": lambda client: client.agent(prompt="x"),
    "active-crawls": lambda client: client.get_active_crawls(),
    "browser": lambda client: client.browser(),
    "browsers": lambda client: client.list_browsers(),
    "crawl-params": lambda client: client.crawl_params_preview("https://a.test", "x"),
    "developer-search": lambda client: client.developer_search("x"),
    "find-tools": lambda client: client.find_tools(),
    "interact": lambda client: client.interact("id", prompt="x"),
    "monitors": lambda client: client.list_monitors(),
    "papers": lambda client: client.search_papers("x"),
    "parse": lambda client: client.parse(b"<p>x", filename="a.html"),
    "stop": lambda client: client.stop_interaction("id"),
}


@pytest.mark.parametrize("call", UNSERVED.values(), ids=UNSERVED)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_not_served_is_the_clients_own_error(
    client: Firecrawl, call: Callable[[Firecrawl], object]
) -> None:
    with pytest.raises(faults.FirecrawlError) as caught:
        call(client)
    assert caught.value.status_code in (400, 404, 405)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("agent", "POST /v2/extract"),
        ("active-crawls", "GET /v1/jobs"),
        ("browsers", "`actions`"),
        ("crawl-params", "`includePaths`"),
        ("monitors", "`changeTracking`"),
        ("parse", "by POST /v2/scrape"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_not_served_says_what_is_in_its_place(client: Firecrawl, name: str, told: str) -> None:
    with pytest.raises(faults.FirecrawlError) as caught:
        UNSERVED[name](client)
    assert told in str(caught.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_v1_client_is_served_below_its_prefix(url: str, pages: Site) -> None:
    client = V1FirecrawlApp(api_key="ann-secret", api_url=f"{url}/firecrawl")
    document = client.scrape_url(f"{pages.url}/one", formats=["markdown", "links"])
    assert document.markdown.startswith("# one") and document.metadata["sourceURL"] == f"{pages.url}/one"
    links = client.map_url(f"{pages.url}/", ignore_sitemap=True).links
    assert f"{pages.url}/one" in links
    job = client.crawl_url(f"{pages.url}/docs/", ignore_sitemap=True, limit=5, poll_interval=0.1)
    assert job.status == "completed" and len(job.data) == 2
    assert client.search("go").data[0]["url"] == f"{pages.url}/one"
    schema = {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
    data = client.extract([f"{pages.url}/product"], schema=schema).data
    assert data == {"sku": "A-7"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_v1_client_at_another_base_url_is_told_the_right_one(url: str, pages: Site) -> None:
    client = V1FirecrawlApp(api_key="ann-secret", api_url=url)
    calls: list[Callable[[], object]] = [
        lambda: client.scrape_url(f"{pages.url}/one"),
        lambda: client.crawl_url(f"{pages.url}/", limit=2),
        lambda: client.map_url(pages.url),
        lambda: client.batch_scrape_urls([f"{pages.url}/one"]),
    ]
    for call in calls:
        with pytest.raises(Exception, match="the base URL that ends in /firecrawl"):
            call()
