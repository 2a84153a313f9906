"""OpenAI's shapes beside chat completions (`gateway.wire.chat`), as far as this gateway reads or writes them."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gateway.wire import ModelName

Item = dict[str, Any]


class ResponsesRequest(Struct, kw_only=True, frozen=True):
    """The fields of `/v1/responses` that this gateway reads; what else a client sends is ignored."""

    input: Annotated[
        str | Annotated[list[Item], Meta(min_length=1, max_length=10_000)],
        Meta(description="A text, or items: messages, calls of functions and their outputs."),
    ]
    model: ModelName = None
    instructions: Annotated[str | None, Meta(description="Stands before the input, as a system message.")] = (
        None
    )
    stream: Annotated[
        bool | None, Meta(description="Answer with server-sent events, `response.completed` last.")
    ] = None
    max_output_tokens: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Tokens the model may answer with.")
    ] = None
    temperature: Annotated[
        float | None, Meta(description="Sampling temperature. null: the backend's default.")
    ] = None
    top_p: Annotated[float | None, Meta(description="Nucleus sampling, passed to the model's server.")] = None
    tools: Annotated[
        Annotated[list[dict[str, Any]], Meta(max_length=1000)] | None,
        Meta(description="Functions the model may call; tools that OpenAI's own servers run are refused."),
    ] = None
    tool_choice: Annotated[
        str | dict[str, Any] | None,
        Meta(description="`auto`, `required`, `none`, or a function by `name`."),
    ] = None
    parallel_tool_calls: Annotated[
        bool | None, Meta(description="Whether several functions may be called at once.")
    ] = None
    text: Annotated[
        dict[str, Any] | None,
        Meta(description="`format`: `text`, `json_object`, or `json_schema` with a schema."),
    ] = None
    reasoning: Annotated[
        dict[str, Any] | None, Meta(description="`effort` is passed on as `reasoning_effort`.")
    ] = None
    metadata: Annotated[dict[str, Any] | None, Meta(description="Comes back with the answer.")] = None
    user: Annotated[str | None, Meta(description="Passed to the model's server.")] = None
    previous_response_id: Annotated[
        str | None, Meta(description="Refused: answers are not kept here, so send the whole conversation.")
    ] = None


class ResponseAnswer(Struct, kw_only=True):
    """OpenAI's response object; further fields repeat the request's."""

    id: Annotated[str, Meta(description="Identifier of this answer; it is not kept.")]
    object: Annotated[Literal["response"], Meta(description="Always `response`.")]
    created_at: Annotated[int, Meta(description="Unix time in seconds.")]
    status: Annotated[
        Literal["completed", "incomplete", "failed", "in_progress"], Meta(description="What became of it.")
    ]
    model: Annotated[str, Meta(description="The model that answered.")]
    output: Annotated[
        list[Item],
        Meta(description="Items of type `reasoning`, `message` and `function_call`, in this order."),
    ]
    usage: Annotated[dict[str, Any] | None, Meta(description="OpenAI's: tokens in and out, with details.")]


class InputTokens(Struct, kw_only=True):
    """The answer of `/v1/responses/input_tokens`."""

    object: Annotated[Literal["response.input_tokens"], Meta(description="Always `response.input_tokens`.")]
    input_tokens: Annotated[
        int,
        Meta(description="Tokens of instructions, input and tools by the model's tokenizer, if it is known."),
    ]


class TextCompletionRequest(Struct, kw_only=True, frozen=True):
    """The fields of `/v1/completions` that this gateway reads; any other is passed to the model's server."""

    prompt: Annotated[
        str | Annotated[list[str], Meta(min_length=1, max_length=20)],
        Meta(
            description="A text to go on from, as it is: no chat template is put around it. Or several, not streamed."
        ),
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
        Meta(description="Tokens the model may answer with. null: the backend's default."),
    ] = None
    stop: Annotated[
        str | Annotated[list[str], Meta(max_length=100)] | None,
        Meta(description="Texts at which the answer ends."),
    ] = None
    n: Annotated[Annotated[int, Meta(ge=1, le=128)] | None, Meta(description="How many answers.")] = None


class TextCompletion(Struct, kw_only=True):
    """OpenAI's text completion."""

    id: Annotated[str, Meta(description="Identifier of this answer.")]
    object: Annotated[Literal["text_completion"], Meta(description="Always `text_completion`.")]
    created: Annotated[int, Meta(description="Unix time in seconds.")]
    model: Annotated[str, Meta(description="The model that answered.")]
    choices: Annotated[
        list[dict[str, Any]], Meta(description="OpenAI's: `text` and `finish_reason` of each.")
    ]


class EmbeddingsRequest(Struct, kw_only=True, frozen=True):
    """The fields of `/v1/embeddings` that this gateway reads; any other is passed to the model's server."""

    input: Annotated[
        str | Annotated[list[Any], Meta(min_length=1, max_length=2048)],
        Meta(
            description="A text or a list of texts; tokens in their place are passed to the model's server."
        ),
    ]
    model: ModelName = None
    encoding_format: Annotated[
        Literal["float", "base64"] | None, Meta(description="How vectors are written. null: `float`.")
    ] = None


class EmbeddingList(Struct, kw_only=True):
    """OpenAI's list of embeddings."""

    object: Annotated[Literal["list"], Meta(description="Always `list`.")]
    data: Annotated[list[dict[str, Any]], Meta(description="`embedding` and `index` of each text.")]
    model: Annotated[str, Meta(description="The model that made them.")]
    usage: Annotated[dict[str, Any], Meta(description="OpenAI's: tokens of all texts together.")]
