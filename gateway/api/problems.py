"""Every failure as RFC 9457 problem details, through Litestar's own plugin."""

from collections.abc import Callable
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from litestar.exceptions import HTTPException, ValidationException
from litestar.plugins.problem_details import (
    ProblemDetailsConfig,
    ProblemDetailsException,
    ProblemDetailsPlugin,
)

from gateway.api.streaming import ClientDisconnected
from gateway.errors import GatewayError, InternalError, InvalidRequest
from gateway.primitives.ids import new_id

TYPE_PREFIX = "urn:winnow:error:"
request_id: ContextVar[str] = ContextVar("request_id", default="")

OURS = "the gateway failed; the request id finds the reason in its log"
_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 429: "rate_limited", 503: "overloaded"}


def to_problem(error: GatewayError) -> ProblemDetailsException:
    """An error of ours as the problem document a client receives."""
    return _problem(
        error.status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        headers=error.response_headers,
        extra={"extra": error.extra} if error.extra else {},
    )


def to_document(error: GatewayError) -> dict[str, Any]:
    """The same document as an event of a stream, whose status line was sent already."""
    problem = to_problem(error)
    document: dict[str, Any] = {
        "type": problem.type_,
        "title": problem.title,
        "status": problem.status_code,
        "detail": problem.detail,
    }
    document |= problem.extra if isinstance(problem.extra, dict) else {}
    if error.retry_after_s is not None:
        # elsewhere a header says it
        document["extra"] = error.extra | {"retry_after_s": error.retry_after_s}
    return document


def from_http(exc: HTTPException) -> ProblemDetailsException:
    """What Litestar raises before a handler runs, as the same kind of document."""
    if isinstance(exc, ValidationException) and isinstance(exc.extra, list):
        faults = [_describe(item) for item in exc.extra if isinstance(item, dict)]
        return to_problem(InvalidRequest("; ".join(faults) or exc.detail))
    if exc.status_code == HTTPStatus.BAD_REQUEST:
        return to_problem(InvalidRequest(_plain(exc.detail)))
    if exc.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        return to_problem(InternalError(OURS))
    title = HTTPStatus(exc.status_code).phrase
    return _problem(
        exc.status_code,
        code=_CODES.get(exc.status_code, title.lower().replace(" ", "_")),
        title=title,
        detail=exc.detail if exc.detail != title else f"{title}; /docs lists the routes",
        headers=exc.headers or {},
    )


def _problem(
    status: int,
    *,
    code: str,
    title: str,
    detail: str,
    headers: dict[str, str],
    extra: dict[str, Any] | None = None,
) -> ProblemDetailsException:
    if not (word := request_id.get()):
        # no route matched, so no middleware ran
        word = new_id()
        headers = headers | {"x-request-id": word}
    return ProblemDetailsException(
        status_code=status,
        type_=TYPE_PREFIX + code,
        title=title,
        detail=detail,
        headers=headers,
        extra={"code": code, "request_id": word} | (extra or {}),
    )


def _describe(fault: dict[str, object]) -> str:
    key, message = fault.get("key"), _plain(str(fault.get("message", "")))
    return f"{key}: {message}" if key and key != "data" else message


def _plain(message: str) -> str:
    """msgspec's words, with the field named instead of a JSONPath."""
    return message.replace(" - at `$.", " at `").replace(" - at `$`", "")


# the most special class decides
CONVERSIONS: dict[type[Exception], Callable[[Any], ProblemDetailsException]] = {
    GatewayError: to_problem,
    HTTPException: from_http,
    ClientDisconnected: lambda left: _problem(
        left.status_code, code="client_left", title="Client left", detail="nobody is there", headers={}
    ),
    UnicodeDecodeError: lambda _: to_problem(InvalidRequest("the JSON is not valid UTF-8")),
    RecursionError: lambda _: to_problem(InvalidRequest("the JSON is nested too deeply")),
    Exception: lambda _: to_problem(InternalError(OURS)),
}


def convert(exc: Exception) -> ProblemDetailsException:
    """Any exception as the document that a client receives: for dialects that write it in their own way."""
    return next(CONVERSIONS[kind](exc) for kind in type(exc).__mro__ if kind in CONVERSIONS)


plugin = ProblemDetailsPlugin(ProblemDetailsConfig(exception_to_problem_detail_map=CONVERSIONS))
