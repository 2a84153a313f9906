"""Embeddings: only from models made for them."""

import base64
import json
import math
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gguf
import pytest

from backends.base import ContextExceeded, EmbeddingRequest, UpstreamRejected
from backends.local import LocalBackend
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
async def embedder(model_folder: Path) -> AsyncIterator[LocalBackend]:
    shape = Shape(embedding=64, blocks=2, heads=4, feed_forward=128, context=512)
    path = write_model(model_folder / "embeds.gguf", shape=shape, pooling=gguf.PoolingType.MEAN)
    async with opened(str(path), parallel=2) as backend:
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
