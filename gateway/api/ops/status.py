"""`/status`: the last hour of this gateway, plotted from its own metrics."""

from functools import cache

from litestar import get
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from gateway.api.playground.assembly import assemble, page_response, scripts, styles
from gateway.telemetry.history import History
from gateway.wire import encode_json

_ADMIN = {"access": "admin"}


@cache
def _page() -> str:
    return assemble(
        "status.html", {"styles": styles("dress.css", "status.css"), "scripts": scripts(["status.js"])}
    )


@get("/status", include_in_schema=False, opt=_ADMIN)
async def status() -> ASGIApp:
    """The page."""
    return page_response(_page())


@get("/status/history.json", include_in_schema=False, opt=_ADMIN)
async def samples(history: NamedDependency[History]) -> ASGIApp:
    """What it plots."""
    headers = {"cache-control": "no-store"}
    return ASGIResponse(
        body=encode_json(await history.read()), media_type="application/json", headers=headers
    )


handlers = [status, samples]
