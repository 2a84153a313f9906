"""`winnow doctor`: each part of an installation tried once, with what to do about a fault."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

from msgspec import Struct

from backends.base import UpstreamError
from gateway import __version__
from gateway.api.services import Services
from gateway.auth.keys import KeyFault
from gateway.cache.keys import probe_key
from gateway.container import cache_directory, check_parts, open_proxies, open_services
from gateway.errors import GatewayError
from gateway.fetch.base import NO_BROWSER
from gateway.server.exposure import check_exposure
from gateway.settings import Settings, SettingsError, backend_specs, load_settings
from gateway.wire import ScrapeRequest

_SAMPLE = (
    "<html><head><title>Sample</title></head><body><h1>Sample</h1><p>Twelve words of text.</p></body></html>"
)
_PROBED = ("example.com", 443)
_NETWORK_S = 5.0
# the module that says whether an extra is installed
_EXTRAS = {
    "local": "llama_cpp",
    "anthropic": "anthropic",
    "valkey": "valkey",
    "mcp": "mcp",
    "render": "websockets",
    "otel": "opentelemetry.sdk",
}


class Finding(Struct, kw_only=True, frozen=True):
    """One part of the installation: is it well, and what was seen. None: it is missing, and need not be there."""

    name: str
    well: bool | None
    message: str


async def examine(environ: Mapping[str, str]) -> list[Finding]:
    """Try settings, cache, cleaning, browser, network and models, in this order; a fault does not stop the rest."""
    try:
        settings = load_settings(environ)
        check_exposure(settings)
        check_parts(settings, environ)
    except (SettingsError, KeyFault) as exc:
        return [Finding(name="settings", well=False, message=str(exc)), _installed()]
    findings = [
        _installed(),
        Finding(name="settings", well=True, message=f"serves {settings.host}:{settings.port}"),
    ]
    try:
        async with open_services(settings) as services:
            where = (settings.cache_url and "the store WINNOW_CACHE_URL names") or str(
                cache_directory(settings)
            )
            findings.append(await _try("cache", lambda: _try_cache(services, where)))
            findings.append(await _try("cleaning", lambda: _try_cleaning(services)))
            findings.append(_find_walk(settings))
            findings.append(await _try("browser", lambda: _try_browser(services)))
            findings += await _try_proxies(settings) if settings.proxy_url else [await _try_network()]
            findings += await _try_models(services, settings, environ)
    except (GatewayError, OSError) as exc:
        findings.append(Finding(name="service", well=False, message=f"does not start: {exc}"))
    return findings


def _installed() -> Finding:
    """Which version this is, of what Python, and which extras are there."""
    extras = [name for name, module in _EXTRAS.items() if find_spec(module) is not None]
    python = ".".join(map(str, sys.version_info[:3]))
    message = f"winnow {__version__}, Python {python}, extras: {', '.join(extras) or 'none'}"
    return Finding(name="version", well=True, message=message)


async def _try_network() -> Finding:
    """Whether a public host can be reached; a gateway for pages of its own network need not."""
    host, port = _PROBED
    fault = await _connect(host, port)
    if fault is None:
        return Finding(name="network", well=True, message=f"{host}:{port} connects")
    message = f"{host}:{port}: {fault}; public pages need DNS and a way out, or PROXY_URL"
    return Finding(name="network", well=None, message=message)


async def _connect(host: str, port: int) -> str | None:
    """Why a host takes no connection, None where it does."""
    try:
        async with asyncio.timeout(_NETWORK_S):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return f"no connection within {_NETWORK_S:g} s"
    except OSError as exc:
        return str(exc)
    writer.close()
    return None


async def _try(name: str, check: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await check()
    except (GatewayError, OSError) as exc:
        return Finding(name=name, well=False, message=str(exc))


async def _try_models(services: Services, settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """What each configured backend reports; that none is configured is not a fault."""
    if settings.local_model:
        from backends.local import probe

        found = await probe(
            path=settings.local_model,
            models_dir=settings.models_dir,
            context_tokens=settings.local_context_tokens,
            parallel=settings.local_parallel,
            gpu_layers=settings.local_gpu_layers,
            threads=settings.local_threads,
            flash_attention=settings.local_flash_attention,
        )
        return [Finding(name="local model", well=item.level != "error", message=item.text) for item in found]
    try:
        routes = await services.registry.models()
        health = await services.registry.health()
        urls = {spec.name: spec.url for spec in backend_specs(settings, environ)}
        # one whose package is missing was never built, and has no health
        ills = services.registry.unlisted() | {name: fault for name, fault in health.items() if fault}
        faults = [await _at(name, urls.get(name), fault) for name, fault in ills.items()]
    except UpstreamError as exc:
        return [Finding(name="models", well=False, message=exc.message)]
    if faults:
        return [Finding(name="models", well=False, message="; ".join(faults))]
    names = ", ".join(route.name for route in routes)
    return [Finding(name="models", well=True, message=names or "none configured; pages work without")]


async def _at(name: str, url: str | None, fault: str) -> str:
    """A backend's fault with its address, and why that takes no connection where it does not."""
    if not url:
        return f"{name}: {fault}"
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    cause = await _connect(parts.hostname or "", port)
    return f"{name} at {parts.scheme}://{parts.hostname}:{port}{parts.path}: {fault}" + (
        f" ({cause})" if cause else ""
    )


async def _try_cache(services: Services, where: str) -> Finding:
    probe = probe_key("doctor")
    await services.cache.set(probe, b"well", ttl_s=60)
    read = await services.cache.get(probe)
    await services.cache.delete(probe)
    fault = await services.cache.health()
    if fault or read != b"well":
        reason = fault or "what was written could not be read back"
        return Finding(name="cache", well=False, message=f"{where}: {reason}; pages are served uncached")
    return Finding(name="cache", well=True, message=where)


async def _try_browser(services: Services) -> Finding:
    """Start the browser; that there is none is no fault."""
    if services.renderer is None:
        return Finding(name="browser", well=True, message=f"{NO_BROWSER}; pages that need scripts stay empty")
    return Finding(name="browser", well=True, message=await services.renderer.probe())


async def _try_proxies(settings: Settings) -> list[Finding]:
    """Ask each outbound proxy for a connection; a host that does not answer is no fault of the proxy."""
    proxies = open_proxies(settings)
    probes = await proxies.probe(*_PROBED) if proxies is not None else []
    return [
        Finding(name="proxy", well=probe.fault is None, message=f"{probe.shown}: {probe.fault or 'connects'}")
        for probe in probes
    ]


def _find_walk(settings: Settings) -> Finding:
    """Which walk reads pages: C's, or Python's, which needs nothing and gives the same."""
    from gateway.core.dom.native import find_walk, prefer_native

    prefer_native(settings.native_walk)
    walk = find_walk()
    return Finding(name="walk", well=True, message=f"{'C' if walk.extension else 'Python'}: {walk.reason}")


async def _try_cleaning(services: Services) -> Finding:
    began = time.perf_counter()
    page = await services.scraper.scrape(ScrapeRequest(html=_SAMPLE))
    elapsed_ms = (time.perf_counter() - began) * 1e3
    if "Twelve words" not in page.content:
        return Finding(
            name="cleaning", well=False, message="a sample page lost its text; reinstall the package"
        )
    counts = f"{page.tokens.html} → {page.tokens.content} tokens ({page.tokens.tokenizer})"
    return Finding(name="cleaning", well=True, message=f"a sample page in {elapsed_ms:.0f} ms, {counts}")
