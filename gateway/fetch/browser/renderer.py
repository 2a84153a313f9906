"""Pages as they are once their scripts have run; implements `gateway.fetch.base.Renderer`."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpcore2
from msgspec import Struct
from msgspec.structs import replace

from gateway.core.http.caller_headers import filter_headers
from gateway.core.http.url import Url, fragment_of, parse_url
from gateway.errors import (
    ConnectFailed,
    FetchTimeout,
    GatewayError,
    Overloaded,
    RenderFailed,
    TooLarge,
    UnsupportedContent,
    UrlRefused,
)
from gateway.fetch.base import Fetched, Rendering, RenderRequest
from gateway.fetch.browser.actions import act, wait_for
from gateway.fetch.browser.browsers import Browsers, Lease
from gateway.fetch.browser.capture import photograph, print_out
from gateway.fetch.browser.cdp import BrowserGone, CdpError
from gateway.fetch.browser.guard_proxy import GuardProxy
from gateway.fetch.browser.page import ContextLost, Page
from gateway.fetch.browser.readiness import BUDGET_S, calm, settle
from gateway.fetch.browser.reading import Document, read_document
from gateway.fetch.browser.record import Response
from gateway.fetch.http.guard import Policy
from gateway.fetch.http.headers import without_wire_headers
from gateway.telemetry.spans import span
from gateway.wire import Notice

NAME = "chromium"
# what a page with its scripts may take from the network, in MAX_BODY_BYTES
PAGE_BYTES_FACTOR = 5
# of the time a page has, kept for reading it
_READ_S = 1.0
# a browser that takes longer to open a page gets no further ones
_STUCK_S = 2.0
_HTML = ("text/html", "application/xhtml+xml", "")


class _Job(Struct, frozen=True):
    """A page to be rendered by a deadline (`time.monotonic`), with the caller's headers that may be sent."""

    url: Url
    headers: dict[str, str]
    wanted: RenderRequest
    deadline: float


