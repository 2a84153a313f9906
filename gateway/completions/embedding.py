"""Embeddings of texts: one call to the backend of the model, its tokens booked."""

import asyncio

import msgspec

from backends.base import (
    Embedder,
    EmbeddingRequest,
    Embeddings,
    UpstreamError,
    UpstreamTimeout,
    embeds_tokens,
)
from gateway.completions.completer import Completer, Spend
from gateway.completions.failures import to_gateway_error
from gateway.core.tasks.base import Workers
from gateway.core.tasks.tokens import DecodeTokens
from gateway.errors import InvalidRequest
from gateway.telemetry.spans import trace_headers

# of OpenAI's models for embeddings, and what LangChain cuts texts by for a model that it does not know
_TOKENIZER = "cl100k_base"


async def embed(
    completer: Completer, request: EmbeddingRequest, *, workers: Workers, spend: Spend
) -> Embeddings:
    """The embeddings of `request.input`; `request.model` is the name callers use.

    Args:
        workers: read tokens as the texts they stand for, where a backend takes texts alone.
    Raises:
        InvalidRequest: the model's backend makes no embeddings, or the input is neither texts nor tokens.
        GatewayError: as the backend failed.
    """
    route = await completer.resolve(request.model)
    if not isinstance(route.backend, Embedder):
        raise InvalidRequest(
            f"backend `{route.backend.name}` makes no embeddings; ask a model of an OpenAI-compatible server, or a "
            "local one that is made for them",
            field="model",
        )
    if not (embeds_tokens(route.backend) or all(isinstance(text, str) for text in request.input)):
        texts = await workers.run(DecodeTokens(tokenizer=_TOKENIZER, input=request.input))
        request = msgspec.structs.replace(request, input=texts)
    asked = msgspec.structs.replace(
        request, model=route.model, timeout_s=route.timeout_s, headers=trace_headers()
    )
    try:
        async with asyncio.timeout(route.timeout_s):
            made = await route.backend.embed(asked)
    except UpstreamError as failure:
        raise to_gateway_error(failure, route, begun=False) from failure
    except TimeoutError as exc:
        late = UpstreamTimeout(f"no embeddings within {route.timeout_s:g} s")
        raise to_gateway_error(late, route, begun=False) from exc
    spend(made.input_tokens)
    return made
