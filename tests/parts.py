"""Parts of the service as its settings make them by default, for tests that need one of them alone."""

from typing import Any

from gateway.fetch.http.client import HttpFetcher
from gateway.settings import Settings
from gateway.workers.pool import WorkerPool


def make_fetcher(**options: Any) -> HttpFetcher:
    settings = Settings()
    defaults = {
        "max_body_bytes": settings.max_body_bytes,
        "host_concurrency": settings.host_concurrency,
        "max_connections": 256,
    }
    return HttpFetcher(**(defaults | options))


def make_pool(**options: Any) -> WorkerPool:
    settings = Settings()
    defaults = {
        "workers": 1,
        "timeout_s": settings.clean_timeout_s,
        "memory_bytes": settings.clean_memory_bytes,
    }
    return WorkerPool(**(defaults | options))
