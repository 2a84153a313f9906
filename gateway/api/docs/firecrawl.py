"""Answers, errors and examples of Firecrawl's dialect for the OpenAPI document."""

from typing import Any

from gateway import errors
from gateway.api.docs.operation import ASKED, CREATED, FETCHED, JSON, KEYED, OF_JOBS, Operation
from gateway.api.firecrawl.answers import (
    Concurrency,
    CreditUsage,
    ExtractAnswer,
    Failure,
    JobEnded,
    JobFailures,
    JobStarted,
    JobState,
    MapAnswer,
    QueueStatus,
    ScrapeAnswer,
    SearchAnswer,
    TokenUsage,
)
from gateway.api.firecrawl.errors import STATUSES
from gateway.api.firecrawl.jobs import PAGES_AT_ONCE
from gateway.api.firecrawl.types import BatchBody, CrawlBody, ExtractBody, MapBody, ScrapeBody, SearchBody
from gateway.errors import GatewayError

_PAGE = "https://example.com/"
_QUERY: dict[str, dict[str, Any]] = {
    "skip": {
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "description": "Number of the result to go on after, as `next` has it.",
    },
    "limit": {
        "type": "integer",
        "minimum": 1,
        "maximum": PAGES_AT_ONCE,
        "default": PAGES_AT_ONCE,
        "description": "Pages at most.",
    },
}


def _operation(answer: type, kinds: tuple[type[GatewayError], ...], **fields: Any) -> Operation:
    return Operation(answers={JSON: answer}, errors=kinds, failure=Failure, statuses=STATUSES, **fields)


def _of_a_job(path: str) -> dict[str, Operation]:
    kinds = (*OF_JOBS, errors.NotFound)
    return {
        f"GET {path}": _operation(JobState, kinds, query=_QUERY),
        f"DELETE {path}": _operation(JobEnded, (*kinds, errors.Conflict)),
        f"GET {path}/errors": _operation(JobFailures, kinds),
    }


OPERATIONS: dict[str, Operation] = {
    "POST /v2/scrape": _operation(
        ScrapeAnswer,
        (*FETCHED, *ASKED),
        body=ScrapeBody,
        examples={
            "a page": {"url": _PAGE},
            "a question about a page": {
                "url": _PAGE,
                "formats": ["markdown", {"type": "json", "prompt": "What is it about?"}],
            },
        },
    ),
    "POST /v2/batch/scrape": _operation(
        JobStarted, CREATED, body=BatchBody, examples={"pages": {"urls": [_PAGE], "formats": ["markdown"]}}
    ),
    "POST /v2/crawl": _operation(
        JobStarted,
        CREATED,
        body=CrawlBody,
        examples={"a site": {"url": _PAGE, "limit": 50, "scrapeOptions": {"formats": ["markdown"]}}},
    ),
    **_of_a_job("/v2/batch/scrape/{job_id}"),
    **_of_a_job("/v2/crawl/{job_id}"),
    "POST /v2/map": _operation(MapAnswer, FETCHED, body=MapBody, examples={"a site": {"url": _PAGE}}),
    "POST /v2/search": _operation(
        SearchAnswer,
        (*FETCHED, errors.SearchUnavailable, errors.SearchFailed),
        body=SearchBody,
        examples={"a query": {"query": "hypertext", "limit": 3}},
    ),
    "POST /v2/extract": _operation(
        ExtractAnswer,
        (*FETCHED, *ASKED),
        body=ExtractBody,
        examples={"a question": {"urls": [_PAGE], "prompt": "What is it about?"}},
    ),
    "GET /v2/extract/{answer_id}": _operation(ExtractAnswer, (*KEYED, errors.Forbidden, errors.NotFound)),
    "GET /v2/team/credit-usage": _operation(CreditUsage, (*KEYED, errors.Forbidden)),
    "GET /v2/team/token-usage": _operation(TokenUsage, (*KEYED, errors.Forbidden)),
    "GET /v2/team/queue-status": _operation(QueueStatus, (*KEYED, errors.Forbidden, errors.JobsUnavailable)),
    "GET /v2/concurrency-check": _operation(Concurrency, (*KEYED, errors.Forbidden, errors.JobsUnavailable)),
}
