"""Redirects, privacy between callers, retries and manners, over real sockets."""

import asyncio
import time
from email.utils import formatdate
from typing import Any

import pytest

from fixtures.site import Site
from gateway.errors import (
    ConnectFailed,
    DnsFailed,
    FetchTimeout,
    InvalidRequest,
    RobotsDenied,
    TooManyRedirects,
    UrlRefused,
)
from gateway.fetch.base import FetchRequest
from gateway.fetch.http.host_limits import FAILURES_TO_OPEN
from tests.fetch.origins import Exchange, StubDns, fetcher, origin

pytestmark = pytest.mark.anyio


async def ok(exchange: Exchange) -> None:
    await exchange.answer(exchange.head)


def redirects_to(location: str, *, status: str = "302 Found") -> Any:
    async def behave(exchange: Exchange) -> None:
        await exchange.answer(b"", status=status, headers=f"location: {location}\r\n")

    return behave


async def test_page_arrives_as_the_site_serves_it() -> None:
    async with Site().serving() as site, fetcher(int(site.url.rpartition(":")[2])) as fetch:
        for slug in sorted(site.pages)[:3]:
            plain = await fetch.fetch(FetchRequest(url=f"{site.url}/pages/{slug}"))
            for coding in ("gzip", "deflate", "br", "zstd"):
                coded = await fetch.fetch(FetchRequest(url=f"{site.url}/coding/{coding}/pages/{slug}"))
                assert coded.body == plain.body
        assert site.requests[-1].headers["accept-encoding"] == "gzip, deflate, br, zstd"
        assert plain.status == 200 and plain.content_type == "text/html; charset=utf-8" and plain.fetch_ms > 0


@pytest.mark.parametrize("status", ["301 a", "302 b", "303 c", "307 d", "308 e"])
async def test_redirect_is_followed(status: str) -> None:
    async def behave(exchange: Exchange) -> None:
        if exchange.path == "/old":
            await exchange.answer(b"", status=status, headers="location: new?q=1\r\n")
        else:
            await exchange.answer(b"there")

    async with origin(behave) as seen, fetcher(seen.port) as fetch:
        fetched = await fetch.fetch(FetchRequest(url=f"{seen.url}old"))
        assert (fetched.url, fetched.final_url) == (f"{seen.url}old", f"{seen.url}new?q=1")
        assert (fetched.body, seen.connections) == (b"there", 1)


async def test_five_redirects_are_followed_and_six_are_not() -> None:
    async with Site().serving() as site, fetcher(int(site.url.rpartition(":")[2])) as fetch:
        assert (await fetch.fetch(FetchRequest(url=f"{site.url}/redirect/5/"))).status == 200
        with pytest.raises(TooManyRedirects):
            await fetch.fetch(FetchRequest(url=f"{site.url}/redirect/6/"))


async def test_redirect_circle_is_named() -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.answer(
            b"", status="302 x", headers=f"location: {'/b' if exchange.path == '/' else '/'}\r\n"
        )

    async with origin(behave) as seen, fetcher(seen.port) as fetch:
        with pytest.raises(TooManyRedirects, match="circle"):
            await fetch.fetch(FetchRequest(url=seen.url))


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.2/",
        "http://[::1]/",
        "http://localhost:1/",
        "//10.0.0.1/",
        "http://0x7f.1/",
        "http://user@example.com/",
        "http://inside.test/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
        "http://[",
    ],
)
async def test_redirect_inward_is_refused_without_a_socket(location: str, connects: list[Any]) -> None:
    dns = StubDns(inside_test=[["10.0.0.1"]])
    async with origin(redirects_to(location)) as seen, fetcher(seen.port, resolver=dns) as fetch:
        with pytest.raises(UrlRefused):
            await fetch.fetch(FetchRequest(url=seen.url))
    assert connects == [("127.0.0.1", seen.port)]


async def test_redirect_without_a_location_is_a_result() -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.answer(b"nowhere", status="302 Found")

    async with origin(behave) as seen, fetcher(seen.port) as fetch:
        assert (await fetch.fetch(FetchRequest(url=seen.url))).status == 302


