"""Where the dialect is served.

v2 at the root, where its Python client looks whatever its base URL is; and both versions below `/firecrawl`, where v1
does not meet the gateway's own routes.
"""

from litestar import Router
from litestar.middleware import ASGIMiddleware

from gateway.api.firecrawl import jobs, pages, team

_PREFIXES = ("/v2", "/firecrawl/v1", "/firecrawl/v2")


def routers(cached_responses: ASGIMiddleware) -> list[Router]:
    """Every route of the dialect; `cached_responses` stands before its scrape."""
    return [
        Router(
            prefix,
            route_handlers=[
                Router("/", route_handlers=[pages.scrape], middleware=[cached_responses]),
                *pages.handlers,
                *jobs.handlers,
                *team.handlers,
            ],
            # the document shows each route once
            include_in_schema=prefix == _PREFIXES[0],
        )
        for prefix in _PREFIXES
    ]
