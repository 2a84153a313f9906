"""The bodies that Firecrawl's clients send, v1's fields among v2's: what is not named here is ignored.

Times are milliseconds where the name does not say otherwise. null stands for the default everywhere: some clients send
every field that they know.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from gateway.wire.common import Selector, Url
from gateway.wire.jobs import MAX_URLS, PathPattern

Milliseconds = Annotated[float, Meta(ge=0, le=1e15)]
Host = Annotated[str, Meta(max_length=253)]
SitemapUse = Literal["include", "skip", "only"]


class Format(Struct, kw_only=True, frozen=True, rename="camel"):
    """One form of the page with its own settings."""

    type: Annotated[str, Meta(description="Name of the form, as in `formats`.")]
    prompt: Annotated[str | None, Meta(description="Of `json`: what to look for.")] = None
    schema: Annotated[dict[str, Any] | None, Meta(description="Of `json`: JSON Schema of the answer.")] = None
    modes: Annotated[
        Annotated[list[str], Meta(max_length=10)] | None,
        Meta(description="Of `changeTracking`: `git-diff` adds what changed."),
    ] = None
    tag: Annotated[str | None, Meta(description="Of `changeTracking`: not done.")] = None


class JsonOptions(Struct, kw_only=True, frozen=True, rename="camel"):
    """v1's settings of the formats `json` and `extract`."""

    prompt: Annotated[str | None, Meta(description="What to look for.")] = None
    schema: Annotated[dict[str, Any] | None, Meta(description="JSON Schema of the answer.")] = None
    system_prompt: Annotated[str | None, Meta(description="Stands before the prompt.")] = None


class Action(Struct, kw_only=True, frozen=True, rename="camel"):
    """A step in the rendered page."""

    type: Annotated[str, Meta(description="`wait`, `click`, `write`, `press`, `scroll` or `screenshot`.")]
    selector: Annotated[Selector | None, Meta(description="CSS selector of the element.")] = None
    milliseconds: Annotated[
        Annotated[int, Meta(ge=0, le=60_000)] | None, Meta(description="Of `wait`: how long.")
    ] = None
    text: Annotated[
        Annotated[str, Meta(max_length=10_000)] | None, Meta(description="Of `write`: what to write.")
    ] = None
    key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=20)] | None, Meta(description="Of `press`: which key.")
    ] = None


class PageOptions(Struct, kw_only=True, frozen=True, rename="camel"):
    """How to read a page."""

    formats: Annotated[
        Annotated[list[str | Format], Meta(max_length=30)] | None,
        Meta(
            description="Forms of the page: `markdown` (the default), `html`, `rawHtml`, `links`, `images`, `json`, "
            "`summary`, `screenshot`, `changeTracking`."
        ),
    ] = None
    only_main_content: Annotated[
        bool | None, Meta(description="Whether to leave out what surrounds the main content. null: true.")
    ] = None
    include_tags: Annotated[
        Annotated[list[Selector], Meta(max_length=50)] | None,
        Meta(description="CSS selectors; only what they match is kept."),
    ] = None
    exclude_tags: Annotated[
        Annotated[list[Selector], Meta(max_length=50)] | None,
        Meta(description="CSS selectors; what they match is left out."),
    ] = None
    max_age: Annotated[
        Milliseconds | None,
        Meta(description="Milliseconds; a cached page up to this old will do. null: an hour."),
    ] = None
    store_in_cache: Annotated[
        bool | None, Meta(description="Whether the page may be kept in the cache. null: true.")
    ] = None
    zero_data_retention: Annotated[bool | None, Meta(description="true: as `storeInCache: false`.")] = None
    headers: Annotated[
        Annotated[dict[str, str], Meta(max_length=100)] | None, Meta(description="Headers for the origin.")
    ] = None
    timeout: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Milliseconds the fetch may take; at most five minutes are given."),
    ] = None
    wait_for: Annotated[
        Milliseconds | None,
        Meta(description="Milliseconds that the rendered page is given; at most a minute."),
    ] = None
    actions: Annotated[
        Annotated[list[Action], Meta(max_length=50)] | None,
        Meta(description="What is done in the rendered page before it is read."),
    ] = None
    json_options: Annotated[JsonOptions | None, Meta(description="v1: settings of the format `json`.")] = None
    extract: Annotated[JsonOptions | None, Meta(description="v1: settings of the format `extract`.")] = None


class WebhookBody(Struct, kw_only=True, frozen=True, rename="camel"):
    """Where a job's events are sent."""

    url: Annotated[Url, Meta(description="Address that the events are posted to; it has to be public.")]
    headers: Annotated[
        dict[str, str] | None,
        Meta(description="Headers of each request; not those that the gateway sets itself."),
    ] = None
    metadata: Annotated[
        dict[str, Any] | None, Meta(description="Comes back with each event; at most 16 KiB of JSON.")
    ] = None
    events: Annotated[
        Annotated[list[str], Meta(max_length=20)] | None,
        Meta(description="`started`, `page`, `completed`, `failed`. null, or none: all of them."),
    ] = None


WebhookField = Annotated[
    str | WebhookBody | None, Meta(description="Where the job's events are sent: an address, or more of it.")
]


class ScrapeBody(PageOptions, kw_only=True, frozen=True, rename="camel"):
    """`POST /v2/scrape`: a page."""

    url: Annotated[Url, Meta(description="Address of the page.")]