async def test_callers_headers_end_at_the_first_origin() -> None:
    async with origin(ok) as second:
        dns = StubDns(a_test=[["127.0.0.1"]], b_test=[["127.0.0.1"]])
        elsewhere = f"http://b.test:{second.port}/"
        async with (
            origin(redirects_to(elsewhere)) as first,
            fetcher(first.port, second.port, resolver=dns) as fetch,
        ):
            headers = {"Authorization": "Bearer k", "Cookie": "a=b", "X-Key": "k", "User-Agent": "Mine"}
            await fetch.fetch(FetchRequest(url=f"http://a.test:{first.port}/", headers=headers))
            for name in (b"Bearer k", b"a=b", b"X-Key", b"Mine"):
                assert name in first.heads[0]
                assert name not in second.heads[0]


async def test_cookies_are_neither_kept_nor_shown() -> None:
    async def behave(exchange: Exchange) -> None:
        if exchange.path == "/":
            await exchange.answer(
                b"", status="302 x", headers="location: /next\r\nset-cookie: s=1\r\nset-cookie: t=2\r\n"
            )
        else:
            await exchange.answer(b"ok", headers="set-cookie: secret=value\r\n")

    async with origin(behave) as seen, fetcher(seen.port) as fetch:
        fetched = await fetch.fetch(FetchRequest(url=seen.url))
        await fetch.fetch(FetchRequest(url=seen.url))
        assert not any(b"cookie" in head.lower() for head in seen.heads)
        assert fetched.headers["set-cookie"] == ""


async def test_callers_headers_are_sent_but_for_those_that_are_not_theirs() -> None:
    theirs = {"Accept-Language": "fr", "X-Thing": "1"}
    not_theirs = {
        "Host": "inside.test",
        "Content-Length": "5",
        "Transfer-Encoding": "chunked",
        "Connection": "close",
        "Proxy-Authorization": "x",
        "Upgrade": "h2c",
        "Accept-Encoding": "compress",
        "X-Forwarded-For": "10.0.0.1",
        "Range": "bytes=0-1",
        "If-None-Match": '"mine"',
        "TE": "trailers",
    }
    async with origin(ok) as seen, fetcher(seen.port) as fetch:
        fetched = await fetch.fetch(FetchRequest(url=seen.url, headers=theirs | not_theirs))
        sent = fetched.body.decode().lower()
        assert "accept-language: fr\r\n" in sent and "x-thing: 1\r\n" in sent
        assert f"host: 127.0.0.1:{seen.port}\r\n" in sent and sent.count("host:") == 1
        for value in ("inside.test", "chunked", "h2c", "compress", "10.0.0.1", "bytes=", "mine", "trailers"):
            assert value not in sent


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nHost: b"},
        {"X": "a\nb"},
        {"X": "a\x00"},
        {"X\r\nY": "a"},
        {"X Y": "a"},
        {"": "a"},
        {"X:": "a"},
        {"X": "漢"},
        {f"X{n}": "a" for n in range(100)},
        {"X": "a" * 20_000},
    ],
)
async def test_header_that_could_smuggle_is_refused(headers: dict[str, str], connects: list[Any]) -> None:
    async with fetcher(8080) as fetch:
        with pytest.raises(InvalidRequest):
            await fetch.fetch(FetchRequest(url="http://127.0.0.1:8080/", headers=headers))
    assert connects == []


async def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch, connects: list[Any]) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.9:9/")
    async with origin(ok) as seen, fetcher(seen.port) as fetch:
        await fetch.fetch(FetchRequest(url=seen.url))
    assert connects == [("127.0.0.1", seen.port)]


async def test_validators_are_sent_and_304_is_a_result() -> None:
    async with Site().serving() as site, fetcher(int(site.url.rpartition(":")[2])) as fetch:
        first = await fetch.fetch(FetchRequest(url=f"{site.url}/"))
        again = await fetch.fetch(FetchRequest(url=f"{site.url}/", etag=first.headers["etag"]))
        by_date = FetchRequest(url=f"{site.url}/", last_modified=first.headers["last-modified"])
        assert (again.status, again.body) == (304, b"")
        assert (await fetch.fetch(by_date)).status == 304


