"""Reading robots.txt, which may come from the same hostile hand as the address it is asked about."""

from typing import ClassVar

from msgspec import Struct

from gateway.core.http.robots import read_robots
from gateway.core.tasks.base import Task


class Permission(Struct, kw_only=True, frozen=True):
    """Whether an address may be fetched, and how long to wait between two of its site."""

    allowed: bool
    crawl_delay_s: float


class CheckRobots(Task[Permission], kw_only=True, frozen=True):
    """What a robots.txt says to the crawler `product` about a path with its query."""

    doing: ClassVar[str] = "reading the site's robots.txt"

    robots: bytes
    product: str
    target: str

    def run(self) -> Permission:
        rules = read_robots(self.robots.decode("utf-8", "replace"), product=self.product)
        return Permission(allowed=rules.allows(self.target), crawl_delay_s=rules.crawl_delay_s)
