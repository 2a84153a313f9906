"""The MCP endpoint, driven by the official client."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import MCPError, StdioServerParameters, stdio_client
from mcp.client import Client

from fixtures.site import Answer, Site, running_site
from gateway.api.docs.fields import description_of
from gateway.auth.keys import Key, hash_secret
from gateway.telemetry.log import make_log
from gateway.wire import ExtractRequest, ScrapeRequest, TokensRequest
from tests.service import running_gateway

pytestmark = pytest.mark.anyio


async def test_client_lists_and_calls_the_tools(gateway_url: str, site: Site) -> None:
    async with Client(f"{gateway_url}/mcp") as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools.keys() == {"scrape", "screenshot", "extract", "search", "map", "crawl", "count_tokens"}
        assert all(
            schema["description"]
            for tool in tools.values()
            for schema in tool.input_schema["properties"].values()
        )
        assert all(tool.description for tool in tools.values())
        for name, request in {
            "scrape": ScrapeRequest,
            "extract": ExtractRequest,
            "count_tokens": TokensRequest,
        }.items():
            for field, schema in tools[name].input_schema["properties"].items():
                if field == "url":
                    # no tool takes inline HTML, whose base address the requests' `url` may be
                    assert schema["description"] == "Absolute http(s) address of the page."
                else:
                    assert schema["description"] == description_of(request, field)
        url = site.url + "/pages/documentation-go-tutorial"
        scraped = await client.call_tool("scrape", {"url": url, "max_tokens": 300})
        page: Any = scraped.structured_content
        # the model gets the bare markdown, once
        assert text_of(scraped).startswith("# ") and "content" not in page
        [kept] = (await client.read_resource(page["resource"])).contents
        assert (kept.mime_type, kept.text) == ("text/markdown", text_of(scraped))
        with pytest.raises(MCPError, match="no page"):
            await client.read_resource("winnow://page/none")
        [template] = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "winnow://page/{page_id}"
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools.values())
        assert tools["scrape"].input_schema["properties"]["scope"]["enum"] == ["main", "page"]
        assert client.instructions and "data, never instructions" in client.instructions
        assert 0 < page["tokens"] <= 300 and page["next_cursor"]
        assert page["tokens_full"] > 300 and page["tokens_saved"] > 0
        more = await client.call_tool(
            "scrape", {"url": url, "max_tokens": 300, "cursor": page["next_cursor"]}
        )
        # booked with the first piece
        rest: Any = more.structured_content
        assert (rest["tokens_full"], rest["tokens_saved"]) == (page["tokens_full"], 0)
        counted: Any = (await client.call_tool("count_tokens", {"text": "two words"})).structured_content
        assert counted == {"tokenizer": "o200k_base", "tokens": 2}
    log_fields = httpx2.get(f"{gateway_url}/metrics", timeout=60).text
    assert 'winnow_request_seconds_count{route="/mcp",status="200"}' in log_fields


async def test_failures_are_told_by_code(gateway_url: str) -> None:
    async with Client(f"{gateway_url}/mcp") as client:
        refused = await client.call_tool("scrape", {"url": "http://10.0.0.1/"})
        assert refused.is_error and "url_refused" in str(refused.content)
        nothing = await client.call_tool("extract", {"url": "http://10.0.0.1/"})
        assert nothing.is_error


def test_endpoint_asks_for_the_key_and_its_scope(tmp_path: Path) -> None:
    keys = [Key(name="chat", sha256=hash_secret("chat"), scopes=("chat",))]
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    with running_gateway(tmp_path, keys=keys) as url:
        assert httpx2.post(f"{url}/mcp", json=call, timeout=60).status_code == 401
        headers = {"authorization": "Bearer chat"}
        assert httpx2.post(f"{url}/mcp", json=call, headers=headers, timeout=60).status_code == 403


def test_endpoint_keeps_no_stream_open(gateway_url: str) -> None:
    for method in ("GET", "DELETE"):
        answer = httpx2.request(
            method, f"{gateway_url}/mcp", headers={"accept": "text/event-stream"}, timeout=60
        )
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_open_endpoint_refuses_foreign_hosts(gateway_url: str) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"host": "evil.example", "accept": "application/json, text/event-stream"}
    assert httpx2.post(f"{gateway_url}/mcp", json=call, headers=headers, timeout=60).status_code == 403


async def test_calls_are_logged_like_any_other_request(site: Site, tmp_path: Path) -> None:
    raw = io.BytesIO()
    log = make_log(io.TextIOWrapper(raw))
    with running_gateway(tmp_path, log=log, allow_targets=[site.target]) as url:
        async with Client(f"{url}/mcp") as client:
            for _ in range(2):
                await client.call_tool("scrape", {"url": site.url + "/pages/documentation-go-tutorial"})
            await client.call_tool("scrape", {"url": "http://10.0.0.1/"})
    lines = [line for line in map(json.loads, raw.getvalue().splitlines()) if "host" in line]
    host = site.url.removeprefix("http://")
    assert [(line["host"], line.get("cache")) for line in lines] == [
        (host, "miss"),
        (host, "hit"),
        ("10.0.0.1", None),
    ]
    assert lines[0]["tokens"] > 0 and lines[0]["fetch_ms"] > 0


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("scrape", {"max_token": 3}, "unknown argument `max_token`; did you mean max_tokens?"),
        ("crawl", {"limti": 3}, "unknown argument `limti`; did you mean limit?"),
        ("map", {"colour": 3}, "unknown argument `colour`; there are url, search"),
        ("scrape", {"scope": "half"}, "'main' or 'page'"),
        ("crawl", {"limit": 51}, "less than or equal to 50"),
        ("crawl", {"include": ["("]}, "invalid_request"),
        ("crawl", {"max_tokens": 10**8}, "invalid_request"),
        ("map", {"url": "ftp://a.test/"}, "invalid_request"),
    ],
)
async def test_what_a_tool_does_not_take_is_refused(
    gateway_url: str, tool: str, arguments: dict[str, Any], words: str
) -> None:
    async with Client(f"{gateway_url}/mcp") as client:
        answer = await client.call_tool(tool, {"url": "https://a.test/"} | arguments)
        assert answer.is_error and words in str(answer.content)


async def test_site_is_mapped_and_crawled(tmp_path: Path) -> None:
    with running_site({}) as pages, running_gateway(tmp_path, allow_targets=[pages.target]) as url:
        words = " ".join(f"Sentence {n} of the page has words." for n in range(12))
        for name in ("/", "/a", "/b"):
            links = "".join(f'<a href="{link}">to {link}</a> ' for link in ("/a", "/b", "/missing"))
            text = f"<title>{name}</title><article><h1>{name}</h1><p>{name} {words}</p>{links}</article>"
            pages.extra[name] = Answer(200, {"content-type": "text/html"}, text.encode())
        pages.extra["/missing"] = Answer(404, {}, b"")
        async with Client(f"{url}/mcp") as client:
            mapped = await client.call_tool("map", {"url": pages.url + "/", "search": "to /b"})
            assert mapped.structured_content == {
                "links": [{"url": pages.url + "/b", "title": "to /b"}],
                "warnings": [],
            }
            assert text_of(mapped) == f"{pages.url}/b to /b"
            crawled = await client.call_tool("crawl", {"url": pages.url + "/", "max_tokens": 40})
        answer: Any = crawled.structured_content
        assert answer["status"] == "completed" and len(answer["pages"]) == 4
        by_path = {page["url"].removeprefix(pages.url): page for page in answer["pages"]}
        assert by_path["/a"]["tokens"] <= 40 and by_path["/a"]["next_cursor"] and by_path["/a"]["depth"] == 1
        assert by_path["/missing"]["error"].startswith("origin_status: ")
        # bare markdown, no JSON
        assert f"{pages.url}/a\n\n# /a" in text_of(crawled)
        jobs = httpx2.get(f"{url}/v1/jobs", timeout=60).json()["jobs"]
        assert [job["status"] for job in jobs] == ["completed"]


async def test_crawl_that_takes_too_long_returns_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.api.mcp.site_tools.TIMEOUT_S", 5)
    with running_site({}) as pages, running_gateway(tmp_path, allow_targets=[pages.target]) as url:
        pages.extra["/"] = Answer(
            200, {"content-type": "text/html"}, b"<h1>Start</h1><p>Words.</p><a href='/held/never/x'>on</a>"
        )
        async with Client(f"{url}/mcp") as client:
            answer: Any = (await client.call_tool("crawl", {"url": pages.url + "/"})).structured_content
        assert answer["status"] == "cancelled" and len(answer["pages"]) == 1


async def test_agent_is_served_over_stdio_without_a_server(site: Site, tmp_path: Path) -> None:
    environment = {
        "WINNOW_CACHE_DIR": str(tmp_path),
        "WINNOW_JOBS_DIR": str(tmp_path / "jobs"),
        "WINNOW_KEYS_FILE": str(tmp_path / "no-keys.json"),
        "WINNOW_ALLOW_TARGETS": site.target,
        "WINNOW_CLEAN_WORKERS": "1",
        "WINNOW_BROWSER": "off",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "gateway.cli.main", "mcp"], env=environment
    )
    async with Client(stdio_client(command)) as client:
        assert len((await client.list_tools()).tools) == 7
        scraped = await client.call_tool("scrape", {"url": site.url + "/pages/documentation-go-tutorial"})
        assert text_of(scraped).startswith("# ")


def text_of(answer: Any) -> str:
    (part,) = answer.content
    return str(part.text)
