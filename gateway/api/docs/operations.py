"""Every route's `Operation`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway import errors
from gateway.api.anthropic.types import AnthropicError, Message, MessagesPrompt, MessagesRequest, TokenCount
from gateway.api.docs.firecrawl import OPERATIONS as FIRECRAWL
from gateway.api.docs.operation import (
    ASKED,
    CREATED,
    EVENTS,
    FETCHED,
    JSON,
    KEYED,
    LINES,
    MARKDOWN,
    OF_JOBS,
    PDF,
    PNG,
    TEXT,
    WORKED,
    Operation,
)
from gateway.api.docs.readers import OPERATIONS as READERS
from gateway.api.openai.types import (
    EmbeddingList,
    EmbeddingsRequest,
    InputTokens,
    ResponseAnswer,
    ResponsesRequest,
    TextCompletion,
    TextCompletionRequest,
)
from gateway.wire import (
    ChatCompletion,
    ChatError,
    ChatRequest,
    DeltaEvent,
    EvidenceEvent,
    ExtractDone,
    ExtractRequest,
    ExtractResponse,
    ModelEntry,
    ModelList,
    Problem,
    ScrapeRequest,
    ScrapeResponse,
    SourceEvent,
    TokensRequest,
    TokensResponse,
)
from gateway.wire.jobs import (
    BatchRequest,
    CrawlRequest,
    JobCreated,
    JobList,
    JobReport,
    JobResult,
    JobResults,
    MapRequest,
    MapResponse,
)
from gateway.wire.search import SearchRequest, SearchResponse


class Liveness(Struct, kw_only=True):
    """The process answers."""

    status: Annotated[Literal["live"], Meta(description="Always `live`.")]


class Readiness(Struct, kw_only=True):
    """What the service depends on, by name."""

    status: Annotated[
        Literal["ready", "degraded", "unready"],
        Meta(description="`ready`, `degraded` (serves with less) or `unready`."),
    ]
    draining: Annotated[bool, Meta(description="Whether the service is shutting down.")]
    checks: Annotated[
        dict[str, str], Meta(description="Each dependency by name: `ok`, or what is wrong with it.")
    ]


_LOCATION = {"location": "Path of the job's state."}
_LIMIT = {
    "type": "integer",
    "minimum": 1,
    "maximum": 1000,
    "default": 100,
    "description": "Entries at most.",
}
_BARE_HEADERS = {
    "x-markdown-tokens": "Tokens of the content (bare content only).",
    "x-cache": "`hit`, `stale`, `revalidated`, `miss` or `bypass` (bare content only).",
    "x-next-cursor": "Where to continue, if there is more (bare content only).",
    "x-origin-status": "What the page's server answered: 200, or an error that came with content (bare content only).",
    "x-warnings": "Codes of the warnings, if there are any (bare content only).",
}
_ANSWER_HEADERS = {
    "x-cache": "`hit`, `miss` or `bypass`.",
    "x-ttft-ms": "Milliseconds to the first token, where one was asked for.",
}

OPERATIONS: dict[str, Operation] = {
    "POST /v1/scrape": Operation(
        body=ScrapeRequest,
        answers={JSON: ScrapeResponse, MARKDOWN: None, TEXT: None, EVENTS: None, PNG: None, PDF: None},
        errors=FETCHED,
        headers=_BARE_HEADERS,
        examples={
            "a page": {"url": "https://example.com/"},
            "a budget and the outline": {
                "url": "https://example.com/",
                "max_tokens": 2000,
                "include": ["outline"],
            },
            "HTML of your own": {"html": "<h1>Prices</h1><p>From 9 EUR.</p>", "scope": "page"},
        },
    ),
    "GET /r/{target}": Operation(
        answers={MARKDOWN: None, JSON: ScrapeResponse, PNG: None, PDF: None},
        errors=FETCHED,
        headers=_BARE_HEADERS,
    ),
    "POST /v1/tokens": Operation(
        body=TokensRequest,
        answers={JSON: TokensResponse},
        errors=WORKED,
        examples={
            "a text": {"text": "How long is this?"},
            "a conversation": {"messages": [{"role": "user", "content": "Hello"}]},
        },
    ),
    "POST /v1/extract": Operation(
        body=ExtractRequest,
        answers={JSON: ExtractResponse, EVENTS: None},
        events={
            "source": SourceEvent,
            "delta": DeltaEvent,
            "evidence": EvidenceEvent,
            "done": ExtractDone,
            "error": Problem,
        },
        errors=(*FETCHED, *ASKED),
        headers=_ANSWER_HEADERS,
        examples={
            "a question": {
                "content": "# Opening hours\n\nDaily from 9 to 17.",
                "prompt": "When do they open?",
            },
            "a schema": {
                "url": "https://example.com/product",
                "schema": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "price": {"type": "number"}},
                    "required": ["name", "price"],
                },
            },
        },
    ),
    "POST /v1/batch": Operation(
        body=BatchRequest,
        answers={JSON: JobCreated},
        status=202,
        errors=CREATED,
        headers=_LOCATION,
        examples={"two pages": {"urls": ["https://example.com/", "https://example.com/about"]}},
    ),
    "POST /v1/crawl": Operation(
        body=CrawlRequest,
        answers={JSON: JobCreated},
        status=202,
        errors=CREATED,
        headers=_LOCATION,
        examples={
            "a site": {"url": "https://example.com/", "limit": 200},
            "a part of it, with a question": {
                "url": "https://example.com/blog/",
                "include": ["^/blog/"],
                "extract": {"prompt": "Who is the article about?"},
            },
        },
    ),
    "POST /v1/map": Operation(
        body=MapRequest,
        answers={JSON: MapResponse},
        errors=FETCHED,
        examples={"a site": {"url": "https://example.com/"}},
    ),
    "POST /v1/search": Operation(
        body=SearchRequest,
        answers={JSON: SearchResponse},
        errors=(*WORKED, errors.SearchUnavailable, errors.SearchFailed),
        examples={
            "addresses": {"query": "exact token counts of web pages"},
            "pages under a budget": {
                "query": "exact token counts of web pages",
                "limit": 3,
                "max_tokens": 4000,
            },
        },
    ),
    "GET /v1/jobs": Operation(answers={JSON: JobList}, errors=OF_JOBS, query={"limit": _LIMIT}),
    "GET /v1/jobs/{job_id}": Operation(answers={JSON: JobReport}, errors=(*OF_JOBS, errors.NotFound)),
    "DELETE /v1/jobs/{job_id}": Operation(answers={JSON: JobReport}, errors=(*OF_JOBS, errors.NotFound)),
    "GET /v1/jobs/{job_id}/results": Operation(
        answers={JSON: JobResults, LINES: JobResult},
        errors=(*OF_JOBS, errors.NotFound),
        query={
            "after": {
                "type": "integer",
                "minimum": 0,
                "default": 0,
                "description": "Number of the result to go on after.",
            },
            "limit": _LIMIT,
        },
    ),
    "POST /v1/chat/completions": Operation(
        body=ChatRequest,
        answers={JSON: ChatCompletion, EVENTS: None},
        errors=(*FETCHED, *ASKED),
        headers=_ANSWER_HEADERS,
        failure=ChatError,
        examples={
            "a question": {"messages": [{"role": "user", "content": "Hello"}]},
            "a question about a page": {
                "messages": [{"role": "user", "content": "What is new?"}],
                "web": {"urls": ["https://example.com/"], "max_tokens": 4000},
            },
        },
    ),
    "POST /v1/completions": Operation(
        body=TextCompletionRequest,
        answers={JSON: TextCompletion, EVENTS: None},
        errors=(*WORKED, *ASKED),
        headers=_ANSWER_HEADERS,
        failure=ChatError,
        examples={"a text": {"prompt": "Once upon a time", "max_tokens": 20}},
    ),
    "POST /v1/responses": Operation(
        body=ResponsesRequest,
        answers={JSON: ResponseAnswer, EVENTS: None},
        errors=(*WORKED, *ASKED),
        headers=_ANSWER_HEADERS,
        failure=ChatError,
        examples={"a question": {"input": "Hello"}},
    ),
    "POST /v1/responses/input_tokens": Operation(
        body=ResponsesRequest,
        answers={JSON: InputTokens},
        errors=(*WORKED, errors.NotFound, errors.BackendUnavailable),
        failure=ChatError,
        examples={"a question": {"input": "Hello"}},
    ),
    "POST /v1/embeddings": Operation(
        body=EmbeddingsRequest,
        answers={JSON: EmbeddingList},
        errors=(*WORKED, *ASKED),
        failure=ChatError,
        examples={"two texts": {"model": "an-embedding-model", "input": ["Hello", "Goodbye"]}},
    ),
    "GET /v1/models": Operation(
        answers={JSON: ModelList}, errors=(*KEYED, errors.Forbidden), failure=ChatError
    ),
    "GET /v1/models/{model}": Operation(
        answers={JSON: ModelEntry},
        errors=(*KEYED, errors.Forbidden, errors.NotFound, errors.BackendUnavailable),
        failure=ChatError,
    ),
    "POST /v1/messages": Operation(
        body=MessagesRequest,
        answers={JSON: Message, EVENTS: None},
        errors=(*WORKED, *ASKED),
        headers=_ANSWER_HEADERS,
        failure=AnthropicError,
        examples={"a question": {"max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}},
    ),
    "POST /v1/messages/count_tokens": Operation(
        body=MessagesPrompt,
        answers={JSON: TokenCount},
        errors=(*WORKED, errors.NotFound, errors.BackendUnavailable),
        failure=AnthropicError,
        examples={"a question": {"messages": [{"role": "user", "content": "Hello"}]}},
    ),
    "GET /health/live": Operation(answers={JSON: Liveness}),
    "GET /health/ready": Operation(answers={JSON: Readiness}, also={503: Readiness}),
    "GET /metrics": Operation(answers={TEXT: None}, errors=(*KEYED, errors.Forbidden)),
    **FIRECRAWL,
    **READERS,
}
