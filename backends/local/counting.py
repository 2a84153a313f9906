"""The work of a pool of processes that count by one model's own vocabulary, which is loaded before they are forked.

A `gateway.workers.pool.WorkerPool` runs it: the tasks are those of `gateway.core`, and what a page does to llama.cpp's
tokenizer it does to a process that is killed for it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import msgspec

from backends.local.model_file import identify_vocabulary
from backends.local.parameters import RequestRejected
from gateway.core.tasks.work import run, warm_cleaner
from gateway.core.tokens.counters import ModelCounter, add_counter
from gateway.core.tokens.tokenizer import ModelVocabulary
from gateway.errors import BackendUnavailable, InvalidRequest
from gateway.wire import ChatMessage

if TYPE_CHECKING:
    from backends.local.vocabulary import Vocabulary

__all__ = ["run", "warm"]


def warm(packed: str, *without: str) -> None:
    """Load what every task needs.

    Args:
        packed: a ModelVocabulary as JSON.
        without: as in `gateway.core.tasks.work.warm`.
    """
    warm_cleaner(*without)
    vocabulary = msgspec.json.decode(packed, type=ModelVocabulary)
    add_counter(vocabulary, open_counter(vocabulary))


def open_counter(vocabulary: ModelVocabulary) -> ModelCounter:
    """The counter of a vocabulary; one that says why, where it cannot be loaded."""
    where = f"model `{vocabulary.name}`"
    try:
        # a library that does not load is a fault to report, as a file is
        from backends.local import vocabulary as native

        native.deepen_stacks()
        native.start_library()
        model = native.Vocabulary(native.load_vocabulary(vocabulary.path))
        found = identify_vocabulary(vocabulary.path)
    except Exception as exc:
        return _NoCounter(f"{where}: its vocabulary cannot be loaded: {exc}")
    if found != vocabulary.identity:
        return _NoCounter(f"{where}: its file has just been changed; send the request again")
    return _VocabularyCounter(model)


class _VocabularyCounter:
    def __init__(self, model: "Vocabulary") -> None:
        self._model, self._template = model, model.chat_template()

    def __call__(self, text: str) -> int:
        return self._model.count(text)

    def count_chat(self, messages: Sequence[ChatMessage]) -> int:
        if not messages:
            raise InvalidRequest("messages: at least one is needed", field="messages")
        sent = [
            {name: value for name, value in message.items() if value is not None}
            for message in msgspec.to_builtins(messages)
        ]
        try:
            return len(self._template.tokens(sent))
        except RequestRejected as exc:
            raise InvalidRequest(str(exc), field="messages") from exc


class _NoCounter:
    def __init__(self, fault: str) -> None:
        self._fault = fault

    def __call__(self, text: str) -> NoReturn:
        raise BackendUnavailable(self._fault)

    def count_chat(self, messages: Sequence[ChatMessage]) -> NoReturn:
        raise BackendUnavailable(self._fault)
