"""Errors in Firecrawl's format, for the routes of its dialect."""

from typing import Any

from litestar import Request
from litestar.response import Response

from gateway.api import problems
from gateway.api.firecrawl.answers import Failure

# Its clients take 408 for a timeout. What is answered 502 they send three times, and the fetch was tried already; 500
# is a fault of the gateway, which wakes its operator.
STATUSES = {502: 422, 504: 408}
# its clients have errors of their own for these codes
_CODES = {"dns_failed": "SCRAPE_DNS_RESOLUTION_ERROR"}


def answer(_: Request[Any, Any, Any], exc: Exception) -> Response[Failure]:
    """Any failure as `{success: false, error, code}`."""
    problem = problems.convert(exc)
    code = str(problem.extra["code"]) if isinstance(problem.extra, dict) else ""
    return Response(
        Failure(success=False, error=problem.detail, code=_CODES.get(code, code)),
        status_code=STATUSES.get(problem.status_code, problem.status_code),
        headers=problem.headers,
    )


exception_handlers: dict[int | type[Exception], Any] = dict.fromkeys(problems.CONVERSIONS, answer)