async def test_validators_are_sent_only_where_they_came_from() -> None:
    async def behave(exchange: Exchange) -> None:
        if exchange.path == "/":
            await exchange.answer(b"", status="302 x", headers="location: /now-here\r\n")
        else:
            await exchange.answer(b"body")

    async with origin(behave) as seen, fetcher(seen.port) as fetch:
        await fetch.fetch(FetchRequest(url=seen.url, etag='"e"', validated_url=f"{seen.url}once-there"))
        await fetch.fetch(FetchRequest(url=seen.url, etag='"e"', validated_url=f"{seen.url}now-here"))
        assert [b"If-None-Match" in head for head in seen.heads] == [False, False, False, True]


def failing(times: int, failure: str, *, headers: str = "") -> Any:
    """Answer badly this many times, and then well."""
    left = [times]

    async def behave(exchange: Exchange) -> None:
        if left[0] == 0:
            return await exchange.answer(b"at last")
        left[0] -= 1
        if failure == "reset":
            exchange.reset()
            raise ConnectionAbortedError
        await exchange.answer(b"no", status=failure, headers=headers)

    return behave


@pytest.mark.parametrize("failure", ["reset", "503 x", "502 x", "504 x", "429 x"])
async def test_passing_failure_is_tried_again(failure: str) -> None:
    async with origin(failing(2, failure)) as seen, fetcher(seen.port) as fetch:
        fetched = await fetch.fetch(FetchRequest(url=seen.url))
        assert (fetched.status, fetched.body, len(seen.heads)) == (200, b"at last", 3)


@pytest.mark.parametrize("failure", ["500 x", "404 x", "403 x"])
async def test_lasting_failure_is_a_result_at_once(failure: str) -> None:
    async with origin(failing(9, failure)) as seen, fetcher(seen.port) as fetch:
        fetched = await fetch.fetch(FetchRequest(url=seen.url))
        assert (fetched.status, fetched.body, len(seen.heads)) == (int(failure[:3]), b"no", 1)


async def test_third_failure_is_a_result() -> None:
    async with origin(failing(9, "503 x")) as seen, fetcher(seen.port) as fetch:
        assert ((await fetch.fetch(FetchRequest(url=seen.url))).status, len(seen.heads)) == (503, 3)


async def test_retry_after_is_kept_to() -> None:
    async with origin(failing(1, "503 x", headers="retry-after: 1\r\n")) as seen, fetcher(seen.port) as fetch:
        started = time.monotonic()
        assert (await fetch.fetch(FetchRequest(url=seen.url))).status == 200
        assert time.monotonic() - started >= 1
    due = int(time.time()) + 2
    later = f"retry-after: {formatdate(due, usegmt=True)}\r\n"
    async with origin(failing(1, "429 x", headers=later)) as seen, fetcher(seen.port) as fetch:
        assert (await fetch.fetch(FetchRequest(url=seen.url))).status == 200
        assert time.time() >= due


@pytest.mark.parametrize(("retry_after", "timeout_s"), [("3600", 30), ("9", 8)])
async def test_retry_after_beyond_patience_is_a_result_at_once(retry_after: str, timeout_s: float) -> None:
    behave = failing(9, "503 x", headers=f"retry-after: {retry_after}\r\n")
    async with origin(behave) as seen, fetcher(seen.port) as fetch:
        fetched = await fetch.fetch(FetchRequest(url=seen.url, timeout_s=timeout_s))
        assert (fetched.status, len(seen.heads)) == (503, 1)


async def test_one_host_is_asked_by_so_many_at_a_time() -> None:
    running, most, full = 0, 0, asyncio.Event()

    async def behave(exchange: Exchange) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 3:
            full.set()
        await full.wait()
        await asyncio.sleep(0.05)  # for one more than may come
        running -= 1
        await exchange.answer()

    async with origin(behave) as seen, fetcher(seen.port, host_concurrency=3) as fetch:
        await asyncio.gather(*(fetch.fetch(FetchRequest(url=f"{seen.url}{n}")) for n in range(12)))
    assert most == 3


