"""Outbound proxies: the operator's own way to the open Internet, behind the same address policy.

A host is resolved and checked here, and the proxy is handed the checked literal: by CONNECT (RFC 9110, 9.3.6) to an
HTTP proxy, in a SOCKS5 request (RFC 1928, password by RFC 1929) to the others. TLS, SNI and Host stay on the name, end
to end with the origin. Only where the proxy resolves names is it handed them, unchecked but for their spelling.

httpcore2's proxies are not used: each has a pool of its own that hands the name over and would dial the proxy through
the guard, which refuses it.
"""

import asyncio
import ssl
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import Literal
from urllib.parse import unquote, urlsplit

import httpcore2
from msgspec import Struct

from gateway.errors import ProxyFailed
from gateway.net.asyncio_backend import AsyncioBackend, is_out_of_descriptors

# connection, TLS and greeting of a proxy
DIAL_S = 5.0
# it connects to the host meanwhile
ANSWER_S = 10.0
# a proxy that failed is asked last for so long
REST_S = 30.0
_MAX_HEAD_BYTES = 16 * 1024
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_HOST_FAILED = frozenset({502, 503, 504})
_SOCKS_REFUSED = 2
# RFC 1928, 6: network, host or connection of the address that was asked for; the lifetime of its packets
_SOCKS_HOST_FAILED = frozenset({3, 4, 5, 6})
_WRONG_PASSWORD = "it does not accept the user and password of PROXY_URL"
_NO_PASSWORD = (
    "it asks for a user and password; write them into PROXY_URL, as in http://user:password@host:port"
)


