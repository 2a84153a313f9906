"""A line a request, an unhandled exception with its traceback, and no secret anywhere."""

import io
import json
from pathlib import Path

import httpx2
import pytest

from backends.specs import BackendSettings, ModelSpec
from fixtures.site import Answer, Site
from gateway.auth.keys import Key, hash_secret
from gateway.telemetry.log import make_log, redact
from tests.leaks import wait_until
from tests.service import leave_once, running_gateway

SECRET = "wnw_planted-secret-0123456789"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("GET https://user:pw@host/path?token=abc#x", "GET https://[redacted]host/path?[redacted]"),
        ("Authorization: Bearer abcdefgh", "Authorization: [redacted]"),
        (f"key {SECRET}", "key [redacted]"),
        ("password=hunter2&x=1", "[redacted]&x=1"),
        ("a plain line, 12 tokens", "a plain line, 12 tokens"),
    ],
)
def test_redact_blots_out_secrets(text: str, kept: str) -> None:
    assert redact(text) == kept


def test_requests_are_logged_without_secrets(site: Site, tmp_path: Path) -> None:
    site.extra["/hidden?api_key=planted-query"] = Answer(
        200, {"content-type": "text/html"}, b"<p>Some words.</p>"
    )
    site.extra["/gone?key=planted-error"] = Answer(404, {"content-type": "text/html"}, b"")
    target = site.target
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw)
    log = make_log(stream)
    keys = [Key(name="alice", sha256=hash_secret(SECRET))]
    with running_gateway(tmp_path, log=log, allow_targets=[target], keys=keys) as url:
        client = httpx2.Client(base_url=url, headers={"authorization": f"Bearer {SECRET}"}, timeout=60)
        with client:
            page = {
                "url": f"{site.url}/hidden?api_key=planted-query",
                "headers": {"cookie": "sid=planted-cookie"},
            }
            assert client.post("/v1/scrape", json=page).status_code == 200
            client.post("/v1/scrape", json={"url": "http://10.0.0.1/?planted-refused"})
            base = "https://planted-user:planted-password@host:8443?token=planted-base"
            client.post("/v1/scrape", json={"html": "<p>Words.</p>", "url": base})
            gone = client.post("/v1/scrape", json={"url": f"{site.url}/gone?key=planted-error"}).text
            client.get("/v1/nothing")
            metrics = client.get("/metrics").text
        httpx2.get(f"{url}/v1/models", headers={"authorization": "Bearer planted-wrong-key"}, timeout=60)
    lines = [json.loads(line) for line in raw.getvalue().splitlines()]
    first = lines[0]
    assert first["event"] == "request" and first["level"] == "info"
    assert (first["key"], first["status"], first["route"]) == ("alice", 200, "/v1/scrape")
    assert first["host"] == site.url.removeprefix("http://") and first["cache"] == "bypass"
    assert first["id"] and first["ms"] > 0 and first["tokens"] > 0
    assert first["fetch_ms"] > 0 and first["clean_ms"] > 0
    assert [line["status"] for line in lines if line["route"] == "/v1/models"] == [401]
    unknown = next(line for line in lines if line["route"] == "unknown")
    assert unknown["status"] == 404 and unknown["id"]
    assert 'winnow_request_seconds_count{route="unknown",status="404"} 1.0' in metrics
    assert [line["host"] for line in lines if "host" in line] == [
        first["host"],
        "10.0.0.1",
        "host:8443",
        first["host"],
    ]
    everything = raw.getvalue().decode() + metrics + gone
    assert "planted" not in everything and SECRET not in everything


