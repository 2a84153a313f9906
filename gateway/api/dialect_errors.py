"""Every failure under a dialect's routes, in that dialect's own shape."""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, MethodNotAllowedException, ValidationException
from litestar.handlers import HTTPRouteHandler, route

from gateway.errors import GatewayError, InternalError, InvalidRequest, NotFound

OURS = "the gateway failed; the request id finds the reason in its log"
METHODS = (HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE)

# an error and the status it goes out with -> the body
ErrorBody = Callable[[GatewayError, int], Any]


def error_handlers(body: ErrorBody) -> dict[int | type[Exception], Any]:
    """Litestar's exception handlers for the routes of a dialect."""

    def answer(_: Request[Any, Any, Any], exc: Exception) -> Response[Any]:
        error = exc if isinstance(exc, GatewayError) else InternalError(OURS)
        return Response(body(error, error.status), status_code=error.status, headers=error.response_headers)

    def answer_http(_: Request[Any, Any, Any], exc: HTTPException) -> Response[Any]:
        error, status = _from_http(exc), exc.status_code
        return Response(body(error, status), status_code=status, headers=exc.headers or {})

    def answer_nesting(request: Request[Any, Any, Any], _: RecursionError) -> Response[Any]:
        return answer(request, InvalidRequest("the JSON is nested too deeply"))

    return {
        GatewayError: answer,
        HTTPException: answer_http,
        RecursionError: answer_nesting,
        Exception: answer,
    }


def _from_http(exc: HTTPException) -> GatewayError:
    """What Litestar raises before a handler runs."""
    if exc.status_code >= 500:
        return InternalError(OURS)
    detail, field = exc.detail, None
    if isinstance(exc, ValidationException) and isinstance(exc.extra, list) and exc.extra:
        faults = [fault for fault in exc.extra if isinstance(fault, dict)]
        said = [f"{fault.get('key', 'body')}: {fault.get('message')}" for fault in faults]
        detail = "; ".join(said) or detail
        field = faults[0].get("key") if faults else None
    return InvalidRequest(detail, field=field)


def refuse_other_methods(*paths: str, allowed: HttpMethod) -> HTTPRouteHandler:
    """A route for the methods that these paths do not have: Litestar's own refusal has no dialect."""

    @route(
        list(paths),
        http_method=[method for method in METHODS if method != allowed],
        include_in_schema=False,
        opt={"access": "chat"},
    )
    async def refuse_method() -> None:
        raise MethodNotAllowedException(headers={"allow": allowed.value})

    return refuse_method


def refuse_absent(*paths: str, served: str) -> HTTPRouteHandler:
    """A route for what the dialect has and this gateway does not.

    Args:
        paths: with all that is below them.
        served: what there is instead, for the message.
    """

    @route(
        [each for path in paths for each in (path, f"{path}/{{rest:path}}")],
        http_method=list(METHODS),
        include_in_schema=False,
        opt={"access": "chat"},
    )
    async def refuse_path(request: Request[Any, Any, Any]) -> None:
        raise NotFound(f"there is no {request.method} {request.url.path} here; there is {served}")

    return refuse_path
