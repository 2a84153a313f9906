"""What a task is, and how tasks and their results become bytes and values again."""

from functools import cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast, get_args

import msgspec
from msgspec import Struct

from gateway.errors import BY_CODE, CleanTimeout, GatewayError

R = TypeVar("R")
_encode = msgspec.msgpack.Encoder().encode


class Task(Struct, Generic[R], kw_only=True, frozen=True, tag=True):
    """Work as a value: its fields are all that it reads, `run` does it.

    `doing` names it in messages; `exceeded` is the error of a task that passes its time or its memory.
    """

    doing: ClassVar[str] = "cleaning the page"
    exceeded: ClassVar[type[GatewayError]] = CleanTimeout

    def run(self) -> R:
        """The result. Raises the GatewayError that the caller gets."""
        raise NotImplementedError

    def stages_ms(self, result: R) -> dict[str, float]:
        """How long each stage of `run` took, in the order of their running, where `run` measured it."""
        return {}


class Workers(Protocol):
    """Runs tasks off the event loop, each within a deadline, and ends one whose caller leaves.

    Raises `Task.exceeded` past the deadline, and the GatewayError that the work ends in.
    """

    async def run(self, task: Task[R]) -> R: ...


class Failure(Struct, kw_only=True, frozen=True):
    """A GatewayError on its way out of the worker."""

    code: str
    detail: str
    extra: dict[str, Any] = {}


class Tasks:
    """Runs tasks that come as bytes.

    Args:
        kinds: the union of the kinds of task that may come.
    """

    def __init__(self, kinds: Any) -> None:
        self._decode = msgspec.msgpack.Decoder(kinds).decode

    def run(self, content: bytes) -> bytes:
        """Do one task, packed by `pack`; the answer is for `unpack`."""
        task: Task[Any] = self._decode(content)
        try:
            return answer(task.run())
        except GatewayError as exc:
            return refuse(exc)


def pack(task: Task[Any]) -> bytes:
    """A task as bytes."""
    return _encode(task)


def answer(result: Any) -> bytes:
    """A result as bytes."""
    return _encode((None, result))


def refuse(error: GatewayError) -> bytes:
    """An error in the place of a result, as bytes."""
    return _encode((Failure(code=error.code, detail=error.detail, extra=error.extra), None))


def unpack(task: Task[R], content: bytes) -> R:
    """What a worker answered to a task.

    Raises:
        GatewayError: the one that the work ended in.
        msgspec.DecodeError: the answer is not one to this task.
    """
    failure, result = _answer_decoder(type(task)).decode(content)
    if failure is not None:
        raise BY_CODE.get(failure.code, GatewayError)(failure.detail, **failure.extra)
    return cast(R, result)


@cache
def _answer_decoder(kind: type[Task[Any]]) -> "msgspec.msgpack.Decoder[tuple[Failure | None, Any]]":
    # `int` of `Task[int]`
    [result] = get_args(vars(kind)["__orig_bases__"][0])
    return msgspec.msgpack.Decoder(tuple[Failure | None, result | None])  # type: ignore[valid-type]
