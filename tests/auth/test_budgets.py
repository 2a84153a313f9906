"""What a key pays for models: every call once, however it ended, and nothing for answers that were there."""

import asyncio
import concurrent.futures
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from backends.specs import BackendSettings
from fixtures.site import Answer, Site
from gateway.auth.budgets import Ledger
from gateway.auth.keys import Key, hash_secret
from gateway.auth.spending import SpendingFile
from tests.service import running_gateway

SCHEMA = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}
UNSATISFIED = {"content": "Some words.", "prompt": "answer wrongly", "schema": SCHEMA}
AGENT = {"accept": "application/json, text/event-stream"}


class Caller:
    """A key with a budget, and what was booked on it."""

    def __init__(self, url: str, cache: Path, *, end: Callable[[], object]) -> None:
        self.http = httpx2.Client(base_url=url, headers={"authorization": "Bearer k"}, timeout=20)
        self._book = cache / "spent.sqlite"
        self._end = end

    def spent(self, *, at_least: int = 0) -> int:
        """What the book says once the service has ended, which it does when so much was booked: then it is whole."""
        deadline = time.monotonic() + 60
        while self._booked() < at_least and time.monotonic() < deadline:
            time.sleep(0.1)
        self._end()
        return self._booked()

    def _booked(self) -> int:
        ledger = Ledger(SpendingFile(self._book))
        try:
            return asyncio.run(ledger.spent("k"))
        finally:
            ledger.close()

    def cut(self, path: str, body: dict[str, Any]) -> str:
        """The beginning of a stream, up to its third delta, that is left there."""
        said = ""
        with self.http.stream("POST", path, json=body | {"stream": True}) as response:
            for line in response.iter_lines():
                said += line
                if "three" in line:
                    return said
        raise AssertionError(f"the stream ended: {said}")


@contextmanager
def calling(
    cache: Path, backend: BackendSettings, *, budget: int = 10**9, **settings: Any
) -> Iterator[Caller]:
    keys = [Key(name="k", sha256=hash_secret("k"), tokens_per_month=budget)]
    with ExitStack() as service:
        url = service.enter_context(running_gateway(cache, backends=[backend], keys=keys, **settings))
        caller = Caller(url, cache, end=service.close)
        with caller.http:
            yield caller


@pytest.fixture
def caller(tmp_path: Path, scripted: BackendSettings) -> Iterator[Caller]:
    with calling(tmp_path, scripted) as caller:
        yield caller


def chat(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], "temperature": 0} | more


def test_answer_is_paid_once_and_its_copy_not_at_all(caller: Caller) -> None:
    usage = caller.http.post("/v1/chat/completions", json=chat("Where?")).json()["usage"]
    again = caller.http.post("/v1/chat/completions", json=chat("Where?"))
    assert again.headers["x-cache"] == "hit"
    assert caller.spent() == usage["total_tokens"] > 0


def test_answer_that_is_shared_on_its_way_is_paid_once(caller: Caller) -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = [pool.submit(caller.http.post, "/v1/chat/completions", json=chat("slowly")) for _ in range(2)]
        answers = [each.result() for each in both]
    assert sorted(answer.headers["x-cache"] for answer in answers) == ["hit", "miss"]
    assert caller.spent() == answers[0].json()["usage"]["total_tokens"]


def test_extraction_that_fails_is_paid(tmp_path: Path, scripted: BackendSettings) -> None:
    with calling(tmp_path, scripted, budget=1) as caller:
        assert caller.http.post("/v1/extract", json=UNSATISFIED).status_code == 422
        assert caller.http.post("/v1/extract", json=UNSATISFIED).status_code == 429


def test_extraction_by_an_agent_that_fails_is_paid(
    tmp_path: Path, site: Site, scripted: BackendSettings
) -> None:
    site.extra["/unpriced"] = Answer(200, {"content-type": "text/html"}, b"<p>Some words without a figure.")
    arguments = {"url": site.url + "/unpriced", "prompt": "answer wrongly", "schema": SCHEMA}
    call: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    call |= {"params": {"name": "extract", "arguments": arguments}}
    with calling(tmp_path, scripted, allow_targets=[site.target]) as caller:
        told = caller.http.post("/mcp", json=call, headers=AGENT).json()["result"]
        assert told["isError"] and "schema_unsatisfied" in str(told["content"])
        assert caller.spent() > 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/v1/chat/completions", chat("count slowly"), id="chat"),
        pytest.param("/v1/extract", {"content": "Some words.", "prompt": "count slowly"}, id="extract"),
    ],
)
def test_stream_that_is_cut_is_paid(caller: Caller, path: str, body: dict[str, Any]) -> None:
    caller.cut(path, body)
    spent = caller.spent(at_least=2 + 3)
    assert spent >= 2 + 3  # the prompt's words and the deltas
    if path == "/v1/chat/completions":
        assert spent < 20
