"""Every failure as an error of ours, in the shape of the dialect that it is answered in."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.response import Response
from msgspec import Struct

from gateway.api.absent import why_absent
from gateway.api.streaming import ClientDisconnected
from gateway.errors import GatewayError, InternalError, InvalidRequest, MethodNotAllowed, NotFound
from gateway.primitives.ids import new_id

TYPE_PREFIX = "urn:winnow:error:"
request_id: ContextVar[str] = ContextVar("request_id", default="")

OURS = "the gateway failed; the request id finds the reason in its log"


class Dialect(Struct, kw_only=True, frozen=True):
    """How failures are written for the clients of a dialect.

    `paths` are the beginnings of its paths, served or not; `body` writes a failure; `statuses` are those that its
    clients know by another number.
    """

    paths: tuple[str, ...]
    body: Callable[[GatewayError], Any]
    statuses: Mapping[int, int] = {}
    media_type: str = "application/json"


def to_error(exc: Exception, *, path: str = "") -> GatewayError:
    """Any exception as the error that its client gets, of a request for `path`."""
    match exc:
        case GatewayError():
            return exc
        case RecursionError():
            return InvalidRequest("the JSON is nested too deeply")
        case NotFoundException():
            return NotFound(f"this gateway has no such route; /docs lists those it has{_reason(path)}")
        case MethodNotAllowedException():
            return MethodNotAllowed(
                f"this route has no such method; the header Allow names those it has{_reason(path)}",
                headers=exc.headers,
            )
        case HTTPException() if exc.status_code < 500:
            # what Litestar cannot read of a request
            return InvalidRequest(exc.detail)
    return InternalError(OURS)


def _reason(path: str) -> str:
    reason = why_absent(path)
    return f"; {reason}" if reason else ""


def to_document(error: GatewayError) -> dict[str, Any]:
    """An error as problem details (RFC 9457): a whole answer, or an event of a stream that has begun."""
    extra = error.extra
    if error.retry_after_s is not None:
        # a stream has no header left for it
        extra = extra | {"retry_after_s": error.retry_after_s}
    return {
        "type": TYPE_PREFIX + error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id.get(),
        **({"extra": extra} if extra else {}),
        # what the clients of Firecrawl's v1 show, which were sent to a route that is not theirs
        **({"error": error.detail} if extra.get("service") == "firecrawl" else {}),
    }


NATIVE = Dialect(paths=("",), body=to_document, media_type="application/problem+json")


def exception_handlers(dialects: Sequence[Dialect]) -> dict[int | type[Exception], Any]:
    """Handlers for the whole app: a failure is answered in the first dialect that its path belongs to."""

    def answer(request: Request[Any, Any, Any], exc: Exception) -> Response[Any]:
        if isinstance(exc, ClientDisconnected):
            # nobody is there
            return Response(b"", status_code=exc.status_code)
        # a base URL that ends in a slash gives a path two of them
        path = "/" + request.scope["path"].lstrip("/")
        error = to_error(exc, path=path)
        headers = error.response_headers
        if not request_id.get():
            # no route took it, so no middleware named it
            request_id.set(new_id())
            headers = headers | {"x-request-id": request_id.get()}
        dialect = next(each for each in (*dialects, NATIVE) if path.startswith(each.paths))
        return Response(
            dialect.body(error),
            status_code=dialect.statuses.get(error.status, error.status),
            media_type=dialect.media_type,
            headers=headers,
        )

    return {Exception: answer}
