"""Rendered pages through an outbound proxy: the browser's requests go the way that pages go."""

import pytest

from fixtures.proxies import Fault, loopback_proxy
from gateway.errors import FetchTimeout, ProxyFailed
from gateway.fetch.http.outbound import OutboundProxies
from tests.fetch.browser.pages import TEXT, WRITE, rendering, script
from tests.fetch.origins import Exchange, StubDns, origin

pytestmark = pytest.mark.anyio
PUBLIC = "93.184.216.34"
FAULTS: list[Fault] = ["refuses", "nonsense", "closes", "closes-midway"]


async def page(exchange: Exchange) -> None:
    call = f"fetch('/data').then((r) => r.text()).then(() => {{ {WRITE} }})"
    body = b"data" if exchange.path == "/data" else script(call).encode()
    await exchange.answer(body, headers="content-type: text/html\r\n")


async def test_rendered_page_and_what_it_loads_come_through_the_proxy() -> None:
    async with (
        origin(page) as seen,
        loopback_proxy("socks5", routes={PUBLIC: seen.port}, user="ada", password="s3cr3t") as proxy,
        rendering(
            [],
            resolver=StubDns(site_test=[[PUBLIC]]),
            proxies=OutboundProxies([proxy.url("ada:s3cr3t")]),
        ) as at,
    ):
        assert TEXT.strip() in await at.text("http://site.test/")
        assert set(proxy.asked) == {(PUBLIC, 80)}
        for fault in FAULTS:
            proxy.fault = fault
            with pytest.raises(ProxyFailed) as caught:
                await at.get("http://site.test/again")
            assert "s3cr3t" not in str(caught.value), fault
        proxy.fault = "stalls"
        with pytest.raises((ProxyFailed, FetchTimeout)):
            await at.get("http://site.test/again", timeout_s=2)
        proxy.fault = None
        assert TEXT.strip() in await at.text("http://site.test/"), "the next page is fine"


async def test_proxy_that_asks_for_a_password_is_named() -> None:
    async with (
        loopback_proxy("http", user="ada", password="s3cr3t") as proxy,
        rendering(
            [], resolver=StubDns(site_test=[[PUBLIC]]), proxies=OutboundProxies([proxy.url("ada:wr0ng")])
        ) as at,
    ):
        with pytest.raises(ProxyFailed, match="password") as caught:
            await at.get("http://site.test/")
    assert "wr0ng" not in str(caught.value)
