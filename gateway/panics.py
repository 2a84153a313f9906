"""Failures that are no `Exception`, told as one.

Libraries in Rust (tiktoken, pydantic-core and others) end a panic with an exception derived from `BaseException`
itself. `except Exception` does not see it: whoever promised an answer to somebody else never gives it. What does
keep such a promise therefore works within `contained`.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_WORDS_TO_STOP = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)


class Panicked(Exception):
    """A library gave up in a way that no `except Exception` sees; the cause is what it raised."""


@contextmanager
def contained() -> Iterator[None]:
    """Raise `Panicked` for what is no Exception. A word to stop (cancellation, Ctrl-C, exit) stays what it is."""
    try:
        yield
    except (Exception, *_WORDS_TO_STOP):
        raise
    except BaseException as exc:
        raise Panicked(f"{type(exc).__module__}.{type(exc).__qualname__} was raised") from exc
