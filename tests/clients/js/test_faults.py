"""What goes wrong between the JavaScript client and a gateway: retries, cut streams, other services, addresses."""

import json
import socket
from typing import Any

import pytest

from tests.clients.js.conftest import Script
from tests.leaks import eventually
from tests.upstream import JSON, Heard, Said, upstream

pytestmark = pytest.mark.anyio

PROBLEM = (
    b'{"code": "overloaded", "detail": "full", "request_id": "r1", "status": 503, "extra": {"queued": 9}}'
)
COUNTED = Said([b'{"tokenizer": "o200k_base", "tokens": 2, "a_later_field": true}'], headers=JSON)
SOURCE = b'event: source\ndata: {"index": 0, "title": "a"}\n\n'
DELTA = b'event: delta\ndata: {"text": "Hello"}\n\n'
DONE = b'event: done\ndata: {"text": "Hello", "finish_reason": "stop"}\n\n'
READ = """
    const events = [];
    const read = async (options) => {
      for await (const event of sdk.extract("https://a.test", { prompt: "?", stream: true, ...options })) {
        events.push(event.type);
      }
    };
"""


def refused(status: int, **headers: str) -> Said:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Said([PROBLEM], status=status, headers=JSON | named)


def root(url: str) -> str:
    return url.removesuffix("/v1")


async def test_no_gateway_says_how_to_start_one(script: Script) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    error = await script("show(told(await failure(sdk.tokens('x'))));", WINNOW_URL=url)
    assert (error["code"], error["status"]) == ("gateway_unreachable", 503)
    assert (
        "winnow serve" in error["message"] and url in error["message"] and "ECONNREFUSED" in error["message"]
    )


@pytest.mark.parametrize("headers", [{"retry_after": "0"}, {"retry_after_ms": "1"}, {}])
async def test_overload_is_tried_again(script: Script, headers: dict[str, str]) -> None:
    left = [refused(503, **headers), refused(429, **headers)]

    def answer(_: Heard) -> Said:
        return left.pop() if left else COUNTED

    # without Retry-After it waits of itself
    tries = 3 if headers else 2
    left = left[: tries - 1]
    async with upstream(answer) as server:
        assert await script("show((await sdk.tokens('two words')).tokens);", WINNOW_URL=root(server.url)) == 2
        assert len(server.heard) == tries
        assert server.heard[0].body == {"text": "two words"}


async def test_job_that_is_created_again_is_the_same(script: Script) -> None:
    left = [refused(503, retry_after="0")]
    created = Said([b'{"id": "j1", "url": "/v1/jobs/j1"}'], status=202, headers=JSON)
    async with upstream(lambda _: left.pop() if left else created) as server:
        assert await script(
            "show((await sdk.batch(['https://a.test']).start()).id);", WINNOW_URL=root(server.url)
        )
        first, second = (heard.headers["idempotency-key"] for heard in server.heard)
        assert first == second and len(first) == 32


@pytest.mark.parametrize(
    ("answer", "tries", "sent", "wait_s"),
    [
        pytest.param(refused(503, retry_after="0"), 2, 2, 0, id="last-try"),
        pytest.param(refused(429, retry_after="3600"), 3, 1, 3600, id="too-long-a-wait"),
        pytest.param(refused(502), 3, 1, None, id="not-ours-to-retry"),
    ],
)
async def test_other_failures_are_raised_at_once(
    script: Script, answer: Said, tries: int, sent: int, wait_s: float | None
) -> None:
    async with upstream(answer) as server:
        program = f"show(told(await failure(new Client({{ tries: {tries} }}).tokens('x'))));"
        error = await script(program, WINNOW_URL=root(server.url))
        assert len(server.heard) == sent
    assert error == {
        **{"name": "WinnowError", "code": "overloaded", "message": "full", "status": answer.status},
        **{"retryAfterS": wait_s, "requestId": "r1", "extra": {"queued": 9}},
    }


async def test_wait_may_be_a_date(script: Script) -> None:
    async with upstream(refused(503, retry_after="Fri, 31 Dec 2100 23:59:59 GMT")) as server:
        error = await script("show(told(await failure(sdk.tokens('x'))));", WINNOW_URL=root(server.url))
    assert error["retryAfterS"] > 1e9


