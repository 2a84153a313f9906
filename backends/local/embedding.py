"""Embeddings, for models made for them: texts in, one vector each, several texts a batch."""

import queue
from collections.abc import Callable

import numpy as np

from backends.local.messages import Counters, Embed, Embedded, FromModel, Refused
from backends.local.native import NativeModel, Tokens


class Embedder:
    """Answers `Embed` messages, in the order they came, on the thread that calls `run`."""

    def __init__(self, model: NativeModel, emit: Callable[[list[FromModel]], None]) -> None:
        self._model, self._emit = model, emit
        self._inbox: queue.SimpleQueue[Embed | None] = queue.SimpleQueue()
        self._stopping = False
        self.counters = Counters()

    def submit(self, request: Embed) -> None:
        self._inbox.put(request)

    def stop(self) -> None:
        self._stopping = True
        self._model.abort(True)
        self._inbox.put(None)

    def run(self) -> None:
        while not self._stopping:
            request = self._inbox.get()
            if request is not None:
                self._emit([self._answer(request)])

    def _answer(self, request: Embed) -> FromModel:
        tokenized = [self._model.tokenize(text, special=False, first=True) for text in request.texts]
        context = self._model.plan.context_tokens
        for tokens in tokenized:
            if not tokens or len(tokens) > context:
                return Refused(
                    id=request.id,
                    kind="context" if tokens else "rejected",
                    message=f"a text has {len(tokens)} tokens; between 1 and {context} can be embedded",
                    prompt_tokens=len(tokens),
                    context_tokens=context,
                )
        vectors: list[list[float]] = []
        for group in self._groups([np.asarray(tokens, np.int32) for tokens in tokenized]):
            self._model.clear_memory()
            self._model.clear_batch()
            for sequence, text in enumerate(group):
                self._model.add(sequence, 0, text, output=True)
            if code := self._model.decode():
                return Refused(id=request.id, kind="unavailable", message=f"llama_decode answered {code}")
            vectors += [_unit(self._model.embedding(sequence)) for sequence in range(len(group))]
        return Embedded(request.id, vectors, sum(map(len, tokenized)))

    def _groups(self, texts: list[Tokens]) -> list[list[Tokens]]:
        """As many texts at a time as there are sequences and room in a batch, in order."""
        groups: list[list[Tokens]] = [[]]
        for tokens in texts:
            full = len(groups[-1]) == self._model.plan.sequences
            if full or sum(map(len, groups[-1])) + len(tokens) > self._model.plan.batch_tokens:
                groups.append([])
            groups[-1].append(tokens)
        return [group for group in groups if group]


def _unit(vector: np.ndarray[tuple[int], np.dtype[np.float32]]) -> list[float]:
    """Length one, as OpenAI's embeddings have."""
    norm = float(np.linalg.norm(vector))
    return [float(value) for value in (vector / norm if norm else vector)]
