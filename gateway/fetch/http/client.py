"""Pages over HTTP: one total deadline, bounded in every direction, nothing shared between callers.

A fetch goes through `Guard` for every connection, follows redirects itself, and checks each hop anew. There
is no cookie jar, no proxy from the environment and no second reading of the URL.
"""

import asyncio
import contextlib
import random
import ssl
import time
from collections.abc import AsyncIterator

import httpcore2
import httpx2
from msgspec import Struct
from msgspec.structs import replace
from opentelemetry.trace import SpanKind

from gateway.core.http.caller_headers import filter_headers
from gateway.core.http.url import Url, join_url, parse_url
from gateway.core.tasks.base import Workers
from gateway.errors import ConnectFailed, DnsFailed, FetchTimeout, TooManyRedirects
from gateway.fetch.base import Fetched, FetchRequest
from gateway.fetch.http.dns import Resolver, ThreadResolver
from gateway.fetch.http.exchange import ConnectionLost, Reply, exchange
from gateway.fetch.http.guard import Guard, Policy
from gateway.fetch.http.headers import (
    DEFAULT_USER_AGENT,
    read_location,
    request_headers,
    without_wire_headers,
)
from gateway.fetch.http.host_limits import Hosts
from gateway.fetch.http.outbound import OutboundProxies
from gateway.fetch.http.robots import MAX_ROBOTS_BYTES, Robots
from gateway.net.retry_after import read_retry_after
from gateway.telemetry.spans import span

MAX_REDIRECTS = 5
MAX_TRIES = 3
MAX_RETRY_AFTER_S = 10.0
ROBOTS_TIMEOUT_S = 10.0
# a host given less time than this to answer is not blamed for a timeout
WORTH_BLAMING_S = 5.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRY_AGAIN = frozenset({429, 502, 503, 504})


class _Plan(Struct, kw_only=True, frozen=True):
    """What one fetch asks for, apart from the address of the hop."""

    # headers for hops of the first origin
    caller: dict[str, str] = {}
    html_first: bool = False
    validators: dict[str, str] = {}
    # the one address they are sent to
    validated: str = ""
    # time.monotonic
    deadline: float
    asks_robots: bool = True
    # take this much of the body and leave the rest
    cut_bytes: int | None = None


class _Redirect(Struct, kw_only=True, frozen=True):
    """A hop that leads on."""

    to: Url
    headers: dict[str, str]


