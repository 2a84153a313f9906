"""The answers that Firecrawl's clients read. What has nothing to say is left out."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

State = Literal["scraping", "completed", "failed", "cancelled"]


class DocumentMetadata(Struct, kw_only=True, frozen=True, omit_defaults=True, rename="camel"):
    """What is known of a page."""

    source_url: Annotated[str | None, Meta(description="The address that was asked for.")] = field(
        default=None, name="sourceURL"
    )
    url: Annotated[str | None, Meta(description="The address after redirects.")] = None
    status_code: Annotated[int | None, Meta(description="HTTP status of the origin.")] = None
    error: Annotated[str | None, Meta(description="The origin's error, where its status is one.")] = None
    content_type: Annotated[str | None, Meta(description="Media type of the page.")] = None
    title: Annotated[str | None, Meta(description="The page's title.")] = None
    description: Annotated[str | None, Meta(description="The page's summary of itself.")] = None
    language: Annotated[str | None, Meta(description="Language, BCP 47.")] = None
    author: Annotated[str | None, Meta(description="Who wrote it.")] = None
    keywords: Annotated[str | None, Meta(description="What it is tagged with, joined by commas.")] = None
    published_time: Annotated[str | None, Meta(description="When it was published, ISO 8601.")] = None
    modified_time: Annotated[str | None, Meta(description="When it was last changed, ISO 8601.")] = None
    article_section: Annotated[str | None, Meta(description="The part of the site it is filed under.")] = None
    og_title: Annotated[str | None, Meta(description="The title made for social networks.")] = None
    og_image: Annotated[str | None, Meta(description="Address of the page's picture.")] = None
    og_site_name: Annotated[str | None, Meta(description="The site's name.")] = None
    scrape_id: Annotated[str | None, Meta(description="Identifier of this scrape.")] = None
    cache_state: Annotated[
        Literal["hit", "miss"] | None, Meta(description="Whether the cache had the page.")
    ] = None
    cached_at: Annotated[str | None, Meta(description="When a cached page was fetched, ISO 8601.")] = None
    credits_used: Annotated[int, Meta(description="Always 1: pages cost nothing here.")] = 0


class Diff(Struct, kw_only=True, frozen=True):
    """What changed."""

    text: Annotated[str, Meta(description="Lines that are gone after `-`, lines that are new after `+`.")]


class ChangeTracking(Struct, kw_only=True, frozen=True, rename="camel"):
    """A page compared with the copy before."""

    previous_scrape_at: Annotated[
        str | None, Meta(description="When the copy before came, ISO 8601; null: there is none.")
    ]
    change_status: Annotated[Literal["new", "same", "changed"], Meta(description="What became of it.")]
    visibility: Annotated[Literal["visible"], Meta(description="Always `visible`.")]
    diff: Annotated[Diff | None, Meta(description="What changed, where anything did.")] = None


class ActionResults(Struct, kw_only=True, frozen=True):
    """What actions gave."""

    screenshots: Annotated[list[str], Meta(description="The page at the end of its actions, a data: URL.")]


class Document(Struct, kw_only=True, frozen=True, omit_defaults=True, rename="camel"):
    """A page in the forms asked for."""

    metadata: Annotated[DocumentMetadata, Meta(description="What is known of the page.")]
    markdown: Annotated[str | None, Meta(description="The content as markdown.")] = None
    html: Annotated[str | None, Meta(description="The content as HTML.")] = None
    raw_html: Annotated[str | None, Meta(description="The page as received.")] = None
    links: Annotated[list[str] | None, Meta(description="The content's links.")] = None
    images: Annotated[list[str] | None, Meta(description="The content's images.")] = None
    screenshot: Annotated[str | None, Meta(description="The page as PNG, a data: URL.")] = None
    json: Annotated[Any, Meta(description="The answer of the format `json`.")] = None
    extract: Annotated[Any, Meta(description="v1: the answer of the format `extract`.")] = None
    summary: Annotated[str | None, Meta(description="A summary of the page.")] = None
    change_tracking: Annotated[
        ChangeTracking | None, Meta(description="The page compared with the copy before.")
    ] = None
    actions: Annotated[ActionResults | None, Meta(description="What actions gave.")] = None
    warning: Annotated[
        str | None,
        Meta(description="What was asked for and is not done, and what is to be known of the page."),
    ] = None


class ScrapeAnswer(Struct, kw_only=True, frozen=True):
    """The answer of `POST /v2/scrape`."""

    success: Annotated[bool, Meta(description="Always true.")]
    data: Annotated[Document, Meta(description="The page.")]


class JobStarted(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The answer of `POST /v2/crawl` and `POST /v2/batch/scrape`."""

    success: Annotated[bool, Meta(description="Always true.")]
    id: Annotated[str, Meta(description="The job's identifier.")]
    url: Annotated[str, Meta(description="Address of the job's state.")]
    invalid_urls: Annotated[list[str] | None, Meta(description="What is no address and was left out.")] = (
        field(default=None, name="invalidURLs")
    )
    warning: Annotated[str | None, Meta(description="What was asked for and is not done.")] = None


