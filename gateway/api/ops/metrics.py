"""`/metrics`: what Prometheus collects."""

from litestar import get
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from gateway.telemetry.metrics import CONTENT_TYPE, Metrics


@get("/metrics", summary="Prometheus metrics", tags=["operation"], opt={"access": "admin"})
async def metrics(metrics: NamedDependency[Metrics]) -> ASGIApp:
    """Counters and histograms in Prometheus' text format, the cache's own figures among them."""
    return ASGIResponse(body=await metrics.render(), headers={"content-type": CONTENT_TYPE})