class BatchBody(PageOptions, kw_only=True, frozen=True, rename="camel"):
    """`POST /v2/batch/scrape`: pages by their addresses."""

    urls: Annotated[list[str], Meta(min_length=1, max_length=MAX_URLS, description="Addresses of the pages.")]
    ignore_invalid_urls: Annotated[
        bool | None,
        Meta(description="Whether addresses that are none are left out and named. null: true."),
    ] = field(default=None, name="ignoreInvalidURLs")
    webhook: WebhookField = None


class CrawlBody(Struct, kw_only=True, frozen=True, rename="camel"):
    """`POST /v2/crawl`: a site from one address on."""

    url: Annotated[Url, Meta(description="Where to start.")]
    scrape_options: Annotated[PageOptions | None, Meta(description="How to read each page.")] = None
    limit: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Pages to read at most. null: 10000, or as many as this gateway allows."),
    ] = None
    include_paths: Annotated[
        Annotated[list[PathPattern], Meta(max_length=50)] | None,
        Meta(description="RE2 patterns searched for in the path; one of them has to match."),
    ] = None
    exclude_paths: Annotated[
        Annotated[list[PathPattern], Meta(max_length=50)] | None,
        Meta(description="RE2 patterns searched for in the path; none of them may match."),
    ] = None
    max_discovery_depth: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="Links from the start at most.")
    ] = None
    max_depth: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="v1: as `maxDiscoveryDepth`.")
    ] = None
    sitemap: Annotated[SitemapUse | None, Meta(description="Use of sitemaps. null: `include`.")] = None
    ignore_sitemap: Annotated[bool | None, Meta(description="v1: as `sitemap: skip`.")] = None
    ignore_query_parameters: Annotated[
        bool | None, Meta(description="Whether addresses that differ in their query alone are one page.")
    ] = None
    crawl_entire_domain: Annotated[
        bool | None,
        Meta(
            description="Whether the crawl leaves the path that it starts at. null: no, unless `includePaths` says "
            "where to."
        ),
    ] = None
    allow_backward_links: Annotated[bool | None, Meta(description="v1: as `crawlEntireDomain`.")] = None
    allow_external_links: Annotated[
        bool | None, Meta(description="Whether links to other sites are followed.")
    ] = None
    allow_subdomains: Annotated[bool | None, Meta(description="Whether subdomains belong to the site.")] = (
        None
    )
    ignore_robots_txt: Annotated[bool | None, Meta(description="Whether robots.txt is ignored.")] = None
    delay: Annotated[
        Annotated[float, Meta(ge=0, le=60)] | None, Meta(description="Seconds between two pages of a host.")
    ] = None
    webhook: WebhookField = None


class MapBody(Struct, kw_only=True, frozen=True, rename="camel"):
    """`POST /v2/map`: the addresses of a site."""

    url: Annotated[Url, Meta(description="A page of the site.")]
    search: Annotated[
        Annotated[str, Meta(max_length=200)] | None,
        Meta(description="Words that address or title have to have."),
    ] = None
    limit: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Addresses at most. null: 5000.")
    ] = None
    sitemap: Annotated[SitemapUse | None, Meta(description="Use of sitemaps. null: `include`.")] = None
    ignore_sitemap: Annotated[bool | None, Meta(description="v1: as `sitemap: skip`.")] = None
    sitemap_only: Annotated[bool | None, Meta(description="v1: as `sitemap: only`.")] = None
    include_subdomains: Annotated[bool | None, Meta(description="null: true in v2, false in v1.")] = None
    ignore_query_parameters: Annotated[
        bool | None,
        Meta(
            description="Whether addresses are listed once and without query. null: true in v2, false in v1."
        ),
    ] = None
    timeout: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="Milliseconds; at most five minutes are given.")
    ] = None


class SearchBody(Struct, kw_only=True, frozen=True, rename="camel"):
    """`POST /v2/search`: a query."""

    query: Annotated[str, Meta(min_length=1, max_length=400, description="What to search for.")]
    limit: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="Results at most; at most 20.")] = (
        None
    )
    tbs: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="How old a page may be: `qdr:d`, `qdr:w`, `qdr:m` or `qdr:y`."),
    ] = None
    lang: Annotated[
        Annotated[str, Meta(pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?)?\Z")] | None,
        Meta(description="v1: language of the results."),
    ] = None
    include_domains: Annotated[
        Annotated[list[Host], Meta(max_length=20)] | None, Meta(description="Only results of these hosts.")
    ] = None
    exclude_domains: Annotated[
        Annotated[list[Host], Meta(max_length=20)] | None, Meta(description="No results of these hosts.")
    ] = None
    scrape_options: Annotated[
        PageOptions | None, Meta(description="How to read what is found. null, or no formats: not read.")
    ] = None


class ExtractBody(Struct, kw_only=True, frozen=True, rename="camel"):
    """`POST /v2/extract`: a question about pages."""

    urls: Annotated[
        Annotated[list[Url], Meta(min_length=1, max_length=20)] | None,
        Meta(description="Addresses of the pages."),
    ] = None
    prompt: Annotated[
        Annotated[str, Meta(max_length=100_000)] | None, Meta(description="What to look for.")
    ] = None
    schema: Annotated[dict[str, Any] | None, Meta(description="JSON Schema of the answer.")] = None
    system_prompt: Annotated[
        Annotated[str, Meta(max_length=100_000)] | None, Meta(description="Stands before the prompt.")
    ] = None
    show_sources: Annotated[bool | None, Meta(description="Whether to say where each value stands.")] = None
    scrape_options: Annotated[PageOptions | None, Meta(description="How to read the pages.")] = None
    webhook: Annotated[Any, Meta(description="Refused: the answer comes at once, and no event.")] = None