class Proxy:
    """A proxy of PROXY_URL; its credentials show in no text of it.

    Args:
        url: `http://`, `https://`, `socks5://` or `socks5h://`, perhaps with `user:password@`.
        resolves: whether it is handed names, whatever its scheme.
    Raises:
        ValueError: it is no such address; the message does not repeat it.
    """

    def __init__(self, url: str, *, resolves: bool = False) -> None:
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if not host or parts.scheme not in _PORTS or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(
                "PROXY_URL: each address is scheme://host:port or scheme://user:password@host:port with http, https, "
                "socks5 or socks5h as scheme; characters such as @ and : in a password are written in percent-encoding"
            )
        self.scheme = parts.scheme
        self.host = host
        self.port = port or _PORTS[parts.scheme]
        self.user = unquote(parts.username or "").encode()
        self.password = unquote(parts.password or "").encode()
        self.resolves = resolves or parts.scheme == "socks5h"
        if len(self.user) > 255 or len(self.password) > 255:
            raise ValueError(
                "PROXY_URL: a user or password is longer than the 255 bytes that SOCKS5 has for it"
            )
        self.rests_until = 0.0

    @property
    def shown(self) -> str:
        """Its address without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Proxy({self.shown})"


class Probe(Struct, frozen=True, kw_only=True):
    """What came of trying a proxy."""

    shown: str
    fault: str | None


class _HostFailed(Exception):
    """The proxy works, and cannot reach the host."""


class _Fault(Exception):
    """The proxy does not do its part; `rests` where another host would fare no better."""

    def __init__(self, reason: str, *, rests: bool = True) -> None:
        super().__init__(reason)
        self.rests = rests


class OutboundProxies:
    """Opens connections through one of several proxies.

    A host keeps its proxy, so that a site sees one address, and hosts are spread over all of them. One that fails gives
    way to the next and is asked last for REST_S.

    Args:
        urls: of the proxies, at least one.
        resolves: whether all of them are handed names.
        ssl_context: for `https` proxies; the system's certificates by default.
    Raises:
        ValueError: one is no address of a proxy.
    """

    def __init__(
        self, urls: Sequence[str], *, resolves: bool = False, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self._proxies = [Proxy(url, resolves=resolves) for url in urls]
        self._dialler = AsyncioBackend()
        self._ssl_context = ssl_context

    def __repr__(self) -> str:
        return f"OutboundProxies({self._proxies})"

    async def connect(
        self, host: str, port: int, *, addresses: Callable[[], Awaitable[Sequence[str]]]
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to a host through the first proxy that gives one.

        Args:
            addresses: the host's checked literals, asked for where the proxy is not to resolve it.
        Raises:
            ProxyFailed: no proxy does its part, or it refuses the host.
            httpcore2.ConnectError: the proxy cannot reach the host.
        """
        faults = []
        for proxy in self._order(host):
            targets = [host] if proxy.resolves else await addresses()
            try:
                return await self._connect(proxy, targets, port)
            except _Fault as fault:
                faults.append(f"{proxy.shown}: {fault}")
                if not fault.rests:
                    break
        raise ProxyFailed(
            f"no connection to {host} port {port} through a proxy of this gateway ({'; '.join(faults)})"
        )

    async def probe(self, host: str, port: int) -> list[Probe]:
        """Ask each proxy for a connection to a host, by name; that the host cannot be reached is no fault."""
        probes = []
        for proxy in self._proxies:
            fault = None
            try:
                await (await self._connect(proxy, [host], port)).aclose()
            except _Fault as exc:
                fault = str(exc)
            except httpcore2.ConnectError:
                pass
            probes.append(Probe(shown=proxy.shown, fault=fault))
        return probes

    def _order(self, host: str) -> list[Proxy]:
        """Those that do not rest first; within both, by the host (rendezvous hashing)."""
        now = time.monotonic()

        def rank(proxy: Proxy) -> tuple[bool, bytes]:
            weight = blake2b(f"{host} {proxy.shown}".encode(), digest_size=8).digest()
            return proxy.rests_until > now, weight

        return sorted(self._proxies, key=rank)

    async def _connect(self, proxy: Proxy, targets: Sequence[str], port: int) -> httpcore2.AsyncNetworkStream:
        for target in targets:
            began = time.monotonic()
            try:
                stream = await self._open(proxy, target, port)
            except _HostFailed:
                continue
            except _Fault as fault:
                if fault.rests:
                    proxy.rests_until = time.monotonic() + REST_S
                raise
            except asyncio.CancelledError:
                # a fetch that is given up meanwhile, as its deadline passed
                if time.monotonic() - began >= DIAL_S:
                    proxy.rests_until = time.monotonic() + REST_S
                raise
            proxy.rests_until = 0.0
            return stream
        raise httpcore2.ConnectError(f"{proxy.shown} cannot reach the host")

    async def _open(self, proxy: Proxy, target: str, port: int) -> httpcore2.AsyncNetworkStream:
        stage: Literal["connect", "answer"] = "connect"
        stream: httpcore2.AsyncNetworkStream | None = None
        try:
            async with asyncio.timeout(DIAL_S):
                stream = await self._dialler.connect_tcp(proxy.host, proxy.port)
                if proxy.scheme == "https":
                    context = self._ssl_context or _default_context()
                    stream = await stream.start_tls(context, proxy.host)
                if proxy.scheme.startswith("socks5"):
                    await _greet_socks(stream, proxy)
            stage = "answer"
            async with asyncio.timeout(ANSWER_S):
                ask = _ask_socks if proxy.scheme.startswith("socks5") else _ask_http
                await ask(stream, proxy, target, port)
            opened, stream = stream, None
            return opened
        except (TimeoutError, httpcore2.TimeoutException):
            waited = DIAL_S if stage == "connect" else ANSWER_S
            raise _Fault(f"it did not answer within {waited:g} s") from None
        except httpcore2.ConnectError as exc:
            if is_out_of_descriptors(exc):
                raise
            raise _Fault(_reason(exc)) from exc
        except httpcore2.NetworkError as exc:
            raise _Fault("it closed the connection before it was open") from exc
        finally:
            if stream is not None:
                await stream.aclose()


def _default_context() -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context()


