"""Errors in Jina Reader's format, for the routes of its dialect."""

from gateway.api.jina.answers import ReaderFailure
from gateway.api.problems import Dialect
from gateway.errors import GatewayError


def error_body(error: GatewayError) -> ReaderFailure:
    """`{data: null, code, name, status, message, readableMessage}`."""
    return ReaderFailure(
        data=None,
        code=error.status,
        name=error.code,
        status=error.status * 100,
        message=error.detail,
        readable_message=f"{error.code}: {error.detail}",
    )


DIALECT = Dialect(paths=("/jina",), body=error_body)
