"""What the handlers call. `gateway.container` builds it."""

from msgspec import Struct

from backends.registry import Registry
from gateway.api.bodies import Bodies
from gateway.cache.base import Cache
from gateway.completions.completer import Completer
from gateway.completions.web_context import WebContextBuilder
from gateway.core.tasks.base import Workers
from gateway.extraction.extractor import Extractor
from gateway.fetch.base import Renderer
from gateway.jobs.frontier import Frontier
from gateway.jobs.jobs import Jobs
from gateway.jobs.runner import Runner
from gateway.jobs.webhooks import Webhooks
from gateway.scraping.cached_responses import CachedResponses
from gateway.scraping.scraper import Scraper
from gateway.search.searcher import Searcher
from gateway.telemetry.health import Health


class Services(Struct, kw_only=True, frozen=True):
    """Everything that is there once per process. Routes ask Litestar for it as `services`."""

    scraper: Scraper
    renderer: Renderer | None
    ready: CachedResponses
    completer: Completer
    web_context_builder: WebContextBuilder
    extractor: Extractor
    registry: Registry
    workers: Workers
    bodies: Bodies
    cache: Cache
    health: Health
    frontier: Frontier
    searcher: Searcher
    jobs: Jobs
    runner: Runner
    webhooks: Webhooks
