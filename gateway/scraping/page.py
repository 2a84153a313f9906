"""What is known of a page: its two entries in the cache, where they are, and the page as it is handed on."""

import msgspec
from msgspec import Struct

from gateway.cache.keys import digest_of, page_key
from gateway.core.documents.document import Received
from gateway.core.http.cache_policy import personal_header
from gateway.core.http.url import fragment_of, parse_url
from gateway.fetch.base import Rendering
from gateway.scraping.versions import Version, thin_out
from gateway.wire import CacheReport, ScrapeRequest

# what markdown has none of
_PARTS_OF_HTML = {"structured", "metadata", "html", "hidden"}


class PageEntry(Struct, kw_only=True, frozen=True):
    """What an address answered last, without the body."""

    digest: str
    # None for HTML that came in the request without a base address
    final_url: str | None
    # None for HTML that came in the request
    status: int | None
    headers: dict[str, str]
    # Unix seconds
    fetched_at: float
    # markdown, where the site would have sent HTML or has sent both
    instead_of_html: bool = False
    # when the address answered so first; 0: as fetched_at
    came_at: float = 0
    # what it answered before, the newest first
    versions: list[Version] = []
    # how the page's scripts ran; None for the page as it was sent
    rendering: Rendering | None = None


def following(entry: PageEntry, known: PageEntry | None) -> PageEntry:
    """A new entry of an address, with what was `known` of it before among its versions."""
    came_at, versions = entry.fetched_at, known.versions if known else []
    if known:
        known_at = known.came_at or known.fetched_at
        if known.digest == entry.digest:
            came_at = known_at
        else:
            versions = [Version(digest=known.digest, came_at=known_at), *versions]
    versions = thin_out(versions, now_s=entry.fetched_at)
    return msgspec.structs.replace(entry, came_at=came_at, versions=versions)


class Snapshot(Struct, kw_only=True, frozen=True):
    """A page as it was received, and the key of the address it was fetched for."""

    key: str
    entry: PageEntry
    body: bytes
    # the HTML that linked to the body, the site's own markdown
    page: Received | None = None
    # of a rendered page, PNG
    screenshot: bytes | None = None
    pdf: bytes | None = None


class CacheTarget(Struct, kw_only=True, frozen=True):
    """How the page of a request is found in the cache."""

    key: str
    # the cache may answer
    consulted: bool
    # it is the page after its scripts ran
    rendered: bool = False


class LoadedPage(Struct, kw_only=True, frozen=True):
    """A page ready to be read: where it came from, and the whole of it unless the cache holds it."""

    source: CacheTarget
    entry: PageEntry
    cache: CacheReport
    snapshot: Snapshot | None = None
    storable: bool = False
    is_new: bool = (
        # the address answered something else before, if anything: nothing made of this is kept
        False
    )
    fetch_ms: float = 0
    render_ms: float = 0


def find_cache_target(request: ScrapeRequest, *, tenant: str, rendered: bool = False) -> CacheTarget:
    """Plain pages are shared; headers of the caller make an entry of their own; personal ones make none.

    Args:
        rendered: the page after its scripts ran, which has an entry of its own.
    """
    assert request.url is not None
    address = parse_url(request.url).text
    if rendered and (fragment := fragment_of(request.url)):
        # which its scripts may read
        address += f"#{fragment}"
    headers = {name.lower(): value for name, value in request.headers.items()}
    return CacheTarget(
        key=page_key(address, headers=headers, tenant=tenant, rendered=rendered and _rendered_how(request)),
        consulted=personal_header(headers) is None and (request.store or request.max_age_s > 0),
        rendered=rendered,
    )


def _rendered_how(request: ScrapeRequest) -> str:
    """What makes a rendered page another one than the next."""
    shown = sorted({"screenshot", "pdf"}.intersection(request.include))
    return digest_of([request.wait_for, request.actions, shown])


def needs_html(request: ScrapeRequest) -> bool:
    """Whether the request asks for what the site's own markdown of the page could not give."""
    return bool(
        request.select
        or request.remove
        or request.scope == "page"
        or request.format == "html"
        or _PARTS_OF_HTML.intersection(request.include)
    )


def satisfies(entry: PageEntry, request: ScrapeRequest) -> bool:
    return not (entry.instead_of_html and needs_html(request))
