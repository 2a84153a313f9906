"""Errors in Anthropic's format, for the routes of its dialect."""

from typing import Any

from gateway.api.problems import Dialect, request_id
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


def error_body(error: GatewayError) -> dict[str, Any]:
    """`{"type": "error", "error": {type, message}, "request_id"}`."""
    kind = _TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
    return {
        "type": "error",
        "error": {"type": kind, "message": error.detail},
        "request_id": request_id.get(),
    }


# those of a base URL that lacks `/v1`, or has it twice, among them
DIALECT = Dialect(paths=("/v1/messages", "/messages", "/v1/v1/messages"), body=error_body)
