"""Answers to OPTIONS."""

from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler, route
from litestar.response.base import ASGIResponse


def allow(*paths: str, methods: str) -> HTTPRouteHandler:
    """A route that says what may be done at paths of several handlers: Litestar's own answer names one method alone.

    It has to be registered before those handlers.
    """

    @route(list(paths), http_method=[HttpMethod.OPTIONS], include_in_schema=False)
    async def show_allowed() -> ASGIResponse:
        return ASGIResponse(status_code=204, headers={"allow": methods})

    return show_allowed
