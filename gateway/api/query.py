"""Numbers in a request's query string."""

from typing import Any

from litestar import Request

from gateway.errors import InvalidRequest


def read_number(
    request: Request[Any, Any, Any], name: str, *, default: int, least: int = 1, most: int
) -> int:
    """The number that the query gives the name.

    Raises:
        InvalidRequest: it is none, or out of its bounds.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= most):
        raise InvalidRequest(f"`{name}`: has to be a number from {least} to {most}", field=name)
    return int(text)
