"""Which of a route's media types the client's Accept header prefers."""

from typing import Any

from litestar import Request
from litestar.datastructures.headers import Accept


def preferred(request: Request[Any, Any, Any], *offers: str) -> str:
    """The offer that Accept prefers; the first one where it names none.

    Source: RFC 9110, 5.3: several lines of a header are one list.
    """
    header = ",".join(request.headers.getall("accept", ["*/*"]))
    if header in ("*/*", offers[0]):
        # nearly every client: parsing costs more than a cached answer
        return offers[0]
    return Accept(header).best_match(list(offers), default=offers[0])
