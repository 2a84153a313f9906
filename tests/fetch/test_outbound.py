"""Outbound proxies: pages through real ones on loopback, the address policy before them, and all their faults."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fixtures.proxies import Fault, Kind, LoopbackProxy, loopback_proxy
from gateway.container import check_parts
from gateway.errors import ConnectFailed, FetchTimeout, GatewayError, ProxyFailed, UrlRefused
from gateway.fetch.base import FetchRequest
from gateway.fetch.browser.guard_proxy import GuardProxy
from gateway.fetch.http import outbound
from gateway.fetch.http.guard import Guard, Policy
from gateway.fetch.http.outbound import OutboundProxies, Proxy
from gateway.settings import Settings, SettingsError, load_settings
from tests.fetch.origins import Exchange, StubDns, fetcher, origin
from tests.fetch.test_tls import server_side, trusting

pytestmark = pytest.mark.anyio
PUBLIC = "93.184.216.34"
PUBLIC_V6 = "2606:2800:21f:cb07::1"
SECRET = "s3cr3t@:/ü"
WRITTEN = "ada:s3cr3t%40%3A%2F%C3%BC"


async def ok(exchange: Exchange) -> None:
    await exchange.answer(exchange.head)


def dns() -> StubDns:
    return StubDns(
        site_test=[[PUBLIC]],
        six_test=[[PUBLIC_V6]],
        inside_test=[["10.0.0.7"]],
        mixed_test=[[PUBLIC, "127.0.0.1"]],
    )


@pytest.mark.parametrize(
    ("kind", "credentials"),
    [("http", ""), ("http", WRITTEN), ("socks5", ""), ("socks5", WRITTEN)],
)
async def test_page_comes_through_a_proxy_that_is_handed_the_checked_address(
    kind: Kind, credentials: str, connects: list[Any]
) -> None:
    user, password = ("ada", SECRET) if credentials else ("", "")
    async with (
        origin(ok) as seen,
        loopback_proxy(kind, routes={PUBLIC: seen.port}, user=user, password=password) as proxy,
        fetcher(resolver=dns(), proxies=OutboundProxies([proxy.url(credentials)])) as fetch,
    ):
        fetched = await fetch.fetch(FetchRequest(url="http://site.test/page"))
    assert b"GET /page HTTP/1.1" in fetched.body and b"Host: site.test\r\n" in fetched.body
    assert b"roxy" not in fetched.body
    assert proxy.asked == [(PUBLIC, 80)]
    assert (PUBLIC, 80) not in connects


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_tls_holds_for_the_name_through_a_proxy(kind: Kind) -> None:
    async with (
        origin(ok, tls=server_side("site.test")) as seen,
        loopback_proxy(kind, routes={PUBLIC: seen.port, PUBLIC_V6: seen.port}) as proxy,
        fetcher(resolver=dns(), ssl_context=trusting(), proxies=OutboundProxies([proxy.url()])) as fetch,
    ):
        assert b"Host: site.test" in (await fetch.fetch(FetchRequest(url="https://site.test/"))).body
        with pytest.raises(ConnectFailed, match="certificate"):
            await fetch.fetch(FetchRequest(url="https://six.test/"))
    assert proxy.asked[0] == (PUBLIC, 443)
    assert (PUBLIC_V6, 443) in proxy.asked


@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_page_comes_through_a_proxy_that_speaks_tls(scheme: str) -> None:
    """TLS within TLS; and a proxy whose certificate does not hold fails."""
    async with (
        origin(ok, tls=server_side("site.test") if scheme == "https" else None) as seen,
        loopback_proxy("http", tls=server_side("127.0.0.1"), routes={PUBLIC: seen.port}) as proxy,
    ):
        url = proxy.url(scheme="https")
        proxies = OutboundProxies([url], ssl_context=trusting())
        async with fetcher(resolver=dns(), ssl_context=trusting(), proxies=proxies) as fetch:
            assert (await fetch.fetch(FetchRequest(url=f"{scheme}://site.test/"))).status == 200
        distrusting = OutboundProxies([url], ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        async with fetcher(resolver=dns(), proxies=distrusting) as fetch:
            with pytest.raises(ProxyFailed, match="certificate does not hold"):
                await fetch.fetch(FetchRequest(url=f"{scheme}://site.test/"))


@pytest.mark.parametrize("kind", ["http", "socks5"])
@pytest.mark.parametrize(
    "url",
    [
        "http://inside.test/",
        "http://mixed.test/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://site.test:22/",
    ],
)
async def test_refused_address_never_reaches_the_proxy(kind: Kind, url: str) -> None:
    async with (
        loopback_proxy(kind) as proxy,
        fetcher(resolver=dns(), proxies=OutboundProxies([proxy.url()])) as fetch,
    ):
        with pytest.raises(UrlRefused):
            await fetch.fetch(FetchRequest(url=url))
        # the operator's own proxy is out of a request's reach
        with pytest.raises(UrlRefused):
            await fetch.fetch(FetchRequest(url=f"http://127.0.0.1:{proxy.port}/"))
    assert proxy.connections == 0


@pytest.mark.parametrize(("scheme", "resolves"), [("socks5h", False), ("socks5", True), ("http", True)])
async def test_proxy_that_resolves_is_handed_the_name(scheme: str, resolves: bool) -> None:
    names = StubDns()
    async with (
        origin(ok) as seen,
        loopback_proxy("http" if scheme == "http" else "socks5", routes={"site.test": seen.port}) as proxy,
        fetcher(
            resolver=names, proxies=OutboundProxies([proxy.url(scheme=scheme)], resolves=resolves)
        ) as fetch,
    ):
        assert (await fetch.fetch(FetchRequest(url="http://site.test/"))).status == 200
        for refused in (
            "http://127.0.0.1/",
            "http://localhost/",
            "http://a.localhost/",
            "http://[::ffff:10.0.0.1]/",
        ):
            with pytest.raises(UrlRefused):
                await fetch.fetch(FetchRequest(url=refused))
    assert names.asked == []
    assert proxy.asked == [("site.test", 80)]


@pytest.mark.parametrize("kind", ["http", "socks5"])
@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        pytest.param("refuses", ProxyFailed, "refuses connections to port 80", id="refuses"),
        pytest.param("nonsense", ProxyFailed, "does not answer like", id="nonsense"),
        pytest.param("closes", ProxyFailed, "closed the connection|no connection", id="closes"),
        pytest.param("closes-midway", ProxyFailed, "closed the connection", id="closes-midway"),
        pytest.param("asks-password", ProxyFailed, "asks for a user and password", id="asks-password"),
        pytest.param("host-down", ConnectFailed, "no connection to http://site.test", id="host-down"),
    ],
)
async def test_fault_of_a_proxy_is_told(
    kind: Kind, fault: Fault, error: type[GatewayError], said: str
) -> None:
    async with (
        loopback_proxy(kind, fault=fault) as proxy,
        fetcher(resolver=dns(), proxies=OutboundProxies([proxy.url()])) as fetch,
    ):
        with pytest.raises(error, match=said) as caught:
            await fetch.fetch(FetchRequest(url="http://site.test/"))
    assert isinstance(caught.value, ProxyFailed) == (error is ProxyFailed)


async def test_proxy_that_speaks_before_the_client_is_not_believed() -> None:
    async with (
        origin(ok) as seen,
        loopback_proxy("http", fault="speaks-first", routes={PUBLIC: seen.port}) as proxy,
        fetcher(resolver=dns(), proxies=OutboundProxies([proxy.url()])) as fetch,
    ):
        with pytest.raises(ProxyFailed, match="does not answer like an HTTP proxy"):
            await fetch.fetch(FetchRequest(url="http://site.test/"))


async def test_proxy_that_nobody_listens_at_is_told() -> None:
    async with loopback_proxy("http") as proxy:
        gone = proxy.url()
    async with fetcher(resolver=dns(), proxies=OutboundProxies([gone])) as fetch:
        with pytest.raises(ProxyFailed, match="no connection to it"):
            await fetch.fetch(FetchRequest(url="http://site.test/"))


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_stalling_proxy_is_told_and_gives_way(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "DIAL_S", 0.1)
    monkeypatch.setattr(outbound, "ANSWER_S", 0.1)
    async with (
        origin(ok) as seen,
        loopback_proxy(kind, fault="stalls") as slow,
        loopback_proxy("http", routes={PUBLIC: seen.port}) as quick,
    ):
        async with fetcher(resolver=dns(), proxies=OutboundProxies([slow.url()])) as fetch:
            with pytest.raises(ProxyFailed, match=r"did not answer within 0\.1 s"):
                await fetch.fetch(FetchRequest(url="http://site.test/"))
            with pytest.raises(FetchTimeout):
                await fetch.fetch(FetchRequest(url="http://site.test/", timeout_s=0.03))
        async with fetcher(resolver=dns(), proxies=OutboundProxies([slow.url(), quick.url()])) as fetch:
            assert (await fetch.fetch(FetchRequest(url="http://site.test/"))).status == 200


async def test_proxy_that_failed_is_passed_over_for_a_while_and_then_asked_again() -> None:
    async with (
        origin(ok) as seen,
        loopback_proxy("http", fault="nonsense", routes={PUBLIC: seen.port}) as bad,
        loopback_proxy("http", routes={PUBLIC: seen.port}) as good,
    ):
        proxies = OutboundProxies([bad.url(), good.url()])
        guard = Guard(
            policy=Policy(),
            resolver=StubDns(**{f"s{n}_test": [[PUBLIC]] for n in range(20)}),
            proxies=proxies,
        )
        for n in range(20):
            await (await guard.connect_tcp(f"s{n}.test", 80)).aclose()
        assert bad.connections == 1
        assert len(good.asked) == 20
        # when all of them rest, they are asked all the same
        good.fault = "nonsense"
        with pytest.raises(ProxyFailed):
            await guard.connect_tcp("s1.test", 80)
        bad.fault = good.fault = None
        await (await guard.connect_tcp("s2.test", 80)).aclose()


async def test_hosts_are_spread_over_the_proxies_and_keep_theirs() -> None:
    async with (
        origin(ok) as seen,
        loopback_proxy("http", routes={PUBLIC: seen.port}) as one,
        loopback_proxy("socks5", routes={PUBLIC: seen.port}) as two,
    ):
        names = [f"s{n}.test" for n in range(24)]
        resolver = StubDns(**{name.replace(".", "_"): [[PUBLIC]] for name in names})
        guard = Guard(policy=Policy(), resolver=resolver, proxies=OutboundProxies([one.url(), two.url()]))

        async def used(name: str) -> LoopbackProxy:
            before = one.connections
            await (await guard.connect_tcp(name, 80)).aclose()
            return one if one.connections > before else two

        first = [await used(name) for name in names]
        assert {one, two} == set(first)
        assert [await used(name) for name in names] == first


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda f: f.fetch(FetchRequest(url="http://site.test/")), id="page"),
        pytest.param(
            lambda f: f.post("http://site.test/hook", body=b"{}", headers={}, timeout_s=5), id="webhook"
        ),
    ],
)
async def test_pages_robots_and_webhooks_go_the_same_way(act: Callable[[Any], Awaitable[Any]]) -> None:
    async with (
        origin(ok) as seen,
        loopback_proxy("http", routes={PUBLIC: seen.port}) as proxy,
        fetcher(resolver=dns(), proxies=OutboundProxies([proxy.url()]), respect_robots=True) as fetch,
    ):
        await act(fetch)
    assert proxy.connections >= 1
    assert proxy.connections == seen.connections


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_rendered_page_goes_through_the_proxy_too(kind: Kind) -> None:
    """What the browser is pointed at dials as pages do."""
    async with origin(ok) as seen, loopback_proxy(kind, routes={PUBLIC: seen.port}) as proxy:
        guard = Guard(policy=Policy(), resolver=dns(), proxies=OutboundProxies([proxy.url()]))
        way_out = GuardProxy(backend=guard, policy=Policy(), max_bytes=100_000)
        await way_out.open()
        try:
            request = b"GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n"
            assert b"GET /a HTTP/1.1" in await _through(way_out, "site.test", 80, request)
            assert b"GET /a HTTP/1.1" in await _through(way_out, "site.test", 443, request)
            assert await _through(way_out, "inside.test", 80, request) == b""
            proxy.fault = "closes"
            assert await _through(way_out, "six.test", 80, request) == b""
        finally:
            await way_out.aclose()
    assert proxy.asked == [(PUBLIC, 80), (PUBLIC, 443)]
    assert isinstance(way_out.failures["inside.test:80"], UrlRefused)
    assert isinstance(way_out.failures["six.test:80"], ProxyFailed)


async def _through(way_out: GuardProxy, host: str, port: int, request: bytes) -> bytes:
    """The answer to what is sent as the browser sends it, by SOCKS5; nothing where the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", way_out.port)
    try:
        writer.write(b"\5\1\0" + bytes([5, 1, 0, 3, len(host)]) + host.encode() + port.to_bytes(2))
        welcome, connected = await reader.readexactly(2), await reader.readexactly(10)
        assert (welcome, connected[:2]) == (b"\5\0", b"\5\0")
        writer.write(request)
        return await reader.read(65_536)
    except (ConnectionError, asyncio.IncompleteReadError):
        return b""
    finally:
        writer.close()


