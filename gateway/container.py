"""Builds and closes every object of the service once, from settings. The app and the CLI use it."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import platformdirs

from backends.base import UpstreamError
from backends.registry import Registry
from gateway.api.bodies import Bodies
from gateway.api.firecrawl import events as firecrawl_events
from gateway.api.services import Services
from gateway.cache import open_cache, open_server
from gateway.cache.fingerprint import core_fingerprint
from gateway.cache.limits_store import LimitsStore
from gateway.cache.single_flight import SingleFlight
from gateway.completions.completer import Completer
from gateway.completions.model_metrics import ModelMetrics
from gateway.completions.web_context import WebContextBuilder
from gateway.core.tasks.base import Workers
from gateway.extraction.extractor import Extractor
from gateway.fetch.browser.browsers import Browser, Browsers
from gateway.fetch.browser.executable import command_line, find_browser
from gateway.fetch.browser.process import BrowserProcess
from gateway.fetch.browser.remote import RemoteBrowser, check_address, is_on_this_machine
from gateway.fetch.browser.renderer import BrowserRenderer
from gateway.fetch.http.client import HttpFetcher
from gateway.fetch.http.dns import ThreadResolver
from gateway.fetch.http.guard import Guard, Policy
from gateway.fetch.http.headers import DEFAULT_USER_AGENT
from gateway.fetch.http.outbound import OutboundProxies
from gateway.jobs.discovery import SiteFiles
from gateway.jobs.frontier import Frontier
from gateway.jobs.jobs import Jobs
from gateway.jobs.page_reader import PageReader, Tools
from gateway.jobs.runner import Runner
from gateway.jobs.sqlite.frontier import SqliteFrontier
from gateway.jobs.webhooks import Webhooks
from gateway.scraping.cached_responses import CachedResponses
from gateway.scraping.pages import Pages
from gateway.scraping.scraper import Scraper
from gateway.scraping.tokenizers import Tokenizers
from gateway.search.providers import TIMEOUT_S, Brave, NoProvider, SearchProvider, Searxng, Tavily
from gateway.search.searcher import Searcher
from gateway.server.descriptors import FETCHES_PER_WORK
from gateway.settings import Settings, SettingsError, backend_specs
from gateway.telemetry.health import Health
from gateway.telemetry.metrics import Metrics
from gateway.workers.background import BackgroundWorkers
from gateway.workers.counting import CountingWorkers, open_counting_pool
from gateway.workers.pool import WorkerPool


def cache_directory(settings: Settings) -> Path:
    """Where the embedded cache lives: CACHE_DIR, else the platform's folder for caches."""
    return Path(settings.cache_dir or platformdirs.user_cache_dir("winnow"))


def check_parts(settings: Settings, environ: Mapping[str, str]) -> None:
    """Build, and drop, what settings can describe wrongly: before anything listens rather than after.

    Raises:
        SettingsError: ALLOW_TARGETS, PROXY_URL, CACHE_URL, JOBS_URL or a backend's table cannot be understood, or wants
            an extra.
    """
    try:
        Policy(allow_targets=settings.allow_targets)
        open_proxies(settings)
        _check_browser(settings)
        open_server(settings.cache_url)
        open_frontier(settings)
        Registry(backend_specs(settings, environ), default=settings.default_model)
    except (ValueError, ModuleNotFoundError) as exc:
        raise SettingsError(str(exc)) from exc


def open_frontier(settings: Settings) -> Frontier:
    """Where jobs are kept: on the server of JOBS_URL, else in a file. Nothing is touched yet.

    Raises:
        ValueError: JOBS_URL is not understood.
        ModuleNotFoundError: it needs the extra `valkey`.
    """
    if settings.jobs_url:
        from gateway.jobs.valkey_frontier import ValkeyFrontier

        return ValkeyFrontier(settings.jobs_url)
    folder = Path(settings.jobs_dir or platformdirs.user_data_dir("winnow"))
    return SqliteFrontier(folder / "jobs.sqlite")


