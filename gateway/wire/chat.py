"""`POST /v1/chat/completions` and `GET /v1/models`, in OpenAI's shapes, and the addition `web`."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.wire.common import CacheReport, Url
from gateway.wire.scrape import ScrapeOptions

ModelName = Annotated[
    Annotated[str, Meta(max_length=200)] | None,
    Meta(description="A model's name or alias. null: the gateway's default model."),
]


class WebOptions(ScrapeOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`web` of a chat completion: pages to answer from; `max_tokens` is the budget of all together."""

    urls: Annotated[
        list[Url],
        Meta(
            min_length=1,
            max_length=20,
            description="Pages to answer from; `max_tokens` is the budget of all together.",
        ),
    ]


class WebSource(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What became of one page: `tokens` were put into the prompt, of `page_tokens` it has."""

    url: Annotated[str, Meta(description="The page's address.")]
    title: Annotated[str | None, Meta(description="The page's title; null when it has none or was not read.")]
    tokens: Annotated[int, Meta(description="Tokens of the page that are in the prompt.")]
    page_tokens: Annotated[int, Meta(description="Tokens the page has.")]
    cache: Annotated[
        CacheReport | None, Meta(description="Where the page came from; absent when it was not read.")
    ] = None
    status: Annotated[
        int | None,
        Meta(
            description="HTTP status of the origin; present only where it is an error that came with content."
        ),
    ] = None
    error: Annotated[
        str | None,
        Meta(description="Code of the error that kept the page from being read; absent when it was read."),
    ] = None


class ChatRequest(Struct, kw_only=True, frozen=True):
    """The fields of OpenAI's request that this gateway reads; any other is passed to the model's server."""

    messages: Annotated[
        list[dict[str, Any]],
        Meta(min_length=1, max_length=10_000, description="The conversation, in OpenAI's shape."),
    ]
    model: ModelName = None
    stream: Annotated[bool | None, Meta(description="Answer with server-sent events, `[DONE]` last.")] = None
    stream_options: Annotated[
        dict[str, Any] | None,
        Meta(description='OpenAI\'s: `{"include_usage": true}` asks for a last chunk with usage.'),
    ] = None
    temperature: Annotated[
        float | None, Meta(description="Sampling temperature. null: the backend's default.")
    ] = None
    seed: Annotated[int | None, Meta(description="Seed of the sampling, where the backend has one.")] = None
    max_tokens: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Tokens the model may answer with; older name of `max_completion_tokens`."),
    ] = None
    max_completion_tokens: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Tokens the model may answer with. null: the backend's default."),
    ] = None
    n: Annotated[
        Annotated[int, Meta(ge=1, le=128)] | None, Meta(description="How many answers. null: one.")
    ] = None
    stop: Annotated[
        str | Annotated[list[str], Meta(max_length=100)] | None,
        Meta(description="Texts at which the answer ends."),
    ] = None
    response_format: Annotated[
        dict[str, Any] | None,
        Meta(description="OpenAI's: `json_schema` with a schema, `json_object` or `text`."),
    ] = None
    web: Annotated[
        WebOptions | None,
        Meta(description="This gateway's addition: pages that are cleaned and put into the prompt."),
    ] = None


class ChatCompletion(Struct, kw_only=True):
    """OpenAI's chat completion; fields of the model's server that are not named here come along."""

    id: Annotated[str, Meta(description="Identifier of this answer.")]
    object: Annotated[Literal["chat.completion"], Meta(description="Always `chat.completion`.")]
    created: Annotated[int, Meta(description="Unix time in seconds.")]
    model: Annotated[str, Meta(description="The model that answered.")]
    choices: Annotated[
        list[dict[str, Any]], Meta(description="OpenAI's: `message` and `finish_reason` of each.")
    ]
    usage: Annotated[
        dict[str, Any] | UnsetType,
        Meta(description="OpenAI's: tokens as the model's server reported them; absent when it did not."),
    ] = UNSET
    winnow: Annotated[
        dict[str, Any],
        Meta(
            description="Backend, cache, timings and cost of this answer, and the pages put into the prompt."
        ),
    ]


class ModelPrice(Struct, kw_only=True):
    """US dollars per million tokens, as the gateway is configured."""

    input: Annotated[float, Meta(description="US dollars per million tokens sent.")]
    output: Annotated[float, Meta(description="US dollars per million tokens answered.")]


class ModelEntry(Struct, kw_only=True):
    """A model that can be asked for, with what the clients of OpenAI and of Anthropic each read."""

    id: Annotated[str, Meta(description="What to send as `model`.")]
    object: Annotated[Literal["model"], Meta(description="Always `model`.")]
    type: Annotated[Literal["model"], Meta(description="Always `model`: Anthropic's name for `object`.")]
    display_name: Annotated[str, Meta(description="As `id`.")]
    created: Annotated[int, Meta(description="Always 0: the gateway does not know.")]
    created_at: Annotated[str, Meta(description="As `created`, in Anthropic's form.")]
    owned_by: Annotated[str, Meta(description="The backend that serves it.")]
    context_length: Annotated[
        int | UnsetType, Meta(description="Tokens the model's context holds, where known.")
    ] = UNSET
    price: Annotated[ModelPrice | UnsetType, Meta(description="What it costs, where that is configured.")] = (
        UNSET
    )


class ModelList(Struct, kw_only=True):
    """The list of models: OpenAI's, which is a page of Anthropic's too."""

    object: Annotated[Literal["list"], Meta(description="Always `list`.")]
    data: Annotated[list[ModelEntry], Meta(description="Every model, by name and by alias.")]
    first_id: Annotated[str | None, Meta(description="Of the first model.")]
    last_id: Annotated[str | None, Meta(description="Of the last model.")]
    has_more: Annotated[Literal[False], Meta(description="Always false: the list is whole.")]


class ChatErrorBody(Struct, kw_only=True):
    """OpenAI's error object."""

    message: Annotated[str, Meta(description="What happened, where, and what to do next.")]
    type: Annotated[str, Meta(description="OpenAI's kind of error.")]
    param: Annotated[str | None, Meta(description="The field at fault.")]
    code: Annotated[str | int | None, Meta(description="Stable name of the error.")]


class ChatError(Struct, kw_only=True):
    """An error in OpenAI's shape."""

    error: Annotated[ChatErrorBody, Meta(description="OpenAI's error object.")]
