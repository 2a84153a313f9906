"""The client against the real service: results, errors as the server's classes, retries."""

import asyncio
import inspect
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, get_overloads, get_type_hints

import pytest

from fixtures.site import Site
from gateway import errors, sdk, wire
from gateway.auth.keys import Key, hash_secret
from gateway.sdk.keywords import (
    BatchKeywords,
    CacheKeywords,
    CrawlKeywords,
    ExtractKeywords,
    MapKeywords,
    PageKeywords,
    QuestionKeywords,
    ScrapeKeywords,
    SearchKeywords,
    TokensKeywords,
    WebhookKeywords,
)
from gateway.wire.jobs import BatchRequest, CrawlRequest, MapRequest, PageQuestion, Webhook
from gateway.wire.search import SearchRequest
from tests.service import running_gateway


@contextmanager
def answering(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers in turn, the last one for ever; yields its address and the bodies sent."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            status, headers, body = answers[min(len(bodies), len(answers)) - 1]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", bodies
        finally:
            server.shutdown()
            thread.join()


PROBLEM = b'{"code": "overloaded", "detail": "full", "request_id": "r1", "status": 503}'
COUNTED = b'{"tokenizer": "o200k_base", "tokens": 2, "a_later_field": true}'


def test_scrape_returns_a_typed_page(gateway_url: str, site: Site) -> None:
    with sdk.Client(gateway_url) as client:
        page = client.scrape(site.url + "/pages/documentation-go-tutorial", links="none", max_tokens=300)
    assert page.tokens.content <= 300 and page.cache.status in {"hit", "miss"}
    assert page.next_cursor and "](" not in page.content


def test_async_client_mirrors_the_sync_one(gateway_url: str, site: Site) -> None:
    async def scrape() -> str:
        async with sdk.AsyncClient(gateway_url) as client:
            page, counted = await asyncio.gather(
                client.scrape(site.url + "/pages/documentation-go-tutorial"), client.tokens("two words")
            )
        assert counted.tokens == 2
        return page.content

    with sdk.Client(gateway_url) as client:
        assert asyncio.run(scrape()) == client.scrape(site.url + "/pages/documentation-go-tutorial").content
    public = {name for name in vars(sdk.Client) if not name.startswith("_")} - {"close"}
    assert public == {name for name in vars(sdk.AsyncClient) if not name.startswith("_")} - {"aclose"}


def test_module_functions_use_the_environment(
    gateway_url: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINNOW_URL", gateway_url)
    assert sdk.scrape(html="<p>Hello there.</p>", scope="page").content == "Hello there."
    assert sdk.tokens("two words").tokens == 2


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({"url": "http://10.0.0.1/"}, errors.UrlRefused, id="refused"),
        pytest.param({"html": "<p>x", "tokenizer": "abacus"}, errors.InvalidRequest, id="invalid"),
        pytest.param({"url": "http://name.invalid/"}, errors.DnsFailed, id="dns"),
    ],
)
def test_errors_are_the_servers_own(
    gateway_url: str, options: dict[str, Any], error: type[Exception]
) -> None:
    with sdk.Client(gateway_url) as client, pytest.raises(error) as caught:
        client.scrape(**options)
    assert type(caught.value) is error
    assert isinstance(caught.value, errors.GatewayError) and caught.value.request_id


def test_models_that_are_refused_say_why(tmp_path: Path) -> None:
    keys = [Key(name="ann", sha256=hash_secret("open-sesame"))]
    with running_gateway(tmp_path, keys=keys) as url, sdk.Client(url, api_key="wrong") as client:
        with pytest.raises(errors.Unauthorized, match="revoked") as caught:
            client.models()
        assert caught.value.request_id


def test_unknown_option_fails_before_anything_is_sent() -> None:
    with sdk.Client() as client, pytest.raises(TypeError, match="colour"):
        client.scrape("https://example.com", colour="red")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("scrape", {"max_token": 5}, "unknown field `max_token`; did you mean max_tokens?"),
        ("tokens", {"colour": "red"}, "unknown field `colour`; there are text, messages, tokenizer"),
        ("extract", {"promt": "?"}, "unknown field `promt`; did you mean prompt?"),
        ("extract", {"scrape": {"slect": "p"}}, "scrape: unknown field `slect`; did you mean select?"),
        ("extract", {"cache": {"stor": True}}, "cache: unknown field `stor`; did you mean store?"),
    ],
)
def test_unknown_option_offers_the_nearest(method: str, options: dict[str, Any], words: str) -> None:
    for client in (sdk.Client(), sdk.AsyncClient()):
        with pytest.raises(TypeError, match=re.escape(words)):
            result = getattr(client, method)(**options)
            if inspect.iscoroutine(result):
                asyncio.run(result)


