"""Whatever a task raises, who waits for it is answered, its place is given back, and the service goes on."""

import asyncio
import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx2
import pytest
from litestar import Litestar
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from mcp.client import Client

from backends.base import CompletionRequest, UpstreamUnavailable
from backends.local import LocalBackend
from backends.specs import BackendSettings, ModelSpec
from fixtures.site import Site
from gateway.api.context import RequestContext
from gateway.api.mcp.mount import McpMount
from gateway.api.services import Services
from gateway.auth.budgets import Ledger
from gateway.auth.keys import Key, hash_secret
from gateway.auth.spending import SpendingFile
from gateway.cache.disk import DiskCache
from gateway.cache.single_flight import SingleFlight
from gateway.completions.broadcast import Broadcast
from gateway.core.http.url import Url, parse_url
from gateway.errors import RateLimited
from gateway.fetch.base import Fetched
from gateway.fetch.http.dns import ThreadResolver
from gateway.fetch.http.robots import Robots
from gateway.primitives.panics import Panicked, contained
from gateway.telemetry.log import make_log
from gateway.telemetry.metrics import FOLDER, Metrics
from gateway.workers.pool import WorkerPool
from tests.leaks import eventually
from tests.requirements import require_packages
from tests.service import running_gateway
from tests.serving import served

pytestmark = pytest.mark.anyio
SOON_S = 30  # a wait that never ends shall fail, and nothing else


class Panic(BaseException):
    """As pyo3's PanicException: no Exception."""


def test_panic_becomes_an_exception_that_names_it() -> None:
    with pytest.raises(Panicked, match=r"test_panics\.Panic") as caught, contained():
        raise Panic("with a page's secret in it")
    assert "secret" not in str(caught.value)
    assert type(caught.value.__cause__) is Panic


@pytest.mark.parametrize(
    "kind", [asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit, ValueError, Panicked]
)
def test_word_to_stop_and_ordinary_failure_stay_what_they_are(kind: type[BaseException]) -> None:
    raised = kind()
    with pytest.raises(kind) as caught, contained():
        raise raised
    assert caught.value is raised


async def test_every_follower_of_a_flight_is_told() -> None:
    flight: Broadcast[str, str] = Broadcast()
    forgotten = []

    async def produce() -> str:
        await asyncio.sleep(0)
        flight.publish("a")
        raise Panic

    flight.launch(produce, forget=lambda: forgotten.append(1))
    readers = [flight.follow() for _ in range(3)]
    for reader in readers:
        async with asyncio.timeout(SOON_S):
            assert await reader.batch() == ["a"]
            with pytest.raises(Panicked):
                await reader.batch()
    assert flight.is_over and forgotten


async def test_every_caller_of_shared_work_is_told_and_the_next_one_works(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, size_bytes=1024**2)
    flights = SingleFlight(cache)
    panics = True

    async def work() -> bytes:
        await asyncio.sleep(0.01)
        if panics:
            raise Panic
        return b"result"

    async def look() -> None:
        return None

    for kind in (look, None):
        panics = True
        async with asyncio.timeout(SOON_S):
            calls = [flights.run("key", work, look=kind) for _ in range(5)]
            ends = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(end) for end in ends] == [Panicked] * 5
        panics = False
        async with asyncio.timeout(SOON_S):
            assert await flights.run("key", work, look=kind) == b"result"
    assert await cache.lease("key", ttl_s=1) is not None, "the lease was not given back"
    await cache.aclose()


async def test_resolver_tells_of_a_panic_and_has_its_thread_again() -> None:
    def lookup(host: str, port: int) -> list[str]:
        if host == "panic.test":
            raise Panic
        return ["192.0.2.1"]

    resolver = ThreadResolver(lookup=lookup, timeout_s=SOON_S, max_threads=1)
    for _ in range(3):
        with pytest.raises(Panicked):
            await resolver.resolve("panic.test", 80)
    assert await resolver.resolve("good.test", 80) == ["192.0.2.1"]


async def test_robots_that_could_not_be_read_are_asked_for_again() -> None:
    answers: list[BaseException | None] = [Panic(), RuntimeError(), None]

    async def fetch(url: Url) -> Fetched:
        await asyncio.sleep(0)
        if (answer := answers.pop(0)) is not None:
            raise answer
        return Fetched(url=url.text, final_url=url.text, status=404, headers={}, body=b"", fetch_ms=0)

    robots = Robots(fetch, workers=cast(WorkerPool, None), user_agent="winnow")  # an empty file needs none
    page = parse_url("http://site.test/page")
    for expected in (Panicked, RuntimeError):
        ends = await asyncio.gather(robots.check(page), robots.check(page), return_exceptions=True)
        assert [type(end) for end in ends] == [expected] * 2
    assert await robots.check(page) == 0


async def test_ledger_books_again_after_a_panic(tmp_path: Path) -> None:
    class Fickle(type(tmp_path)):  # type: ignore[misc]
        panics = 0

        @property
        def parent(self) -> Path:
            if Fickle.panics:
                Fickle.panics -= 1
                raise Panic
            return super().parent  # type: ignore[no-any-return]

    key = Key(name="me", sha256=hash_secret("me"), tokens_per_month=10)
    file = Fickle(tmp_path / "spent.sqlite")
    Fickle.panics = 1
    ledger = Ledger(SpendingFile(file))
    async with ledger.flushing():
        ledger.spend("me", 11)
        await eventually(lambda: not Fickle.panics, within_s=SOON_S)
        await eventually(file.exists, within_s=SOON_S)
        with pytest.raises(RateLimited):
            await Ledger(SpendingFile(tmp_path / "spent.sqlite")).check(key)


