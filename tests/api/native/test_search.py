"""A search through the whole service: an engine on loopback, its results read under one budget."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client as AgentClient

from fixtures.site import Answer, Site, running_site
from gateway import sdk
from gateway.wire.search import SearchResponse
from tests.service import running_gateway

FOUND = ["documentation-go-tutorial", "missing", "listing-hacker-news"]


@pytest.fixture(scope="module")
def engine(site: Site) -> Iterator[Site]:
    """A SearXNG that finds pages of the fixtures' site whatever is asked for."""
    with running_site({}) as running:
        items = [{"url": f"{site.url}/pages/{name}", "title": name, "content": "words"} for name in FOUND[:2]]
        items.append({"url": "http://10.0.0.1/private", "title": "private", "content": ""})
        reply = Answer(200, {"content-type": "application/json"}, json.dumps({"results": items}).encode())
        nothing = Answer(200, {}, b'{"results":[]}')
        running.extra = {"/search?q=go&format=json": reply, "/search?q=none&format=json": nothing}
        yield running


@pytest.fixture(scope="module")
def url(site: Site, engine: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("search")
    with running_gateway(folder, allow_targets=[site.target], search_url=engine.url) as running:
        yield running


def search(url: str, **body: Any) -> dict[str, Any]:
    answer = httpx2.post(f"{url}/v1/search", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_search_gives_what_the_engine_found(url: str) -> None:
    found = search(url, query="go", limit=2)
    assert found["provider"] == "searxng" and found["warnings"] == []
    assert [result["title"] for result in found["results"]] == FOUND[:2]
    assert set(found["results"][0]) == {"url", "title", "snippet", "published"}


def test_search_reads_pages_with_errors_in_their_place(url: str) -> None:
    read, missing, private = search(url, query="go", scrape={"format": "text"})["results"]
    assert read["page"]["tokens"]["content"] > 500 and "error" not in read
    assert missing["page"]["status"] == 404 or missing["error"]["code"] == "origin_status"
    assert private["error"]["code"] == "url_refused" and "page" not in private


def test_search_keeps_to_its_budget(url: str) -> None:
    results = search(url, query="go", max_tokens=300)["results"]
    counts = [result["page"]["tokens"]["content"] for result in results if "page" in result]
    assert 0 < sum(counts) <= 300


def test_search_that_finds_nothing_says_so(url: str) -> None:
    found = search(url, query="none")
    assert found["results"] == [] and found["warnings"][0]["code"] == "nothing_found"


def test_search_without_an_engine_names_the_settings(gateway_url: str) -> None:
    answer = httpx2.post(f"{gateway_url}/v1/search", json={"query": "x"}, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (503, "search_unavailable")
    assert "SEARCH_URL" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": "x" * 401},
        {"query": "x", "limit": 21},
        {"query": "x", "time_range": "hour"},
    ],
)
def test_search_refuses_what_is_none(gateway_url: str, body: dict[str, Any]) -> None:
    assert httpx2.post(f"{gateway_url}/v1/search", json=body, timeout=30).status_code == 400


def test_search_of_the_client(url: str) -> None:
    async def read() -> SearchResponse:
        async with sdk.AsyncClient(url) as client:
            return await client.search("go", limit=1)

    with sdk.Client(url) as client:
        found = client.search("go", limit=1)
        assert found.results[0].title == FOUND[0] and asyncio.run(read()) == found
        with pytest.raises(TypeError, match="did you mean limit"):
            client.search("go", limti=1)  # type: ignore[call-arg]


def test_search_of_the_command(url: str) -> None:
    command = [
        sys.executable,
        "-m",
        "gateway.cli.main",
        "search",
        "go",
        "--limit",
        "2",
        "--max-tokens",
        "300",
    ]
    done = subprocess.run(command, env=os.environ | {"WINNOW_URL": url}, capture_output=True, text=True)
    assert done.returncode == 0 and "2 results of searxng" in done.stderr
    assert done.stdout.startswith(f"{FOUND[0]}\n") and "Tutorial" in done.stdout


@pytest.mark.anyio
async def test_search_of_agents(url: str) -> None:
    async with AgentClient(f"{url}/mcp") as client:
        answer: Any = await client.call_tool("search", {"query": "go", "limit": 1, "max_tokens": 200})
    (result,) = answer.structured_content["results"]
    assert result["title"] == FOUND[0] and "Tutorial" in answer.content[0].text
