"""The last hour of the service's own metrics, for its status page: a few sums, looked at every quarter of a minute."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct
from prometheus_client import Metric

from gateway.primitives.ending import end
from gateway.primitives.panics import contained
from gateway.telemetry.metrics import Metrics

_log = logging.getLogger("winnow.history")
EVERY_S = 15.0
SAMPLES = 240
# a counter or gauge, the labels that its samples must have, the name of their sum
_SUMS: list[tuple[str, dict[str, str], str]] = [
    ("winnow_request_seconds_count", {}, "requests"),
    ("winnow_request_seconds_sum", {}, "request_seconds"),
    ("winnow_pages_total", {}, "pages"),
    ("winnow_pages_total", {"cache": "hit"}, "pages_cached"),
    ("winnow_pages_total", {"cache": "revalidated"}, "pages_cached"),
    ("winnow_pages_total", {"cache": "stale"}, "pages_cached"),
    ("winnow_page_tokens_total", {"kind": "html"}, "html_tokens"),
    ("winnow_page_tokens_total", {"kind": "saved"}, "saved_tokens"),
    ("winnow_completion_cost_usd_total", {"kind": "spent"}, "spent_usd"),
    ("winnow_completion_cost_usd_total", {"kind": "saved"}, "saved_usd"),
    ("winnow_job_page_seconds_count", {}, "job_pages"),
    ("winnow_running", {}, "running"),
    ("winnow_queued", {}, "queued"),
]
_FIRST_TOKEN = "gen_ai_server_time_to_first_token_seconds"


class Sample(Struct, kw_only=True, frozen=True):
    """The sums at a moment; counters since the service started."""

    # seconds since 1970
    at: float
    sums: dict[str, float]
    # by model: answers that had a first token, and the seconds until then, both in total
    models: dict[str, tuple[float, float]]


class History:
    """Keeps the samples of the last hour in memory."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)

    async def read(self) -> list[Sample]:
        """What was kept, oldest first, and the sums of now."""
        return [*self._samples, await self._look()]

    @asynccontextmanager
    async def kept(self, *, every_s: float = EVERY_S) -> AsyncIterator[None]:
        """Keep samples while the block lasts."""
        task = asyncio.create_task(self._keep(every_s))
        try:
            yield
        finally:
            await end(task)

    async def _keep(self, every_s: float) -> None:
        while True:
            try:
                with contained():
                    self._samples.append(await self._look())
            except Exception:
                # a store that cannot be asked now may answer next time
                _log.exception("the metrics could not be read")
            await asyncio.sleep(every_s)

    async def _look(self) -> Sample:
        sums, models = add_up(await self._metrics.collect())
        sums["memory_bytes"] = await asyncio.to_thread(used_bytes)
        return Sample(at=time.time(), sums=sums, models=models)


def add_up(families: Iterable[Metric]) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """The sums of `_SUMS`, and answers and seconds to the first token by model."""
    sums = {name: 0.0 for _, _, name in _SUMS}
    models: dict[str, tuple[float, float]] = {}
    wanted: dict[str, list[tuple[dict[str, str], str]]] = {}
    for metric, labels, name in _SUMS:
        wanted.setdefault(metric, []).append((labels, name))
    for sample in (sample for family in families for sample in family.samples):
        for labels, name in wanted.get(sample.name, ()):
            if labels.items() <= sample.labels.items():
                sums[name] += sample.value
        if sample.name.startswith(_FIRST_TOKEN) and sample.name.endswith(("_count", "_sum")):
            model = sample.labels["gen_ai_request_model"]
            answers, seconds = models.get(model, (0.0, 0.0))
            is_count = sample.name.endswith("_count")
            models[model] = (
                (answers + sample.value, seconds) if is_count else (answers, seconds + sample.value)
            )
    return sums, models


def used_bytes() -> int:
    """Memory of this process and all below it, what they share counted once; 0 where the system does not tell."""
    waiting, used = ["self"], 0
    while waiting:
        folder = Path("/proc") / waiting.pop()
        try:
            lines = (folder / "smaps_rollup").read_text().splitlines()
            used += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
            for task in (folder / "task").iterdir():
                waiting += (task / "children").read_text().split()
        except OSError:
            # it has ended meanwhile, is another user's, or there is no such folder
            continue
    return used
