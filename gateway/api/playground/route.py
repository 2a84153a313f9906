"""`/`: the page to try the gateway on, and the small pages of `examples` that it needs no network for."""

from functools import cache
from pathlib import Path

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from gateway.api.playground.assembly import assemble, page_response, scripts, styles
from gateway.api.playground.fields import form_fields
from gateway.wire import ExtractRequest, ScrapeOptions
from gateway.wire.jobs import CrawlRequest

_EXAMPLES = Path(__file__).parent / "examples"
_SCRIPTS = (
    *("page.js", "request.js", "scrape.js", "pieces.js", "extract.js", "crawl.js", "copy.js"),
    *("address.js", "start.js"),
)
# options that most crawls set
_CRAWL = ("limit", "max_depth", "include", "exclude")


@cache
def _page() -> str:
    return assemble(
        "index.html",
        {
            "styles": styles("dress.css", "playground.css"),
            "scripts": scripts(_SCRIPTS),
            # a cursor is the button for the next piece
            "scrape_fields": form_fields(ScrapeOptions, without={"cursor"}),
            "extract_fields": form_fields(
                ExtractRequest,
                without={
                    *("url", "urls", "html", "content", "prompt", "schema", "model", "stream", "scrape"),
                    "dry_run",
                },
            ),
            "crawl_fields": form_fields(CrawlRequest, only=_CRAWL),
            "more_crawl_fields": form_fields(CrawlRequest, without={"url", "scrape", *_CRAWL}),
        },
    )


@get("/", include_in_schema=False)
async def playground() -> ASGIApp:
    """The playground."""
    return page_response(_page())


@get("/examples/{name:str}", include_in_schema=False)
async def example(name: FromPath[str]) -> ASGIApp:
    """The source of an example page, as text: it is no page of this gateway."""
    file = _EXAMPLES / f"{name}.html"
    if file.name not in {known.name for known in _EXAMPLES.iterdir()}:
        raise NotFoundException(f"no example is called {name!r}")
    headers = {"x-content-type-options": "nosniff"}
    return ASGIResponse(body=file.read_bytes(), media_type="text/plain", headers=headers)


handlers = [playground, example]
