"""Embeddings of texts: one call to the backend of the model, its tokens booked."""

import asyncio

import msgspec

from backends.base import Embedder, EmbeddingRequest, Embeddings, UpstreamError, UpstreamTimeout
from gateway.completions.completer import Completer, Spend
from gateway.completions.failures import to_gateway_error
from gateway.errors import InvalidRequest
from gateway.telemetry.spans import trace_headers


async def embed(completer: Completer, request: EmbeddingRequest, *, spend: Spend) -> Embeddings:
    """The embeddings of `request.input`; `request.model` is the name callers use.

    Raises:
        InvalidRequest: the model's backend makes no embeddings.
        GatewayError: as the backend failed.
    """
    route = await completer.resolve(request.model)
    if not isinstance(route.backend, Embedder):
        raise InvalidRequest(
            f"backend `{route.backend.name}` makes no embeddings; ask a model of an OpenAI-compatible server, or a "
            "local one that is made for them",
            field="model",
        )
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
