"""robots.txt as RFC 9309 has it: who may fetch what.

Patterns are matched without regular expressions: both the file and the URL may come from the same hostile
hand, and `*a*a*a*a*b` takes a backtracking matcher minutes.
"""

import re
from urllib.parse import quote

from msgspec import Struct

MAX_CRAWL_DELAY_S = 10.0
_COMPATIBLE = re.compile(r"compatible;\s*+([A-Za-z_-]+)")
_PRODUCT = re.compile(r"[A-Za-z_-]+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_SAFE = "/:?#[]@!$&'()*+,;=-._~%"


class Rule(Struct, frozen=True):
    """One Allow or Disallow line; `parts` are the literal pieces between its asterisks."""

    allow: bool
    parts: list[bytes]
    # ends in "$"
    anchored: bool
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


def read_robots(text: str, *, product: str) -> Rules:
    """What a robots.txt says to a crawler.

    Args:
        text: the file.
        product: the crawler's product token, compared without regard to case.
    Source: RFC 9309 2.1 and 2.2. Groups of the same crawler are joined; `*` counts where none names it.
    """
    ours: list[tuple[str, str]] = []
    everyones: list[tuple[str, str]] = []
    agents: set[str] = set()
    is_named = in_rules = False
    for line in text.removeprefix("\ufeff").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        if not colon:
            continue
        key, value = key.strip().lower(), value.strip()
        if key == "user-agent":
            if in_rules:
                agents, in_rules = set(), False
            agents.add("*" if value == "*" else _product(value))
            is_named |= product.lower() in agents
        elif key in ("allow", "disallow", "crawl-delay"):
            in_rules = True
            if product.lower() in agents:
                ours.append((key, value))
            if "*" in agents:
                everyones.append((key, value))
    lines = ours if is_named else everyones
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
    # "nan" is not above 0
    return min(delay_s, MAX_CRAWL_DELAY_S) if delay_s > 0 else 0.0


def product_token(user_agent: str) -> str:
    """The name a crawler goes by: `WinnowGateway` in `Mozilla/5.0 (compatible; WinnowGateway/0.1)`."""
    compatible = _COMPATIBLE.search(user_agent)
    first = _PRODUCT.match(user_agent)
    return compatible[1] if compatible else first[0] if first else "winnow"
