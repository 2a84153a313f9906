"""Embeddings: only from models made for them."""

import asyncio
import base64
import json
import math
import struct
import threading
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import gguf
import pytest

from backends.base import (
    ContextExceeded,
    EmbeddingRequest,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from backends.local import LocalBackend, embedding
from backends.local.messages import (
    LENGTH_BYTES,
    Cancel,
    Embed,
    Embedded,
    FromModel,
    Open,
    Refused,
    decode_from_model,
    frame_length,
)
from backends.local.native import NativeModel
from backends.local.passes import Passes
from backends.local.worker import Worker
from fixtures.make_gguf import Shape, write_model
from tests.backends.local.local_model import ask, opened

pytestmark = pytest.mark.anyio


async def embed(backend: LocalBackend, texts: list[Any]) -> tuple[list[list[float]], int]:
    """Vectors, as they are written in base64, and the tokens of all texts."""
    request = EmbeddingRequest(model="local", input=texts, as_base64=True)
    made = await backend.embed(request)
    vectors = []
    for entry in json.loads(made.body)["data"]:
        data = base64.b64decode(entry["embedding"])
        vectors.append(list(struct.unpack(f"<{len(data) // 4}f", data)))
    return vectors, made.input_tokens


@pytest.fixture(scope="module")
def embedding_model(model_folder: Path) -> str:
    shape = Shape(embedding=64, blocks=2, heads=4, feed_forward=128, context=512)
    return str(write_model(model_folder / "embeds.gguf", shape=shape, pooling=gguf.PoolingType.MEAN))


@pytest.fixture(scope="module")
async def embedder(embedding_model: str) -> AsyncIterator[LocalBackend]:
    async with opened(embedding_model, parallel=2) as backend:
        assert (await backend.start()).embeds
        yield backend


async def test_texts_become_unit_vectors_in_order(embedder: LocalBackend) -> None:
    texts = [f"text {'x' * n}" for n in range(5)]
    vectors, tokens = await embed(embedder, texts)
    assert [len(vector) for vector in vectors] == [64] * 5
    assert all(math.isclose(math.hypot(*vector), 1, rel_tol=1e-5) for vector in vectors)
    assert tokens == sum(map(len, texts))
    [alone], _ = await embed(embedder, [texts[3]])
    assert alone == pytest.approx(vectors[3], abs=1e-4)
    assert vectors[0] != pytest.approx(vectors[4], abs=1e-3)


async def test_text_beyond_the_context_is_refused(embedder: LocalBackend) -> None:
    with pytest.raises(ContextExceeded) as refusal:
        await embed(embedder, ["fine", "x" * 600])
    assert (refusal.value.prompt_tokens, refusal.value.context_tokens) == (600, 512)
    with pytest.raises(UpstreamRejected):
        await embed(embedder, [""])
    with pytest.raises(UpstreamRejected, match="not tokens"):
        await embed(embedder, [[1, 2]])


async def test_embedding_model_writes_no_text(embedder: LocalBackend) -> None:
    with pytest.raises(UpstreamRejected, match="embedding model"):
        await ask(embedder)


async def test_text_model_makes_no_embeddings(tiny: str) -> None:
    async with opened(tiny) as backend:
        with pytest.raises(UpstreamRejected, match="makes no embeddings"):
            await embed(backend, ["x"])


async def test_vectors_are_the_same_in_both_encodings(embedder: LocalBackend) -> None:
    [vector], _ = await embed(embedder, ["x"])
    made = await embedder.embed(EmbeddingRequest(model="local", input=["x"]))
    [entry] = json.loads(made.body)["data"]
    assert entry == {"object": "embedding", "index": 0, "embedding": vector}


async def test_time_of_a_request_is_its_own_and_nothing_is_left_behind(embedder: LocalBackend) -> None:
    with pytest.raises(UpstreamTimeout):
        await embedder.embed(EmbeddingRequest(model="local", input=["x"] * 50, timeout_s=0))
    left = asyncio.create_task(embed(embedder, ["x"] * 50))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait([left])
    assert embedder.stats()["in_flight"] == 0
    assert len((await embed(embedder, ["x"]))[0]) == 1


async def test_requests_above_the_limit_are_refused_with_a_time_to_wait(embedding_model: str) -> None:
    async with opened(embedding_model, parallel=1, queue_limit=0) as backend:
        await backend.start()
        made, refused = await asyncio.gather(
            embed(backend, ["x"]), embed(backend, ["y"]), return_exceptions=True
        )
    assert isinstance(made, tuple)
    assert isinstance(refused, UpstreamUnavailable) and refused.retry_after_s


class Hooked(NativeModel):
    """Calls `hook` before each batch."""

    hook: Callable[[], None]
    batches = 0

    def decode(self) -> int:
        self.batches += 1
        self.hook()
        return super().decode()


class Told(BytesIO):
    """What a worker says; `ended` is set once it has said something."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def flush(self) -> None:
        self.ended.set()

    def last(self) -> FromModel:
        data = self.getvalue()
        while len(data) > (end := LENGTH_BYTES + frame_length(data[:LENGTH_BYTES])):
            data = data[end:]
        return decode_from_model(data[LENGTH_BYTES:])


@pytest.fixture
def hooked(embedding_model: str) -> Hooked:
    opening = Open(
        path=embedding_model, context_tokens=512, parallel=2, gpu_layers=0, threads=1, flash_attention=False
    )
    return Hooked(opening)


def run_until_told(worker: Worker, told: Told) -> FromModel:
    running = threading.Thread(target=worker.run)
    running.start()
    assert told.ended.wait(60)
    worker.stop()
    running.join()
    return told.last()


def test_cancelled_request_is_computed_no_further(hooked: Hooked) -> None:
    told = Told()
    worker = Worker(hooked, told, 0.0, Passes())
    hooked.hook = lambda: worker.receive(Cancel(1))
    worker.receive(Embed(1, ["x"] * 50))
    worker.receive(Embed(2, ["y"]))
    answer = run_until_told(worker, told)
    assert isinstance(answer, Embedded) and answer.id == 2
    assert hooked.batches == 2


@pytest.mark.parametrize("texts", [1, 3])
def test_what_cannot_be_answered_ends_the_request_and_not_the_process(
    texts: int, hooked: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("a fault")

    # two vectors of 64
    monkeypatch.setattr(embedding, "MAX_NUMBERS", 128)
    told = Told()
    worker = Worker(hooked, told, 0.0, Passes())
    hooked.hook = fail
    worker.receive(Embed(1, ["x"] * texts))
    answer = run_until_told(worker, told)
    assert isinstance(answer, Refused)
    if texts == 1:
        assert (answer.kind, "a fault" in answer.message) == ("unavailable", True)
    else:
        assert (answer.kind, "send at most 2 texts" in answer.message) == ("rejected", True)
