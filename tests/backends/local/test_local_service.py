"""A local model behind the whole service."""

import json
import os
import signal
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from litestar.testing import AsyncTestClient

from gateway.app import create_app
from gateway.settings import Settings
from tests.service import running_gateway

pytestmark = pytest.mark.anyio
PAGE = "<html><body><main><h1>Lamp</h1><p>A lamp that costs nothing to run, for sale today.</p></main></body></html>"


@pytest.fixture(scope="module")
async def client(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncTestClient]:
    settings = Settings(local_model=tiny, cache_dir=str(tmp_path_factory.mktemp("cache")), clean_workers=1)
    async with AsyncTestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


async def test_extract_is_held_to_its_schema(client: AsyncTestClient) -> None:
    schema = {"type": "object", "properties": {"kind": {"enum": ["lamp", "chair"]}}, "required": ["kind"]}
    body = {"html": PAGE, "prompt": "What is it?", "schema": schema, "evidence": False}
    response = await client.post("/v1/extract", json=body)
    answer = response.json()
    assert response.status_code == 200, answer
    assert answer["data"]["kind"] in ("lamp", "chair")
    assert (answer["model"], answer["backend"]) == ("local", "local")
    assert answer["usage"]["output_tokens"] > 0


async def test_extract_says_what_of_a_schema_was_only_checked(client: AsyncTestClient) -> None:
    schema = {
        "type": "object",
        "properties": {
            "kinds": {"type": "array", "items": {"enum": [1, 2]}, "maxItems": 1, "uniqueItems": True}
        },
        "required": ["kinds"],
    }
    response = await client.post(
        "/v1/extract", json={"html": PAGE, "prompt": "What is it?", "schema": schema}
    )
    assert response.status_code == 200, response.json()
    told = {notice["code"]: notice["message"] for notice in response.json()["warnings"]}
    assert "uniqueItems" in told["schema_not_enforced"]


async def test_second_question_about_a_page_finds_its_prefix(client: AsyncTestClient) -> None:
    cached = []
    for prompt in ("What is it?!", "And what does it cost?!"):
        body = {"html": PAGE, "prompt": prompt, "evidence": False, "max_output_tokens": 5}
        usage = (await client.post("/v1/extract", json=body)).json()["usage"]
        cached.append(usage["cached_input_tokens"] / usage["input_tokens"])
    assert cached[1] > 0.5


async def test_prompt_beyond_the_context_is_a_400_with_numbers(client: AsyncTestClient) -> None:
    body = {"model": "local", "messages": [{"role": "user", "content": "word " * 3000}]}
    response = await client.post("/v1/chat/completions", json=body)
    assert response.status_code == 400
    assert "4096" in response.text and "shorten the prompt" in response.text


async def test_models_tell_the_context_of_the_file(client: AsyncTestClient) -> None:
    await test_chat_streams_to_its_end(client)
    [model] = (await client.get("/v1/models")).json()["data"]
    assert model["context_length"] == 4096


async def test_chat_streams_to_its_end(client: AsyncTestClient) -> None:
    body = {
        "model": "local",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 5,
        "stream": True,
    }
    response = await client.post("/v1/chat/completions", json=body)
    assert response.text.rstrip().endswith("data: [DONE]")


async def test_tools_are_called_in_every_dialect(client: AsyncTestClient) -> None:
    schema = {
        "type": "object",
        "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"],
        "additionalProperties": False,
    }
    turns = [{"role": "user", "content": "Go."}]
    function = {"name": "go", "parameters": schema}
    asked = {"temperature": 1, "model": "local"}
    chat = {
        "messages": turns,
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "required",
    }
    answer = (
        await client.post("/v1/chat/completions", json=asked | chat | {"max_tokens": 200, "n": 2})
    ).json()
    for choice in answer["choices"]:
        assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"])["ok"] in (True, False)
    tool = {"name": "go", "input_schema": schema}
    messages = {"messages": turns, "max_tokens": 200, "tools": [tool], "tool_choice": {"type": "any"}}
    answer = (await client.post("/v1/messages", json=asked | messages)).json()
    assert answer["content"][0]["name"] == "go"
    items = {"input": "Go.", "tools": [{"type": "function", **function}], "tool_choice": "required"}
    answer = (await client.post("/v1/responses", json=asked | items | {"max_output_tokens": 200})).json()
    assert answer["output"][0]["type"] == "function_call"


async def test_tokens_are_counted_by_the_models_own_tokenizer(client: AsyncTestClient) -> None:
    counted = await client.post("/v1/tokens", json={"text": "Two words.", "tokenizer": "local"})
    # the model's tokens are bytes
    assert counted.json() == {"tokenizer": "local", "tokens": 10}
    refused = await client.post("/v1/tokens", json={"text": "Two words.", "tokenizer": "nobody"})
    assert refused.status_code == 400


def test_model_killed_in_the_middle_of_a_tool_call_ends_it_with_an_error(tiny: str, tmp_path: Path) -> None:
    """Half of a call's arguments are never taken for a call, streamed or not."""
    note = {"type": "string", "minLength": 3000}
    function = {
        "name": "go",
        "parameters": {"type": "object", "properties": {"note": note}, "required": ["note"]},
    }
    body = {
        "model": "local",
        "messages": [{"role": "user", "content": "Go."}],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "required",
    }
    others = model_processes()
    with (
        running_gateway(tmp_path, local_model=tiny) as url,
        httpx2.Client(base_url=url, timeout=60, trust_env=False) as http,
        ThreadPoolExecutor() as threads,
    ):
        whole = threads.submit(http.post, "/v1/chat/completions", json=body)
        with http.stream("POST", "/v1/chat/completions", json=body | {"stream": True}) as response:
            lines = (line for line in response.iter_lines() if line.startswith("data: "))
            begun = [next(lines) for _ in range(8)]
            assert "arguments" in begun[-1], begun
            [model] = model_processes() - others
            os.kill(model, signal.SIGKILL)
            *_, last = lines
        assert json.loads(last[6:])["error"]["code"] == "backend_interrupted"
        failed = whole.result()
        assert failed.status_code in (502, 503) and failed.json()["error"]["code"].startswith("backend_"), (
            failed.text
        )
        # and the next one is served
        short = body | {"tools": None, "tool_choice": None, "max_tokens": 2}
        while (answer := http.post("/v1/chat/completions", json=short)).status_code == 503:
            assert answer.headers["retry-after"]
            time.sleep(0.1)
        assert answer.status_code == 200, answer.text


def model_processes() -> set[int]:
    """Those among this process's children."""
    children = [task.joinpath("children").read_text() for task in Path("/proc/self/task").iterdir()]
    return {
        int(child)
        for child in " ".join(children).split()
        if b"backends.local.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    }
