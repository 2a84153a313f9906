"""The address policy, vector by vector and against an oracle; and the dialler that keeps to it."""

import ipaddress
from typing import Any

import httpcore2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.http.url import parse_url
from gateway.errors import DnsFailed, UrlRefused
from gateway.fetch.base import FetchRequest
from gateway.fetch.http.guard import Guard, Policy, is_public
from tests.fetch.origins import Exchange, StubDns, fetcher, origin

REFUSED = {
    "loopback": "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 ::ffff:7f00:1 64:ff9b::7f00:1",
    "unspecified": "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0",
    "private": "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 fc00::1 fd00::1",
    "link-local": "169.254.0.1 169.254.255.255 fe80::1 febf::1 ::ffff:169.254.169.254",
    "metadata": "169.254.169.254 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254 64:ff9b::a9fe:a9fe",
    "carrier-nat": "100.64.0.0 100.127.255.255",
    "protocol": "192.0.0.0 192.0.0.170 192.0.0.255 2001::1 2001:1ff:ffff::1",
    "documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1 3fff:fff:ffff::1",
    "benchmark": "198.18.0.0 198.19.255.255 2001:2::1",
    "6to4": "192.88.99.1 2002:: 2002:7f00:1::1 2002:ffff::1",
    "teredo": "2001:0:7f00:1::1",
    "as112": "192.31.196.1 192.175.48.1 2620:4f:8000::1 2001:4:112::1",
    "amt": "192.52.193.1 2001:3::1",
    "multicast": "224.0.0.1 239.255.255.255 ff02::1 ff0e::1",
    "reserved": "240.0.0.1 255.255.255.254 4000::1 8000::1 f000::1",
    "broadcast": "255.255.255.255",
    "v4-compatible": "::127.0.0.1 ::1.1.1.1 ::ffff:0:127.0.0.1 ::ffff:0:1.1.1.1",
    "nat64-local": "64:ff9b:1::1.1.1.1 64:ff9b::10.0.0.1",
    "site-local": "fec0::1 feff::1",
    "discard": "100::1 100:0:0:1::1",
    "segment-routing": "5f00::1",
    "zone": "fe80::1%eth0 2606:4700::1111%1",
}
PUBLIC = (
    "1.1.1.1 8.8.8.8 93.184.215.14 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.0.1.1 198.20.0.1 \
223.255.255.255 2606:4700::1111 2a00:1450:4001::1 2001:200::1 2001:4860:4860::8888 2003::1 2620:4f:7fff::1 \
3ffe::1 ::ffff:1.1.1.1 64:ff9b::1.1.1.1"
)


@pytest.mark.parametrize(
    "address", [pytest.param(a, id=f"{family}-{a}") for family, text in REFUSED.items() for a in text.split()]
)
def test_address_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC.split())
def test_address_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url",
    [
        *(
            f"http://{f'[{a}]' if ':' in a else a}/"
            for text in REFUSED.values()
            for a in text.split()
        ),
        *("http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://0/"),
        *("http://１２７.０.０.１/", "http://①②⑦.0.0.1/", "http://127。0。0。1/", "http://127.0.0.1./"),
        *("http://good.test@127.0.0.1/", "http://127.0.0.1\\@good.test/", "http://good.test\\@127.0.0.1/"),
        *("http://a@b@good.test/", "http://good.test:22/", "http://good.test:6379/", "http://good.test:٨٠/"),
        *("ftp://good.test/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "unix:///run/docker.sock"),
        *("http://good.test/\r\nX: y", "http://good..test/", f"http://{'a' * 64}.test/", "http:///etc/passwd"),
        *("http://inside.test/", "http://mixed.test/", "http://mapped.test/", "http://zoned.test/", "http://empty.test/"),
    ],
)  # fmt: skip
async def test_refused_url_opens_no_socket(url: str, connects: list[Any]) -> None:
    dns = StubDns(
        good_test=[["1.1.1.1"]],
        inside_test=[["10.0.0.1"]],
        mixed_test=[["1.1.1.1", "10.0.0.1"]],
        mapped_test=[["::ffff:10.0.0.1"]],
        zoned_test=[["fe80::1%eth0"]],
        empty_test=[[]],
    )
    async with fetcher(resolver=dns) as fetch:
        with pytest.raises(UrlRefused) as caught:
            await fetch.fetch(FetchRequest(url=url, timeout_s=5))
    assert connects == []
    assert caught.value.status == 400
    assert "10.0.0.1" not in caught.value.detail or "10.0.0.1" in url


