"""The address of a page as the rest of a request's path."""

from typing import Any
from urllib.parse import unquote

from litestar import Request


def target_of(request: Request[Any, Any, Any], prefix: str) -> str:
    """The address after `prefix` as the client wrote it: escapes and query string untouched."""
    raw = request.scope["raw_path"].decode("latin-1")
    address = raw[raw.index(prefix) + len(prefix) :]
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
