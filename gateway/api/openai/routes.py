"""The routes of OpenAI's dialect."""

from litestar import Router

from gateway.api.openai.chat import create_completion, list_models, show_model
from gateway.api.openai.embeddings import create_embeddings
from gateway.api.openai.responses import create_response
from gateway.api.openai.text_completions import create_text_completion

router = Router(
    "/",
    route_handlers=[
        create_completion,
        create_text_completion,
        create_embeddings,
        create_response,
        list_models,
        show_model,
    ],
)