async def test_wait_ends_with_the_signal(script: Script) -> None:
    async with upstream(refused(503, retry_after="29")) as server:
        program = "show((await failure(sdk.tokens('x', { signal: AbortSignal.timeout(200) }))).name);"
        assert await script(program, WINNOW_URL=root(server.url)) == "TimeoutError"


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        pytest.param(
            Said([b"<html>Bad gateway"], 502, {}), "internal_error", "502 without saying why", id="proxy"
        ),
        pytest.param(
            Said([b"<html>Welcome"], 200, {"content-type": "text/html"}),
            "gateway_unreachable",
            "no gateway",
            id="html",
        ),
        pytest.param(
            Said([b'{"ok": true}'], 200, JSON), "gateway_unreachable", "no gateway", id="another-service"
        ),
        pytest.param(Said([b"null"], 200, JSON), "gateway_unreachable", "no gateway", id="null"),
        pytest.param(Said([b'"no"'], 500, JSON), "internal_error", "500 without", id="text"),
        pytest.param(
            Said([], 301, {"location": "https://else.test/"}),
            "gateway_unreachable",
            "https://else.test/",
            id="moved",
        ),
        pytest.param(
            Said([b'{"tok', ConnectionResetError], 200, JSON), "gateway_unreachable", "broke off", id="cut"
        ),
    ],
)
async def test_what_is_no_gateway_is_said_to_be_none(
    script: Script, answer: Said, code: str, words: str
) -> None:
    async with upstream(answer) as server:
        whole = await script("show(told(await failure(sdk.tokens('x'))));", WINNOW_URL=root(server.url))
        streamed = await script(f"{READ} show(told(await failure(read())));", WINNOW_URL=root(server.url))
    assert whole["code"] == code and words in whole["message"]
    assert streamed["code"] == code


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        pytest.param([SOURCE, DELTA, ConnectionResetError], "broke off", id="connection-lost"),
        pytest.param([SOURCE, DELTA, DONE[:-1]], "without `done`", id="ended-early"),
        pytest.param([SOURCE, DELTA, b"event: done\ndata: {\n\n"], "no JSON", id="damaged"),
    ],
)
async def test_cut_stream_is_an_error_after_what_came(script: Script, pieces: list[Any], words: str) -> None:
    async with upstream(Said(pieces)) as server:
        events, error = await script(
            f"{READ} const error = told(await failure(read())); show([events, error]);",
            WINNOW_URL=root(server.url),
        )
    assert events == ["source", "delta"]
    assert error["code"] in {"backend_interrupted", "gateway_unreachable"} and words in error["message"]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            """const stop = new AbortController();
            const error = await failure((async () => {
              for await (const event of sdk.extract({ content: "x", prompt: "?", stream: true, signal: stop.signal })) {
                stop.abort();
              }
            })());
            show(error.name);""",
            id="signal",
        ),
        pytest.param(
            """for await (const event of sdk.extract({ content: "x", prompt: "?", stream: true })) break;
            show("AbortError");""",
            id="break",
        ),
    ],
)
async def test_who_leaves_a_stream_ends_the_work(script: Script, program: str) -> None:
    async with upstream(Said([SOURCE, 60.0])) as server:
        assert await script(program, WINNOW_URL=root(server.url)) == "AbortError"
        await eventually(server.left.is_set)


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_events_may_be_cut_anywhere(script: Script, size: int) -> None:
    text = "北京 \u2028 😀: x"
    stream = (
        "\ufeff: a comment\r\n\r\nevent: delta\r\ndata:"
        + json.dumps({"text": text}, ensure_ascii=False)
        + "\r\n\r\n"
        'event: delta\rdata: {"text":\rdata: "two lines"}\r\revent: later\ndata: {}\n\ndata: {}\n\n'
        + DONE.decode()
    ).encode()
    async with upstream(Said([stream[at : at + size] for at in range(0, len(stream), size)])) as server:
        shown = await script(
            """
            const events = [];
            for await (const event of sdk.extract({ content: "x", prompt: "?", stream: true })) events.push(event);
            show(events);
            """,
            WINNOW_URL=root(server.url),
        )
    assert [(event["type"], event["text"]) for event in shown] == [
        ("delta", text),
        ("delta", "two lines"),
        ("done", "Hello"),
    ]