class BrowserRenderer:
    """Renders pages in a browser behind the address policy.

    Args:
        browsers: where pages are opened.
        backend: dials what they ask for.
        policy: what may be reached.
        concurrency: pages open at a time.
        timeout_s: the longest one may take.
        max_body_bytes: of its HTML.
        own_network: the browser reaches whatever its machine reaches, past the address policy.
        check_robots: raises RobotsDenied where robots.txt is obeyed and says no.
    """

    name = NAME

    def __init__(
        self,
        *,
        browsers: Browsers,
        backend: httpcore2.AsyncNetworkBackend,
        policy: Policy,
        concurrency: int = 4,
        timeout_s: float = 15,
        max_body_bytes: int = 10 * 1024**2,
        own_network: bool = False,
        check_robots: Callable[[Url], Awaitable[object]] | None = None,
    ) -> None:
        self._browsers = browsers
        self._backend = backend
        self._policy = policy
        self._free = asyncio.Semaphore(concurrency)
        self._timeout_s = timeout_s
        self._max_body_bytes = max_body_bytes
        self._own_network = own_network
        self._check_robots = check_robots

    async def aclose(self) -> None:
        await self._browsers.aclose()

    async def probe(self) -> str:
        began = time.perf_counter()
        async with self._browsers.lend() as lease:
            return f"{lease.product} starts in {(time.perf_counter() - began) * 1e3:.0f} ms"

    async def render(self, request: RenderRequest) -> Fetched:
        began = time.perf_counter()
        url = parse_url(request.url)
        headers = filter_headers(request.headers)
        self._policy.check_url(url)
        timeout_s = request.timeout_s
        with span("render") as current:
            current.set_attribute("server.address", url.host)
            try:
                async with asyncio.timeout(request.timeout_s):
                    if self._check_robots is not None:
                        await self._check_robots(url)
                    async with self._free:
                        timeout_s = min(request.timeout_s, self._timeout_s)
                        async with asyncio.timeout(timeout_s):
                            job = _Job(url, headers, request, time.monotonic() + timeout_s)
                            fetched = await self._render(job)
            except TimeoutError:
                raise FetchTimeout(
                    f"{url.shown} was not rendered within {timeout_s:g} s; "
                    "the setting RENDER_TIMEOUT_S and `timeout_s` give it longer"
                ) from None
            return replace(fetched, fetch_ms=(time.perf_counter() - began) * 1e3)

    async def _render(self, job: _Job) -> Fetched:
        proxy = GuardProxy(
            backend=self._backend, policy=self._policy, max_bytes=PAGE_BYTES_FACTOR * self._max_body_bytes
        )
        if not self._own_network:
            try:
                await proxy.open()
            except OSError as exc:
                raise Overloaded(
                    "the gateway has no socket left for a page of the browser; try again shortly",
                    retry_after_s=1,
                ) from exc
        try:
            async with self._browsers.lend() as lease:
                return await self._open(lease, proxy, job)
        finally:
            await proxy.aclose()

    async def _open(self, lease: Lease, proxy: GuardProxy, job: _Job) -> Fetched:
        wanted, url = job.wanted, job.url
        began, is_open = time.monotonic(), False
        fragment = fragment_of(wanted.url)
        try:
            async with lease.contexts.open_page(
                f"{url.text}#{fragment}" if fragment else url.text,
                proxy=proxy,
                origin=url.origin,
                headers=job.headers,
                shows_pictures=wanted.screenshot or wanted.pdf,
            ) as page:
                is_open = True
                if failed := await page.load():
                    return self._failed(page, url, failed)
                _check_kind(page.record.response)
                warnings = await self._make_ready(page, job)
                if page.record.unreachable_url:
                    return self._failed(page, url, "it went on to an address that cannot be shown")
                fetched = self._fetched(page, url, await self._read(page))
                pdf = await print_out(page, max_bytes=self._max_body_bytes) if wanted.pdf else None
                picture = (
                    await photograph(page, max_bytes=self._max_body_bytes) if wanted.screenshot else None
                )
                if proxy.is_spent:
                    message = "the page took all the bytes it may from the network; what it asked for then did not come"
                    warnings.append(Notice(code="render_cut", message=message))
                return replace(
                    fetched,
                    rendering=Rendering(
                        engine=NAME,
                        requests=page.record.requests,
                        warnings=[*warnings, *(picture.warnings if picture else [])],
                    ),
                    screenshot=picture and picture.png,
                    pdf=pdf,
                )
        except BrowserGone as exc:
            if not lease.is_well:
                self._browsers.distrust(lease)
            raise RenderFailed(f"{url.shown} was not rendered: {exc}") from exc
        except CdpError as exc:
            raise RenderFailed(f"{url.shown} was not rendered: {exc}") from exc
        finally:
            if not is_open and time.monotonic() - began > _STUCK_S:
                self._browsers.distrust(lease)

    async def _make_ready(self, page: Page, job: _Job) -> list[Notice]:
        """Wait for the page's text, and do in it what is to be done; returns what there is to say of it."""
        wanted, until = job.wanted, job.deadline - _READ_S
        warnings: list[Notice] = []
        if wanted.wait_for is None:
            await settle(page, until=min(time.monotonic() + BUDGET_S, until))
        elif not await wait_for(page, wanted.wait_for, until=until):
            message = f"`wait_for`: {str(wanted.wait_for)[:100]!r} did not come in the time there was"
            warnings.append(Notice(code="wait_for_missing", message=message))
        elif isinstance(wanted.wait_for, str):
            await calm(page, until=until)
        await act(page, wanted.actions, until=until)
        return warnings

    async def _read(self, page: Page) -> Document:
        while True:
            try:
                return await read_document(page, max_characters=self._max_body_bytes)
            except ContextLost:
                # it has just moved on
                await asyncio.sleep(0.05)

    def _fetched(self, page: Page, url: Url, document: Document) -> Fetched:
        body = None if document.html is None else document.html.encode()
        if body is None or len(body) > self._max_body_bytes:
            size = document.characters if body is None else len(body)
            raise TooLarge(
                f"{url.shown} has {size} bytes once its scripts have run, more than the limit of {self._max_body_bytes}"
            )
        response = page.record.response
        # a document that a script made has no response to say that it may be kept
        headers = without_wire_headers(response.headers) if response else {"cache-control": "no-store"}
        return Fetched(
            url=url.text,
            final_url=_address(document.url) or _address(response.url if response else "") or url.text,
            status=response.status if response and response.status else 200,
            headers=headers | {"content-type": "text/html; charset=utf-8"},
            body=body,
            fetch_ms=0,
            redirects=[each.headers for each in page.record.earlier],
        )

    def _failed(self, page: Page, url: Url, failed: str) -> Fetched:
        """What a page is that shows nothing: an empty response, or an error."""
        response = page.record.response
        if "HTTP_RESPONSE_CODE_FAILURE" in failed and (bare := page.record.responses):
            response = list(bare.values())[-1]
            return Fetched(
                url=url.text,
                final_url=_address(response.url) or url.text,
                status=response.status,
                headers=without_wire_headers(response.headers),
                body=b"",
                fetch_ms=0,
            )
        if page.record.is_download:
            raise _unsupported(url)
        address = page.record.unreachable_url or page.record.asked_url or url.text
        raise self._reason(page, address, failed)

    def _reason(self, page: Page, address: str, failed: str) -> GatewayError:
        try:
            at = parse_url(address)
            self._policy.check_url(at)
        except UrlRefused as refused:
            return refused
        if known := page.proxy.failures.get(f"{at.host}:{at.port}"):
            return known
        if page.proxy.is_spent:
            return TooLarge(f"{at.shown} took more bytes from the network than a page may")
        if "CERT" in failed or "SSL" in failed:
            return ConnectFailed(f"no TLS session with {at.origin}: {failed.removeprefix('net::')}")
        if "ABORTED" in failed:
            return _unsupported(at)
        return ConnectFailed(f"{at.shown} cannot be shown: {failed.removeprefix('net::')}")


def _check_kind(response: Response | None) -> None:
    if response is not None and response.mime_type not in _HTML:
        raise _unsupported(parse_url(response.url))


def _unsupported(url: Url) -> UnsupportedContent:
    return UnsupportedContent(
        f"{url.shown} is not an HTML page, so there is nothing to render; send render=auto or never"
    )


def _address(text: str) -> str:
    """An address that may be handed on, "" for any other."""
    try:
        return parse_url(text).text
    except UrlRefused:
        return ""
