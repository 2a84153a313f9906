"""What Firecrawl's clients ask about their account: whether a key is good (n8n by `credit-usage`), and what runs."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse

from gateway.api.firecrawl.answers import Concurrency, Credits, CreditUsage, QueueStatus, Tokens, TokenUsage
from gateway.api.firecrawl.requests import as_json
from gateway.api.middleware import request_context
from gateway.api.services import Services
from gateway.jobs.frontier import Job

# nothing is paid by credits here: so many that no client waits for more
PLENTY = 99_999_999
_OPTIONS = {"access": "scrape"}
_MOST_JOBS = 1_000


@get("/team/credit-usage", summary="Credits left", tags=["firecrawl"], opt=_OPTIONS)
async def credit_usage() -> ASGIResponse:
    """Always as many: this gateway counts no credits."""
    return as_json(CreditUsage(success=True, data=Credits(remaining_credits=PLENTY, plan_credits=PLENTY)))


@get("/team/token-usage", summary="Tokens left", tags=["firecrawl"], opt=_OPTIONS)
async def token_usage() -> ASGIResponse:
    """Always as many: what a key's budget leaves is not shown here."""
    return as_json(TokenUsage(success=True, data=Tokens(remaining_tokens=PLENTY, plan_tokens=PLENTY)))


@get("/team/queue-status", summary="Pages of jobs that wait", tags=["firecrawl"], opt=_OPTIONS)
async def queue_status(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> ASGIResponse:
    """Pages of the key's jobs that are being read, and that wait."""
    jobs = await _running(request, services)
    active, waiting = sum(job.leased for job in jobs), sum(job.queued for job in jobs)
    return as_json(
        QueueStatus(
            success=True,
            jobs_in_queue=active + waiting,
            active_jobs_in_queue=active,
            waiting_jobs_in_queue=waiting,
            max_concurrency=services.runner.concurrency,
        )
    )


@get("/concurrency-check", summary="Pages of jobs that are being read", tags=["firecrawl"], opt=_OPTIONS)
async def concurrency(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> ASGIResponse:
    """Pages of the key's jobs that are being read, and how many a process of the gateway reads at a time."""
    jobs = await _running(request, services)
    return as_json(
        Concurrency(
            success=True,
            concurrency=sum(job.leased for job in jobs),
            max_concurrency=services.runner.concurrency,
        )
    )


async def _running(request: Request[Any, Any, Any], services: Services) -> list[Job]:
    jobs = await services.jobs.list_jobs(owner=request_context(request).key, limit=_MOST_JOBS)
    return [job for job in jobs if job.status == "running"]


handlers = [credit_usage, token_usage, queue_status, concurrency]
