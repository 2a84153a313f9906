"""What a request makes of its page: the task that does it, and the digests that find it again."""

from msgspec import Struct

from gateway.cache.keys import digest_of
from gateway.core.model.page import CleanOptions
from gateway.core.tasks.page import Cleaned, CleanPage
from gateway.core.tokens.counters import vocabulary_digest
from gateway.core.tokens.tokenizer import Tokenizer
from gateway.scraping.page import LoadedPage, Snapshot
from gateway.wire import ScrapeRequest


class PreparedScrape(Struct, kw_only=True, frozen=True):
    """A request whose page is at hand: what remains is to read it."""

    request: ScrapeRequest
    tenant: str
    page: LoadedPage
    tokenizer: Tokenizer
    # the block its piece begins with
    start: int
    # time.perf_counter()
    began: float
    # the same answer has scraped the page before
    again: bool = False


class Content(Struct, kw_only=True, frozen=True):
    """What a set of options made of a snapshot: all of a response but its id, age and times."""

    cleaned: Cleaned
    html_tokens: int


def options_digest(request: ScrapeRequest) -> str:
    """A digest of the options that decide the blocks: a cursor is valid for these only."""
    r = request
    return digest_of(
        [r.format, r.scope, r.select, r.remove, r.links, r.images, r.tables, r.headline, r.renderer]
    )


def piece_digest(prepared: PreparedScrape) -> str:
    """A digest of all options that decide the piece of content."""
    r = prepared.request
    include = sorted(set(r.include) - {"changes"})
    return digest_of(
        [
            _focus(prepared),
            options_digest(r),
            include,
            vocabulary_digest(prepared.tokenizer),
            r.max_tokens,
            prepared.start,
        ]
    )


def clean_options(request: ScrapeRequest) -> CleanOptions:
    """How its page is cleaned."""
    return CleanOptions(
        scope=request.scope,
        renderer=request.renderer,
        links=request.links,
        images=request.images,
        tables=request.tables,
        select=request.select,
        remove=tuple(request.remove),
        headline=request.headline,
        quote_hidden="hidden" in request.include,
        review="removed" in request.include,
        html=request.format == "html" or "html" in request.include,
    )


def clean_task(prepared: PreparedScrape, snapshot: Snapshot, *, count_html: bool) -> CleanPage:
    """What a worker is to do."""
    request, entry = prepared.request, snapshot.entry
    return CleanPage(
        body=snapshot.body,
        page=snapshot.page if count_html or "raw_html" in request.include else None,
        content_type=entry.headers.get("content-type", ""),
        url=entry.final_url,
        options=clean_options(request),
        format=request.format,
        include=request.include,
        tokenizer=prepared.tokenizer,
        max_tokens=request.max_tokens,
        start=prepared.start,
        focus=_focus(prepared),
        count_html=count_html,
    )


def _focus(prepared: PreparedScrape) -> str | None:
    """The question that chooses the parts to keep; a cursor continues the page, and without a budget all is kept."""
    request = prepared.request
    return request.focus if request.max_tokens is not None and request.cursor is None else None