async def test_slow_host_holds_up_no_other() -> None:
    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    dns = StubDns(slow_test=[["127.0.0.1"]], quick_test=[["127.0.0.1"]])
    async with (
        origin(behave) as slow,
        origin(ok) as quick,
        fetcher(slow.port, quick.port, resolver=dns) as fetch,
    ):
        stuck = [
            asyncio.create_task(fetch.fetch(FetchRequest(url=f"http://slow.test:{slow.port}/{n}")))
            for n in range(50)
        ]
        await slow.asked.wait()
        assert (
            await fetch.fetch(FetchRequest(url=f"http://quick.test:{quick.port}/", timeout_s=50))
        ).status == 200
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def test_starts_are_spaced() -> None:
    async with origin(ok) as seen, fetcher(seen.port, min_delay_s=0.15) as fetch:
        started = time.monotonic()
        await asyncio.gather(*(fetch.fetch(FetchRequest(url=f"{seen.url}{n}")) for n in range(4)))
        assert time.monotonic() - started >= 0.44


async def test_breaker_opens_after_failures_and_names_the_wait(connects: list[Any]) -> None:
    async with origin(ok) as seen:
        port = seen.port
    async with fetcher(port) as fetch:
        for _ in range(FAILURES_TO_OPEN):
            with pytest.raises(ConnectFailed):
                await fetch.fetch(FetchRequest(url=f"http://127.0.0.1:{port}/", timeout_s=30))
        connects.clear()
        with pytest.raises(ConnectFailed, match="in a row") as caught:
            await fetch.fetch(FetchRequest(url=f"http://127.0.0.1:{port}/", timeout_s=30))
        assert connects == []
        assert caught.value.retry_after_s and 0 < caught.value.retry_after_s <= 36


async def test_breaker_stays_shut_for_a_caller_in_a_hurry() -> None:
    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(0.3)
        await exchange.answer()

    async with origin(behave) as seen, fetcher(seen.port) as fetch:
        for _ in range(FAILURES_TO_OPEN + 1):
            with pytest.raises(FetchTimeout):
                await fetch.fetch(FetchRequest(url=seen.url, timeout_s=0.05))
        assert (await fetch.fetch(FetchRequest(url=seen.url))).status == 200


async def test_deadline_covers_waiting_for_a_turn() -> None:
    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    async with origin(behave) as seen, fetcher(seen.port, host_concurrency=1) as fetch:
        first = asyncio.create_task(fetch.fetch(FetchRequest(url=seen.url)))
        await seen.asked.wait()
        with pytest.raises(FetchTimeout):
            await fetch.fetch(FetchRequest(url=seen.url, timeout_s=0.2))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


def with_robots(text: bytes, *, status: str = "200 OK") -> Any:
    async def behave(exchange: Exchange) -> None:
        if exchange.path == "/robots.txt":
            await exchange.answer(text, status=status)
        else:
            await exchange.answer(b"page")

    return behave


@pytest.mark.parametrize(
    ("text", "status", "allowed"),
    [
        pytest.param(b"User-agent: *\nDisallow: /private", "200 OK", True, id="elsewhere"),
        pytest.param(b"User-agent: *\nDisallow: /", "200 OK", False, id="disallowed"),
        pytest.param(b"User-agent: WinnowGateway\nDisallow: /\n\nUser-agent: *", "200 OK", False, id="by-name"),
        pytest.param(b"nothing here", "404 x", True, id="missing"),
        pytest.param(b"User-agent: *\nDisallow: /", "403 x", True, id="4xx-allows"),
        pytest.param(b"", "500 x", False, id="5xx-disallows"),
        pytest.param(b"#" * 600_000 + b"\nUser-agent: *\nDisallow: /", "200 OK", True, id="beyond-500-KiB"),
        pytest.param(b"\xff\xfe\x00 binary \x00", "200 OK", True, id="no-text"),
    ],
)  # fmt: skip
async def test_robots_are_respected_when_asked_for(text: bytes, status: str, allowed: bool) -> None:
    async with origin(with_robots(text, status=status)) as seen:
        async with fetcher(seen.port, respect_robots=True) as fetch:
            for _ in range(2):
                if allowed:
                    assert (await fetch.fetch(FetchRequest(url=f"{seen.url}page"))).body == b"page"
                else:
                    with pytest.raises(RobotsDenied):
                        await fetch.fetch(FetchRequest(url=f"{seen.url}page"))
            assert sum(b" /robots.txt " in head for head in seen.heads) == 1
        async with fetcher(seen.port) as fetch:
            assert (await fetch.fetch(FetchRequest(url=f"{seen.url}page"))).body == b"page"


