"""Failures that are not an `Exception`, raised as one.

Libraries in Rust (tiktoken, pydantic-core and others) end a panic with an exception derived from `BaseException`
itself. `except Exception` does not see it, and whoever waits for the answer would wait for ever. What promises an
answer to somebody else therefore works within `contained`.
"""

import asyncio
from types import TracebackType

_WORDS_TO_STOP = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)


class Panicked(Exception):
    """A library gave up in a way that no `except Exception` sees; the cause is what it raised."""


class contained:
    """Raise `Panicked` for what is not an Exception. Cancellation, Ctrl-C and exit stay what they are.

    A class, since every request passes through it: contextlib's decorator costs three times as much.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc is None or isinstance(exc, (Exception, *_WORDS_TO_STOP)):
            return
        raise Panicked(f"{type(exc).__module__}.{type(exc).__qualname__} was raised") from exc
