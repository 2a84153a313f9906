"""Errors in OpenAI's format, for the routes of its dialect."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from gateway.errors import (
    BackendError,
    ContextOverflow,
    GatewayError,
    InternalError,
    InvalidRequest,
    NotFound,
)

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
OURS = "the gateway failed; the request id finds the reason in its log"


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
            "code": theirs.get("code") or _code(error),
        }
    }


def _code(error: GatewayError) -> str:
    if isinstance(error, ContextOverflow):
        return "context_length_exceeded"
    if isinstance(error, NotFound) and error.extra.get("field") == "model":
        return "model_not_found"
    return error.code


def _answer(_: Request[Any, Any, Any], exc: Exception) -> Response[dict[str, Any]]:
    error = exc if isinstance(exc, GatewayError) else InternalError(OURS)
    return Response(error_body(error), status_code=error.status, headers=error.response_headers)


def _answer_http(_: Request[Any, Any, Any], exc: HTTPException) -> Response[dict[str, Any]]:
    if exc.status_code >= 500:
        error: GatewayError = InternalError(OURS)
        return Response(error_body(error), status_code=error.status)
    detail, field = exc.detail, None
    if isinstance(exc, ValidationException) and isinstance(exc.extra, list) and exc.extra:
        faults = [fault for fault in exc.extra if isinstance(fault, dict)]
        log_fields = [f"{fault.get('key', 'body')}: {fault.get('message')}" for fault in faults]
        detail = "; ".join(log_fields) or detail
        field = faults[0].get("key") if faults else None
    body = error_body(InvalidRequest(detail, field=field))
    body["error"]["type"] = _TYPES.get(exc.status_code, "invalid_request_error")
    return Response(body, status_code=exc.status_code, headers=exc.headers or {})


def _answer_nesting(request: Request[Any, Any, Any], _: RecursionError) -> Response[dict[str, Any]]:
    return _answer(request, InvalidRequest("the JSON is nested too deeply"))


exception_handlers: dict[int | type[Exception], Any] = {
    GatewayError: _answer,
    HTTPException: _answer_http,
    RecursionError: _answer_nesting,
    Exception: _answer,
}
