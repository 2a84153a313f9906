"""The address guard: which addresses may be reached, and a dialler that reaches no other.

The policy is an allow-list. `ipaddress.is_global` is not used: it lets multicast, NAT64, 6to4, site-local
and several cloud metadata addresses through. A name is resolved once per connection, every answer is
checked, and one of the checked literals is dialled, so that a name cannot change its meaning between the
check and the connection. TLS, Host and keep-alive stay on the name.
"""

import ipaddress
import ssl
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import httpcore2
from msgspec import Struct

from gateway.core.http.url import Url
from gateway.errors import ConnectFailed, TooLarge, UrlRefused
from gateway.fetch.http.dns import Resolver
from gateway.fetch.http.outbound import OutboundProxies
from gateway.net.asyncio_backend import AsyncioBackend

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
DEFAULT_PORTS = frozenset({80, 443, 8080, 8443})
CREDIT_BYTES = 256 * 1024
# bytes on the wire that a byte of the body may cost
FRAMING_FACTOR = 2
# an address that does not answer by then gives way to the next one
CONNECT_TIMEOUT_S = 5.0

# IANA special-purpose registries; each entry is refused however it was reached
_REFUSED_V4 = [
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        # carrier NAT; also Alibaba's metadata address
        "100.64.0.0/10",
        "127.0.0.0/8",
        # Azure's host agent
        "168.63.129.16/32",
        # link-local; most clouds' metadata address
        "169.254.0.0/16",
        "172.16.0.0/12",
        # protocol assignments; Oracle's metadata address
        "192.0.0.0/24",
        "192.0.2.0/24",
        # AS112
        "192.31.196.0/24",
        # AMT
        "192.52.193.0/24",
        # 6to4 relays
        "192.88.99.0/24",
        "192.168.0.0/16",
        # AS112
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        # multicast, reserved, broadcast
        "224.0.0.0/3",
    )
]
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = [
    ipaddress.IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether the address is on the open Internet; a v4-mapped or NAT64 one counts as its IPv4."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _REFUSED_V4)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_V6 and not any(address in block for block in _REFUSED_V6)


class Target(Struct, frozen=True):
    """An operator's exception: these addresses at this port, and nothing else."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    port: int

    def covers(self, address: Address, port: int) -> bool:
        return port == self.port and address.version == self.network.version and address in self.network


class Policy:
    """Which addresses and ports may be fetched from; fixed when built, never changed by a request.

    Args:
        allow_targets: `CIDR:port` exceptions, such as `10.0.0.0/8:443` or `[::1]/128:8080`.
        ports: ports allowed on public addresses.
    Raises:
        ValueError: an exception is not `CIDR:port`.
    """

    def __init__(self, *, allow_targets: Sequence[str] = (), ports: Collection[int] = DEFAULT_PORTS) -> None:
        self._targets = [_read_target(text) for text in allow_targets]
        self._ports = frozenset(ports)

    def allows(self, address: Address, port: int) -> bool:
        """Whether a socket to this address and port may be opened."""
        if any(target.covers(address, port) for target in self._targets):
            return True
        return port in self._ports and is_public(address)

    def check_url(self, url: Url) -> None:
        """Refuse what can be refused before any look-up: ports and literal addresses.

        Raises:
            UrlRefused: the port or the address is not allowed.
        """
        if url.port not in self._ports and all(target.port != url.port for target in self._targets):
            allowed = ", ".join(str(port) for port in sorted(self._ports))
            raise UrlRefused(f"port {url.port} is not one of those allowed ({allowed})")
        literal = read_literal(url.host)
        if literal is not None and not self.allows(literal, url.port):
            raise refusal(url.host)


def refusal(host: str) -> UrlRefused:
    """One message for every refused host: what it resolved to stays here."""
    return UrlRefused(
        f"the address policy does not allow {host}: only hosts on the open Internet are fetched"
    )


def read_literal(host: str) -> Address | None:
    """The address a host is, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _read_target(text: str) -> Target:
    block, _, port = text.strip().rpartition(":")
    try:
        network = ipaddress.ip_network(block.replace("[", "").replace("]", ""))
        target = Target(network, int(port))
    except ValueError as exc:
        raise ValueError(
            f"ALLOW_TARGETS: {text!r} is not CIDR:port, such as 10.0.0.0/8:443 or [::1]/128:8080: {exc}"
        ) from exc
    if not 1 <= target.port <= 65535:
        raise ValueError(f"ALLOW_TARGETS: {text!r}: the port is not a number from 1 to 65535")
    return target


class Guard(httpcore2.AsyncNetworkBackend):
    """Dials checked addresses only.

    Args:
        policy: what may be reached.
        resolver: host name -> addresses, asked once a connection.
        proxies: go between, handed what was checked; none by default.
    """

    def __init__(self, *, policy: Policy, resolver: Resolver, proxies: OutboundProxies | None = None) -> None:
        self._policy = policy
        self._resolver = resolver
        self._proxies = proxies
        self._dialler = AsyncioBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        if self._proxies is not None:
            return CreditedStream(await self._connect_by_proxy(self._proxies, host, port))
        addresses = await self._checked(host, port)
        failure: Exception | None = None
        for address in addresses:
            try:
                stream = await self._dialler.connect_tcp(
                    str(address), port, CONNECT_TIMEOUT_S, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as exc:
                failure = exc
                continue
            peer = stream.get_extra_info("server_addr")
            if peer is None or read_literal(peer[0]) != address:
                await stream.aclose()
                raise refusal(host)
            return CreditedStream(stream)
        raise ConnectFailed(f"no connection to {host} port {port}") from failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        raise UrlRefused("Unix sockets are never fetched from")

    async def sleep(self, seconds: float) -> None:
        await self._dialler.sleep(seconds)

    async def _connect_by_proxy(
        self, proxies: OutboundProxies, host: str, port: int
    ) -> httpcore2.AsyncNetworkStream:
        if read_literal(host) is not None:
            await self._checked(host, port)
        elif host == "localhost" or host.endswith(".localhost"):
            # a proxy that resolves would reach its own machine
            raise refusal(host)
        checked: list[str] = []

        async def addresses() -> list[str]:
            if not checked:
                checked.extend(str(address) for address in await self._checked(host, port))
            return checked

        return await proxies.connect(host, port, addresses=addresses)

    async def _checked(self, host: str, port: int) -> list[Address]:
        literal = read_literal(host)
        answers = [host] if literal is not None else await self._resolver.resolve(host, port)
        addresses = [read_literal(answer) for answer in answers]
        checked = [address for address in addresses if address and self._policy.allows(address, port)]
        if not checked or len(checked) != len(addresses):
            raise refusal(host)
        return checked


class CreditedStream(httpcore2.AsyncNetworkStream):
    """A stream that may be read only as far as what it brings is worth.

    A connection starts with CREDIT_BYTES. Reading spends them; a response's head and every byte of a body
    earn them back. So whatever brings neither runs dry: 1xx floods, endless headers, chunk extensions,
    trailers, HTTP/2 pings. No parser reports these, and on a shared connection no deadline is theirs.
    """

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._credit = CREDIT_BYTES

    def earn(self, count: int) -> None:
        """Count bytes that were of use."""
        self._credit = min(CREDIT_BYTES, self._credit + FRAMING_FACTOR * count)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._stream.read(max_bytes, timeout)
        self._credit -= len(data)
        if self._credit < 0:
            raise TooLarge(
                f"the origin sent {CREDIT_BYTES} bytes that were neither page nor headers within limits"
            )
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return CreditedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
