"""Which headers of a caller are sent on. Pure."""

import re
from collections.abc import Mapping

from gateway.errors import InvalidRequest

MAX_CALLER_HEADERS = 64
MAX_CALLER_HEADER_CHARS = 16_384
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
# the connection's, the decoder's and the cache's own business; a caller's are dropped
_NOT_THE_CALLERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "forwarded",
        "host",
        "http2-settings",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "range",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
_NOT_THE_CALLERS_PREFIXES = ("proxy-", "x-forwarded-", "sec-websocket-")


def filter_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The caller's headers that may be sent, names in lower case.

    Raises:
        InvalidRequest: a name or value that could smuggle another header, or too many of them.
    """
    if (
        len(headers) > MAX_CALLER_HEADERS
        or sum(map(len, (*headers, *headers.values()))) > MAX_CALLER_HEADER_CHARS
    ):
        raise InvalidRequest(
            f"headers: more than {MAX_CALLER_HEADERS} of them, or {MAX_CALLER_HEADER_CHARS} characters in all"
        )
    kept = {}
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise InvalidRequest(f"headers: {name[:40]!r} is not a header name")
        if not _VALUE.fullmatch(value):
            raise InvalidRequest(
                f"headers: the value of {name!r} has a line break or another character no header has"
            )
        lower = name.lower()
        if lower not in _NOT_THE_CALLERS and not lower.startswith(_NOT_THE_CALLERS_PREFIXES):
            kept[lower] = value.strip()
    return kept
