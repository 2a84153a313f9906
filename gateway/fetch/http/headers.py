"""What is sent and what is kept of HTTP headers. Pure."""

import re
from collections.abc import Iterable, Mapping

from gateway.core.http.url import Url
from gateway.errors import InvalidRequest
from gateway.net.decoding import ACCEPT_ENCODING

DEFAULT_USER_AGENT = "Mozilla/5.0 (compatible; WinnowGateway/0.1)"
MAX_CALLER_HEADERS = 64
MAX_CALLER_HEADER_CHARS = 16_384
_ACCEPT_OTHERS = "application/xhtml+xml;q=0.9,application/xml;q=0.8,text/plain;q=0.7,*/*;q=0.5"
# a site's own markdown comes first: it is what the page would be turned into
ACCEPT = f"text/markdown,text/html;q=0.9,{_ACCEPT_OTHERS}"
ACCEPT_HTML_FIRST = f"text/html,{_ACCEPT_OTHERS}"
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
# true of the bytes on the wire, no longer of the body handed on
_OF_THE_WIRE = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "trailer",
        "transfer-encoding",
    }
)


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


def request_headers(
    url: Url,
    *,
    user_agent: str,
    html_first: bool = False,
    caller: Mapping[str, str],
    validators: Mapping[str, str],
) -> list[tuple[bytes, bytes]]:
    """The header lines of one request. The caller's (filtered) override the defaults."""
    host = url.origin.partition("://")[2]
    headers = {
        "user-agent": user_agent,
        "accept": ACCEPT_HTML_FIRST if html_first else ACCEPT,
        "accept-language": "en-US,en;q=0.9,*;q=0.5",
        **caller,
        **validators,
        "accept-encoding": ACCEPT_ENCODING,
    }
    return [(b"Host", host.encode("ascii"))] + [
        (name.title().encode("ascii"), value.encode("latin-1")) for name, value in headers.items()
    ]


def response_headers(lines: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header lines as one mapping: lower-case names, repeated ones joined, cookies by presence only."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        if name == "set-cookie":
            value = ""
        joined[name] = f"{joined[name]}, {value}" if joined.get(name) else value
    return joined


def without_wire_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that still hold once the body is decoded."""
    return {name: value for name, value in headers.items() if name not in _OF_THE_WIRE}


def read_location(lines: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The first Location header; servers send raw UTF-8 there, whatever the RFC says."""
    for name, value in lines:
        if name.lower() == b"location":
            try:
                return value.decode("utf-8").strip()
            except UnicodeDecodeError:
                return value.decode("latin-1").strip()
    return None
