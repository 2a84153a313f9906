"""Bodies on their way in, over real sockets: limits by route, places for whole bodies only, silence, memory."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from litestar import Litestar, Request, post
from litestar.params import RawBody

from backends.specs import BackendSettings
from gateway.api import problems
from gateway.api.context import AccessLog
from gateway.api.middleware import AccessMiddleware
from gateway.api.request_body import AGENT_BYTES, MESSAGES_BYTES, SMALL_BYTES
from gateway.app import open_access_control
from gateway.auth.admission import BodyBudget
from gateway.auth.keys import Key, hash_secret
from gateway.server.protocol import BoundedHttp
from gateway.settings import Settings
from gateway.telemetry.metrics import Metrics
from tests.service import running_gateway
from tests.serving import served

pytestmark = pytest.mark.anyio

HEAD = "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
MAX_PAGE_BYTES = 1_000_000


@contextmanager
def connection_to(url: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        yield connection


def answer_on(connection: socket.socket) -> tuple[int, dict[str, str], Any]:
    """Status, headers and document of one answer, of which the length is told."""
    file = connection.makefile("rb")
    status = int(file.readline().split()[1])
    headers = {}
    while line := file.readline().strip():
        name, _, value = line.decode().partition(": ")
        headers[name] = value
    body = file.read(int(headers.get("content-length", "0")))
    return status, headers, json.loads(body) if body else None


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_gateway(tmp_path_factory.mktemp("arrival"), max_body_bytes=MAX_PAGE_BYTES) as running:
        yield running


LIMITS = [
    pytest.param("/v1/scrape", 2 * MAX_PAGE_BYTES + SMALL_BYTES, id="page"),
    pytest.param("/v1/extract", 2 * MAX_PAGE_BYTES + SMALL_BYTES, id="page-to-ask-about"),
    pytest.param("/v1/chat/completions", MESSAGES_BYTES, id="messages"),
    pytest.param("/v1/tokens", MESSAGES_BYTES, id="text"),
    pytest.param("/mcp", AGENT_BYTES, id="agent"),
    pytest.param("/health/live", SMALL_BYTES, id="probe"),
    pytest.param("/metrics", SMALL_BYTES, id="metrics"),
    pytest.param("/r/http://10.0.0.1/", SMALL_BYTES, id="address"),
]


@pytest.mark.parametrize(("route", "limit_bytes"), LIMITS)
def test_body_that_is_declared_too_long_is_refused_unread(url: str, route: str, limit_bytes: int) -> None:
    head = (
        HEAD.format(route) if route.startswith(("/v1", "/mcp")) else HEAD.format(route).replace("POST", "GET")
    )
    with connection_to(url) as connection:
        declared = f"content-length: {limit_bytes + 1}\r\nexpect: 100-continue\r\n\r\n"
        connection.sendall((head + declared).encode())
        status, _, document = answer_on(connection)
    error = document.get("error", document)
    assert (status, error["code"]) == (413, "too_large")
    assert str(limit_bytes) in error.get("message", error.get("detail"))


@pytest.mark.parametrize(
    ("route", "limit_bytes"), [row for row in LIMITS if row.id in ("page", "messages", "agent")]
)
def test_body_that_grows_too_long_is_refused_there(url: str, route: str, limit_bytes: int) -> None:
    piece = b"%x\r\n%b\r\n" % (SMALL_BYTES, b" " * SMALL_BYTES)
    with connection_to(url) as connection:
        connection.sendall(HEAD.format(route).encode() + b"transfer-encoding: chunked\r\n\r\n")
        for _ in range(limit_bytes // SMALL_BYTES + 1):
            connection.sendall(piece)
        status, _, document = answer_on(connection)
        assert (status, document.get("error", document)["code"]) == (413, "too_large")


def test_body_of_a_routes_own_length_is_taken(url: str) -> None:
    text = "word " * ((MESSAGES_BYTES - 1000) // 5)
    counted = httpx2.post(f"{url}/v1/tokens", json={"text": text}, timeout=60).json()
    assert counted["tokens"] > 1_000_000
    page = "<p>Some words.</p>" + "<!-- much that is no content -->" * (MAX_PAGE_BYTES // 40)
    cleaned = httpx2.post(f"{url}/v1/scrape", json={"html": page, "scope": "page"}, timeout=60)
    assert cleaned.json()["content"] == "Some words."


@pytest.mark.parametrize("begun", [b"", b"{"], ids=["no-byte", "one-byte"])
def test_unfinished_bodies_hold_neither_places_nor_the_keys_own(tmp_path: Path, begun: bytes) -> None:
    key = Key(name="one", sha256=hash_secret("one"), concurrency=1)
    log_fields = {"authorization": "Bearer one"}
    with (
        running_gateway(tmp_path, keys=[key], max_concurrency=1, queue_limit=0) as url,
        ExitStack() as stack,
    ):
        # the first count reads the encoding, which may take longer than the server waits for a silent body
        httpx2.post(f"{url}/v1/tokens", json={"text": "a"}, headers=log_fields, timeout=60)
        head = HEAD.format("/v1/tokens") + "authorization: Bearer one\r\ncontent-length: 15\r\n\r\n"
        slow = [stack.enter_context(connection_to(url)) for _ in range(20)]
        for connection in slow:
            connection.sendall(head.encode() + begun)
        for _ in range(3):
            counted = httpx2.post(f"{url}/v1/tokens", json={"text": "a"}, headers=log_fields, timeout=60)
            assert counted.status_code == 200
        for connection in slow[:2]:  # which are served once they are whole
            connection.sendall(b'{"text": "abc"}'[len(begun) :])
            assert answer_on(connection)[0] == 200


def test_refusals_do_not_wait_for_the_body(tmp_path: Path) -> None:
    keys = [
        Key(name="slow", sha256=hash_secret("slow"), requests_per_minute=1),
        Key(name="chat", sha256=hash_secret("chat"), scopes=("chat",)),
    ]
    with running_gateway(tmp_path, keys=keys) as url:

        def asked(*headers: str) -> int:
            with connection_to(url) as connection:
                head = HEAD.format("/v1/tokens") + "".join(f"{header}\r\n" for header in headers)
                connection.sendall(f"{head}content-length: 100\r\n\r\n".encode())
                return answer_on(connection)[0]

        assert asked() == 401
        assert asked("authorization: Bearer chat") == 403
        slow = {"authorization": "Bearer slow"}
        httpx2.post(f"{url}/v1/tokens", json={"text": "a"}, headers=slow, timeout=60)
        assert asked("authorization: Bearer slow") == 429


class Counting:
    """A service behind the entrance alone: its one route waits for `go`, and says how long its body was."""

    def __init__(self, folder: Path, **doors: Any) -> None:
        self.go = asyncio.Event()
        self.go.set()

        @post("/work", opt={"work": True, "body": "messages"}, status_code=200)
        async def work(request: Request[Any, Any, Any], body: RawBody) -> dict[str, int]:
            await self.go.wait()
            return {"size": len(body)}

        settings = Settings(cache_dir=str(folder), keys_file=str(folder / "no-keys.json"))
        ours = open_access_control(settings)
        self.doors = type(ours)(**{name: getattr(ours, name) for name in ours.__struct_fields__} | doors)
        watch = AccessLog(metrics=Metrics(), log=None)
        self.app = Litestar(
            [work],
            middleware=[AccessMiddleware(self.doors, watch)],
            exception_handlers=problems.exception_handlers([]),
            before_send=[watch.before_send],
            request_max_body_size=None,
            openapi_config=None,
        )


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def in_thread(act: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(act)


class Impatient(BoundedHttp):
    silence_s = 0.3


@pytest.mark.parametrize("route", ["/v1/scrape", "/v1/tokens", "/v1/chat/completions", "/mcp"])
@pytest.mark.parametrize("begun", [b"", b"{"], ids=["no-byte", "one-byte"])
def test_body_that_falls_silent_is_answered_408(tmp_path: Path, route: str, begun: bytes) -> None:
    with running_gateway(tmp_path, http=Impatient) as url, connection_to(url) as connection:
        connection.sendall(HEAD.format(route).encode() + b"content-length: 100\r\n\r\n" + begun)
        status, headers, document = answer_on(connection)
        assert (status, document.get("error", document)["code"]) == (408, "request_timeout")
        assert headers["connection"] == "close" and connection.recv(1) == b""


class Brief(BoundedHttp):
    silence_s, arrival_s = 3.0, 0.5


def test_body_that_never_ends_is_closed(tmp_path: Path) -> None:
    with running_gateway(tmp_path, http=Brief) as url, connection_to(url) as connection:
        connection.sendall(HEAD.format("/v1/tokens").encode() + b"transfer-encoding: chunked\r\n\r\n")
        with pytest.raises(ConnectionError):
            while True:
                connection.sendall(b"1\r\n \r\n")
                time.sleep(0.05)


class Patient(BoundedHttp):
    silence_s = 3.0


def test_body_that_is_slow_and_steady_is_taken(tmp_path: Path) -> None:
    body = b'{"text": "a"}'.ljust(40)  # which takes 4 s
    with running_gateway(tmp_path, http=Patient) as url, connection_to(url) as connection:
        connection.sendall(HEAD.format("/v1/tokens").encode() + b"content-length: %d\r\n\r\n" % len(body))
        for byte in body:
            time.sleep(0.1)
            connection.sendall(b"%c" % byte)
        assert answer_on(connection)[2]["tokens"] == 1


async def test_bodies_of_all_requests_are_bounded_together(tmp_path: Path) -> None:
    budget = BodyBudget(1_000_000)
    service = Counting(tmp_path, body_budget=budget)
    service.go.clear()
    async with served(service.app) as url, httpx2.AsyncClient(timeout=20) as client:

        def ask(size_bytes: int) -> asyncio.Task[httpx2.Response]:
            return asyncio.create_task(client.post(f"{url}/work", content=b" " * size_bytes))

        first, unfinished = (
            ask(600_000),
            socket.create_connection(urlsplit(url).netloc.split(":"), timeout=20),
        )
        with unfinished:
            await in_thread(
                lambda: unfinished.sendall(
                    HEAD.format("/work").encode() + b"content-length: 400000\r\n\r\n" + b" " * 300_000
                )
            )
            await in_thread(lambda: wait_until(lambda: budget.held_bytes == 900_000))
            refused = await ask(200_000)
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert int(refused.headers["retry-after"]) >= 1
            short = [ask(50_000) for _ in range(10)]
            service.go.set()
            assert [(await answer).json() for answer in [first, *short]] == [{"size": 600_000}] + [
                {"size": 50_000}
            ] * 10
        await in_thread(lambda: wait_until(lambda: not budget.held_bytes))  # of what left unfinished too
        assert (await ask(900_000)).status_code == 200
    assert budget.held_bytes == 0


def test_expect_chunks_and_one_connection_work_together(url: str) -> None:
    body = b'{"text": "one two"}'
    with connection_to(url) as connection:
        connection.sendall(
            HEAD.format("/v1/tokens").encode() + b"content-length: 19\r\nexpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert answer_on(connection)[2] == {"tokenizer": "o200k_base", "tokens": 2}
        connection.sendall(HEAD.format("/v1/tokens").encode() + b"transfer-encoding: chunked\r\n\r\n")
        for byte in body:
            connection.sendall(b"1\r\n%c\r\n" % byte)
        connection.sendall(b"0\r\n\r\n")
        assert answer_on(connection)[2]["tokens"] == 2


def test_requests_on_one_connection_are_answered_in_turn(url: str) -> None:
    texts = ["one", "one two", "one two three"]
    bodies = [json.dumps({"text": text}).encode() for text in texts]
    asked = b"".join(
        HEAD.format("/v1/tokens").encode() + b"content-length: %d\r\n\r\n%b" % (len(body), body)
        for body in bodies
    )
    with connection_to(url) as connection:
        connection.sendall(asked)
        file = connection.makefile("rb")
        counts = []
        for _ in texts:
            head = b""
            while (line := file.readline()) != b"\r\n":
                head += line
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            counts.append(json.loads(file.read(length))["tokens"])
    assert counts == [1, 2, 3]


def test_stream_goes_on_behind_the_entrance(tmp_path: Path, scripted: BackendSettings) -> None:
    body = {"messages": [{"role": "user", "content": "slowly"}], "stream": True}
    with (
        running_gateway(tmp_path, backends=[scripted]) as url,
        httpx2.Client(timeout=30) as client,
        client.stream("POST", f"{url}/v1/chat/completions", json=body) as response,
    ):
        pieces = [piece for piece in response.iter_text() if piece]
    assert "[DONE]" in pieces[-1]
    assert len(pieces) > 2, "deltas come as they are made"
