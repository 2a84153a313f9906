"""Which pages a site names of itself: in its sitemaps, those of its robots.txt, and its llms.txt."""

import asyncio
from collections import deque

from msgspec import Struct

from gateway.core.crawling.scope import Scope
from gateway.core.http.url import Url
from gateway.core.tasks.base import Workers
from gateway.core.tasks.crawling import Found, FoundAddress, ReadLinkList, ReadSitemap, ReadSitemapLines
from gateway.errors import GatewayError
from gateway.fetch.base import Fetched, Fetcher, FetchRequest
from gateway.wire.common import Notice

MAX_FILES = 200
MAX_DEPTH = 3
FILE_TIMEOUT_S = 30.0
_AT_ONCE = 4


class Discovery(Struct, kw_only=True):
    """Addresses so far, each page once, and what is to be said of them. Filled while files are read."""

    addresses: dict[str, FoundAddress]
    warnings: list[Notice]


class SiteFiles:
    """Reads the files in which a site names its pages.

    Args:
        fetcher: obeys robots.txt.
        workers: read the files.
    """

    def __init__(self, *, fetcher: Fetcher, workers: Workers) -> None:
        self._fetcher = fetcher
        self._workers = workers

    async def discover(self, start: Url, scope: Scope, *, limit: int, into: Discovery) -> None:
        """Read robots.txt, sitemaps and llms.txt of the site until there are `limit` addresses.

        Args:
            into: is filled as files are read, so that a caller who runs out of time keeps what there is.
        """
        waiting = deque((url, 0) for url in await self._first_sitemaps(start))
        seen = {url for url, _ in waiting}
        under_way: set[asyncio.Task[tuple[Found, int] | None]] = set()
        files = 0
        try:
            while (waiting or under_way) and len(into.addresses) < limit:
                while waiting and len(under_way) < _AT_ONCE:
                    url, depth = waiting.popleft()
                    files += 1
                    under_way.add(asyncio.create_task(self._read(url, depth, scope)))
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    if (read := task.result()) is None:
                        continue
                    found, depth = read
                    _add(found, limit, into)
                    if found.truncated:
                        message = (
                            "a sitemap is longer than the protocol allows, or broken; its first part was read"
                        )
                        into.warnings.append(Notice(code="sitemap_truncated", message=message))
                    for further in found.sitemaps:
                        if further in seen or depth == MAX_DEPTH:
                            continue
                        if files + len(waiting) >= MAX_FILES:
                            message = f"the site has more than {MAX_FILES} sitemaps; the first {MAX_FILES} were read"
                            if not any(notice.code == "sitemaps_left_out" for notice in into.warnings):
                                into.warnings.append(Notice(code="sitemaps_left_out", message=message))
                            break
                        seen.add(further)
                        waiting.append((further, depth + 1))
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        if len(into.addresses) < limit and (listed := await self._fetch(f"{start.origin}/llms.txt")):
            _add(await self._workers.run(ReadLinkList(body=listed.body, scope=scope)), limit, into)

    async def _first_sitemaps(self, start: Url) -> list[str]:
        robots = await self._fetch(f"{start.origin}/robots.txt")
        named = await self._workers.run(ReadSitemapLines(robots=robots.body)) if robots else []
        return named[:MAX_FILES] or [f"{start.origin}/sitemap.xml"]

    async def _read(self, url: str, depth: int, scope: Scope) -> tuple[Found, int] | None:
        if (file := await self._fetch(url)) is None:
            return None
        task = ReadSitemap(body=file.body, content_type=file.content_type, scope=scope)
        try:
            return await self._workers.run(task), depth
        except GatewayError:
            return None

    async def _fetch(self, url: str) -> Fetched | None:
        """A file, or nothing where there is none that can be had."""
        try:
            fetched = await self._fetcher.fetch(FetchRequest(url=url, timeout_s=FILE_TIMEOUT_S))
        except GatewayError:
            return None
        return fetched if fetched.status == 200 else None


def _add(found: Found, limit: int, into: Discovery) -> None:
    for address in found.addresses:
        if len(into.addresses) == limit:
            break
        into.addresses.setdefault(address.key, address)
