"""Jobs inside a command: what `sdk.AsyncClient` does with a gateway's jobs, done by this process."""

from collections.abc import AsyncIterator
from typing import Any

from gateway.api.services import Services
from gateway.jobs.jobs import report
from gateway.wire.jobs import BatchRequest, CrawlRequest, JobCreated, JobReport, JobResult

_OWNER = ""


class LocalJob:
    """A job of this process; iterates like `sdk.AsyncJob`."""

    def __init__(self, services: Services, job_id: str, *, after: int) -> None:
        self.id = job_id
        self._jobs = services.jobs
        self._after = after

    def __aiter__(self) -> AsyncIterator[JobResult]:
        return self._jobs.read(self.id, owner=_OWNER, after=self._after)

    async def report(self) -> JobReport:
        """How far it is."""
        return report(await self._jobs.find(self.id, owner=_OWNER))

    async def cancel(self) -> JobReport:
        """End it."""
        return report(await self._jobs.cancel(self.id, owner=_OWNER))


class LocalJobs:
    """Creates and finds jobs of this process, which has to run its runner."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def start_crawl(self, request: CrawlRequest, *, idempotency_key: str) -> JobCreated:
        """Create a crawl, or find that of the same key."""
        job = await self._services.jobs.crawl(request, owner=_OWNER, idempotency_key=idempotency_key)
        return JobCreated(id=job.id, url="")

    async def start_batch(self, request: BatchRequest, *, idempotency_key: str) -> JobCreated:
        """Create a batch, or find that of the same key."""
        job = await self._services.jobs.batch(request, owner=_OWNER, idempotency_key=idempotency_key)
        return JobCreated(id=job.id, url="")

    def job(self, job_id: str, *, after: int = 0) -> Any:
        """A job by its identifier."""
        return LocalJob(self._services, job_id, after=after)