async def test_results_say_why_they_end(script: Script) -> None:
    failure = {"error": {"code": "jobs_unavailable", "detail": "it is gone", "status": 503}}
    lines = b'{"seq": 1}\n\n' + json.dumps(failure).encode() + b"\n"
    async with upstream(Said([lines], headers={"content-type": "application/x-ndjson"})) as server:
        # what is lost is tried again; the signal ends that
        shown = await script(
            """
            const stop = new AbortController(), seen = [];
            const error = await failure((async () => {
              for await (const { seq } of sdk.job("j1", { signal: stop.signal })) {
                if (seen.push(seq) === 2) stop.abort();
              }
            })());
            show([seen, error.name]);
            """,
            WINNOW_URL=root(server.url),
        )
        assert [heard.path for heard in server.heard] == [
            "/v1/jobs/j1/results?after=0",
            "/v1/jobs/j1/results?after=1",
        ]
    assert shown == [[1, 1], "AbortError"]


async def test_silence_has_an_end(script: Script) -> None:
    shown = await script(
        """
        const { mock } = await import("node:test");
        mock.timers.enable({ apis: ["setTimeout"] });
        const silent = (url, { signal }) => new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
        const client = new Client({ fetch: silent });
        const page = failure(client.scrape("https://a.test", { timeout_s: 5 }));
        const answer = failure(client.extract({ content: "x", prompt: "?" }));
        mock.timers.tick(15_000);
        const first = told(await page);
        mock.timers.tick(895_000);
        show([first, told(await answer)]);
        """,
        # timers that a program moves are an experiment of Node 20's
        NODE_NO_WARNINGS="1",
    )
    assert [error["code"] for error in shown] == ["gateway_unreachable"] * 2
    assert "silent for 15 s" in shown[0]["message"] and "silent for 910 s" in shown[1]["message"]


async def test_who_takes_long_with_an_event_does_not_lose_the_stream(script: Script) -> None:
    pieces = [each.decode() for each in (SOURCE, DELTA, DONE)]
    program = """
        const { mock } = await import("node:test");
        mock.timers.enable({ apis: ["setTimeout"] });
        const happened = [];
        const fetch = async (url, { signal }) => {
          signal.addEventListener("abort", () => happened.push("the connection ends"));
          const pull = (control) => {
            if (pieces.length) control.enqueue(new TextEncoder().encode(pieces.shift()));
            else control.close();
          };
          const headers = { "content-type": "text/event-stream" };
          return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers });
        };
        for await (const { type } of new Client({ fetch }).extract({ prompt: "?", stream: true })) {
          happened.push(type);
          mock.timers.tick(1_000_000);
        }
        show(happened);
    """
    shown = await script(f"const pieces = {json.dumps(pieces)};{program}", NODE_NO_WARNINGS="1")
    assert shown == ["source", "delta", "done", "the connection ends"]


async def test_limit_of_nodes_own_fetch_is_named(script: Script) -> None:
    shown = await script(
        """
        const cause = Object.assign(new Error("Headers Timeout Error"), { code: "UND_ERR_HEADERS_TIMEOUT" });
        const fetch = async () => { throw new TypeError("fetch failed", { cause }); };
        show(told(await failure(new Client({ fetch }).extract({ content: "x", prompt: "?" }))));
        """
    )
    assert "ask for a stream" in shown["message"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:port",
        "http://[::1",
        "127.0.0.1:8000",
        "localhost:8000",
        "http://a.test/?x=1",
        "ftp://a",
    ],
)
async def test_wrong_address_is_an_unreachable_gateway(script: Script, url: str) -> None:
    error = await script("show(told(await failure(sdk.tokens('x'))));", WINNOW_URL=url)
    assert error["code"] == "gateway_unreachable" and "is no address of a gateway" in error["message"]