def _reason(exc: BaseException) -> str:
    cause = exc.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate does not hold ({cause.verify_message})"
    return "no TLS session with it" if isinstance(cause, ssl.SSLError) else "no connection to it"


async def _ask_http(stream: httpcore2.AsyncNetworkStream, proxy: Proxy, target: str, port: int) -> None:
    authority = f"[{target}]:{port}" if ":" in target else f"{target}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.user or proxy.password:
        credentials = b64encode(proxy.user + b":" + proxy.password).decode()
        lines.append(f"Proxy-Authorization: Basic {credentials}")
    await stream.write("\r\n".join([*lines, "", ""]).encode("ascii"))
    got = b""
    while b"\r\n\r\n" not in got:
        data = await stream.read(_MAX_HEAD_BYTES)
        got += data
        if not data:
            raise _Fault("it closed the connection before it was open")
        if len(got) > _MAX_HEAD_BYTES or not got.startswith(b"HTTP/1."[: len(got)]):
            raise _Fault("it does not answer like an HTTP proxy")
    head, _, rest = got.partition(b"\r\n\r\n")
    code = head[9:12]
    status = int(code) if code.isdigit() and head[8:9] == b" " else 0
    if 200 <= status < 300:
        # the origin speaks after its client
        if rest:
            raise _Fault("it does not answer like an HTTP proxy")
        return
    if status == 407:
        raise _Fault(_WRONG_PASSWORD if proxy.user else _NO_PASSWORD)
    if status in _HOST_FAILED:
        raise _HostFailed
    if 400 <= status < 600:
        raise _Fault(f"it refuses connections to port {port} of the host (status {status})", rests=False)
    raise _Fault("it does not answer like an HTTP proxy")


async def _greet_socks(stream: httpcore2.AsyncNetworkStream, proxy: Proxy) -> None:
    has_password = bool(proxy.user or proxy.password)
    await stream.write(b"\x05\x02\x00\x02" if has_password else b"\x05\x01\x00")
    version, method = await _read_exactly(stream, 2)
    if version != 5:
        raise _Fault("it does not answer like a SOCKS5 proxy")
    if method == 0xFF or (method == 2 and not has_password):
        raise _Fault(_WRONG_PASSWORD if has_password else _NO_PASSWORD)
    if method == 2:
        user, password = proxy.user, proxy.password
        await stream.write(b"\x01%c%b%c%b" % (len(user), user, len(password), password))
        if (await _read_exactly(stream, 2))[1] != 0:
            raise _Fault(_WRONG_PASSWORD)
    elif method != 0:
        raise _Fault("it does not answer like a SOCKS5 proxy")


async def _ask_socks(stream: httpcore2.AsyncNetworkStream, proxy: Proxy, target: str, port: int) -> None:
    await stream.write(b"\x05\x01\x00" + _socks_address(target) + port.to_bytes(2, "big"))
    version, reply, _, kind = await _read_exactly(stream, 4)
    if version != 5:
        raise _Fault("it does not answer like a SOCKS5 proxy")
    if reply in _SOCKS_HOST_FAILED:
        raise _HostFailed
    if reply:
        words = "by its rules" if reply == _SOCKS_REFUSED else f"(reply {reply})"
        raise _Fault(f"it refuses connections to port {port} of the host {words}", rests=False)
    # the address it dials from
    length = {1: 4, 4: 16}.get(kind) or (await _read_exactly(stream, 1))[0]
    await _read_exactly(stream, length + 2)


def _socks_address(target: str) -> bytes:
    try:
        address = ip_address(target)
    except ValueError:
        name = target.encode("ascii")
        return b"\x03%c%b" % (len(name), name)
    return (b"\x04" if isinstance(address, IPv6Address) else b"\x01") + address.packed


async def _read_exactly(stream: httpcore2.AsyncNetworkStream, count: int) -> bytes:
    got = b""
    while len(got) < count:
        data = await stream.read(count - len(got))
        if not data:
            raise _Fault("it closed the connection before it was open")
        got += data
    return got
