"""`POST /v1/batch`, `/v1/crawl` and `/v1/map`, `GET /v1/jobs…`: many pages in one request."""

from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.wire.common import Notice, Url
from gateway.wire.extract import AnswerCacheOptions, Evidence, ExtractUsage
from gateway.wire.scrape import ScrapeOptions, ScrapeResponse

JobKind = Literal["batch", "crawl"]
JobStatus = Literal["running", "completed", "failed", "cancelled"]
JobEvent = Literal["started", "page", "completed", "failed"]
SitemapUse = Literal["include", "skip", "only"]
WebhookFormat = Literal["winnow", "firecrawl-v1", "firecrawl-v2"]
PathPattern = Annotated[str, Meta(min_length=1, max_length=500)]

# what a request may name; the setting JOB_MAX_PAGES may allow less
MAX_URLS = 100_000
MAX_MAPPED = 50_000


class Webhook(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Where a job's events are sent, signed as https://www.standardwebhooks.com describes."""

    url: Annotated[Url, Meta(description="Address that the events are posted to; it has to be public.")]
    events: Annotated[
        list[JobEvent],
        Meta(
            min_length=1,
            max_length=4,
            description="Which events are sent: `started`, `page`, `completed`, `failed`.",
        ),
    ] = msgspec.field(default_factory=lambda: list(get_args(JobEvent)))
    secret: Annotated[
        Annotated[str, Meta(min_length=16, max_length=200)] | None,
        Meta(
            description="Signs the events. null: the gateway's setting `WEBHOOK_SECRET`; without one they are unsigned."
        ),
    ] = None
    headers: Annotated[
        dict[str, str],
        Meta(description="Headers of each request, such as Authorization; not those that the gateway sets."),
    ] = {}
    metadata: Annotated[
        dict[str, Any],
        Meta(description="Comes back with each event as `metadata`; at most 16 KiB of JSON."),
    ] = {}
    format: Annotated[
        WebhookFormat, Meta(description="Whose words the events are in: the gateway's own, or Firecrawl's.")
    ] = "winnow"


class PageQuestion(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What to extract from every page of a job; the fields are those of `POST /v1/extract`."""

    prompt: Annotated[
        Annotated[str, Meta(min_length=1, max_length=100_000)] | None,
        Meta(description="What to ask of each page."),
    ] = None
    schema: Annotated[
        dict[str, Any] | None,
        Meta(description="JSON Schema 2020-12 that each page's `data` is to validate against."),
    ] = None
    model: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | None,
        Meta(description="A model's name or alias. null: the gateway's default model."),
    ] = None
    max_input_tokens: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000_000)] | None,
        Meta(description="Tokens that the calls for one page may send."),
    ] = None
    max_output_tokens: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Tokens the model may answer with in one call.")
    ] = 1024
    temperature: Annotated[float, Meta(ge=0, le=2, description="Sampling temperature.")] = 0
    seed: Annotated[int | None, Meta(description="Seed of the sampling, where the backend has one.")] = None
    evidence: Annotated[bool, Meta(description="Whether to look up where in the page each value stands.")] = (
        True
    )
    cache: Annotated[
        AnswerCacheOptions | None, Meta(description="Use of earlier answers, as in `POST /v1/extract`.")
    ] = None


class JobOptions(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What batches and crawls share."""

    scrape: Annotated[ScrapeOptions, Meta(description="How to read each page, as in `POST /v1/scrape`.")] = (
        msgspec.field(default_factory=ScrapeOptions)
    )
    extract: Annotated[
        PageQuestion | None, Meta(description="What to extract from each page. null: nothing.")
    ] = None
    webhook: Annotated[Webhook | None, Meta(description="Where to send the job's events. null: nowhere.")] = (
        None
    )
    robots: Annotated[bool, Meta(description="Whether robots.txt is obeyed, its Crawl-delay too.")] = True
    delay_s: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="Seconds between two pages of one host, at least; the whole fleet keeps to it.",
        ),
    ] = 0


class BatchRequest(JobOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/batch`: pages by their addresses."""

    urls: Annotated[
        list[Url],
        Meta(
            min_length=1,
            max_length=MAX_URLS,
            description="Addresses of the pages; the same one twice is read once.",
        ),
    ]


class CrawlRequest(JobOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/crawl`: a site from one address on, along its links and sitemaps."""

    url: Annotated[Url, Meta(description="Where to start.")]
    limit: Annotated[int, Meta(ge=1, le=MAX_URLS, description="Pages to read at most.")] = 100
    max_depth: Annotated[
        Annotated[int, Meta(ge=0, le=100)] | None,
        Meta(description="Links from the start at most; 0 is the start alone. null: no limit."),
    ] = None
    include: Annotated[
        list[PathPattern],
        Meta(
            max_length=50,
            description="RE2 patterns searched for in the path and in an app's route behind it, such as `^/blog/` or "
            "`#/users/`; one of them has to match.",
        ),
    ] = []
    exclude: Annotated[
        list[PathPattern],
        Meta(
            max_length=50,
            description="RE2 patterns searched for as those of `include`; none of them may match.",
        ),
    ] = []
    subdomains: Annotated[
        bool, Meta(description="Whether subdomains of the start's host belong to the site.")
    ] = False
    external: Annotated[bool, Meta(description="Whether links to other sites are followed.")] = False
    sitemap: Annotated[
        SitemapUse,
        Meta(description="`include`: sitemaps and links; `skip`: links alone; `only`: sitemaps alone."),
    ] = "include"
    ignore_query: Annotated[
        bool, Meta(description="Whether addresses that differ in their query alone are one page.")
    ] = False
    pattern_limit: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="Pages at most whose addresses differ in numbers and query values alone: calendars and filters "
            "have them without end. null: no limit."
        ),
    ] = 1000


class MapRequest(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/map`: the addresses of a site, from its sitemaps, its robots.txt, its llms.txt and one page's links."""

    url: Annotated[Url, Meta(description="A page of the site.")]
    limit: Annotated[int, Meta(ge=1, le=MAX_MAPPED, description="Addresses to return at most.")] = 5000
    search: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | None,
        Meta(description="Words; addresses and titles that have all of them come back. null: all addresses."),
    ] = None
    sitemap: Annotated[
        SitemapUse,
        Meta(description="`include`: sitemaps and links; `skip`: links alone; `only`: sitemaps alone."),
    ] = "include"
    subdomains: Annotated[
        bool, Meta(description="Whether subdomains of the page's host belong to the site.")
    ] = False
    timeout_s: Annotated[
        float, Meta(gt=0, le=300, description="Seconds it may take; what was found by then is returned.")
    ] = 30


