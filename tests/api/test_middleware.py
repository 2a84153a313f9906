"""Keys, scopes, rates, overload and departures, over real sockets."""

import base64
import concurrent.futures
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fixtures.site import Answer, Site
from gateway.auth.keys import Key, KeyFile, hash_secret
from tests.leaks import wait_until
from tests.service import leave_once, running_gateway
from tests.telemetry.test_metrics import read_metrics

HTML = {"html": "<p>Some words to count.</p>", "scope": "page"}
KEYS = [
    Key(name="all", sha256=hash_secret("open-sesame")),
    Key(name="reader", sha256=hash_secret("reader"), scopes=("scrape",)),
    Key(name="slow", sha256=hash_secret("slow"), requests_per_minute=2),
    Key(name="counted", sha256=hash_secret("counted"), scopes=("scrape",), requests_per_minute=9),
    Key(name="poor", sha256=hash_secret("poor"), tokens_per_month=3),
]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    folder = tmp_path_factory.mktemp("guarded")
    with (
        running_gateway(folder, keys=KEYS, keys_file=str(folder / "keys.json")) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):
        yield client


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(bearer("open-sesame"), id="bearer"),
        pytest.param({"x-api-key": "open-sesame"}, id="x-api-key"),
        pytest.param(
            {"authorization": "Basic " + base64.b64encode(b"any:open-sesame").decode()},
            id="basic-for-browsers",
        ),
    ],
)
def test_key_is_accepted_in_every_form(guarded: httpx2.Client, headers: dict[str, str]) -> None:
    assert guarded.post("/v1/scrape", json=HTML, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/v1/models", "/r/https://example.com", "/", "/docs"])
@pytest.mark.parametrize(
    "headers",
    [{}, bearer("wrong"), {"authorization": "Basic !"}, {"authorization": b"Basic \xff"}],
    ids=["none", "wrong", "broken", "no-ascii"],
)
def test_everything_but_the_probes_needs_a_key(
    guarded: httpx2.Client, path: str, headers: dict[str, Any]
) -> None:
    response = guarded.get(path, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="winnow"'
    assert "wrong" not in response.text


def test_counting_by_a_model_needs_the_scope_of_models(guarded: httpx2.Client) -> None:
    asked = {"text": "Some words", "tokenizer": "local"}
    refused = guarded.post("/v1/tokens", json=asked, headers=bearer("reader"))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "scope chat" in refused.json()["detail"]
    # no model is served here
    assert guarded.post("/v1/tokens", json=asked, headers=bearer("open-sesame")).status_code == 400
    plain = guarded.post("/v1/tokens", json={"text": "Some words"}, headers=bearer("reader"))
    assert plain.status_code == 200


def test_probes_need_no_key(guarded: httpx2.Client) -> None:
    assert guarded.get("/health/live").status_code == guarded.get("/health/ready").status_code == 200


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_probes_answer_head(guarded: httpx2.Client, path: str) -> None:
    answer = guarded.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_scope_is_enforced_and_named(guarded: httpx2.Client) -> None:
    assert guarded.post("/v1/scrape", json=HTML, headers=bearer("reader")).status_code == 200
    question = {"content": "words", "prompt": "What?"}
    response = guarded.post("/v1/extract", json=question, headers=bearer("reader"))
    assert response.status_code == 403 and "extract" in response.json()["detail"]
    for path in ("/v1/models", "/v1/models/any"):
        assert guarded.get(path, headers=bearer("reader")).status_code == 403


def test_rate_is_told_and_enforced(guarded: httpx2.Client) -> None:
    first = guarded.post("/v1/scrape", json=HTML, headers=bearer("slow"))
    assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("2", "1")
    guarded.post("/v1/scrape", json=HTML, headers=bearer("slow"))
    third = guarded.post("/v1/scrape", json=HTML, headers=bearer("slow"))
    assert third.status_code == 429 and third.json()["code"] == "rate_limited"
    assert 1 <= int(third.headers["retry-after"]) <= 30
    assert (third.headers["x-ratelimit-limit"], third.headers["x-ratelimit-remaining"]) == ("2", "0")
    assert int(third.headers["x-ratelimit-reset"]) > 30


def test_rate_is_told_with_a_refusal_too(guarded: httpx2.Client) -> None:
    refused = guarded.get("/v1/models", headers=bearer("counted"))
    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (403, "8")


def queued(client: httpx2.Client, headers: dict[str, str] | None = None) -> float:
    """Requests that wait for a place."""
    return read_metrics(client.get("/metrics", headers=headers).text)[("winnow_queued", frozenset())]


def test_concurrency_counts_what_waits_for_a_place(site: Site, tmp_path: Path) -> None:
    keys = [
        Key(name="many", sha256=hash_secret("many")),
        Key(name="one", sha256=hash_secret("one"), concurrency=1, requests_per_minute=9),
    ]
    target = site.target
    with (
        running_gateway(tmp_path, allow_targets=[target], keys=keys, max_concurrency=2) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
        concurrent.futures.ThreadPoolExecutor(4) as pool,
    ):
        paths = [f"/held/{tmp_path.name}/missing?{number}" for number in range(2)]
        slow = [{"url": site.url + path} for path in paths]
        running = [pool.submit(client.post, "/v1/scrape", json=body, headers=bearer("many")) for body in slow]
        wait_until(lambda: all(site.hits[path] for path in paths))
        waiting = pool.submit(client.post, "/v1/scrape", json=HTML, headers=bearer("one"))
        wait_until(lambda: queued(client, headers=bearer("many")) == 1)
        refused = client.post("/v1/scrape", json=HTML, headers=bearer("one"))
        assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (429, "7")
        for path in ("/", "/metrics"):  # which take no place
            assert client.get(path, headers=bearer("one")).status_code == 200
        site.released.add(tmp_path.name)
        assert waiting.result().status_code == 200
        assert [answer.result().status_code for answer in running] == [200, 200]


def test_monthly_tokens_are_enforced(guarded: httpx2.Client) -> None:
    assert guarded.post("/v1/scrape", json=HTML, headers=bearer("poor")).status_code == 200
    refused = guarded.post("/v1/scrape", json=HTML, headers=bearer("poor"))
    assert refused.status_code == 429 and "3 tokens" in refused.json()["detail"]


def test_managed_key_is_revoked_without_a_restart(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.add(Key(name="temporary", sha256=hash_secret("temporary")))
    with (
        running_gateway(tmp_path / "cache", keys_file=str(file.path)) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):
        assert client.get("/v1/models", headers=bearer("temporary")).status_code != 401
        file.add(Key(name="other", sha256=hash_secret("other")))
        file.revoke("temporary")
        wait_until(lambda: client.get("/v1/models", headers=bearer("temporary")).status_code == 401)


def test_overload_is_refused_at_once_and_health_goes_on(site: Site, tmp_path: Path) -> None:
    target = site.target
    with (
        running_gateway(tmp_path, allow_targets=[target], max_concurrency=1, queue_limit=1) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):

        def scrape(number: int) -> httpx2.Response:
            return client.post(
                "/v1/scrape", json={"url": f"{site.url}/held/{tmp_path.name}/missing?{number}"}
            )

        answers = [pool.submit(scrape, number) for number in range(6)]
        wait_until(lambda: sum(answer.done() for answer in answers) == 4)
        assert client.get("/health/live").status_code == 200
        site.released.add(tmp_path.name)
        statuses = sorted(answer.result().status_code for answer in answers)
        assert statuses == [200, 200, 503, 503, 503, 503]
        refused = next(a.result() for a in answers if a.result().status_code == 503)
        assert refused.json()["code"] == "overloaded" and refused.headers["retry-after"]
        assert client.post("/v1/scrape", json=HTML).status_code == 200


def test_departure_frees_the_place_in_the_queue(site: Site, tmp_path: Path) -> None:
    target = site.target
    with (
        running_gateway(tmp_path, allow_targets=[target], max_concurrency=1, queue_limit=1) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
        concurrent.futures.ThreadPoolExecutor(2) as pool,
    ):
        path = f"/held/{tmp_path.name}/missing"
        first = pool.submit(client.post, "/v1/scrape", json={"url": site.url + path})
        wait_until(lambda: site.hits[path])
        leave_once(lambda: queued(client) == 1, f"{url}/v1/scrape", HTML)
        wait_until(lambda: queued(client) == 0)
        long = {"html": "<p>Some words.</p>" + "<!-- a long body -->" * 50_000, "scope": "page"}
        waiting = pool.submit(client.post, "/v1/scrape", json=long)
        wait_until(lambda: queued(client) == 1)
        site.released.add(tmp_path.name)
        assert waiting.result().json()["content"] == "Some words."
        assert first.result().status_code == 200


@pytest.mark.parametrize("relation", ["cross-site", "same-site"])
def test_pages_of_other_sites_cannot_send_work(gateway_url: str, relation: str) -> None:
    elsewhere = {"sec-fetch-site": relation, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty"}
    followed = elsewhere | {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    with httpx2.Client(base_url=gateway_url, timeout=60) as client:
        for headers in (elsewhere, followed):  # as a form is posted
            assert client.post("/v1/scrape", json=HTML, headers=headers).status_code == 403
        for path in ("/r/http://10.0.0.1/", "/", "/docs", "/metrics", "/v1/models"):
            assert client.get(path, headers=elsewhere).status_code == 403
            for frame in ("iframe", "frame", "object", "embed"):
                assert client.get(path, headers=followed | {"sec-fetch-dest": frame}).status_code == 403
            for prepared in ("prefetch", "prefetch;prerender"):
                for log_fields in (relation, "none"):
                    headers = followed | {"sec-purpose": prepared, "sec-fetch-site": log_fields}
                    assert client.get(path, headers=headers).status_code == 403
        assert client.get("/r/http://10.0.0.1/", headers=followed).json()["code"] == "url_refused"
        for path in ("/", "/docs"):
            assert client.get(path, headers=followed).status_code == 200
        for site in ("same-origin", "none"):
            assert client.post("/v1/scrape", json=HTML, headers={"sec-fetch-site": site}).status_code == 200


def test_pages_of_other_sites_are_told_by_their_origin(guarded: httpx2.Client) -> None:
    """As to an address that is neither HTTPS nor loopback, which browsers send no Fetch Metadata to."""
    key = bearer("open-sesame")
    ours = str(guarded.base_url).rstrip("/")
    for origin, status in [(ours, 200), ("http://evil.test", 403), ("null", 403)]:
        answer = guarded.post("/v1/scrape", json=HTML, headers=key | {"origin": origin})
        assert answer.status_code == status
    log_fields = key | {"origin": "https://behind.a.proxy", "sec-fetch-site": "same-origin"}
    assert guarded.post("/v1/scrape", json=HTML, headers=log_fields).status_code == 200


def test_open_service_answers_to_its_own_names_alone(tmp_path: Path) -> None:
    with running_gateway(tmp_path) as url, httpx2.Client(base_url=url, timeout=60) as client:
        foreign = {"host": "rebound.test:8000"}
        for path in ("/", "/metrics", "/r/http://10.0.0.1/"):
            refused = client.get(path, headers=foreign)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert client.post("/v1/scrape", json=HTML, headers=foreign).status_code == 403
        for host in ("localhost:8000", "127.0.0.1", "[::1]:8000", "gateway:8000"):
            assert client.post("/v1/scrape", json=HTML, headers={"host": host}).status_code == 200
        assert client.get("/health/live", headers=foreign).status_code == 200
    with running_gateway(tmp_path, allow_unauthenticated=True) as url:
        assert httpx2.post(f"{url}/v1/scrape", json=HTML, headers=foreign, timeout=60).status_code == 200


def test_departure_frees_the_place(site: Site, tmp_path: Path) -> None:
    site.extra["/quick"] = Answer(200, {"content-type": "text/html"}, b"<p>Some words.</p>")
    target = site.target
    with (
        running_gateway(tmp_path, allow_targets=[target], max_concurrency=1, queue_limit=1) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):
        path = f"/held/{tmp_path.name}/quick"
        leave_once(lambda: site.hits[path], f"{url}/v1/scrape", {"url": site.url + path})
        # the one that was given up is held for ever
        assert client.post("/v1/scrape", json={"url": f"{site.url}/quick"}).status_code == 200
