"""`POST /v1/extract` on a real socket: answers, events, errors as problems, and clients that leave."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fixtures.site import Answer, Site
from gateway.net import sse
from tests.service import running_gateway
from tests.upstream import Said, chunk, upstream

WIDGET = "<h1>Acme Widget</h1><p>The Acme Widget costs <b>$1,299.00</b> and is made in Leeds."
LD = """<script type="application/ld+json">{"@type": "Product", "name": "Acme Widget",
"offers": {"price": 1299}}</script>"""
PRODUCT = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "price": {"type": "number"}},
    "required": ["name", "price"],
}


@pytest.fixture(scope="module")
def http(model_gateway_url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=model_gateway_url, trust_env=False, timeout=20) as client:
        yield client


def ask(http: httpx2.Client, *, headers: dict[str, str] | None = None, **body: Any) -> httpx2.Response:
    return http.post("/v1/extract", json=body, headers=headers)


def events_of(response: httpx2.Response) -> list[tuple[str, Any]]:
    events = sse.EventDecoder().feed(response.content)
    return [(event.name, json.loads(event.data)) for event in events]


def test_extract_answers_as_the_contract_says(http: httpx2.Client, site: Site) -> None:
    site.extra["/widget"] = Answer(200, {"content-type": "text/html"}, WIDGET.encode())
    url = site.url + "/widget"
    response = ask(http, url=url, schema=PRODUCT, prompt="Name and price, as on the label")
    assert response.status_code == 200 and response.headers["x-cache"] == "miss"
    assert float(response.headers["x-ttft-ms"]) > 0 and response.headers["x-request-id"]
    answer = response.json()
    assert {
        "id", "model", "backend", "data", "text", "finish_reason", "evidence", "sources", "usage", "cost",
        "cache", "timings", "warnings",
    } <= answer.keys()  # fmt: skip
    assert answer["data"] == {"name": "Acme Widget", "price": 1299}
    assert answer["evidence"][1]["path"] == "/price"
    assert answer["evidence"][1]["quote"] == "$1,299.00" and answer["evidence"][1]["source"] == 0
    [source] = answer["sources"]
    assert source["url"] == url and source["tokens"]["content"] < source["tokens"]["html"]
    assert set(answer["usage"]) == {"input_tokens", "output_tokens", "cached_input_tokens"}
    assert answer["cost"]["usd"] > 0 and set(answer["timings"]["itl_ms"]) == {"p50", "p95", "max"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param({"stream": True}, {}, id="by-the-body"),
        pytest.param({}, {"accept": "text/event-stream"}, id="by-the-header"),
    ],
)
def test_extract_streams_when_asked(
    http: httpx2.Client, body: dict[str, Any], headers: dict[str, str]
) -> None:
    response = ask(http, html=WIDGET, schema=PRODUCT, prompt="price again", headers=headers, **body)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = events_of(response)
    names = [name for name, _ in events]
    assert (names[0], names[-2:]) == ("source", ["evidence", "done"]) and "delta" in names
    assert set(names[1:-2]) == {"delta"}
    said = "".join(data["text"] for name, data in events if name == "delta")
    done = events[-1][1]
    assert json.loads(said) == done["data"] == {"name": "Acme Widget", "price": 1299}
    assert "sources" not in done and done["usage"]["output_tokens"] > 0


def test_extract_streams_text_of_every_script(http: httpx2.Client) -> None:
    events = events_of(ask(http, html=WIDGET, prompt="Where is it made?", stream=True))
    assert [name for name, _ in events] == ["source", "delta", "delta", "done"]
    assert events[-1][1]["text"] == "In Leeds — 北京."


def test_extract_streams_structured_data_as_the_same_events(http: httpx2.Client) -> None:
    events = events_of(ask(http, html=LD + WIDGET, schema=PRODUCT, stream=True))
    assert [name for name, _ in events] == ["source", "delta", "evidence", "done"]
    assert events[-1][1]["backend"] == "structured" and events[-1][1]["usage"]["input_tokens"] == 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param({"prompt": "?"}, 400, "invalid_request", id="no-source"),
        pytest.param({"content": "x"}, 400, "invalid_request", id="nothing-asked"),
        pytest.param({"content": "x", "prompt": "?", "url": "https://a.test"}, 400, "invalid_request", id="two"),
        pytest.param({"content": "x", "prompt": "?", "temprature": 1}, 400, "invalid_request", id="misspelt"),
        pytest.param({"content": "x", "prompt": "?", "base_url": "http://b"}, 400, "invalid_request", id="address"),
        pytest.param({"content": "x", "prompt": "?", "temperature": 3}, 400, "invalid_request", id="range"),
        pytest.param({"content": "x", "schema": {"type": "no"}}, 400, "invalid_request", id="schema"),
        pytest.param({"content": "x", "prompt": "?", "model": "no"}, 404, "not_found", id="model"),
        pytest.param({"url": "http://127.0.0.1:1/", "prompt": "?"}, 400, "url_refused", id="page"),
        pytest.param({"content": "x", "prompt": "?", "max_input_tokens": 5}, 400, "context_overflow", id="overflow"),
        pytest.param({"content": "x", "prompt": "?", "max_input_tokens": 2**64}, 400, "invalid_request", id="beyond"),
    ],
)  # fmt: skip
def test_extract_refuses_with_a_problem_before_anything_is_sent(
    http: httpx2.Client, body: dict[str, Any], status: int, code: str, stream: bool
) -> None:
    response = ask(http, **body, **({"stream": True} if stream else {}))
    if stream and code == "context_overflow":  # the page was told of by then
        [(_, source), (name, problem)] = events_of(response)
        assert name == "error" and source["tokens"]["content"] == 1
    else:
        assert response.status_code == status
        assert response.headers["content-type"].startswith("application/problem+json")
        problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code) and problem["request_id"]


def test_extract_names_the_place_of_a_fault_in_the_schema(http: httpx2.Client) -> None:
    schema = {"type": "object", "properties": {"a": {"items": {"$ref": "https://example.com/s"}}}}
    problem = ask(http, content="x", schema=schema).json()
    assert problem["extra"]["path"] == "/properties/a/items/$ref"


def test_extract_fails_with_the_raw_text_of_an_answer_that_does_not_validate(http: httpx2.Client) -> None:
    problem = ask(http, content="x", schema=PRODUCT, prompt="answer wrongly").json()
    assert (problem["status"], problem["code"]) == (422, "schema_unsatisfied")
    assert problem["extra"]["text"] and problem["extra"]["violations"]


def test_extract_passes_a_rate_limit_on(http: httpx2.Client) -> None:
    response = ask(http, content="x", prompt="busy?")
    assert response.status_code == 429 and response.headers["retry-after"] == "7"


def test_extract_ends_a_broken_stream_with_an_error(http: httpx2.Client) -> None:
    events = events_of(ask(http, content="x", prompt="break it", stream=True))
    assert [name for name, _ in events] == ["source", "delta", "delta", "error"]
    assert events[-1][1]["code"] == "backend_interrupted"


def test_extract_sends_the_page_before_the_first_token_and_tokens_as_they_come(http: httpx2.Client) -> None:
    for turn in range(
        5
    ):  # a busy machine may read all at once now and then, a buffer holds all of it each time
        arrivals: dict[str, float] = {}
        decoder = sse.EventDecoder()
        body = {"content": f"x {turn}", "prompt": "slowly", "stream": True}
        with http.stream("POST", "/v1/extract", json=body) as response:
            for received in response.iter_raw():
                for event in decoder.feed(received):
                    arrivals.setdefault(event.name, time.monotonic())
        assert arrivals["source"] <= arrivals["delta"] <= arrivals["done"]
        if arrivals["delta"] < arrivals["done"] - 0.5:
            return
    pytest.fail("the first delta came with the last")


def test_extract_is_in_the_openapi_document(http: httpx2.Client) -> None:
    paths = http.get("/docs/openapi.json").json()["paths"]
    assert "post" in paths["/v1/extract"]


@pytest.mark.anyio
@pytest.mark.parametrize("stream", [False, True])
async def test_extract_stops_the_upstream_when_the_client_leaves(tmp_path: Path, stream: bool) -> None:
    pieces = [chunk({"content": "word "}), 0.2] * 1000
    async with upstream(Said(pieces)) as up:
        settings = {"remote_url": up.url, "remote_api_key": "k", "remote_models": ["m"]}
        with running_gateway(tmp_path, **settings) as url:
            async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60) as http:
                body = {"content": "x", "prompt": "?", "stream": stream}
                leaving = asyncio.ensure_future(http.post("/v1/extract", json=body))
                async with asyncio.timeout(60):
                    await up.asked.wait()
                await asyncio.sleep(0.3)
                assert not leaving.done()
                leaving.cancel()
            async with asyncio.timeout(60):  # the answer would take two hundred
                await up.left.wait()
