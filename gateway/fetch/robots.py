"""robots.txt as RFC 9309 has it: who may fetch what, and for how long an answer holds.

Patterns are matched without regular expressions: both the file and the URL may come from the same hostile
hand, and `*a*a*a*a*b` takes a backtracking matcher minutes.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from msgspec import Struct

from gateway.core.url import Url, parse_url
from gateway.errors import GatewayError, RobotsDenied
from gateway.fetch.base import Fetched

MAX_ROBOTS_BYTES = 500 * 1024  # RFC 9309 2.5
HELD_S = 24 * 3600.0  # RFC 9309 2.4
UNREACHABLE_HELD_S = 300.0
MAX_CRAWL_DELAY_S = 10.0
MAX_SITES = 5000
_PRODUCT = re.compile(r"[A-Za-z_-]+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_SAFE = "/:?#[]@!$&'()*+,;=-._~%"


class Rule(Struct, frozen=True):
    """One Allow or Disallow line; `parts` are the literal pieces between its asterisks."""

    allow: bool
    parts: list[bytes]
    anchored: bool  # ends in "$"
    length: int

    def matches(self, path: bytes) -> bool:
        """Whether the pattern matches the path from its start; time is linear in the path's length."""
        first, *rest = self.parts
        if not path.startswith(first):
            return False
        if not rest:
            return not self.anchored or len(path) == len(first)
        at = len(first)
        for part in rest[:-1]:
            found = path.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        last = rest[-1]
        if self.anchored:
            return len(path) - len(last) >= at and path.endswith(last)
        return path.find(last, at) >= 0


class Rules(Struct, frozen=True):
    """What one robots.txt says to one crawler."""

    rules: list[Rule] = []
    crawl_delay_s: float = 0.0

    def allows(self, target: str) -> bool:
        """Whether a path with its query may be fetched: the longest match decides, Allow wins a draw."""
        path = _octets(target)
        matching = [rule for rule in self.rules if rule.matches(path)]
        return max(matching, key=lambda rule: (rule.length, rule.allow)).allow if matching else True


ALLOW_ALL = Rules()
DISALLOW_ALL = Rules(rules=[Rule(allow=False, parts=[b"/"], anchored=False, length=1)])


def read_robots(text: str, *, product: str) -> Rules:
    """What a robots.txt says to a crawler.

    Args:
        text: the file.
        product: the crawler's product token, compared without regard to case.
    Source: RFC 9309 2.1 and 2.2. Groups of the same crawler are joined; `*` counts where none names it.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    agents: list[str] = []
    in_rules = False
    for line in text.removeprefix("\ufeff").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        if not colon:
            continue
        key, value = key.strip().lower(), value.strip()
        if key == "user-agent":
            if in_rules:
                agents, in_rules = [], False
            agents.append("*" if value == "*" else _product(value))
            groups.setdefault(agents[-1], [])
        elif key in ("allow", "disallow", "crawl-delay"):
            in_rules = True
            for agent in agents:
                groups[agent].append((key, value))
    lines = groups.get(product.lower(), groups.get("*", []))
    rules = [_rule(key == "allow", value) for key, value in lines if key != "crawl-delay" and value]
    delays = [value for key, value in lines if key == "crawl-delay"]
    return Rules(rules=rules, crawl_delay_s=_delay(delays[-1]) if delays else 0.0)


def _rule(allow: bool, pattern: str) -> Rule:
    anchored = pattern.endswith("$")
    octets = _octets(pattern[:-1] if anchored else pattern)
    return Rule(allow=allow, parts=octets.split(b"*"), anchored=anchored, length=len(_octets(pattern)))


def _product(value: str) -> str:
    """The product token of a User-Agent line: RFC 9309 2.2.1 knows letters, "_" and "-"."""
    found = _PRODUCT.match(value)
    return found[0].lower() if found else ""


def _octets(text: str) -> bytes:
    """A path as compared: everything escaped alike, and nothing that needs no escape (RFC 9309 2.2.2)."""
    if "%" not in text and text.isascii():
        return text.encode("ascii")
    return _ESCAPE.sub(_same_escape, quote(text, safe=_SAFE)).encode("ascii")


def _same_escape(escape: re.Match[str]) -> str:
    char = chr(int(escape[1], 16))
    return char if char.isascii() and (char.isalnum() or char in "-._~") else escape[0].upper()


def _delay(value: str) -> float:
    try:
        delay_s = float(value)
    except ValueError:
        return 0.0
    return min(delay_s, MAX_CRAWL_DELAY_S) if delay_s > 0 else 0.0  # "nan" is not above 0


class Robots:
    """Asks a site's robots.txt once a day and keeps to it.

    Args:
        fetch: gets one URL through the guard, redirects followed, its own deadline kept.
        user_agent: the User-Agent header; its product token is what groups are matched with.
    """

    def __init__(self, fetch: Callable[[Url], Awaitable[Fetched]], *, user_agent: str) -> None:
        self._fetch = fetch
        self._product = product_token(user_agent)
        self._sites: OrderedDict[str, tuple[float, asyncio.Task[Rules]]] = OrderedDict()

    async def check(self, url: Url) -> float:
        """Let a URL pass, or not.

        Returns:
            The site's Crawl-delay in seconds, at most MAX_CRAWL_DELAY_S.
        Raises:
            RobotsDenied: the site disallows the URL, or its robots.txt cannot be had.
        """
        rules = await self._rules(url)
        if not rules.allows(url.target):
            reason = "robots.txt cannot be had" if rules is DISALLOW_ALL else "robots.txt disallows it"
            raise RobotsDenied(f"{url.shown} is left alone: the site's {reason}")
        return rules.crawl_delay_s

    async def _rules(self, url: Url) -> Rules:
        known = self._sites.get(url.origin)
        if known is None or known[0] < time.monotonic():
            task = asyncio.create_task(self._ask(url))
            known = self._sites[url.origin] = (time.monotonic() + HELD_S, task)
            if len(self._sites) > MAX_SITES:
                self._sites.popitem(last=False)
        return await asyncio.shield(known[1])  # a caller who gives up does not take the others' answer along

    async def _ask(self, url: Url) -> Rules:
        try:
            fetched = await self._fetch(parse_url(url.origin + "/robots.txt"))
        except GatewayError:
            fetched = None
        if fetched is None or fetched.status >= 500 or fetched.status == 429:
            task = asyncio.current_task()
            assert task is not None
            self._sites[url.origin] = (time.monotonic() + UNREACHABLE_HELD_S, task)
            return DISALLOW_ALL  # RFC 9309 2.3.1.4
        if fetched.status >= 400:
            return ALLOW_ALL  # RFC 9309 2.3.1.3
        return read_robots(fetched.body.decode("utf-8", "replace"), product=self._product)


def product_token(user_agent: str) -> str:
    """The name a crawler goes by: `WinnowGateway` in `Mozilla/5.0 (compatible; WinnowGateway/0.1)`."""
    compatible = re.search(r"compatible;\s*([A-Za-z_-]+)", user_agent)
    first = _PRODUCT.match(user_agent)
    return compatible[1] if compatible else first[0] if first else "winnow"
