"""`POST /v1/tokens`: exact counts of a text or a conversation."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from gateway.api.middleware import request_context
from gateway.api.native.scrape import WORK
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.errors import Forbidden, InvalidRequest
from gateway.wire import TokensRequest, TokensResponse


@post("/v1/tokens", status_code=200, summary="Count tokens", tags=["pages"], opt=WORK | {"body": "messages"})
async def count_tokens(
    request: Request[Any, Any, Any], body: RawBody, services: NamedDependency[Services]
) -> TokensResponse:
    """Count the tokens of `text`, or of `messages` with what the chat format adds to each.

    `tokenizer` may also name a local model that is served here, such as `local`: it counts by its own vocabulary,
    `messages` as its template lays them out, whether the model is loaded or not. Models of another backend that can
    count do so for a `text`, and for keys with the scope `chat`.
    """
    async with cancelled_on_disconnect(request.receive):
        data = await services.bodies.decode(body, TokensRequest)
        try:
            return await services.scraper.count(data)
        except InvalidRequest as refusal:
            if refusal.extra.get("field") != "tokenizer" or data.text is None:
                raise
            context = request_context(request)
            if "chat" not in context.scopes:
                raise Forbidden(
                    f"{refusal.detail}; for a model's own the key {context.key} needs the scope chat"
                ) from refusal
            tokens = await services.completer.count_by_model(data.text, data.tokenizer)
            if tokens is None:
                raise
            return TokensResponse(tokenizer=data.tokenizer, tokens=tokens)