@asynccontextmanager
async def open_search(settings: Settings) -> AsyncIterator[SearchProvider]:
    """The search engine that is configured; the first of several."""
    if not (settings.search_url or settings.brave_api_key or settings.tavily_api_key):
        yield NoProvider()
        return
    async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
        if settings.search_url:
            yield Searxng(client, url=settings.search_url)
        elif settings.brave_api_key:
            yield Brave(client, key=settings.brave_api_key)
        elif settings.tavily_api_key:
            yield Tavily(client, key=settings.tavily_api_key)


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
        without = () if settings.native_walk else ("native",)
        bounds: dict[str, Any] = {
            "workers": settings.clean_workers,
            "timeout_s": settings.clean_timeout_s,
            "memory_bytes": settings.clean_memory_bytes,
            "killed": metrics.observe_kill,
        }
        pool = WorkerPool(given=without, **bounds)
        stack.push_async_callback(pool.aclose)
        await pool.start()

        workers = CountingWorkers(pool, open_pool=partial(open_counting_pool, without=without, **bounds))
        stack.push_async_callback(workers.aclose)
        code = await asyncio.to_thread(core_fingerprint)

        proxies = open_proxies(settings)
        # one for all fetchers: reading the system's certificates takes longer than opening all else
        ssl_context = httpx2.create_ssl_context()

        def open_fetcher(workers: Workers, *, respect_robots: bool) -> HttpFetcher:
            fetcher = HttpFetcher(
                policy=Policy(allow_targets=settings.allow_targets),
                max_body_bytes=settings.max_body_bytes,
                host_concurrency=settings.host_concurrency,
                respect_robots=respect_robots,
                workers=workers,
                user_agent=settings.user_agent,
                max_connections=FETCHES_PER_WORK * settings.max_concurrency,
                proxies=proxies,
                ssl_context=ssl_context,
            )
            stack.push_async_callback(fetcher.aclose)
            return fetcher

        fetcher = open_fetcher(workers, respect_robots=settings.respect_robots)
        renderer = open_renderer(settings, fetcher=fetcher, metrics=metrics, proxies=proxies)
        if renderer is not None:
            stack.push_async_callback(renderer.aclose)

        def open_pages(fetcher: HttpFetcher, workers: Workers) -> Pages:
            pages = Pages(
                fetcher=fetcher,
                renderer=renderer,
                workers=workers,
                cache=cache,
                # robots.txt may refuse to one what another gets: they do not share their fetches' failures
                single_flight=SingleFlight(cache, joined=metrics.observe_join),
                timeout_s=settings.fetch_timeout_s,
            )
            stack.push_async_callback(pages.aclose)
            return pages

        def open_scraper(pages: Pages, workers: Workers) -> Scraper:
            return Scraper(
                pages=pages,
                workers=workers,
                cache=cache,
                code=code,
                tokenizers=tokenizers,
                on_event=metrics.observe_page,
            )

        registry = Registry(backend_specs(settings, os.environ), default=settings.default_model)
        stack.push_async_callback(registry.aclose)
        tokenizers = Tokenizers(registry)
        completer = Completer(
            registry, workers=workers, cache=cache, code=code, watcher=ModelMetrics(metrics.registry)
        )
        stack.push_async_callback(completer.aclose)

        if settings.local_model:
            # a model takes its time to load: begin now, not with the first request
            loading = asyncio.create_task(_load(registry, "local"))
            stack.callback(loading.cancel)

        async def workers_health() -> str | None:
            return pool.health()

        scraper = open_scraper(open_pages(fetcher, workers), workers)
        # who asks for a map waits for it
        map_fetcher, map_scraper = fetcher, scraper
        if not settings.respect_robots:
            map_fetcher = open_fetcher(workers, respect_robots=True)
            map_scraper = open_scraper(open_pages(map_fetcher, workers), workers)
        frontier = open_frontier(settings)
        stack.push_async_callback(frontier.aclose)
        background = BackgroundWorkers(workers)
        polite_fetcher = open_fetcher(background, respect_robots=True)
        plain = open_scraper(open_pages(fetcher, background), background)
        tools = Tools(
            polite=open_scraper(open_pages(polite_fetcher, background), background),
            plain=plain,
            extractor=Extractor(
                scraper=plain, completer=completer, workers=background, tokenizers=tokenizers
            ),
            site_files=SiteFiles(fetcher=polite_fetcher, workers=background),
            workers=background,
            check_robots=polite_fetcher.check_robots,
        )
        runner = Runner(
            frontier=frontier,
            reader=PageReader(tools),
            concurrency=max(1, min(settings.job_concurrency, settings.max_concurrency // 2)),
            per_host=settings.host_concurrency,
            lease_s=settings.job_lease_s,
            on_page=metrics.observe_job_page,
        )
        jobs = Jobs(
            frontier=frontier,
            workers=workers,
            scraper=map_scraper,
            site_files=SiteFiles(fetcher=map_fetcher, workers=workers),
            max_pages=settings.job_max_pages,
            per_owner=settings.jobs_per_key,
            keep_s=settings.job_keep_s,
            created=runner.wake,
        )
        yield Services(
            scraper=scraper,
            renderer=renderer,
            ready=CachedResponses(cache, on_event=metrics.observe_page),
            completer=completer,
            web_context_builder=WebContextBuilder(scraper=scraper, workers=workers),
            extractor=Extractor(scraper=scraper, completer=completer, workers=workers, tokenizers=tokenizers),
            registry=registry,
            workers=workers,
            bodies=Bodies(workers),
            cache=cache,
            frontier=frontier,
            searcher=Searcher(
                provider=await stack.enter_async_context(open_search(settings)),
                scraper=scraper,
                workers=workers,
            ),
            jobs=jobs,
            runner=runner,
            webhooks=Webhooks(
                frontier=frontier,
                poster=fetcher,
                writers=firecrawl_events.WRITERS,
                secret=settings.webhook_secret,
                on_failure=metrics.observe_webhook_failure,
            ),
            health=Health(
                needed={"workers": workers_health},
                helpful={"cache": cache.health, "jobs": frontier.health}
                | ({"limits": limits.health} if limits else {}),
                backends=registry.health,
            ),
        )


def open_proxies(settings: Settings) -> OutboundProxies | None:
    """What pages are fetched through, None where it is nothing.

    Raises:
        ValueError: PROXY_URL cannot be understood.
    """
    if not settings.proxy_url:
        return None
    return OutboundProxies(settings.proxy_url, resolves=settings.proxy_resolves)


def open_renderer(
    settings: Settings, *, fetcher: HttpFetcher, metrics: Metrics, proxies: OutboundProxies | None = None
) -> BrowserRenderer | None:
    """Where pages are rendered, None where there is no browser; none is started yet."""
    launch = _browser_launcher(settings, metrics)
    if launch is None:
        return None
    browsers = Browsers(launch)
    metrics.add_gauge("winnow_browser_bytes", "Memory of the browser", lambda: browsers.memory_bytes)
    policy = Policy(allow_targets=settings.allow_targets)
    return BrowserRenderer(
        browsers=browsers,
        backend=Guard(policy=policy, resolver=ThreadResolver(), proxies=proxies),
        policy=policy,
        concurrency=settings.render_concurrency,
        timeout_s=settings.render_timeout_s,
        max_body_bytes=settings.max_body_bytes,
        own_network=settings.browser_url is not None and settings.browser_own_network,
        check_robots=fetcher.check_robots,
    )


def _browser_launcher(settings: Settings, metrics: Metrics) -> Callable[[], Browser] | None:
    if settings.browser_url is not None:
        address = settings.browser_url
        return lambda: RemoteBrowser(address)
    executable = find_browser(settings.browser)
    if executable is None:
        return None
    command = command_line(
        executable, user_agent=settings.user_agent or DEFAULT_USER_AGENT, sandbox=settings.browser_sandbox
    )
    return lambda: BrowserProcess(
        command, memory_bytes=settings.render_memory_bytes, killed=metrics.observe_browser_kill
    )


def _check_browser(settings: Settings) -> None:
    """Raises ValueError where a browser is named wrongly, or its pages could go past the policy unsaid."""
    if settings.browser not in ("auto", "off") and find_browser(settings.browser) is None:
        raise ValueError(f"BROWSER names {settings.browser}, which cannot be run; `auto` looks for one")
    if settings.browser_url is None:
        return
    check_address(settings.browser_url)
    if not (settings.browser_own_network or is_on_this_machine(settings.browser_url)):
        raise ValueError(
            "BROWSER_URL names a browser on another machine, whose pages cannot be kept to the address policy from "
            "here; if what they reach there may be reached by every page, set BROWSER_OWN_NETWORK=true"
        )


async def _load(registry: Registry, model: str) -> None:
    try:
        route = await registry.resolve(model)
        await route.backend.health()
    except UpstreamError:
        # readiness and the first request report why
        pass
