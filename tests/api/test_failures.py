"""What each dialect answers to each kind of failure: real requests to the real service, and its clients' own errors."""

import json
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx2
import openai
import pytest
from msgspec import Struct

from backends.specs import BackendSettings, ModelSpec
from fixtures.site import Answer, Site, running_site
from gateway.auth.keys import Key, hash_secret
from gateway.server.protocol import BoundedHttp
from gateway.workers.pool import WorkerPool
from tests.leaks import wait_until
from tests.service import running_gateway

with warnings.catch_warnings():
    # of pydantic, about names of fields
    warnings.simplefilter("ignore")
    from firecrawl import Firecrawl
    from firecrawl.v2.utils import error_handler as faults

SCRIPT = """[
  {"match": "broken", "panic_after": 0, "deltas": ["never"]},
  {"match": "busy", "status": 429, "retry_after_s": 7},
  {"match": "down", "status": 503},
  {"deltas": ["Hello."]}
]"""
INVALID, GENERAL = "invalid_request_error", "api_error"


class Dialect(Struct, kw_only=True, frozen=True):
    """Where a dialect is asked, what for, and what its clients read of a failure: name and words."""

    path: str
    unserved: str
    # a request that works, of a page or of a prompt
    ask: Callable[[str], dict[str, Any]]
    read: Callable[[dict[str, Any]], tuple[str | None, str]]
    media_type: str = "application/json"