def fields_of(kind: type) -> dict[str, Any]:
    """Name → type, without the bounds."""
    return get_type_hints(kind)


@pytest.mark.parametrize(
    ("keywords", "request_type", "named"),
    [
        (PageKeywords, wire.ScrapeOptions, set()),
        (ScrapeKeywords, wire.ScrapeRequest, {"url"}),
        (TokensKeywords, wire.TokensRequest, {"text"}),
        (CacheKeywords, wire.AnswerCacheOptions, set()),
        (ExtractKeywords, wire.ExtractRequest, {"url", "schema", "stream"}),
        (QuestionKeywords, PageQuestion, set()),
        (WebhookKeywords, Webhook, set()),
        (BatchKeywords, BatchRequest, {"urls"}),
        (CrawlKeywords, CrawlRequest, {"url"}),
        (MapKeywords, MapRequest, {"url"}),
        (SearchKeywords, SearchRequest, {"query", "scrape"}),
    ],
)
def test_keyword_arguments_are_the_fields_of_the_wire(
    keywords: type, request_type: type, named: set[str]
) -> None:
    # a dict does for these as well
    wider: dict[str, Any] = {
        "messages": Sequence[wire.ChatMessage | Mapping[str, Any]] | None,
        "actions": Sequence[wire.Action | Mapping[str, Any]],
        "scrape": wire.ScrapeOptions | PageKeywords,
        "cache": wire.AnswerCacheOptions | CacheKeywords | None,
        "extract": PageQuestion | QuestionKeywords | None,
        "webhook": Webhook | WebhookKeywords | None,
        # a type does as well
        "schema": Any,
    }
    fields = {name: kind for name, kind in fields_of(request_type).items() if name not in named}
    given = {name: kind for name, kind in fields_of(keywords).items() if name not in named}
    assert given == {name: wider.get(name, kind) for name, kind in fields.items()}


@pytest.mark.parametrize(
    "name",
    [
        *("scrape", "tokens", "extract", "pages", "scrape_many", "map", "crawl", "batch", "start_crawl"),
        *("start_batch", "job", "jobs", "search"),
    ],
)
def test_sync_async_and_function_take_the_same(name: str) -> None:
    def parameters(function: Any) -> list[tuple[str, Any, Any]]:
        return [
            (p.name, p.kind, p.default)
            for p in inspect.signature(function).parameters.values()
            if p.name != "self"
        ]

    def overloads(function: Any) -> list[list[Any]]:
        return [parameters(each) for each in get_overloads(function)]

    sync, other, function = getattr(sdk.Client, name), getattr(sdk.AsyncClient, name), getattr(sdk, name)
    assert parameters(sync) == parameters(other) == parameters(function)
    assert overloads(sync) == overloads(other) == overloads(function)


def test_no_gateway_says_how_to_start_one() -> None:
    with (
        sdk.Client("http://127.0.0.1:9") as client,
        pytest.raises(errors.GatewayUnreachable, match="winnow serve"),
    ):
        client.tokens("x")


def test_overload_is_tried_again_after_what_the_server_asks() -> None:
    with answering((503, {"retry-after": "0"}, PROBLEM), (200, {}, COUNTED)) as (url, bodies):
        with sdk.Client(url) as client:
            assert client.tokens("two words").tokens == 2
        assert len(bodies) == 2


