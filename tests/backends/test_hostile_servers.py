"""Servers of models that answer without end, or in other types than they should: an error, in bounded memory."""

from collections.abc import Iterator

import pytest

from backends import http
from backends.base import CompletionRequest, EmbeddingRequest, UpstreamError
from backends.remote import RemoteBackend
from backends.wire import anthropic, openai
from tests.upstream import DONE, JSON, Said, chunk, upstream

pytestmark = pytest.mark.anyio
ASK = CompletionRequest(model="m", messages=[{"role": "user", "content": "Hi"}])
PIECE = b"e" * 65_536


def endless(sent: list[int]) -> Iterator[bytes]:
    while True:
        sent.append(len(PIECE))
        yield PIECE


@pytest.mark.parametrize("status", [400, 500])
async def test_error_without_end_is_left(status: int) -> None:
    sent: list[int] = []
    async with upstream(lambda _: Said(endless(sent), status=status, headers=JSON)) as up:
        backend = RemoteBackend(name="r", url=up.url)
        with pytest.raises(UpstreamError, match=f"it answered {status}"):
            [item async for item in backend.stream(ASK)]
        await backend.aclose()
    # what lies in the sockets' buffers; of two tries
    assert sum(sent) < 32 * 1024**2


async def test_answer_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1024**2)
    async with upstream(lambda _: Said(endless([]), headers=JSON)) as up:
        backend = RemoteBackend(name="r", url=up.url)
        with pytest.raises(UpstreamError):
            await backend.embed(EmbeddingRequest(model="m", input="x", parameters={}, as_base64=False))
        with pytest.raises(UpstreamError):
            await backend.models()
        with pytest.raises(UpstreamError):
            [item async for item in backend.stream(ASK)]
        await backend.aclose()


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -5},
        {"completion_tokens": 10**400},
        {"prompt_tokens": "many"},
        {"prompt_tokens": 1, "total_tokens": [1]},
        {"prompt_tokens": 1.5},
        {"prompt_tokens_details": {"cached_tokens": -1}},
    ],
)
def test_usage_that_counts_nothing_is_none(usage: dict[str, object]) -> None:
    assert openai.usage_from(usage) is None


def test_usage_without_details_of_its_type_is_read() -> None:
    read = openai.usage_from({"prompt_tokens": 7, "prompt_tokens_details": "none"})
    assert read is not None
    assert (read.input_tokens, read.output_tokens) == (7, 0)


@pytest.mark.parametrize("usage", [{"input_tokens": -1}, {"output_tokens": 10**400}, {"input_tokens": "x"}])
def test_usage_of_anthropic_that_counts_nothing_is_none(usage: dict[str, object]) -> None:
    assert anthropic.usage_from(usage) is None


def test_events_of_anthropic_of_other_types_raise_nothing() -> None:
    reader = anthropic.StreamReader()
    reader.read(b'{"type": "message_start", "message": {"usage": "lots"}}')
    reader.read(b'{"type": "message_delta", "delta": {"stop_reason": {"a": 1}}}')
    reader.read(b'{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}')
    reader.read(b'{"type": "message_stop"}')
    assert reader.completion(default_model="m").usage is None


@pytest.mark.parametrize(
    "delta",
    [
        {"content": {"a": 1}},
        {"content": [1]},
        {"content": "a", "reasoning_content": 5},
        {"content": "a", "refusal": [1]},
        {"content": "a", "role": {"a": 1}},
        {"tool_calls": "x"},
        {"tool_calls": {"a": 1}},
        {"tool_calls": [1]},
        {"tool_calls": [None]},
        {"tool_calls": [{"index": "a"}]},
        {"tool_calls": [{"index": -1}]},
        {"tool_calls": [{"id": 5}]},
        {"tool_calls": [{"function": "f"}]},
        {"tool_calls": [{"function": {"name": 7}}]},
    ],
)
async def test_delta_of_other_types_is_refused(delta: dict[str, object]) -> None:
    async with upstream(Said([chunk(delta, finish="stop"), DONE])) as up:
        backend = RemoteBackend(name="r", url=up.url)
        with pytest.raises(UpstreamError, match="cannot be read: Expected"):
            [item async for item in backend.stream(ASK)]
        await backend.aclose()