class HttpFetcher:
    """Fetches pages through the address policy; implements `gateway.fetch.base.Fetcher`.

    Args:
        policy: what may be reached.
        max_body_bytes: most bytes of a body, on the wire and decoded alike.
        host_concurrency: most fetches from one host at a time.
        min_delay_s: least time between the starts of two fetches from one host.
        respect_robots: ask robots.txt first, and keep its Crawl-delay.
        workers: read robots.txt; not needed where it is not respected.
        user_agent: what is sent as User-Agent, and matched against robots.txt.
        max_connections: to all hosts together; beyond it fetches wait, within their own time. As many look-ups.
        resolver: name -> addresses; the operating system's by default.
        proxies: what connections go through; none by default.
        ssl_context: which certificates to trust; the system's by default.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        max_body_bytes: int,
        host_concurrency: int,
        max_connections: int,
        min_delay_s: float = 0.0,
        respect_robots: bool = False,
        workers: Workers | None = None,
        user_agent: str | None = None,
        resolver: Resolver | None = None,
        proxies: OutboundProxies | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._max_body_bytes = max_body_bytes
        self._user_agent = user_agent or DEFAULT_USER_AGENT
        self._hosts = Hosts(concurrency=host_concurrency, min_delay_s=min_delay_s)
        self._robots: Robots | None = None
        if respect_robots:
            if workers is None:
                raise ValueError("respect_robots needs workers, which read what sites send")
            self._robots = Robots(self._fetch_robots, workers=workers, user_agent=self._user_agent)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context or httpx2.create_ssl_context(),
            max_connections=max_connections,
            max_keepalive_connections=min(64, max_connections),
            keepalive_expiry=30,
            http2=True,
            network_backend=Guard(
                policy=policy,
                resolver=resolver or ThreadResolver(max_threads=max_connections),
                proxies=proxies,
            ),
        )

    async def check_robots(self, url: Url) -> float:
        """For pages that are not fetched from here: the site's Crawl-delay in seconds.

        Raises:
            RobotsDenied: robots.txt is obeyed, and says no or cannot be had.
        """
        return await self._robots.check(url) if self._robots is not None else 0.0

    async def aclose(self) -> None:
        """Close idle connections; fetches still under way fail."""
        await self._pool.aclose()

    async def fetch(self, request: FetchRequest) -> Fetched:
        with span("fetch", kind=SpanKind.CLIENT) as current:
            url = parse_url(request.url)
            current.set_attribute("server.address", url.host)
            fetched = await self._fetch(url, request)
            current.set_attribute("http.response.status_code", fetched.status)
            current.set_attribute("http.response.body.size", len(fetched.body))
            return fetched

    async def post(self, url: str, *, body: bytes, headers: dict[str, str], timeout_s: float) -> int:
        """Send a body and return the status of the answer; implements `gateway.fetch.base.Poster`."""
        target = parse_url(url)
        self._policy.check_url(target)
        sent = {"user-agent": self._user_agent, **headers, "content-length": str(len(body))}
        lines = [(b"Host", target.origin.partition("://")[2].encode("ascii"))]
        lines += [(name.encode("ascii"), value.encode("latin-1")) for name, value in sent.items()]
        try:
            async with asyncio.timeout(timeout_s), exchange(self._pool, target, lines, posted=body) as reply:
                await reply.discard()
                return reply.status
        except TimeoutError:
            raise FetchTimeout(f"{target.shown} did not answer within {timeout_s:g} s") from None

    async def _fetch(self, url: Url, request: FetchRequest) -> Fetched:
        started = time.perf_counter()
        validators = {"if-none-match": request.etag, "if-modified-since": request.last_modified}
        plan = _Plan(
            caller=filter_headers(request.headers),
            html_first=request.html_first,
            validators={name: value for name, value in validators.items() if value},
            validated=parse_url(request.validated_url or request.url).text,
            deadline=time.monotonic() + request.timeout_s,
        )
        try:
            async with asyncio.timeout(request.timeout_s):
                fetched = await self._follow(url, plan)
        except TimeoutError:
            raise FetchTimeout(
                f"{url.shown} did not arrive within {request.timeout_s:g} s; timeout_s gives it longer"
            ) from None
        return replace(fetched, url=url.text, fetch_ms=(time.perf_counter() - started) * 1000)

    async def _follow(self, url: Url, plan: _Plan) -> Fetched:
        hop, seen = url, {url.text}
        redirects: list[dict[str, str]] = []
        stayed = True
        while True:
            self._policy.check_url(hop)
            delay_s = await self._robots.check(hop) if self._robots and plan.asks_robots else 0.0
            validators = plan.validators if hop.text == plan.validated else {}
            lines = request_headers(
                hop,
                user_agent=self._user_agent,
                html_first=plan.html_first,
                caller=plan.caller if stayed else {},
                validators=validators,
            )
            result = await self._try(hop, lines, plan, delay_s=delay_s)
            if isinstance(result, Fetched):
                return replace(result, redirects=redirects, stayed=stayed)
            if len(seen) > MAX_REDIRECTS:
                raise TooManyRedirects(f"{url.shown} redirects more than {MAX_REDIRECTS} times")
            if result.to.text in seen:
                raise TooManyRedirects(f"{url.shown} redirects in a circle, back to {result.to.shown}")
            redirects.append(result.headers)
            stayed = stayed and result.to.origin == hop.origin
            hop = result.to
            seen.add(hop.text)

    async def _try(
        self, hop: Url, lines: list[tuple[bytes, bytes]], plan: _Plan, *, delay_s: float
    ) -> Fetched | _Redirect:
        """One hop, tried again while that may help."""
        name = f"{hop.host}:{hop.port}"
        tries = 0
        while True:
            tries += 1
            try:
                async with self._hosts.slot(name, delay_s=delay_s), self._open(name, hop, lines) as reply:
                    wait_s = _wait_after(reply, tries=tries, deadline=plan.deadline)
                    if wait_s is None:
                        return await self._read(reply, plan)
                    await reply.discard()
            except ConnectionLost:
                wait_s = _backoff(tries)
                if tries == MAX_TRIES or time.monotonic() + wait_s >= plan.deadline:
                    raise
            await asyncio.sleep(wait_s)

    @contextlib.asynccontextmanager
    async def _open(self, name: str, hop: Url, lines: list[tuple[bytes, bytes]]) -> AsyncIterator[Reply]:
        """An exchange whose beginning counts for or against the host."""
        began = time.monotonic()
        answered = False
        try:
            async with exchange(self._pool, hop, lines) as reply:
                answered = True
                self._hosts.succeeded(name)
                yield reply
        except (ConnectFailed, DnsFailed):
            if not answered:
                self._hosts.failed(name)
            raise
        except asyncio.CancelledError:
            if not answered and time.monotonic() - began >= WORTH_BLAMING_S:
                self._hosts.failed(name)
            raise

    async def _read(self, reply: Reply, plan: _Plan) -> Fetched | _Redirect:
        location = read_location(reply.lines) if reply.status in _REDIRECTS else None
        if location is not None:
            await reply.discard()
            return _Redirect(to=join_url(reply.url, location), headers=reply.headers)
        return Fetched(
            url=reply.url.text,
            final_url=reply.url.text,
            status=reply.status,
            headers=without_wire_headers(reply.headers),
            body=await reply.body(
                max_bytes=plan.cut_bytes or self._max_body_bytes, cut=plan.cut_bytes is not None
            ),
            fetch_ms=0,
        )

    async def _fetch_robots(self, url: Url) -> Fetched:
        timeout_s = ROBOTS_TIMEOUT_S
        plan = _Plan(deadline=time.monotonic() + timeout_s, asks_robots=False, cut_bytes=MAX_ROBOTS_BYTES)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._follow(url, plan)
        except TimeoutError:
            raise FetchTimeout(f"{url.shown} did not arrive within {timeout_s:g} s") from None


def _wait_after(reply: Reply, *, tries: int, deadline: float) -> float | None:
    """Seconds until another try at this response, None to take it as it is."""
    if reply.status not in _TRY_AGAIN or tries == MAX_TRIES:
        return None
    wait_s = _backoff(tries)
    if asked_s := read_retry_after(reply.headers, now=time.time()):
        wait_s = max(wait_s, asked_s)
    return wait_s if wait_s <= MAX_RETRY_AFTER_S and time.monotonic() + wait_s < deadline else None


def _backoff(tries: int) -> float:
    return random.uniform(0.125, 0.25) * (1 << tries - 1)