class MappedLink(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """An address of a site."""

    url: Annotated[str, Meta(description="Absolute address.")]
    title: Annotated[str | None, Meta(description="Text of the first link to it.")] = None
    lastmod: Annotated[str | None, Meta(description="Its last change, as its sitemap says.")] = None


class MapResponse(Struct, kw_only=True, frozen=True):
    """The answer of `POST /v1/map`."""

    links: Annotated[list[MappedLink], Meta(description="The addresses, those of sitemaps first.")]
    warnings: Annotated[list[Notice], Meta(description="What the caller should know of this result.")] = []


class JobCreated(Struct, kw_only=True, frozen=True):
    """The answer to a job's creation."""

    id: Annotated[str, Meta(description="The job's identifier.")]
    url: Annotated[str, Meta(description="Path of the job's state, on this gateway.")]


class JobReport(Struct, kw_only=True, frozen=True):
    """A job as it stands."""

    id: Annotated[str, Meta(description="The job's identifier.")]
    kind: Annotated[JobKind, Meta(description="What it is.")]
    status: Annotated[JobStatus, Meta(description="`failed`: it ended and not one page could be read.")]
    total: Annotated[int, Meta(description="Pages it will have read at its end, as far as is known now.")]
    done: Annotated[int, Meta(description="Pages read.")]
    failed: Annotated[int, Meta(description="Pages that could not be read.")]
    duplicates: Annotated[int, Meta(description="Addresses that led to a page that was read already.")]
    per_error: Annotated[dict[str, int], Meta(description="Failed pages by the code of their error.")]
    pages_per_s: Annotated[float, Meta(description="Pages a second since the start.")]
    eta_s: Annotated[
        float | None, Meta(description="Seconds until its end at that rate; null when it is not known.")
    ]
    started_at: Annotated[float, Meta(description="Unix seconds.")]
    finished_at: Annotated[float | None, Meta(description="Unix seconds; null while it runs.")]
    expires_at: Annotated[float | None, Meta(description="Unix seconds; then job and results are deleted.")]
    warnings: Annotated[list[Notice], Meta(description="What the caller should know of this job.")] = []


class JobList(Struct, kw_only=True, frozen=True):
    """The jobs of a key, the newest first."""

    jobs: Annotated[list[JobReport], Meta(description="The jobs.")]


class JobError(Struct, kw_only=True, frozen=True):
    """Why a page could not be read."""

    code: Annotated[
        str,
        Meta(
            description="Name of the error, as `POST /v1/scrape` and `POST /v1/extract` have it; `out_of_scope`: "
            "the page leads out of the crawl; `job_page_abandoned`: no process came to an end with it."
        ),
    ]
    detail: Annotated[str, Meta(description="What, where and what to do next.")]
    origin_status: Annotated[int | None, Meta(description="HTTP status of the origin, if it answered.")] = (
        None
    )


class JobResult(Struct, kw_only=True, frozen=True):
    """What came of one address of a job."""

    seq: Annotated[int, Meta(description="Number of the result, from 1 on, in the order of their coming.")]
    url: Annotated[str, Meta(description="The address.")]
    depth: Annotated[int, Meta(description="Links from the start.")]
    status: Annotated[Literal["done", "failed"], Meta(description="Whether the page could be read.")]
    page: Annotated[
        ScrapeResponse | UnsetType,
        Meta(description="The page, as `POST /v1/scrape` answers; absent where it failed."),
    ] = UNSET
    data: Annotated[Any, Meta(description="What was extracted, where the job extracts with a schema.")] = (
        UNSET
    )
    text: Annotated[
        str | UnsetType, Meta(description="The answer, where the job extracts without a schema.")
    ] = UNSET
    evidence: Annotated[
        list[Evidence] | UnsetType, Meta(description="Where each value of `data` stands.")
    ] = UNSET
    usage: Annotated[ExtractUsage | UnsetType, Meta(description="Tokens of the extraction.")] = UNSET
    error: Annotated[JobError | UnsetType, Meta(description="Why the page or its extraction failed.")] = UNSET


class JobResults(Struct, kw_only=True, frozen=True):
    """A part of a job's results."""

    results: Annotated[list[JobResult], Meta(description="Results in the order of their coming.")]
    next: Annotated[
        int | None,
        Meta(
            description="Send it as `after` for those that follow; null at the end of a job that has ended."
        ),
    ]
