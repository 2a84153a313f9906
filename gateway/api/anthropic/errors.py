"""Errors in Anthropic's format, for the routes of its dialect."""

from typing import Any

from litestar.exceptions import HTTPException

from gateway.api.dialect_errors import error_handlers
from gateway.api.problems import request_id
from gateway.errors import GatewayError

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def error_body(error: GatewayError, status: int | None = None) -> dict[str, Any]:
    """`{"type": "error", "error": {type, message}, "request_id"}`; `status` as it goes out."""
    status = error.status if status is None else status
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {
        "type": "error",
        "error": {"type": kind, "message": error.detail},
        "request_id": request_id.get(),
    }


exception_handlers = error_handlers(error_body)
# how what no route takes is answered
UNROUTED = {"/v1/messages": exception_handlers[HTTPException]}
