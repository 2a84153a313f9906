"""Errors in Jina Reader's format, for the routes of its dialect."""

from typing import Any

from litestar import Request
from litestar.response import Response

from gateway.api import problems
from gateway.api.jina.answers import ReaderFailure


def failure_of(exc: Exception) -> ReaderFailure:
    """Any failure as the client receives it."""
    problem = problems.convert(exc)
    name = str(problem.extra["code"]) if isinstance(problem.extra, dict) else ""
    return ReaderFailure(
        data=None,
        code=problem.status_code,
        name=name,
        status=problem.status_code * 100,
        message=problem.detail,
        readable_message=f"{name}: {problem.detail}",
    )


def answer(_: Request[Any, Any, Any], exc: Exception) -> Response[ReaderFailure]:
    """Any failure as an answer."""
    failure = failure_of(exc)
    return Response(failure, status_code=failure.code, headers=problems.convert(exc).headers)


exception_handlers: dict[int | type[Exception], Any] = dict.fromkeys(problems.CONVERSIONS, answer)
