"""Tokens in the place of texts, which LangChain's embeddings send, for backends that take texts alone."""

from typing import Any

import pytest

from backends.base import EmbeddingRequest, Embeddings, Route
from backends.scripted import ScriptedBackend
from gateway.completions.completer import Completer
from gateway.completions.embedding import embed
from gateway.errors import InvalidRequest
from tests.inline import InlineWorkers

pytestmark = pytest.mark.anyio


class Embedder(ScriptedBackend):
    """Keeps what it is to embed."""

    def __init__(self, *, embeds_tokens: bool) -> None:
        super().__init__()
        self.embeds_tokens = embeds_tokens
        self.given: list[Any] = []

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        self.given = request.input
        return Embeddings(body=b"{}", input_tokens=7)


class Routes:
    """One model."""

    def __init__(self, backend: Embedder) -> None:
        self._route = Route(name="x", backend=backend, model="x")

    async def resolve(self, model: str | None = None) -> Route:
        return self._route

    async def models(self) -> list[Route]:
        return [self._route]

    def aliases(self) -> dict[str, str]:
        return {}


async def given_to(backend: Embedder, texts: list[Any]) -> list[Any]:
    completer = Completer(Routes(backend), workers=InlineWorkers())
    spent: list[int] = []
    request = EmbeddingRequest(model="x", input=texts)
    await embed(completer, request, workers=InlineWorkers(), spend=spent.append)
    assert spent == [7]
    return backend.given


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        pytest.param(["Hello"], ["Hello"], id="text"),
        pytest.param([9906, 1917], ["Hello world"], id="tokens-of-a-text"),
        pytest.param([[9906], [9906, 1917]], ["Hello", "Hello world"], id="tokens-of-texts"),
        pytest.param(["a", [9906]], ["a", "Hello"], id="both"),
    ],
)
async def test_tokens_are_given_as_what_is_taken(given: list[Any], texts: list[str]) -> None:
    assert await given_to(Embedder(embeds_tokens=False), given) == texts
    assert await given_to(Embedder(embeds_tokens=True), given) == given


@pytest.mark.parametrize("given", [[-1], [[-1]], [[1.5]], [[True]], [[["a"]]], [{"a": 1}, [1]], [None]])
async def test_what_is_neither_is_refused(given: list[Any]) -> None:
    with pytest.raises(InvalidRequest, match="input: is neither texts nor tokens"):
        await given_to(Embedder(embeds_tokens=False), given)
