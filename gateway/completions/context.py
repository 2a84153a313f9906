"""Whether a prompt fits a model's context: checked before any call; the error has both counts."""

from collections.abc import Iterator, Sequence
from typing import Any

from backends.base import CompletionRequest, Delta, Route, Usage
from gateway.core.tasks.base import Workers
from gateway.core.tasks.tokens import CountTokens
from gateway.core.tokens.counters import ANSWER_TOKENS, MESSAGE_TOKENS, resolve_tokenizer
from gateway.errors import BackendUnavailable, CleanError, ContextOverflow, InvalidRequest
from gateway.scraping.tokenizers import vocabulary_of
from gateway.wire import DEFAULT_TOKENIZER, encode_json

_CHARS_PER_TOKEN = 4
# prose has four to five, the longest words of code and tables somewhat more
_MOST_CHARS_PER_TOKEN = 8


async def check_context(request: CompletionRequest, route: Route, workers: Workers) -> None:
    """Refuse a prompt that, with the answer it asks for, passes the model's configured context.

    Raises:
        ContextOverflow: it does not fit; `extra` has `prompt_tokens`, `max_output_tokens`, `context_tokens`.
    """
    limit = route.context_tokens
    if limit is None:
        return
    answer_tokens = request.max_output_tokens or 1
    tools = request.parameters.get("tools")
    most = most_tokens(request.messages) + (len(encode_json(tools)) if tools else 0)
    if most + answer_tokens <= limit:
        return
    tokens = await count_prompt(request.messages, route, workers, tools=tools)
    if tokens + answer_tokens > limit:
        raise ContextOverflow(
            f"the prompt has {tokens} tokens and the answer may have {answer_tokens}; together they must not "
            f"pass the {limit} of model `{route.name}`: shorten the prompt or ask for a shorter answer",
            prompt_tokens=tokens,
            max_output_tokens=answer_tokens,
            context_tokens=limit,
        )


def most_tokens(messages: list[dict[str, Any]]) -> int:
    """An upper bound that costs nothing: no tokenizer makes more tokens than there are bytes."""
    texts = list(_texts(messages))
    return sum(len(text) * (1 if text.isascii() else 4) for text in texts) + _framing(messages)


async def count_prompt(
    messages: list[dict[str, Any]], route: Route, workers: Workers, *, tools: Any = None
) -> int:
    """The tokens of a conversation's texts and calls, and of the tools it may use.

    By the model's own tokenizer where its backend has it, else by the configured one, else by a common one.
    """
    text = "\n".join(_texts(messages))
    if tools:
        text += "\n" + encode_json(tools).decode()
    exact = await count_by_model(text, route, workers)
    return (await _count(text, route, workers) if exact is None else exact) + _framing(messages)


async def count_by_model(text: str, route: Route, workers: Workers) -> int | None:
    """The tokens of a text by the model's own tokenizer; None where that is not at hand, or takes too long."""
    try:
        vocabulary = await vocabulary_of(route)
        if vocabulary is not None:
            return await workers.run(CountTokens(text=text, tokenizer=vocabulary))
    except (BackendUnavailable, CleanError):
        return None
    return await route.backend.count_tokens(text, model=route.model)


async def count_call(
    request: CompletionRequest, route: Route, said: Sequence[Delta], workers: Workers
) -> int:
    """The tokens of a call whose backend reported no usage: it was cut, or its server reports none.

    Counted here and not by the backend, which is not to be asked for the sake of a request that is over. What has
    no text (a tool's arguments, say) is a token a delta.
    """
    prompt = await _count("\n".join(_texts(request.messages)), route, workers) + _framing(request.messages)
    answer = await _count("".join(delta.text for delta in said), route, workers)
    return prompt + max(answer, sum(delta.is_token for delta in said))


async def find_truncation(
    request: CompletionRequest, route: Route, usage: Usage, workers: Workers
) -> str | None:
    """What to say of a prompt that its server read only a part of, as some do without a word; None for a whole one.

    Counted only where the server reports fewer tokens than any language takes for so many characters.
    """
    characters = sum(map(len, _texts(request.messages)))
    read = usage.input_tokens
    if not read or characters <= read * _MOST_CHARS_PER_TOKEN:
        return None
    tokens = await _count("\n".join(_texts(request.messages)), route, workers)
    if tokens <= 2 * read:
        return None
    return (
        f"the prompt has about {tokens} tokens and the server of model `{route.name}` read {read}: it cut the prompt "
        "to its context; raise that on the server, and tell the gateway with the model's `context_tokens`"
    )


async def _count(text: str, route: Route, workers: Workers) -> int:
    try:
        tokenizer = resolve_tokenizer(route.tokenizer or DEFAULT_TOKENIZER)
    except InvalidRequest:
        # a tokenizer that is not one of ours
        tokenizer = DEFAULT_TOKENIZER
    try:
        return await workers.run(CountTokens(text=text, tokenizer=tokenizer)) if text else 0
    except CleanError:
        # a text that takes too long to count is guessed: its call is not to be free
        return len(text) // _CHARS_PER_TOKEN


def _framing(messages: list[dict[str, Any]]) -> int:
    return ANSWER_TOKENS + MESSAGE_TOKENS * len(messages)


def _texts(messages: list[dict[str, Any]]) -> Iterator[str]:
    """The texts of messages; images and the like have no count here and are left to the model's server."""
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif isinstance(content, list):
            yield from (part["text"] for part in content if isinstance(part, dict) and _is_text(part))
        if calls := message.get("tool_calls"):
            yield encode_json(calls).decode()


def _is_text(part: dict[str, Any]) -> bool:
    return isinstance(part.get("text"), str)