@pytest.mark.parametrize(
    "url", ["http://me:s3cret@127.0.0.1:1", "http://me:1#s3cret@127.0.0.1:1", "http://me:%s3cret@a"]
)
async def test_password_of_the_address_is_in_no_error(script: Script, url: str) -> None:
    code, shown = await script(
        """
        const { code, stack, cause } = await failure(sdk.tokens("x"));
        show([code, `${stack} ${cause?.stack} ${cause?.input}`]);
        """,
        WINNOW_URL=url,
    )
    assert code == "gateway_unreachable" and "s3cret" not in shown


async def test_who_asks_is_said_in_headers(script: Script) -> None:
    async with upstream(COUNTED) as server:
        url = root(server.url)
        program = "show((await sdk.tokens('x')).tokens);"
        await script(program, WINNOW_URL=f" {url}/\r\n", WINNOW_API_KEY="wnw_KEY\r\n")
        await script(
            program, WINNOW_URL=url.replace("//", "//me:p%C3%A4ss@") + "/sub/", WINNOW_API_KEY="wnw_KEY"
        )
        await script(program, WINNOW_URL=url)
        bearer, basic, neither = server.heard
    assert (bearer.path, bearer.headers["authorization"]) == ("/v1/tokens", "Bearer wnw_KEY")
    assert (basic.path, basic.headers["authorization"]) == ("/sub/v1/tokens", "Basic bWU6cMOkc3M=")
    assert basic.headers["x-api-key"] == "wnw_KEY"
    assert neither.headers.keys().isdisjoint({"authorization", "x-api-key"})


@pytest.mark.parametrize("key", ["wnw_TOP\nSECRET", "wnw_TOP\x7fSECRET", "wnw_TOPSECRÉT"])
async def test_key_that_no_header_can_carry_is_refused_unquoted(script: Script, key: str) -> None:
    error = await script("show(told(await failure(sdk.tokens('x'))));", WINNOW_API_KEY=key)
    assert error["code"] == "invalid_request" and "WINNOW_API_KEY" in error["message"]
    assert "TOP" not in error["message"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("new Client({ apikey: 'x' })", "unknown option `apikey`; there are url, apiKey, tries, fetch"),
        ("new Client('http://a.test')", "new Client({ url, apiKey })"),
        ("new Client({ tries: 0 })", "tries must be at least 1, not 0"),
        ("sdk.batch('https://a.test')", "a list of addresses"),
        ("sdk.batch()", "a list of addresses"),
        ("await sdk.scrapeMany('https://a.test').next()", "a list of addresses"),
        ("await sdk.scrapeMany([], { concurrency: 0 }).next()", "concurrency must be at least 1, not 0"),
    ],
)
async def test_wrong_use_fails_before_anything_is_sent(script: Script, call: str, words: str) -> None:
    assert words in await script(f"show((await failure((async () => {{ {call} }})())).message);")


async def test_many_calls_share_a_signal(script: Script) -> None:
    """Node warns on standard error of a signal with more than ten listeners."""
    async with upstream(Said([60.0])) as server:
        shown = await script(
            """
            const stop = new AbortController(), { signal } = stop;
            const calls = [...Array(12)].map((_, n) => failure(sdk.tokens(`${n}`, { signal })));
            const many = failure((async () => {
              for await (const page of sdk.scrapeMany(Array(20).fill("https://a.test"), { concurrency: 20, signal }));
            })());
            setTimeout(() => stop.abort(new Error("enough")), 300);
            show((await Promise.all([...calls, many])).map(({ message }) => message));
            """,
            WINNOW_URL=root(server.url),
        )
    assert shown == ["enough"] * 13


async def test_gateway_that_is_not_ready_is_an_answer(script: Script) -> None:
    unready = b'{"status": "unready", "draining": true, "checks": {"cache": "it is full"}}'
    async with upstream(Said([unready], status=503, headers=JSON)) as server:
        shown = await script("show(await sdk.health());", WINNOW_URL=root(server.url))
        assert len(server.heard) == 1
    assert shown == json.loads(unready)
