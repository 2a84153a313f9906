"""What the tools for agents share: the request that a tool runs for, descriptions, failures."""

import logging
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

import msgspec
from litestar.types import Receive
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, TextContent
from msgspec import Struct
from pydantic import Field

from gateway.api.context import RequestContext
from gateway.api.docs.fields import description_of
from gateway.api.problems import OURS
from gateway.api.streaming import ClientDisconnected, cancelled_on_disconnect
from gateway.errors import GatewayError, InternalError
from gateway.primitives.panics import contained

T = TypeVar("T")
_log = logging.getLogger("winnow.mcp")


class Call(Struct, kw_only=True, frozen=True):
    """The request that a tool runs for."""

    context: RequestContext
    receive: Receive


current_call: ContextVar[Call] = ContextVar("call")


def described(kind: type[Struct], field: str) -> Any:
    """The description that a parameter shares with a request's field."""
    return Field(description=description_of(kind, field))


def read_request(request: dict[str, Any], kind: type[Any]) -> Any:
    """A request of these fields, None standing for absent; raises ToolError."""
    try:
        return msgspec.convert({name: value for name, value in request.items() if value is not None}, kind)
    except msgspec.ValidationError as exc:
        raise ToolError(f"invalid_request: {exc}") from exc


def reply(text: str, **structured: Any) -> CallToolResult:
    """What a tool gives: a bare text for the model, and all else as structured content."""
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=structured)


async def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of work that ends when its client leaves: the protocol's server runs tools in tasks of its own."""
    try:
        with contained():
            async with cancelled_on_disconnect(current_call.get().receive):
                return await work
    except GatewayError as exc:
        raise ToolError(f"{exc.code}: {exc.detail}") from exc
    except ClientDisconnected as exc:
        raise ToolError("the client left") from exc
    except Exception as exc:
        _log.exception("a tool failed")
        raise ToolError(f"{InternalError.code}: {OURS}") from exc