def oracle_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """The policy of the security design, written again from the registries as arithmetic on the numbers."""
    number = int(address)
    if address.version == 4:
        a, b, c, d = number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255
        if a in (0, 10, 127) or a >= 224:
            return False
        if (
            (a == 100 and b >> 6 == 1)
            or (a, b) == (169, 254)
            or (a == 172 and b >> 4 == 1)
            or (a, b) == (192, 168)
        ):
            return False
        if (a == 198 and b in (18, 19)) or (a, b, c, d) == (168, 63, 129, 16):
            return False
        blocks = {(192, 0, 0), (192, 0, 2), (192, 31, 196), (192, 52, 193), (192, 88, 99), (192, 175, 48)}
        return (a, b, c) not in blocks | {(198, 51, 100), (203, 0, 113)}
    embedded = ipaddress.IPv4Address(number & 0xFFFFFFFF)
    if number >> 32 in (0xFFFF, 0x64FF9B << 64):
        return oracle_is_public(embedded)
    first, second, third = number >> 112, number >> 96 & 0xFFFF, number >> 80 & 0xFFFF
    if not 0x2000 <= first <= 0x3FFF:
        return False
    if (first == 0x2001 and (second < 0x200 or second == 0xDB8)) or first == 0x2002:
        return False
    return not (first == 0x3FFF and second < 0x1000) and (first, second, third) != (0x2620, 0x4F, 0x8000)


BLOCKS_V4 = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24"
    " 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15"
    " 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3"
)
BLOCKS_V6 = (
    "::/128 ::1/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2000::/3 2001::/23 2001:db8::/32 2002::/16"
    " 3fff::/20 2620:4f:8000::/48 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8"
)


def edges(blocks: str) -> list[int]:
    """The first and last address of each block, and those just outside."""
    networks = map(ipaddress.ip_network, blocks.split())
    return [int(block[edge]) + step for block in networks for edge in (0, -1) for step in (-1, 0, 1)]


V4 = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from(edges(BLOCKS_V4))).map(lambda n: n % 2**32)
V6 = st.one_of(
    st.integers(0, 2**128 - 1),
    st.integers(0x2000 << 112, (0x4000 << 112) - 1),
    st.sampled_from(edges(BLOCKS_V6)),
    V4.map(lambda n: 0xFFFF << 32 | n),
    V4.map(lambda n: 0x64FF9B << 96 | n),
    V4.map(lambda n: 0x2002 << 112 | n << 80),
).map(lambda n: n % 2**128)
ADDRESSES = st.one_of(V4.map(ipaddress.IPv4Address), V6.map(ipaddress.IPv6Address))


@settings(max_examples=250, deadline=None)
@given(st.lists(ADDRESSES, min_size=40, max_size=40))  # 10,000 in handfuls
def test_policy_agrees_with_the_oracle(
    addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address],
) -> None:
    policy = Policy()
    for address in addresses:
        expected = oracle_is_public(address)
        assert policy.allows(address, 443) == expected, address
        assert not policy.allows(address, 22), address
        host = f"[{address}]" if address.version == 6 else str(address)
        try:
            policy.check_url(parse_url(f"https://{host}/"))
            accepted = True
        except UrlRefused:
            accepted = False
        assert accepted == expected, address


@pytest.mark.parametrize(
    ("targets", "address", "port", "allowed"),
    [
        (["127.0.0.1/32:8000"], "127.0.0.1", 8000, True),
        (["127.0.0.1/32:8000"], "127.0.0.1", 8080, False),
        (["127.0.0.1/32:8000"], "127.0.0.2", 8000, False),
        (["127.0.0.1/32:8000"], "::1", 8000, False),
        (["127.0.0.1/32:8000"], "::ffff:127.0.0.1", 8000, False),
        (["127.0.0.1/32:8000"], "1.1.1.1", 8000, False),
        (["127.0.0.1/32:8000"], "1.1.1.1", 443, True),
        (["127.0.0.1:8000"], "127.0.0.1", 8000, True),
        (["10.0.0.0/8:443"], "10.200.0.1", 443, True),
        (["10.0.0.0/8:443"], "11.0.0.1", 443, True),
        (["10.0.0.0/8:443"], "172.16.0.1", 443, False),
        (["[::1]/128:8000"], "::1", 8000, True),
        (["fd00::/8:8000"], "fd12::1", 8000, True),
        (["fd00::/8:8000"], "fd12::1", 443, False),
    ],
)
def test_exception_opens_exactly_its_addresses_at_its_port(
    targets: list[str], address: str, port: int, allowed: bool
) -> None:
    assert Policy(allow_targets=targets).allows(ipaddress.ip_address(address), port) == allowed


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.0.0.1/32",
        "localhost:80",
        "127.0.0.1/33:80",
        "10.0.0.1/8:80",
        "1.1.1.1:0",
        "1.1.1.1:x",
    ],
)
def test_exception_that_cannot_be_read_is_refused_at_start(text: str) -> None:
    with pytest.raises(ValueError, match=r"CIDR:port|port is not"):
        Policy(allow_targets=[text])


