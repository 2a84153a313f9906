"""The composition root: every object is built here, once, from settings."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.logging import LoggingConfig
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from structlog.typing import FilteringBoundLogger

from gateway.api import problems
from gateway.api.anthropic import errors as anthropic_errors
from gateway.api.anthropic import messages
from gateway.api.cached_responses import CachedResponseMiddleware
from gateway.api.context import AccessLog
from gateway.api.docs import page as docs
from gateway.api.firecrawl import errors as firecrawl_errors
from gateway.api.firecrawl import routes as firecrawl
from gateway.api.jina import errors as jina_errors
from gateway.api.jina import routes as jina
from gateway.api.mcp.mount import McpMount
from gateway.api.middleware import AccessControl, AccessMiddleware
from gateway.api.native import extract, jobs, scrape, search, tokens
from gateway.api.openai import errors as openai_errors
from gateway.api.openai import routes as openai_routes
from gateway.api.openwebui import routes as openwebui
from gateway.api.ops import health, status
from gateway.api.ops import metrics as operation
from gateway.api.playground import route as playground
from gateway.api.request_body import body_limits
from gateway.api.request_span import RequestSpanMiddleware
from gateway.api.services import Services
from gateway.auth.admission import BODIES_BYTES, Admission, BodyBudget, KeyConcurrency
from gateway.auth.budgets import KeyBudget, Ledger
from gateway.auth.rates import Rates
from gateway.auth.spending import SharedSpending, SpendingFile
from gateway.cache.limits_store import LimitsStore
from gateway.container import cache_directory, open_limits_store, open_services
from gateway.errors import JobsUnavailable
from gateway.jobs.frontier import Frontier
from gateway.server.descriptors import fitted, raise_limit, share
from gateway.server.exposure import open_keyring
from gateway.server.shutdown import Drain
from gateway.settings import Settings, load_settings
from gateway.telemetry.history import History
from gateway.telemetry.log import make_log
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.spans import are_recorded
from gateway.telemetry.tracing import Flush, no_traces, start_tracing
from gateway.workers.allocator import return_large_blocks


def open_access_control(settings: Settings, limits_store: LimitsStore | None = None) -> AccessControl:
    """Keys and limits as `settings` describe them; the managed keys' file is read, nothing else is touched.

    Args:
        limits_store: where rates and budgets hold for the whole fleet; without, for this process and this machine.
    """
    limits = body_limits(max_page_bytes=settings.max_body_bytes)
    longest_bytes = max(limit.size_bytes for limit in limits.values())
    return AccessControl(
        keyring=open_keyring(settings),
        local_names_only=not settings.allow_unauthenticated,
        rates=Rates(store=limits_store),
        concurrency=KeyConcurrency(),
        ledger=Ledger(
            SharedSpending(limits_store)
            if limits_store
            else SpendingFile(cache_directory(settings) / "spent.sqlite")
        ),
        admission=Admission(limit=settings.max_concurrency, queue=settings.queue_limit),
        body_limits=limits,
        body_budget=BodyBudget(max(BODIES_BYTES, 2 * longest_bytes)),
    )


def create_app(
    settings: Settings, *, log: FilteringBoundLogger | None = None, flush_traces: Flush = no_traces
) -> Litestar:
    """The service as an ASGI application; its objects live from start-up to shutdown.

    Args:
        log: gets a line a request; silent without.
        flush_traces: sends the spans that are left, at the end of the service.
    """
    metrics = Metrics()
    history = History(metrics)
    limits_store = open_limits_store(settings, metrics)
    access_control = open_access_control(settings, limits_store)
    metrics.add_gauge("winnow_running", "Requests that run", lambda: access_control.admission.running)
    metrics.add_gauge(
        "winnow_queued", "Requests that wait for a place", lambda: access_control.admission.queued
    )
    metrics.add_gauge("winnow_tasks", "Tasks of the event loop", lambda: len(asyncio.all_tasks()))
    access_log = AccessLog(metrics=metrics, log=log)
    # filled for the lifespan: nothing is built before the loop that runs it
    services: list[Services] = []

    agents = McpMount(lambda: services[0])

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with open_services(settings, metrics, limits=limits_store) as opened:
            services.append(opened)
            metrics.add_source("cache", opened.cache.stats)
            metrics.add_source("backend", opened.registry.figures)
            metrics.add_source("jobs", partial(_job_stats, opened.frontier))

            async def end_streams() -> None:
                opened.scraper.end()
                await opened.completer.aclose()

            Drain(
                admission=access_control.admission,
                health=opened.health,
                drain_s=settings.drain_s,
                end_streams=end_streams,
            ).install()
            metrics.add_gauge(
                "winnow_job_pages_running", "Pages of jobs that are being read", lambda: opened.runner.running
            )
            ledger = access_control.ledger
            async with (
                metrics.publishing(),
                history.kept(),
                ledger.flushing(),
                opened.webhooks.deliver(),
                opened.runner.work(
                    budget_of=partial(KeyBudget, keyring=access_control.keyring, ledger=ledger),
                    idle_s=lambda: access_control.admission.idle_s,
                ),
            ):
                yield
                # what they have used is booked
                await end_streams()
            await agents.aclose()
            services.clear()
        await flush_traces()

    cached_responses = CachedResponseMiddleware(lambda: services[0].ready)

    return _App(
        route_handlers=[
            Router(
                "/",
                route_handlers=[scrape.scrape],
                middleware=[cached_responses],
            ),
            scrape.read,
            tokens.count_tokens,
            extract.extract,
            *jobs.handlers,
            search.search,
            *openai_routes.routers(),
            messages.router,
            *firecrawl.routers(cached_responses),
            jina.router,
            *openwebui.handlers,
            *health.handlers,
            *playground.handlers,
            operation.metrics,
            *status.handlers,
            docs.reference,
            docs.openapi,
            # the extra
            *([agents.route()] if find_spec("mcp") else []),
        ],
        lifespan=[lifespan],
        dependencies={
            # one for all: Litestar resolves several in a task group, which costs more than most of a request
            "services": Provide(lambda: services[0], sync_to_thread=False),
            "metrics": Provide(lambda: metrics, sync_to_thread=False),
            "history": Provide(lambda: history, sync_to_thread=False),
        },
        exception_handlers=problems.exception_handlers(
            [openai_errors.DIALECT, anthropic_errors.DIALECT, firecrawl_errors.DIALECT, jina_errors.DIALECT]
        ),
        # below WARNING the HTTP clients log every address with its query, which may hold a secret
        logging_config=LoggingConfig(root={"level": "WARNING", "handlers": ["queue_listener"]}),
        middleware=[
            *([RequestSpanMiddleware()] if are_recorded() else []),
            AccessMiddleware(access_control, access_log),
        ],
        before_send=[access_log.before_send],
        after_exception=[access_log.after_exception],
        # the access middleware has read the body, within the route's limit
        request_max_body_size=None,
        # `docs` serves a document of its own
        openapi_config=None,
    )


class _App(Litestar):
    """Litestar with msgspec's plugin alone: importing pydantic for its own takes a third of the start and 10 MB."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


async def _job_stats(frontier: Frontier) -> dict[str, int | float | str]:
    """The frontier's own figures; none while it cannot be reached, which readiness reports."""
    try:
        return await frontier.stats()
    except JobsUnavailable:
        return {}


def create_app_from_environment() -> Litestar:
    """What uvicorn calls in every process it starts."""
    return_large_blocks()
    settings = fitted(load_settings(os.environ), share(raise_limit()))
    app = create_app(settings, log=make_log(), flush_traces=start_tracing(os.environ))
    # modules stay for good: each full collection would look through them, and hold up every answer for 60 ms
    gc.freeze()
    return app
