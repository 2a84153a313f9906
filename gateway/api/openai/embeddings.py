"""`POST /v1/embeddings`, in OpenAI's shapes: decode, call, pass on."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from backends.base import EmbeddingRequest
from gateway.api.answering import check_operators_fields
from gateway.api.bodies import to_kind
from gateway.api.middleware import request_context
from gateway.api.openai.types import EmbeddingsRequest
from gateway.api.services import Services
from gateway.api.streaming import cancelled_on_disconnect
from gateway.completions.embedding import embed


@post(
    "/embeddings",
    status_code=200,
    summary="Embed texts",
    tags=["models"],
    opt={"access": "chat", "work": True, "body": "messages"},
)
async def create_embeddings(
    request: Request[Any, Any, Any],
    body: RawBody,
    services: NamedDependency[Services],
) -> ASGIResponse:
    """A vector for each text, from a model made for it: an OpenAI-compatible server's or a local one."""
    async with cancelled_on_disconnect(request.receive):
        fields = await services.bodies.decode(body, dict[str, Any])
        data = to_kind(fields, EmbeddingsRequest)
        check_operators_fields(fields)
        asked = EmbeddingRequest(
            model=data.model or "",
            input=data.input if isinstance(data.input, list) else [data.input],
            as_base64=data.encoding_format == "base64",
            parameters={
                name: value
                for name, value in fields.items()
                if name not in EmbeddingsRequest.__struct_fields__
            },
        )
        made = await embed(
            services.completer, asked, workers=services.workers, spend=request_context(request).spend
        )
    return ASGIResponse(body=made.body, media_type="application/json")
