"""Fetches the robots.txt of sites, and decides how long each file holds (RFC 9309)."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from msgspec import Struct

from gateway.core.http.robots import product_token
from gateway.core.http.url import Url, parse_url
from gateway.core.tasks.base import Workers
from gateway.core.tasks.robots import CheckRobots
from gateway.errors import DnsFailed, GatewayError, RobotsDenied
from gateway.fetch.base import Fetched
from gateway.primitives.byte_lru import ByteLru
from gateway.primitives.panics import contained

# RFC 9309 2.5
MAX_ROBOTS_BYTES = 500 * 1024
# RFC 9309 2.4
HELD_S = 24 * 3600.0
UNREACHABLE_HELD_S = 300.0
MAX_HELD_BYTES = 32 * 1024**2
# what a site costs beside its file: task, names, dict slot
_SITE_BYTES = 4096


class _Unreachable(Struct, kw_only=True, frozen=True):
    """Why nobody knows what a site's robots.txt says."""

    reason: str
    has_no_address: bool = False


class Robots:
    """Fetches a site's robots.txt once a day and keeps to it.

    Args:
        fetch: gets one URL through the guard, redirects followed, its own deadline kept.
        workers: read what comes.
        user_agent: the User-Agent header; its product token is what groups are matched with.
    """

    def __init__(
        self, fetch: Callable[[Url], Awaitable[Fetched]], *, workers: Workers, user_agent: str
    ) -> None:
        self._fetch = fetch
        self._workers = workers
        self._product = product_token(user_agent)
        self._sites: ByteLru[str, tuple[float, asyncio.Task[bytes | _Unreachable]]] = ByteLru(MAX_HELD_BYTES)

    async def check(self, url: Url) -> float:
        """Let a URL pass, or not.

        Returns:
            The site's Crawl-delay in seconds, at most core.robots.MAX_CRAWL_DELAY_S.
        Raises:
            RobotsDenied: the site disallows the URL, or its robots.txt cannot be had.
            DnsFailed: there is no such site.
            CleanTimeout: its robots.txt cannot be read in time.
        """
        robots = await self._robots(url)
        if isinstance(robots, _Unreachable):
            if robots.has_no_address:
                # who misspelt the name would look for a robots.txt
                raise DnsFailed(robots.reason)
            raise RobotsDenied(
                f"{url.shown} is left alone: the site's robots.txt cannot be had: {robots.reason}"
            )
        if not robots:
            return 0.0
        found = await self._workers.run(CheckRobots(robots=robots, product=self._product, target=url.target))
        if not found.allowed:
            raise RobotsDenied(f"{url.shown} is left alone: the site's robots.txt disallows it")
        return found.crawl_delay_s

    async def _robots(self, url: Url) -> bytes | _Unreachable:
        """The site's file, empty where it has none, the reason where nobody knows (RFC 9309 2.3.1)."""
        known = self._sites.get(url.origin)
        if known is None or known[0] < time.monotonic():
            known = (time.monotonic() + HELD_S, asyncio.create_task(self._ask(url)))
            self._sites.put(url.origin, known, size_bytes=_SITE_BYTES)
        # a caller who gives up does not take the others' answer along
        return await asyncio.shield(known[1])

    async def _ask(self, url: Url) -> bytes | _Unreachable:
        fault: _Unreachable | None = None
        robots = b""
        try:
            with contained():
                fetched = await self._fetch(parse_url(url.origin + "/robots.txt"))
            if fetched.status >= 500 or fetched.status == 429:
                fault = _Unreachable(reason=f"the origin answered {fetched.status}")
            elif fetched.status < 400:
                robots = fetched.body
        except GatewayError as failure:
            fault = _Unreachable(reason=failure.detail, has_no_address=isinstance(failure, DnsFailed))
        except BaseException:
            # it says nothing about the site: the next caller asks again
            self._sites.drop(url.origin)
            raise
        task = asyncio.current_task()
        assert task is not None
        if fault is not None:
            unreachable = (time.monotonic() + UNREACHABLE_HELD_S, task)
            self._sites.put(url.origin, unreachable, size_bytes=_SITE_BYTES)
            return fault
        known = self._sites.get(url.origin)
        if known is not None and known[1] is task:
            # else it was dropped on its way
            self._sites.put(url.origin, known, size_bytes=_SITE_BYTES + len(robots))
        return robots
