"""An answer in its two shapes: streamed chunks → final choices, and back for a cached replay. Pure.

Nothing a server says is lost on the way: reasoning, tool calls, refusals, log probabilities and fields this
gateway has never heard of all return.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")
_MAX_DEPTH = (
    # of objects that merge; what a server nests deeper is replaced whole, so recursion has an end
    64
)
# sent once, or the same each time; other texts grow
_REPLACED = {"role", "id", "type", "index", "name"}


class Chunk(Struct, frozen=True):
    """The part of a `chat.completion.chunk` that folding needs."""

    choices: list[dict[str, Any]] = []


decode_chunk = msgspec.json.Decoder(Chunk).decode


def fold_choices(chunks: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Streamed choices → the `choices` of a plain completion.

    Args:
        chunks: the `choices` of each chunk, in order of arrival.
    Returns:
        One object a choice, by index, with `message` and `finish_reason`, None where it was never finished.
    """
    folds: dict[int, _ChoiceFold] = {}
    for choices in chunks:
        for choice in choices:
            index = choice.get("index") or 0
            if index not in folds:
                folds[index] = _ChoiceFold(index)
            folds[index].add(choice)
    return [folds[index].result() for index in sorted(folds)]


def replay_choices(choices: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The `choices` of a plain completion → those of the fewest chunks that stream the same."""
    said, ended = [], []
    for choice in choices:
        message, index = choice["message"], choice["index"]
        delta = {key: value for key, value in message.items() if value is not None or key == "content"}
        if "tool_calls" in delta:
            delta["tool_calls"] = [{"index": at, **call} for at, call in enumerate(delta["tool_calls"])]
        first = {"index": index, "delta": delta, "finish_reason": None}
        if choice.get("logprobs") is not None:
            first["logprobs"] = choice["logprobs"]
        rest = {key: value for key, value in choice.items() if key not in ("message", "logprobs", "index")}
        said.append([first])
        ended.append([{"index": index, "delta": {}, **rest}])
    return said + ended


class _ChoiceFold:
    """One choice growing. Texts are kept in pieces, so that a long answer is joined once."""

    def __init__(self, index: int) -> None:
        self._choice: dict[str, Any] = {"index": index}
        self._message: dict[str, Any] = {"role": "assistant"}
        self._calls: dict[int, dict[str, Any]] = {}
        self._logprobs: dict[str, Any] = {}

    def add(self, choice: dict[str, Any]) -> None:
        for key, value in choice.items():
            if value is None or key == "index":
                continue
            if key == "delta":
                self._add_delta(value)
            elif key == "logprobs" and isinstance(value, dict):
                _grow(self._logprobs, value)
            else:
                self._choice[key] = value

    def _add_delta(self, delta: dict[str, Any]) -> None:
        calls = delta.get("tool_calls")
        if not calls:
            _grow(self._message, delta)
            return
        _grow(self._message, {key: value for key, value in delta.items() if key != "tool_calls"})
        for at, call in enumerate(calls):
            index = call.get("index")
            _grow(self._calls.setdefault(at if index is None else index, {}), call)

    def result(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": None} | _joined(self._message)
        if self._calls:
            calls = [_joined(self._calls[index]) for index in sorted(self._calls)]
            message["tool_calls"] = [{k: v for k, v in call.items() if k != "index"} for call in calls]
        choice = {"index": self._choice["index"], "message": message, "logprobs": None, "finish_reason": None}
        if self._logprobs:
            choice["logprobs"] = _joined(self._logprobs)
        return choice | self._choice


def _grow(target: dict[str, Any], piece: dict[str, Any], depth: int = 0) -> None:
    """Add a delta to what came before: texts and lists grow, objects merge, the rest is replaced."""
    for key, value in piece.items():
        if value is None:
            continue
        if isinstance(value, str) and key not in _REPLACED:
            _kept(target, key, _Text).append(value)
        elif isinstance(value, list):
            _kept(target, key, list).extend(value)
        elif isinstance(value, dict) and depth < _MAX_DEPTH:
            _grow(_kept(target, key, dict), value, depth + 1)
        elif value != "":
            target[key] = value


def _kept(target: dict[str, Any], key: str, kind: type[T]) -> T:
    """What is to grow; a new one in the place of what is of another type."""
    found = target.get(key)
    if type(found) is not kind:
        found = target[key] = kind()
    return found


class _Text(list[str]):
    """Pieces of one text."""


def _joined(value: Any, depth: int = 0) -> Any:
    if isinstance(value, _Text):
        return "".join(value)
    if isinstance(value, dict) and depth <= _MAX_DEPTH:
        return {key: _joined(item, depth + 1) for key, item in value.items()}
    return value
