"""The client of a running gateway, sync and async: `sdk.scrape(url)`, `sdk.extract(url, schema=…)`, `sdk.crawl(url)`.

Imports the wire's types, net.sse, errors and httpx2, nothing else.
"""

from gateway.sdk.async_client import AsyncClient
from gateway.sdk.calls import Model
from gateway.sdk.client import Client
from gateway.sdk.functions import (
    batch,
    crawl,
    extract,
    job,
    jobs,
    models,
    pages,
    scrape,
    scrape_many,
    search,
    start_batch,
    start_crawl,
    tokens,
)
from gateway.sdk.functions import map_site as map
from gateway.sdk.jobs import AsyncJob, Job

__all__ = [
    "AsyncClient",
    "AsyncJob",
    "Client",
    "Job",
    "Model",
    "batch",
    "crawl",
    "extract",
    "job",
    "jobs",
    "map",
    "models",
    "pages",
    "scrape",
    "scrape_many",
    "search",
    "start_batch",
    "start_crawl",
    "tokens",
]