# --- credentials -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["http", "socks5"])
@pytest.mark.parametrize("fault", [None, "refuses", "nonsense", "closes", "asks-password"])
async def test_credentials_stand_in_no_error_log_or_repr(
    kind: Kind, fault: Fault | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with loopback_proxy(kind, user="other", password="wrong", fault=fault) as proxy:
        proxies = OutboundProxies([proxy.url(WRITTEN)])
        async with fetcher(resolver=dns(), proxies=proxies) as fetch:
            with pytest.raises(ProxyFailed) as caught:
                await fetch.fetch(FetchRequest(url="http://site.test/"))
    seen: list[str] = [repr(proxies), caplog.text]
    error: BaseException | None = caught.value
    while error is not None:
        seen += [str(error), repr(error), repr(getattr(error, "extra", ""))]
        error = error.__cause__ or error.__context__
    assert f"{kind}://127.0.0.1:{proxy.port}" in str(caught.value)
    assert not any(part in text for text in seen for part in (SECRET, "s3cr3t", "ada"))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://ada:s3cr3t@proxy.test:21",
        "ada:s3cr3t@proxy.test:3128",
        "http://ada:s3cr3t@:3128",
        "http://ada:s3cr3t@proxy.test:99999",
        "http://ada:s3cr3t@proxy.test:port",
        "http://ada:s3cr3t@proxy.test/path",
        "http://ada:s3cr3t@[::1",
        "socks5://ada:" + "s3cr3t" * 50 + "@proxy.test",
    ],
)
def test_setting_that_is_no_proxy_stops_the_start_without_repeating_it(url: str) -> None:
    settings = load_settings({"WINNOW_PROXY_URL": f"http://one.test:3128,{url}"})
    with pytest.raises(SettingsError, match="PROXY_URL") as caught:
        check_parts(settings, {})
    assert "s3cr3t" not in str(caught.value)


