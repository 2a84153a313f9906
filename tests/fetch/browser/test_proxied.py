"""Rendered pages through an outbound proxy: the browser's requests go the way that pages go."""

import pytest

from fixtures.proxies import loopback_proxy
from gateway.errors import ProxyFailed
from gateway.fetch.http.outbound import OutboundProxies
from tests.fetch.browser.pages import TEXT, WRITE, rendering, script
from tests.fetch.origins import Exchange, StubDns, origin

pytestmark = pytest.mark.anyio
PUBLIC = "93.184.216.34"


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
        proxy.fault = "nonsense"
        with pytest.raises(ProxyFailed) as caught:
            await at.get("http://site.test/again")
    assert set(proxy.asked) == {(PUBLIC, 80)}
    assert "s3cr3t" not in str(caught.value)
