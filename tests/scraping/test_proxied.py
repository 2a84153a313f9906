"""A whole service behind an outbound proxy: pages come through it, its failures are typed, its password is nowhere."""

from pathlib import Path

import httpx2
import pytest

from fixtures.proxies import loopback_proxy
from tests.fetch.origins import Exchange, origin
from tests.service import running_gateway

pytestmark = pytest.mark.anyio
PUBLIC, OTHER = "93.184.216.34", "93.184.216.35"


async def page(exchange: Exchange) -> None:
    words = b"<h1>Harbour</h1><p>The ferry leaves the quay at noon and comes back at four.</p>" * 3
    await exchange.answer(words, headers="content-type: text/html\r\n")


async def test_service_fetches_through_the_proxy_and_keeps_its_password(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with (
        origin(page) as seen,
        loopback_proxy("http", routes={PUBLIC: seen.port}, user="ada", password="s3cr3t") as proxy,
    ):
        with running_gateway(tmp_path, proxy_url=[proxy.url("ada:s3cr3t")]) as url:
            async with httpx2.AsyncClient(base_url=url, timeout=30) as client:
                body = {"url": f"http://{PUBLIC}/", "max_age_s": 0}
                good = await client.post("/v1/scrape", json=body)
                proxy.fault = "closes-midway"
                bad = await client.post("/v1/scrape", json={"url": f"http://{OTHER}/", "max_age_s": 0})
                refused = await client.post("/v1/scrape", json={"url": f"http://127.0.0.1:{proxy.port}/"})
                metrics = await client.get("/metrics")
    assert "The ferry leaves" in good.json()["content"]
    assert (bad.status_code, bad.json()["code"]) == (502, "proxy_failed")
    assert refused.json()["code"] == "url_refused"
    written = capfd.readouterr()
    everything = written.out + written.err + metrics.text + bad.text + good.text
    assert "proxy_failed" in everything
    assert "s3cr3t" not in everything and "ada:" not in everything
