"""Every link of a page that leads to another page, whether it belongs to the content or to navigation."""

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser

from gateway.core.documents.charset import to_utf8
from gateway.core.dom.nesting import limit_nesting
from gateway.core.http.url import Url, join_url, parse_url, route_of
from gateway.errors import UrlRefused

MAX_LINKS = 10_000
_TEXT_CHARS = 200


class PageLink(Struct, kw_only=True, frozen=True):
    """A link: the address it leads to, the route behind it (`route_of`), and its words."""

    url: Url
    text: str
    route: str = ""


class PageLinks(Struct, kw_only=True, frozen=True):
    """The links of a page in the order of the page, each address once; and the address it calls its own."""

    links: list[PageLink]
    canonical: Url | None


def find_links(html: str, *, url: str, routes: bool = False) -> PageLinks:
    """Read the links of an HTML page.

    Args:
        html: the whole page.
        url: its final address.
        routes: links to routes of an app (`#/users/7`) lead to pages of their own.
    Returns:
        At most MAX_LINKS links, http and https only.
    """
    markup = limit_nesting(to_utf8(html))
    tree = LexborHTMLParser(markup.markup)
    base = parse_url(url)
    if (node := tree.css_first("base[href]")) is not None:
        base = _join(base, node.attributes.get("href")) or base
    found: dict[str, PageLink] = {}
    for node in tree.css("a[href], area[href]"):
        href = node.attributes.get("href")
        route = route_of(href or "") if routes else ""
        link = _join(base, href, has_route=bool(route))
        if link is None or (address := f"{link.text}#{route}") in found:
            continue
        text = " ".join(node.text(deep=True).split())[:_TEXT_CHARS]
        found[address] = PageLink(url=link, text=text, route=route)
        if len(found) == MAX_LINKS:
            break
    canonical = tree.css_first("link[rel~=canonical][href]")
    return PageLinks(
        links=list(found.values()),
        canonical=None if canonical is None else _join(base, canonical.attributes.get("href")),
    )


def _join(base: Url, reference: str | None, *, has_route: bool = False) -> Url | None:
    reference = (reference or "").strip()
    if not reference or (reference.startswith("#") and not has_route):
        return None
    scheme, colon, _ = reference.partition(":")
    if colon and scheme.isalnum() and scheme.lower() not in ("http", "https"):
        return None
    try:
        return join_url(base, reference)
    except UrlRefused:
        return None
