"""A prompt that does not fit is told so, with both counts, and no model is called."""

import msgspec
import pytest

from backends.base import CompletionRequest, Route
from backends.scripted import ScriptedBackend
from gateway.completions.context import check_context, most_tokens
from gateway.core.tokens.counters import get_counter
from gateway.errors import ContextOverflow
from tests.inline import InlineWorkers

pytestmark = pytest.mark.anyio
TEXT = "The quick brown fox jumps over the lazy dog. " * 40
FRAMING = 3 + 3
TOKENS = get_counter("o200k_base")(TEXT) + FRAMING


def ask(answer_tokens: int | None = None) -> CompletionRequest:
    messages = [{"role": "user", "content": TEXT}]
    return CompletionRequest(model="m", messages=messages, max_output_tokens=answer_tokens)


def route(context_tokens: int | None, tokenizer: str | None = None) -> Route:
    return Route(
        name="m", backend=ScriptedBackend(), model="m", context_tokens=context_tokens, tokenizer=tokenizer
    )


@pytest.mark.parametrize(
    ("context_tokens", "answer_tokens", "fits"),
    [
        (None, None, True),
        (100_000, None, True),
        (TOKENS + 1, None, True),
        (TOKENS, None, False),
        (TOKENS + 50, 50, True),
        (TOKENS + 49, 50, False),
    ],
)
async def test_prompt_and_answer_must_fit(
    context_tokens: int | None, answer_tokens: int | None, fits: bool
) -> None:
    if fits:
        await check_context(ask(answer_tokens), route(context_tokens), InlineWorkers())
        return
    with pytest.raises(ContextOverflow, match=str(TOKENS)) as caught:
        await check_context(ask(answer_tokens), route(context_tokens), InlineWorkers())
    assert caught.value.extra == {
        "prompt_tokens": TOKENS,
        "max_output_tokens": answer_tokens or 1,
        "context_tokens": context_tokens,
    }


async def test_tools_are_a_part_of_the_prompt() -> None:
    tools = [{"type": "function", "function": {"name": "add", "description": TEXT}}]
    request = msgspec.structs.replace(ask(), parameters={"tools": tools})
    await check_context(ask(), route(TOKENS + 50), InlineWorkers())
    with pytest.raises(ContextOverflow):
        await check_context(request, route(TOKENS + 50), InlineWorkers())


async def test_tokenizer_that_is_not_ours_is_stood_in_for() -> None:
    with pytest.raises(ContextOverflow):
        await check_context(ask(), route(TOKENS, tokenizer="llama-3"), InlineWorkers())


@pytest.mark.parametrize("text", ["plain", "żółw 🌍" * 9, ""])
def test_bound_is_never_below_the_count(text: str) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": text}, {"type": "image_url"}]}]
    assert most_tokens(messages) >= get_counter("o200k_base")(text)
