"""Metrics for Prometheus: requests, pages, tokens, caches; those of models are in `gateway.completions.model_metrics`.

One object for one process. With several processes, PROMETHEUS_MULTIPROC_DIR names a folder that they share,
and any of them answers for all.
"""

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
    multiprocess,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from gateway.primitives.ending import end
from gateway.primitives.panics import contained
from gateway.wire import CacheReport, ScrapeTimings, TokenReport

_log = logging.getLogger("winnow.metrics")
CONTENT_TYPE = CONTENT_TYPE_LATEST
# the library's name for what processes share
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# how old another process's gauges may be
PUBLISH_S = 5.0
# figures of something the processes share: not to be summed
_ONCE = {"entries", "bytes", "running", "queued", "leased"}
_DIGITS = re.compile(r"\d+")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class CountedPage(Protocol):
    """What is counted of a page; gateway.scraping.scraped_page.ScrapedPage is one."""

    @property
    def cache(self) -> CacheReport: ...
    @property
    def timings(self) -> ScrapeTimings: ...
    @property
    def tokens(self) -> TokenReport: ...
    @property
    def is_continued(self) -> bool: ...


class Metrics:
    """Counts and times everything worth a graph.

    `registry` is for metrics that other rooms add.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        def histogram(name: str, text: str, *labels: str) -> Histogram:
            return Histogram(name, text, labels, registry=registry, buckets=_SECONDS)

        requests = histogram(
            "winnow_request_seconds", "Time to the end of a response, by route and status", "route", "status"
        )
        stages = histogram("winnow_stage_seconds", "Time of a scrape's stage", "stage")
        pages = counter("winnow_pages_total", "Pages scraped, by what the cache had", "cache")
        # the library looks a label up under a lock, each time: on every request that would add up
        self._requests = cache(lambda route, status: requests.labels(route, str(status)))
        self._stages, self._pages = cache(stages.labels), cache(pages.labels)
        tokens = counter(
            "winnow_page_tokens_total",
            "Tokens of pages: html, full, saved, which is html less full, and content, which was returned",
            "kind",
        )
        self._html_tokens, self._full_tokens = tokens.labels("html"), tokens.labels("full")
        self._saved_tokens, self._content_tokens = tokens.labels("saved"), tokens.labels("content")
        self._kills = counter(
            "winnow_worker_kills_total", "Cleaning workers that did not finish, by what ended them", "reason"
        )
        self._browser_kills = counter(
            "winnow_browser_kills_total", "Processes of the browser ended over its memory limit"
        )
        self._joins = counter("winnow_joins_total", "Requests that shared another one's fetch")
        self._local_limits = counter(
            "winnow_local_limits_total",
            "Times that a rate or budget was judged by this process alone, since the shared store failed",
        )
        self._job_pages = histogram("winnow_job_page_seconds", "Time of a job's page, by its error", "error")
        self._webhook_failures = counter(
            "winnow_webhook_failures_total", "Events of jobs that were not taken"
        )
        self._gauges: dict[str, Gauge] = {}
        self._readings: dict[str, Callable[[], float]] = {}
        self._sources: dict[str, Callable[[], Awaitable[Mapping[str, int | float | str]]]] = {}

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        self._requests(route, status).observe(seconds)

    def observe_page(self, page: CountedPage) -> None:
        """Count a scrape; stages that did not run are left out, and a page read in pieces is saved once."""
        self._pages(page.cache.status).inc()
        spent = page.timings
        for stage, spent_ms in (
            ("fetch", spent.fetch_ms),
            ("clean", spent.clean_ms),
            ("count", spent.count_ms),
            ("render", spent.render_ms),
        ):
            if spent_ms:
                self._stages(stage).observe(spent_ms / 1e3)
        self._content_tokens.inc(page.tokens.content)
        if not page.is_continued:
            self._html_tokens.inc(page.tokens.html)
            self._full_tokens.inc(page.tokens.full)
            self._saved_tokens.inc(page.tokens.saved)

    def observe_kill(self, reason: str) -> None:
        self._kills.labels(reason).inc()

    def observe_browser_kill(self) -> None:
        self._browser_kills.inc()

    def observe_join(self) -> None:
        self._joins.inc()

    def observe_local_limit(self) -> None:
        self._local_limits.inc()

    def observe_job_page(self, error: str | None, seconds: float) -> None:
        self._job_pages.labels(error or "none").observe(seconds)

    def observe_webhook_failure(self) -> None:
        self._webhook_failures.inc()

    def add_gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A gauge that is read at every scrape; across processes their sum."""
        self._gauge(name, text)
        self._readings[name] = read

    def add_source(
        self, prefix: str, source: Callable[[], Awaitable[Mapping[str, int | float | str]]]
    ) -> None:
        """Read a part's own figures at every scrape; they become `winnow_<prefix>_<name>`."""
        self._sources[prefix] = source

    @asynccontextmanager
    async def publishing(self, *, every_s: float = PUBLISH_S) -> AsyncIterator[None]:
        """While the block lasts, keep this process's gauges fresh for the others, where there are others."""
        task = asyncio.create_task(self._publish(every_s)) if FOLDER in os.environ else None
        try:
            yield
        finally:
            if task is not None:
                await end(task)

    async def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        return bytes(generate_latest(await self._readable()))

    async def collect(self) -> list[Metric]:
        """Everything as values."""
        return list((await self._readable()).collect())

    async def _readable(self) -> CollectorRegistry:
        """Fresh figures, of all processes where there are several."""
        await self._refresh()
        if FOLDER not in os.environ:
            return self.registry
        _forget_the_dead(Path(os.environ[FOLDER]))
        shared = CollectorRegistry()
        multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return shared

    async def _publish(self, every_s: float) -> None:
        while True:
            try:
                with contained():
                    await self._refresh()
            except Exception:
                # one that asks in vain now may be answered next time
                _log.exception("the gauges could not be read")
            await asyncio.sleep(every_s)

    async def _refresh(self) -> None:
        for name, read in self._readings.items():
            self._gauges[name].set(read())
        for prefix, source in self._sources.items():
            for name, value in (await source()).items():
                if isinstance(value, int | float):
                    text = f"{name}, as the {prefix} reports it"
                    self._gauge(f"winnow_{prefix}_{name}", text, shared=name in _ONCE).set(value)

    def _gauge(self, name: str, text: str, *, shared: bool = False) -> Gauge:
        if name not in self._gauges:
            self._gauges[name] = Gauge(
                name, text, registry=self.registry, multiprocess_mode="livemax" if shared else "livesum"
            )
        return self._gauges[name]


def _forget_the_dead(folder: Path) -> None:
    """Drop the gauges of processes that are no more; what they counted stays counted."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(_DIGITS.findall(file.name)[-1])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        except PermissionError:
            # it is there, and somebody else's
            pass
