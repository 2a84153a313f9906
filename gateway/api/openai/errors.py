"""Errors in OpenAI's format, for the routes of its dialect."""

from typing import Any

from gateway.api.problems import Dialect
from gateway.errors import BackendError, ContextOverflow, GatewayError, NotFound

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
# beginnings of OpenAI's paths, those of calls that are not served among them
_NAMES = (
    "assistants audio batches chat completions containers conversations embeddings engines evals files fine_tuning "
    "images models moderations realtime responses skills threads uploads vector_stores videos"
)


def error_body(error: GatewayError) -> dict[str, Any]:
    """`{"error": {message, type, param, code}}`; a refusal keeps the words of the model's own server."""
    theirs = error.extra.get("error") if isinstance(error, BackendError) else None
    theirs = theirs if isinstance(theirs, dict) else {}
    kind = _TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
    return {
        "error": {
            "message": error.detail,
            "type": theirs.get("type") or kind,
            "param": theirs.get("param") or error.extra.get("field"),
            "code": theirs.get("code") or code_of(error),
        }
    }


def code_of(error: GatewayError) -> str:
    """OpenAI's code where its clients look for one, else ours."""
    if isinstance(error, ContextOverflow):
        return "context_length_exceeded"
    if isinstance(error, NotFound) and error.extra.get("field") == "model":
        return "model_not_found"
    return error.code


DIALECT = Dialect(
    paths=(
        *(f"/v1/{name}" for name in _NAMES.split()),
        *("/chat/", "/completions", "/embeddings", "/models", "/responses"),
    ),
    body=error_body,
)
