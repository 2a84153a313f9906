"""`POST /v1/extract`: decode, call, encode; whole or as events."""

import logging
from contextlib import ExitStack
from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from gateway.api.answering import answer_headers
from gateway.api.context import hosts_in, stages
from gateway.api.middleware import request_context
from gateway.api.negotiation import preferred
from gateway.api.problems import to_document
from gateway.api.services import Services
from gateway.api.streaming import DisconnectWatcher, EventStream, cancelled_on_disconnect
from gateway.completions.answer import HOLD_S
from gateway.completions.broadcast import Subscriber, SubscriberClosed
from gateway.errors import GatewayError, InternalError
from gateway.net import sse
from gateway.wire import (
    DeltaEvent,
    EvidenceEvent,
    ExtractDone,
    ExtractEvent,
    ExtractRequest,
    ExtractResponse,
    SourceEvent,
    collect,
    encode_json,
)

_log = logging.getLogger("winnow.extract")

JSON, EVENTS = "application/json", sse.CONTENT_TYPE
_NAMES: dict[type, str] = {
    SourceEvent: "source",
    DeltaEvent: "delta",
    EvidenceEvent: "evidence",
    ExtractDone: "done",
}


@post(
    "/v1/extract",
    status_code=200,
    summary="Ask about pages",
    tags=["pages"],
    opt={"access": "extract", "work": True, "body": "page"},
)
async def extract(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> ASGIResponse:
    """Answer a prompt, or fill a JSON Schema, from one or several pages, with evidence for every value.

    With `stream` (or `Accept: text/event-stream`) the events are `source` (one a page, before any token),
    `delta`, `evidence` and `done`, or `error` in place of what did not come.
    """
    async with cancelled_on_disconnect(request.receive):
        data = await services.bodies.decode(body, ExtractRequest)
    with ExitStack() as unless_streamed:
        context = request_context(request)
        context.facts["host"] = hosts_in(*(data.urls or [data.url or ""]))
        reader = services.extractor.begin(data, tenant=context.key, spend=context.spend)
        unless_streamed.callback(reader.close)
        context.add_facts(lambda: facts_of(reader.end) if reader.end else {})
        disconnect = DisconnectWatcher(request.receive)
        unless_streamed.callback(disconnect.stop)
        disconnect.then(reader.close)
        try:
            if data.stream or preferred(request, JSON, EVENTS) == EVENTS:
                await reader.first(patience_s=HOLD_S)
                unless_streamed.pop_all()
                return EventStream(ExtractEvents(reader), disconnect, headers={})
            events: list[ExtractEvent] = []
            while reader.end is None:
                events += await reader.batch()
        except SubscriberClosed:
            # the client has disconnected
            return ASGIResponse(status_code=499)
    answer = collect([*events, reader.end])
    headers = answer_headers(answer.cache, answer.timings.ttft_ms)
    return ASGIResponse(body=encode_json(answer), headers=headers)


def facts_of(answer: ExtractDone | ExtractResponse) -> dict[str, Any]:
    """What the log says of an extraction."""
    spent = answer.timings
    return {"cache": answer.cache.status} | stages(
        fetch_ms=spent.fetch_ms, clean_ms=spent.clean_ms, ttft_ms=spent.ttft_ms
    )


class ExtractEvents:
    """A running extraction as the bytes of its events."""

    def __init__(self, reader: Subscriber[ExtractEvent, ExtractDone]) -> None:
        self.ended = False
        self._reader = reader

    async def read(self) -> bytes:
        try:
            events = await self._reader.batch()
        except GatewayError as error:
            return self._failure(error)
        except SubscriberClosed:
            raise
        except Exception:
            _log.exception("an extraction failed in its stream")
            return self._failure(
                InternalError("the gateway failed; the request id finds the reason in its log")
            )
        if self._reader.end is not None:
            self.ended = True
            events.append(self._reader.end)
        return b"".join([sse.encode_json_event(event, name=_NAMES[type(event)]) for event in events])

    def wake(self) -> None:
        self._reader.wake()

    def close(self) -> None:
        self._reader.close()

    def _failure(self, error: GatewayError) -> bytes:
        self.ended = True
        return sse.encode_json_event(to_document(error), name="error")
