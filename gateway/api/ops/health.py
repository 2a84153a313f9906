"""Probes: `/health/live` says the process answers, `/health/ready` names each thing it depends on."""

from typing import Any

from litestar import Response, get, head
from litestar.di import NamedDependency

from gateway.api.services import Services


@get("/health/live", summary="The process answers", tags=["operation"], opt={"open": True})
async def live() -> dict[str, str]:
    """200 while the event loop turns."""
    return {"status": "live"}


@get("/health/ready", summary="The service can do its work", tags=["operation"], opt={"open": True})
async def ready(services: NamedDependency[Services]) -> Response[dict[str, Any]]:
    """200 when requests can be served (`ready` or `degraded`), 503 when not; each dependency by name."""
    report = await services.health.report()
    return Response(report, status_code=503 if report["status"] == "unready" else 200)


@head("/health/live", include_in_schema=False, opt={"open": True})
async def live_by_head() -> None:
    """As `live`, for monitors that ask with HEAD."""


@head("/health/ready", include_in_schema=False, opt={"open": True})
async def ready_by_head(services: NamedDependency[Services]) -> Response[None]:
    """As `ready`, for monitors that ask with HEAD."""
    report = await services.health.report()
    return Response(None, status_code=503 if report["status"] == "unready" else 200)


handlers = [live, ready, live_by_head, ready_by_head]
