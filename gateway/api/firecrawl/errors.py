"""Errors in Firecrawl's format, for the routes of its dialect."""

from gateway.api.firecrawl.answers import Failure
from gateway.api.problems import Dialect
from gateway.errors import GatewayError

# Its clients take 408 for a timeout. What is answered 502 they send three times, and the fetch was tried already; 500
# is a fault of the gateway, which wakes its operator.
STATUSES = {502: 422, 504: 408}
# its clients have errors of their own for these codes
_CODES = {"dns_failed": "SCRAPE_DNS_RESOLUTION_ERROR"}


def error_body(error: GatewayError) -> Failure:
    """`{success: false, error, code}`."""
    return Failure(success=False, error=error.detail, code=_CODES.get(error.code, error.code))


# those of v0, and of v1 where the gateway has no route of its own, among them
DIALECT = Dialect(
    paths=("/v2/", "/firecrawl/", "/v0/", "/v1/batch/", "/v1/team/"), body=error_body, statuses=STATUSES
)
