"""Bodies that a worker decodes, over real sockets: they say what short ones say, and hurt nobody."""

import json
from typing import Any

import httpx2
import pytest

from gateway.api.bodies import LONG_BYTES
from gateway.core.http.json_body import MAX_VALUES


def problem_of(answer: httpx2.Response) -> dict[str, Any]:
    document = answer.json()
    error = document.get("error", document)
    return {
        "status": answer.status_code,
        "code": error["code"],
        "said": error.get("message", error.get("detail")),
        "field": error.get("param", document.get("extra", {}).get("field")),
    }


@pytest.mark.parametrize(
    ("route", "short", "padding"),
    [
        pytest.param("/v1/scrape", {"format": "xml"}, {"html": "x" * LONG_BYTES}, id="choice"),
        pytest.param("/v1/scrape", {"scpe": 1}, {"html": "x" * LONG_BYTES}, id="name"),
        pytest.param("/v1/scrape", {"headers": {"a": 1}}, {"html": "x" * LONG_BYTES}, id="header"),
        pytest.param(
            "/v1/scrape",
            {"headers": {f"x-{number}": "" for number in range(101)}},
            {"html": "x" * LONG_BYTES},
            id="many-headers",
        ),
        pytest.param(
            "/v1/extract", {"scrape": {"include": ["links"] * 21}}, {"html": "x" * LONG_BYTES}, id="include"
        ),
        pytest.param("/v1/tokens", {"messages": [{"role": 1}]}, {"text": "x" * LONG_BYTES}, id="role"),
        pytest.param(
            "/v1/chat/completions", {"seed": "x", "messages": [{}]}, {"user": "x" * LONG_BYTES}, id="seed"
        ),
        pytest.param(
            "/v1/chat/completions", {"base_url": "x", "messages": [{}]}, {"user": "x" * LONG_BYTES}, id="url"
        ),
    ],
)
def test_faults_of_long_bodies_are_told_as_those_of_short_ones(
    gateway_url: str, route: str, short: dict[str, Any], padding: dict[str, Any]
) -> None:
    log_fields, same = (
        problem_of(httpx2.post(gateway_url + route, json=body, timeout=30))
        for body in (short, padding | short)
    )
    assert (log_fields["status"], log_fields["code"]) == (400, "invalid_request")
    assert same == log_fields


@pytest.mark.parametrize(
    ("end", "said"),
    [
        pytest.param('"', "not valid JSON", id="cut"),
        pytest.param('", "a": ' + "[" * 50_000, "nested too deeply", id="deep"),
        pytest.param('", "a": 123456789012345678901234567890}', "more than 64 bits", id="number"),
        pytest.param('", "a": [' + "[]," * MAX_VALUES + "[]]}", f"more than {MAX_VALUES} values", id="many"),
        pytest.param(
            '", "a": {' + '"b":[],' * MAX_VALUES + '"c":1}}', f"more than {MAX_VALUES} values", id="names"
        ),
    ],
)
@pytest.mark.parametrize("route", ["/v1/scrape", "/v1/chat/completions", "/v1/tokens", "/v1/extract"])
def test_long_bodies_that_are_no_request_are_refused(
    gateway_url: str, route: str, end: str, said: str
) -> None:
    body = '{"html": "' + "x" * LONG_BYTES + end
    log_fields = problem_of(httpx2.post(gateway_url + route, content=body.encode(), timeout=30))
    assert (log_fields["status"], log_fields["code"]) == (400, "invalid_request")
    assert said in log_fields["said"]


def test_long_bodies_are_worked_on(model_gateway_url: str) -> None:
    words = "Some words — 北京. " * 20_000
    page = {"html": f"<p>{words}</p>", "scope": "page", "format": "text"}
    assert (
        httpx2.post(f"{model_gateway_url}/v1/scrape", json=page, timeout=30).json()["content"]
        == words.strip()
    )
    counted = httpx2.post(f"{model_gateway_url}/v1/tokens", json={"text": words}, timeout=30)
    assert counted.json()["tokens"] > 20_000
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 2_000_000}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "Where?"}, image]}]
    answer = httpx2.post(f"{model_gateway_url}/v1/chat/completions", json={"messages": messages}, timeout=30)
    assert answer.json()["choices"][0]["message"]["content"] == "In Leeds — 北京."


def test_header_names_are_bounded(gateway_url: str) -> None:
    headers = {f"x-{number}": "" for number in range(101)}
    refused = problem_of(
        httpx2.post(f"{gateway_url}/v1/scrape", json={"url": "http://a.test", "headers": headers})
    )
    assert (refused["status"], refused["field"]) == (400, "headers")
    body = json.dumps({"url": "http://a.test", "headers": {f"x-{number}": "" for number in range(60_000)}})
    refused = problem_of(httpx2.post(f"{gateway_url}/v1/scrape", content=body.encode(), timeout=30))
    assert refused["status"] == 400 and f"more than {MAX_VALUES}" in refused["said"]
