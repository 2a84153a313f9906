"""The routes of OpenAI's dialect, and refusals in its shape for those it does not have."""

from litestar import Router
from litestar.enums import HttpMethod

from gateway.api.dialect_errors import refuse_absent, refuse_other_methods
from gateway.api.openai.chat import create_completion, list_models, show_model
from gateway.api.openai.embeddings import create_embeddings
from gateway.api.openai.errors import exception_handlers
from gateway.api.openai.responses import create_response
from gateway.api.openai.text_completions import create_text_completion

_POSTED = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses"]
# what OpenAI's clients may ask for, and nobody here answers
_ABSENT = [
    f"/v1/{name}"
    for name in (
        "assistants", "audio", "batches", "containers", "conversations", "evals", "files", "fine_tuning", "images",
        "moderations", "realtime", "threads", "uploads", "vector_stores", "videos",
    )
]  # fmt: skip

router = Router(
    "/",
    route_handlers=[
        create_completion,
        create_text_completion,
        create_embeddings,
        create_response,
        list_models,
        show_model,
        refuse_other_methods(*_POSTED, allowed=HttpMethod.POST),
        refuse_other_methods("/v1/models", "/v1/models/{model:path}", allowed=HttpMethod.GET),
        refuse_absent(*_ABSENT, served=f"{', '.join(_POSTED)} and /v1/models"),
        # answers are not kept, so there is none to ask for, cancel or delete
        refuse_absent(*(f"{path}/{{answer:str}}" for path in _POSTED), served="no answer that is kept"),
    ],
    exception_handlers=exception_handlers,
)
