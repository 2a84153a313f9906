"""One strict reading of a URL, and no second one: what is parsed here is what is dialled.

Stricter than browsers on purpose. Wherever two parsers could disagree about the host (user information,
backslashes, escapes, other digits, numbers that stand for addresses) the URL is refused instead of read.
"""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import quote, urljoin

import idna
from msgspec import Struct

from gateway.errors import UrlRefused

MAX_URL_CHARS = 8192
_DEFAULT_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SHAPE = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOTTED_QUAD = re.compile(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}")
_DOT_SEGMENT = re.compile(r"(\.|%2e){1,2}", re.IGNORECASE)
# what may stay as it is: RFC 3986 3.3 and 3.4, and "%", since escapes are kept as written
_PATH_SAFE = "/:@!$&'()*+,;=~%[]"
_QUERY_SAFE = _PATH_SAFE + "?|{}^`\\"
_FRAGMENT_SAFE = _QUERY_SAFE + "#"


class Url(Struct, frozen=True, kw_only=True):
    """An http(s) address in its one normal form; the fragment, which no server sees, is gone.

    `host` is lower-case ASCII: a name (IDN as punycode), or an IPv4 or IPv6 literal without brackets.
    """

    scheme: str
    host: str
    port: int
    # path and query, as sent
    target: str

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def text(self) -> str:
        return self.origin + self.target

    @property
    def shown(self) -> str:
        """For messages and logs: without the query, where secrets travel."""
        return self.origin + self.target.partition("?")[0]


# a service sees the same addresses again and again
@lru_cache(4096)
def parse_url(text: str) -> Url:
    """Read an absolute http(s) URL.

    Raises:
        UrlRefused: not http(s), or any part of it could be read in two ways; the message says which.
    """
    if len(text) > MAX_URL_CHARS:
        raise UrlRefused(f"the URL has {len(text)} characters, more than {MAX_URL_CHARS}")
    if found := _CONTROL.search(text):
        raise UrlRefused(
            f"the URL has a control character (U+{ord(found[0]):04X}) at position {found.start()}"
        )
    if not (shape := _SHAPE.fullmatch(text.strip(" "))):
        raise UrlRefused("the URL does not begin with http:// or https:// and a host")
    scheme, authority, path, query = shape[1].lower(), shape[2], shape[3], shape[4] or ""
    host, port = _split_authority(authority)
    return Url(
        scheme=scheme,
        host=host,
        port=port or _DEFAULT_PORTS[scheme],
        target=quote(_remove_dots(path) or "/", safe=_PATH_SAFE) + quote(query, safe=_QUERY_SAFE),
    )


def fragment_of(text: str) -> str:
    """What stands behind `#` in an address that `parse_url` takes, as it is sent to a browser; "" where nothing does.

    No server sees it, but scripts do: pages whose routes are there (`#/users/7`) are others for others.
    """
    return quote(text.strip(" ").partition("#")[2], safe=_FRAGMENT_SAFE)


def route_of(text: str) -> str:
    """The fragment of such an address where apps have pages of their own by it: `/users/7`, `!news`; "" for any other.

    Other fragments mostly name a part of the same page, by an element's `id`.
    """
    fragment = fragment_of(text)
    return fragment if fragment[:1] in ("/", "!") and fragment.strip("/!") else ""


def join_url(base: Url, reference: str) -> Url:
    """Read a reference, such as a Location header, from the page at `base`.

    Raises:
        UrlRefused: as `parse_url`.
    """
    reference = reference.strip(" ")
    if found := _CONTROL.search(reference):
        # before urljoin, which would drop some of them
        raise UrlRefused(f"the address has a control character (U+{ord(found[0]):04X})")
    try:
        return parse_url(urljoin(base.text, reference))
    except ValueError as exc:
        # unbalanced brackets
        raise UrlRefused("the address cannot be read as a URL") from exc


def _split_authority(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise UrlRefused("the URL carries user information before '@'; send credentials in headers instead")
    if "\\" in authority:
        raise UrlRefused("the URL has a backslash before its path")
    if authority.startswith("["):
        literal, closing, port = authority[1:].partition("]")
        if not closing or (port and not port.startswith(":")):
            raise UrlRefused("the URL's IPv6 host is not closed by ']'")
        return _ipv6(literal), _port(port[1:])
    host, _, port = authority.partition(":")
    return _name(host), _port(port)


def _port(text: str) -> int | None:
    if not text:
        return None
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise UrlRefused("the URL's port is not a number from 1 to 65535")
    return int(text)


def _ipv6(literal: str) -> str:
    if "%" in literal:
        raise UrlRefused("the URL's IPv6 host has a zone id")
    try:
        return str(ipaddress.IPv6Address(literal))
    except ValueError as exc:
        raise UrlRefused("the URL's host is not an IPv6 address") from exc


def _name(host: str) -> str:
    name = host.lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as exc:
            raise UrlRefused(f"the URL's host is not a valid internationalised name: {exc}") from exc
        if _NUMBER.fullmatch(name.rpartition(".")[2]):
            raise UrlRefused("the URL's host writes an address in other digits")
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name):
        raise UrlRefused("the URL's host is empty, too long, or has a character or label no host name has")
    # WHATWG URL 3.5: a host whose last label is a number is an address, in whichever form
    if _NUMBER.fullmatch(name.rpartition(".")[2]) and not _is_dotted_quad(name):
        raise UrlRefused("the URL's host is a number; write an address as four decimal parts")
    return name


def _is_dotted_quad(name: str) -> bool:
    return bool(_DOTTED_QUAD.fullmatch(name)) and all(int(part) < 256 for part in name.split("."))


def _remove_dots(path: str) -> str:
    """RFC 3986 5.2.4, with `%2e` read as a dot, as WHATWG URL does."""
    if "." not in path and "%2" not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if not _DOT_SEGMENT.fullmatch(segment):
            kept.append(segment)
        elif len(segment.lower().replace("%2e", ".")) == 2 and len(kept) > 1:
            kept.pop()
    if _DOT_SEGMENT.fullmatch(segments[-1]):
        kept.append("")
    return "/".join(kept)
