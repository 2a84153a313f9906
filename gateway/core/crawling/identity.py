"""When two addresses are one page, and when many are made by one template."""

import hashlib
import re
from urllib.parse import parse_qsl, urlencode

from gateway.core.http.url import Url

# parameters that name the visitor or the way here, never the page
_OF_THE_VISITOR = frozenset(
    {
        "aspsessionid",
        "cfid",
        "cftoken",
        "fbclid",
        "gclid",
        "jsessionid",
        "mc_cid",
        "mc_eid",
        "msclkid",
        "phpsessid",
        "sessionid",
        "sid",
        "yclid",
    }
)
_CAMPAIGN = "utm_"
# a servlet's session in the path
_PATH_SESSION = re.compile(r";jsessionid=[^/?]*+", re.IGNORECASE)
_NUMBERS = re.compile(r"[0-9]++")
_HEXADECIMAL = re.compile(r"(?<![0-9a-z])(?=[a-f]*+[0-9])[0-9a-f]{8,}+(?![0-9a-z])", re.IGNORECASE)


def identify(url: Url, *, route: str = "", ignore_query: bool = False) -> str:
    """A key that is equal for addresses that lead to one page.

    http and https are one, parameters have no order, and those that name a visitor or a campaign do not count. A
    slash at the end counts: servers may answer with and without it differently.

    Args:
        route: the page's own in an app that is rendered (`route_of`).
    """
    path, _, query = url.target.partition("?")
    path = _PATH_SESSION.sub("", path)
    kept = [] if ignore_query else sorted(_parameters(query))
    port = "" if url.port in (80, 443) else f":{url.port}"
    text = f"{url.host.removeprefix('www.')}{port}{path}?{urlencode(kept)}{_shown(route)}"
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def pattern_of(url: Url, *, route: str = "") -> str:
    """The template that an address seems to be made by: host, path and route without numbers, its parameters' names.

    Calendars, pages of lists and combinations of filters have few patterns and addresses without end.
    """
    path, _, query = url.target.partition("?")
    names = ",".join(sorted({name for name, _ in parse_qsl(query, keep_blank_values=True)}))
    text = f"{url.host}{_without_numbers(path)}?{names}{_shown(_without_numbers(route))}"
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _without_numbers(text: str) -> str:
    return _NUMBERS.sub("0", _HEXADECIMAL.sub("0", text))


def _shown(route: str) -> str:
    return f"#{route}" if route else ""


def _parameters(query: str) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name.lower() not in _OF_THE_VISITOR and not name.lower().startswith(_CAMPAIGN)
    ]
