"""What a route's signature cannot say of it: answers, errors, examples; and the errors that many routes share."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from gateway import errors
from gateway.errors import GatewayError

JSON, MARKDOWN = "application/json", "text/markdown"
PNG, PDF = "image/png", "application/pdf"
TEXT, EVENTS, LINES = "text/plain", "text/event-stream", "application/x-ndjson"


class Operation(Struct, kw_only=True, frozen=True):
    """What a route's signature cannot say. `answers`: media type -> type, None for text."""

    answers: dict[str, Any]
    body: type | None = None
    errors: tuple[type[GatewayError], ...] = ()
    # of the body, by name
    examples: dict[str, Any] = {}
    # of the answer, with their meaning
    headers: dict[str, str] = {}
    # what errors look like, where they are no problem documents; and their statuses, where they are others
    failure: type | None = None
    statuses: Mapping[int, int] = {}
    # of the answer when all went well
    status: int = 200
    # of a stream, by name, as types of their data; None where they are not described
    events: dict[str, type] | None = None
    # parameters of the query, by name, as JSON Schemas with a description
    query: dict[str, dict[str, Any]] = {}
    # further statuses that are no errors
    also: dict[int, type] = {}


KEYED = (errors.Unauthorized, errors.RateLimited, errors.InternalError)
WORKED = (
    *KEYED,
    errors.Forbidden,
    errors.InvalidRequest,
    errors.RequestTimeout,
    errors.TooLarge,
    errors.Overloaded,
)
FETCHED = (
    *WORKED,
    errors.UrlRefused,
    errors.FetchError,
    errors.DnsFailed,
    errors.ConnectFailed,
    errors.ProxyFailed,
    errors.FetchTimeout,
    errors.TooManyRedirects,
    errors.UnsupportedContent,
    errors.RenderFailed,
    errors.ActionFailed,
    errors.OriginStatus,
    errors.RobotsDenied,
    errors.CleanError,
    errors.CleanTimeout,
)
ASKED = (
    errors.NotFound,
    errors.ContextOverflow,
    errors.BackendError,
    errors.BackendRejected,
    errors.BackendRateLimited,
    errors.BackendTimeout,
    errors.BackendUnavailable,
    errors.BackendInterrupted,
    errors.ModelRefused,
    errors.SchemaUnsatisfied,
)
OF_JOBS = (*KEYED, errors.Forbidden, errors.InvalidRequest, errors.JobsUnavailable)
CREATED = (*WORKED, errors.UrlRefused, errors.CleanTimeout, errors.JobsUnavailable)
