"""Clients that leave: what was made for them stops, and their requests are told of once."""

import asyncio
import io
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from backends.specs import BackendSettings
from gateway.telemetry.log import make_log
from tests.leaks import wait_until
from tests.service import running_gateway
from tests.upstream import Said, Upstream, upstream

pytestmark = pytest.mark.anyio

EVENTS = {"accept": "text/event-stream"}
AGENT = {"accept": "application/json, text/event-stream"}


class Told:
    """A gateway's log, and how many of its requests were counted."""

    def __init__(self, url: str, raw: io.BytesIO) -> None:
        self.url = url
        self._raw = raw

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._raw.getvalue().splitlines()]

    def line(self) -> dict[str, Any]:
        """The only one; waits for it."""
        wait_until(self.lines)
        [line] = self.lines()
        return line


@contextmanager
def told_gateway(tmp_path: Path, **settings: Any) -> Iterator[Told]:
    raw = io.BytesIO()
    with running_gateway(tmp_path, log=make_log(io.TextIOWrapper(raw)), **settings) as url:
        yield Told(url, raw)


def tool(name: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


@pytest.mark.parametrize(
    ("route", "headers", "body"),
    [
        pytest.param("/v1/scrape", {}, {"url": "PAGE"}, id="scrape"),
        pytest.param("/v1/scrape", EVENTS, {"url": "PAGE"}, id="scrape-as-events"),
        pytest.param("/v1/extract", {}, {"url": "PAGE", "prompt": "What?"}, id="extract"),
        pytest.param("/v1/extract", EVENTS, {"url": "PAGE", "prompt": "What?"}, id="extract-as-events"),
        pytest.param("/v1/extract", {}, {"url": "PAGE", "prompt": "What?", "dry_run": True}, id="dry-run"),
        pytest.param("/mcp", AGENT, tool("scrape", url="PAGE"), id="agent-scrape"),
        pytest.param("/mcp", AGENT, tool("extract", url="PAGE", prompt="What?"), id="agent-extract"),
    ],
)
async def test_fetch_is_given_up(
    tmp_path: Path, scripted: BackendSettings, route: str, headers: dict[str, str], body: dict[str, Any]
) -> None:
    async with upstream(Said([30.0], headers={"content-type": "text/html"})) as origin:
        target = f"127.0.0.1/32:{origin.url.removesuffix('/v1').rpartition(':')[2]}"
        with told_gateway(tmp_path, allow_targets=[target], backends=[scripted]) as log_fields:
            asked = json.loads(json.dumps(body).replace("PAGE", f"{origin.url}/page"))
            await _leave_once_asked(origin, f"{log_fields.url}{route}", headers, asked)
            line = await asyncio.to_thread(log_fields.line)
            assert (line["route"], line["status"], line["tokens"]) == (route, 499, 0)
            assert line["host"] == origin.url.removeprefix("http://").removesuffix("/v1")
            metrics = httpx2.get(f"{log_fields.url}/metrics", timeout=60).text
        assert f'winnow_request_seconds_count{{route="{route}",status="499"}} 1.0' in metrics
        assert "winnow_running 0.0" in metrics


async def _leave_once_asked(
    origin: Upstream, url: str, headers: dict[str, str], body: dict[str, Any]
) -> None:
    async with httpx2.AsyncClient(timeout=60) as client:
        call = asyncio.create_task(client.post(url, json=body, headers=headers))
        await asyncio.wait_for(origin.asked.wait(), 60)
        call.cancel()
        await asyncio.wait([call])
    await asyncio.wait_for(origin.left.wait(), 25)  # it would wait for 30 by itself


@pytest.mark.parametrize("route", ["/v1/scrape", "/v1/tokens", "/v1/chat/completions", "/mcp"])
async def test_client_that_leaves_within_its_body_is_not_an_exception(tmp_path: Path, route: str) -> None:
    begun = f"POST {route} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n".encode()
    begun += b"content-type: application/json\r\naccept: application/json, text/event-stream\r\n\r\n{"
    with told_gateway(tmp_path) as log_fields:
        with socket.create_connection(("127.0.0.1", int(log_fields.url.rpartition(":")[2]))) as connection:
            connection.sendall(begun)
            await asyncio.sleep(0.3)
        line = await asyncio.to_thread(log_fields.line)
    assert (line["event"], line["route"], line["status"]) == ("request", route, 499)


@pytest.mark.parametrize(
    ("route", "body"),
    [
        pytest.param(
            "/v1/chat/completions", {"messages": [{"role": "user", "content": "slowly"}]}, id="chat"
        ),
        pytest.param("/v1/extract", {"content": "Some words.", "prompt": "slowly"}, id="extract"),
    ],
)
async def test_stream_that_is_cut_is_told_of(
    tmp_path: Path, scripted: BackendSettings, route: str, body: dict[str, Any]
) -> None:
    with told_gateway(tmp_path, backends=[scripted]) as log_fields:
        with httpx2.stream(
            "POST", log_fields.url + route, json=body | {"stream": True}, timeout=60
        ) as response:
            assert next(response.iter_lines())
        line = await asyncio.to_thread(log_fields.line)
        assert (line["route"], line["status"]) == (route, 499)
        metrics = httpx2.get(f"{log_fields.url}/metrics", timeout=60).text
    assert f'winnow_request_seconds_count{{route="{route}",status="499"}} 1.0' in metrics
    assert len([line for line in log_fields.lines() if line["route"] == route]) == 1


async def test_stream_that_ends_is_told_of_once(tmp_path: Path, scripted: BackendSettings) -> None:
    with told_gateway(tmp_path, backends=[scripted]) as log_fields:
        for accept in ("text/event-stream", "application/json"):
            page = {"html": "<p>Some words."}
            assert httpx2.post(
                f"{log_fields.url}/v1/scrape", json=page, headers={"accept": accept}, timeout=60
            ).is_success
        body = {"messages": [{"role": "user", "content": "Hello"}], "stream": True}
        assert "[DONE]" in httpx2.post(f"{log_fields.url}/v1/chat/completions", json=body, timeout=60).text
    assert [line["status"] for line in log_fields.lines()] == [200] * 3
