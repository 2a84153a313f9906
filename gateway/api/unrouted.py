"""What no route takes, answered in the dialect whose paths it stands among."""

from collections.abc import Callable, Mapping
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.response import Response

from gateway.api import problems

Answer = Callable[[Request[Any, Any, Any], Exception], Response[Any]]


def exception_handlers(dialects: Mapping[str, Answer]) -> dict[int | type[Exception], Any]:
    """Handlers for the whole app.

    Args:
        dialects: how failures are answered, by the beginning of their paths; as problem documents elsewhere.
    """

    def answer(request: Request[Any, Any, Any], exc: HTTPException) -> Response[Any]:
        path = request.scope["path"]
        for prefix, dialect in dialects.items():
            if path.startswith(prefix):
                return dialect(request, exc)
        return problems.from_http(exc).to_response(request)

    return {NotFoundException: answer, MethodNotAllowedException: answer}