def test_overload_is_given_up_after_the_last_try() -> None:
    with answering((503, {"retry-after": "0"}, PROBLEM)) as (url, bodies):
        with sdk.Client(url, tries=2) as client, pytest.raises(errors.Overloaded, match="full") as caught:
            client.tokens("x")
        assert len(bodies) == 2 and caught.value.request_id == "r1"


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        pytest.param(502, {}, b'{"code": "dns_failed", "detail": "no"}', id="not-ours-to-retry"),
        pytest.param(503, {"retry-after": "3600"}, PROBLEM, id="too-long-a-wait"),
        pytest.param(500, {}, b"<html>proxy error</html>", id="not-a-problem-document"),
    ],
)
def test_other_failures_are_raised_at_once(status: int, headers: dict[str, str], body: bytes) -> None:
    with answering((status, headers, body)) as (url, bodies):
        with sdk.Client(url) as client, pytest.raises(errors.GatewayError):
            client.tokens("x")
        assert len(bodies) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:port", "http://[::1", "127.0.0.1:8000", "http://a\x01b"])
def test_wrong_address_is_an_unreachable_gateway(url: str) -> None:
    with pytest.raises(errors.GatewayUnreachable), sdk.Client(url) as client:
        client.tokens("x")


def test_password_of_the_address_is_in_no_error() -> None:
    for url in ("http://me:s3cret@127.0.0.1:9", "http://me:s3cret#@127.0.0.1:9"):
        with pytest.raises(errors.GatewayUnreachable) as caught, sdk.Client(url) as client:
            client.tokens("x")
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        pytest.param(200, {"content-type": "text/html"}, "no gateway", id="another-service"),
        pytest.param(200, {"content-encoding": "gzip"}, "no gateway", id="damaged"),
        pytest.param(
            301, {"location": "https://elsewhere.example/"}, "https://elsewhere.example/", id="moved"
        ),
    ],
)
def test_what_is_no_gateway_is_said_to_be_none(status: int, headers: dict[str, str], words: str) -> None:
    with answering((status, headers, b"<html>Welcome")) as (url, _), sdk.Client(url) as client:
        for stream in (False, True):
            with pytest.raises(errors.GatewayUnreachable, match=words):
                list(client.extract("https://example.com", prompt="?", stream=stream))  # type: ignore[call-overload]


def test_key_from_a_file_loses_its_line_end(gateway_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_URL", gateway_url + "\r\n")
    monkeypatch.setenv("WINNOW_API_KEY", "wnw_TOPSECRET\r\n")
    assert sdk.tokens("two words").tokens == 2


@pytest.mark.parametrize("key", ["wnw_TOP\nSECRET", "wnw_TOP\x7fSECRET", "wnw_TOPSECRÉT"])
def test_key_that_no_header_can_carry_is_refused_unquoted(key: str) -> None:
    with pytest.raises(errors.InvalidRequest, match="WINNOW_API_KEY") as caught:
        sdk.Client(api_key=key)
    assert "TOP" not in str(caught.value)


def test_client_sends_only_what_differs_from_the_defaults() -> None:
    with answering((200, {}, COUNTED)) as (url, bodies):
        with sdk.Client(url) as client:
            client.tokens("x")
        assert bodies == [b'{"text":"x"}']


def test_import_brings_in_no_heavy_package() -> None:
    probe = (
        "import sys; from gateway import sdk; "
        "print([m for m in ('litestar', 'openai', 'selectolax', 'uvicorn', 'numpy') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_answers_show_themselves_in_notebooks_and_become_dictionaries(gateway_url: str, site: Site) -> None:
    with sdk.Client(gateway_url) as client:
        page = client.scrape(site.url + "/pages/documentation-go-tutorial", max_tokens=100)
    assert page._repr_markdown_().startswith(page.content)
    found = page.to_dict()
    assert found["tokens"]["content"] == page.tokens.content and "links" not in found


CALLS = sorted(name for name in vars(sdk.Client) if not name.startswith("_") and name != "close")


@pytest.mark.parametrize("name", CALLS)
def test_every_argument_of_a_call_is_described_wherever_it_is_called(name: str) -> None:
    """Editors show the docstring of what is called: method, method of `AsyncClient`, function."""
    described = inspect.getdoc(getattr(sdk.Client, name))
    arguments = inspect.signature(getattr(sdk.Client, name)).parameters.keys() - {"self"}
    assert described
    assert [each for each in arguments if f"\n    {each}: " not in described] == []
    assert inspect.getdoc(getattr(sdk.AsyncClient, name)) == described
    assert inspect.getdoc(getattr(sdk, name)) == described
