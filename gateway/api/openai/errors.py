"""Errors in OpenAI's format, for the routes of its dialect."""

from typing import Any

from litestar.exceptions import HTTPException

from gateway.api.dialect_errors import error_handlers
from gateway.errors import BackendError, ContextOverflow, GatewayError, NotFound

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def error_body(error: GatewayError, status: int | None = None) -> dict[str, Any]:
    """`{"error": {message, type, param, code}}`; a refusal keeps the words of the model's own server.

    Args:
        status: what it goes out with, where that is not the error's own.
    """
    theirs = error.extra.get("error") if isinstance(error, BackendError) else None
    theirs = theirs if isinstance(theirs, dict) else {}
    status = error.status if status is None else status
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {
        "error": {
            "message": error.detail,
            "type": theirs.get("type") or kind,
            "param": theirs.get("param") or error.extra.get("field"),
            "code": theirs.get("code") or _code(error),
        }
    }


def _code(error: GatewayError) -> str:
    if isinstance(error, ContextOverflow):
        return "context_length_exceeded"
    if isinstance(error, NotFound) and error.extra.get("field") == "model":
        return "model_not_found"
    return error.code


exception_handlers = error_handlers(error_body)
# how what no route takes is answered, by the beginnings of OpenAI's paths
UNROUTED = {
    f"/v1/{name}": exception_handlers[HTTPException]
    for name in (
        "assistants", "audio", "batches", "chat", "completions", "containers", "conversations", "embeddings",
        "engines", "evals", "files", "fine_tuning", "images", "models", "moderations", "realtime", "responses",
        "threads", "uploads", "vector_stores", "videos",
    )
}  # fmt: skip
