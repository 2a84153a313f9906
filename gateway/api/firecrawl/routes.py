"""Where the dialect is served.

v2 at the root, where its Python client looks whatever its base URL is; and both versions below `/firecrawl`, where v1
does not meet the gateway's own routes.
"""

from litestar import Router

from gateway.api.firecrawl import jobs, pages
from gateway.api.firecrawl.errors import exception_handlers

_HANDLERS = [*pages.handlers, *jobs.handlers]

routers = [
    Router("/v2", route_handlers=_HANDLERS, exception_handlers=exception_handlers),
    *(
        Router(path, route_handlers=_HANDLERS, exception_handlers=exception_handlers, include_in_schema=False)
        for path in ("/firecrawl/v1", "/firecrawl/v2")
    ),
]
