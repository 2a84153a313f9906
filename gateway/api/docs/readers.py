"""Operations of Jina Reader's dialect and of Open WebUI's two routes."""

from gateway import errors
from gateway.api.docs.operation import EVENTS, FETCHED, JSON, PNG, TEXT, WORKED, Operation
from gateway.api.jina.answers import ReaderAnswer, ReaderFailure
from gateway.api.jina.routes import ReaderBody
from gateway.api.openwebui.routes import ExternalSearchBody, LoadBody, LoadedDocument, SearchHit

_PAGE = "https://example.com/"
_READ = Operation(
    answers={TEXT: None, JSON: ReaderAnswer, EVENTS: None, PNG: None},
    errors=FETCHED,
    failure=ReaderFailure,
    headers={"x-usage-tokens": "Tokens of the content.", "x-cache": "As at `/r/`."},
)

OPERATIONS: dict[str, Operation] = {
    "GET /jina/{target}": _READ,
    "POST /jina/{target}": _READ,
    "POST /jina": Operation(
        body=ReaderBody,
        answers=_READ.answers,
        errors=_READ.errors,
        failure=_READ.failure,
        headers=_READ.headers,
        examples={"a page": {"url": _PAGE}, "a part of it": {"url": _PAGE, "targetSelector": "main"}},
    ),
    "POST /openwebui/load": Operation(
        body=LoadBody,
        answers={JSON: list[LoadedDocument]},
        errors=FETCHED,
        examples={"pages": {"urls": [_PAGE]}},
    ),
    "POST /openwebui/search": Operation(
        body=ExternalSearchBody,
        answers={JSON: list[SearchHit]},
        errors=(*WORKED, errors.SearchUnavailable, errors.SearchFailed),
        examples={"a query": {"query": "hypertext", "count": 3}},
    ),
}
