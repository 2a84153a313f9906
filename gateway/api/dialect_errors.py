"""Every failure under a dialect's routes, in that dialect's own shape."""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException, ValidationException

from gateway.api.problems import OURS, request_id
from gateway.api.streaming import ClientDisconnected
from gateway.errors import GatewayError, InternalError, InvalidRequest, NotFound
from gateway.primitives.ids import new_id

# an error and the status it goes out with -> the body
ErrorBody = Callable[[GatewayError, int], Any]


def error_handlers(body: ErrorBody) -> dict[int | type[Exception], Any]:
    """Litestar's exception handlers for the routes of a dialect."""

    def answer(_: Request[Any, Any, Any], exc: Exception) -> Response[Any]:
        error = exc if isinstance(exc, GatewayError) else InternalError(OURS)
        return Response(body(error, error.status), status_code=error.status, headers=error.response_headers)

    def answer_http(_: Request[Any, Any, Any], exc: HTTPException) -> Response[Any]:
        error, status, headers = _from_http(exc), exc.status_code, exc.headers or {}
        if not request_id.get():
            # no route matched, so no middleware ran
            headers = headers | {"x-request-id": new_id()}
        return Response(body(error, status), status_code=status, headers=headers)

    def answer_nesting(request: Request[Any, Any, Any], _: RecursionError) -> Response[Any]:
        return answer(request, InvalidRequest("the JSON is nested too deeply"))

    def answer_nobody(_: Request[Any, Any, Any], left: ClientDisconnected) -> Response[Any]:
        return Response(b"", status_code=left.status_code)

    return {
        GatewayError: answer,
        ClientDisconnected: answer_nobody,
        HTTPException: answer_http,
        RecursionError: answer_nesting,
        Exception: answer,
    }


def _from_http(exc: HTTPException) -> GatewayError:
    """What Litestar raises before a handler runs."""
    if exc.status_code >= 500:
        return InternalError(OURS)
    if isinstance(exc, NotFoundException):
        return NotFound("this gateway has no such route; /docs lists those it has")
    detail, field = exc.detail, None
    if isinstance(exc, ValidationException) and isinstance(exc.extra, list) and exc.extra:
        faults = [fault for fault in exc.extra if isinstance(fault, dict)]
        said = [f"{fault.get('key', 'body')}: {fault.get('message')}" for fault in faults]
        detail = "; ".join(said) or detail
        field = faults[0].get("key") if faults else None
    return InvalidRequest(detail, field=field)
