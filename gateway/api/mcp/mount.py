"""`/mcp`: mounts the tools for agents, which are loaded with the first request.

The protocol's package takes a second of CPU to import, which a service without agents should not pay at start.
"""

import asyncio
from typing import TYPE_CHECKING

from litestar import asgi
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from gateway.api.services import Services
from gateway.primitives.panics import contained

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.api.mcp.tools import McpTools


class McpMount:
    """Loads and runs the tools on first use, until `aclose`.

    Args:
        services: asked for when the tools are loaded.
    """

    def __init__(self, services: "Callable[[], Services]") -> None:
        self._services = services
        self._tools: asyncio.Future[McpTools] | None = None
        self._runner: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def route(self) -> ASGIRouteHandler:
        """The handler of `/mcp`."""

        @asgi("/mcp", is_mount=True, copy_scope=True, opt={"access": "scrape", "work": True, "body": "agent"})
        async def mcp(scope: Scope, receive: Receive, send: Send) -> None:
            # there is no session, so no stream to open or to end: an open one would hold its place
            if scope.get("method") != "POST":
                raise MethodNotAllowedException(headers={"allow": "POST"})
            if self._tools is None:
                self._tools = asyncio.get_running_loop().create_future()
                self._runner = asyncio.create_task(self._run(self._tools))
            tools = await asyncio.shield(self._tools)
            await tools.answer(scope, receive, send)

        return mcp

    async def aclose(self) -> None:
        """End what runs, if anything was ever asked for."""
        self._closing.set()
        if self._runner is not None:
            await self._runner

    async def _run(self, loaded: "asyncio.Future[McpTools]") -> None:
        def load() -> "McpTools":
            from gateway.api.mcp.tools import McpTools

            return McpTools(self._services())

        try:
            with contained():
                tools = await asyncio.to_thread(load)
                async with tools.running():
                    loaded.set_result(tools)
                    await self._closing.wait()
        except Exception as exc:
            # the next request tries again
            self._tools = None
            if not loaded.done():
                loaded.set_exception(exc)
