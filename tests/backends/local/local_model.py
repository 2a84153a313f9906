"""Ask a local backend and read its answer to the end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from backends.base import Backend, Completion, CompletionRequest
from backends.local import LocalBackend


class Answer:
    """A stream read to its end."""

    def __init__(self, deltas: list[str], completion: Completion) -> None:
        self.deltas, self.completion = deltas, completion
        self.text = "".join(deltas)
        assert completion.usage is not None
        self.usage = completion.usage
        self.warnings: list[dict[str, str]] = completion.raw.get("warnings", [])


async def ask(backend: Backend, content: str = "Say something", **fields: Any) -> Answer:
    """One question, answered greedily unless said otherwise."""
    request = {"model": "local", "temperature": 0, "max_output_tokens": 24} | fields
    request.setdefault("messages", [{"role": "user", "content": content}])
    deltas: list[str] = []
    async for item in backend.stream(CompletionRequest(**request)):
        if isinstance(item, Completion):
            return Answer(deltas, item)
        deltas.append(item.text)
    raise AssertionError("the stream ended without a completion")


async def until(condition: Callable[[], object], *, within_s: float = 60) -> None:
    """Poll something another process changes."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def opened(path: str, **settings: Any) -> AsyncIterator[LocalBackend]:
    backend = LocalBackend(path=path, **settings)
    try:
        yield backend
    finally:
        await backend.aclose()


def tokens_of(path: str, text: str) -> int:
    """By the vocabulary of a model's file, read here."""
    from backends.local.vocabulary import Vocabulary, load_vocabulary, start_library

    start_library()
    return Vocabulary(load_vocabulary(path)).count(text)
