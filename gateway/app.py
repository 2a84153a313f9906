"""The composition root: every object is built here, once, from settings."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import platformdirs
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.logging import LoggingConfig
from msgspec import Struct
from msgspec.structs import replace
from structlog.typing import FilteringBoundLogger

from backends.base import BackendFailure
from backends.registry import Registry
from backends.specs import specs_from
from gateway.access import open_keyring
from gateway.cache import open_cache
from gateway.cache.base import Cache
from gateway.cache.single_flight import SingleFlight
from gateway.complete import Completer
from gateway.drain import Drain
from gateway.extract import Extractor
from gateway.fetch.client import HttpFetcher
from gateway.fetch.guard import Policy
from gateway.grounding import Grounder
from gateway.health import Health
from gateway.ledger import Ledger
from gateway.limits import Admission, Rates
from gateway.log import make_log
from gateway.metrics import Metrics
from gateway.pages import Pages
from gateway.ready import ReadyAnswers
from gateway.routes import chat, docs, extract, health, operation, playground, problems, scrape, tokens
from gateway.routes.entrance import Doors, Entrance
from gateway.routes.mcp_door import McpDoor
from gateway.routes.ready import ReadyDoor
from gateway.routes.watch import Watch
from gateway.scrape import Scraper
from gateway.settings import Settings, load_settings
from gateway.tracing import Untraced, open_tracing
from gateway.workers import WorkerPool

# JSON escapes at most double what is worth sending inline; a few kilobytes go to the options
_BODY_FACTOR, _BODY_EXTRA_BYTES = 2, 64 * 1024


class Services(Struct, kw_only=True, frozen=True):
    """The use cases, ready to be called: by the routes, or by the CLI in its own process."""

    scraper: Scraper
    ready: ReadyAnswers
    completer: Completer
    grounder: Grounder
    extractor: Extractor
    registry: Registry
    cache: Cache
    health: Health


def open_doors(settings: Settings) -> Doors:
    """Keys and limits as `settings` describe them; the managed keys' file is read, nothing else is touched."""
    return Doors(
        keyring=open_keyring(settings),
        rates=Rates(),
        ledger=Ledger(cache_directory(settings) / "spent.sqlite"),
        admission=Admission(limit=settings.max_concurrency, queue=settings.queue_limit),
    )


def cache_directory(settings: Settings) -> Path:
    """Where the embedded cache lives: CACHE_DIR, else the platform's folder for caches."""
    return Path(settings.cache_dir or platformdirs.user_cache_dir("winnow"))


@asynccontextmanager
async def open_services(
    settings: Settings, metrics: Metrics | None = None, tracing: Untraced | None = None
) -> AsyncIterator[Services]:
    """Build what `settings` describe; everything is closed, last first, when the block ends."""
    metrics, tracing = metrics or Metrics(), tracing or Untraced()
    async with AsyncExitStack() as stack:
        cache = open_cache(
            directory=cache_directory(settings), size_bytes=settings.cache_size_bytes, url=settings.cache_url
        )
        cache = tracing.cache(cache)
        stack.push_async_callback(cache.aclose)
        fetcher = HttpFetcher(
            policy=Policy(allow_targets=settings.allow_targets),
            max_body_bytes=settings.max_body_bytes,
            host_concurrency=settings.host_concurrency,
            respect_robots=settings.respect_robots,
            user_agent=settings.user_agent,
        )
        stack.push_async_callback(fetcher.aclose)
        workers = WorkerPool(
            workers=settings.clean_workers,
            timeout_s=settings.clean_timeout_s,
            memory_bytes=settings.clean_memory_bytes,
            killed=metrics.observe_kill,
        )
        stack.push_async_callback(workers.aclose)
        await workers.start()
        pages = Pages(
            fetcher=tracing.fetcher(fetcher),
            cache=cache,
            flights=SingleFlight(cache, joined=metrics.observe_join),
        )
        stack.push_async_callback(pages.aclose)

        registry = Registry(specs_from(settings, os.environ), default=settings.default_model)
        stack.push_async_callback(registry.aclose)
        completer = Completer(tracing.routes(registry), cache=cache, watcher=metrics.models)
        stack.push_async_callback(completer.aclose)

        if settings.local_model:  # a model takes its time to load: begin now, not with the first request
            loading = asyncio.create_task(_load(registry, "local"))
            stack.callback(loading.cancel)

        async def workers_health() -> str | None:
            return workers.health()

        scraper = Scraper(
            pages=pages, workers=tracing.workers(workers), cache=cache, told=metrics.observe_page
        )
        yield Services(
            scraper=scraper,
            ready=ReadyAnswers(cache, told=metrics.observe_page),
            completer=completer,
            grounder=Grounder(scraper=scraper),
            extractor=Extractor(scraper=scraper, completer=completer),
            registry=registry,
            cache=cache,
            health=Health(
                needed={"workers": workers_health}, helpful={"cache": cache.health}, backends=registry.health
            ),
        )


