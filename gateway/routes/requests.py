"""An id for every request: taken from the caller or made here, sent back, and known to errors and logs."""

import re

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.identity import new_id
from gateway.routes.problems import request_id

HEADER = b"x-request-id"
_SAFE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestIds(ASGIMiddleware):
    """Sets `problems.request_id` for the request and the `x-request-id` header of the response."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        word = given if given and _SAFE.fullmatch(given) else new_id().encode()
        request_id.set(word.decode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, word)]
            await send(message)

        await next_app(scope, receive, send_with_id)
