"""Reads request bodies: each route has a limit, silence ends the request, no work starts before the body is whole."""

from collections.abc import Mapping

from litestar.types import HTTPReceiveMessage, Receive, WebSocketReceiveMessage
from msgspec import Struct

from gateway.api.context import RequestContext
from gateway.api.streaming import ClientDisconnected
from gateway.auth.admission import BodyBudget
from gateway.errors import RequestTimeout, TooLarge

# options; most routes read no body at all
SMALL_BYTES = 64 * 1024
# the protocol's own package parses it, on the event loop
AGENT_BYTES = 256 * 1024
# a conversation with some images in base64; a text to count
MESSAGES_BYTES = 8 * 1024**2
# JSON escapes at most double what is worth sending inline; a few kilobytes go to the options
_PAGE_FACTOR, _PAGE_EXTRA_BYTES = 2, 64 * 1024


class BodyLimit(Struct, kw_only=True, frozen=True):
    """How long a route's body may be, and what to do with a longer one."""

    size_bytes: int
    instead: str

    def check(self, size_bytes: int) -> None:
        """Raises TooLarge."""
        if size_bytes > self.size_bytes:
            raise TooLarge(
                f"the request body is longer than the {self.size_bytes} bytes that this route takes; {self.instead}",
                limit_bytes=self.size_bytes,
            )

    def check_declared(self, headers: Mapping[bytes, bytes]) -> None:
        """Raises TooLarge for what a Content-Length announces, before anything is read."""
        declared = headers.get(b"content-length", b"")
        if len(declared) > 4 and declared.isdigit():
            # what is shorter fits every route
            self.check(int(declared))


def body_limits(*, max_page_bytes: int) -> dict[str, BodyLimit]:
    """The limits by what a route's `opt` names as its `body`: `small` where it names nothing."""
    return {
        "small": BodyLimit(size_bytes=SMALL_BYTES, instead="nothing that it reads is as long"),
        "agent": BodyLimit(
            size_bytes=AGENT_BYTES, instead="pass an address, or count long texts with POST /v1/tokens"
        ),
        "messages": BodyLimit(
            size_bytes=MESSAGES_BYTES, instead="send images as links, and long texts in parts"
        ),
        "page": BodyLimit(
            size_bytes=_PAGE_FACTOR * max_page_bytes + _PAGE_EXTRA_BYTES,
            instead="send the page's `url`, or have WINNOW_MAX_BODY_BYTES raised on the server",
        ),
    }


async def read_body(
    receive: Receive, *, limit: BodyLimit, budget: BodyBudget, context: RequestContext
) -> bytes:
    """The whole body, held in `budget`: whoever calls it releases it there.

    Raises:
        TooLarge, Overloaded: it is above `limit`, or one more than `budget` holds.
        RequestTimeout: a piece without a byte came, by which `gateway.server.protocol` reports that nothing comes.
        ClientDisconnected: before its end.
    """
    message = await receive()
    if (
        message["type"] == "http.request"
        and not message.get("more_body")
        and len(message["body"]) <= SMALL_BYTES
    ):
        # nearly every one: within all limits, and not counted
        return message["body"]
    # not a list of pieces: one of a byte each would take forty times the memory
    body = bytearray()
    try:
        while True:
            if message["type"] != "http.request":
                context.client_left = True
                raise ClientDisconnected
            piece, is_last = message["body"], not message.get("more_body")
            limit.check(len(body) + len(piece))
            budget.hold(len(body) + len(piece), before=len(body))
            if is_last:
                return bytes(body + piece) if body else piece
            if not piece:
                raise RequestTimeout(
                    f"nothing more came of the request's body after {len(body)} bytes; send it again",
                    headers={"connection": "close"},
                )
            body += piece
            message = await receive()
    except BaseException:
        budget.release(len(body))
        raise


def replayed(body: bytes, receive: Receive, context: RequestContext) -> Receive:
    """`receive`, beginning with the whole body; notes a disconnect, after which a failure is not a fault."""
    unread: list[HTTPReceiveMessage] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        if unread:
            return unread.pop()
        message = await receive()
        if message["type"] == "http.disconnect":
            context.client_left = True
        return message

    return again
