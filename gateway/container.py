"""Builds and closes every object of the service once, from settings. The app and the CLI use it."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import platformdirs

from backends.base import UpstreamError
from backends.registry import Registry
from gateway.api.bodies import Bodies
from gateway.api.services import Services
from gateway.cache import open_cache, open_server
from gateway.cache.fingerprint import core_fingerprint
from gateway.cache.limits_store import LimitsStore
from gateway.cache.single_flight import SingleFlight
from gateway.completions.completer import Completer
from gateway.completions.model_metrics import ModelMetrics
from gateway.completions.web_context import WebContextBuilder
from gateway.extraction.extractor import Extractor
from gateway.fetch.browser.browsers import Browsers
from gateway.fetch.browser.executable import command_line, find_browser
from gateway.fetch.browser.renderer import BrowserRenderer
from gateway.fetch.http.client import HttpFetcher
from gateway.fetch.http.dns import ThreadResolver
from gateway.fetch.http.guard import Guard, Policy
from gateway.fetch.http.headers import DEFAULT_USER_AGENT
from gateway.scraping.cached_responses import CachedResponses
from gateway.scraping.pages import Pages
from gateway.scraping.scraper import Scraper
from gateway.server.descriptors import FETCHES_PER_WORK
from gateway.settings import Settings, SettingsError, backend_specs
from gateway.telemetry.health import Health
from gateway.telemetry.metrics import Metrics
from gateway.workers.pool import WorkerPool


def cache_directory(settings: Settings) -> Path:
    """Where the embedded cache lives: CACHE_DIR, else the platform's folder for caches."""
    return Path(settings.cache_dir or platformdirs.user_cache_dir("winnow"))


def check_parts(settings: Settings, environ: Mapping[str, str]) -> None:
    """Build, and drop, what settings can describe wrongly: before anything listens rather than after.

    Raises:
        SettingsError: ALLOW_TARGETS, CACHE_URL or a backend's table cannot be understood, or wants an extra.
    """
    try:
        Policy(allow_targets=settings.allow_targets)
        open_server(settings.cache_url)
        Registry(backend_specs(settings, environ), default=settings.default_model)
    except (ValueError, ModuleNotFoundError) as exc:
        raise SettingsError(str(exc)) from exc


def open_limits_store(settings: Settings, metrics: Metrics) -> LimitsStore | None:
    """Where limits hold for the whole fleet, not yet connected; None where replicas share no server."""
    server = open_server(settings.cache_url)
    return LimitsStore(server, on_failure=metrics.observe_local_limit) if server else None


@asynccontextmanager
async def open_services(
    settings: Settings, metrics: Metrics | None = None, *, limits: LimitsStore | None = None
) -> AsyncIterator[Services]:
    """Build what `settings` describe; everything is closed, last first, when the block ends.

    Args:
        limits: whoever has opened it shares its connections with the cache, which closes them.
    """
    metrics = metrics or Metrics()
    async with AsyncExitStack() as stack:
        cache = open_cache(
            directory=cache_directory(settings),
            size_bytes=settings.cache_size_bytes,
            server=limits.server if limits else open_server(settings.cache_url),
            alone=settings.workers == 1,
        )
        stack.push_async_callback(cache.aclose)
        workers = WorkerPool(
            workers=settings.clean_workers,
            timeout_s=settings.clean_timeout_s,
            memory_bytes=settings.clean_memory_bytes,
            killed=metrics.observe_kill,
        )
        stack.push_async_callback(workers.aclose)
        await workers.start()
        code = await asyncio.to_thread(core_fingerprint)
        fetcher = HttpFetcher(
            policy=Policy(allow_targets=settings.allow_targets),
            max_body_bytes=settings.max_body_bytes,
            host_concurrency=settings.host_concurrency,
            respect_robots=settings.respect_robots,
            workers=workers,
            user_agent=settings.user_agent,
            max_connections=FETCHES_PER_WORK * settings.max_concurrency,
        )
        stack.push_async_callback(fetcher.aclose)
        renderer = open_renderer(settings, fetcher=fetcher, metrics=metrics)
        if renderer is not None:
            stack.push_async_callback(renderer.aclose)
        pages = Pages(
            fetcher=fetcher,
            renderer=renderer,
            workers=workers,
            cache=cache,
            single_flight=SingleFlight(cache, joined=metrics.observe_join),
            timeout_s=settings.fetch_timeout_s,
        )
        stack.push_async_callback(pages.aclose)

        registry = Registry(backend_specs(settings, os.environ), default=settings.default_model)
        stack.push_async_callback(registry.aclose)
        completer = Completer(
            registry, workers=workers, cache=cache, code=code, watcher=ModelMetrics(metrics.registry)
        )
        stack.push_async_callback(completer.aclose)

        if settings.local_model:
            # a model takes its time to load: begin now, not with the first request
            loading = asyncio.create_task(_load(registry, "local"))
            stack.callback(loading.cancel)

        async def workers_health() -> str | None:
            return workers.health()

        scraper = Scraper(pages=pages, workers=workers, cache=cache, code=code, on_event=metrics.observe_page)
        yield Services(
            scraper=scraper,
            renderer=renderer,
            ready=CachedResponses(cache, on_event=metrics.observe_page),
            completer=completer,
            web_context_builder=WebContextBuilder(scraper=scraper, workers=workers),
            extractor=Extractor(scraper=scraper, completer=completer, workers=workers),
            registry=registry,
            workers=workers,
            bodies=Bodies(workers),
            cache=cache,
            health=Health(
                needed={"workers": workers_health},
                helpful={"cache": cache.health} | ({"limits": limits.health} if limits else {}),
                backends=registry.health,
            ),
        )


def open_renderer(settings: Settings, *, fetcher: HttpFetcher, metrics: Metrics) -> BrowserRenderer | None:
    """Where pages are rendered, None where there is no browser; none is started yet."""
    executable = find_browser(settings.browser)
    if executable is None:
        return None
    browsers = Browsers(
        command_line(
            executable, user_agent=settings.user_agent or DEFAULT_USER_AGENT, sandbox=settings.browser_sandbox
        ),
        memory_bytes=settings.render_memory_bytes,
        killed=metrics.observe_browser_kill,
    )
    metrics.add_gauge("winnow_browser_bytes", "Memory of the browser", lambda: browsers.memory_bytes)
    policy = Policy(allow_targets=settings.allow_targets)
    return BrowserRenderer(
        browsers=browsers,
        backend=Guard(policy=policy, resolver=ThreadResolver()),
        policy=policy,
        concurrency=settings.render_concurrency,
        timeout_s=settings.render_timeout_s,
        max_body_bytes=settings.max_body_bytes,
        check_robots=fetcher.check_robots,
    )


async def _load(registry: Registry, model: str) -> None:
    try:
        route = await registry.resolve(model)
        await route.backend.health()
    except UpstreamError:
        # readiness and the first request report why
        pass
