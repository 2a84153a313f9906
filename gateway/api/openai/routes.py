"""Where OpenAI's dialect is served: below `/v1`, and at the root, where LiteLLM's proxy has it too."""

from litestar import Router

from gateway.api.openai.chat import create_completion, list_models, show_model
from gateway.api.openai.embeddings import create_embeddings
from gateway.api.openai.responses import count_input_tokens, create_response
from gateway.api.openai.text_completions import create_text_completion

_PREFIXES = ("/v1", "/")


def routers() -> list[Router]:
    """Every route of the dialect."""
    return [
        Router(
            prefix,
            route_handlers=[
                create_completion,
                create_text_completion,
                create_embeddings,
                create_response,
                count_input_tokens,
                list_models,
                show_model,
            ],
            # the document shows each route once
            include_in_schema=prefix == _PREFIXES[0],
        )
        for prefix in _PREFIXES
    ]
