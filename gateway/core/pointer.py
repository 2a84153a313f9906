"""JSON Pointer (RFC 6901): how a place inside a JSON value is named."""

from collections.abc import Iterable


def escape(key: str) -> str:
    """A key as one step of a pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def pointer(steps: Iterable[str | int]) -> str:
    """The pointer of keys and indexes from the root; empty for the root itself."""
    return "".join([f"/{escape(str(step))}" for step in steps])