async def test_gauges_are_published_again_after_a_panic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    asked = 0

    async def source() -> dict[str, int | float | str]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise Panic
        return {}

    metrics = Metrics()
    metrics.add_source("source", source)
    async with metrics.publishing(every_s=0.01):
        await eventually(lambda: asked > 2, within_s=SOON_S)


async def test_local_model_whose_watcher_fails_is_a_fault_and_no_wait() -> None:
    require_packages(["llama_cpp"], extra="local")
    backend = LocalBackend(path="any.gguf", command=["\0"])  # a ValueError, which nobody foresaw
    asked = CompletionRequest(model="local", messages=[{"role": "user", "content": "Hello"}])
    async with asyncio.timeout(SOON_S):
        with pytest.raises(UpstreamUnavailable, match="ValueError") as caught:
            await anext(backend.stream(asked))
    assert caught.value.retry_after_s
    await backend.aclose()


async def test_agents_door_that_failed_to_open_is_tried_again() -> None:
    opened = []

    def services() -> Services:
        opened.append(1)
        if len(opened) == 1:
            raise Panic
        # no tool is called
        return cast(
            Services, SimpleNamespace(scraper=None, extractor=None, cache=None, jobs=None, searcher=None)
        )

    door = McpMount(services)
    app = Litestar([door.route()], middleware=[_WithAccount()], on_shutdown=[door.aclose])
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"accept": "application/json, text/event-stream"}
    async with served(app) as url, httpx2.AsyncClient(timeout=SOON_S, headers=accept) as client:
        assert (await client.post(f"{url}/mcp", json=call)).status_code == 500
        assert (await client.post(f"{url}/mcp", json=call)).status_code == 200


class _WithAccount(ASGIMiddleware):
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        scope["state"]["context"] = RequestContext(name="")
        await next_app(scope, receive, send)


SCRIPT = """[
  {"match": "at once", "panic_after": 0, "deltas": ["never"]},
  {"match": "in between", "panic_after": 2, "deltas": ["one ", "two ", "three"]},
  {"deltas": ["Hello."]}
]"""


async def panic(*_: object) -> object:
    raise Panic


@pytest.fixture(scope="module")
def log() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, log: io.BytesIO) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("panics")
    (folder / "script.json").write_text(SCRIPT)
    backend = BackendSettings(
        name="b", kind="scripted", path=str(folder / "script.json"), models=[ModelSpec(name="m")]
    )
    lines = make_log(io.TextIOWrapper(log, write_through=True))
    # one place: a request that kept it would stop every other
    with running_gateway(folder, log=lines, backends=[backend], max_concurrency=1, queue_limit=8) as address:
        yield address


def chat(url: str, content: str, *, stream: bool = False) -> httpx2.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": content}], "stream": stream}
    return httpx2.post(f"{url}/v1/chat/completions", json=body, timeout=SOON_S)


def test_panic_of_a_backend_is_a_500_for_everyone_who_waits(url: str, log: io.BytesIO) -> None:
    for _ in range(3):
        answer = chat(url, "at once")
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "internal_error"
        assert "panic" not in answer.text.lower()
        assert f'"{answer.headers["x-request-id"]}"'.encode() in log.getvalue()
    errors = [json.loads(line) for line in log.getvalue().splitlines() if b'"unhandled_exception"' in line]
    assert errors and "ScriptedPanic" in errors[-1]["exception"]
    assert chat(url, "well").json()["choices"][0]["message"]["content"] == "Hello."


def test_panic_within_an_answer_is_told(url: str) -> None:
    assert chat(url, "in between").status_code == 500
    streamed = chat(url, "in between", stream=True).text
    assert "two" in streamed and "internal_error" in streamed and "[DONE]" not in streamed
    assert chat(url, "well").status_code == 200


def test_panic_within_an_extraction_is_a_problem(url: str) -> None:
    body = {"content": "Words.", "prompt": "at once", "model": "m"}
    answer = httpx2.post(f"{url}/v1/extract", json=body, timeout=SOON_S)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    streamed = httpx2.post(f"{url}/v1/extract", json=body | {"stream": True}, timeout=SOON_S)
    assert "internal_error" in streamed.text


async def test_panic_in_a_request_s_own_task_is_a_problem_and_gives_its_place_back(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorkerPool, "run", panic)
    with running_gateway(tmp_path, allow_targets=[site.target], max_concurrency=1, queue_limit=0) as url:
        for _ in range(3):
            answer = httpx2.post(f"{url}/v1/scrape", json={"html": "<p>Words."}, timeout=SOON_S)
            assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
            assert answer.headers["content-type"] == "application/problem+json"
        async with asyncio.timeout(SOON_S), Client(f"{url}/mcp") as client:
            told = await client.call_tool("scrape", {"url": f"{site.url}/pages/documentation-go-tutorial"})
            assert (
                told.is_error and "internal_error" in str(told.content) and "Panic" not in str(told.content)
            )
            assert (await client.list_tools()).tools
