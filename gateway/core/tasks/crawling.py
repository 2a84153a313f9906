"""What a crawl reads: the links of a page, sitemaps, lists of pages for models, and the patterns of its scope."""

import re
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from gateway.core.crawling.identity import identify, pattern_of
from gateway.core.crawling.scope import Border, Scope, is_of_the_site
from gateway.core.http.url import Url, fragment_of, parse_url, route_of
from gateway.core.tasks.base import Task
from gateway.errors import InvalidRequest, UrlRefused

# the documents that people follow links of; those of a PDF are few, and reading it twice is dear
_WITH_LINKS = frozenset({"html", "markdown", "xml"})
_MARKDOWN_ADDRESS = re.compile(r"\]\((https?://[^\s()<>]++)")


class FoundAddress(Struct, kw_only=True, frozen=True):
    """An address in scope: its one normal form, the key of its page, and the pattern that it is made by."""

    url: str
    key: str
    host: str
    pattern: str
    title: str | None = None
    lastmod: str | None = None


class Found(Struct, kw_only=True, frozen=True):
    """Addresses in scope, in the order of their standing, each page once.

    `canonical` is the key of the address that the page calls its own, if that is on the same site. `sitemaps` are the
    further files of an index. `truncated`: the file is longer than a sitemap may be, or broken.
    """

    addresses: list[FoundAddress]
    canonical: str | None = None
    sitemaps: list[str] = []
    truncated: bool = False


class CheckScope(Task[bool], kw_only=True, frozen=True):
    """Whether a scope's patterns are ones, and whether it admits the address."""

    doing: ClassVar[str] = "reading the patterns of the crawl"

    scope: Scope
    url: str

    def run(self) -> bool:
        return Border(self.scope).admits(parse_url(self.url))


class IdentifyAddresses(Task[list[FoundAddress]], kw_only=True, frozen=True):
    """Addresses in their normal form, each page once. Raises InvalidRequest for one that is none.

    Where the pages may be rendered (`routes`), an address keeps its fragment, which scripts read; whether it is another
    page is the route's to say alone, since the other fragments name parts of one.
    """

    doing: ClassVar[str] = "reading the addresses"

    urls: list[str]
    routes: bool = False

    def run(self) -> list[FoundAddress]:
        found = []
        for position, url in enumerate(self.urls):
            try:
                parsed = parse_url(url)
                each = _found(parsed, Scope(host=""), route=route_of(url) if self.routes else "")
                if self.routes and (fragment := fragment_of(url)):
                    each = replace(each, url=f"{parsed.text}#{fragment}")
                found.append(each)
            except UrlRefused as exc:
                raise InvalidRequest(f"`urls[{position}]`: {exc.detail}", field="urls") from exc
        return _once(found)


class FindNoAddresses(Task[list[str]], kw_only=True, frozen=True):
    """Those of the texts that are no addresses, in their order."""

    doing: ClassVar[str] = "reading the addresses"

    urls: list[str]

    def run(self) -> list[str]:
        return [url for url in self.urls if _parsed(url) is None]


class FollowLinks(Task[Found], kw_only=True, frozen=True):
    """The links of a page that belong to a crawl; those to routes of an app (`routes`) where the page was rendered."""

    doing: ClassVar[str] = "reading the page's links"

    body: bytes
    content_type: str
    url: str
    scope: Scope
    routes: bool = False

    def run(self) -> Found:
        from gateway.core.crawling.links import find_links
        from gateway.core.documents.reader import kind_of, read_document

        border = Border(self.scope)
        if kind_of(self.body, content_type=self.content_type, url=self.url) not in _WITH_LINKS:
            return Found(addresses=[])
        document = read_document(self.body, content_type=self.content_type, url=self.url)
        page = find_links(document.html, url=self.url, routes=self.routes)
        addresses = [
            _found(link.url, self.scope, route=link.route, title=link.text or None)
            for link in page.links
            if border.admits(link.url, route=link.route)
        ]
        canonical = page.canonical
        if canonical is not None and not _is_believable(canonical, parse_url(self.url), self.scope):
            canonical = None
        return Found(
            addresses=_once(addresses),
            canonical=None
            if canonical is None
            else identify(canonical, ignore_query=self.scope.ignore_query),
        )


class ReadSitemap(Task[Found], kw_only=True, frozen=True):
    """The pages of a sitemap that belong to a crawl, and the further sitemaps that it names."""

    doing: ClassVar[str] = "reading the sitemap"

    body: bytes
    content_type: str
    scope: Scope

    def run(self) -> Found:
        from gateway.core.crawling.sitemap import read_sitemap

        border = Border(self.scope)
        sitemap = read_sitemap(self.body, content_type=self.content_type)
        addresses = []
        for entry in sitemap.pages:
            if (url := _parsed(entry.url)) and border.admits(url):
                addresses.append(_found(url, self.scope, lastmod=entry.lastmod))
        return Found(addresses=_once(addresses), sitemaps=sitemap.sitemaps, truncated=sitemap.truncated)


class ReadSitemapLines(Task[list[str]], kw_only=True, frozen=True):
    """The sitemaps that a robots.txt names."""

    doing: ClassVar[str] = "reading the site's robots.txt"

    robots: bytes

    def run(self) -> list[str]:
        lines = (line.partition(":") for line in self.robots.decode("utf-8", "replace").splitlines())
        urls = (_parsed(value.strip()) for name, _, value in lines if name.strip().lower() == "sitemap")
        return list(dict.fromkeys(url.text for url in urls if url))


class ReadLinkList(Task[Found], kw_only=True, frozen=True):
    """The addresses of a markdown file, such as llms.txt, that belong to a crawl."""

    doing: ClassVar[str] = "reading the site's list of pages"

    body: bytes
    scope: Scope

    def run(self) -> Found:
        border = Border(self.scope)
        urls = (
            _parsed(match[1]) for match in _MARKDOWN_ADDRESS.finditer(self.body.decode("utf-8", "replace"))
        )
        return Found(addresses=_once([_found(url, self.scope) for url in urls if url and border.admits(url)]))


def _is_believable(canonical: Url, url: Url, scope: Scope) -> bool:
    """Whether an address that a page calls its own may be: many sites name their front page on every page."""
    return is_of_the_site(canonical, scope) and (canonical.target != "/" or url.target == "/")


def _found(
    url: Url, scope: Scope, *, route: str = "", title: str | None = None, lastmod: str | None = None
) -> FoundAddress:
    return FoundAddress(
        url=f"{url.text}#{route}" if route else url.text,
        key=identify(url, route=route, ignore_query=scope.ignore_query),
        host=f"{url.host}:{url.port}",
        pattern=pattern_of(url, route=route),
        title=title,
        lastmod=lastmod,
    )


def _once(addresses: list[FoundAddress]) -> list[FoundAddress]:
    return list({address.key: address for address in reversed(addresses)}.values())[::-1]


def _parsed(url: str) -> Url | None:
    try:
        return parse_url(url)
    except UrlRefused:
        return None