def test_settings_show_no_credentials() -> None:
    shown = repr(Settings(proxy_url=["http://ada:s3cr3t@proxy.test"], remote_api_key="s3cr3t"))
    assert "s3cr3t" not in shown


@pytest.mark.parametrize(
    ("url", "shown", "resolves"),
    [
        ("http://proxy.test", "http://proxy.test:80", False),
        ("https://u:p@proxy.test", "https://proxy.test:443", False),
        ("socks5://[::1]", "socks5://[::1]:1080", False),
        ("socks5h://u@proxy.test:9050/", "socks5h://proxy.test:9050", True),
    ],
)
def test_proxy_is_read_from_its_address(url: str, shown: str, resolves: bool) -> None:
    proxy = Proxy(url)
    assert (proxy.shown, proxy.resolves) == (shown, resolves)


async def test_probe_tells_what_is_wrong_with_each_proxy() -> None:
    async with (
        origin(ok) as seen,
        loopback_proxy("http", routes={"site.test": seen.port}) as good,
        loopback_proxy("socks5", fault="asks-password") as bad,
        loopback_proxy("http", fault="host-down") as down,
    ):
        proxies = OutboundProxies([good.url(), bad.url(), down.url()])
        faults = [probe.fault for probe in await proxies.probe("site.test", 443)]
    assert faults[0] is None and faults[2] is None
    assert faults[1] is not None and "asks for a user and password" in faults[1]
