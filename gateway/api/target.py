"""The address of a page as the rest of a request's path."""

from typing import Any
from urllib.parse import unquote

from litestar import Request

from gateway.errors import InvalidRequest


def target_of(request: Request[Any, Any, Any], prefix: str) -> str:
    """The address after `prefix`, such as `/r/`, as the client wrote it: escapes and query string untouched.

    Raises:
        InvalidRequest: a slash of the prefix is escaped.
    """
    raw = request.scope["raw_path"].decode("latin-1").lstrip("/")
    # letters of the prefix may be escaped: routes are found by the path without escapes
    first, slash, address = raw.partition("/")
    if not slash or f"/{unquote(first)}/" != prefix:
        raise InvalidRequest(
            f"the path: write the address of the page after {prefix}, whose slashes are not escaped"
        )
    for scheme in ("https", "http"):
        # proxies fold the two slashes into one; some clients escape the colon
        for sign in (":", "%3A", "%3a"):
            if address.lower().startswith(scheme + sign):
                rest = address[len(scheme + sign) :]
                rest = unquote(rest) if rest[:3].lower() == "%2f" else rest
                address = f"{scheme}://{rest.lstrip('/')}"
    if "://" not in address:
        address = "https://" + address
    query = request.scope["query_string"].decode("latin-1")
    return f"{address}?{query}" if query else address
