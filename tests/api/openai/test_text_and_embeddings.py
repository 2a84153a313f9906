"""`/v1/completions` and `/v1/embeddings`, driven by the real `openai` client over real sockets, upstream included."""

import json
from typing import Any

import openai
import pytest

from backends.specs import BackendSpec, ModelSpec
from tests.models import gateway
from tests.upstream import DONE, JSON, USAGE, Heard, Said, error

pytestmark = pytest.mark.anyio


def text_chunk(text: str, *, finish: str | None = None, **more: Any) -> bytes:
    choices = [{"index": 0, "text": text, "logprobs": None, "finish_reason": finish}]
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": "up-1"}
    return b"data: " + json.dumps({**head, "choices": choices, **more}).encode() + b"\n\n"


STREAMED = Said(
    [text_chunk("Once "), text_chunk("more."), text_chunk("", finish="length", usage=USAGE), DONE]
)


def text(words: str) -> Said:
    return Said([text_chunk(words, finish="stop", usage=USAGE).removeprefix(b"data: ").strip()], headers=JSON)


WHOLE = text("Once more.")
VECTORS = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}],
    "model": "up-1",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}


async def test_text_goes_on_from_a_prompt_as_it_stands() -> None:
    async with gateway(WHOLE) as stack:
        completion = await stack.openai.completions.create(
            model="m", prompt="Say it: ", max_tokens=5, echo=False
        )
        heard = stack.up.heard[0]
    assert (completion.choices[0].text, completion.choices[0].finish_reason) == ("Once more.", "stop")
    assert completion.object == "text_completion"
    assert completion.usage is not None
    assert completion.usage.total_tokens == 9
    assert heard.path == "/v1/completions"
    assert heard.body == {"model": "m", "prompt": "Say it: ", "max_tokens": 5, "echo": False, "stream": False}


async def test_text_streams_and_one_cached_answer_serves_both_kinds_of_call() -> None:
    async with gateway(STREAMED) as stack:
        asked: Any = {"model": "m", "prompt": ["Say it: "], "temperature": 0}
        stream = await stack.openai.completions.create(
            **asked, stream=True, stream_options={"include_usage": True}
        )
        chunks = [part async for part in stream]
        whole = await stack.openai.completions.create(**asked)
        assert len(stack.up.heard) == 1
    assert (
        "".join(part.choices[0].text for part in chunks if part.choices)
        == whole.choices[0].text
        == "Once more."
    )
    assert [part.choices[0].finish_reason for part in chunks if part.choices][-1] == "length"
    assert chunks[-1].usage is not None


async def test_prompt_and_the_same_text_as_a_chat_are_cached_apart() -> None:
    async with gateway(WHOLE) as stack:
        asked: Any = {"model": "m", "temperature": 0}
        await stack.openai.completions.create(**asked, prompt="Hi")
        await stack.openai.chat.completions.create(**asked, messages=[{"role": "user", "content": "Hi"}])
        assert [heard.path for heard in stack.up.heard] == ["/v1/completions", "/v1/chat/completions"]


async def test_backend_that_has_chats_alone_answers_the_prompt() -> None:
    other = BackendSpec(name="script", kind="scripted", models=[ModelSpec(name="s")])
    async with gateway(WHOLE, other) as stack:
        asked: Any = {"model": "s", "prompt": "Hi"}
        whole = await stack.openai.completions.create(**asked)
        stream = await stack.openai.completions.create(**asked, stream=True)
        parts = [part.choices[0] async for part in stream]
    assert whole.choices[0].text == "".join(part.text for part in parts) == "This is a scripted answer."
    assert parts[-1].finish_reason == "stop"


async def test_several_texts_are_each_gone_on_from() -> None:
    def answer(heard: Heard) -> Said:
        return text(heard.body["prompt"].upper())

    async with gateway(answer) as stack:
        completion = await stack.openai.completions.create(model="m", prompt=["a", "b", "c"], n=1)
        again = await stack.openai.completions.create(model="m", prompt=["a", "d"], temperature=0)
    assert [(choice.index, choice.text) for choice in completion.choices] == [(0, "A"), (1, "B"), (2, "C")]
    assert [choice.text for choice in again.choices] == ["A", "D"]
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.total_tokens) == (21, 27)


async def test_one_of_several_texts_that_fails_fails_all() -> None:
    def answer(heard: Heard) -> Said:
        return error("no", status=400) if heard.body["prompt"] == "b" else text("A")

    async with gateway(answer) as stack:
        with pytest.raises(openai.BadRequestError):
            await stack.openai.completions.create(model="m", prompt=["a", "b"])


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": ["a", "b"], "stream": True},
        {"prompt": ["a"] * 21},
        {"prompt": [1, 2]},
        {"prompt": "a", "n": 10**6},
    ],
)
async def test_bad_text_completion_is_400(fields: dict[str, Any]) -> None:
    async with gateway(WHOLE) as stack:
        response = await stack.http.post("/v1/completions", json={"model": "m", **fields})
        assert stack.up.heard == []
    assert response.status_code == 400
    assert response.json()["error"]["param"]


async def test_embeddings_are_passed_on_as_they_are() -> None:
    async with gateway(Said([json.dumps(VECTORS).encode()], headers=JSON)) as stack:
        made = await stack.openai.embeddings.create(
            model="m", input=["Hello"], encoding_format="float", dimensions=2
        )
        heard = stack.up.heard[0]
    assert made.data[0].embedding == [0.5, -0.5]
    assert made.usage.prompt_tokens == 3
    assert heard.path == "/v1/embeddings"
    assert heard.body == {"model": "m", "input": ["Hello"], "dimensions": 2, "encoding_format": "float"}


async def test_embeddings_fail_in_openais_shape() -> None:
    script = BackendSpec(name="script", kind="scripted", models=[ModelSpec(name="s")])
    async with gateway(error("no room", status=429), script) as stack:
        with pytest.raises(openai.RateLimitError):
            await stack.openai.embeddings.create(model="m", input="Hello")
        with pytest.raises(openai.BadRequestError, match="makes no embeddings"):
            await stack.openai.embeddings.create(model="s", input="Hello")
        with pytest.raises(openai.BadRequestError):
            await stack.openai.embeddings.create(model="m", input=[])
        with pytest.raises(openai.NotFoundError):
            await stack.openai.embeddings.create(model="none", input="Hello")