async def ok(exchange: Exchange) -> None:
    await exchange.answer(exchange.head)


@pytest.mark.anyio
async def test_name_is_resolved_once_and_its_literal_dialled(connects: list[Any]) -> None:
    dns = StubDns(site_test=[["127.0.0.1"], ["127.0.0.2"]])
    async with origin(ok) as seen, fetcher(seen.port, resolver=dns) as fetch:
        first = await fetch.fetch(FetchRequest(url=f"http://site.test:{seen.port}/"))
        assert f"Host: site.test:{seen.port}".encode() in first.body
        again = await fetch.fetch(FetchRequest(url=f"http://site.test:{seen.port}/"))
        assert again.status == 200
        assert (dns.asked, seen.connections) == (["site.test"], 1)  # keep-alive stays on the name
    assert connects == [("127.0.0.1", seen.port)]


@pytest.mark.anyio
async def test_rebound_name_is_refused_on_the_next_connection(connects: list[Any]) -> None:
    async def close(exchange: Exchange) -> None:
        await exchange.answer(headers="connection: close\r\n")

    dns = StubDns(site_test=[["127.0.0.1"], ["127.0.0.2"]])
    async with origin(close) as seen, fetcher(seen.port, resolver=dns) as fetch:
        request = FetchRequest(url=f"http://site.test:{seen.port}/")
        assert (await fetch.fetch(request)).status == 200
        with pytest.raises(UrlRefused):
            await fetch.fetch(request)
    assert connects == [("127.0.0.1", seen.port)]


@pytest.mark.anyio
async def test_name_with_one_bad_answer_among_good_ones_is_refused(connects: list[Any]) -> None:
    async with origin(ok) as seen:
        for answers in (["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "nonsense"]):
            async with fetcher(seen.port, resolver=StubDns(site_test=[answers])) as fetch:
                with pytest.raises(UrlRefused):
                    await fetch.fetch(FetchRequest(url=f"http://site.test:{seen.port}/"))
    assert connects == []


@pytest.mark.anyio
async def test_second_address_is_dialled_when_the_first_does_not_answer() -> None:
    async with origin(ok) as seen:
        dns = StubDns(site_test=[["127.0.0.3", "127.0.0.1"]])
        async with fetcher(seen.port, targets=[f"127.0.0.3/32:{seen.port}"], resolver=dns) as fetch:
            assert (await fetch.fetch(FetchRequest(url=f"http://site.test:{seen.port}/"))).status == 200


@pytest.mark.anyio
async def test_unknown_name_is_a_dns_failure() -> None:
    async with fetcher(resolver=StubDns()) as fetch:
        with pytest.raises(DnsFailed):
            await fetch.fetch(FetchRequest(url="http://nowhere.test/"))


@pytest.mark.anyio
async def test_guard_opens_no_unix_socket(connects: list[Any]) -> None:
    guard = Guard(policy=Policy(), resolver=StubDns())
    with pytest.raises(UrlRefused):
        await guard.connect_unix_socket("/run/docker.sock")
    assert connects == []


@pytest.mark.anyio
async def test_guard_holds_for_whatever_client_uses_it(connects: list[Any]) -> None:
    guard = Guard(policy=Policy(), resolver=StubDns(inside_test=[["127.0.0.1"]]))
    async with httpcore2.AsyncConnectionPool(network_backend=guard) as pool:
        for url in ("http://127.0.0.1/", "http://inside.test/", "http://[::1]/", "http://inside.test:22/"):
            with pytest.raises(UrlRefused):
                await pool.request("GET", url)
    assert connects == []
