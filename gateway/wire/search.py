"""`POST /v1/search`: a query in, pages out."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.wire.common import Notice
from gateway.wire.jobs import JobError
from gateway.wire.scrape import ScrapeOptions, ScrapeResponse

TimeRange = Literal["day", "week", "month", "year"]
MAX_RESULTS = 20


class SearchRequest(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/search`: what to search for, and whether to read what is found."""

    query: Annotated[str, Meta(min_length=1, max_length=400, description="What to search for.")]
    limit: Annotated[int, Meta(ge=1, le=MAX_RESULTS, description="Results at most.")] = 5
    language: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?\Z")] | None,
        Meta(
            description="Language of the results, such as `de` or `pt-BR`, where the engine has it. null: any."
        ),
    ] = None
    time_range: Annotated[
        TimeRange | None, Meta(description="How old a page may be, where the engine has it. null: any age.")
    ] = None
    scrape: Annotated[
        ScrapeOptions | None,
        Meta(description="How to read the pages, as in `POST /v1/scrape`. null: not read."),
    ] = None
    max_tokens: Annotated[
        Annotated[int, Meta(ge=1, le=10_000_000)] | None,
        Meta(
            description="Tokens of content of all pages together, shared among them; asks for reading them."
        ),
    ] = None


class SearchResult(Struct, kw_only=True, frozen=True):
    """A page that was found; `page` or `error` where pages are read."""

    url: Annotated[str, Meta(description="Its address.")]
    title: Annotated[str, Meta(description="Its title, as the engine has it.")]
    snippet: Annotated[str, Meta(description="A passage of it, as the engine has it.")]
    published: Annotated[str | None, Meta(description="Its date, as the engine has it.")] = None
    page: Annotated[
        ScrapeResponse | UnsetType,
        Meta(
            description="The page, as `POST /v1/scrape` answers; without content where the budget is spent."
        ),
    ] = UNSET
    error: Annotated[JobError | UnsetType, Meta(description="Why it could not be read.")] = UNSET


class SearchResponse(Struct, kw_only=True, frozen=True):
    """The answer of `POST /v1/search`."""

    query: Annotated[str, Meta(description="What was searched for.")]
    provider: Annotated[str, Meta(description="The engine: `searxng`, `brave` or `tavily`.")]
    results: Annotated[list[SearchResult], Meta(description="The pages, in the engine's order.")]
    warnings: Annotated[list[Notice], Meta(description="What the caller should know of this result.")] = []