async def _load(registry: Registry, model: str) -> None:
    try:
        route = await registry.resolve(model)
        await route.backend.health()
    except BackendFailure:
        pass  # readiness and the first request tell why


def create_app(
    settings: Settings, *, log: FilteringBoundLogger | None = None, tracing: Untraced | None = None
) -> Litestar:
    """The service as an ASGI application; its objects live from start-up to shutdown.

    Args:
        log: gets a line a request; silent without.
        tracing: gets a span a stage; closed with the service.
    """
    doors = open_doors(settings)
    tracing = tracing or Untraced()
    metrics = Metrics()
    metrics.watch("winnow_running", "Requests that run", lambda: doors.admission.running)
    metrics.watch("winnow_queued", "Requests that wait for a place", lambda: doors.admission.queued)
    metrics.watch("winnow_tasks", "Tasks of the event loop", lambda: len(asyncio.all_tasks()))
    watch = Watch(metrics=metrics, log=log)
    services: list[Services] = []  # filled for the lifespan: nothing is built before the loop that runs it

    agents = McpDoor(
        scraper=lambda: services[0].scraper,
        extractor=lambda: services[0].extractor,
        check_host=doors.keyring.is_open,
    )

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with open_services(settings, metrics, tracing) as opened:
            services.append(opened)
            metrics.ask("cache", opened.cache.stats)
            metrics.ask("backend", opened.registry.figures)
            Drain(
                admission=doors.admission,
                health=opened.health,
                drain_s=settings.drain_s,
                end_streams=opened.completer.aclose,
            ).install()
            async with metrics.publishing(), doors.ledger.booking():
                yield
            await agents.aclose()
            services.clear()
        await tracing.aclose()

    return Litestar(
        route_handlers=[
            Router("/", route_handlers=[scrape.scrape], middleware=[ReadyDoor(lambda: services[0].ready)]),
            scrape.read,
            tokens.count_tokens,
            extract.extract,
            chat.router,
            health.live,
            health.ready,
            playground.playground,
            operation.metrics,
            docs.reference,
            docs.openapi,
            *([agents.route()] if find_spec("mcp") else []),  # the extra
        ],
        lifespan=[lifespan],
        dependencies={
            "scraper": Provide(lambda: services[0].scraper, sync_to_thread=False),
            "ready": Provide(lambda: services[0].ready, sync_to_thread=False),
            "completer": Provide(lambda: services[0].completer, sync_to_thread=False),
            "grounder": Provide(lambda: services[0].grounder, sync_to_thread=False),
            "extractor": Provide(lambda: services[0].extractor, sync_to_thread=False),
            "metrics": Provide(lambda: metrics, sync_to_thread=False),
            "health": Provide(lambda: services[0].health, sync_to_thread=False),
        },
        plugins=[problems.plugin],
        # below WARNING the HTTP clients log every address with its query, which may hold a secret
        logging_config=LoggingConfig(root={"level": "WARNING", "handlers": ["queue_listener"]}),
        middleware=[
            *tracing.middleware(),
            Entrance(replace(doors, admission=tracing.admission(doors.admission))),
        ],
        before_send=[watch.before_send],
        after_exception=[watch.after_exception],
        request_max_body_size=_BODY_FACTOR * settings.max_body_bytes + _BODY_EXTRA_BYTES,
        openapi_config=None,  # `docs` serves a document of its own
    )


def create_app_from_environment() -> Litestar:
    """What uvicorn calls in every process it starts."""
    return create_app(load_settings(os.environ), log=make_log(), tracing=open_tracing(os.environ))