class JobState(Struct, kw_only=True, frozen=True, omit_defaults=True, rename="camel"):
    """The answer of `GET /v2/crawl/{id}` and `GET /v2/batch/scrape/{id}`: a job, and a part of its pages."""

    success: Annotated[bool, Meta(description="Always true.")]
    status: Annotated[State, Meta(description="How the job stands.")]
    total: Annotated[int, Meta(description="Pages it will have read at its end, as far as is known now.")]
    completed: Annotated[int, Meta(description="Pages read.")]
    credits_used: Annotated[int, Meta(description="Pages read.")]
    expires_at: Annotated[str, Meta(description="When job and pages are deleted, ISO 8601.")]
    data: Annotated[list[Document], Meta(description="Pages, in the order of their coming.")]
    next: Annotated[str | None, Meta(description="Address of the pages that follow.")] = None
    warning: Annotated[str | None, Meta(description="What is to be known of this job.")] = None


class JobEnded(Struct, kw_only=True, frozen=True):
    """The answer of `DELETE /v2/crawl/{id}` and `DELETE /v2/batch/scrape/{id}`."""

    success: Annotated[bool, Meta(description="Always true.")]
    status: Annotated[Literal["cancelled"], Meta(description="Always `cancelled`.")]


class PageFailure(Struct, kw_only=True, frozen=True):
    """A page of a job that could not be read."""

    id: Annotated[str, Meta(description="Identifier within the job.")]
    timestamp: Annotated[str, Meta(description="When the job began, ISO 8601.")]
    url: Annotated[str, Meta(description="The page's address.")]
    code: Annotated[str, Meta(description="Name of the error.")]
    error: Annotated[str, Meta(description="What happened, and what to do next.")]


class JobFailures(Struct, kw_only=True, frozen=True, rename="camel"):
    """The answer of `GET /v2/crawl/{id}/errors` and `GET /v2/batch/scrape/{id}/errors`."""

    errors: Annotated[list[PageFailure], Meta(description="Pages that could not be read, the first 1000.")]
    robots_blocked: Annotated[list[str], Meta(description="Addresses that robots.txt forbids.")]