async def test_robots_that_cannot_be_had_are_told_with_their_reason() -> None:
    async with (
        origin(with_robots(b"", status="503 x")) as seen,
        fetcher(seen.port, respect_robots=True) as fetch,
    ):
        with pytest.raises(RobotsDenied, match="cannot be had: the origin answered 503"):
            await fetch.fetch(FetchRequest(url=f"{seen.url}page"))
        # of a name that nobody has, robots.txt is not what its reader looks for
        for _ in range(2):
            with pytest.raises(DnsFailed, match=r"nowhere\.invalid does not resolve"):
                await fetch.fetch(FetchRequest(url="https://nowhere.invalid/page"))


async def test_crawl_delay_is_kept() -> None:
    behave = with_robots(b"User-agent: *\nCrawl-delay: 0.2")
    async with origin(behave) as seen, fetcher(seen.port, respect_robots=True) as fetch:
        started = time.monotonic()
        await asyncio.gather(*(fetch.fetch(FetchRequest(url=f"{seen.url}{n}")) for n in range(3)))
        assert time.monotonic() - started >= 0.4


async def test_callers_that_give_up_waiting_delay_nobody() -> None:
    async with origin(ok) as seen, fetcher(seen.port, min_delay_s=3) as fetch:
        await fetch.fetch(FetchRequest(url=seen.url))
        impatient = [fetch.fetch(FetchRequest(url=seen.url, timeout_s=0.05)) for _ in range(100)]
        ends = await asyncio.gather(*impatient, return_exceptions=True)
        assert {type(end) for end in ends} == {FetchTimeout}
        assert (
            await fetch.fetch(FetchRequest(url=seen.url, timeout_s=60))
        ).status == 200  # not the 300 s of their turns


async def test_callers_headers_stay_with_the_first_origin_and_the_result_says_so() -> None:
    async with origin(ok) as there, origin(with_robots(b"")) as here:
        back = redirects_to(here.url)

        async def leads_away(exchange: Exchange) -> None:
            await redirects_to(f"http://127.0.0.1:{middle.port}/")(exchange)

        async with origin(back) as middle, origin(leads_away) as first:
            ports = (there.port, here.port, middle.port, first.port)
            async with fetcher(*ports, respect_robots=True) as fetch:
                headers = {"X-Api-Key": "secret"}
                direct = await fetch.fetch(FetchRequest(url=there.url, headers=headers))
                led = await fetch.fetch(FetchRequest(url=first.url, headers=headers))
            assert (direct.stayed, direct.redirects) == (True, [])
            assert (led.stayed, len(led.redirects)) == (False, 2)
            assert "location" in led.redirects[0]
            seen = [head for each in (there, first, middle, here) for head in each.heads]
            told = [head for head in seen if b"secret" in head]
            assert len(told) == 2 and not any(b"robots.txt" in head for head in told)


async def test_robots_are_asked_once_for_many_and_outlive_a_cancelled_caller() -> None:
    async def behave(exchange: Exchange) -> None:
        if exchange.path == "/robots.txt":
            await asyncio.sleep(0.2)
        await exchange.answer(b"")

    async with origin(behave) as seen, fetcher(seen.port, respect_robots=True, host_concurrency=9) as fetch:
        tasks = [asyncio.create_task(fetch.fetch(FetchRequest(url=f"{seen.url}{n}"))) for n in range(5)]
        await seen.asked.wait()
        tasks[0].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [getattr(result, "status", None) for result in results] == [None, 200, 200, 200, 200]
        assert sum(b" /robots.txt " in head for head in seen.heads) == 1