def test_every_request_is_logged_but_a_probe(site: Site, tmp_path: Path) -> None:
    raw = io.BytesIO()
    log = make_log(io.TextIOWrapper(raw))
    asked = [
        ("GET", "/"),
        ("GET", "/docs"),
        ("GET", "/metrics"),
        ("GET", "/v1/models"),
        ("GET", f"/r/{site.url}/health/live"),
        ("POST", "/v1/scrape"),
        ("POST", "/v1/tokens"),
        ("GET", "/health"),
        ("GET", "/health/nothing"),
        ("GET", "/healthy"),
    ]
    with running_gateway(tmp_path, log=log, allow_targets=[site.target]) as url:
        for probe in ("/health/live", "/health/ready"):
            for method in ("GET", "HEAD"):
                assert httpx2.request(method, url + probe).status_code == 200
        for method, path in asked:
            httpx2.request(method, url + path)
        counted = httpx2.get(f"{url}/metrics").text
    lines = [json.loads(line) for line in raw.getvalue().splitlines()]
    told = [(line["method"], line["route"]) for line in lines if line["event"] == "request"]
    unknown = [("GET", "unknown")] * 3
    known = [(method, "/r/{target}" if path.startswith("/r/") else path) for method, path in asked[:-3]]
    assert told == [*known, *unknown, ("GET", "/metrics")]
    assert 'winnow_request_seconds_count{route="/health/live",status="200"} 2.0' in counted


def test_questions_are_logged_with_host_and_cache(site: Site, tmp_path: Path) -> None:
    target = site.target
    raw = io.BytesIO()
    log = make_log(io.TextIOWrapper(raw))
    backend = BackendSettings(name="b", kind="scripted", models=[ModelSpec(name="m")])
    page = site.url + "/pages/documentation-go-tutorial"
    message = {"role": "user", "content": "What is new?"}
    with (
        running_gateway(tmp_path, log=log, allow_targets=[target], backends=[backend]) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):
        client.post("/v1/extract", json={"urls": [page, page], "prompt": "What?", "stream": True})
        client.post("/v1/extract", json={"content": "words", "prompt": "What?"})
        client.post(
            "/v1/chat/completions", json={"messages": [message], "temperature": 0, "web": {"urls": [page]}}
        )
    lines = [json.loads(line) for line in raw.getvalue().splitlines()]
    host = site.url.removeprefix("http://")
    assert [(line["host"], line["cache"]) for line in lines] == [(host, "miss"), ("", "miss"), (host, "miss")]
    assert all(line["ttft_ms"] > 0 for line in lines) and lines[0]["fetch_ms"] > 0


def test_client_that_leaves_is_not_an_exception(site: Site, tmp_path: Path) -> None:
    target = site.target
    raw = io.BytesIO()
    log = make_log(io.TextIOWrapper(raw))
    path = f"/held/{tmp_path.name}/pages/documentation-go-tutorial"
    page = {"url": site.url + path}
    with running_gateway(tmp_path, log=log, allow_targets=[target]) as url:
        leave_once(lambda: site.hits[path] == 1, f"{url}/v1/scrape", page)
        wait_until(lambda: raw.getvalue().count(b"\n") == 1)
        leave_once(lambda: site.hits[path] == 2, f"{url}/r/{page['url']}")
        wait_until(lambda: raw.getvalue().count(b"\n") == 2)
    lines = [json.loads(line) for line in raw.getvalue().splitlines()]
    assert [(line["event"], line["status"]) for line in lines] == [("request", 499)] * 2


def test_unhandled_exception_is_logged_with_its_traceback_and_answered_without(tmp_path: Path) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw)
    log = make_log(stream)
    script = tmp_path / "script.json"
    script.write_text("{damaged")
    backend = BackendSettings(name="b", kind="scripted", path=str(script), models=[ModelSpec(name="m")])
    with running_gateway(tmp_path, log=log, backends=[backend]) as url:
        answer = httpx2.get(f"{url}/v1/models/m", timeout=60)
    assert answer.status_code == 500
    body = answer.text
    assert "array" not in body and "Traceback" not in body
    errors = [json.loads(line) for line in raw.getvalue().splitlines() if b"unhandled_exception" in line]
    assert errors and "ValidationError" in errors[0]["exception"]