class MappedPage(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """An address of a site."""

    url: Annotated[str, Meta(description="The address.")]
    title: Annotated[str | None, Meta(description="Text of a link to it.")] = None


class MapAnswer(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The answer of `POST /v2/map`; v1's links are addresses alone."""

    success: Annotated[bool, Meta(description="Always true.")]
    links: Annotated[list[MappedPage | str], Meta(description="The addresses.")]
    warning: Annotated[str | None, Meta(description="What is to be known of this result.")] = None


class FoundPage(Struct, kw_only=True, frozen=True, omit_defaults=True, rename="camel"):
    """A page that a search found, in the forms asked for."""

    url: Annotated[str, Meta(description="Its address.")]
    title: Annotated[str, Meta(description="Its title.")]
    description: Annotated[str, Meta(description="A passage of it.")]
    position: Annotated[int, Meta(description="Its place among the results, from 1.")]
    metadata: Annotated[DocumentMetadata | None, Meta(description="What is known of the page.")] = None
    markdown: Annotated[str | None, Meta(description="The content as markdown.")] = None
    html: Annotated[str | None, Meta(description="The content as HTML.")] = None
    raw_html: Annotated[str | None, Meta(description="The page as received.")] = None
    links: Annotated[list[str] | None, Meta(description="The content's links.")] = None
    images: Annotated[list[str] | None, Meta(description="The content's images.")] = None
    screenshot: Annotated[str | None, Meta(description="The page as PNG, a data: URL.")] = None
    warning: Annotated[str | None, Meta(description="Why it was not read, or what is to be known.")] = None


class FoundPages(Struct, kw_only=True, frozen=True):
    """What a search found, by kind."""

    web: Annotated[list[FoundPage], Meta(description="Pages, in the engine's order.")]


class SearchAnswer(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The answer of `POST /v2/search`; v1's data is the list of pages."""

    success: Annotated[bool, Meta(description="Always true.")]
    data: Annotated[Any, Meta(description="Pages: `{web: [{url, title, description, …}]}`; v1: the list.")]
    warning: Annotated[str | None, Meta(description="What is to be known of this result.")] = None


class ExtractAnswer(Struct, kw_only=True, frozen=True, omit_defaults=True, rename="camel"):
    """The answer of `POST /v2/extract` and `GET /v2/extract/{id}`: the work is done when the first one comes."""

    success: Annotated[bool, Meta(description="Always true.")]
    status: Annotated[Literal["completed"], Meta(description="Always `completed`.")]
    data: Annotated[Any, Meta(description="The values, valid against the schema.")]
    id: Annotated[str | None, Meta(description="Identifier of the answer; absent where it is not kept.")] = (
        None
    )
    expires_at: Annotated[
        str | None, Meta(description="Until when the answer is kept, ISO 8601; absent where it is not.")
    ] = None
    tokens_used: Annotated[int, Meta(description="Tokens sent to the model and answered.")]
    sources: Annotated[
        dict[str, list[str]] | None, Meta(description="Addresses by JSON Pointer, if `showSources`.")
    ] = None
    warning: Annotated[str | None, Meta(description="What is to be known of this answer.")] = None


class Credits(Struct, kw_only=True, frozen=True, rename="camel"):
    """Credits, which are not counted here."""

    remaining_credits: Annotated[int, Meta(description="Always as many.")]
    plan_credits: Annotated[int, Meta(description="As `remainingCredits`.")]


class CreditUsage(Struct, kw_only=True, frozen=True):
    """The answer of `GET /v2/team/credit-usage`."""

    success: Annotated[bool, Meta(description="Always true.")]
    data: Annotated[Credits, Meta(description="What is left.")]


class Tokens(Struct, kw_only=True, frozen=True, rename="camel"):
    """Tokens, which are not counted here."""

    remaining_tokens: Annotated[int, Meta(description="Always as many.")]
    plan_tokens: Annotated[int, Meta(description="As `remainingTokens`.")]


class TokenUsage(Struct, kw_only=True, frozen=True):
    """The answer of `GET /v2/team/token-usage`."""

    success: Annotated[bool, Meta(description="Always true.")]
    data: Annotated[Tokens, Meta(description="What is left.")]


class QueueStatus(Struct, kw_only=True, frozen=True, rename="camel"):
    """The answer of `GET /v2/team/queue-status`; Firecrawl calls a job what is a page here."""

    success: Annotated[bool, Meta(description="Always true.")]
    jobs_in_queue: Annotated[int, Meta(description="Pages of running jobs that are not read yet.")]
    active_jobs_in_queue: Annotated[int, Meta(description="Of these, those that are being read.")]
    waiting_jobs_in_queue: Annotated[int, Meta(description="Of these, those that wait.")]
    max_concurrency: Annotated[int, Meta(description="Pages that a process of the gateway reads at a time.")]


class Concurrency(Struct, kw_only=True, frozen=True, rename="camel"):
    """The answer of `GET /v2/concurrency-check`."""

    success: Annotated[bool, Meta(description="Always true.")]
    concurrency: Annotated[int, Meta(description="Pages of running jobs that are being read.")]
    max_concurrency: Annotated[int, Meta(description="Pages that a process of the gateway reads at a time.")]


class Failure(Struct, kw_only=True, frozen=True):
    """The body of every error under these routes."""

    success: Annotated[bool, Meta(description="Always false.")]
    error: Annotated[str, Meta(description="What happened, where, and what to do next.")]
    code: Annotated[str, Meta(description="Stable name of the error.")]
