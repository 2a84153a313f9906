"""Anthropic's shapes, as far as this gateway reads or writes them."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gateway.wire import ModelName

Block = dict[str, Any]


class MessagesPrompt(Struct, kw_only=True, frozen=True):
    """What a model is shown: the body of `/v1/messages/count_tokens`, and a part of that of `/v1/messages`."""

    messages: Annotated[
        list[dict[str, Any]],
        Meta(min_length=1, max_length=10_000, description="The turns, in Anthropic's shape."),
    ]
    model: ModelName = None
    system: Annotated[
        str | list[Block] | None, Meta(description="Instructions: a text, or a list of text blocks.")
    ] = None
    tools: Annotated[
        Annotated[list[dict[str, Any]], Meta(max_length=1000)] | None,
        Meta(description="Tools the model may call; those that Anthropic's own servers run are refused."),
    ] = None
    tool_choice: Annotated[
        dict[str, Any] | None, Meta(description="`auto`, `any`, `none`, or `tool` with a name.")
    ] = None


class MessagesRequest(MessagesPrompt, kw_only=True, frozen=True):
    """The fields of Anthropic's request that this gateway reads; what else a client sends is ignored."""

    max_tokens: Annotated[int, Meta(ge=1, description="Tokens the model may answer with.")]
    stream: Annotated[
        bool | None, Meta(description="Answer with server-sent events, `message_stop` last.")
    ] = None
    stop_sequences: Annotated[
        Annotated[list[str], Meta(max_length=100)] | None,
        Meta(description="Texts at which the answer ends."),
    ] = None
    temperature: Annotated[
        float | None, Meta(description="Sampling temperature. null: the backend's default.")
    ] = None
    top_p: Annotated[float | None, Meta(description="Nucleus sampling, passed to the model's server.")] = None
    top_k: Annotated[int | None, Meta(description="Passed to the model's server.")] = None
    output_config: Annotated[
        dict[str, Any] | None,
        Meta(description="`format` of type `json_schema` asks for JSON that validates against its `schema`."),
    ] = None
    metadata: Annotated[
        dict[str, Any] | None, Meta(description="`user_id` is passed on as the request's user.")
    ] = None


class Message(Struct, kw_only=True):
    """Anthropic's answer."""

    id: Annotated[str, Meta(description="Identifier of this answer.")]
    type: Annotated[Literal["message"], Meta(description="Always `message`.")]
    role: Annotated[Literal["assistant"], Meta(description="Always `assistant`.")]
    model: Annotated[str, Meta(description="The model that answered.")]
    content: Annotated[
        list[Block], Meta(description="Blocks of type `thinking`, `text` and `tool_use`, in this order.")
    ]
    stop_reason: Annotated[
        str, Meta(description="`end_turn`, `max_tokens`, `stop_sequence`, `tool_use` or `refusal`.")
    ]
    stop_sequence: Annotated[
        str | None, Meta(description="The text that ended the answer, where the model's server tells it.")
    ]
    usage: Annotated[
        dict[str, int], Meta(description="Anthropic's: `input_tokens` are those that were not cached.")
    ]


class TokenCount(Struct, kw_only=True):
    """The answer of `/v1/messages/count_tokens`."""

    input_tokens: Annotated[
        int, Meta(description="Tokens of system, turns and tools by the model's tokenizer, if it is known.")
    ]


class AnthropicErrorBody(Struct, kw_only=True):
    """Anthropic's error object."""

    type: Annotated[str, Meta(description="Anthropic's kind of error.")]
    message: Annotated[str, Meta(description="What happened, where, and what to do next.")]


class AnthropicError(Struct, kw_only=True):
    """An error in Anthropic's shape."""

    type: Annotated[Literal["error"], Meta(description="Always `error`.")]
    error: Annotated[AnthropicErrorBody, Meta(description="Anthropic's error object.")]
    request_id: Annotated[str, Meta(description="The request's id, as in the log.")]
