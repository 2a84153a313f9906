"""Answers scrapes without their handler where the response is cached."""

import time
from collections.abc import Callable

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send, WebSocketReceiveMessage

from gateway.api.context import RequestContext, note_page
from gateway.scraping.cached_responses import MAX_REQUEST_BYTES, CachedResponse, CachedResponses

# what nearly every client sends; the last is axios
_ANSWERED_WITH_JSON = (b"*/*", b"application/json", b"application/json, text/plain, */*")


class CachedResponseMiddleware(ASGIMiddleware):
    """Sends a cached response, or passes the request on; `answers` is called once the service is open."""

    def __init__(self, answers: Callable[[], CachedResponses]) -> None:
        self._answers = answers

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if not _may_be_ready(scope):
            await next_app(scope, receive, send)
            return
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            context: RequestContext = scope["state"]["context"]
            answers = self._answers()
            if answer := answers.find(message["body"], tenant=context.key, path=scope["path"]):
                await _send(answer, answers, context, send)
                return
        await next_app(scope, _again(message, receive), send)


def _may_be_ready(scope: Scope) -> bool:
    """Whether the body is short, as its header says, and JSON will do as an answer."""
    short = False
    for name, value in scope["headers"]:
        if name == b"content-length":
            short = len(value) <= 4 and value.isdigit() and int(value) <= MAX_REQUEST_BYTES
        elif name == b"accept" and value not in _ANSWERED_WITH_JSON:
            return False
    return short


async def _send(
    answer: CachedResponse, answers: CachedResponses, context: RequestContext, send: Send
) -> None:
    note_page(context, answer.summary)
    body = answers.render(answer, took_ms=(time.perf_counter() - context.began) * 1e3)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _again(message: HTTPReceiveMessage | WebSocketReceiveMessage, receive: Receive) -> Receive:
    """`receive` that begins with the message already taken from it."""
    taken = [message]

    async def again() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        return taken.pop() if taken else await receive()

    return again
