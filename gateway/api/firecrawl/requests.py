"""What the handlers of Firecrawl's dialect share."""

from typing import Any, TypeVar

from litestar import Request
from litestar.response.base import ASGIResponse

from gateway.api.bodies import to_kind
from gateway.api.context import RequestContext
from gateway.api.services import Services
from gateway.errors import Forbidden
from gateway.wire import encode_json
from gateway.wire.jobs import PageQuestion

T = TypeVar("T")

WORK = {"access": "scrape", "work": True, "body": "page"}


async def decode(services: Services, body: bytes, kind: type[T]) -> tuple[dict[str, Any], T]:
    """A body as it came, where what its type does not name can be looked up, and as its type.

    Raises:
        InvalidRequest: it is not of this type.
    """
    given = await services.bodies.decode(body, dict[str, Any])
    return given, to_kind(given, kind)


def check_questions(context: RequestContext, questions: dict[str, PageQuestion]) -> None:
    """Raises Forbidden where the key may not ask models."""
    if questions and "extract" not in context.scopes:
        raise Forbidden(
            f"the key {context.key} may not ask for {', '.join(questions)}: it needs the scope extract"
        )


def is_v1(request: Request[Any, Any, Any]) -> bool:
    """Whether the answer is to be v1's."""
    return request.scope["path"].startswith("/firecrawl/v1/")


def as_json(value: Any) -> ASGIResponse:
    """A value as the whole answer."""
    return ASGIResponse(body=encode_json(value), media_type="application/json")
