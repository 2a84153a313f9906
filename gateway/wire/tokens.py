"""`POST /v1/tokens`: what to count, and the count."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.wire.common import DEFAULT_TOKENIZER


class ContentPart(Struct, kw_only=True, frozen=True):
    """A part of a message's content; one of another type than `text` has no text and no count."""

    type: Annotated[str, Meta(description="Its kind; `text` is the one that has a count.")] = ""
    text: Annotated[str | None, Meta(description="What is said.")] = None


class ChatMessage(Struct, kw_only=True, frozen=True):
    """One message of a conversation, as far as counting needs it."""

    role: Annotated[str, Meta(description="Who speaks: `system`, `user`, `assistant` or `tool`.")]
    content: Annotated[
        str | list[ContentPart] | None,
        Meta(description="What is said: a text, or OpenAI's list of content parts."),
    ] = None
    name: Annotated[str | None, Meta(description="The speaker's name, if there is one.")] = None


class TokensRequest(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/tokens`: exactly one of `text` and `messages`."""

    text: Annotated[str | None, Meta(description="The text to count.")] = None
    messages: Annotated[
        Annotated[list[ChatMessage], Meta(max_length=10_000)] | None,
        Meta(
            description="The conversation to count, with what the chat format adds to each message: OpenAI's, or for "
            "a local model its template."
        ),
    ] = None
    tokenizer: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=100,
            description="An encoding, a model of OpenAI's, or a local model that the gateway serves (`local`), by its "
            "own vocabulary.",
        ),
    ] = DEFAULT_TOKENIZER


class TokensResponse(Struct, kw_only=True, frozen=True):
    """An exact count and the tokenizer it is true of."""

    tokenizer: Annotated[str, Meta(description="The tokenizer the count is true of.")]
    tokens: Annotated[int, Meta(description="The count.")]
