"""Embeddings, for models made for them: texts in, one vector each, several texts a batch."""

import queue
import sys
from collections.abc import Callable

import numpy as np

from backends.local.job import Ticket
from backends.local.messages import Counters, Embed, Embedded, FromModel, Refused
from backends.local.native import NativeModel, Tokens

# of all vectors of an answer: 16 MiB in a frame, some 80 as JSON
MAX_NUMBERS = 2**22


class Embedder:
    """Answers `Embed` messages, in the order they came, on the thread that calls `run`."""

    def __init__(self, model: NativeModel, emit: Callable[[list[FromModel]], None]) -> None:
        self._model, self._emit = model, emit
        self._inbox: queue.SimpleQueue[tuple[Embed, Ticket] | None] = queue.SimpleQueue()
        self._stopping = False
        self.counters = Counters()

    def submit(self, request: Embed, ticket: Ticket) -> None:
        self._inbox.put((request, ticket))

    def stop(self) -> None:
        self._stopping = True
        self._model.abort(True)
        self._inbox.put(None)

    def run(self) -> None:
        while not self._stopping:
            if (taken := self._inbox.get()) is None:
                continue
            request, ticket = taken
            try:
                answer = self._answer(request, ticket)
            except BaseException as exc:
                # ends this request and no other
                sys.excepthook(*sys.exc_info())
                message = f"the local model failed on this request: {type(exc).__name__}: {exc}"
                answer = Refused(id=request.id, kind="unavailable", message=message)
            if answer is not None:
                self._emit([answer])

    def _answer(self, request: Embed, ticket: Ticket) -> FromModel | None:
        """None: it was cancelled, which is looked at before each text and each batch."""
        at_once = max(1, MAX_NUMBERS // self._model.dimensions)
        if len(request.texts) > at_once:
            return Refused(
                id=request.id,
                kind="rejected",
                message=f"input: holds {len(request.texts)} texts; this model's vectors have "
                f"{self._model.dimensions} numbers, send at most {at_once} texts at once",
            )
        context = self._model.plan.context_tokens
        tokenized: list[Tokens] = []
        for text in request.texts:
            if ticket.cancelled:
                return None
            tokens = self._model.tokenize(text, special=False, first=True)
            if not tokens or len(tokens) > context:
                return Refused(
                    id=request.id,
                    kind="context" if tokens else "rejected",
                    message=f"a text has {len(tokens)} tokens; between 1 and {context} can be embedded",
                    prompt_tokens=len(tokens),
                    context_tokens=context,
                )
            tokenized.append(np.asarray(tokens, np.int32))
        vectors: list[bytes] = []
        for group in self._groups(tokenized):
            if ticket.cancelled:
                return None
            self._model.clear_memory()
            self._model.clear_batch()
            for sequence, one in enumerate(group):
                self._model.add(sequence, 0, one, output=True)
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


def _unit(vector: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bytes:
    """Length one, as OpenAI's embeddings have; 32-bit floats, little-endian."""
    norm = float(np.linalg.norm(vector))
    return (vector / norm if norm else vector).astype("<f4").tobytes()