def prompt(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": text}]} | more


def of_page(url: str) -> dict[str, Any]:
    return {"url": url}


def of_openai(body: dict[str, Any]) -> tuple[str | None, str]:
    error = body["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return f"{error['type']} {error['code']}", error["message"]


def of_anthropic(body: dict[str, Any]) -> tuple[str | None, str]:
    assert body["type"] == "error" and body["request_id"]
    return body["error"]["type"], body["error"]["message"]


def of_firecrawl(body: dict[str, Any]) -> tuple[str | None, str]:
    assert body["success"] is False
    return body["code"], body["error"]


def of_jina(body: dict[str, Any]) -> tuple[str | None, str]:
    assert body["data"] is None and body["status"] == body["code"] * 100
    assert body["readableMessage"] == f"{body['name']}: {body['message']}"
    return body["name"], body["message"]


def of_native(body: dict[str, Any]) -> tuple[str | None, str]:
    assert body["type"] == f"urn:winnow:error:{body['code']}" and body["request_id"] and body["title"]
    return body["code"], body["detail"]


DIALECTS = {
    "native": Dialect(
        path="/v1/scrape",
        unserved="/v1/nothing",
        ask=of_page,
        read=of_native,
        media_type="application/problem+json",
    ),
    "openai": Dialect(path="/v1/chat/completions", unserved="/v1/files", ask=prompt, read=of_openai),
    "anthropic": Dialect(path="/v1/messages", unserved="/v1/messages/batches", ask=prompt, read=of_anthropic),
    "firecrawl": Dialect(path="/v2/scrape", unserved="//v2/team", ask=of_page, read=of_firecrawl),
    "firecrawl-v1": Dialect(
        path="/firecrawl/v1/scrape", unserved="/firecrawl/v1/team", ask=of_page, read=of_firecrawl
    ),
    "jina": Dialect(path="/jina", unserved="/jinas", ask=of_page, read=of_jina),
}
PAGES, MODELS = ("native", "firecrawl", "firecrawl-v1", "jina"), ("openai", "anthropic")


class Kind(Struct, kw_only=True, frozen=True):
    """A kind of failure: its status and our code, and what stands for them elsewhere.

    `openai` is the type, and the code where that is another one; `firecrawl` has status and code of its own.
    """

    status: int
    code: str
    words: str
    openai: str = INVALID
    anthropic: str = INVALID
    firecrawl: tuple[int, str] | None = None
    headers: tuple[str, ...] = ()

    def told(self, dialect: str) -> tuple[int, str]:
        if dialect == "anthropic":
            return self.status, self.anthropic
        if dialect == "openai":
            return self.status, self.openai if " " in self.openai else f"{self.openai} {self.code}"
        if dialect.startswith("firecrawl") and self.firecrawl:
            return self.firecrawl
        return self.status, self.code


BAD = {"status": 400, "code": "invalid_request"}
KINDS = {
    "empty": Kind(**BAD, words="empty"),
    "no-json": Kind(**BAD, words="not valid JSON"),
    "no-utf8": Kind(**BAD, words="not valid UTF-8"),
    "nested": Kind(**BAD, words="nested too deeply"),
    "list": Kind(**BAD, words="Expected `object`, got `array`"),
    "wrong-type": Kind(**BAD, words=": Expected `"),
    "too-long": Kind(status=413, code="too_large", words="longer than the", anthropic="request_too_large"),
    "silent": Kind(status=408, code="request_timeout", words="nothing more came"),
    "no-route": Kind(status=404, code="not_found", words="no such route; /docs", anthropic="not_found_error"),
    "no-method": Kind(status=405, code="method_not_allowed", words="Allow", headers=("allow",)),
    "no-key": Kind(
        status=401,
        code="unauthorized",
        words="asks for a key",
        openai="authentication_error",
        anthropic="authentication_error",
        headers=("www-authenticate",),
    ),
    "no-scope": Kind(
        status=403,
        code="forbidden",
        words="needs the scope",
        openai="permission_error",
        anthropic="permission_error",
    ),
    "too-often": Kind(
        status=429,
        code="rate_limited",
        words="requests a minute",
        openai="rate_limit_error",
        anthropic="rate_limit_error",
        headers=("retry-after", "x-ratelimit-remaining"),
    ),
    "overloaded": Kind(
        status=503,
        code="overloaded",
        words="again",
        openai=GENERAL,
        anthropic="overloaded_error",
        headers=("retry-after",),
    ),
    "fault": Kind(
        status=500,
        code="internal_error",
        words="the request id finds the reason",
        openai=GENERAL,
        anthropic=GENERAL,
    ),
    # of models
    "no-model": Kind(
        status=404,
        code="not_found",
        words="nobody",
        openai=f"{INVALID} model_not_found",
        anthropic="not_found_error",
    ),
    "too-much": Kind(
        status=400,
        code="context_overflow",
        words="tokens",
        openai=f"{INVALID} context_length_exceeded",
    ),
    "limited": Kind(
        status=429,
        code="backend_rate_limited",
        words="m",
        openai="rate_limit_error",
        anthropic="rate_limit_error",
        headers=("retry-after",),
    ),
    "down": Kind(
        status=503,
        code="backend_unavailable",
        words="m",
        openai=GENERAL,
        anthropic="overloaded_error",
    ),
    # of pages
    "private": Kind(status=400, code="url_refused", words="address policy"),
    "no-name": Kind(
        status=502,
        code="dns_failed",
        words="nowhere.invalid",
        firecrawl=(422, "SCRAPE_DNS_RESOLUTION_ERROR"),
    ),
    "missing": Kind(status=502, code="origin_status", words="404", firecrawl=(422, "origin_status")),
    "slow": Kind(status=504, code="fetch_timeout", words="within", firecrawl=(408, "fetch_timeout")),
}
OF_MODELS, OF_PAGES = ("no-model", "too-much", "limited", "down"), ("private", "no-name", "missing", "slow")
ROWS = [
    (kind, dialect)
    for kind in KINDS
    for dialect in (MODELS if kind in OF_MODELS else PAGES if kind in OF_PAGES else DIALECTS)
    if kind != "silent"
]


class Impatient(BoundedHttp):
    silence_s = 0.3


@pytest.fixture(scope="module")
def pages() -> Iterator[Site]:
    with running_site({}) as site:
        site.extra = {"/missing": Answer(404, {}, b"")}
        yield site


@pytest.fixture(scope="module")
def url(pages: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway with the keys `ann`, `none`, which may do nothing, and for each dialect one that may ask once."""
    folder = tmp_path_factory.mktemp("failures")
    (folder / "script.json").write_text(SCRIPT)
    model = ModelSpec(name="m", context_tokens=1000)
    backend = BackendSettings(name="b", kind="scripted", path=str(folder / "script.json"), models=[model])
    keys = [
        Key(name="ann", sha256=hash_secret("ann")),
        Key(name="none", sha256=hash_secret("none"), scopes=("admin",)),
    ]
    for name in DIALECTS:
        secret = f"once-{name}"
        keys.append(Key(name=secret, sha256=hash_secret(secret), requests_per_minute=1))
    settings = {"allow_targets": [pages.target], "max_body_bytes": 1_000_000, "fetch_timeout_s": 1}
    with running_gateway(folder, http=Impatient, backends=[backend], keys=keys, **settings) as address:
        yield address


@pytest.fixture(scope="module")
def full_url(pages: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway whose only place is taken."""
    with (
        running_gateway(
            tmp_path_factory.mktemp("full"),
            allow_targets=[pages.target],
            max_concurrency=1,
            queue_limit=0,
            # the place is taken until the last of these tests, however busy the machine is
            fetch_timeout_s=120,
        ) as address,
        ThreadPoolExecutor() as pool,
    ):
        held = f"{pages.url}/held/full/"
        answer = pool.submit(httpx2.post, f"{address}/v1/scrape", json={"url": held}, timeout=180)
        wait_until(lambda: pages.hits["/held/full/"] == 1)
        yield address
        pages.released.add("full")
        answer.result()


def send(
    url: str,
    dialect: Dialect,
    body: Any = None,
    *,
    method: str = "POST",
    path: str | None = None,
    key: str = "ann",
) -> httpx2.Response:
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    return httpx2.request(method, url + (path or dialect.path), headers=headers, timeout=60, **content)


BODIES = {
    "empty": b"",
    "no-json": b"{",
    "no-utf8": b'{"url": "\xff"}',
    "nested": b'{"a":' + b"[" * 9999,
    "list": b"[]",
    "too-long": b" " * 9_000_000,
    "private": of_page("http://10.0.0.1/"),
    "no-name": of_page("http://nowhere.invalid/"),
    "no-model": prompt("Hello", model="nobody"),
    "too-much": prompt("Hello " * 2000),
    "limited": prompt("busy"),
    "down": prompt("down"),
}


async def broken(*_: object) -> object:
    raise ZeroDivisionError("a secret of ours")


def provoke(kind: str, name: str, url: str, full_url: str, pages: Site) -> httpx2.Response:
    """The answer to a request of a dialect that fails in this way."""
    dialect = DIALECTS[name]
    good = dialect.ask("Hello" if name in MODELS else f"{pages.url}/")
    match kind:
        case "wrong-type":
            return send(url, dialect, dict.fromkeys(good, True))
        case "no-route":
            return send(url, dialect, good, path=dialect.unserved)
        case "no-method":
            return send(url, dialect, method="PATCH")
        case "no-key":
            return send(url, dialect, good, key="")
        case "no-scope":
            return send(url, dialect, good, key="none")
        case "too-often":
            send(url, dialect, b"", key=f"once-{name}")
            return send(url, dialect, good, key=f"once-{name}")
        case "overloaded":
            return send(full_url, dialect, good)
        case "fault":
            return send(url, dialect, prompt("broken") if name in MODELS else good)
        case "missing":
            return send(url, dialect, of_page(f"{pages.url}/missing"))
        case "slow":
            return send(url, dialect, of_page(f"{pages.url}/slow/20000/"))
    return send(url, dialect, BODIES[kind])


def check(kind: str, name: str, status: int, headers: dict[str, str], body: dict[str, Any]) -> None:
    wanted, dialect = KINDS[kind], DIALECTS[name]
    found, words = dialect.read(body)
    assert (status, found) == wanted.told(name), words
    assert wanted.words in words and "secret" not in words
    assert headers["content-type"].partition(";")[0] == dialect.media_type
    assert {"x-request-id", *wanted.headers} <= headers.keys()
    assert body.get("request_id", headers["x-request-id"]) == headers["x-request-id"]


@pytest.mark.parametrize(("kind", "name"), ROWS)
def test_failure_is_told_in_the_words_of_the_dialect(
    kind: str, name: str, url: str, full_url: str, pages: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "fault":
        monkeypatch.setattr(WorkerPool, "run", broken)
    answer = provoke(kind, name, url, full_url, pages)
    check(kind, name, answer.status_code, dict(answer.headers), answer.json())


@pytest.mark.parametrize("name", DIALECTS)
def test_silence_is_told_in_the_words_of_the_dialect(name: str, url: str) -> None:
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection:
        connection.putrequest("POST", DIALECTS[name].path)
        for header in ("authorization: Bearer ann", "content-type: application/json", "content-length: 99"):
            connection.putheader(*header.split(": "))
        connection.endheaders(b"{")
        answer = connection.getresponse()
        headers = {key.lower(): value for key, value in answer.getheaders()}
        check("silent", name, answer.status, headers, json.loads(answer.read()))


CLIENTS: dict[str, Callable[[str, str, str], object]] = {
    "openai": lambda url, key, asked: openai.OpenAI(
        base_url=f"{url}/v1", api_key=key, max_retries=0
    ).chat.completions.create(**prompt(asked)),
    "anthropic": lambda url, key, asked: anthropic.Anthropic(
        base_url=url, api_key=key, max_retries=0
    ).messages.create(**prompt(asked)),
    "firecrawl": lambda url, key, asked: Firecrawl(api_key=key, api_url=url).scrape(asked),
}


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize(
    ("kind", "key", "errors"),
    [
        ("no-key", "nobody", ("AuthenticationError", "UnauthorizedError")),
        ("no-scope", "none", ("PermissionDeniedError", "WebsiteNotSupportedError")),
        ("too-often", "once-{}", ("RateLimitError", "RateLimitError")),
        ("fault", "ann", ("InternalServerError", "InternalServerError")),
        ("overloaded", "ann", ("InternalServerError", "FirecrawlError")),
    ],
)
def test_clients_raise_errors_of_their_own(
    kind: str,
    key: str,
    errors: tuple[str, str],
    name: str,
    url: str,
    full_url: str,
    pages: Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if kind == "fault":
        monkeypatch.setattr(WorkerPool, "run", broken)
    elif kind == "too-often":
        send(url, DIALECTS[name], b"", key=key.format(name))
    expected = (
        getattr(faults, errors[1])
        if name == "firecrawl"
        else getattr({"openai": openai, "anthropic": anthropic}[name], errors[0])
    )
    asked = f"{pages.url}/" if name == "firecrawl" else "broken" if kind == "fault" else "Hello"
    with pytest.raises(expected) as caught:
        CLIENTS[name](full_url if kind == "overloaded" else url, key.format(name), asked)
    assert caught.value.status_code == KINDS[kind].status
