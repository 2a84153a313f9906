"""What is sent and what is kept of HTTP headers. Pure."""

from collections.abc import Iterable, Mapping

from gateway.core.http.url import Url
from gateway.net.decoding import ACCEPT_ENCODING

DEFAULT_USER_AGENT = "Mozilla/5.0 (compatible; WinnowGateway/0.1)"
_ACCEPT_OTHERS = "application/xhtml+xml;q=0.9,application/xml;q=0.8,text/plain;q=0.7,*/*;q=0.5"
# a site's own markdown comes first: it is what the page would be turned into
ACCEPT = f"text/markdown,text/html;q=0.9,{_ACCEPT_OTHERS}"
ACCEPT_HTML_FIRST = f"text/html,{_ACCEPT_OTHERS}"
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
